# SPDX-License-Identifier: Apache-2.0
"""How far each name server of each zone is: what it serves, what it was told and given last, and what went wrong.

It says what the last look found (see `registry.dns.observation`), and asks nobody. A primary that others write to as
well has serials of its own: of it we know the serial of ours up to which everything was pushed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from registry.dns.followers import FollowedZone, Follower, FollowerRole, OtherZones, followed_zones
from registry.domains.zone_servers import Secondary, is_address
from registry.serials import is_greater
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import name_servers, zone_pushes, zone_transfers, zones
from registry.storage.queries.name_servers import NameServerRow
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.queries.zone_transfers import TransferRow
from registry.storage.unit_of_work import Connection


@dataclass(frozen=True, slots=True)
class Notified:
    """The last NOTIFY; as long as it isn't acknowledged, `failure` says why."""

    serial: int
    sent_at: datetime
    acknowledged_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server of a zone, which has the name `zone_there` at it.

    `serial` is the one of ours that it has, None where nobody knows; `own_serial` is what it shows where the zone is
    signed, which is counted by who signs it. `behind_s` counts from `behind_since`, when the
    first change was published that it lacks; both are None where it lacks none that is known, or has never answered.
    `failure` is None where its last answer was good; a primary that others write to isn't asked.
    """

    address: str
    role: FollowerRole
    zone_there: str
    serial: int | None
    own_serial: int | None
    behind_since: datetime | None
    behind_s: float | None
    ahead: bool
    succeeded_at: datetime | None
    failed_at: datetime | None
    failure: str | None
    notified: Notified | None
    transfer: TransferRow | None
    pushed: ZonePushRow | None

    @property
    def failures(self) -> Mapping[str, str]:
        """What went wrong when it was tried last: `answer`, `notify`, `transfer`, `push`, and why."""
        found = {
            "answer": self.failure,
            "notify": None if self.notified is None else self.notified.failure,
            "transfer": None if self.transfer is None else self.transfer.failure,
            "push": None if self.pushed is None else self.pushed.failure,
        }
        return {name: why for name, why in found.items() if why is not None}

    def is_fine(self, most_behind_s: float) -> bool:
        """Whether it is known to serve what it should, give or take so many seconds, and nothing failed."""
        return (
            self.serial is not None
            and not self.ahead
            and not self.failures
            and (self.behind_s is None or self.behind_s <= most_behind_s)
        )


@dataclass(frozen=True, slots=True)
class ZoneStatus:
    """A zone and its servers; `domain` is None for the catalog.

    `transfers` are the last ones of all clients, `clients` those of others than its secondaries.
    """

    name: str
    domain: str | None
    alias_of: str | None
    serial: int
    servers: tuple[ServerStatus, ...]
    transfers: tuple[TransferRow, ...]
    clients: tuple[TransferRow, ...]


def zone_statuses(
    database: Database, domains: Sequence[StoredDomain], others: OtherZones = MappingProxyType({})
) -> list[ZoneStatus]:
    """Every zone of these domains, under both names where one moves, and of `others`; by name."""
    with database.read() as connection:
        now, rows = database.now(), zones.all_zones(connection)
        names = {row.id: row.name for row in rows}
        return [_zone_status(connection, each, names, now) for each in followed_zones(rows, domains, others)]


def _zone_status(connection: Connection, followed: FollowedZone, names: Mapping[int, str], now: datetime) -> ZoneStatus:
    row, transfers = followed.row, list(zone_transfers.of_zone(connection, followed.row.id))
    known = {each.address: each for each in name_servers.of_zone(connection, row.id)}
    secondaries = [each.secondary for each in followed.followers if each.secondary is not None]
    given = {each.server: list(_given(each, secondaries, transfers)) for each in secondaries}
    servers = []
    for follower in followed.followers:
        pushed = None
        if follower.role is FollowerRole.TARGET:
            pushed = zone_pushes.find(connection, row.id, follower.address, follower.zone)
        of_it = given.get(follower.address, []) if follower.role is FollowerRole.SECONDARY else []
        servers.append(_status(connection, followed, follower, known.get(follower.address), of_it, pushed, now))
    matched = {(each.client, each.key) for of_one in given.values() for each in of_one}
    return ZoneStatus(
        name=row.name,
        domain=None if followed.stored is None else followed.stored.domain.name,
        alias_of=None if row.alias_of is None else names.get(row.alias_of),
        serial=row.serial,
        servers=tuple(servers),
        transfers=tuple(transfers),
        clients=tuple(each for each in transfers if (each.client, each.key) not in matched),
    )


def _status(
    connection: Connection,
    followed: FollowedZone,
    follower: Follower,
    row: NameServerRow | None,
    transfers: Sequence[TransferRow],
    pushed: ZonePushRow | None,
    now: datetime,
) -> ServerStatus:
    asked = row if follower.counts_ours else None
    serial = None if asked is None else asked.serial
    if pushed is not None and not follower.counts_ours:
        serial = pushed.serial
    since = None if serial is None else name_servers.behind_since(connection, followed.row, serial)
    return ServerStatus(
        address=follower.address,
        role=follower.role,
        zone_there=follower.zone,
        serial=serial,
        own_serial=None if asked is None else asked.own_serial,
        behind_since=since,
        behind_s=None if since is None else max(0.0, (now - since).total_seconds()),
        ahead=serial is not None and is_greater(serial, followed.row.serial),
        succeeded_at=None if asked is None else asked.succeeded_at,
        failed_at=None if asked is None else asked.failed_at,
        failure=None if asked is None else asked.failure,
        notified=_notified(row) if row is not None and follower.role is FollowerRole.SECONDARY else None,
        transfer=max(transfers, key=tried_at, default=None),
        pushed=pushed,
    )


def _notified(row: NameServerRow) -> Notified | None:
    if row.notified_serial is None or row.notified_at is None:
        return None
    return Notified(row.notified_serial, row.notified_at, row.acknowledged_at, row.notify_failure)


def _given(
    secondary: Secondary, secondaries: Sequence[Secondary], transfers: Sequence[TransferRow]
) -> Iterator[TransferRow]:
    """The transfers to a secondary: by its key, from its address; one that is a name has to have a key of its own."""
    shared = sum(each.key == secondary.key for each in secondaries) > 1
    for each in transfers:
        near = each.client == secondary.host if is_address(secondary.host) else not shared
        if near and each.key == secondary.key:
            yield each


def tried_at(transfer: TransferRow) -> datetime:
    """When a transfer ended, well or not; at least one of the two instants is there."""
    return max(moment for moment in (transfer.succeeded_at, transfer.failed_at) if moment is not None)
