# SPDX-License-Identifier: Apache-2.0
"""The key that signs exports of the audit: Ed25519 (RFC 8032), in a file that its owner alone can read."""

import contextlib
import os
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from registry.errors import ConfigurationError


class ExportKey:
    """A public key, by which an export is known to come from an installation."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @property
    def pem(self) -> bytes:
        """The key as PEM, SubjectPublicKeyInfo."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo in DER: 64 hex digits."""
        return sha256(self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Whether the key has signed this."""
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True

    @classmethod
    def from_pem(cls, pem: bytes) -> "ExportKey":
        """Raises ConfigurationError for anything but an Ed25519 key."""
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ConfigurationError("this is no public key in PEM") from error
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError("exports are signed with Ed25519, which this key is not for")
        return cls(key)


class ExportSigner:
    """Signs the manifests of exports."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = ExportKey(key.public_key())

    def sign(self, content: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(content)

    @classmethod
    def open(cls, file: Path) -> "ExportSigner":
        """The key in a file, made where there is none.

        Raises ConfigurationError where it can't be read or made, or where others can read it.
        """
        try:
            if not file.exists():
                _make(file)
            mode, pem = file.stat().st_mode, file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"the key {file} can't be read: {error.strerror}") from error
        if mode & 0o077:
            raise ConfigurationError(f"others can read the key {file}: chmod 600 it")
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ConfigurationError(f"{file} is no private key in PEM without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError(f"{file} is no Ed25519 key")
        return cls(key)


def _make(file: Path) -> None:
    """Complete or not there at all, even where two processes begin at once."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    new = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first; its key counts
            os.link(new, file)
    finally:
        new.unlink()
