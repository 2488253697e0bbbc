# SPDX-License-Identifier: Apache-2.0
"""The zone journal: every change to a zone, written in the transaction that causes it, stamped with a serial later.

It is outbox, transfer journal and history in one. What a name holds now is kept beside it, so that
"before" is what really was there and a server can start without replaying history.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from registry.audit.events import record
from registry.dns.records import APEX, RRset, ns_rrset, soa_rrset
from registry.dns.served_zone import ServedZone
from registry.domains.domain import DnsProfile
from registry.errors import NotFoundError
from registry.storage.engine import Actor, Database
from registry.storage.queries import zones
from registry.storage.queries.zones import Change, ZoneRow
from registry.storage.unit_of_work import Connection, UnitOfWork

LEASE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class NewState:
    """What an owner shall hold of one type; no record set means that it goes."""

    owner: str
    rdtype: str
    rrset: RRset | None

    @classmethod
    def of(cls, rrset: RRset) -> "NewState":
        """The record set as it shall be."""
        return cls(rrset.owner, rrset.rdtype, rrset)


class ZoneJournal:
    """Writes to the journal, and wakes whoever publishes zones once the transaction is committed."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self._wake = wake

    def create_zone(self, work: UnitOfWork, domain_id: int, profile: DnsProfile) -> int:
        """Make the zone of a domain with its apex records; returns its id."""
        zone_id = zones.add(work, domain_id, profile.zone, serial=0)
        self.write(work, zone_id, [NewState.of(soa_rrset(profile, 0)), NewState.of(ns_rrset(profile))])
        record(work, "dns:zone:create", profile.zone, domain_id=domain_id, after={"zone": profile.zone})
        return zone_id

    def write(self, work: UnitOfWork, zone_id: int, states: Sequence[NewState]) -> int:
        """Bring names to new states; returns how many changed. What is so already leaves no trace."""
        wanted = {(state.owner, state.rdtype): state.rrset for state in states}
        held = zones.rrset_texts(work.connection, zone_id, list(wanted))
        changes = []
        for (owner, rdtype), rrset in wanted.items():
            before, after = held.get((owner, rdtype)), rrset.to_text() if rrset is not None else None
            if before != after:
                changes.append(Change(owner, rdtype, before, after))
        zones.write_changes(work, zone_id, changes)
        if changes:
            work.after_commit(self._wake)
        return len(changes)


@dataclass(frozen=True, slots=True)
class ZoneUpdate:
    """What a served zone has to take over: the changes up to a serial."""

    zone: ServedZone
    serial: int
    changes: tuple[tuple[str, str, RRset | None], ...]

    def apply(self) -> None:
        """Take it over; belongs in the thread that answers queries."""
        self.zone.apply(self.serial, self.changes)


@dataclass(frozen=True, slots=True)
class ZoneNews:
    """What a tick brought: zones that are new here, and updates of the known ones."""

    begun: tuple[ServedZone, ...]
    updates: tuple[ZoneUpdate, ...]


class ZonePublisher:
    """Stamps serials on what waits, and reads for the served zones what the journal has for them.

    A lease in the database makes sure that one process stamps a zone; the others follow. Blocking: call `tick` from a
    worker thread, one at a time, and apply its news where queries are answered.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._served: dict[int, ServedZone] = {}
        self._read_up_to: dict[int, int] = {}

    def tick(self) -> ZoneNews:
        """Stamp, then read what is new."""
        self._stamp()
        begun: list[ServedZone] = []
        updates: list[ZoneUpdate] = []
        with self._database.read() as connection:
            for row in zones.all_zones(connection):
                if row.id not in self._served:
                    rrsets = (RRset.from_text(*item) for item in zones.state(connection, row.id))
                    self._served[row.id] = ServedZone(row.name, rrsets, row.serial)
                    begun.append(self._served[row.id])
                elif row.serial != self._read_up_to[row.id]:
                    updates.append(self._update(connection, row))
                self._read_up_to[row.id] = row.serial
        return ZoneNews(tuple(begun), tuple(updates))

    def _stamp(self) -> None:
        with self._database.read() as connection:
            waiting = zones.zones_with_unstamped(connection)
        if not waiting:
            return
        with self._database.write(Actor(f"publisher:{self._name}")) as work:
            for zone_id in waiting:
                if zones.acquire_lease(work, zone_id, self._name, LEASE):
                    zones.stamp(work, zone_id)

    def _update(self, connection: Connection, row: ZoneRow) -> ZoneUpdate:
        stamped = zones.changes_after(connection, row.id, self._read_up_to[row.id], row.serial)
        changes = tuple(
            (c.owner, c.rdtype, None if c.after is None else RRset.from_text(c.owner, c.rdtype, c.after))
            for c in stamped
        )
        return ZoneUpdate(self._served[row.id], row.serial, changes)


def zone_lines(database: Database, name: str) -> Iterator[tuple[str, int, str, str]]:
    """Every record of a zone at its present serial: absolute owner, TTL in seconds, type, rdata.

    The apex comes first and begins with the SOA, as a zone file wants. Raises NotFoundError.
    """
    with database.read() as connection:
        rows = zones.all_zones(connection)
        found = next((row for row in rows if row.name == name.rstrip(".").lower()), None)
        if found is None:
            raise NotFoundError(
                f"there is no zone {name} here (known: {', '.join(row.name for row in rows) or 'none'})"
            )
        apex = sorted(
            (item for item in zones.state(connection, found.id, owner=APEX)),
            key=lambda item: (item[1] != "SOA", item[1]),
        )
        below = (item for item in zones.state(connection, found.id) if item[0] != APEX)
        for item in chain(apex, below):
            rrset = RRset.from_text(*item)
            owner = f"{found.name}." if rrset.owner == APEX else f"{rrset.owner}.{found.name}."
            for rdata in rrset.rdatas:
                yield owner, rrset.ttl, rrset.rdtype, _with_serial(rdata, found.serial) if item[1] == "SOA" else rdata


def _with_serial(soa: str, serial: int) -> str:
    primary, mailbox, _, *timers = soa.split(" ")
    return " ".join((primary, mailbox, str(serial), *timers))
