# SPDX-License-Identifier: Apache-2.0
"""The audit events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from registry.storage.tables import event


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that was done: by whom, to what, and how it was before and after."""

    sequence: int
    at: datetime
    actor: str
    request_id: str
    tag: str
    subject: str
    before: Any
    after: Any


_INSERT = insert(event)


def append(connection: Connection, rows: list[Mapping[str, Any]]) -> None:
    """Add events; each row has the columns of the table but the sequence."""
    if rows:
        connection.execute(_INSERT, rows)


def about(connection: Connection, subject: str) -> list[EventRow]:
    """All events about a subject, oldest first."""
    columns = [event.c[name] for name in EventRow.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(event.c.subject == subject).order_by(event.c.sequence))
    return [EventRow(*row) for row in rows]
