# SPDX-License-Identifier: Apache-2.0
"""Conditional requests (RFC 9110 §13): whether a client's copy is still good."""

from email.utils import formatdate, parsedate_to_datetime


def http_date(seconds: int) -> bytes:
    """Seconds since 1970 as an HTTP date."""
    return formatdate(seconds, usegmt=True).encode()


def shown_last_modified(last_modified: int, now: int) -> int:
    """The `Last-Modified` to send.

    HTTP dates have whole seconds. While the second of a change lasts, another change may follow in it, so until it is
    over we say one second earlier: a copy made now can't pass as fresh after that other change.
    """
    return last_modified if now > last_modified else last_modified - 1


def is_not_modified(
    etag: str, last_modified: int, now: int, if_none_match: bytes | None, if_modified_since: bytes | None
) -> bool:
    """Whether 304 is the answer. `If-None-Match` decides alone where it is sent (RFC 9110 §13.1.3)."""
    if if_none_match is not None:
        return _matches(etag, if_none_match.decode("latin-1"))
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since.decode("latin-1")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return False
    return now > last_modified and since >= last_modified


def _matches(etag: str, header: str) -> bool:
    candidates = [part.strip() for part in header.split(",")]
    return "*" in candidates or any(candidate.removeprefix("W/") == etag for candidate in candidates)
