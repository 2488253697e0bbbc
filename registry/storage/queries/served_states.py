# SPDX-License-Identifier: Apache-2.0
"""What zones held at earlier serials, and what the journal knows of names: to compare with what name servers serve."""

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from registry.storage.queries.zones import ZoneRow, history_window, newest_changes, rrset_texts, state_before
from registry.storage.tables import name_server, zone_change, zone_push, zone_rrset

_CHUNK = 400
_c, _z = zone_change.c, zone_rrset.c


def state_at(connection: Connection, held: ZoneRow, serial: int) -> Generator[tuple[str, str, str], None, None]:
    """Every (owner, rdtype, text) that a zone held at a serial from which its journal leads to the present; streamed.

    The row is of the same transaction, and `held.has_history_since(serial)`.
    """
    later = or_(and_(*history_window(held.id, serial, held.serial)), _c.serial.is_(None))
    return state_before(connection, held.id, later)


def record_count(connection: Connection, zone_id: int) -> int:
    """How many records a zone has, with those of changes that have no serial yet."""
    records = func.length(_z.content) - func.length(func.replace(_z.content, "\n", "")) + 1
    return int(connection.execute(select(func.sum(records)).where(_z.zone_id == zone_id)).scalar_one() or 0)


def texts_now(connection: Connection, zone_id: int, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the (owner, rdtype) pairs hold at the zone's present serial; pairs without records are absent."""
    found: dict[tuple[str, str], str | None] = dict(rrset_texts(connection, zone_id, keys))
    wanted = set(keys)
    query = select(_c.owner, _c.rdtype, _c.before).where(_waiting(zone_id)).order_by(_c.sequence.desc())
    for part in _parts({owner for owner, _ in keys}):
        for owner, rdtype, before in connection.execute(query.where(_c.owner.in_(part))):
            if (owner, rdtype) in wanted:
                found[owner, rdtype] = before
    return {key: text for key, text in found.items() if text is not None}


def changed_since(connection: Connection, zone_id: int, owners: Collection[str], moment: datetime) -> set[str]:
    """Which of these names have changed since a moment, or have changes without a serial."""
    return _changed(connection, zone_id, owners, or_(_c.changed_at >= moment, _c.serial.is_(None)))


def changed_after(connection: Connection, held: ZoneRow, owners: Collection[str], serial: int) -> set[str]:
    """Which of these names have changes after a serial, or without one."""
    later = or_(and_(*history_window(held.id, serial, held.serial)), _c.serial.is_(None))
    return _changed(connection, held.id, owners, later)


def changed_behind(connection: Connection, zone_id: int, owners: Collection[str], sequence: int) -> set[str]:
    """Which of these names have changes with greater numbers than this one."""
    return _changed(connection, zone_id, owners, _c.sequence > sequence)


def _changed(connection: Connection, zone_id: int, owners: Collection[str], later: ColumnElement[bool]) -> set[str]:
    found = set[str]()
    for part in _parts(owners):
        query = select(_c.owner).where(_c.sequence.in_(newest_changes(zone_id, part)), later)
        found |= set(connection.execute(query).scalars())
    return found


def removed_texts(
    connection: Connection, zone_id: int, owners: Collection[str]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """What (owner, rdtype) of these names held when it was removed from them, as often as the journal tells."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for part in _parts(owners):
        gone = select(_c.owner, _c.rdtype, _c.before).where(_c.zone_id == zone_id, _c.owner.in_(part))
        for owner, rdtype, text in connection.execute(gone.where(_c.after.is_(None), _c.before.is_not(None))):
            found[owner, rdtype] = (*found.get((owner, rdtype), ()), text)
    return found


def recently_removed(connection: Connection, zone_id: int, number: int) -> list[tuple[str, str]]:
    """Up to `number` (owner, rdtype) that were removed last, whatever came after."""
    query = select(_c.owner, _c.rdtype).where(_c.zone_id == zone_id, _c.after.is_(None), _c.serial.is_not(None))
    rows = connection.execute(query.order_by(_c.sequence.desc()).limit(number))
    return list(dict.fromkeys((row[0], row[1]) for row in rows))


def serials_seen(connection: Connection, zone_id: int) -> dict[str, int]:
    """The serial that each name server showed last, its own one where the zone is signed; by its address."""
    shown = func.coalesce(name_server.c.own_serial, name_server.c.serial)
    query = select(name_server.c.address, shown).where(name_server.c.zone_id == zone_id, shown.is_not(None))
    return {row[0]: int(row[1]) for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class PushedTo:
    """How far a target is: the serial of ours up to which all has arrived."""

    address: str
    name: str
    serial: int | None


def pushed_to(connection: Connection, zone_id: int) -> list[PushedTo]:
    """The targets to which a zone was pushed at least once."""
    c = zone_push.c
    query = select(c.address, c.name, c.serial).where(c.zone_id == zone_id).order_by(c.address, c.name)
    return [PushedTo(*row) for row in connection.execute(query)]


def _waiting(zone_id: int) -> ColumnElement[bool]:
    return and_(_c.zone_id == zone_id, _c.serial.is_(None))


def _parts(owners: Collection[str]) -> Iterator[list[str]]:
    names = sorted(owners)
    for start in range(0, len(names), _CHUNK):
        yield names[start : start + _CHUNK]
