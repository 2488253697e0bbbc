# SPDX-License-Identifier: Apache-2.0
"""RFC 9110 §13: when a client's copy is still good."""

import pytest

from registry.smp.conditional import http_date, is_not_modified, shown_last_modified

ETAG = '"abc"'
CHANGED = 1_000_000


def answer(*, now: int = CHANGED + 100, match: str | None = None, since: str | None = None) -> bool:
    return is_not_modified(
        ETAG, CHANGED, now, match.encode() if match is not None else None, since.encode() if since is not None else None
    )


@pytest.mark.parametrize("header", ['"abc"', 'W/"abc"', '"x", "abc"', "*", ' "abc" '])
def test_matching_entity_tag_is_not_modified(header: str) -> None:
    assert answer(match=header)


@pytest.mark.parametrize("header", ['"x"', "abc", "", '"abc', '"ABC"'])
def test_other_entity_tag_is_modified(header: str) -> None:
    assert not answer(match=header)


def test_entity_tag_decides_alone_where_both_are_sent() -> None:
    assert not answer(match='"x"', since=http_date(CHANGED + 50).decode())


def test_copy_made_after_the_change_is_not_modified() -> None:
    assert answer(since=http_date(CHANGED).decode())
    assert answer(since=http_date(CHANGED + 1).decode())
    assert not answer(since=http_date(CHANGED - 1).decode())


@pytest.mark.parametrize("header", ["", "yesterday", "Thu, 99 Foo 2026", "1", "Thu, 01 Jan 99999 00:00:00 GMT"])
def test_date_that_is_none_is_ignored(header: str) -> None:
    assert not answer(since=header)


def test_copy_made_in_the_second_of_a_change_does_not_pass_as_fresh() -> None:
    told = shown_last_modified(CHANGED, CHANGED)
    assert told == CHANGED - 1
    assert not answer(since=http_date(told).decode())
    assert shown_last_modified(CHANGED, CHANGED + 1) == CHANGED


def test_no_answer_is_not_modified_while_the_second_of_the_change_lasts() -> None:
    assert not answer(now=CHANGED, since=http_date(CHANGED).decode())
