# SPDX-License-Identifier: Apache-2.0
"""Calendars are what RFC 5545 says: read again by a reader written from the standard, and nothing else."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from registry.alerts.icalendar import Event, write_calendar

NOW = datetime(2026, 11, 22, 12, 30, 15, 999_999, tzinfo=UTC)
AT = datetime(2027, 1, 31, 6, 0, tzinfo=timezone(timedelta(hours=2)))

_ESCAPED = {"n": "\n", "N": "\n", ",": ",", ";": ";", "\\": "\\"}


def unfolded(calendar: bytes) -> list[tuple[str, str]]:
    """Names and values of the content lines (§3.1)."""
    assert calendar.endswith(b"\r\n")
    assert b"\n" not in calendar.replace(b"\r\n", b"")
    lines = calendar.split(b"\r\n")[:-1]
    assert all(len(line) <= 75 for line in lines)
    assert all(line.decode() for line in lines), "no line is empty, and no character is cut in two"
    joined = calendar.replace(b"\r\n ", b"").decode()
    return [(name, value) for name, _, value in (line.partition(":") for line in joined.split("\r\n")[:-1])]


def plain(value: str) -> str:
    """A TEXT value without its escapes (§3.3.11)."""
    found, rest = "", iter(value)
    for char in rest:
        assert char not in ",;", "these are escaped"
        found += _ESCAPED[next(rest)] if char == "\\" else char
    return found


def test_a_calendar_has_what_the_standard_asks_for() -> None:
    lines = unfolded(write_calendar("Ends", [Event("one@here", AT, "It ends", "soon")], NOW))
    assert lines == [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//edelivery-registry//EN"),
        ("X-WR-CALNAME", "Ends"),
        ("BEGIN", "VEVENT"),
        ("UID", "one@here"),
        ("DTSTAMP", "20261122T123015Z"),
        ("DTSTART", "20270131T040000Z"),
        ("SUMMARY", "It ends"),
        ("DESCRIPTION", "soon"),
        ("TRANSP", "TRANSPARENT"),
        ("END", "VEVENT"),
        ("END", "VCALENDAR"),
    ]


def test_no_events_are_a_calendar_too() -> None:
    assert [name for name, _ in unfolded(write_calendar("Ends", [], NOW))].count("BEGIN") == 1


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("CN=a,O=b;c\\d", None),
        ("two\nlines", None),
        ("two\r\nlines\rmore", "two\nlines\nmore"),
        ("a\\nb", None),
        ("nul\0bell\x07tab\tdelete\x7f", "nulbelltabdelete"),
        ("END:VEVENT\r\nBEGIN:VEVENT", "END:VEVENT\nBEGIN:VEVENT"),
        ("", None),
        ("half of a pair: \ud800", "half of a pair: ?"),
    ],
    ids=["separators", "newline", "line ends", "backslash", "controls", "injection", "nothing", "surrogate"],
)
def test_texts_are_escaped_and_can_not_end_a_line(text: str, read: str | None) -> None:
    lines = unfolded(write_calendar(text, [Event("u", AT, text, text)], NOW))
    wanted = text if read is None else read
    assert [plain(value) for name, value in lines if name in {"X-WR-CALNAME", "SUMMARY", "DESCRIPTION"}] == [wanted] * 3
    assert len(lines) == 13


@pytest.mark.parametrize("seed", range(20))
def test_long_lines_are_folded_between_characters(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choice("aä漢😀, \\;") for _ in range(chance.randrange(400)))
    lines = unfolded(write_calendar("c", [Event("u", AT, text, "d")], NOW))
    assert [plain(value) for name, value in lines if name == "SUMMARY"] == [text]
