# SPDX-License-Identifier: Apache-2.0
"""Who is late as a table (CSV), for a spreadsheet: no cell is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from registry.campaigns.document_types import LateParticipant
from registry.smp.exchange.table_columns import guarded
from registry.storage.queries.campaigns import MemberRow

COLUMNS: Final = ("kind", "name", "address", "participants", "late", "done", "since", "check", "clause", "message")
OF_PARTICIPANTS: Final = ("participant", "owner_group")


def member_lines(rows: Iterable[MemberRow]) -> Iterator[str]:
    """The lines of a table of members, with their ends, one at a time."""
    yield from _lines(COLUMNS, map(_cells, rows))


def participant_lines(rows: Iterable[LateParticipant]) -> Iterator[str]:
    """Those of a table of participants."""
    yield from _lines(OF_PARTICIPANTS, ((f"{row.scheme}::{row.value}", row.group) for row in rows))


def _cells(row: MemberRow) -> tuple[str, ...]:
    reason = row.reason or {}
    told = (reason.get(name, "") for name in ("check", "clause", "message"))
    state = (str(row.participants), str(row.late), "yes" if row.done else "no", f"{row.changed_at:%Y-%m-%dT%H:%M:%SZ}")
    return (row.kind, row.name, row.address, *state, *told)


def _lines(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([guarded(cell) for cell in row])
    yield buffer.getvalue()
