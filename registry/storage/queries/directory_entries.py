# SPDX-License-Identifier: Apache-2.0
"""What the directory of a domain was told of each participant, and what it is still to be told.

What it is to be told follows from the participant's own rows (`wanted_of`). An entry says that somebody has to look,
under a `version` that grows with each change: what was worked out before a change doesn't settle it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from registry.identifiers.participant import WILDCARD
from registry.storage.tables import business_card, directory_entry, publisher, registration, service_group
from registry.storage.types import Instant
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert

Key = tuple[str, str]
"""A participant: its scheme, and its value as that compares."""
_CHUNK = 400
_STREAMED = {"yield_per": 10_000}


class EntryState(StrEnum):
    """How it stands with a participant."""

    WAITING = "waiting"
    """The directory doesn't know yet what it should."""
    CURRENT = "current"
    FAILED = "failed"
    """The last try failed; there is another one where `due_at` says when."""


@dataclass(frozen=True, slots=True)
class DirectoryPlace:
    """A domain, its directory (`DirectoryProfile.address`), and the id under which our SML knows our own SMP.

    Without `smp_id` the SML is somebody else's, and whoever has a card counts as registered.
    """

    domain_id: int
    address: str
    smp_id: str | None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """What the directory was told of a participant. `told` is None where it was told nothing, or to forget it."""

    id: int
    scheme: str
    value: str
    value_key: str
    version: int
    state: str
    told: str | None
    told_at: datetime | None
    asked_at: datetime | None
    attempts: int
    due_at: datetime | None
    changed_at: datetime
    status: int | None
    failure: str | None

    @property
    def key(self) -> Key:
        """By which a participant is looked up."""
        return self.scheme, self.value_key


@dataclass(frozen=True, slots=True)
class EntryCounts:
    """How many participants there are in each state, and since when the oldest waits of those that aren't current.

    Of those that failed `refused` aren't tried again by themselves; `oldest_waiting` leaves them aside.
    """

    waiting: int = 0
    current: int = 0
    failed: int = 0
    refused: int = 0
    oldest: datetime | None = None
    oldest_waiting: datetime | None = None


_e, _g, _b, _r, _p = directory_entry.c, service_group.c, business_card.c, registration.c, publisher.c
_COLUMNS = [_e[name] for name in EntryRow.__dataclass_fields__]
_NEW = (
    *("domain_id", "scheme", "value", "value_key", "version", "state"),
    *("asked_at", "attempts", "due_at", "changed_at"),
)


def wanted_of(connection: Connection, place: DirectoryPlace, keys: Collection[Key]) -> Mapping[Key, tuple[str, str]]:
    """Of these participants those that are to be found: how each is spelled, and a digest of what there is to find."""
    found: dict[Key, tuple[str, str]] = {}
    for part in _parts(keys):
        for scheme, value, value_key, digest in connection.execute(_wanted(place).where(part(_g))):
            found[scheme, value_key] = (value, digest)
    return found


def _wanted(place: DirectoryPlace) -> Select[Any]:
    """Who has a public card, and is registered by our SMP."""
    digest = literal(f"{place.address}|") + _b.etag + literal("|") + cast(_g.content_version, String)
    query = (
        select(_g.scheme, _g.value, _g.value_key, digest.label("digest"))
        .select_from(service_group.join(business_card))
        .where(_g.domain_id == place.domain_id, _g.visibility == "public")
    )
    return query if place.smp_id is None else query.where(_registered(place.domain_id, place.smp_id))


def _registered(domain_id: int, smp_id: str) -> ColumnElement[bool]:
    ours = and_(_p.id == _r.publisher_id, _p.smp_id_key == smp_id.lower(), ~_p.suspended, _p.removing_at.is_(None))
    same = and_(_r.scheme == _g.scheme, _r.value_key.in_((_g.value_key, WILDCARD)))
    return exists().where(_r.domain_id == domain_id, same, ~_r.suspended, ours).correlate(service_group)


def _parts(keys: Iterable[Key]) -> list[Any]:
    """For each part of the keys what makes a condition of the columns of a table."""
    by_scheme: dict[str, set[str]] = {}
    for scheme, value in keys:
        by_scheme.setdefault(scheme, set()).add(value)
    parts = []
    for scheme, values in sorted(by_scheme.items()):
        ordered = sorted(values)
        for start in range(0, len(ordered), _CHUNK):
            chunk = ordered[start : start + _CHUNK]

            def condition(c: Any, scheme: str = scheme, chunk: Sequence[str] = chunk) -> ColumnElement[bool]:
                return and_(c.scheme == scheme, c.value_key.in_(chunk))

            parts.append(condition)
    return parts


def mark(work: UnitOfWork, domain_id: int, keys: Iterable[Key], *, anew: bool = False) -> None:
    """Have somebody look at what the directory knows of participants: of all that have a card, and all that had one.

    `anew`: whatever it was told counts as never told.
    """
    values: dict[str, Any] = {
        "version": _e.version + 1,
        "state": EntryState.WAITING,
        "attempts": 0,
        "due_at": work.now,
        # Since when it isn't as it should be: not since the last of several changes.
        "changed_at": case((_e.state == EntryState.CURRENT, literal(work.now, Instant())), else_=_e.changed_at),
        "status": None,
        "failure": None,
    }
    if anew:
        values |= {"told": None}
    for part in _parts(keys):
        changed = update(directory_entry).where(_e.domain_id == domain_id, part(_e)).values(values)
        work.connection.execute(changed)
        now = literal(work.now, Instant())
        new = (
            select(
                *(_g.domain_id, _g.scheme, _g.value, _g.value_key, literal(1), literal(EntryState.WAITING.value)),
                *(null(), literal(0), now, now),
            )
            .select_from(service_group.join(business_card))
            .where(_g.domain_id == domain_id, part(_g))
        )
        statement = upsert(work.connection, directory_entry).from_select(list(_NEW), new, include_defaults=False)
        # Also over one that somebody else has written meanwhile: what they saw may be older.
        unique = ["domain_id", "scheme", "value_key"]
        work.connection.execute(statement.on_conflict_do_update(index_elements=unique, set_=values))


def correct(work: UnitOfWork, domain_id: int, participants: Sequence[tuple[str, str, str]]) -> None:
    """Have what the directory was seen to hold, or to lack, put right: scheme, value, value as it compares of each.

    It counts as told nothing, and as holding what it does: so it is told to forget whoever isn't wanted.
    """
    unique, now = ["domain_id", "scheme", "value_key"], work.now
    values = {
        "version": _e.version + 1,
        "state": EntryState.WAITING,
        "attempts": 0,
        "due_at": now,
        "changed_at": now,
        "told": None,
        "asked_at": now,
        "status": None,
        "failure": None,
    }
    rows = [
        {
            "domain_id": domain_id,
            "scheme": scheme,
            "value": value,
            "value_key": key,
            "version": 1,
            "state": EntryState.WAITING,
            "asked_at": now,
            "attempts": 0,
            "due_at": now,
            "changed_at": now,
        }
        for scheme, value, key in sorted(participants)
    ]
    if rows:
        statement = upsert(work.connection, directory_entry)
        work.connection.execute(statement.on_conflict_do_update(index_elements=unique, set_=values), rows)


# Telling


def is_due(connection: Connection, domain_id: int, now: datetime) -> bool:
    """Whether the directory is to be told something."""
    query = select(_e.id).where(_e.domain_id == domain_id, _e.due_at <= now).limit(1)
    return connection.execute(query).first() is not None


def due(work: UnitOfWork, domain_id: int, size: int) -> list[EntryRow]:
    """Up to `size` participants of which the directory is to be told now, those that wait longest first; locked."""
    query = select(*_COLUMNS).where(_e.domain_id == domain_id, _e.due_at <= work.now)
    query = query.order_by(_e.due_at, _e.id).limit(size).with_for_update(skip_locked=True)
    return [EntryRow(*row) for row in work.connection.execute(query)]


def note_tries(work: UnitOfWork, tries: Mapping[int, datetime]) -> None:
    """Note that the directory is being told of entries, and when each is tried again if nobody says what came of it."""
    if tries:
        asked = func.coalesce(_e.asked_at, literal(work.now, Instant()))
        statement = update(directory_entry).where(_e.id == bindparam("entry"))
        statement = statement.values(
            asked_at=asked, attempts=_e.attempts + 1, due_at=bindparam("again", type_=Instant())
        )
        rows = [{"entry": number, "again": again} for number, again in sorted(tries.items())]
        work.connection.execute(statement, rows)


def note_told(work: UnitOfWork, row: EntryRow, digest: str) -> None:
    """Note that the directory has taken a participant, in this state; a change since then still waits."""
    same = _e.version == row.version
    values = {
        "told": digest,
        "told_at": work.now,
        "attempts": 0,
        "state": case((same, EntryState.CURRENT), else_=_e.state),
        "due_at": case((same, literal(None, Instant())), else_=_e.due_at),
        "status": None,
        "failure": None,
    }
    work.connection.execute(update(directory_entry).where(_e.id == row.id).values(values))


def note_forgotten(work: UnitOfWork, row: EntryRow) -> None:
    """Note that the directory has forgotten a participant; a change since then still waits."""
    removed = work.connection.execute(delete(directory_entry).where(_e.id == row.id, _e.version == row.version))
    if not removed.rowcount:
        values = {"told": None, "told_at": None, "asked_at": None, "status": None, "failure": None}
        work.connection.execute(update(directory_entry).where(_e.id == row.id).values(values))


def note_failure(work: UnitOfWork, row: EntryRow, failure: str, status: int | None, again: datetime | None) -> None:
    """Note that the directory hasn't taken something, and when that is tried again; None: only after a change."""
    values = {"state": EntryState.FAILED, "failure": failure, "status": status, "due_at": again}
    unchanged = and_(_e.id == row.id, _e.version == row.version)
    work.connection.execute(update(directory_entry).where(unchanged).values(values))


def settle(work: UnitOfWork, ids: Collection[int]) -> None:
    """Note of locked entries that the directory knows already what it should."""
    for start in range(0, len(ordered := sorted(ids)), _CHUNK):
        part = update(directory_entry).where(_e.id.in_(ordered[start : start + _CHUNK]))
        work.connection.execute(
            part.values(state=EntryState.CURRENT, due_at=None, attempts=0, failure=None, status=None)
        )


def drop(work: UnitOfWork, ids: Collection[int]) -> None:
    """Forget locked entries of participants that the directory has never heard of."""
    for start in range(0, len(ordered := sorted(ids)), _CHUNK):
        work.connection.execute(delete(directory_entry).where(_e.id.in_(ordered[start : start + _CHUNK])))


def try_now(work: UnitOfWork, domain_id: int, keys: Collection[Key] | None = None) -> int:
    """Have what failed tried now; with `keys` whatever waits of these. Returns how many that are."""
    values = {"state": EntryState.WAITING, "due_at": work.now, "attempts": 0, "version": _e.version + 1}
    if keys is None:
        failed = update(directory_entry).where(_e.domain_id == domain_id, _e.state == EntryState.FAILED)
        return work.connection.execute(failed.values(values)).rowcount
    waiting = and_(_e.domain_id == domain_id, _e.state != EntryState.CURRENT)
    return sum(
        work.connection.execute(update(directory_entry).where(waiting, part(_e)).values(values)).rowcount
        for part in _parts(keys)
    )


# Comparing all that there is


def differing(
    connection: Connection, place: DirectoryPlace, after_id: int, size: int, *, every: bool = False
) -> tuple[list[Key], int | None]:
    """Of the next `size` service groups those of which the directory isn't told as it should be, and isn't going to be.

    With `every` all that are to be found. Also gives the last group's id; None where there are no more.
    """
    part = select(_g.id).where(_g.domain_id == place.domain_id, _g.id > after_id).order_by(_g.id).limit(size)
    last = connection.execute(select(func.max(part.subquery().c.id))).scalar()
    if last is None:
        return [], None
    query = _wanted(place).where(_g.id > after_id, _g.id <= last)
    if not every:
        digest = query.selected_columns.digest
        known = exists().where(
            _e.domain_id == place.domain_id,
            _e.scheme == _g.scheme,
            _e.value_key == _g.value_key,
            or_(_e.state != EntryState.CURRENT, _e.told == digest),
        )
        query = query.where(~known.correlate(service_group, business_card))
    return [(scheme, key) for scheme, _, key, _ in connection.execute(query)], int(last)


def surplus(connection: Connection, place: DirectoryPlace, after_id: int, size: int) -> tuple[list[Key], int | None]:
    """As `differing`, of the next `size` entries: those that are told though they aren't wanted."""
    part = (
        select(_e.id, _e.scheme, _e.value_key, _e.state)
        .where(_e.domain_id == place.domain_id, _e.id > after_id)
        .order_by(_e.id)
        .limit(size)
    )
    rows = connection.execute(part).all()
    if not rows:
        return [], None
    told = [(row.scheme, row.value_key) for row in rows if row.state == EntryState.CURRENT]
    wanted = wanted_of(connection, place, told)
    return [key for key in told if key not in wanted], int(rows[-1].id)


def all_wanted(connection: Connection, place: DirectoryPlace) -> Iterator[tuple[str, str, str]]:
    """All participants that are to be found: scheme, value as compared, value as spelled; streamed."""
    with connection.execute(_wanted(place), execution_options=_STREAMED) as result:
        for row in result:
            yield row.scheme, row.value_key, row.value


def all_asked(connection: Connection, domain_id: int) -> Iterator[tuple[str, str, str]]:
    """All participants that the directory may have heard of; streamed as those of `all_wanted`."""
    query = select(_e.scheme, _e.value_key, _e.value).where(_e.domain_id == domain_id, _e.asked_at.is_not(None))
    with connection.execute(query, execution_options=_STREAMED) as result:
        for row in result:
            yield row[0], row[1], row[2]


def count_wanted(connection: Connection, place: DirectoryPlace) -> int:
    """How many participants are to be found in the directory."""
    return int(connection.execute(select(func.count()).select_from(_wanted(place).subquery())).scalar_one())


def count_untold(connection: Connection, place: DirectoryPlace) -> int:
    """How many of those it isn't told as they are."""
    query = _wanted(place)
    known = exists().where(
        _e.domain_id == place.domain_id,
        _e.scheme == _g.scheme,
        _e.value_key == _g.value_key,
        _e.told == query.selected_columns.digest,
    )
    query = query.where(~known.correlate(service_group, business_card))
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())


# Showing


def find(connection: Connection, domain_id: int, key: Key) -> EntryRow | None:
    """What is known of a participant; None where the directory was never told of it, nor is to be."""
    scheme, value_key = key
    query = select(*_COLUMNS).where(_e.domain_id == domain_id, _e.scheme == scheme, _e.value_key == value_key)
    row = connection.execute(query).first()
    return None if row is None else EntryRow(*row)


def page(connection: Connection, domain_id: int, state: EntryState | None, after_id: int, size: int) -> list[EntryRow]:
    """Up to `size` entries of a domain with ids after `after_id`, of one state or all."""
    query = select(*_COLUMNS).where(_e.domain_id == domain_id, _e.id > after_id)
    if state is not None:
        query = query.where(_e.state == state)
    return [EntryRow(*row) for row in connection.execute(query.order_by(_e.id).limit(size))]


def counts(connection: Connection, domain_id: int) -> EntryCounts:
    """How it stands with a domain."""
    again = _e.due_at.is_not(None).label("again")
    query = select(_e.state, again, func.count(), func.min(_e.changed_at)).where(_e.domain_id == domain_id)
    found = [
        (EntryState(state), bool(tried), int(number), oldest)
        for state, tried, number, oldest in connection.execute(query.group_by(_e.state, again))
    ]
    number = {state: sum(each for held, _, each, _ in found if held is state) for state in EntryState}
    late = [(tried, oldest) for state, tried, _, oldest in found if state is not EntryState.CURRENT]
    return EntryCounts(
        number[EntryState.WAITING],
        number[EntryState.CURRENT],
        number[EntryState.FAILED],
        sum(each for state, tried, each, _ in found if state is EntryState.FAILED and not tried),
        min((oldest for _, oldest in late), default=None),
        min((oldest for tried, oldest in late if tried), default=None),
    )
