# SPDX-License-Identifier: Apache-2.0
"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Key = BigInteger().with_variant(Integer, "sqlite")
"""A surrogate key; SQLite only numbers rows by itself for INTEGER."""


ComparedName = String(255).with_variant(String(255, collation="C"), "postgresql")
ComparedText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is in order of its code points, whatever language a database of PostgreSQL was made for; so it is on SQLite
always. What is joined has one of these on both sides: an index of another order doesn't serve."""


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC; the form in which instants are stored."""
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(stored: int) -> datetime:
    """The reverse of `to_microseconds`."""
    return _EPOCH + stored * _MICROSECOND


to_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
"""The text of a JSON value, the same one for equal values."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as microseconds since 1970: same order, same arithmetic on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_microseconds(int(value))


class JsonText(TypeDecorator[Any]):
    """JSON in a text column, with sorted keys, so that equal values are equal texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
