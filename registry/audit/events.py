# SPDX-License-Identifier: Apache-2.0
"""Records what was done, and finds it again. Tags are ``source:subject:action``, as in ``sml:registration:create``.

Events are added at the end of the transaction, all at once. What is personal is sealed on the way in, and opened on the
way out where the installation's master key is at hand and the subject has not been erased.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from registry.audit import sealing
from registry.audit.personal import is_personal
from registry.audit.sealing import keys_of
from registry.audit.subject_lookup import find_subject, required_keys, subjects_of
from registry.errors import TechnicalError
from registry.master_key import MasterKey
from registry.storage.engine import Database
from registry.storage.queries import audit, events
from registry.storage.queries.events import EventFilter, EventRow
from registry.storage.types import to_json, to_microseconds
from registry.storage.unit_of_work import Connection, Topic, UnitOfWork

__all__ = ["Event", "EventFilter", "EventPage", "about", "opened", "record", "record_many", "search"]

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

    Raises ConfigurationError where the subject is personal and there is no master key.
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
        work.tell(Topic.EVENTS, *_TOPICS.get(tag.partition(":")[0], ()))
        work.write_together(_write, recorded)


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


def search(database: Database, wanted: EventFilter, after: int | None = None, size: int = 100) -> EventPage:
    """The events that fulfil a filter, newest first, at most `size`; `after` is that of the page before."""
    with database.read() as connection:
        subject = None if wanted.subject is None else find_subject(connection, database.master_key, wanted.subject)
        rows = events.page(connection, wanted, [] if subject is None else [subject.id], after, size + 1)
        shown = opened(connection, database.master_key, rows[:size])
    return EventPage(tuple(shown), rows[size - 1].sequence if len(rows) > size else None)


def opened(connection: Connection, master_key: MasterKey | None, rows: Sequence[EventRow]) -> list[Event]:
    """What the rows say, opened where that is possible, with the names of the people who did it."""
    salts = audit.salts(connection, {row.subject_id for row in rows if row.subject_id is not None})
    people = {row.actor: int(row.actor.removeprefix(_PERSON)) for row in rows if _is_person(row.actor)}
    names = audit.names_of_people(connection, set(people.values())) if people else {}
    shown = []
    for row in rows:
        subject, before, after, unreadable = _values(row, salts, master_key)
        shown.append(
            Event(
                sequence=row.sequence,
                position=row.position,
                at=row.at,
                actor=row.actor,
                actor_name=names.get(people[row.actor], row.actor) if row.actor in people else row.actor,
                request_id=row.request_id,
                tag=row.tag,
                domain_id=row.domain_id,
                subject=subject,
                before=before,
                after=after,
                unreadable=unreadable,
            )
        )
    return shown


def _is_person(actor: str) -> bool:
    number = actor.removeprefix(_PERSON)
    return number != actor and number.isascii() and number.isdigit()


def _values(row: EventRow, salts: dict[int, bytes], master_key: MasterKey | None) -> tuple[str, Any, Any, str]:
    if row.sealed is None or row.subject_id is None:
        return row.subject, row.before, row.after, ""
    salt = salts.get(row.subject_id)
    if salt is None:
        return "", None, None, "erased"
    if master_key is None:
        return "", None, None, "no master key"
    beside = sealing.beside(to_microseconds(row.at), row.actor, row.request_id, row.tag, row.domain_id)
    try:
        return *sealing.unseal(keys_of(master_key).cipher(salt), bytes(row.sealed), beside), ""
    except TechnicalError:
        return "", None, None, "damaged"
