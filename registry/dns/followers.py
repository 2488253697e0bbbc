# SPDX-License-Identifier: Apache-2.0
"""Who is to serve each zone: servers that are only observed, secondaries that take it from us, primaries we push it to.

A domain's zone is served by those whom its settings name, a zone's other name by the secondaries of the domain that it
belongs to, a zone that no domain has by those who are told (the catalog).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from registry.domains.dns_profile import DnsProfile
from registry.domains.zone_servers import Secondary
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries.zones import ZoneRow

OtherZones = Mapping[str, Sequence[Secondary]]
"""The secondaries of zones that no domain has, by name of the zone."""


class FollowerRole(StrEnum):
    """How a server comes by a zone."""

    OBSERVED = "observed"
    """From somebody else."""
    SECONDARY = "secondary"
    """It takes it from us."""
    TARGET = "push-target"
    """We push it there."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A server, `HOST:PORT`, the name that the zone has there, and the name of the TSIG key that it shares with us.

    `counts_ours`: the serials that it shows are ours, or those of a signer.
    """

    address: str
    zone: str
    role: FollowerRole
    key: str = ""
    counts_ours: bool = True
    secondary: Secondary | None = None


@dataclass(frozen=True, slots=True)
class FollowedZone:
    """A zone, the domain that it belongs to (None: the catalog), and who is to serve it, each once in a role."""

    row: ZoneRow
    stored: StoredDomain | None
    followers: tuple[Follower, ...]


def followed_zones(
    rows: Iterable[ZoneRow], domains: Iterable[StoredDomain], others: OtherZones
) -> Iterator[FollowedZone]:
    """Those of the zones that these domains have, under both names where one moves, and the `others`."""
    for row, stored in zone_owners(rows, domains):
        if stored is not None and row.alias_of is None:
            yield FollowedZone(row, stored, tuple(_of_profile(stored.domain.dns, row.name)))
        elif stored is not None:
            yield FollowedZone(row, stored, tuple(_secondaries(stored.domain.dns.secondaries, row.name)))
        elif row.name in others:
            yield FollowedZone(row, None, tuple(_secondaries(others[row.name], row.name)))


def zone_owners(
    rows: Iterable[ZoneRow], domains: Iterable[StoredDomain]
) -> Iterator[tuple[ZoneRow, StoredDomain | None]]:
    """Each zone with the domain that it belongs to, of these: itself, or as another name of the domain's zone."""
    by_zone = {stored.zone_id: stored for stored in domains if stored.zone_id is not None}
    for row in rows:
        yield row, by_zone.get(row.id if row.alias_of is None else row.alias_of)


def _of_profile(profile: DnsProfile, zone: str) -> Iterator[Follower]:
    told = {each.server for each in profile.secondaries}
    told |= {each.server for each in profile.push_to if each.only_writer and each.zone in {"", zone}}
    for address in profile.observed_servers:
        if address not in told:
            yield Follower(address, zone, FollowerRole.OBSERVED)
    yield from _secondaries(profile.secondaries, zone)
    for target in profile.push_to:
        # A primary that others write to, too, has serials of its own: they say nothing of ours.
        yield Follower(target.server, target.zone or zone, FollowerRole.TARGET, target.key, target.only_writer)


def _secondaries(secondaries: Sequence[Secondary], zone: str) -> Iterator[Follower]:
    for each in secondaries:
        yield Follower(each.server, zone, FollowerRole.SECONDARY, each.key, secondary=each)
