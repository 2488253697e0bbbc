# SPDX-License-Identifier: Apache-2.0
"""Erases people and participants from the audit: their key is destroyed, the history stays (design rule 13).

What is recorded about the same subject later has a key of its own again. Backups and exports that were made before
keep what they hold.
"""

from dataclasses import dataclass

from registry.audit.events import record
from registry.audit.subject_lookup import find_subject, required_keys
from registry.errors import NotFoundError
from registry.master_key import MasterKey
from registry.storage.engine import Database
from registry.storage.queries import audit
from registry.storage.unit_of_work import Connection, UnitOfWork


@dataclass(frozen=True, slots=True)
class Erasure:
    """How many events can't be read afterwards, and how many name the subject in clear and so stay as they are.

    The latter are from before events were sealed; they go when the audit is pruned.
    """

    subject_id: int
    sealed_events: int
    plain_events: int


def planned_erasure(database: Database, subject: str) -> Erasure:
    """What `erase_subject` would do; changes nothing. Errors as those of `erase_subject`."""
    with database.read() as connection:
        return _erasure(connection, database.master_key, subject)


def erase_subject(work: UnitOfWork, subject: str) -> Erasure:
    """Make what the audit says of a subject unreadable for everybody, for good.

    An event tells that somebody was erased, not who. Raises NotFoundError where no sealed event is about the subject,
    ConfigurationError without a master key.
    """
    work.settle()
    erasure = _erasure(work.connection, work.master_key, subject)
    audit.forget_subject(work, erasure.subject_id)
    record(work, "audit:subject:erase", f"subject:{erasure.subject_id}", after={"events": erasure.sealed_events})
    return erasure


def _erasure(connection: Connection, master_key: MasterKey | None, subject: str) -> Erasure:
    required_keys(master_key)
    found = find_subject(connection, master_key, subject)
    plain, sealed = audit.events_of(connection, subject, None if found is None else found.id)
    if found is None:
        in_clear = f"; {plain} events from before they were sealed name it in clear, until they are pruned"
        raise NotFoundError(f"no sealed event is about this subject{in_clear if plain else ''}")
    return Erasure(found.id, sealed, plain)
