# SPDX-License-Identifier: Apache-2.0
"""The key with which one publisher hands a participant to another (Peppol SML, PrepareMigrationRecord)."""

import re
import secrets
import string

from registry.errors import Reason

LENGTHS = range(8, 25)
SPECIAL = "@#$%()[]{}*^_-!~|+="
_CLAUSE = "EC SML ICD 1.30, MigrationKey"
_LETTERS = string.ascii_letters + string.digits + SPECIAL
# ICD 1.30 leaves `_` out of the special characters; the clients in use know it, so it counts here.
_WANTED = (
    ("MIGRATION-KEY-SPECIAL", re.compile(f"[{re.escape(SPECIAL)}]"), f"characters of {SPECIAL}"),
    ("MIGRATION-KEY-UPPER", re.compile("[A-Z]"), "upper-case letters"),
    ("MIGRATION-KEY-LOWER", re.compile("[a-z]"), "lower-case letters"),
    ("MIGRATION-KEY-DIGIT", re.compile("[0-9]"), "digits"),
)


def new_migration_key() -> str:
    """A key that nobody guesses, and every SML takes.

    It begins with a letter or digit: as an argument of a program one that begins with a hyphen is an option.
    """
    while True:
        key = "".join(secrets.choice(_LETTERS) for _ in range(LENGTHS[-1]))
        if key[0] in SPECIAL:
            continue
        if not validate_migration_key(key):
            return key


def validate_migration_key(key: str) -> tuple[Reason, ...]:
    """Why `key` can't be used; empty when it can. Messages never hold the key: it is a secret."""
    reasons = []
    if len(key) not in LENGTHS:
        message = f"a migration key has {LENGTHS[0]} to {LENGTHS[-1]} characters, not {len(key)}"
        reasons.append(Reason("MIGRATION-KEY-LENGTH", message, _CLAUSE))
    if re.search(r"\s", key):
        reasons.append(Reason("MIGRATION-KEY-SPACE", "a migration key has no white space", _CLAUSE))
    for reason_id, wanted, name in _WANTED:
        if len(wanted.findall(key)) < 2:
            reasons.append(Reason(reason_id, f"a migration key has at least two {name}", _CLAUSE))
    return tuple(reasons)
