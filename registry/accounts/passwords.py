# SPDX-License-Identifier: Apache-2.0
"""Passwords: what a good one is, and their hashes (Argon2id, RFC 9106)."""

import functools
import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from registry.errors import Reason, ValidationError

MIN_CHARACTERS = 12
MAX_BYTES = 1024
_HASHER = PasswordHasher()
"""The one place for the parameters. They are in each hash, so they may change; see `is_outdated`."""
# A verification takes 64 MiB. How many go on at a time must not be up to those who ask.
_AT_A_TIME = threading.BoundedSemaphore(4)
_COMMON = frozenset(
    {
        "000000000000",
        "111111111111",
        "123123123123",
        "1234567890ab",
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123456789abc",
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6y7u",
        "1qaz2wsx3edc",
        "abcdefghijkl",
        "administrator",
        "administrator1",
        "changeme1234",
        "changemenow!",
        "correcthorsebatterystaple",
        "iloveyou1234",
        "letmeinletmein",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "q1w2e3r4t5y6",
        "qazwsxedcrfv",
        "qwerty123456",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "welcome12345",
    }
)


def check_password(password: str, account_name: str) -> None:
    """Raises ValidationError with every reason why an account of this name can't have this password."""
    reasons = []
    plain = _normal(password)
    if len(plain) < MIN_CHARACTERS:
        reasons.append(Reason("PASSWORD-SHORT", f"a password has at least {MIN_CHARACTERS} characters"))
    if len(plain.encode(errors="replace")) > MAX_BYTES:
        reasons.append(Reason("PASSWORD-LONG", f"a password has at most {MAX_BYTES} bytes"))
    if plain.casefold() == _normal(account_name).casefold():
        reasons.append(Reason("PASSWORD-NAME", "a password is not the name of the account"))
    if plain.casefold() in _COMMON:
        reasons.append(Reason("PASSWORD-COMMON", "this is one of the passwords that are tried first"))
    if reasons:
        raise ValidationError(reasons)


def hash_password(password: str) -> str:
    """The hash to keep, with its salt and parameters."""
    with _AT_A_TIME:
        return _HASHER.hash(_bytes(password))


def matches(hash_: str | None, password: str) -> bool:
    """Whether a hash is that of the password. Without a hash no password fits, and finding out takes as long."""
    with _AT_A_TIME:
        nobodys = _nobodys()
        try:
            _HASHER.verify(nobodys if hash_ is None else hash_, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
    return hash_ is not None


def is_outdated(hash_: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(hash_)


def one_time_password() -> str:
    """A random password, for somebody who has to choose one of their own at once."""
    return secrets.token_urlsafe(15)


def _normal(password: str) -> str:
    # RFC 8265 §4.2: what looks the same on two keyboards is the same.
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    """What is hashed. Too long a password is cut, so that it costs no more than others; nobody has one like it."""
    return _normal(password[: MAX_BYTES + 1]).encode(errors="replace")[: MAX_BYTES + 1]


@functools.cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_bytes(32))
