# SPDX-License-Identifier: Apache-2.0
"""Records what was done, and finds it again. Tags are ``source:subject:action``, as in ``sml:registration:create``.

Events are added at the end of the transaction, all at once. What is personal is sealed on the way in, and opened on the
way out where the installation's master key is at hand and the subject has not been erased.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from registry.audit import batches, sealing
from registry.audit.batch_lookup import batches_with, entries_in
from registry.audit.batches import Batch, Entry, batch_of
from registry.audit.opening import Said, Unreadable, opened_values
from registry.audit.personal import is_personal
from registry.audit.refusing import check_domain
from registry.audit.subject_lookup import find_subject, required_keys, subjects_of
from registry.master_key import MasterKey
from registry.storage.engine import Database
from registry.storage.queries import audit, event_batches, events
from registry.storage.queries.events import EventFilter, EventRow
from registry.storage.types import to_json, to_microseconds
from registry.storage.unit_of_work import Connection, Topic, UnitOfWork

__all__ = ["Event", "EventFilter", "EventPage", "about", "opened", "record", "record_batch", "record_many", "search"]

_TOPICS = {
    "accounts": (Topic.ACCOUNTS,),
    "dns": (Topic.ZONES,),
    "domains": (Topic.DOMAINS, Topic.DOCUMENTS),
    "jobs": (Topic.JOBS,),
    "smp": (Topic.DOCUMENTS,),
}
"""What has changed where a source has written; the zone journal tells of its own."""
_PERSON = "person:"
_NEW = frozenset({"accounts:account:create", "sml:registration:create", "smp:service-group:create"})
"""Whose subjects are mostly new to the audit."""
_Change = tuple[str, Any, Any]  # subject, before, after
_EVERY = 1_000


class _Recorded(NamedTuple):
    """An event that isn't written yet: what it shares with others, and its own values, in the form for storing."""

    shared: tuple[int, str, str, str, int | None]  # at, actor, request id, tag, domain id
    subject: str
    before: str | None
    after: str | None
    to_seal: bytes | None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done: by whom, to what, and how it was before and after.

    `position` is None until the event is in the chain. `actor_name` is a person's name as it is today, or the actor.
    Where `unreadable` says why, subject, before and after are sealed and can't be opened.

    An event about many has their `count`. Without a subject that was asked for, before and after are as stored: the
    count, the digest of the subjects, and what is the same of each. `subjects` are their names, None for one that was
    erased, where they were asked for.
    """

    sequence: int
    position: int | None
    at: datetime
    actor: str
    actor_name: str
    request_id: str
    tag: str
    domain_id: int | None
    subject: str
    before: Any
    after: Any
    unreadable: str = ""
    count: int | None = None
    subjects: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first; `after` asks for the next page, and is None on the last one."""

    events: tuple[Event, ...]
    after: int | None


def record(
    work: UnitOfWork,
    tag: str,
    subject: str,
    *,
    domain_id: int | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Add one event; `before` and `after` are JSON values, None where there was or is nothing.

    Raises ConfigurationError where the subject is personal and there is no master key, ConflictError where the domain
    is in standby or wants somebody else to look at it first (`registry.audit.refusing`).
    """
    record_many(work, tag, [(subject, before, after)], domain_id=domain_id)


def record_many(work: UnitOfWork, tag: str, changes: Iterable[_Change], *, domain_id: int | None = None) -> None:
    """Add an event for each (subject, before, after); all share actor and request id. Errors as those of `record`."""
    shared = to_microseconds(work.now), work.actor, work.request_id, tag, domain_id
    recorded = []
    for subject, before, after in changes:
        if is_personal(tag, subject):
            required_keys(work.master_key)
            recorded.append(_Recorded(shared, subject, None, None, sealing.in_clear(subject, before, after)))
        else:
            recorded.append(_Recorded(shared, subject, _text(before), _text(after), None))
    if recorded:
        check_domain(work, tag, domain_id)
        work.tell(Topic.EVENTS, *_TOPICS.get(tag.partition(":")[0], ()))
        work.write_together(_write, recorded)


def record_batch(
    work: UnitOfWork,
    tag: str,
    subjects: Sequence[str],
    *,
    domain_id: int | None = None,
    before: Any = None,
    after: Any = None,
) -> int | None:
    """Add one event for many subjects, each of which was `before` and is `after`; gives its sequence.

    It is found by a subject only where a registration of it has the sequence (see `registry.audit.batch_lookup`), and
    `before` and `after` are told in clear. One subject has an event of its own, and the sequence is None. Errors as
    those of `record`.
    """
    if len(subjects) < 2:
        record_many(work, tag, [(subject, before, after) for subject in subjects], domain_id=domain_id)
        return None
    check_domain(work, tag, domain_id)
    keys = required_keys(work.master_key)
    entries = batches.entries_of(subjects)
    batch = Batch(len(entries), batches.root_of(batches.leaves_of(entries)), before, after)
    sealed = batches.seal(keys, batch.root, entries)
    work.settle()  # what was recorded before comes before
    work.tell(Topic.EVENTS, *_TOPICS.get(tag.partition(":")[0], ()))
    shared = to_microseconds(work.now), work.actor, work.request_id, tag, domain_id
    row = (*shared, "", *map(_text, batch.stored), None, None)
    return event_batches.add(work.connection, row, sealed.salt, sealed.content)


def _text(value: Any) -> str | None:
    return None if value is None else to_json(value)


def _write(work: UnitOfWork, recorded: Sequence[_Recorded]) -> None:
    """Add events in the order in which they were recorded, and seal what is personal."""
    tags = {item.subject: item.shared[3] for item in reversed(recorded) if item.to_seal is not None}
    subjects = subjects_of(work, tags.keys(), new=not _NEW.isdisjoint(tags.values())) if tags else {}
    ciphers = {name: required_keys(work.master_key).cipher(subject.salt) for name, subject in subjects.items()}
    rows: list[tuple[Any, ...]] = []
    for shared, subject, before, after, to_seal in recorded:
        if to_seal is None:
            rows.append((*shared, subject, before, after, None, None))
        else:
            sealed = sealing.seal(ciphers[subject], to_seal, sealing.beside(*shared))
            rows.append((*shared, "", None, None, subjects[subject].id, sealed))
    events.append(work.connection, rows)


def about(database: Database, subject: str) -> list[Event]:
    """All events about a subject, oldest first."""
    wanted, after = EventFilter(subject=subject), None
    found: list[Event] = []
    while True:
        page = search(database, wanted, after, _EVERY)
        found += page.events
        if (after := page.after) is None:
            return found[::-1]


def search(
    database: Database, wanted: EventFilter, after: int | None = None, size: int = 100, *, whole: bool = False
) -> EventPage:
    """The events that fulfil a filter, newest first, at most `size`; `after` is that of the page before.

    With `whole` events about many tell all their subjects.
    """
    key = database.master_key
    with database.read() as connection:
        ids, mine = [], dict[int, Entry | Unreadable]()
        if wanted.subject is not None:
            subject = find_subject(connection, key, wanted.subject)
            ids = [] if subject is None else [subject.id]
            mine = batches_with(connection, key, wanted.subject, subject)
        rows = events.page(connection, wanted, ids, after, size + 1, mine.keys())
        shown = opened(connection, key, rows[:size], mine, whole=whole)
    return EventPage(tuple(shown), rows[size - 1].sequence if len(rows) > size else None)


def opened(
    connection: Connection,
    master_key: MasterKey | None,
    rows: Sequence[EventRow],
    mine: Mapping[int, Entry | Unreadable] | None = None,
    *,
    whole: bool = False,
) -> list[Event]:
    """What the rows say, opened where that is possible, with the names of the people who did it.

    `mine` are entries of events about many, by sequence: those say of them what others say of their one subject. With
    `whole` they tell all subjects, too.
    """
    salts = audit.salts(connection, {row.subject_id for row in rows if row.subject_id is not None})
    names = actor_names(connection, (row.actor for row in rows))
    every = {row.sequence: batch for row in rows if (batch := _batch_of(row))}
    entries = entries_in(connection, master_key, every.keys()) if whole and every else {}
    shown = []
    for row in rows:
        batch, subjects = every.get(row.sequence), entries.get(row.sequence)
        if batch is None:
            said = opened_values(row, None if row.subject_id is None else salts.get(row.subject_id), master_key)
        else:
            said = _said_of(row, batch, (mine or {}).get(row.sequence))
        unreadable = next((why for why in (said, subjects) if isinstance(why, Unreadable)), "")
        subject, before, after = ("", None, None) if isinstance(said, Unreadable) else said
        shown.append(
            Event(
                sequence=row.sequence,
                position=row.position,
                at=row.at,
                actor=row.actor,
                actor_name=names[row.actor],
                request_id=row.request_id,
                tag=row.tag,
                domain_id=row.domain_id,
                subject=subject,
                before=before,
                after=after,
                unreadable=unreadable,
                count=None if batch is None else batch.count,
                subjects=None if subjects is None or isinstance(subjects, Unreadable) else tuple(map(_name, subjects)),
            )
        )
    return shown


def actor_names(connection: Connection, actors: Iterable[str]) -> dict[str, str]:
    """What actors are called: a person by the name as it is today, others, and who was erased, as themselves."""
    every = set(actors)
    people = {actor: int(actor.removeprefix(_PERSON)) for actor in every if _is_person(actor)}
    names = audit.names_of_people(connection, set(people.values())) if people else {}
    return {actor: names.get(people[actor], actor) if actor in people else actor for actor in every}


def _batch_of(row: EventRow) -> Batch | None:
    return batch_of(row.subject, row.sealed, row.before, row.after)


def _said_of(row: EventRow, batch: Batch, mine: Entry | Unreadable | None) -> Said | Unreadable:
    """What an event about many says: of the subject that was asked for, or of all."""
    if mine is None:
        return Said("", row.before, row.after)
    return mine if isinstance(mine, Unreadable) else Said(mine.subject, batch.before, batch.after)


def _name(entry: Entry | bytes) -> str | None:
    return entry.subject if isinstance(entry, Entry) else None


def _is_person(actor: str) -> bool:
    number = actor.removeprefix(_PERSON)
    return number != actor and number.isascii() and number.isdigit()
