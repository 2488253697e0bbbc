# SPDX-License-Identifier: Apache-2.0
"""Lists and their `.sha2` on the disk: replaced as a whole, and only by what follows on what is there.

Beside each list stands its `.sha2` (TS 119 612 §6.1), the name's last suffix exchanged: 64 hexadecimal digits without
a line break, with which DSS would take it for another digest. It is a hint that there is news, so in the moment in
which the two are exchanged there is none: whoever asks then fetches the list.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from trust_lists.errors import SourceError
from trust_lists.xml import MAX_LIST_BYTES

UNSIGNED = ".unsigned"
"""Stands before the suffix of a list that isn't signed yet: `example.unsigned.xml`."""

_NEW = ".new-list"


def read_in_place(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none. Raises SourceError LIST_UNREADABLE."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_LIST_BYTES + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError("LIST_UNREADABLE", f"{path} cannot be read: {reason}") from None
    if len(data) > MAX_LIST_BYTES:
        raise SourceError("LIST_UNREADABLE", f"{path} is too large for a list")
    return data


def place(path: Path, data: bytes, *, expected: bytes | None, with_hash: bool = True) -> None:
    """Put `data` where `expected` stands (None: nothing), as a whole or not at all, and `.sha2` beside it.

    Two writers at once wait for each other, and the second one then finds something else than it expected.

    Raises SourceError: LIST_NOT_THE_PREVIOUS where another list is in place, LIST_NOT_WRITTEN.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.parent):
            check_in_place(path, expected)
            _remove_leftovers(path)
            new = _written(path, data)
            try:
                if with_hash:
                    _replace_with_hash(new, path, sha256(data).hexdigest())
                else:
                    new.replace(path)
            finally:
                new.unlink(missing_ok=True)
            _sync(path.parent)
    except OSError as error:
        raise SourceError("LIST_NOT_WRITTEN", f"{path} cannot be written: {error.strerror or error}") from None


def check_in_place(path: Path, expected: bytes | None) -> None:
    """That a file holds these bytes (None: isn't there). Raises SourceError LIST_NOT_THE_PREVIOUS."""
    found = read_in_place(path)
    if found == expected:
        return
    if found is None:
        raise SourceError("LIST_NOT_THE_PREVIOUS", f"{path} was removed meanwhile; nothing was written")
    if expected is None:
        raise SourceError(
            "LIST_NOT_THE_PREVIOUS",
            f"{path} is there already, and would be replaced by a list that doesn't follow it; give it as the previous "
            "issue (--previous), or use reissue",
        )
    raise SourceError(
        "LIST_NOT_THE_PREVIOUS", f"{path} is not the previous issue that this one follows; nothing was written"
    )


def hash_path(path: Path) -> Path:
    """Where the digest of a list stands: the same name with `.sha2` for its suffix (§6.1)."""
    return path.with_suffix(".sha2")


def unsigned_path(path: Path) -> Path:
    """Where a list waits for its signature."""
    return path.with_name(f"{path.stem}{UNSIGNED}{path.suffix}")


def signed_path(path: Path) -> Path:
    """Where the list goes that `unsigned_path` named; other names stay as they are."""
    return path.with_name(f"{path.stem.removesuffix(UNSIGNED)}{path.suffix}")


def _replace_with_hash(new: Path, path: Path, digest: str) -> None:
    hint = _written(hash_path(path), digest.encode())
    try:
        # Without a hint everybody fetches the list; with a wrong one many would stay with the issue before.
        hash_path(path).unlink(missing_ok=True)
        new.replace(path)
        hint.replace(hash_path(path))
    finally:
        hint.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """What a process that was killed in the middle has left; whoever writes now holds the lock."""
    names = (f".{path.name}.", f".{hash_path(path).name}.")
    for file in path.parent.iterdir():
        if file.name.startswith(names) and file.name.endswith(_NEW):
            file.unlink(missing_ok=True)


def _written(path: Path, data: bytes) -> Path:
    """A new file in the same folder, on the disk for sure."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_NEW}")
    try:
        with new.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    return new


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone among those who write lists to this folder; a process that is killed lets go."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
