# SPDX-License-Identifier: Apache-2.0
"""The master key of an installation: 32 random bytes in a file, from which every other secret of ours is derived.

It seals what the audit says of people, and nothing else in the database is any use without it. Whoever restores a
database needs the file, too. Every process of an installation has the same one.
"""

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from registry.errors import ConfigurationError

_BYTES = 32


class MasterKey:
    """Derives keys for purposes; the bytes themselves don't leave it."""

    def __init__(self, secret: bytes) -> None:
        """Raises ConfigurationError for a key of another length."""
        if len(secret) != _BYTES:
            raise ConfigurationError(f"a master key has {_BYTES} bytes, not {len(secret)}")
        self._secret = secret

    def derive(self, purpose: str, salt: bytes = b"") -> bytes:
        """32 bytes for a purpose (RFC 5869): always the same ones, and telling nothing of those for another."""
        return HKDF(SHA256(), _BYTES, salt, f"edelivery-registry:{purpose}".encode()).derive(self._secret)

    @property
    def check(self) -> str:
        """What the database keeps, so that a process with another key is noticed: 64 hex digits."""
        return self.derive("check").hex()

    @classmethod
    def open(cls, file: Path) -> "MasterKey":
        """The key in a file, made where there is none: hexadecimal, readable by its owner only.

        Raises ConfigurationError where it can't be read or made, or where others can read it.
        """
        try:
            _make(file)
            mode = file.stat().st_mode
            content = file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the master key {file} can't be read: {error}") from error
        if mode & 0o007:
            raise ConfigurationError(f"everybody can read the master key {file}: chmod 600 it")
        try:
            return cls(bytes.fromhex(content))
        except ValueError as error:
            raise ConfigurationError(f"the master key {file} is not hexadecimal") from error


def _make(file: Path) -> None:
    """Complete or not there at all, even where two processes start at once."""
    if file.exists():
        return
    new = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first; its key counts
            os.link(new, file)
    finally:
        new.unlink()
