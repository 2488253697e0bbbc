# SPDX-License-Identifier: Apache-2.0
"""Finds the subjects whose values are sealed, and makes those that are new, for many events at once."""

import os
from collections.abc import Collection
from itertools import count

from registry.audit.sealing import SALT_BYTES, SubjectKeys, keys_of
from registry.errors import ConfigurationError
from registry.master_key import MasterKey
from registry.storage.queries import audit
from registry.storage.queries.audit import SubjectRow
from registry.storage.unit_of_work import Connection, UnitOfWork


def find_subject(connection: Connection, master_key: MasterKey | None, name: str) -> SubjectRow | None:
    """The subject of this name, in whatever case; None where there is no such one, or no master key."""
    if master_key is None:
        return None
    lookup = keys_of(master_key).lookup(name)
    return audit.find_subjects(connection, [lookup]).get(lookup)


def subjects_of(work: UnitOfWork, names: Collection[str], *, new: bool) -> dict[str, SubjectRow]:
    """The subjects of these names, made where they are missing; `new` says that most of them will be.

    Raises ConfigurationError without a master key.
    """
    keys = required_keys(work.master_key)
    lookups = {name: keys.lookup(name) for name in names}
    missing = set(lookups.values())
    known = {} if new else audit.find_subjects(work.connection, missing)
    missing -= known.keys()
    if missing:
        known |= audit.add_subjects(work, _salts(missing))
        missing -= known.keys()
    if missing:  # they are there, perhaps from a transaction that was a moment faster
        known |= audit.find_subjects(work.connection, missing)
    return {name: known[lookup] for name, lookup in lookups.items()}


def required_keys(master_key: MasterKey | None) -> SubjectKeys:
    """The subjects' keys. Raises ConfigurationError without a master key."""
    if master_key is None:
        raise ConfigurationError("events about people and participants are sealed, and there is no master key for it")
    return keys_of(master_key)


def _salts(lookups: Collection[str]) -> dict[str, bytes]:
    salts = os.urandom(SALT_BYTES * len(lookups))
    return {lookup: salts[begin : begin + SALT_BYTES] for lookup, begin in zip(lookups, count(0, SALT_BYTES))}
