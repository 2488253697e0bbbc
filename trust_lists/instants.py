# SPDX-License-Identifier: Apache-2.0
"""Instants as lists write them: `xsd:dateTime` and RFC 3339, which TS 119 612 §5.1.3 and TS 119 602 §6.1.3 narrow down.

The standards want UTC to the second, with `Z`. Real lists also have fractions, offsets, and none at all, which is
read as UTC, since nothing else may be meant.
"""

import re
from datetime import UTC, datetime, timedelta

_FORM = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,20}))?(?:[Zz]|([+-]\d\d:\d\d))?", re.ASCII)


def read_instant(text: str) -> datetime | None:
    """The instant in UTC, to the microsecond; None where the text names none."""
    match = _FORM.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        return None
    date, time, fraction, offset = match.groups()
    try:
        return datetime.fromisoformat(f"{date}T{time}.{(fraction or '0')[:6]:0<6}{offset or '+00:00'}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_instant(instant: datetime) -> str:
    """`2026-11-18T12:00:00Z`; with a fraction only where the instant has one."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def earlier(instant: datetime, by: timedelta) -> datetime:
    """So much earlier; where there is no such time, the instant itself."""
    try:
        return instant - by
    except OverflowError:
        return instant


def later(instant: datetime, by: timedelta) -> datetime:
    """So much later; as `earlier`."""
    try:
        return instant + by
    except OverflowError:
        return instant
