# SPDX-License-Identifier: Apache-2.0
"""Makes a backup of an installation, also while it is running, and tells what is in one.

The database is copied as one consistent state: what was acknowledged before the backup began is in it. It isn't
migrated before: a backup is what one makes before an upgrade.
"""

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from registry import __version__
from registry.app import secret_files
from registry.app.archive import (
    DATABASE,
    MANIFEST,
    SECRETS,
    ArchiveWriter,
    AuditHead,
    Manifest,
    Part,
    Progress,
    Sink,
    broken,
    reading,
    writing,
)
from registry.app.last_backup import note_backup
from registry.app.secret_files import SecretFile
from registry.clock import Clock, system_clock
from registry.errors import ConfigurationError
from registry.settings import Settings
from registry.storage import postgresql_dump, sqlite_copy
from registry.storage.engine import Database, sqlite_url
from registry.storage.migrate import schema_version
from registry.storage.queries import restoring
from registry.storage.queries.restoring import Inventory
from registry.storage.unfinished import file_of, refuse_unfinished
from registry.storage.unit_of_work import Connection


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds, all of whose parts are what its manifest says."""

    manifest: Manifest
    secret_files: tuple[str, ...] | None
    """The paths that they had; None where nobody has said the passphrase."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copied database."""

    part: Part
    inventory: Inventory
    signing_key_files: list[str]


def no_progress(what: str, done: int, total: int | None) -> None:
    """Tells nobody."""


def make_backup(
    settings: Settings,
    file: Path,
    passphrase: str | None,
    *,
    clock: Clock = system_clock,
    progress: Progress = no_progress,
) -> Manifest:
    """Write a backup of the installation that the settings name; without a passphrase the secret files stay out.

    Raises AlreadyExistsError where the file exists; ConfigurationError where there is no installation, a program is
    missing or the passphrase is too short; TechnicalError where the database or the disk fails.
    """
    database = Database(settings.database_url, clock)
    try:
        if database.is_sqlite and not file_of(database).exists():
            raise ConfigurationError(f"there is no database {file_of(database)}")
        refuse_unfinished(database)
        schema = schema_version(database)
        if schema is None:
            raise ConfigurationError("the database is empty: there is nothing to back up")
        made_at = clock()  # before the copy begins: what was acknowledged until now is in it
        with writing(file) as (archive, folder):
            copied = _copy_sqlite(database, archive, folder, progress) if database.is_sqlite else None
            copied = copied or _copy_postgresql(database, archive, progress)
            files, lacks = secret_files.collect(settings, copied.signing_key_files)
            if passphrase is None:
                lacks = [*(each.path for each in files), *lacks]
            manifest = _manifest(database, settings, schema, made_at, copied, lacks)
            if passphrase is not None:
                manifest = _add_secrets(archive, manifest, files, passphrase)
            archive.add(MANIFEST, lambda out: _write(out, manifest.to_json()))
        note_backup(settings.data_dir, made_at)
        return manifest
    finally:
        database.dispose()


def _copy_sqlite(database: Database, archive: ArchiveWriter, folder: Path, progress: Progress) -> _Copy:
    file = folder / "database"
    sqlite_copy.copy_online(file_of(database), file, lambda done, total: progress("copy of the database", done, total))
    sqlite_copy.check_copy(file)
    copy = Database(sqlite_url(file), database.now)
    try:
        with copy.read() as connection:
            inventory, keys = _describe(connection)
    finally:
        copy.dispose()
    return _Copy(archive.add_file(DATABASE, file, progress), inventory, keys)


def _copy_postgresql(database: Database, archive: ArchiveWriter, progress: Progress) -> _Copy:
    with postgresql_dump.unhurried(database) as connection:
        inventory, keys = _describe(connection)

        def dump(out: Sink) -> None:
            postgresql_dump.dump(database, connection, out.write, lambda done: progress(DATABASE, done, None))

        return _Copy(archive.add(DATABASE, dump), inventory, keys)


def _describe(connection: Connection) -> tuple[Inventory, list[str]]:
    return restoring.inventory(connection), restoring.signing_key_files(connection)


def _manifest(
    database: Database, settings: Settings, schema: str, made_at: datetime, copied: _Copy, lacks: list[str]
) -> Manifest:
    found = copied.inventory
    head = None
    if found.chain_position is not None and found.chain_hash is not None:
        head = AuditHead(found.chain_position, found.chain_hash)
    return Manifest(
        product=f"edelivery-registry {__version__}",
        database_kind="sqlite" if database.is_sqlite else "postgresql",
        schema_revision=schema,
        instance_id=found.instance_id,
        master_key_check=found.master_key_check,
        made_at=made_at,
        data_dir=str(settings.data_dir.absolute()),
        tables=found.tables,
        zones=found.zones,
        audit_head=head,
        newest_event=found.newest_event,
        parts={DATABASE: copied.part},
        lacks=tuple(lacks),
    )


def _add_secrets(archive: ArchiveWriter, manifest: Manifest, files: list[SecretFile], passphrase: str) -> Manifest:
    manifest = replace(manifest, key_derivation=secret_files.new_derivation())
    sealed = secret_files.seal(files, manifest, passphrase)
    part = archive.add(SECRETS, lambda out: _write(out, sealed))
    return replace(manifest, parts={**manifest.parts, SECRETS: part})


def _write(out: Sink, data: bytes) -> None:
    out.write(data)


def verify_backup(file: Path, passphrase: str | None, progress: Progress = no_progress) -> Contents:
    """Look at everything in a backup, as a restore would find it; the database is opened, in a temporary folder.

    Raises ConfigurationError where it can't be read or a program is missing, ValidationError where it isn't whole or
    the passphrase is wrong, TechnicalError where the database in it is damaged or there is no room.
    """
    with reading(file) as archive:
        manifest = archive.manifest
        names = None
        if SECRETS in manifest.parts:
            sealed = archive.secrets()
            if passphrase is not None:
                names = tuple(each.path for each in secret_files.unseal(sealed, manifest, passphrase))
        with tempfile.TemporaryDirectory(prefix="registry-backup-") as folder:
            copy = Path(folder) / "database"
            archive.extract_database(copy, progress)
            check_database(manifest, copy)
    return Contents(manifest, names)


def check_database(manifest: Manifest, file: Path) -> None:
    """Open the database of a backup. Raises TechnicalError where it is damaged, ValidationError where it is another."""
    if manifest.database_kind == "postgresql":
        held = postgresql_dump.tables_in(file)
        same = held >= manifest.tables.keys()
    else:
        sqlite_copy.check_copy(file)
        copy = Database(sqlite_url(file), system_clock)
        try:
            with copy.read() as connection:
                found = restoring.inventory(connection)
        finally:
            copy.dispose()
        same = (found.tables, found.zones) == (manifest.tables, manifest.zones)
    if not same:
        raise broken("the database isn't the one that the manifest is about")
