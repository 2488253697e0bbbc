# SPDX-License-Identifier: Apache-2.0
"""The zone journal: every change to a zone, written in the transaction that causes it, stamped with a serial later.

It is outbox, transfer journal and history in one. What a name holds now is kept beside it, so that
"before" is what really was there and a server can start without replaying history.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import NamedTuple

import structlog

from registry.audit.events import record
from registry.dns import zone_loading
from registry.dns.records import APEX, RRset, ns_rrset, soa_rrset
from registry.dns.serials import STAMP_INTERVAL_S
from registry.dns.served_zone import ServedZone, Version
from registry.dns.snapshot import Snapshots
from registry.domains.domain import DnsProfile
from registry.errors import NotFoundError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import name_servers, zones
from registry.storage.queries.zones import Change, ZoneRow
from registry.storage.unit_of_work import Connection, Topic, UnitOfWork

LEASE = timedelta(seconds=5)
"""How long zones wait for another publisher when theirs dies without a word."""

log = structlog.get_logger(__name__)


class NewState(NamedTuple):
    """What an owner shall hold of one type, as stored (`RRset.to_text`); None means that it goes."""

    owner: str
    rdtype: str
    text: str | None

    @classmethod
    def of(cls, rrset: RRset) -> "NewState":
        """The record set as it shall be."""
        return cls(rrset.owner, rrset.rdtype, rrset.to_text())


class ZoneJournal:
    """Writes to the journal, and wakes whoever publishes zones once the transaction is committed."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self._wake = wake

    def create_zone(self, work: UnitOfWork, domain_id: int, profile: DnsProfile) -> int:
        """Make the zone of a domain with its apex records; returns its id."""
        zone_id = zones.add(work, domain_id, profile.zone, serial=0)
        self.write_apex(work, zone_id, profile)
        record(work, "dns:zone:create", profile.zone, domain_id=domain_id, after={"zone": profile.zone})
        return zone_id

    def write_apex(self, work: UnitOfWork, zone_id: int, profile: DnsProfile) -> None:
        """Let a zone have the SOA and the name servers that its domain says."""
        self.write(work, zone_id, [NewState.of(soa_rrset(profile, 0)), NewState.of(ns_rrset(profile))])

    def write(self, work: UnitOfWork, zone_id: int, states: Sequence[NewState]) -> int:
        """Bring names to new states; returns how many changed. What is so already leaves no trace."""
        wanted = {state[:2]: state for state in states}
        held = zones.rrset_texts(work.connection, zone_id, list(wanted))
        changes = []
        for name, (owner, rdtype, after) in wanted.items():
            if (before := held.get(name)) != after:
                changes.append(Change(owner, rdtype, before, after))
        zones.write_changes(work, zone_id, changes)
        if changes:
            self.written(work)
        return len(changes)

    def write_new(self, work: UnitOfWork, zone_id: int, states: Sequence[NewState]) -> None:
        """As `write`, for names that are not likely to hold anything yet: they are looked at only where one does."""
        by_name = {state[:2]: state for state in states}
        new = [(owner, rdtype, text) for owner, rdtype, text in by_name.values() if text is not None]
        if new and zones.add_names(work, zone_id, new):
            self.written(work)
        else:
            self.write(work, zone_id, states)

    def written(self, work: UnitOfWork) -> None:
        """Let whoever publishes zones know, once the transaction is committed, that there are changes."""
        work.tell(Topic.ZONES)
        work.after_commit(self._wake)

    def begin_anew(self, work: UnitOfWork, zone: ZoneRow, serial: int) -> None:
        """Let a zone go on with a serial that can't be reached by differences, and with all that was written to it."""
        soa = zones.rrset_texts(work.connection, zone.id, [(APEX, "SOA")])[APEX, "SOA"]
        zones.begin_history(work, zone.id, serial, Change(APEX, "SOA", soa, soa))
        name_servers.stamped(work, zone.id, serial)
        self.written(work)


@dataclass(frozen=True, slots=True)
class ZoneUpdate:
    """What a served zone has to take over: its newest version, ready to be shown in the thread that answers."""

    zone: ServedZone
    version: Version

    def apply(self) -> None:
        """Take it over, in one go; see `ServedZone.show` for how not to keep others waiting."""
        self.zone.show(self.version)
        while self.zone.settle():
            pass


@dataclass(frozen=True, slots=True)
class ZoneNews:
    """What a tick brought: zones to be served as they are from now on, and updates of those that are served.

    To begin are zones that are new here, and those to which no differences lead from what is served.

    `lag_s` is the age in seconds of the oldest change that still has no serial; 0 where there is none. `unreadable`
    names the zones that can't be brought up to date for what is in them.
    """

    begun: tuple[ServedZone, ...]
    updates: tuple[ZoneUpdate, ...]
    lag_s: float = 0.0
    unreadable: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    """The names of zones that were served, and are gone."""


class ZonePublisher:
    """Stamps serials on what waits, and reads for the served zones what the journal has for them.

    A lease in the database makes sure that one process stamps a zone; the others follow. Blocking: call `tick` from a
    worker thread, one at a time, and apply its news where queries are answered. A tick waits where the last serial is
    less than `interval_s` ago: what a restore presumes of the serials that it doesn't know (`registry.dns.serials`).
    """

    def __init__(
        self,
        database: Database,
        name: str,
        interval_s: float = STAMP_INTERVAL_S,
        *,
        snapshots: Snapshots | None = None,
        stamped: Callable[[], None] = lambda: None,
        publish_interval_s: Callable[[int], float] = lambda _: 0.0,
        serves: Callable[[ZoneRow], bool] = lambda _: True,
    ) -> None:
        """`stamped` is called when zones have new serials, `publish_interval_s` tells for a zone's id what it wants.

        `serves` says which zones are to be served at all.
        """
        self._stamped = stamped
        self._serves = serves
        self._publish_interval_s = publish_interval_s
        self._database = database
        self._snapshots = snapshots
        self._name = name
        self._interval_s = interval_s
        self._stamped_at = -interval_s
        self._served: dict[int, ServedZone] = {}

    def tick(self, *, serve: bool = True) -> ZoneNews:
        """Stamp, then read what is new since the serials that are served; an update not taken over comes again.

        A zone that can't be read is logged and left as it is: the others go on. One that nobody has stamped yet is
        waited for: it holds nothing that is published. Without `serve` no zone is read.
        """
        self._stamp()
        begun: dict[int, ServedZone] = {}
        updates: list[ZoneUpdate] = []
        unreadable: list[str] = []
        with self._database.read() as connection:
            rows = (
                [row for row in zones.all_zones(connection) if _has_begun(row) and self._serves(row)] if serve else []
            )
            for row in rows:
                served = self._served.get(row.id)
                try:
                    if served is None or not row.has_history_since(served.serial):
                        begun[row.id] = zone_loading.load(connection, row, self._snapshots)
                    elif row.serial != served.serial:
                        updates.append(ZoneUpdate(served, zone_loading.prepare(connection, row, served)))
                except ValidationError as error:
                    unreadable.append(row.name)
                    log.error("zone_unreadable", zone=row.name, reason=str(error))  # noqa: TRY400 — it says it all
            oldest = zones.oldest_unstamped(connection)
        names = {served.name for served in self._served.values()} - {row.name for row in rows}
        self._served = {row.id: self._served[row.id] for row in rows if row.id in self._served} | begun
        lag_s = 0.0 if oldest is None else (self._database.now() - oldest).total_seconds()
        return ZoneNews(tuple(begun.values()), tuple(updates), max(lag_s, 0.0), tuple(unreadable), tuple(names))

    def served(self) -> dict[int, int]:
        """The ids of the zones that `tick` has read, and how many names they answer from."""
        return {zone_id: zone.size for zone_id, zone in self._served.items()}

    def release(self) -> None:
        """Let another process stamp from now on; call it when this one ends."""
        with self._database.write(Actor(f"publisher:{self._name}")) as work:
            zones.release_leases(work, self._name)

    def _stamp(self) -> None:
        with self._database.read() as connection:
            waiting = [each for each in zones.zones_with_unstamped(connection) if self._is_due(connection, each)]
        if not waiting:
            return
        time.sleep(max(0.0, self._stamped_at + self._interval_s - time.monotonic()))
        with self._database.write(Actor(f"publisher:{self._name}")) as work:
            for zone_id in waiting:
                held = zones.acquire_lease(work, zone_id, self._name, LEASE)
                if held and (serial := zones.stamp(work, zone_id)) is not None:
                    name_servers.stamped(work, zone_id, serial)
                    work.tell(Topic.ZONES)  # others serve it, too
                    work.after_commit(self._stamped)
        self._stamped_at = time.monotonic()

    def _is_due(self, connection: Connection, zone_id: int) -> bool:
        """Whether the zone's last serial is as old as its domain wants."""
        interval = timedelta(seconds=self._publish_interval_s(zone_id))
        if not interval or not zones.by_id(connection, zone_id).serial:  # one that is new isn't served without
            return True
        age = self._database.now() - zones.modified_at(connection, zone_id)
        return not timedelta(0) <= age < interval  # a clock that was set back must stop nobody


def _has_begun(row: ZoneRow) -> bool:
    """Whether a zone was stamped at least once; 0 is left out when serials wrap around."""
    return row.serial != 0


@dataclass(frozen=True, slots=True)
class ZoneContent:
    """A zone as committed: its serial, how many changes have none yet, and every record."""

    name: str
    serial: int
    unpublished: int
    records: Iterator[tuple[str, int, str, str]]
    """Absolute owner, TTL in seconds, type, rdata; the apex first, and in it the SOA, as a zone file wants."""


@contextmanager
def zone_content(database: Database, name: str) -> Iterator[ZoneContent]:
    """What a zone holds, to be read inside the block. Raises NotFoundError for an unknown zone."""
    with database.read() as connection:
        rows = zones.all_zones(connection)
        found = next((row for row in rows if row.name == name.rstrip(".").lower()), None)
        if found is None:
            raise NotFoundError(
                f"there is no zone {name} here (known: {', '.join(row.name for row in rows) or 'none'})"
            )
        unpublished = zones.unstamped(connection, found.id)
        yield ZoneContent(found.name, found.serial, unpublished, _records(connection, found))


def _records(connection: Connection, row: ZoneRow) -> Iterator[tuple[str, int, str, str]]:
    apex = sorted(zones.newest_state(connection, row.id, owner=APEX), key=lambda item: (item[1] != "SOA", item[1]))
    below = (item for item in zones.newest_state(connection, row.id) if item[0] != APEX)
    for item in chain(apex, below):
        rrset = RRset.from_text(*item)
        owner = f"{row.name}." if rrset.owner == APEX else f"{rrset.owner}.{row.name}."
        for rdata in rrset.rdatas:
            yield owner, rrset.ttl, rrset.rdtype, _with_serial(rdata, row.serial) if item[1] == "SOA" else rdata


def _with_serial(soa: str, serial: int) -> str:
    primary, mailbox, _, *timers = soa.split(" ")
    return " ".join((primary, mailbox, str(serial), *timers))
