# SPDX-License-Identifier: Apache-2.0
"""Dates and durations in attributes of metadata: `xs:dateTime` and `xs:duration` (XML Schema Part 2 §3.2.6, §3.2.7).

What can't be read is no reason to go on for ever, so it is refused. A month has 28 days here and a year 365, the least
that they may have: metadata rather are fetched too early than kept too long.
"""

import re
from datetime import datetime, timedelta

from lxml import etree

from trust_lists.errors import MetadataRefusedError, shown
from trust_lists.instants import read_instant

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,12})(?:\.\d{1,12})?S)?)?",
    re.ASCII,
)
_DAYS = {"years": 365, "months": 28, "days": 1}
_LONGEST = timedelta(days=365_000)


def read_date(element: etree._Element, name: str) -> datetime | None:
    """The instant in an attribute, in UTC; None where there is no such attribute.

    Raises MetadataRefusedError METADATA_DATE where it names none.
    """
    text = element.get(name)
    if text is None:
        return None
    found = read_instant(text)
    if found is None:
        raise MetadataRefusedError("METADATA_DATE", f"{name} can't be read: {shown(text)!r}")
    return found


def read_duration(element: etree._Element, name: str) -> timedelta | None:
    """The duration in an attribute, without fractions of a second, at most a thousand years; None without one.

    Raises MetadataRefusedError METADATA_DATE where it is none, or negative.
    """
    text = element.get(name)
    if text is None:
        return None
    found = duration(text)
    if found is None:
        raise MetadataRefusedError("METADATA_DATE", f"{name} can't be read: {shown(text)!r}")
    return found


def duration(text: str) -> timedelta | None:
    """As `read_duration`; None where the text is none."""
    match = _DURATION.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        return None
    numbers = {key: int(value or 0) for key, value in match.groupdict().items()}
    days = sum(numbers[key] * each for key, each in _DAYS.items())
    try:
        found = timedelta(days=days, hours=numbers["hours"], minutes=numbers["minutes"], seconds=numbers["seconds"])
    except OverflowError:
        return _LONGEST
    return min(found, _LONGEST)
