# SPDX-License-Identifier: Apache-2.0
"""The folder that holds snapshots: written whole or not at all, whenever a process is killed.

::

    objects/ab/ab12…     documents and certificates by the SHA-256 of their bytes
    snapshots/12ab….json manifests by the SHA-256 of theirs
    pins/NAME            the digest of a snapshot that must be kept
    current              the digest of the newest snapshot
    downloads.json       what servers said of the documents (ETag); loses nothing but time when it is lost
    lock                 held by the one process that writes

Nothing is ever changed in `objects` and `snapshots`; what a killed process leaves behind there is unreferenced, and
`prune` takes it away.
"""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from trust_lists.errors import SourceError
from trust_lists.sources.manifest import Manifest, manifest_from_bytes
from trust_lists.sources.ports import Known

CURRENT = "current"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART_OF_DIGEST = re.compile(r"[0-9a-f]{6,64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class AnyManifest(Protocol):
    """What a snapshot consists of."""

    @property
    def at(self) -> datetime:
        """When it was made; aware."""
        ...

    @property
    def objects(self) -> frozenset[str]:
        """The digests of all that the snapshot refers to."""
        ...

    def to_bytes(self) -> bytes:
        """Canonical: the same bytes for the same manifest."""
        ...


_ManifestT = TypeVar("_ManifestT", bound=AnyManifest)


class SnapshotFolder(Generic[_ManifestT]):
    """A folder of snapshots. Errors of reading and writing are SourceError, their reason_id STORE_* or SNAPSHOT_*."""

    def __init__(self, folder: Path, parse: Callable[[bytes], _ManifestT], made_by: str) -> None:
        """`parse` raises SourceError SNAPSHOT_FORMAT; `made_by` names the command that makes such snapshots."""
        self.folder = folder
        self._parse = parse
        self._made_by = made_by

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps other processes from writing; the system lets go of it when a process dies. Raises STORE_LOCKED."""
        import fcntl

        with _named_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            stream = (self.folder / "lock").open("w")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise SourceError("STORE_LOCKED", f"another process is writing to {self.folder}") from None
            yield

    # Objects

    def put(self, data: bytes) -> str:
        """Keeps bytes; their SHA-256."""
        digest = sha256(data).hexdigest()
        path = self._object(digest)
        try:
            there = path.read_bytes() == data
        except OSError:
            there = False
        if not there:
            _write(path, data)
        return digest

    def read(self, digest: str) -> bytes:
        """Bytes by their SHA-256. Raises SourceError SNAPSHOT_OBJECT_MISSING, SNAPSHOT_OBJECT_DAMAGED."""
        try:
            data = self._object(digest).read_bytes()
        except OSError:
            raise SourceError("SNAPSHOT_OBJECT_MISSING", f"{self.folder} lacks the document {digest}") from None
        if sha256(data).hexdigest() != digest:
            raise SourceError("SNAPSHOT_OBJECT_DAMAGED", f"the document {digest} in {self.folder} was changed")
        return data

    def _object(self, digest: str) -> Path:
        return self.folder / "objects" / digest[:2] / digest

    # Snapshots

    def put_manifest(self, manifest: _ManifestT) -> str:
        """Keeps a manifest; its digest. The objects must be there already."""
        data = manifest.to_bytes()
        digest = sha256(data).hexdigest()
        _write(self._manifest(digest), data)
        return digest

    def read_manifest(self, digest: str) -> _ManifestT:
        """Raises SourceError SNAPSHOT_MISSING, SNAPSHOT_DAMAGED, SNAPSHOT_FORMAT."""
        try:
            data = self._manifest(digest).read_bytes()
        except OSError:
            raise SourceError("SNAPSHOT_MISSING", f"{self.folder} has no snapshot {digest}") from None
        if sha256(data).hexdigest() != digest:
            raise SourceError("SNAPSHOT_DAMAGED", f"the snapshot {digest} in {self.folder} was changed")
        return self._parse(data)

    def digests(self) -> tuple[str, ...]:
        """The digests of all snapshots, in no certain order."""
        found = (path.stem for path in (self.folder / "snapshots").glob("*.json"))
        return tuple(sorted(digest for digest in found if _DIGEST.fullmatch(digest)))

    @property
    def current(self) -> str:
        """The digest of the newest snapshot; "" where there is none. Raises SourceError SNAPSHOT_DAMAGED."""
        path = self.folder / CURRENT
        digest = _read_digest(path)
        if not digest and path.exists():
            # to begin anew would forget which sequence numbers were seen
            raise SourceError("SNAPSHOT_DAMAGED", f"{path} is damaged; write the digest of a snapshot into it")
        return digest

    def set_current(self, digest: str) -> None:
        """Makes a snapshot the newest."""
        _write(self.folder / CURRENT, digest.encode())

    def resolve(self, name: str) -> str:
        """The digest of the snapshot that is meant by "" (the newest), a pin, a digest, or the beginning of one.

        Raises SourceError SNAPSHOT_MISSING, SNAPSHOT_AMBIGUOUS.
        """
        if name in {"", CURRENT}:
            if not self.current:
                raise SourceError(
                    "SNAPSHOT_MISSING", f"there is no snapshot in {self.folder} yet; {self._made_by} makes one"
                )
            return self.current
        if pinned := self.pins().get(name):
            return pinned
        found = [each for each in self.digests() if _PART_OF_DIGEST.fullmatch(name) and each.startswith(name)]
        if len(found) > 1:
            raise SourceError("SNAPSHOT_AMBIGUOUS", f"{len(found)} snapshots begin with {name}")
        if not found:
            raise SourceError("SNAPSHOT_MISSING", f"{self.folder} has no snapshot and no pin {name!r}")
        return found[0]

    def _manifest(self, digest: str) -> Path:
        return self.folder / "snapshots" / f"{digest}.json"

    # Pins

    def pins(self) -> dict[str, str]:
        """Digests of snapshots that must be kept, by name."""
        found = {path.name: _read_digest(path) for path in sorted((self.folder / "pins").glob("*"))}
        return {name: digest for name, digest in found.items() if digest}

    def pin(self, name: str, digest: str) -> None:
        """Keeps a snapshot under a name. Raises SourceError SNAPSHOT_NAME."""
        if not _NAME.fullmatch(name) or name == CURRENT or _PART_OF_DIGEST.fullmatch(name):
            raise SourceError("SNAPSHOT_NAME", "a pin's name has letters, digits, '.', '_', '-', and is no digest")
        _write(self.folder / "pins" / name, digest.encode())

    def unpin(self, name: str) -> None:
        """Takes a name away. Raises SourceError SNAPSHOT_MISSING."""
        if name not in self.pins():
            raise SourceError("SNAPSHOT_MISSING", f"{self.folder} has no pin {name!r}")
        with _named_errors():
            (self.folder / "pins" / name).unlink()

    def prune(self, keep: int) -> tuple[int, int]:
        """Deletes snapshots but the newest `keep`, the current and the pinned ones, and objects that none refers to.

        Returns how many snapshots and how many objects are gone. Call it under `lock`. A snapshot that can't be read
        stops it: what it refers to is not known.
        """
        manifests = {digest: self.read_manifest(digest) for digest in self.digests()}
        by_age = sorted(manifests, key=lambda digest: manifests[digest].at, reverse=True)
        kept = {*by_age[: max(keep, 0)], self.current, *self.pins().values()} & set(manifests)
        referred = {each for digest in kept for each in manifests[digest].objects}
        gone = [path for path in (self.folder / "objects").glob("*/*") if path.name not in referred]
        with _named_errors():
            for digest in manifests.keys() - kept:
                self._manifest(digest).unlink()
            for path in gone:
                path.unlink()
        return len(manifests) - len(kept), len(gone)


class Store(SnapshotFolder[Manifest]):
    """The snapshots of a list of lists, and what servers said of its documents."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, manifest_from_bytes, "refresh")

    def downloads(self) -> dict[str, Known]:
        """By location; empty where the file is lost or damaged."""
        try:
            found = json.loads((self.folder / "downloads.json").read_bytes())
            return {url: Known(each["sha256"], each["etag"], each["last_modified"]) for url, each in found.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def put_downloads(self, downloads: Mapping[str, Known]) -> None:
        """Keeps them in place of the old ones."""
        told = {
            url: {"sha256": each.sha256, "etag": each.etag, "last_modified": each.last_modified}
            for url, each in sorted(downloads.items())
        }
        _write(self.folder / "downloads.json", json.dumps(told, indent=1).encode())


@contextlib.contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError("STORE_UNWRITABLE", f"the store can't be written: {error.strerror or error}") from None


def _read_digest(path: Path) -> str:
    try:
        text = path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
    return text if _DIGEST.fullmatch(text) else ""


def _write(path: Path, data: bytes) -> None:
    """Puts a file in place whole: who reads sees the old one or the new one, also after a power failure."""
    with _named_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            with beside.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
