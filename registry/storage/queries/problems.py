# SPDX-License-Identifier: Apache-2.0
"""The book of problems: those that are open, and those that have ended, as long as they are kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, insert, select, tuple_, update

from registry.storage.tables import problem
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 400
_SEVERITIES = ("error", "warning", "hint")


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A problem as stored; `ended_at` is None while it is open. Acknowledged is one that somebody looks after."""

    id: int
    key: str
    kind: str
    severity: str
    domain_id: int | None
    subject: str
    parameters: Mapping[str, Any]
    since: datetime
    first_seen: datetime
    last_seen: datetime
    ended_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: str | None

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the order of `page`: the worst first, then as they came."""
        return _SEVERITIES.index(self.severity), self.id


@dataclass(frozen=True, slots=True)
class ProblemFilter:
    """Which problems are wanted; None: any. `domain_ids` leaves out those of the whole installation."""

    kind: str | None = None
    severity: str | None = None
    domain_ids: Collection[int] | None = None
    acknowledged: bool | None = None
    ended: bool = False


_c = problem.c
_COLUMNS = [_c[name] for name in ProblemRow.__dataclass_fields__]
_RANK = case({name: rank for rank, name in enumerate(_SEVERITIES)}, value=_c.severity, else_=len(_SEVERITIES))


def open_ones(connection: Connection) -> dict[str, ProblemRow]:
    """Every problem that is open, by its key."""
    rows = connection.execute(select(*_COLUMNS).where(_c.ended_at.is_(None)).order_by(_c.id))
    return {row.key: ProblemRow(*row) for row in rows}


def lock(work: UnitOfWork) -> None:
    """Let nobody else write the book before the end of the transaction, as far as rows are there."""
    work.connection.execute(select(_c.id).where(_c.ended_at.is_(None)).order_by(_c.id).with_for_update())


def add(work: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Open problems; each with its key, kind, severity, domain_id, subject, parameters and since."""
    if rows:
        seen = {"first_seen": work.now, "last_seen": work.now}
        work.connection.execute(insert(problem), [{**row, **seen} for row in rows])


def see_again(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Note that these are still there."""
    for start in range(0, len(ids), _CHUNK):
        part = _c.id.in_(ids[start : start + _CHUNK])
        work.connection.execute(update(problem).where(part).values(last_seen=work.now))


def change(work: UnitOfWork, problem_id: int, severity: str, parameters: Mapping[str, Any], *, anew: bool) -> None:
    """Say something else of an open problem; `anew` forgets who looked after it."""
    values = {"severity": severity, "parameters": dict(parameters), "last_seen": work.now}
    if anew:
        values |= {"acknowledged_by": None, "acknowledged_at": None, "note": None}
    work.connection.execute(update(problem).where(_c.id == problem_id).values(values))


def end(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Note that these are there no more."""
    for start in range(0, len(ids), _CHUNK):
        part = _c.id.in_(ids[start : start + _CHUNK])
        work.connection.execute(update(problem).where(part).values(ended_at=work.now))


def acknowledge(work: UnitOfWork, problem_id: int, by: str, note: str) -> None:
    """Note who looks after a problem."""
    values = {"acknowledged_by": by, "acknowledged_at": work.now, "note": note}
    work.connection.execute(update(problem).where(_c.id == problem_id).values(values))


def find_open(connection: Connection, key: str) -> ProblemRow | None:
    """The open problem of a key."""
    row = connection.execute(select(*_COLUMNS).where(_c.key == key, _c.ended_at.is_(None))).first()
    return None if row is None else ProblemRow(*row)


def find(connection: Connection, key: str) -> ProblemRow | None:
    """The newest problem of a key, open or not."""
    row = connection.execute(select(*_COLUMNS).where(_c.key == key).order_by(_c.id.desc()).limit(1)).first()
    return None if row is None else ProblemRow(*row)


def by_ids(connection: Connection, ids: Collection[int]) -> dict[int, ProblemRow]:
    """Problems by their numbers."""
    wanted, found = sorted(ids), dict[int, ProblemRow]()
    for start in range(0, len(wanted), _CHUNK):
        part = _c.id.in_(wanted[start : start + _CHUNK])
        found |= {row.id: ProblemRow(*row) for row in connection.execute(select(*_COLUMNS).where(part))}
    return found


def page(connection: Connection, wanted: ProblemFilter, behind: tuple[int, int] | None, size: int) -> list[ProblemRow]:
    """Up to `size` problems behind a place, the worst first."""
    query = select(*_COLUMNS).where(*_conditions(wanted)).order_by(_RANK, _c.id).limit(size)
    if behind is not None:
        query = query.where(tuple_(_RANK, _c.id) > behind)
    return [ProblemRow(*row) for row in connection.execute(query)]


def counts(connection: Connection, wanted: ProblemFilter) -> dict[str, int]:
    """How many problems there are, by severity."""
    query = select(_c.severity, func.count()).where(*_conditions(wanted)).group_by(_c.severity)
    return {severity: int(number) for severity, number in connection.execute(query)}


def _conditions(wanted: ProblemFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_c.ended_at.is_not(None) if wanted.ended else _c.ended_at.is_(None)]
    if wanted.kind is not None:
        found.append(_c.kind == wanted.kind)
    if wanted.severity is not None:
        found.append(_c.severity == wanted.severity)
    if wanted.domain_ids is not None:
        found.append(_c.domain_id.in_(wanted.domain_ids))
    if wanted.acknowledged is not None:
        known = _c.acknowledged_at.is_not(None)
        found.append(known if wanted.acknowledged else ~known)
    return found
