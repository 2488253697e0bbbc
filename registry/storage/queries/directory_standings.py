# SPDX-License-Identifier: Apache-2.0
"""How it stands with the directory of a domain as a whole: whether it answers, and when everything is compared."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, literal, select, update

from registry.storage.tables import directory_standing
from registry.storage.types import Instant
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a directory: `failures` in a row, why the last, and until when it is left alone; when all is compared next."""

    compare_at: datetime | None = None
    compared_at: datetime | None = None
    failures: int = 0
    failure: str | None = None
    failing_since: datetime | None = None
    paused_until: datetime | None = None


_s = directory_standing.c
_COLUMNS = [_s[name] for name in Standing.__dataclass_fields__]


def find(connection: Connection, domain_id: int) -> Standing:
    """That of a domain; one without anything where it was never compared."""
    row = connection.execute(select(*_COLUMNS).where(_s.domain_id == domain_id)).first()
    return Standing() if row is None else Standing(*row)


def ask_to_compare(work: UnitOfWork, domain_id: int) -> None:
    """Have all participants of a domain compared with what its directory was told, soon; a pause ends."""
    values = {"compare_at": work.now, "paused_until": None}
    statement = upsert(work.connection, directory_standing).values(domain_id=domain_id, failures=0, **values)
    work.connection.execute(statement.on_conflict_do_update(index_elements=["domain_id"], set_=values))


def end_pause(work: UnitOfWork, domain_id: int) -> None:
    """Let a directory that was left alone be asked again."""
    work.connection.execute(update(directory_standing).where(_s.domain_id == domain_id).values(paused_until=None))


def note_compared(work: UnitOfWork, domain_id: int, began: datetime, following: datetime) -> None:
    """Note a comparison, and when the next one is; one that was asked for since it began still comes first."""
    due = case((_s.compare_at > literal(began, Instant()), _s.compare_at), else_=literal(following, Instant()))
    first = {"domain_id": domain_id, "failures": 0, "compared_at": work.now, "compare_at": following}
    values = {"compared_at": work.now, "compare_at": due}
    statement = upsert(work.connection, directory_standing).values(first)
    work.connection.execute(statement.on_conflict_do_update(index_elements=["domain_id"], set_=values))


def note_answer(work: UnitOfWork, domain_id: int) -> None:
    """Note that the directory has taken something."""
    values = {"failures": 0, "failure": None, "failing_since": None, "paused_until": None}
    failing = update(directory_standing).where(_s.domain_id == domain_id, _s.failures > 0)
    work.connection.execute(failing.values(values))


def note_failure(work: UnitOfWork, domain_id: int, failure: str, paused_until: datetime) -> None:
    """Note that the directory takes nothing at all, and leave it alone until then."""
    first = {"failures": 1, "failing_since": work.now}
    values = {"failure": failure, "paused_until": paused_until}
    again = {
        "failures": _s.failures + 1,
        "failing_since": func.coalesce(_s.failing_since, literal(work.now, Instant())),
    }
    statement = upsert(work.connection, directory_standing).values(domain_id=domain_id, **first, **values)
    work.connection.execute(statement.on_conflict_do_update(index_elements=["domain_id"], set_={**again, **values}))
