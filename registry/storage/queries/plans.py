# SPDX-License-Identifier: Apache-2.0
"""Plans and their rows: written as they are made, read in pages, marked as they are applied."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from registry.errors import NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.storage.statements import insert_rows
from registry.storage.tables import event, plan, plan_row, service_group
from registry.storage.types import to_json
from registry.storage.unit_of_work import UnitOfWork

_ROW = (
    "plan_id",
    "number",
    "line",
    "key",
    "subject",
    "verdict",
    "reasons",
    "notes",
    "before_digest",
    "before",
    "after",
    "done",
)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan as it is stored. `counts` has the rows of each verdict, `held` and `done`."""

    id: int
    domain_id: int
    kind: str
    state: str
    source: str
    digest: str
    options: Mapping[str, Any]
    counts: Mapping[str, int]
    base_event: int
    actor: str
    created_at: datetime
    expires_at: datetime
    modified_at: datetime
    job_id: int | None
    submitted_by: str | None = None
    submitted_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: str | None = None


class PlannedRow(NamedTuple):
    """A row of a plan; `reasons` are [id, message, clause]. `before` and `after` are as they were given."""

    number: int
    line: int
    key: str
    subject: str
    verdict: str
    reasons: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()
    before_digest: str = ""
    before: bytes | None = None
    after: bytes | None = None
    done: bool = False


_PLAN = [plan.c[name] for name in PlanRow.__dataclass_fields__]
_PLANNED = [plan_row.c[name] for name in PlannedRow._fields]


def add(work: UnitOfWork, values: Mapping[str, Any]) -> int:
    """Insert a plan; `values` are those of `PlanRow` but `id`, actor and moments."""
    every = {"actor": work.actor, "created_at": work.now, "modified_at": work.now, **values}
    return int(work.connection.execute(insert(plan).values(every).returning(plan.c.id)).scalar_one())


def find(connection: Connection, plan_id: int, *, lock: bool = False) -> PlanRow | None:
    """One plan; with `lock` nobody else changes it before the end of the transaction."""
    query = select(*_PLAN).where(plan.c.id == plan_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else PlanRow(*row)


def required(connection: Connection, plan_id: int, *, lock: bool = False) -> PlanRow:
    """As `find`; raises NotFoundError."""
    found = find(connection, plan_id, lock=lock)
    if found is None:
        raise NotFoundError(f"there is no plan {plan_id}")
    return found


def page(
    connection: Connection,
    domain_ids: Collection[int] | None,
    before: int | None,
    size: int,
    states: Collection[str] | None = None,
) -> list[PlanRow]:
    """Plans, newest first, those before the number `before`; of all domains, or in all states, where that is None."""
    query = select(*_PLAN).order_by(plan.c.id.desc()).limit(size)
    if states is not None:
        query = query.where(plan.c.state.in_(states))
    if domain_ids is not None:
        query = query.where(plan.c.domain_id.in_(domain_ids))
    if before is not None:
        query = query.where(plan.c.id < before)
    return [PlanRow(*row) for row in connection.execute(query)]


def change(work: UnitOfWork, plan_id: int, **values: Any) -> None:
    """Change a plan's columns."""
    work.connection.execute(update(plan).where(plan.c.id == plan_id).values(**values, modified_at=work.now))


def add_rows(work: UnitOfWork, plan_id: int, rows: Sequence[PlannedRow]) -> None:
    """Insert rows."""
    stored = [
        (
            plan_id,
            *row[:5],
            to_json(row.reasons) if row.reasons else None,
            to_json(row.notes) if row.notes else None,
            *row[7:],
        )
        for row in rows
    ]
    insert_rows(work.connection, plan_row.name, _ROW, stored)


def rows_page(
    connection: Connection, plan_id: int, verdicts: Collection[str] | None, after: int, size: int
) -> list[PlannedRow]:
    """Rows with numbers above `after`, in their order; of all verdicts where that is None."""
    c = plan_row.c
    query = select(*_PLANNED).where(c.plan_id == plan_id, c.number > after).order_by(c.number).limit(size)
    if verdicts is not None:
        query = query.where(c.verdict.in_(verdicts))
    return [_planned(row) for row in connection.execute(query)]


def _planned(row: Sequence[Any]) -> PlannedRow:
    found = PlannedRow(*row)
    return found._replace(
        reasons=found.reasons or (),
        notes=found.notes or (),
        before=None if found.before is None else bytes(found.before),
        after=None if found.after is None else bytes(found.after),
    )


def mark_done(work: UnitOfWork, plan_id: int, numbers: Sequence[int]) -> None:
    """Note that rows have been applied."""
    c = plan_row.c
    work.connection.execute(update(plan_row).where(c.plan_id == plan_id, c.number.in_(numbers)).values(done=True))


def refuse(work: UnitOfWork, plan_id: int, refused: Mapping[int, Sequence[Sequence[str]]]) -> None:
    """Let rows, by number, be refused with reasons."""
    if not refused:
        return
    c = plan_row.c
    statement = (
        update(plan_row)
        .where(c.plan_id == plan_id, c.number == bindparam("its_number"))
        .values(verdict="refused", reasons=bindparam("why", type_=c.reasons.type))
    )
    work.connection.execute(statement, [{"its_number": n, "why": list(why)} for n, why in refused.items()])


def last_event(connection: Connection) -> int:
    """The highest sequence of the audit log; 0 where it is empty."""
    return int(connection.execute(select(func.max(event.c.sequence))).scalar() or 0)


def changed_since(connection: Connection, domain_id: int, base: int) -> bool:
    """Whether what a domain publishes has changed behind the event `base`."""
    c = event.c
    query = select(c.sequence).where(c.sequence > base, c.domain_id == domain_id, c.tag.like("smp:%")).limit(1)
    return connection.execute(query).first() is not None


def unnamed_groups(
    connection: Connection, plan_id: int, domain_id: int, after: int, size: int
) -> list[tuple[int, ParticipantIdentifier, str]]:
    """Participants of a domain that no row of the plan names: number, identifier, value as it compares."""
    c, r = service_group.c, plan_row.c
    named = select(r.number).where(r.plan_id == plan_id, r.key == c.scheme + "::" + c.value_key)
    query = (
        select(c.id, c.scheme, c.value, c.value_key)
        .where(c.domain_id == domain_id, c.id > after, ~named.exists())
        .order_by(c.id)
        .limit(size)
    )
    return [(n, ParticipantIdentifier(scheme, value), key) for n, scheme, value, key in connection.execute(query)]
