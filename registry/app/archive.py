# SPDX-License-Identifier: Apache-2.0
"""The archive that a backup is: a ZIP file with a manifest, the database, and the secret files encrypted.

Nothing in an archive is believed before it is checked: its members have fixed names, their sizes and hashes are in the
manifest, and what is read of one ends at its size. With a passphrase the manifest is authenticated, and with its hashes
everything else (see `registry.app.secret_files`); without one whoever can write to the archive can write anything.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, Field, TypeAdapter
from pydantic import ValidationError as PydanticError

from registry.errors import AlreadyExistsError, ConfigurationError, TechnicalError, ValidationError

PartName = Literal["database", "secrets"]
FORMAT: Literal[1] = 1
MANIFEST = "manifest.json"
DATABASE: PartName = "database"
SECRETS: PartName = "secrets"
_MAX_MANIFEST = 4 << 20  # bytes
MAX_SECRETS = 16 << 20  # bytes
_CHUNK = 1 << 20
_LEVEL = 1  # what is left to gain is in signatures, which don't compress

Progress = Callable[[str, int, int | None], None]
"""What is being done, how much of it is done, and of how much, where that is known."""
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Part:
    """A member of the archive: its size in bytes, and the SHA-256 of its content."""

    size: _Count
    sha256: _Sha256


@dataclass(frozen=True, slots=True)
class KeyDerivation:
    """How the key of the secret files comes from the passphrase: scrypt (RFC 7914), and the nonce of AES-256-GCM.

    The bounds are those of what a restore is ready to do for an archive that it doesn't know: 1 GiB of memory.
    """

    salt: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    nonce: Annotated[str, Field(pattern="^[0-9a-f]{24}$")]
    n: Annotated[int, Field(ge=2**14, le=2**20)] = 2**17
    r: Annotated[int, Field(ge=8, le=8)] = 8
    p: Annotated[int, Field(ge=1, le=4)] = 1


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of the audit chain."""

    position: _Count
    hash: _Sha256


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    product: str
    database_kind: Literal["sqlite", "postgresql"]
    schema_revision: str
    instance_id: str | None
    master_key_check: str | None
    made_at: AwareDatetime
    """What was committed before it is in the backup."""
    data_dir: str
    tables: dict[str, _Count]
    zones: dict[str, _Count]
    audit_head: AuditHead | None
    newest_event: AwareDatetime | None
    parts: dict[PartName, Part]
    key_derivation: KeyDerivation | None = None
    lacks: tuple[str, ...] = ()
    """Files that are needed and aren't in the backup."""
    format: Literal[1] = FORMAT

    def to_json(self) -> bytes:
        """As it stands in the archive."""
        return _MANIFEST.dump_json(self, indent=2)

    def without_secrets(self) -> bytes:
        """What is authenticated with the secret files: everything but they themselves."""
        return replace(self, parts={DATABASE: self.parts[DATABASE]}).to_json()


_MANIFEST = TypeAdapter(Manifest)


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> int: ...


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ArchiveWriter:
    """Writes an archive; make it with `writing`."""

    def __init__(self, stream: zipfile.ZipFile) -> None:
        self._archive = stream

    def add(self, name: str, write: Callable[[Sink], None], *, compress: bool = False) -> Part:
        """Add a member whose content `write` gives."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        with self._archive.open(info, "w", force_zip64=True) as member:
            counted = _Counted(member)
            write(counted)
        return Part(counted.size, counted.sha256.hexdigest())

    def add_file(self, name: str, file: Path, progress: Progress) -> Part:
        """Add a member from a file, compressed."""
        total = file.stat().st_size

        def write(out: Sink) -> None:
            with file.open("rb") as stream:
                _copy(stream, out, total, lambda done: progress(name, done, total))

        return self.add(name, write, compress=True)


class _Counted:
    def __init__(self, stream: Sink) -> None:
        self._stream = stream
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.size += len(data)
        self.sha256.update(data)
        return self._stream.write(data)


@contextmanager
def writing(file: Path) -> Iterator[tuple[ArchiveWriter, Path]]:
    """Write an archive inside the block, which also has a private folder for what it needs; then it stands there.

    Under its name there is nothing, or the whole archive, readable by its owner only. Raises AlreadyExistsError where
    something has that name, and ConfigurationError where it can't be written.
    """
    if file.exists():
        raise AlreadyExistsError(f"{file} exists already; a backup is never written over")
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{file.name}.", dir=file.parent))  # 0700
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written: {error.strerror}") from error
    try:
        new = folder / "archive"
        with new.open("xb") as stream:
            new.chmod(0o600)
            with zipfile.ZipFile(stream, "w", compresslevel=_LEVEL) as archive:
                yield ArchiveWriter(archive), folder
            stream.flush()
            os.fsync(stream.fileno())
        new.rename(file)
        sync_folder(file.parent)
    except OSError as error:
        raise TechnicalError(f"{file} can't be written: {error.strerror}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Archive:
    """An archive that is read; make it with `reading`."""

    def __init__(self, file: Path, stream: zipfile.ZipFile) -> None:
        self.file = file
        self._archive = stream
        self._members = _members(stream)
        self.manifest = self._read_manifest()
        if set(self._members) != {MANIFEST, *self.manifest.parts} or DATABASE not in self.manifest.parts:
            raise broken("its members are not those that its manifest names")
        for name, part in self.manifest.parts.items():
            if self._members[name].file_size != part.size:
                raise broken(f"its {name} has another size than the manifest says")

    def check(self, progress: Progress) -> None:
        """Compare every part with its hash. Raises ValidationError BACKUP-BROKEN."""
        for name in self.manifest.parts:
            self._copy_to(name, None, progress)

    def extract_database(self, target: Path, progress: Progress) -> None:
        """Write the database into a new file, and sync it. Raises as `check`, TechnicalError where there is no room."""
        size = self.manifest.parts[DATABASE].size
        free = shutil.disk_usage(target.parent).free
        if size > free:
            raise TechnicalError(f"{target.parent} has {free:,} bytes left, and the database needs {size:,}")
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                self._copy_to(DATABASE, out, progress)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise TechnicalError(f"{target} can't be written: {error.strerror}") from error

    def secrets(self) -> bytes:
        """The encrypted secret files. Raises as `check`."""
        if self.manifest.parts[SECRETS].size > MAX_SECRETS:
            raise broken("its secret files are too large")
        with _translated(), self._archive.open(self._members[SECRETS]) as member:
            data = member.read(MAX_SECRETS)
        if hashlib.sha256(data).hexdigest() != self.manifest.parts[SECRETS].sha256:
            raise broken(f"its {SECRETS} is not what the manifest says")
        return data

    def _copy_to(self, name: PartName, out: Sink | None, progress: Progress) -> None:
        part = self.manifest.parts[name]
        counted = _Counted(out or _Nowhere())
        with _translated(), self._archive.open(self._members[name]) as member:
            _copy(member, counted, part.size, lambda done: progress(name, done, part.size))
        if (counted.size, counted.sha256.hexdigest()) != (part.size, part.sha256):
            raise broken(f"its {name} is not what the manifest says")

    def _read_manifest(self) -> Manifest:
        info = self._members.get(MANIFEST)
        if info is None or info.file_size > _MAX_MANIFEST:
            raise broken("it has no manifest")
        with self._archive.open(info) as member:
            data = member.read(_MAX_MANIFEST)
        try:
            return _MANIFEST.validate_json(data)
        except PydanticError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in first["loc"])
            raise broken(f"its manifest isn't one that this version knows: {where}: {first['msg']}") from error


@contextmanager
def reading(file: Path) -> Iterator[Archive]:
    """The archive in a file, its manifest read. Raises ConfigurationError, or ValidationError BACKUP-BROKEN."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error.strerror}") from error
    with stream:
        with _translated():
            archive = Archive(file, zipfile.ZipFile(stream))
        yield archive


class _Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by name, all of which are plain files that can be in an archive of ours."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        plain = kind == stat.S_IFREG and info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        if info.filename not in {MANIFEST, DATABASE, SECRETS} or info.filename in found or not plain:
            raise broken("it has a member that no backup has")
        if info.flag_bits & 1:
            raise broken("it is encrypted as a whole")
        found[info.filename] = info
    return found


def broken(what: str) -> ValidationError:
    """An archive that isn't to be believed."""
    return ValidationError.of("BACKUP-BROKEN", f"this is no backup, or a damaged one: {what}")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise broken(str(error) or type(error).__name__) from error


def _copy(stream: _Source, out: Sink, most: int, progress: Callable[[int], None]) -> None:
    done = 0
    while done <= most and (chunk := stream.read(_CHUNK)):
        out.write(chunk)
        progress(done := done + len(chunk))


def sync_folder(folder: Path) -> None:
    """Let the names in a folder survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
