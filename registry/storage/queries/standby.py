# SPDX-License-Identifier: Apache-2.0
"""Which domains are in standby: what they publish and register is another system's to change. And which want a second
person for what they publish.
"""

from datetime import datetime

from sqlalchemy import select, text, update

from registry.storage.statements import run
from registry.storage.tables import domain
from registry.storage.unit_of_work import Connection, UnitOfWork

_ASKED = "SELECT standby, review FROM domain WHERE id = ?"
_NOW = text("SELECT clock_timestamp()")
_OLDER = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start <= :instant"
)


def is_in_standby(connection: Connection, domain_id: int) -> bool:
    """Whether it is, as far as this transaction can see."""
    return state_of(connection, domain_id)[0]


def wants_review(connection: Connection, domain_id: int) -> bool:
    """Whether what it publishes changes by plans alone that somebody else has approved (ADR 0091)."""
    return state_of(connection, domain_id)[1]


def state_of(connection: Connection, domain_id: int) -> tuple[bool, bool]:
    """Whether a domain is in standby, and whether it wants a review; neither where there is no such domain."""
    rows = run(connection, _ASKED, (domain_id,))
    return (bool(rows[0][0]), bool(rows[0][1])) if rows else (False, False)


def put(work: UnitOfWork, domain_id: int, *, standby: bool) -> bool:
    """Put a domain in standby or out of it; whether that changed anything."""
    changed = work.connection.execute(
        update(domain)
        .where(domain.c.id == domain_id, domain.c.standby.is_not(standby))
        .values(standby=standby, version=domain.c.version + 1, modified_at=work.now)
        .returning(domain.c.id)
    ).all()
    work.domains_seen.pop(domain_id, None)
    return bool(changed)


def server_time(connection: Connection) -> datetime:
    """What PostgreSQL's own clock says."""
    found: datetime = connection.execute(_NOW).scalar_one()
    return found


def running_since(connection: Connection, instant: datetime) -> int:
    """How many transactions of others on this PostgreSQL began before an instant of its clock, and haven't ended."""
    return int(connection.execute(_OLDER, {"instant": instant}).scalar_one())


def names(connection: Connection) -> list[str]:
    """The domains in standby, by name."""
    query = select(domain.c.name).where(domain.c.standby).order_by(domain.c.name)
    return list(connection.execute(query).scalars())
