# SPDX-License-Identifier: Apache-2.0
"""Encrypts what events say of a subject, with a key of the subject's own.

The key is HMAC-SHA256 of the subject's salt under a key derived from the master key: whoever forgets the salt forgets
the key. AES-256-GCM; the associated data are what stands beside the sealed values in clear, so that they can't be put
under another event. Sealed values are: version (1), nonce (12 bytes), ciphertext with tag; in clear they are the JSON
array of subject, before and after.
"""

import hmac
import json
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.errors import TechnicalError
from registry.master_key import MasterKey
from registry.storage.types import to_json

SALT_BYTES = 16
_NONCE_BYTES = 12
_VERSION = b"\x01"


class SubjectKeys:
    """The keys of all subjects of an installation. Get it from `keys_of`: to derive them costs as much as to seal."""

    def __init__(self, master_key: MasterKey) -> None:
        self._subjects = master_key.derive("audit-subject")
        self._lookup = master_key.derive("audit-lookup")
        self._batches = master_key.derive("audit-batch")

    def lookup(self, subject: str) -> str:
        """What a subject is found by: 64 hex digits that tell nothing without the key.

        Spellings that differ in case give the same, so that nobody who is to be forgotten stays under another one.
        """
        return hmac.digest(self._lookup, subject.casefold().encode(), "sha256").hex()

    def cipher(self, salt: bytes) -> AESGCM:
        """What seals and opens for the subject with this salt."""
        return AESGCM(hmac.digest(self._subjects, salt, "sha256"))

    def batch_cipher(self, salt: bytes) -> AESGCM:
        """What seals and opens the entries of the batch with this salt."""
        return AESGCM(hmac.digest(self._batches, salt, "sha256"))


@lru_cache(maxsize=8)
def keys_of(master_key: MasterKey) -> SubjectKeys:
    """The subjects' keys under a master key."""
    return SubjectKeys(master_key)


@lru_cache(maxsize=32)
def beside(at: int, actor: str, request_id: str, tag: str, domain_id: int | None) -> bytes:
    """The associated data of an event; `at` in microseconds since 1970. The subject is bound by its key."""
    return to_json([tag, at, actor, request_id, domain_id]).encode()


def in_clear(subject: str, before: Any, after: Any) -> bytes:
    """What is sealed of an event."""
    return to_json([subject, before, after]).encode()


def seal(cipher: AESGCM, content: bytes, beside_it: bytes) -> bytes:
    """Encrypt what `in_clear` gave, or other content."""
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + cipher.encrypt(nonce, content, beside_it)


def unseal(cipher: AESGCM, sealed: bytes, beside_it: bytes) -> tuple[str, Any, Any]:
    """Subject, before and after. Raises TechnicalError where they were not sealed by this key for this event."""
    subject, before, after = json.loads(decrypted(cipher, sealed, beside_it))
    return subject, before, after


def decrypted(cipher: AESGCM, sealed: bytes, beside_it: bytes) -> bytes:
    """What `seal` was given. Raises TechnicalError where it was not sealed by this key for this event."""
    if sealed[:1] != _VERSION:
        raise TechnicalError("an audit event is sealed in a form that this version doesn't know")
    nonce, secret = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, secret, beside_it)
    except (InvalidTag, ValueError) as error:
        raise TechnicalError("what an audit event seals was not sealed for it") from error
