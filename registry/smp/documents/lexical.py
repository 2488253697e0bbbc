# SPDX-License-Identifier: Apache-2.0
"""How values are written in XML: the few XSD simple types that SMP documents use, and escaping.

Reading is lenient, writing canonical (Canonical XML 1.0 §2.3: what we write is what a signer digests). XML white
space is the four characters below; Python's `strip` would eat a no-break space, too.
"""

import re
from datetime import MAXYEAR, UTC, datetime, timedelta, timezone

XML_SPACE = " \t\r\n"

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)
_DATE_TIME = re.compile(
    r"(?P<year>-?\d{4,})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

# RFC 3986 §4.1 with every character that it would percent-encode allowed as it is, as xs:anyURI has it.
_CHARACTER = r"(?:[^%/?#\[\]]|%[0-9A-Fa-f]{2})"
_AUTHORITY = (
    r"//(?:(?:[^%/?#\[\]@]|%[0-9A-Fa-f]{2})*@)?"
    r"(?:\[[0-9A-Za-z:.]+\]|(?:[^%/?#\[\]@:]|%[0-9A-Fa-f]{2})*)(?::\d{1,5})?(?=[/?#]|\Z)"
)
_URI = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.-]*:(?:{_AUTHORITY}|(?!//))|{_AUTHORITY}|(?!//)(?=[^:/?#]*(?:[/?#]|\Z)))"
    rf"(?:{_CHARACTER}|/)*(?:\?(?:{_CHARACTER}|[/?])*)?(?:#(?:{_CHARACTER}|[/?])*)?",
    re.DOTALL | re.ASCII,
)


def collapse(text: str) -> str:
    """White space as xs:anyURI and its like have it: none around, one blank inside."""
    return " ".join(part for part in re.split(f"[{XML_SPACE}]+", text) if part)


def is_text(text: str) -> bool:
    """Whether XML 1.0 §2.2 allows every character, escaped or not."""
    return _FORBIDDEN.search(text) is None


def is_uri(text: str) -> bool:
    """Whether `text` is an xs:anyURI that validators accept: a URI or relative reference, empty included."""
    return _URI.fullmatch(text) is not None


def escape_text(text: str) -> str:
    """`text` as content of an element, in canonical form."""
    return text.translate(_TEXT_ESCAPES)


def escape_attribute(text: str) -> str:
    """`text` as an attribute's value between double quotes, in canonical form."""
    return text.translate(_ATTRIBUTE_ESCAPES)


def parse_boolean(text: str) -> bool:
    """An xs:boolean, in any case. Raises ValueError for all else."""
    match text.strip(XML_SPACE).lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
    raise ValueError(f"{text!r} is no xs:boolean")


def parse_date_time(text: str) -> tuple[datetime, str | None]:
    """An xs:dateTime or xs:date in UTC, and a note on what was assumed.

    No zone means UTC; a date is its first moment, as in SMP 2.0; what lies outside the years 1 to 9999 becomes the
    nearest moment inside, which for a limit of validity says the same. Raises ValueError for all else.
    """
    match = _DATE_TIME.fullmatch(text.strip(XML_SPACE))
    if match is None:
        raise ValueError(f"{text!r} is no xs:dateTime")
    year, month, day, hour, minute, second = (
        int(match[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    note = None if match["hour"] else f"{text!r} is a date, taken as its first moment"
    # Day and clock are checked in a year that Python knows and that is a leap year, too.
    inside = 1 <= year <= MAXYEAR
    microsecond = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    whole_day = hour == 24 and not (minute or second or microsecond)
    moment = datetime(
        year if inside else 2000,
        month,
        day,
        0 if whole_day else hour,
        minute,
        second,
        microsecond,
        _zone(match["zone"]),
    )
    try:
        if not inside:
            raise OverflowError
        return (moment + timedelta(days=whole_day)).astimezone(UTC), note
    except OverflowError:
        nearest = _LATEST if year >= MAXYEAR else _EARLIEST
        return nearest, f"{text!r} is outside the years 1 to 9999, taken as the nearest moment inside"


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def format_date_time(moment: datetime) -> str:
    """An aware UTC `moment` as canonical xs:dateTime: `Z`, and no zeros behind the last digit of a second."""
    text = moment.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"
