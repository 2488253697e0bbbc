# SPDX-License-Identifier: Apache-2.0
"""What can be seen of a database and of the people in it without changing anything, for a diagnosis."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, inspect, or_, select, text

from registry.storage.engine import Database
from registry.storage.tables import event, installation, login_failure, token

_NAMED = 20


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the database server says of itself; None where that kind of database has no such thing."""

    version: str
    journal_mode: str | None = None
    max_connections: int | None = None
    clock: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """Tokens that never expire (at most 20 names, and their number), and names whose logins have to wait."""

    endless_tokens: tuple[str, ...]
    endless: int
    locked: int


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """What the installation's row says; None where there is no row yet."""

    master_key_check: str | None
    restored_at: datetime | None


def server_facts(database: Database) -> ServerFacts:
    """Raises TechnicalError where the database can't be reached."""
    with database.read() as connection:
        if database.is_sqlite:
            version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
            return ServerFacts(str(version), str(connection.execute(text("PRAGMA journal_mode")).scalar_one()))
        version = connection.execute(text("SHOW server_version")).scalar_one()
        most = connection.execute(text("SHOW max_connections")).scalar_one()
        clock = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return ServerFacts(str(version), max_connections=int(most), clock=clock.astimezone(UTC))


def installation_facts(connection: Connection) -> InstallationFacts | None:
    """None for a database that nobody has set up."""
    if not inspect(connection).has_table(installation.name):
        return None
    row = connection.execute(select(installation.c.master_key_check, installation.c.restored_at)).first()
    return None if row is None else InstallationFacts(row.master_key_check, row.restored_at)


def access_facts(connection: Connection, now: datetime) -> AccessFacts:
    """Tokens and logins that deserve a look."""
    c = token.c
    endless = c.revoked_at.is_(None) & c.expires_at.is_(None)
    names = connection.execute(select(c.name).where(endless).order_by(c.name).limit(_NAMED)).scalars().all()
    number = connection.execute(select(func.count()).select_from(token).where(endless)).scalar_one()
    locked = select(func.count()).select_from(login_failure).where(login_failure.c.locked_until > now)
    return AccessFacts(tuple(names), int(number), int(connection.execute(locked).scalar_one()))


def events_after(connection: Connection, at: datetime) -> int:
    """How many events are from later than an instant."""
    return int(connection.execute(select(func.count()).select_from(event).where(event.c.at > at)).scalar_one())


def usable_tokens_before(connection: Connection, at: datetime, now: datetime) -> int:
    """How many tokens from before an instant can be used."""
    c = token.c
    counts = c.revoked_at.is_(None) & or_(c.expires_at.is_(None), c.expires_at > now) & (c.created_at < at)
    return int(connection.execute(select(func.count()).select_from(token).where(counts)).scalar_one())
