# SPDX-License-Identifier: Apache-2.0
"""Since when DNS shows what the SML holds of a participant or an SMP: at us, and at each name server that is observed.

A change is published once it has a serial, and visible at a server once that was seen with this serial or a greater
one (RFC 1982 §3.2); a serial is always ours, also of who serves the zone signed. Servers are asked from time to time,
so an instant is when something was first *seen*. What is older than the journal is visible to whoever has the zone at
all; nobody knows any more since when.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.dns.records import absolute
from registry.domains.dns_profile import DnsProfile
from registry.errors import NotFoundError, ValidationError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ParticipantIdentifier
from registry.serials import is_greater
from registry.sml.names import naptr_target, publisher_owner
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import name_servers, publishers, registrations, zone_pushes, zones
from registry.storage.queries.name_servers import NameServerRow
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection


@dataclass(frozen=True, slots=True)
class ServerView:
    """A name server as it was seen last.

    `serial` is None where nobody knows which of ours it has, `failure` where its last answer was good. `behind_since`
    is when the first change was published that it lacks; None where it lacks none. `ahead` is one whose serial is
    greater than ours, so that it takes nothing from us: our data are older than what was published. `own_serial` is
    what it shows where the zone is signed.
    """

    address: str
    serial: int | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    failure: str | None
    behind_since: datetime | None
    ahead: bool
    own_serial: int | None = None


@dataclass(frozen=True, slots=True)
class ServerVisibility:
    """Whether a server is known to show the last change of some names, and since when.

    `serial` is the one of ours that it has; None where nobody knows. `since` is None where it doesn't show the change,
    or where nobody knows any more since when it has.
    """

    address: str
    serial: int | None
    visible: bool
    since: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Visibility:
    """How far the last change of some names has come.

    `names` are absolute; `holds` tells whether they hold anything now. `changed_at` is None where the change is older
    than the journal. `serial` and `published_at` are None while it waits for its serial, and where they aren't kept.
    `since` is when the last of the observed servers was first seen to show it or, where none is observed, when it was
    published; None where it isn't visible everywhere, or where nobody knows any more.
    """

    names: tuple[str, ...]
    holds: bool
    changed_at: datetime | None
    serial: int | None
    published_at: datetime | None
    visible: bool
    since: datetime | None
    servers: tuple[ServerVisibility, ...]


class VisibilityReader:
    """Reads what is known of the names of a domain. Raises NotFoundError where the domain has no zone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def servers(self, stored: StoredDomain) -> list[ServerView]:
        """The name servers of the zone that were asked at least once."""
        with self._database.read() as connection:
            zone = _zone(connection, stored)
            return [_server_view(connection, zone, row) for row in name_servers.of_zone(connection, zone.id)]

    def participant(self, stored: StoredDomain, participant: ParticipantIdentifier) -> Visibility:
        """Of a participant's name and, where that is an alias of its SMP's, of that.

        Also of one that was unregistered while the journal still has that: then the names hold nothing.

        Raises NotFoundError for a participant of which nothing is known.
        """
        with self._database.read() as connection:
            zone = _zone(connection, stored)
            key = stored.domain.identifiers.participant_key(participant)
            rows = registrations.find(connection, stored.id, [(participant.scheme, key)])
            owners = [row.label for row in rows] or _owner_of(stored, participant)
            found = _visibility(connection, zone, stored.domain.dns, [*owners, *_aliases(connection, zone, owners)])
        if not rows and found.changed_at is None:
            raise NotFoundError(f"not registered: {participant}")
        return found

    def names(self, stored: StoredDomain, owners: Sequence[str]) -> Visibility:
        """Of names, relative to the zone, whatever they stand for and whether or not they ever held anything."""
        with self._database.read() as connection:
            return _visibility(connection, _zone(connection, stored), stored.domain.dns, owners)

    def publisher(self, stored: StoredDomain, smp_id: str) -> Visibility:
        """Of an SMP's own names, and of the name of its newest participant, which is the last one to be rewritten.

        Raises NotFoundError where there is no such SMP.
        """
        dns = stored.domain.dns
        with self._database.read() as connection:
            zone = _zone(connection, stored)
            rows = publishers.find(connection, [stored.id], smp_id)
            if not rows:
                raise NotFoundError(f"the domain {stored.domain.name} has no SMP {smp_id!r}")
            own = [publisher_owner(dns, smp_id)]
            if dns.publisher_indirection:
                own.append(naptr_target(dns, smp_id))
            newest = name_servers.newest_label(connection, rows[0].id)
            return _visibility(connection, zone, dns, own if newest is None else [*own, newest])


def _zone(connection: Connection, stored: StoredDomain) -> ZoneRow:
    found = zones.of_domain(connection, stored.id)
    if found is None:
        raise NotFoundError("the domain has no zone here")
    return found


def _owner_of(stored: StoredDomain, participant: ParticipantIdentifier) -> list[str]:
    try:
        return [participant_owner(participant, stored.domain.dns.name_form)]
    except ValidationError:  # it never had a name
        return []


def _aliases(connection: Connection, zone: ZoneRow, owners: Iterable[str]) -> list[str]:
    """The names of this zone to which these lead."""
    held = zones.rrset_texts(connection, zone.id, [(owner, "CNAME") for owner in owners])
    targets = (text.partition(" ")[2] for text in held.values())
    below = f".{zone.name}."
    return [target.removesuffix(below) for target in targets if target.endswith(below)]


def _visibility(connection: Connection, zone: ZoneRow, dns: DnsProfile, owners: Sequence[str]) -> Visibility:
    change = name_servers.newest_change(connection, zone, owners)
    serial = None if change is None else change.serial
    published_at = None if serial is None else name_servers.stamped_at(connection, zone.id, serial)
    waits = change is not None and serial is None
    rows = [(row.address, row.serial, row.failure) for row in name_servers.of_zone(connection, zone.id)]
    # A primary that others write to, too, has serials of its own; of it is known which one of ours has arrived.
    targets = [zone_pushes.find(connection, zone.id, *place) for place in _counting_by_themselves(dns)]
    rows += [(row.address, row.serial, row.failure) for row in targets]
    servers = tuple(_server(connection, zone, row, serial, waits=waits) for row in rows)
    visible = not waits and all(item.visible for item in servers)
    instants = [item.since for item in servers] if servers else [published_at]
    known = [instant for instant in instants if instant is not None]
    return Visibility(
        names=tuple(absolute(f"{owner}.{zone.name}") for owner in owners),
        holds=name_servers.any_held(connection, zone.id, owners),
        changed_at=None if change is None else change.changed_at,
        serial=serial,
        published_at=published_at,
        visible=visible,
        since=max(known) if visible and len(known) == len(instants) else None,
        servers=servers,
    )


def _counting_by_themselves(dns: DnsProfile) -> list[tuple[str, str]]:
    return [(each.server, each.zone or dns.zone) for each in dns.push_to if not each.only_writer]


def _server(
    connection: Connection,
    zone: ZoneRow,
    known: tuple[str, int | None, str | None],
    serial: int | None,
    *,
    waits: bool,
) -> ServerVisibility:
    address, served, failure = known
    # What the journal has no more was in the zone when it began.
    wanted = zone.history_from if serial is None else serial
    visible = not waits and served is not None and not is_greater(wanted, served)
    since = None
    if visible and serial is not None:
        since = name_servers.seen_since(connection, zone.id, address, serial)
    return ServerVisibility(address, served, visible, since, failure)


def _server_view(connection: Connection, zone: ZoneRow, row: NameServerRow) -> ServerView:
    behind = None if row.serial is None else name_servers.behind_since(connection, zone, row.serial)
    ahead = row.serial is not None and is_greater(row.serial, zone.serial)
    return ServerView(
        row.address, row.serial, row.succeeded_at, row.failed_at, row.failure, behind, ahead, row.own_serial
    )
