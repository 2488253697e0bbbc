# SPDX-License-Identifier: Apache-2.0
"""Opens what a stored event seals of its subject, or says why it can't be."""

from enum import StrEnum
from typing import Any, NamedTuple

from registry.audit import sealing
from registry.audit.sealing import keys_of
from registry.errors import TechnicalError
from registry.master_key import MasterKey
from registry.storage.queries.events import EventRow
from registry.storage.types import to_microseconds


class Unreadable(StrEnum):
    """Why something can't be shown."""

    ERASED = "erased"
    NO_KEY = "no master key"
    DAMAGED = "damaged"
    MISSING = "missing"


class Said(NamedTuple):
    """What an event says of a subject."""

    subject: str
    before: Any
    after: Any


def opened_values(row: EventRow, salt: bytes | None, master_key: MasterKey | None) -> Said | Unreadable:
    """What an event says; `salt` is that of its subject where it is sealed, None where that was erased."""
    if row.sealed is None:
        return Said(row.subject, row.before, row.after)
    if salt is None:
        return Unreadable.ERASED
    if master_key is None:
        return Unreadable.NO_KEY
    beside = sealing.beside(to_microseconds(row.at), row.actor, row.request_id, row.tag, row.domain_id)
    try:
        return Said(*sealing.unseal(keys_of(master_key).cipher(salt), bytes(row.sealed), beside))
    except TechnicalError:
        return Unreadable.DAMAGED
