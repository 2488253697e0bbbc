# SPDX-License-Identifier: Apache-2.0
"""Which domains are in standby: what they publish and register is another system's to change."""

from datetime import datetime

from sqlalchemy import select, text, update

from registry.storage.statements import run
from registry.storage.tables import domain
from registry.storage.unit_of_work import Connection, UnitOfWork

_ASKED = "SELECT 1 FROM domain WHERE id = ? AND standby"
_NOW = text("SELECT clock_timestamp()")
_OLDER = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start <= :instant"
)


def is_in_standby(connection: Connection, domain_id: int) -> bool:
    """Whether it is, as far as this transaction can see."""
    return bool(run(connection, _ASKED, (domain_id,)))


def put(work: UnitOfWork, domain_id: int, *, standby: bool) -> bool:
    """Put a domain in standby or out of it; whether that changed anything."""
    changed = work.connection.execute(
        update(domain)
        .where(domain.c.id == domain_id, domain.c.standby.is_not(standby))
        .values(standby=standby, version=domain.c.version + 1, modified_at=work.now)
        .returning(domain.c.id)
    ).all()
    work.domains_seen_open.discard(domain_id)
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
