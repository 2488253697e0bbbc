# SPDX-License-Identifier: Apache-2.0
"""Cursors: where the next page of a list begins, as a text that only we read.

A cursor is the sort key of the last item that was given, so a page is found by index however far it is, and what is
added or removed meanwhile neither repeats nor hides others. It gives no right to anything, so it isn't signed.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from registry.errors import Reason, ValidationError

R = TypeVar("R")
MAX_LIMIT = 500
_MAX_LENGTH = 4_000
_MAX_INTEGER = 2**63 - 1

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items a page has at most.")]
Cursor = Annotated[
    str | None, Query(max_length=_MAX_LENGTH, description="`next_cursor` of the page before; absent for the first.")
]


def write_cursor(position: Sequence[str | int]) -> str:
    """A position as a cursor."""
    packed = json.dumps([*position], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The position in a cursor, whose parts are of these kinds (str or int); None for the first page.

    Raises ValidationError for what no list has given.
    """
    if cursor is None:
        return None
    try:
        # Without validate=True letters that base64 doesn't have would be skipped.
        raw = base64.b64decode(cursor.replace("-", "+").replace("_", "/") + "=" * (-len(cursor) % 4), validate=True)
        position = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        raise _unknown() from None
    if type(position) is not list or [type(part) for part in position] != [*kinds] or not all(map(_storable, position)):
        raise _unknown()
    return tuple(position)


def paged(
    rows: Sequence[R], limit: int, position: Callable[[R], Sequence[str | int]]
) -> tuple[Sequence[R], str | None]:
    """Of `limit` + 1 rows those of the page, and the cursor for what follows; None at the end."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], write_cursor(position(rows[limit - 1]))


def _storable(part: str | int) -> bool:
    """Whether a database can compare it."""
    if isinstance(part, int):
        return abs(part) <= _MAX_INTEGER
    return "\0" not in part and not any("\ud800" <= char <= "\udfff" for char in part)


def _unknown() -> ValidationError:
    return ValidationError((Reason("REST-CURSOR", "no list has given this cursor", pointer="query/cursor"),))
