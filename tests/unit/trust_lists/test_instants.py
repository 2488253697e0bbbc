# SPDX-License-Identifier: Apache-2.0
"""Instants of lists: what is read, what isn't, and how they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.instants import read_instant, write_instant

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T12:00:00Z",
        "2026-11-21t12:00:00z",
        " 2026-11-21T12:00:00.000Z\n",
        "2026-11-21T13:30:00+01:30",
        "2026-11-21T12:00:00",
        "2026-11-21T12:00:00.00000000000-00:00",
    ],
)
def test_the_forms_of_real_lists_are_read(text: str) -> None:
    assert read_instant(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "20261121T120000Z",
        "2026-W47-6T12:00:00Z",
        "2026-11-31T12:00:00Z",
        "2026-11-21T25:00:00Z",
        "2026-11-21 12:00:00Z",
        "0001-01-01T00:00:00+12:00",
        "9999-12-31T23:59:59-12:00",
        "٢٠٢٦-11-21T12:00:00Z",
        "2026-11-21T12:00:00+99:99",
    ],
)
def test_what_names_no_instant_is_none(text: str) -> None:
    assert read_instant(text) is None


def test_instants_are_written_in_utc_to_the_second() -> None:
    assert write_instant(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-11-21T12:00:00Z"
    assert write_instant(NOON.replace(microsecond=250_000)) == "2026-11-21T12:00:00.250000Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_again(instant: datetime) -> None:
    assert read_instant(write_instant(instant)) == instant


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_none(text: str) -> None:
    assert read_instant(text) is None or text.strip()[:4].isdecimal()
