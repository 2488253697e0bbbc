# SPDX-License-Identifier: Apache-2.0
"""Zones as files, for starts in a third of the time that a database of a million names takes to be read.

A file is a zone at one serial, never the truth: it counts only where it is whole, where it is of this zone, and where
the journal says that its last change is the one that has this serial there; what came later is then read from the
journal. Otherwise, as after a restore of the database, the zone is read as if there were no file.

The first line, JSON, says which zone this is. Each part that follows begins with a length and so much JSON: a run
(`registry.dns.zone_runs`), whose names are behind that, or a record set. The last 32 octets are the SHA-256 of all that
is before them.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from registry.dns.served_zone import ServedZone, most_octets
from registry.dns.zone_runs import Run, SetText, runs
from registry.errors import TechnicalError, ValidationError
from registry.storage.engine import Database
from registry.storage.queries import zone_versions, zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import Connection

_FORMAT: Final = 1
_DIGEST: Final = hashlib.sha256().digest_size
_CHUNK: Final = 1 << 20
_WORK_S: Final = 0.02
WORTH_NAMES: Final = 10_000
"""What has fewer is read from the database in a fraction of a second."""

log = structlog.get_logger(__name__)


class _UnusableError(Exception):
    """Why a file doesn't count."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The files of one instance in `folder`; any number of processes may share it.

    `every_s` is how many seconds are between two of a zone.
    """

    folder: Path
    every_s: float

    def load(self, connection: Connection, row: ZoneRow) -> ServedZone | None:
        """The zone as its file has it, at a serial from which the journal leads on; None without one that counts."""
        path = self._path(row)
        try:
            with path.open("rb") as file:
                serial = _checked(file, connection, row)
                return ServedZone.of_runs(row.name, _parts(file), serial)
        except FileNotFoundError:
            return None
        except (_UnusableError, ValidationError, OSError, ValueError, LookupError, TypeError) as error:
            log.warning("zone_snapshot_ignored", zone=row.name, file=str(path), reason=str(error))
            return None

    def write(self, database: Database, zone_id: int, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Make the file of a zone as it is now; returns whether one was made.

        None is where its file is of this serial or was made just now, where another process
        is at work, and where `is_over` says so meanwhile. Takes no more than half of a core, since somebody else wants
        to answer questions. Raises TechnicalError.
        """
        with database.read() as connection, self._alone() as alone:
            row = zones.by_id(connection, zone_id)
            last = zone_versions.last_change(connection, zone_id, row.serial)
            head = None if last is None else _head(row, row.serial, last[0], to_microseconds(last[1]))
            if not alone or head is None or self._has(row, head, database.now().timestamp()):
                return False
            with contextlib.closing(zones.state(connection, row.id)) as state:
                return self._write(row, head, runs(state, most_octets(row.name)), is_over)

    def _write(self, row: ZoneRow, head: bytes, parts: Iterator[Run | SetText], is_over: Callable[[], bool]) -> bool:
        path = self._path(row)
        unfinished = path.with_suffix(".unfinished")
        digest = hashlib.sha256()
        try:
            with unfinished.open("wb") as file:
                for data in _written(head, parts):
                    digest.update(data)
                    file.write(data)
                    if is_over():
                        break
                file.write(digest.digest())
                file.flush()
                os.fsync(file.fileno())
            if is_over():
                unfinished.unlink()
                return False
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise TechnicalError(f"the snapshot of zone {row.name} can't be written to {path}: {error}") from error
        return True

    def _has(self, row: ZoneRow, head: bytes, now: float) -> bool:
        with contextlib.suppress(OSError), self._path(row).open("rb") as file:
            return file.readline(_CHUNK) == head or now - os.fstat(file.fileno()).st_mtime < self.every_s / 2
        return False

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process writes files now."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise TechnicalError(f"the folder of snapshots can't be used: {error}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True

    def _path(self, row: ZoneRow) -> Path:
        return self.folder / f"{row.id}.zone"


def _head(row: ZoneRow, serial: int, sequence: int, changed_at: int) -> bytes:
    said = {"format": _FORMAT, "zone": row.name, "id": row.id, "serial": serial, "last": [sequence, changed_at]}
    return json.dumps(said).encode() + b"\n"


def _written(head: bytes, parts: Iterator[Run | SetText]) -> Iterator[bytes]:
    """The octets of the file, but for the digest."""
    yield head
    rested = time.thread_time()
    for part in parts:
        said: list[object] = [*part]
        names: list[bytes] = []
        if isinstance(part, Run):
            names = part.names
            said = [part.rdtype, part.text, part.parent.hex(), len(names), len(names[0])]
        line = json.dumps(said).encode()
        yield len(line).to_bytes(4) + line + b"".join(names)
        if (worked := time.thread_time() - rested) > _WORK_S:
            time.sleep(worked)
            rested = time.thread_time()


def _checked(file: BinaryIO, connection: Connection, row: ZoneRow) -> int:
    """The serial of a file that counts; it is read from behind its first line on."""
    head = file.readline(_CHUNK)
    serial = json.loads(head)["serial"]
    last = zone_versions.last_change(connection, row.id, serial) if row.has_history_since(serial) else None
    if last is None or _head(row, serial, last[0], to_microseconds(last[1])) != head:
        raise _UnusableError("the journal doesn't lead on from it")
    digest = hashlib.sha256(head)
    left = os.fstat(file.fileno()).st_size - len(head) - _DIGEST
    while left > 0 and (data := file.read(min(_CHUNK, left))):
        digest.update(data)
        left -= len(data)
    if file.read(_DIGEST) != digest.digest():
        raise _UnusableError("it is damaged")
    file.seek(len(head))
    return int(serial)


def _parts(file: BinaryIO) -> Iterator[Run | SetText]:
    """What a file with the right digest holds."""
    end = os.fstat(file.fileno()).st_size - _DIGEST
    while file.tell() < end:
        said = json.loads(file.read(int.from_bytes(file.read(4))))
        if len(said) == len(SetText._fields):
            yield SetText(*said)
            continue
        rdtype, text, parent, count, octets = said
        data = file.read(count * octets)
        yield Run(rdtype, text, bytes.fromhex(parent), [data[at : at + octets] for at in range(0, len(data), octets)])
