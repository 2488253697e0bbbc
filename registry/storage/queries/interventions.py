# SPDX-License-Identifier: Apache-2.0
"""Interventions: what an operator asked for, who approved or refused it, when it was applied and undone.

A row is never deleted, and only gains values. Its state follows from which of them it has.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, null, select, update

from registry.storage.queries.registrations import RegistrationRow
from registry.storage.tables import account, domain, intervention, job, registration
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 400


class State(StrEnum):
    """Where an intervention is in its life; the last two are its ends."""

    WAITING = "waiting"
    """For somebody else's approval."""
    APPLIED = "applied"
    REFUSED = "refused"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class InterventionRow:
    """An intervention as stored; `before` is what undoing it needs, and what was told when it was applied."""

    id: int
    domain_id: int
    kind: str
    subject: str
    content: Mapping[str, Any]
    before: Mapping[str, Any] | None
    order_reference: str | None
    reason: str | None
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    refused_by: str | None
    refused_at: datetime | None
    applied_at: datetime | None
    undo_until: datetime | None
    undone_by: str | None
    undone_at: datetime | None
    job_id: int | None

    @property
    def state(self) -> State:
        """As the values say."""
        if self.undone_at is not None:
            return State.UNDONE
        if self.refused_at is not None:
            return State.REFUSED
        return State.WAITING if self.applied_at is None else State.APPLIED


@dataclass(frozen=True, slots=True)
class NewIntervention:
    """What is asked for."""

    domain_id: int
    kind: str
    subject: str
    content: Mapping[str, Any]
    order_reference: str | None
    reason: str | None
    asked_by: str


_c = intervention.c
_COLUMNS = [_c[name] for name in InterventionRow.__dataclass_fields__]
_IN_STATE: Mapping[State, ColumnElement[bool]] = {
    State.WAITING: and_(_c.applied_at.is_(None), _c.refused_at.is_(None)),
    State.APPLIED: and_(_c.applied_at.is_not(None), _c.undone_at.is_(None)),
    State.REFUSED: _c.refused_at.is_not(None),
    State.UNDONE: _c.undone_at.is_not(None),
}


def one_at_a_time(work: UnitOfWork, domain_id: int) -> None:
    """Let nobody else intervene in a domain until the transaction ends; registering goes on meanwhile."""
    # key_share: what refers to the domain by a foreign key doesn't wait.
    work.connection.execute(select(domain.c.id).where(domain.c.id == domain_id).with_for_update(key_share=True))


def add(work: UnitOfWork, new: NewIntervention) -> int:
    """Write down what is asked for; returns its number."""
    values = {name: getattr(new, name) for name in NewIntervention.__dataclass_fields__}
    added = insert(intervention).values(values | {"asked_at": work.now}).returning(_c.id)
    return int(work.connection.execute(added).scalar_one())


def find(connection: Connection, domain_id: int, number: int) -> InterventionRow | None:
    """One intervention of a domain."""
    row = connection.execute(select(*_COLUMNS).where(_c.domain_id == domain_id, _c.id == number)).first()
    return None if row is None else InterventionRow(*row)


def waiting_for(connection: Connection, domain_id: int, kind: str, content: Mapping[str, Any]) -> int | None:
    """The number of the one that asks for exactly this and waits; None where there is none."""
    same = (_c.domain_id == domain_id, _c.kind == kind, _c.content == content, _IN_STATE[State.WAITING])
    number = connection.execute(select(func.min(_c.id)).where(*same)).scalar_one()
    return None if number is None else int(number)


def of_job(connection: Connection, job_id: int) -> InterventionRow | None:
    """The intervention that a job carries out."""
    row = connection.execute(select(*_COLUMNS).where(_c.job_id == job_id)).first()
    return None if row is None else InterventionRow(*row)


def page(
    connection: Connection, domain_id: int, state: State | None, before: int | None, size: int
) -> list[InterventionRow]:
    """Up to `size` interventions of a domain with numbers below `before`, the newest first; without their `before`,
    which for a transfer of many is long.
    """
    columns = [null().label(column.name) if column is _c.before else column for column in _COLUMNS]
    query = select(*columns).where(_c.domain_id == domain_id)
    if state is not None:
        query = query.where(_IN_STATE[state])
    if before is not None:
        query = query.where(_c.id < before)
    return [InterventionRow(*row) for row in connection.execute(query.order_by(_c.id.desc()).limit(size))]


def approve(work: UnitOfWork, number: int, by: str) -> None:
    """Note who approved it."""
    _set(work, number, approved_by=by, approved_at=work.now)


def refuse(work: UnitOfWork, number: int, by: str) -> None:
    """Note who refused it, or withdrew it."""
    _set(work, number, refused_by=by, refused_at=work.now)


def applied(
    work: UnitOfWork, number: int, before: Mapping[str, Any], undo_until: datetime | None, job_id: int | None
) -> None:
    """Note that it was applied, until when it can be undone, and which job goes on with it."""
    _set(work, number, applied_at=work.now, before=before, undo_until=undo_until, job_id=job_id)


def undone(work: UnitOfWork, number: int, by: str) -> None:
    """Note who has undone it."""
    _set(work, number, undone_by=by, undone_at=work.now)


def _set(work: UnitOfWork, number: int, **values: Any) -> None:
    work.connection.execute(update(intervention).where(_c.id == number).values(values))


# What interventions look at


def registrations_by_id(
    connection: Connection, domain_id: int, ids: Sequence[int], *, lock: bool = False
) -> list[RegistrationRow]:
    """Those of these registrations that still exist, in order; with `lock` nobody else changes them until the end."""
    c = registration.c
    query = select(*(c[name] for name in RegistrationRow.__dataclass_fields__)).order_by(c.id)
    query = query.with_for_update() if lock else query
    found: list[RegistrationRow] = []
    for start in range(0, len(ids), _CHUNK):
        part = sorted(ids)[start : start + _CHUNK]
        rows = connection.execute(query.where(c.domain_id == domain_id, c.id.in_(part)))
        found += (RegistrationRow(*row) for row in rows)
    return found


@dataclass(frozen=True, slots=True)
class Holding:
    """What a publisher has, as numbers; `wildcard_schemes` are those in which it has the `*`."""

    participants: int
    suspended: int
    with_services: int
    wildcard_schemes: tuple[str, ...]


def holding(connection: Connection, publisher_id: int, wildcard: str) -> Holding:
    """What a publisher has; `wildcard` is the value that stands for all."""
    c, mine = registration.c, registration.c.publisher_id == publisher_id
    counted = select(func.count(), func.count().filter(c.suspended), func.count(c.services)).where(mine)
    participants, suspended, with_services = connection.execute(counted).one()
    schemes = connection.execute(select(c.scheme).where(mine, c.value_key == wildcard).order_by(c.scheme)).scalars()
    return Holding(int(participants), int(suspended), int(with_services), tuple(schemes))


def has_suspended(connection: Connection, publisher_id: int) -> bool:
    """Whether a publisher has a participant that is suspended."""
    c = registration.c
    return (
        connection.execute(select(c.id).where(c.publisher_id == publisher_id, c.suspended).limit(1)).first() is not None
    )


def runs(connection: Connection, publisher_id: int, other_id: int) -> list[tuple[int, int]]:
    """The registrations of a publisher as runs of ids, first and last, between which the other one has none."""
    c = registration.c
    number = func.row_number()
    # Within a run both numbers rise together.
    island = number.over(order_by=c.id) - number.over(partition_by=c.publisher_id, order_by=c.id)
    both = select(c.id, c.publisher_id, island.label("run")).where(c.publisher_id.in_([publisher_id, other_id]))
    rows = both.subquery()
    first = func.min(rows.c.id)
    query = select(first, func.max(rows.c.id)).where(rows.c.publisher_id == publisher_id).group_by(rows.c.run)
    return [(int(row[0]), int(row[1])) for row in connection.execute(query.order_by(first))]


def unchanged_after(connection: Connection, publisher_id: int, after_id: int, size: int, at: datetime) -> list[int]:
    """Up to `size` registrations of a publisher with ids after one that nobody has changed after a moment, in order."""
    c = registration.c
    query = select(c.id).where(c.publisher_id == publisher_id, c.id > after_id, c.modified_at <= at)
    return list(connection.execute(query.order_by(c.id).limit(size)).scalars())


@dataclass(frozen=True, slots=True)
class JobEnd:
    """In which state a job is, and when it came to an end."""

    state: str
    finished_at: datetime | None


def job_end(connection: Connection, job_id: int, *, lock: bool = False) -> JobEnd | None:
    """How a job stands; None where it was forgotten. With `lock` nobody begins it anew until the transaction ends."""
    query = select(job.c.state, job.c.finished_at).where(job.c.id == job_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else JobEnd(*row)


def account_names(connection: Connection, account_ids: Collection[int]) -> dict[int, str]:
    """What accounts are called; none for an erased one."""
    query = select(account.c.id, account.c.name).where(account.c.id.in_(account_ids), account.c.state != "erased")
    return {int(row[0]): str(row[1]) for row in connection.execute(query)}
