# SPDX-License-Identifier: Apache-2.0
"""Rows on a terminal: all pages of a list, and a row as JSON."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

_Row = TypeVar("_Row")
PAGE = 500


def every(page: Callable[[int], list[_Row]]) -> Iterator[_Row]:
    """The rows of all pages; `page` gives those with numbers after the one that it is given."""
    after = 0
    while rows := page(after):
        yield from rows
        after = rows[-1].id  # type: ignore[attr-defined]


def as_json(row: Any) -> dict[str, Any]:
    """A row as JSON has it: instants in ISO 8601."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(row).items()}


def shown(instant: datetime | None, otherwise: str = "-") -> str:
    """An instant as people read it, in UTC."""
    return otherwise if instant is None else f"{instant:%Y-%m-%dT%H:%MZ}"
