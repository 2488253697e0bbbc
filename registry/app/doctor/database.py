# SPDX-License-Identifier: Apache-2.0
"""The database: where it is, what it says of itself, its schema, its key, its clock."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from registry.app.doctor.findings import Finding, error, hint, warning
from registry.errors import ConfigurationError
from registry.master_key import MasterKey
from registry.settings import Settings
from registry.storage.engine import Database
from registry.storage.inspection import ServerFacts, events_after, installation_facts, server_facts
from registry.storage.installation import compatible_from
from registry.storage.migrate import known_versions, newest_version, schema_version

_OLDEST_SQLITE, _OLDEST_POSTGRESQL = (3, 40), (15,)
_SKEW, _GREAT_SKEW = timedelta(seconds=2), timedelta(minutes=1)
_RESERVED_CONNECTIONS = 5
_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.glusterfs"}
)
_MOUNTS = Path("/proc/self/mounts")


def check_database(settings: Settings, database: Database) -> Iterator[Finding]:
    """Raises TechnicalError where it can't be reached."""
    facts = server_facts(database)
    yield from _check_version(database, facts)
    if database.is_sqlite:
        yield from _check_sqlite(database, facts)
    else:
        yield from _check_postgresql(settings, facts)
    yield from _check_clock(database, facts)


def _check_version(database: Database, facts: ServerFacts) -> Iterator[Finding]:
    oldest = _OLDEST_SQLITE if database.is_sqlite else _OLDEST_POSTGRESQL
    numbers = tuple(int(part) for part in facts.version.split()[0].split(".") if part.isdecimal())
    if numbers < oldest:
        kind = "SQLite" if database.is_sqlite else "PostgreSQL"
        wanted = ".".join(map(str, oldest))
        what = f"{kind} {facts.version} is older than {wanted}, with which this program is tested"
        yield error("DOCTOR-DATABASE-OLD", what, f"Upgrade {kind}.")


def _check_sqlite(database: Database, facts: ServerFacts) -> Iterator[Finding]:
    file = Path(str(database.url.database)).absolute()
    kind = file_system_of(file, _MOUNTS.read_text("utf-8", errors="replace")) if _MOUNTS.exists() else ""
    if kind in _NETWORK_FILE_SYSTEMS:
        yield error(
            "DOCTOR-SQLITE-NETWORK",
            f"{file} is on a network file system ({kind}), where SQLite's locks don't hold: it will be damaged",
            "Move it to a local disk, or use PostgreSQL (`registry database copy`).",
        )
    if facts.journal_mode != "wal":
        what = f"SQLite's journal is {facts.journal_mode}, not WAL: readers and the writer wait for each other"
        yield warning("DOCTOR-SQLITE-WAL", what, "See that the folder can be written, and that it is a local disk.")


def file_system_of(file: Path, mounts: str) -> str:
    """The type of the file system that a file is on, from the text of /proc/mounts; empty where it isn't known."""
    found, longest = "", -1
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        place = Path(fields[1].replace("\\040", " "))
        if file.is_relative_to(place) and len(place.parts) > longest:
            found, longest = fields[2], len(place.parts)
    return found


def _check_postgresql(settings: Settings, facts: ServerFacts) -> Iterator[Finding]:
    most = facts.max_connections
    if most is not None and settings.database_connections + _RESERVED_CONNECTIONS > most:
        what = f"one process may take {settings.database_connections} connections, and PostgreSQL has {most} for all"
        remedy = "Raise max_connections of PostgreSQL, or lower REGISTRY_DATABASE_CONNECTIONS."
        yield warning("DOCTOR-CONNECTIONS", what, remedy)
    if settings.database_lock_s >= settings.database_statement_s:
        what = "a statement is broken off before its wait for a lock is"
        remedy = "Let REGISTRY_DATABASE_LOCK_S be less than REGISTRY_DATABASE_STATEMENT_S."
        yield warning("DOCTOR-TIMEOUTS", what, remedy)


def _check_clock(database: Database, facts: ServerFacts) -> Iterator[Finding]:
    if facts.clock is None:
        return
    skew = abs(database.now() - facts.clock)
    if skew > _SKEW:
        what = f"the clocks of this machine and of the database are {skew.total_seconds():.1f} s apart"
        remedy = "Let both follow a time server (chrony, systemd-timesyncd)."
        yield (error if skew > _GREAT_SKEW else warning)("DOCTOR-CLOCK", what, remedy)


def check_schema(database: Database) -> Iterator[Finding]:
    """Whether this version can work with the tables; nothing else can be looked at where it can't."""
    found, newest = schema_version(database), newest_version(database)
    if found is None:
        yield hint("DOCTOR-NEW", "the database is empty", "`registry serve` sets it up.")
    elif found in known_versions(database) and found != newest:
        what = f"the database has the schema {found}, and this version brings {newest}"
        yield warning("DOCTOR-SCHEMA", what, "Make a backup; the next start of this version brings it up to date.")
    elif found != newest:
        oldest = compatible_from(database)
        if oldest is None or newest is None or newest < oldest:
            what = f"the database has the schema {found}, which this version can't use (it knows {newest})"
            yield error("DOCTOR-SCHEMA", what, "Use the version of the program that the database was last used with.")


def check_master_key(settings: Settings, database: Database) -> Iterator[Finding]:
    """Whether the key is there, and is the one that belongs to the database."""
    with database.read() as connection:
        facts = installation_facts(connection)
    file = settings.master_key_file
    if not file.exists():
        if facts is not None and facts.master_key_check is not None:
            remedy = "Bring the file back, from a backup; without it nothing that the audit has sealed can be read."
            yield error("DOCTOR-MASTER-KEY", f"the master key {file} is missing", remedy)
        return
    try:
        key = MasterKey.open(file)
    except ConfigurationError as problem:
        yield error("DOCTOR-MASTER-KEY", str(problem), "See who may read it (chmod 600), or bring it from a backup.")
        return
    if facts is not None and facts.master_key_check not in {None, key.check}:
        what = f"{file} is not the key of this database"
        yield error("DOCTOR-MASTER-KEY", what, "Set REGISTRY_MASTER_KEY_FILE to the file it was made with.")


def check_history(database: Database) -> Iterator[Finding]:
    """Whether the clock was ever ahead of what it is now."""
    with database.read() as connection:
        later = events_after(connection, database.now() + _SKEW)
    if later:
        what = f"{later} events of the audit are from the future: the clock was ahead, or is behind"
        yield warning("DOCTOR-CLOCK", what, "Let the machine follow a time server.")
