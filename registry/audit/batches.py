# SPDX-License-Identifier: Apache-2.0
"""One event for many subjects of which the same is said: how many they are, and a digest of who they are.

The event says both in clear, and what was before and after of each (`each`), so nothing personal belongs into that. Who
they are stands beside it, sealed with a key of the batch, and isn't part of the chain: a subject that is erased leaves
its leaf, and the digest of all leaves stays what it was. A leaf is SHA-256 of a random salt of 16 bytes and the subject
in UTF-8: nobody can try names on it once the salt is gone. The root is SHA-256 of the leaves in order.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from registry.audit import sealing
from registry.audit.sealing import SALT_BYTES, SubjectKeys
from registry.errors import TechnicalError
from registry.storage.queries.events import ChainedRow
from registry.storage.types import to_json

_COUNT, _ROOT, _EACH = "count", "root", "each"


class Entry(NamedTuple):
    """One subject of a batch; the salt hides it in its leaf."""

    salt: bytes
    subject: str

    @property
    def leaf(self) -> bytes:
        """What stands for it in the digest: 32 bytes."""
        return sha256(self.salt + self.subject.encode()).digest()

    def is_about(self, name: str) -> bool:
        """Whether it is this subject, in whatever case."""
        return self.subject.casefold() == name.casefold()


Entries = tuple[Entry | bytes, ...]
"""All of a batch in order; of those that were erased the leaf."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the event of a batch says in clear; `root` is lower-case hex, `before` and `after` are those of each."""

    count: int
    root: str
    before: Any = None
    after: Any = None

    @property
    def stored(self) -> tuple[Any, Any]:
        """What the event says of before and after, as JSON values."""
        said = {_COUNT: self.count, _ROOT: self.root}
        after = said if self.after is None else said | {_EACH: self.after}
        return None if self.before is None else {_EACH: self.before}, after

    def fits(self, entries: Entries) -> bool:
        """Whether these are the entries that the event was made for."""
        return len(entries) == self.count and root_of(leaves_of(entries)) == self.root


class Sealed(NamedTuple):
    """Entries as they are stored: the salt of the batch's key, and what that key seals."""

    salt: bytes
    content: bytes


def entries_of(subjects: Sequence[str]) -> tuple[Entry, ...]:
    """Entries with new salts."""
    salts = os.urandom(SALT_BYTES * len(subjects))
    return tuple(
        Entry(salts[begin : begin + SALT_BYTES], subject)
        for begin, subject in zip(range(0, len(salts), SALT_BYTES), subjects, strict=True)
    )


def leaves_of(entries: Entries) -> tuple[bytes, ...]:
    """The leaves, of those that are erased as of the others."""
    return tuple(entry if isinstance(entry, bytes) else entry.leaf for entry in entries)


def root_of(leaves: Sequence[bytes]) -> str:
    """The digest of all leaves: 64 lower-case hex digits."""
    return sha256(b"".join(leaves)).hexdigest()


def seal(keys: SubjectKeys, root: str, entries: Entries) -> Sealed:
    """Encrypt the entries of the batch with this root, with a new salt."""
    salt = os.urandom(SALT_BYTES)
    content = to_json(written(entries)).encode()
    return Sealed(salt, sealing.seal(keys.batch_cipher(salt), content, bytes.fromhex(root)))


def unseal(keys: SubjectKeys, root: str, sealed: Sealed) -> Entries:
    """The entries. Raises TechnicalError where they were not sealed by this key for the batch with this root.

    Whether they really have it is asked of `Batch.fits`.
    """
    content = sealing.decrypted(keys.batch_cipher(sealed.salt), sealed.content, bytes.fromhex(root))
    try:
        return read(json.loads(content))
    except ValueError as error:
        raise TechnicalError("what an audit event seals are no entries of a batch") from error


def written(entries: Entries) -> list[Any]:
    """Entries as JSON: of each the salt in hex and the subject; of an erased one its leaf in hex."""
    return [entry.hex() if isinstance(entry, bytes) else [entry.salt.hex(), entry.subject] for entry in entries]


def read(said: Any) -> Entries:
    """What `written` gave. Raises ValueError for anything else."""
    if not isinstance(said, list):
        raise ValueError("entries of a batch are an array")  # noqa: TRY004 — of what came from outside
    return tuple(_entry(item) for item in said)


def _entry(said: Any) -> Entry | bytes:
    match said:
        # A longer salt and a shorter subject would have the same leaf.
        case [str() as salt, str() as subject] if len(salt) == 2 * SALT_BYTES:
            return Entry(bytes.fromhex(salt), subject)
        case str():
            return bytes.fromhex(said)
    raise ValueError("an entry of a batch is a leaf, or a salt and a subject")


def batch_of(subject: str, sealed: bytes | None, before: Any, after: Any) -> Batch | None:
    """What a stored event says of a batch; None for an event about one subject. `before`, `after`: JSON values."""
    if subject or sealed is not None:
        return None
    match after:
        case {"count": int() as count, "root": str() as root}:
            return Batch(count, root, before.get(_EACH) if isinstance(before, dict) else None, after.get(_EACH))
    return None


def batch_in(row: ChainedRow) -> Batch | None:
    """As `batch_of`, of an event as the chain has it, or as somebody has changed it there."""
    if row.subject or row.sealed is not None or row.after is None:
        return None
    try:
        return batch_of("", None, None if row.before is None else json.loads(row.before), json.loads(row.after))
    except (ValueError, RecursionError):
        return None
