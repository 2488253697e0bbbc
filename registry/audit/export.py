# SPDX-License-Identifier: Apache-2.0
"""Exports of the chain: one JSON object a line, with all that its hash is made of, and a signed manifest beside it.

Beside FILE come FILE.manifest (JSON: which part of the chain it is, and the file's hash), FILE.manifest.sig (Ed25519
over the bytes of the manifest) and FILE.manifest.pem (the public key, which has to be compared with one known from
elsewhere). Nobody needs a database, or this program, to check them.
"""

import hashlib
import json
import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from registry.audit.batches import batch_in, leaves_of, read, written
from registry.audit.chain import Head
from registry.audit.events import opened
from registry.audit.opening import Unreadable
from registry.audit.signing import ExportKey, ExportSigner
from registry.audit.verification import Finding, Flaw, Link, Verification, links_of, walk
from registry.errors import AlreadyExistsError, NotFoundError, TechnicalError, ValidationError
from registry.storage.engine import Database
from registry.storage.queries import audit
from registry.storage.queries.events import ChainedRow, EventRow
from registry.storage.types import from_microseconds
from registry.storage.unit_of_work import Connection

FORMAT = "edelivery-registry audit export 1"
_PAGE = 1_000
_MAX_LINE = 64_000_000
_MAX_MANIFEST = 100_000
_TYPES = (int, int, str, str, str, int, str, str, str, int, str)
_OPTIONAL = {"domain_id", "before", "after", "subject_id", "sealed"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file holds: an instance's events after `begin` up to `end`; `opened` if personal values are in clear."""

    instance_id: str
    made_at: str
    begin: Head
    end: Head
    events: int
    sha256: str
    opened: bool

    def to_json(self) -> bytes:
        """The bytes that are signed."""
        said = {
            "format": FORMAT,
            "instance_id": self.instance_id,
            "made_at": self.made_at,
            "begin": {"position": self.begin.position, "hash": self.begin.hash},
            "end": {"position": self.end.position, "hash": self.end.hash},
            "events": self.events,
            "sha256": self.sha256,
            "opened": self.opened,
        }
        return json.dumps(said, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """Raises ValidationError for anything else than what `to_json` writes."""
        try:
            said = json.loads(content)
            if said["format"] != FORMAT:
                raise _refused("the manifest has a format that this version doesn't know")
            begin, end = (Head(int(said[name]["position"]), str(said[name]["hash"])) for name in ("begin", "end"))
            rest = {name: said[name] for name in ("instance_id", "made_at", "events", "sha256", "opened")}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _refused("the manifest isn't one") from error
        return cls(begin=begin, end=end, **rest)


@dataclass(frozen=True, slots=True)
class Checked:
    """An export whose signature and hash are right: what it says, who signed it, and what its chain is like."""

    manifest: Manifest
    key: ExportKey
    chain: Verification


def manifest_files(file: Path) -> tuple[Path, Path, Path]:
    """The manifest of an export, its signature, and the public key."""
    return tuple(file.with_name(f"{file.name}.manifest{end}") for end in ("", ".sig", ".pem"))  # type: ignore[return-value]


def export(
    database: Database, file: Path, signer: ExportSigner, *, after: int | None = None, open_sealed: bool = False
) -> Manifest:
    """Write the chain to a file, from the event after a position on; what isn't in the chain yet isn't written.

    With `open_sealed` each line of a sealed event also says in clear what it seals. Raises AlreadyExistsError where
    one of the files is there, NotFoundError for a position that isn't in the chain, TechnicalError where the files
    can't be written.
    """
    paths = (file, *manifest_files(file))
    if existing := next((path for path in paths if path.exists()), None):
        raise AlreadyExistsError(f"{existing} is there already")
    try:
        with database.read() as connection, _new_file(file) as stream:
            manifest = _write(database, connection, stream, after, open_sealed=open_sealed)
        content = manifest.to_json()
        for path, data in zip(paths[1:], (content, signer.sign(content), signer.public.pem), strict=True):
            with _new_file(path) as stream:
                stream.write(data)
    except OSError as error:
        raise TechnicalError(f"the export can't be written: {error}") from error
    return manifest


def _new_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write(
    database: Database, connection: Connection, stream: IO[bytes], after: int | None, *, open_sealed: bool
) -> Manifest:
    held = audit.chain(connection)
    begin = Head(held.begin_position, held.begin_hash)
    if after is not None and after != begin.position:
        hash_ = audit.hash_at(connection, after)
        if hash_ is None:
            raise NotFoundError(f"there is no event at {after}: the chain goes from {begin.position + 1} on")
        begin = Head(after, hash_)
    digest, count, end = hashlib.sha256(), 0, begin
    with closing(links_of(connection, database.master_key, begin.position)) as links:
        while page := tuple(islice(links, _PAGE)):
            values = _opened(database, connection, page) if open_sealed else {}
            for link in page:
                line = _line(link, values.get(link.row.sequence), open_sealed=open_sealed)
                stream.write(line)
                digest.update(line)
                count, end = count + 1, Head(link.position, link.hash)
    made_at, instance_id = database.now().isoformat(), audit.instance_id(connection)
    return Manifest(instance_id, made_at, begin, end, count, digest.hexdigest(), open_sealed)


def _line(link: Link, values: dict[str, Any] | None, *, open_sealed: bool) -> bytes:
    row, entries = link.row, link.entries
    said = {"position": link.position, "hash": link.hash, **row._asdict()}
    if isinstance(entries, tuple):
        # Leaves tell nothing, and whoever is told a subject with its salt can see by them that it belongs here.
        said["entries"] = written(entries if open_sealed else leaves_of(entries))
    elif entries is not None:
        said["entries"] = None
    if row.sealed is not None:
        said["sealed"] = bytes(row.sealed).hex()
        if values is not None:
            said["opened"] = values
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _opened(database: Database, connection: Connection, page: tuple[Link, ...]) -> dict[int, dict[str, Any]]:
    rows = [
        EventRow(
            row.sequence,
            position,
            from_microseconds(row.at),
            *(row.actor, row.request_id, row.tag, row.domain_id, row.subject),
            *(None, None, row.subject_id, row.sealed),
        )
        for position, _, row, _ in page
        if row.sealed is not None
    ]
    return {
        event.sequence: {"subject": event.subject, "before": event.before, "after": event.after}
        for event in opened(connection, database.master_key, rows)
        if not event.unreadable
    }


# Checking


def verify_file(file: Path, key: ExportKey | None = None, expected: Head | None = None) -> Checked:
    """Check an export with nothing but its files, and the key that it should be signed with.

    Without `key` it is the one beside the file, which proves no origin. Raises NotFoundError where a file is missing,
    ValidationError where the signature or the hash of the file is wrong or a line isn't an event.
    """
    manifest_file, signature_file, key_file = manifest_files(file)
    key = key or ExportKey.from_pem(_read(key_file))
    content = _read(manifest_file)
    if not key.signed(content, _read(signature_file)):
        raise _refused(f"{manifest_file} was not signed with the key {key.fingerprint}")
    manifest = Manifest.from_json(content)
    if _sha256(file) != manifest.sha256:
        raise _refused(f"{file} is not the file that was signed")
    with closing(_links(file)) as links:
        found = walk(manifest.begin, links, lambda: _hashes(file), expected)
    if found.finding is None and (found.end, found.events) != (manifest.end, manifest.events):
        message = f"the manifest says {manifest.events} events up to {manifest.end}"
        finding = Finding(Flaw.CUT_OFF, found.end.position + 1, message)
        found = replace(found, finding=finding)
    return Checked(manifest, key, found)


def _refused(message: str) -> ValidationError:
    return ValidationError.of("AUDIT-EXPORT", message)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_MANIFEST)
    except OSError as error:
        raise NotFoundError(f"{file} can't be read: {error.strerror}") from error


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise NotFoundError(f"{file} can't be read: {error.strerror}") from error


def _hashes(file: Path) -> Generator[tuple[int, str]]:
    with closing(_links(file)) as links:
        for link in links:
            yield link.position, link.hash


def _links(file: Path) -> Generator[Link]:
    with file.open("rb") as stream:
        number = 0
        while line := stream.readline(_MAX_LINE):
            number += 1
            yield _link(line, number)


def _link(line: bytes, number: int) -> Link:
    try:
        said = json.loads(line)
        columns = [said[name] for name in ChainedRow._fields]
        position, hash_ = said["position"], said["hash"]
        right = type(position) is int and isinstance(hash_, str)
        for name, type_, value in zip(ChainedRow._fields, _TYPES, columns, strict=True):
            right &= type(value) is type_ or (value is None and name in _OPTIONAL)
        sealed = None if said["sealed"] is None else bytes.fromhex(said["sealed"])
        row = ChainedRow._make([*columns[:-1], sealed])
        held = said.get("entries")
        entries = None if batch_in(row) is None else Unreadable.NO_KEY if held is None else read(held)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused(f"line {number} is not an event") from error
    if not right:
        raise _refused(f"line {number} is not an event")
    return Link(position, hash_, row, entries)
