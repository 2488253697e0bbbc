# SPDX-License-Identifier: Apache-2.0
"""Cursors: what a list gives is understood, and nothing else is."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.api.v1.cursors import paged, read_cursor, write_cursor
from registry.errors import ValidationError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBER = st.integers(-(2**63) + 1, 2**63 - 1)


@given(st.lists(TEXT | NUMBER, min_size=1, max_size=3))
def test_cursor_that_was_given_is_understood(position: list[str | int]) -> None:
    kinds = [type(part) for part in position]
    assert read_cursor(write_cursor(position), *kinds) == tuple(position)


@given(st.text() | st.text("ABab01-_=+/."))
def test_cursor_that_nobody_gave_is_refused_and_breaks_nothing(cursor: str) -> None:
    found = None
    with contextlib.suppress(ValidationError):
        found = read_cursor(cursor, str, int)
    assert found is None or (type(found[0]), type(found[1])) == (str, int)


@pytest.mark.parametrize(
    "position", [["a"], ["a", "b"], [1, "a"], ["a", 1, 1], ["a", True], ["a", 1.5], ["a", 2**63], ["a\0", 1], {}, "a"]
)
def test_cursor_of_another_list_is_refused(position: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")
    with pytest.raises(ValidationError):
        read_cursor(cursor, str, int)


@pytest.mark.parametrize("cursor", ["W10*", "[]", "=", "W", base64.urlsafe_b64encode(b"[" * 3000).decode()])
def test_cursor_with_foreign_letters_or_nested_without_end_is_refused(cursor: str) -> None:
    with pytest.raises(ValidationError):
        read_cursor(cursor, int)


@given(st.lists(st.integers(0, 1000), unique=True), st.integers(1, 7))
def test_pages_together_are_the_list(items: list[int], limit: int) -> None:
    rows = sorted(items)
    found: list[int] = []
    cursor: str | None = None
    for _ in range(len(rows) + 1):
        after = read_cursor(cursor, int)
        part, cursor = paged(
            [row for row in rows if after is None or row > after[0]][: limit + 1], limit, lambda n: (n,)
        )
        assert len(part) <= limit
        found += part
        if cursor is None:
            break
    assert found == rows
    assert cursor is None


def test_first_page_has_no_cursor() -> None:
    assert read_cursor(None, str) is None
