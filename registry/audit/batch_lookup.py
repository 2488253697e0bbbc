# SPDX-License-Identifier: Apache-2.0
"""Opens events about many subjects, and finds those that a subject is in.

What still is leads to its event by itself (`registration.event`); what has ended does so by the event of its end, which
is the subject's own and has the sequence in what was before. So nothing has to be kept for each subject of a list.
"""

from collections.abc import Collection

from registry.audit import batches
from registry.audit.batches import Entries, Entry, batch_of
from registry.audit.opening import Said, Unreadable, opened_values
from registry.audit.sealing import keys_of
from registry.errors import TechnicalError
from registry.identifiers.text import ascii_lower
from registry.master_key import MasterKey
from registry.storage.queries import event_batches
from registry.storage.queries.audit import SubjectRow
from registry.storage.queries.event_batches import BatchRow
from registry.storage.unit_of_work import Connection

END = "sml:registration:delete"
"""The tag of the events that say what has ended; `before` names the event that it began with, where that is of many."""
BEGUN = "event"
"""The name for that in `before`."""


def entries_in(
    connection: Connection, master_key: MasterKey | None, sequences: Collection[int], *, lock: bool = False
) -> dict[int, Entries | Unreadable]:
    """The entries of those of the events that are about many; `lock` as that of the query."""
    found: dict[int, Entries | Unreadable] = {}
    for row in event_batches.find(connection, sequences, lock=lock):
        if batch := batch_of("", None, row.before, row.after):
            found[row.sequence] = _opened(row, batch.root, master_key)
    return found


def _opened(row: BatchRow, root: str, master_key: MasterKey | None) -> Entries | Unreadable:
    if row.salt is None or row.sealed is None:
        return Unreadable.MISSING
    if master_key is None:
        return Unreadable.NO_KEY
    try:
        return batches.unseal(keys_of(master_key), root, batches.Sealed(bytes(row.salt), bytes(row.sealed)))
    except TechnicalError:
        return Unreadable.DAMAGED


def batches_with(
    connection: Connection, master_key: MasterKey | None, name: str, subject: SubjectRow | None
) -> dict[int, Entry | Unreadable]:
    """The entry of a subject in each event about many that it is in, by sequence; `subject` is its own row, if any.

    An event that should have it and can't be opened is among them, one from which it was erased is not.
    """
    if master_key is None:
        return {}
    scheme, _, value = name.partition("::")
    # Keys are lower-cased where case means nothing; of other values only the registered spelling is found.
    spelled = {scheme, ascii_lower(scheme)}, {value, ascii_lower(value)}
    sequences = event_batches.of_registrations(connection, *spelled) if value else set()
    if subject is not None:
        for row in event_batches.tagged(connection, subject.id, END):
            end = opened_values(row, subject.salt, master_key)
            if isinstance(end, Said) and BEGUN in (end.before or {}):
                sequences.add(end.before[BEGUN])
    found: dict[int, Entry | Unreadable] = {}
    for sequence, entries in entries_in(connection, master_key, sequences).items():
        if isinstance(entries, Unreadable):
            found[sequence] = entries
        else:
            found.update((sequence, entry) for entry in entries if isinstance(entry, Entry) and entry.is_about(name))
    return found
