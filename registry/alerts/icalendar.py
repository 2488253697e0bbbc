# SPDX-License-Identifier: Apache-2.0
"""Writes calendars (RFC 5545): lines end in CRLF and are folded at 75 octets, texts are escaped.

Events here are instants, without zones, recurrence or alarms: too little for a library (ADR 0096).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
_WIDTH: Final = 75  # octets of a line, without its end (§3.1)
_PRODUCT: Final = "-//edelivery-registry//EN"


@dataclass(frozen=True, slots=True)
class Event:
    """An instant; whose event has the same `uid` is the same one, however often it is written."""

    uid: str
    at: datetime
    summary: str
    description: str


def write_calendar(name: str, events: Iterable[Event], now: datetime) -> bytes:
    """A calendar (iCalendar object, §3.4), which says of each event that it was so at `now`."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{_PRODUCT}", f"X-WR-CALNAME:{_text(name)}"]
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(event.uid)}",
            f"DTSTAMP:{_instant(now)}",
            f"DTSTART:{_instant(event.at)}",
            f"SUMMARY:{_text(event.summary)}",
            f"DESCRIPTION:{_text(event.description)}",
            "TRANSP:TRANSPARENT",  # nobody is busy then (§3.8.2.7)
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(part + b"\r\n" for line in lines for part in _folded(line))


def _text(value: str) -> str:
    """A TEXT value (§3.3.11), without the control characters that it can't hold."""
    unified = value.replace("\r\n", "\n").replace("\r", "\n")
    escaped = unified.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return "".join(char for char in escaped if char >= " " and char != "\x7f")


def _instant(at: datetime) -> str:
    """A DATE-TIME in UTC (§3.3.5, form 2)."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _folded(line: str) -> Iterator[bytes]:
    """A content line in parts of at most 75 octets; all but the first begin with a space (§3.1).

    No character is cut in two, though the standard would allow it: readers decode line by line.
    """
    part = b""
    for char in line:
        octets = char.encode("utf-8", "replace")
        if len(part) + len(octets) > _WIDTH:
            yield part
            part = b" "
        part += octets
    yield part
