# SPDX-License-Identifier: Apache-2.0
"""Restores a backup: nothing is touched before everything about it is known to be good.

On SQLite the database is made ready beside its place, and takes it in one step at the end. On PostgreSQL it says until
the last transaction that it isn't complete. Whatever interrupts a restore, the same command can be run again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from registry.app import secret_files
from registry.app.after_restore import (
    AfterRestore,
    Wishes,
    ZoneRestart,
    check_alone,
    check_audit,
    complete_restore,
    zone_restarts,
)
from registry.app.archive import SECRETS, Archive, Manifest, Progress
from registry.app.backup import check_database, no_progress
from registry.app.instance import make_private_folder
from registry.app.secret_files import MASTER_KEY, Placed
from registry.audit.chain import Head
from registry.clock import Clock, system_clock
from registry.errors import ConfigurationError, ConflictError
from registry.master_key import MasterKey
from registry.serials import is_greater
from registry.settings import Settings
from registry.storage import postgresql_dump, sqlite_copy
from registry.storage.engine import Actor, Database, sqlite_url
from registry.storage.installation import check_installation
from registry.storage.migrate import known_versions, migrate
from registry.storage.queries import restoring
from registry.storage.queries.restoring import Inventory
from registry.storage.unfinished import file_of, is_unfinished, staging_file


@dataclass(frozen=True, slots=True)
class Choices:
    """What whoever restores has chosen.

    Without a passphrase the secret files are left where they are, and have to be there already.
    """

    passphrase: str | None
    replace: bool = False
    """Put the backup in the place of what is there."""
    original_paths: bool = False
    """Write files to where they were, even outside of the data folder."""
    wishes: Wishes = field(default_factory=lambda: Wishes({}))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore will do."""

    manifest: Manifest
    files: tuple[Placed, ...]
    settings: dict[str, str]
    """Settings that have to be changed, with what they should say."""
    zones: tuple[ZoneRestart, ...]
    lost: Inventory | None
    """What is there now, and will be no more."""
    master_key: MasterKey
    wishes: Wishes
    """With the serials of what is there now."""


def plan_restore(
    archive: Archive,
    settings: Settings,
    choices: Choices,
    *,
    clock: Clock = system_clock,
    progress: Progress = no_progress,
) -> Plan:
    """Check everything about a backup and about where it is to go; nothing is changed.

    Raises ValidationError where the backup isn't whole or the passphrase is wrong; ConfigurationError where it doesn't
    fit this program, this kind of database or this master key; ConflictError where something is in its way.
    """
    manifest = archive.manifest
    archive.check(progress)
    database = Database(settings.database_url, clock)
    try:
        _check_fits(manifest, database)
        placed = _placed(archive, settings, choices)
        master_key = _master_key(manifest, placed, settings)
        lost = _in_the_way(database)
        if not choices.replace:
            _refuse_to_replace(lost, placed)
        published = dict(choices.wishes.published)
        for name, serial in (lost.zones if lost else {}).items():
            known = published.get(name)
            if name in manifest.zones and (known is None or is_greater(serial, known)):
                published[name] = serial
        wishes = replace(choices.wishes, published=published)
        zones = zone_restarts(manifest.zones, manifest.made_at, clock(), published)
        changed = secret_files.settings_to_change(placed, settings)
        return Plan(manifest, placed, changed, zones, lost, master_key, wishes)
    finally:
        database.dispose()


def _check_fits(manifest: Manifest, database: Database) -> None:
    if manifest.schema_revision not in known_versions(database):
        raise ConfigurationError(
            f"the backup was made by {manifest.product}, a newer version (schema {manifest.schema_revision}): restore "
            "it with that one"
        )
    kind = "sqlite" if database.is_sqlite else "postgresql"
    if manifest.database_kind != kind:
        raise ConfigurationError(
            f"the backup is of {manifest.database_kind}, and REGISTRY_DATABASE_URL names {kind}: restore it there, and "
            "move it with registry database copy"
        )


def _placed(archive: Archive, settings: Settings, choices: Choices) -> tuple[Placed, ...]:
    manifest = archive.manifest
    if choices.passphrase is None:
        return ()
    if SECRETS not in manifest.parts:
        raise ConfigurationError("the backup has no secret files: say --without-secrets")
    files = secret_files.unseal(archive.secrets(), manifest, choices.passphrase)
    return tuple(secret_files.places(files, manifest, settings, original_paths=choices.original_paths))


def _master_key(manifest: Manifest, placed: tuple[Placed, ...], settings: Settings) -> MasterKey:
    """The key of the backup, which comes with it or is there already."""
    from_backup = [item.file.content for item in placed if item.file.setting == MASTER_KEY]
    if from_backup:
        key = _parsed(from_backup[0])
    elif settings.master_key_file.exists():
        key = MasterKey.open(settings.master_key_file)
    else:
        raise ConfigurationError(f"the master key {settings.master_key_file} is missing: put it there first")
    if manifest.master_key_check not in {None, key.check}:
        raise ConfigurationError(f"the master key {settings.master_key_file} is not the one of the backup")
    return key


def _parsed(content: bytes) -> MasterKey:
    try:
        return MasterKey(bytes.fromhex(content.decode("ascii").strip()))
    except ValueError as error:
        raise ConfigurationError("the master key in the backup is not hexadecimal") from error


def _in_the_way(database: Database) -> Inventory | None:
    """What a restore would replace; nobody else may work with it."""
    if database.is_sqlite and not file_of(database).exists():
        return None
    check_alone(database)
    if not database.is_sqlite and is_unfinished(database):
        return None  # half of an earlier restore
    with postgresql_dump.unhurried(database) as connection:
        found = restoring.inventory(connection)
    return None if found.is_empty else found


def _refuse_to_replace(lost: Inventory | None, placed: tuple[Placed, ...]) -> None:
    if lost is not None:
        newest = f", the newest event is of {lost.newest_event:%Y-%m-%d %H:%M:%S} UTC" if lost.newest_event else ""
        rows = sum(lost.tables.values())
        raise ConflictError(
            f"the database is not empty ({rows} rows{newest}); --replace --plan shows what would be lost"
        )
    if held := [str(item.place) for item in placed if item.replaces]:
        raise ConflictError(f"there are other files already ({', '.join(held)}); --replace puts them aside")


def restore(
    archive: Archive,
    settings: Settings,
    plan: Plan,
    actor: Actor,
    *,
    clock: Clock = system_clock,
    progress: Progress = no_progress,
) -> AfterRestore:
    """Do what a plan says. Raises ConfigurationError, ConflictError or TechnicalError; then it isn't done.

    What is replaced is kept: a SQLite database and files under a name that ends in `.replaced-` and the time. The
    tables of a PostgreSQL database are dropped.
    """
    make_private_folder(settings.data_dir)
    suffix = f".replaced-{clock():%Y%m%dT%H%M%SZ}"
    database = Database(settings.database_url, clock, master_key=plan.master_key)
    try:
        if database.is_sqlite:
            return _restore_sqlite(archive, database, plan, actor, suffix, progress)
        return _restore_postgresql(archive, settings, database, plan, actor, suffix, progress)
    finally:
        database.dispose()


def _restore_sqlite(
    archive: Archive, target: Database, plan: Plan, actor: Actor, suffix: str, progress: Progress
) -> AfterRestore:
    place = file_of(target)
    with _staging(place) as file:
        archive.extract_database(file, progress)
        check_database(plan.manifest, file)
        database = Database(sqlite_url(file), target.now, master_key=plan.master_key)
        try:
            _make_ready(database, plan)
            done = _complete(database, plan, actor)
        finally:
            database.dispose()
        if place.exists():
            check_alone(target)
        secret_files.write(plan.files, suffix)
        aside = place.with_name(place.name + suffix) if plan.lost is not None else None
        sqlite_copy.put_in_place(file, place, aside)
    return done


def _restore_postgresql(
    archive: Archive, settings: Settings, database: Database, plan: Plan, actor: Actor, suffix: str, progress: Progress
) -> AfterRestore:
    with _staging(settings.data_dir.absolute() / "postgresql") as file:
        archive.extract_database(file, progress)
        check_database(plan.manifest, file)
        postgresql_dump.restore(database, file)
    _make_ready(database, plan)
    secret_files.write(plan.files, suffix)
    return _complete(database, plan, actor)


def _make_ready(database: Database, plan: Plan) -> None:
    """Bring the database to the newest schema; check that it is the right one, and whole."""
    migrate(database)
    check_installation(database)
    head = plan.manifest.audit_head
    check_audit(database, Head(head.position, head.hash) if head else None)


def _complete(database: Database, plan: Plan, actor: Actor) -> AfterRestore:
    moved = secret_files.moved_paths(plan.files)
    return complete_restore(database, actor, plan.manifest.made_at, plan.wishes, moved=moved)


@contextmanager
def _staging(place: Path) -> Iterator[Path]:
    """Where a database is made ready; gone at the end, unless the process is killed, and then gone the next time."""
    file = staging_file(place)
    make_private_folder(place.parent)
    remains = [file.with_name(file.name + end) for end in ("", "-wal", "-shm", "-journal")]
    for each in remains:
        each.unlink(missing_ok=True)
    try:
        yield file
    finally:
        for each in remains:
            each.unlink(missing_ok=True)
