# SPDX-License-Identifier: Apache-2.0
"""Asks the name servers of a zone which serial they serve, and keeps what they say, as serials of ours.

Where the zone is signed a server has serials that aren't ours: see `registry.dns.signed_versions`.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from registry.dns.asking import AskSoa, Query, ask, ask_soa
from registry.dns.followers import FollowedZone, Follower, OtherZones, followed_zones
from registry.dns.reconcile.sampling import records_at
from registry.dns.server_troubles import note_turn
from registry.dns.signed_versions import serial_told
from registry.errors import TechnicalError
from registry.serials import is_greater
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import name_servers, zones
from registry.storage.queries.name_servers import NameServerRow
from registry.storage.queries.zones import ZoneRow

_AT_ONCE = 8
_MAX_FAILURE = 200

OBSERVER = Actor("job:name-servers")


@dataclass(frozen=True, slots=True)
class Observation:
    """What a server said: the serial of ours that it has, or why there was no good answer.

    `own_serial` is the one that it shows where the zone is signed; then `serial` is None where nobody knows it.
    `behind`: it lacks a serial of ours.
    """

    address: str
    serial: int | None
    failure: str | None = None
    behind: bool = False
    own_serial: int | None = None


def observe(
    database: Database,
    domains: Sequence[StoredDomain],
    soa_of: AskSoa = ask_soa,
    *,
    others: OtherZones = MappingProxyType({}),
    query: Query = ask,
) -> list[Observation]:
    """Ask all known servers of these domains' zones, and of `others`, several at once, and write down what they say.

    Servers that the settings don't name any more are forgotten. Each zone is a transaction; a server that fails is a
    result, not an error.
    """
    with database.read() as connection:
        rows = zones.all_zones(connection)
        known = {row.id: {each.address: each for each in name_servers.of_zone(connection, row.id)} for row in rows}
    found: list[Observation] = []
    for followed in followed_zones(rows, domains, others):
        row = followed.row
        look = _Look(database, row.id, known[row.id], soa_of, query)
        servers = {each.address: each for each in followed.followers if each.counts_ours}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="name-servers") as threads:
            observations = list(threads.map(look, servers.values()))
        _keep(database, followed, observations)
        found += observations
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at the servers of one zone, by what was known of them before."""

    database: Database
    zone_id: int
    known: Mapping[str, NameServerRow]
    soa_of: AskSoa
    query: Query

    def __call__(self, server: Follower) -> Observation:
        try:
            soa = self.soa_of(server.address, server.zone)
            with self.database.read() as connection:  # now: the server may have what was published meanwhile
                held = zones.by_id(connection, self.zone_id)
            serial = self._serial_behind(held, server, soa.serial) if soa.signed else soa.serial
        except TechnicalError as error:
            return Observation(server.address, None, str(error)[:_MAX_FAILURE])
        behind = serial is not None and is_greater(held.serial, serial)
        return Observation(server.address, serial, behind=behind, own_serial=soa.serial if soa.signed else None)

    def _serial_behind(self, held: ZoneRow, server: Follower, own_serial: int) -> int | None:
        """The serial of ours that is behind one of a signer."""
        row, before = self.known.get(server.address), None
        if row is not None and row.own_serial is not None and not is_greater(row.own_serial, own_serial):
            before = row.serial
            if own_serial == row.own_serial and before is not None:
                return before
        holds = partial(records_at, server.address, server.zone, query=self.query)
        return serial_told(self.database, held, before, holds)


def _keep(database: Database, followed: FollowedZone, observations: Sequence[Observation]) -> None:
    zone_id = followed.row.id
    with database.read() as connection:
        known = {row.address for row in name_servers.of_zone(connection, zone_id)}
    addresses = {item.address for item in observations}
    if not addresses and not known:
        return
    with database.write(OBSERVER) as work:
        name_servers.keep_only(work, zone_id, addresses)
        before = name_servers.locked(work, zone_id)
        for item in observations:
            if item.failure is not None:
                name_servers.failed(work, zone_id, item.address, item.failure)
            else:
                name_servers.seen(work, zone_id, item.address, item.serial, item.own_serial)
        after = name_servers.of_zone(work.connection, zone_id)
        for row in after:
            note_turn(work, followed, before.get(row.address), row)
