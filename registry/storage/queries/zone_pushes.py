# SPDX-License-Identifier: Apache-2.0
"""How far primaries of others are, to which zones are pushed, and the parts in which a zone and its journal are read.

Parts are found by the place where the one before ended, so no transaction lasts as long as a push does.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, not_, select, tuple_, update

from registry.serials import SERIALS
from registry.storage.queries.served_states import texts_now
from registry.storage.queries.zones import ZoneRow, history_window
from registry.storage.tables import zone, zone_change, zone_push, zone_rrset
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class ZonePushRow:
    """A target and what it has: our `serial` up to which all changes are there, None before a whole push has ended.

    `soa` is its SOA as rdata. Where a part is under way a second line has how many messages that is, and the serial
    that the last one brings. `position` is how far a push is of the whole zone, or of a version of several parts
    (`registry.dns.push.progress`); None where none of these is under way.
    """

    zone_id: int
    address: str
    name: str
    serial: int | None = None
    soa: str | None = None
    pushed_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True)
class RecordSetChange:
    """What a name shall hold of a type; `is_new` where it may have held none of that type before.

    Where it shall hold nothing (`text` is None), `only` has the texts of which records go; None: whatever there is.
    """

    owner: str
    rdtype: str
    is_new: bool
    text: str | None
    only: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class JournalPart:
    """Changes of the journal in their order, one for each name and type.

    `reached` is the serial that a zone has which has them all, None in the midst of a version; `position` is where the
    next part begins.
    """

    changes: tuple[RecordSetChange, ...]
    position: tuple[int, int] | None
    reached: int | None


_COLUMNS = [zone_push.c[name] for name in ZonePushRow.__dataclass_fields__]


def find(connection: Connection, zone_id: int, address: str, name: str) -> ZonePushRow:
    """What is known of a target; of one that nothing is known of, that."""
    c = zone_push.c
    query = select(*_COLUMNS).where(c.zone_id == zone_id, c.address == address, c.name == name)
    row = connection.execute(query).first()
    return ZonePushRow(zone_id, address, name) if row is None else ZonePushRow(*row)


def note(work: UnitOfWork, row: ZonePushRow, **values: object) -> None:
    """Write down some of what a target has."""
    key = {"zone_id": row.zone_id, "address": row.address, "name": row.name}
    insert = upsert(work.connection, zone_push).values(**key, **values)
    work.connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))


def state_part(
    connection: Connection, zone_id: int, after: tuple[str, str], size: int
) -> tuple[list[RecordSetChange], tuple[str, str] | None]:
    """Record sets of a zone at its present serial behind an owner and type, and the last of these; None: that was all.

    About `size` of them, in the order of the database.
    """
    held, c = zone_rrset.c, zone_change.c
    behind = tuple_(held.owner, held.rdtype) > tuple_(*after)
    query = select(held.owner, held.rdtype, held.content).where(held.zone_id == zone_id, behind)
    rows = connection.execute(query.order_by(held.owner, held.rdtype).limit(size)).all()
    last = (rows[-1][0], rows[-1][1]) if len(rows) == size else None
    # What has no serial yet is taken back: the oldest change of a name comes last, and has what was there.
    waiting = select(c.owner, c.rdtype, c.before).where(c.zone_id == zone_id, c.serial.is_(None))
    waiting = waiting.where(tuple_(c.owner, c.rdtype) > tuple_(*after))
    if last is not None:
        waiting = waiting.where(tuple_(c.owner, c.rdtype) <= tuple_(*last))
    texts: dict[tuple[str, str], str | None] = {(owner, rdtype): text for owner, rdtype, text in rows}
    for owner, rdtype, before in connection.execute(waiting.order_by(c.sequence.desc())):
        texts[owner, rdtype] = before
    return [RecordSetChange(*key, is_new=True, text=text) for key, text in texts.items() if text is not None], last


def gone_part(
    connection: Connection, held: ZoneRow, since: int, after: int, size: int
) -> tuple[list[RecordSetChange], int | None]:
    """What names held up to the serial `since`, as far as the journal tells, that hold nothing now.

    It begins behind the change with the number `after`; with it comes where the next part does, None: that was all.
    """
    c, removal = zone_change.c, zone_change.alias()
    removed = and_(removal.c.owner == c.owner, removal.c.zone_id == c.zone_id, removal.c.after.is_(None))
    query = select(c.sequence, c.owner, c.rdtype, c.before, c.after).where(
        c.zone_id == held.id,
        c.serial.is_not(None),
        c.sequence > after,
        not_(and_(*history_window(held.id, since, held.serial))),
        select(removal.c.sequence).where(removed).exists(),
    )
    rows = connection.execute(query.order_by(c.sequence).limit(size)).all()
    texts: dict[tuple[str, str], dict[str, None]] = {}
    for _, owner, rdtype, *ends in rows:
        texts.setdefault((owner, rdtype), {}).update(dict.fromkeys(text for text in ends if text is not None))
    present = texts_now(connection, held.id, list(texts))
    gone = [
        RecordSetChange(*key, is_new=False, text=None, only=tuple(known))
        for key, known in texts.items()
        if key not in present
    ]
    return gone, rows[-1][0] if len(rows) == size else None


def journal_part(
    connection: Connection,
    held: ZoneRow,
    since: int,
    position: tuple[int, int] | None,
    size: int,
    *,
    shared: bool = False,
) -> JournalPart:
    """The next changes after the serial `since`, up to `size`, where the part before ended at `position`.

    A part ends with a whole version, unless a single one is longer. There must be a history since that serial. Of a
    zone that is `shared` with others only what we can have written goes.
    """
    c = zone_change.c
    went_round = since > held.serial
    order = (c.serial - since + SERIALS) % SERIALS if went_round else c.serial
    inside = history_window(held.id, since, held.serial)
    if position is not None:
        # A position counts from `since`, as serials may go round between two parts.
        distance, sequence = position
        inside.append(tuple_(order, c.sequence) > tuple_(distance if went_round else since + distance, sequence))
    query = select(order, c.serial, c.sequence, c.owner, c.rdtype, c.before, c.after).where(*inside)
    rows = connection.execute(query.order_by(order, c.sequence).limit(size)).all()
    reached: int | None = held.serial
    if len(rows) == size:
        whole = [row for row in rows if row[0] != rows[-1][0]]
        rows, reached = (whole, whole[-1][1]) if whole else (rows, None)
    texts: dict[tuple[str, str], list[str | None]] = {}
    for _, _, _, owner, rdtype, before, after in rows:
        texts.setdefault((owner, rdtype), [before]).append(after)
    # A part that was broken off may have left any of what was there in between.
    changes = tuple(
        RecordSetChange(*key, ends[0] is None, ends[-1], tuple(filter(None, ends)) if shared and not ends[-1] else None)
        for key, ends in texts.items()
    )
    end = ((rows[-1][1] - since) % SERIALS, rows[-1][2]) if rows else position
    return JournalPart(changes, end, reached)


def raise_serial(work: UnitOfWork, zone_id: int, held: int, serial: int) -> bool:
    """Let a zone go on from a serial without a change; False where it has another one than `held` by now."""
    changed = (
        update(zone)
        .where(zone.c.id == zone_id, zone.c.serial == held)
        .values(serial=serial, modified_at=work.now)
        .returning(zone.c.id)
    )
    return work.connection.execute(changed).first() is not None
