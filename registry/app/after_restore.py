# SPDX-License-Identifier: Apache-2.0
"""What has to be done about a database that is from the past, before anybody works with it.

It doesn't matter how it came back: from one of our backups, or by PostgreSQL's own means (`adopt`). The rest of the
world has gone on meanwhile: name servers hold newer serials, sessions and jobs belong to a time that is lost.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from registry.audit.chain import Head
from registry.audit.events import record
from registry.audit.verification import verify
from registry.clock import Clock, system_clock
from registry.dns.journal import ZoneJournal
from registry.dns.serials import serial_after_restore
from registry.errors import ConfigurationError, ConflictError
from registry.master_key import MasterKey
from registry.settings import Settings
from registry.storage import postgresql_dump, sqlite_copy
from registry.storage.engine import Actor, Database
from registry.storage.installation import check_installation
from registry.storage.migrate import migrate, schema_version
from registry.storage.queries import restoring, zones
from registry.storage.unfinished import file_of, refuse_unfinished
from registry.storage.unit_of_work import Topic


@dataclass(frozen=True, slots=True)
class ZoneRestart:
    """The serial that a zone goes on with, and the one that it had in the data."""

    name: str
    held: int
    serial: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever restores says: serials that name servers hold, by zone, and whether tokens are to be revoked."""

    published: Mapping[str, int]
    revoke_tokens: bool = False


@dataclass(frozen=True, slots=True)
class AfterRestore:
    """What was done, and what nobody can know: everything between the two instants is lost."""

    instance_id: str
    as_of: datetime
    restored_at: datetime
    zones: tuple[ZoneRestart, ...]
    ended_sessions: int
    freed_jobs: int
    revoked_tokens: int
    usable_tokens: int
    usable_accounts: int


def zone_restarts(
    held: Mapping[str, int], as_of: datetime, now: datetime, published: Mapping[str, int]
) -> tuple[ZoneRestart, ...]:
    """The serials with which zones go on whose data are as of an instant (see `registry.dns.serials`).

    Raises ConfigurationError where a serial is said for another zone, or none can be found.
    """
    if unknown := published.keys() - held.keys():
        raise ConfigurationError(f"there is no zone {', '.join(sorted(unknown))} (known: {', '.join(held) or 'none'})")
    return tuple(
        ZoneRestart(name, serial, serial_after_restore(serial, now - as_of, published.get(name)))
        for name, serial in held.items()
    )


def complete_restore(
    database: Database,
    actor: Actor,
    as_of: datetime,
    wishes: Wishes,
    *,
    moved: Mapping[str, str] | None = None,
    means: str = "backup",
) -> AfterRestore:
    """Do all of it in one transaction; `moved` has the new paths of files of signing keys.

    Raises ConfigurationError as `zone_restarts`.
    """
    with database.write(actor) as work:
        rows = {row.name: row for row in zones.all_zones(work.connection)}
        held = {name: row.serial for name, row in rows.items()}
        restarts = zone_restarts(held, as_of, work.now, wishes.published)
        for restart in restarts:
            ZoneJournal().begin_anew(work, rows[restart.name], restart.serial)
        restoring.move_signing_keys(work, moved or {})
        revoked = restoring.revoke_tokens(work) if wishes.revoke_tokens else 0
        done = AfterRestore(
            instance_id=restoring.mark_restored(work),
            as_of=as_of,
            restored_at=work.now,
            zones=restarts,
            ended_sessions=restoring.revoke_sessions(work),
            freed_jobs=restoring.free_jobs(work),
            revoked_tokens=revoked,
            **restoring.usable(work.connection, work.now),
        )
        told = asdict(done) | {"as_of": as_of.isoformat(), "restored_at": work.now.isoformat(), "means": means}
        record(work, "app:installation:restore", f"installation:{done.instance_id}", after=told)
        work.tell(*Topic)
        if not database.is_sqlite:
            postgresql_dump.finish(work)
    return done


def check_audit(database: Database, expected: Head | None = None) -> None:
    """Raises ConflictError where the chain of events isn't whole."""
    finding = verify(database, expected).finding
    if finding is not None:
        raise ConflictError(f"the audit of these data isn't whole: {finding.message} (position {finding.position})")


def adopt(
    settings: Settings, actor: Actor, as_of: datetime | None, wishes: Wishes, *, clock: Clock = system_clock
) -> AfterRestore:
    """Make a database usable that was brought back to an earlier state by other means than `registry restore`.

    `as_of` is the instant of that state; by default that of the newest thing in it, which is no later. Raises
    ConfigurationError where there is no database or another master key belongs to it, ConflictError where it is in use
    or its audit isn't whole.
    """
    if not settings.master_key_file.exists():
        raise ConfigurationError(f"the master key {settings.master_key_file} is missing: put it there first")
    database = Database(settings.database_url, clock, master_key=MasterKey.open(settings.master_key_file))
    try:
        refuse_unfinished(database)
        if (database.is_sqlite and not file_of(database).exists()) or schema_version(database) is None:
            raise ConfigurationError("the database is empty: there is nothing to adopt")
        check_alone(database)
        migrate(database)
        check_installation(database)
        check_audit(database)
        if as_of is None:
            with database.read() as connection:
                as_of = restoring.inventory(connection).newest_change or database.now()
        return complete_restore(database, actor, as_of, wishes, means="other")
    finally:
        database.dispose()


def check_alone(database: Database) -> None:
    """Raises ConflictError where another program works with the database."""
    if database.is_sqlite:
        database.dispose()
        with sqlite_copy.alone_with(file_of(database)):
            return
    postgresql_dump.check_alone(database)
