# SPDX-License-Identifier: Apache-2.0
"""Erases people and participants from the audit: their key is destroyed, the history stays (design rule 13).

In an event about many a digest of the subject stays, which tells nobody who it was: its salt is gone. What is recorded
about the same subject later has a key of its own again. Backups and exports that were made before keep what they hold.
"""

from collections.abc import Collection
from dataclasses import dataclass

from registry.audit import batches
from registry.audit.batch_lookup import batches_with, entries_in
from registry.audit.batches import Entry
from registry.audit.events import record
from registry.audit.opening import Unreadable
from registry.audit.subject_lookup import find_subject, required_keys, subjects_of
from registry.errors import NotFoundError
from registry.master_key import MasterKey
from registry.storage.engine import Database
from registry.storage.queries import audit, event_batches
from registry.storage.queries.audit import SubjectRow
from registry.storage.unit_of_work import Connection, UnitOfWork


@dataclass(frozen=True, slots=True)
class Erasure:
    """How many events can't be read afterwards, and how many name the subject in clear and so stay as they are.

    Of events about many those are counted that have the subject among theirs. The ones in clear are from before events
    were sealed; they go when the audit is pruned.
    """

    sealed_events: int
    plain_events: int


def planned_erasure(database: Database, subject: str) -> Erasure:
    """What `erase_subject` would do; changes nothing. Errors as those of `erase_subject`."""
    with database.read() as connection:
        return _found(connection, database.master_key, subject).erasure


def erase_subject(work: UnitOfWork, subject: str) -> Erasure:
    """Make what the audit says of a subject unreadable for everybody, for good.

    An event tells that somebody was erased, not who. Raises NotFoundError where no sealed event is about the subject,
    ConfigurationError without a master key.
    """
    work.settle()
    found = _found(work.connection, work.master_key, subject)
    _leave_leaves(work, found.among, subject)
    # Who was only ever one of many has no row, and gets a number for the record.
    row = found.row or subjects_of(work, [subject], new=True)[subject]
    audit.forget_subject(work, row.id)
    record(work, "audit:subject:erase", f"subject:{row.id}", after={"events": found.erasure.sealed_events})
    return found.erasure


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of a subject: its row, the events about many that it is in, by sequence, and how many in all."""

    row: SubjectRow | None
    among: tuple[int, ...]
    erasure: Erasure


def _found(connection: Connection, master_key: MasterKey | None, subject: str) -> _Found:
    required_keys(master_key)
    row = find_subject(connection, master_key, subject)
    with_it = batches_with(connection, master_key, subject, row)
    among = tuple(sequence for sequence, entry in with_it.items() if isinstance(entry, Entry))
    plain, sealed = audit.events_of(connection, subject, [] if row is None else [row.id])
    if row is None and not among:
        in_clear = f"; {plain} events from before they were sealed name it in clear, until they are pruned"
        raise NotFoundError(f"no sealed event is about this subject{in_clear if plain else ''}")
    return _Found(row, among, Erasure(sealed + len(among), plain))


def _leave_leaves(work: UnitOfWork, sequences: Collection[int], subject: str) -> None:
    """Let nothing but its leaf be left of a subject in events about many."""
    held = entries_in(work.connection, work.master_key, sequences, lock=True)
    for sequence, entries in held.items():
        if not isinstance(entries, Unreadable):
            left = tuple(e.leaf if isinstance(e, Entry) and e.is_about(subject) else e for e in entries)
            sealed = batches.seal(required_keys(work.master_key), batches.root_of(batches.leaves_of(left)), left)
            event_batches.replace(work, sequence, *sealed)
