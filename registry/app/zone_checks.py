# SPDX-License-Identifier: Apache-2.0
"""Compares a zone with what its name servers serve, and puts that right: who is to serve it, and by which keys."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from registry.app.instance import Instance
from registry.app.other_zones import other_zones
from registry.dns.followers import FollowedZone, followed_zones
from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.reconcile.checking import Server
from registry.dns.reconcile.repairing import Key
from registry.dns.tsig_keys import TsigKeys
from registry.domains.dns_profile import DnsProfile
from registry.domains.server_address import parse_server_address, server_address_text
from registry.domains.zone_servers import PushTarget
from registry.errors import ConfigurationError, ConflictError, NotFoundError
from registry.settings import Settings
from registry.storage.engine import Actor
from registry.storage.queries import zones
from registry.storage.queries.zones import ZoneRow


@dataclass(frozen=True, slots=True)
class ZoneServers:
    """A zone, the settings of the domain that it belongs to (None for the catalog), and who serves it."""

    row: ZoneRow
    domain_id: int | None
    profile: DnsProfile | None
    servers: tuple[Server, ...]

    def target(self, server: Server) -> PushTarget | None:
        """Where a server is pushed to, its settings."""
        targets = () if self.profile is None else self.profile.push_to
        return next((each for each in targets if (each.server, each.zone or self.row.name) == _place(server)), None)


def zone_servers(instance: Instance, settings: Settings, name: str) -> ZoneServers:
    """A zone by its name. Raises NotFoundError for one that isn't here, ConfigurationError for a key that isn't."""
    keys = TsigKeys(settings.dns_key_dir)
    instance.directory.refresh()
    with instance.database.read() as connection:
        rows = {row.name: row for row in zones.all_zones(connection)}
    row = rows.get(name.rstrip(".").lower())
    if row is None:
        raise NotFoundError(f"there is no zone {name} here (known: {', '.join(rows) or 'none'})")
    zone = FollowedZone(row, None, ())  # of nobody, as one that was the catalog
    for each in followed_zones([row], instance.directory.all(), other_zones(instance, settings)):
        zone = each
    servers = {
        (each.address, each.zone): Server(
            each.address,
            each.zone,
            each.role,
            keys.required(each.key) if each.key else None,
            only_writer=each.counts_ours,
        )
        for each in zone.followers
    }
    profile = None if zone.stored is None else zone.stored.domain.dns
    return ZoneServers(row, None if zone.stored is None else zone.stored.id, profile, tuple(servers.values()))


def chosen_servers(known: ZoneServers, settings: Settings, addresses: Sequence[str], key: str = "") -> list[Server]:
    """Those of the servers that are named, or all of them; one that the settings don't name is asked all the same.

    `key` is for those that have none by the settings.

    Raises ConfigurationError for what is no address, and where there is nobody to ask.
    """
    if not addresses:
        if not known.servers:
            raise ConfigurationError(
                f"no name server of {known.row.name} is known: see dns.secondaries, dns.push_to and "
                "dns.observed_servers, or say --server HOST:PORT"
            )
        return list(known.servers)
    signing = TsigKeys(settings.dns_key_dir).required(key) if key else None
    chosen = []
    for text in addresses:
        address = parse_server_address(text)
        if address is None:
            raise ConfigurationError(f"HOST:PORT is wanted, as ns1.example.org:53, not {text[:80]!r}")
        spelled = server_address_text(*address)
        named = [each for each in known.servers if each.address == spelled]
        chosen += [replace(each, key=each.key or signing) for each in named or [Server(spelled, known.row.name)]]
    return chosen


@dataclass(frozen=True, slots=True)
class TargetRepair:
    """Writes record sets to targets of a zone; what `registry.dns.reconcile.repairing.repair` wants."""

    instance: Instance
    settings: Settings
    actor: Actor
    known: ZoneServers

    def __call__(self, server: Server, keys: Sequence[Key]) -> int:
        """Let a target hold what the zone holds. Raises TechnicalError, ConflictError."""
        target = self.known.target(server)
        if target is None or self.known.domain_id is None:
            raise ConflictError(f"{server.address} isn't pushed to any more")
        pushed = PushedZone(self.known.row.id, self.known.row.name, self.known.domain_id, target)
        pusher = Pusher(self.instance.database, pushed, TsigKeys(self.settings.dns_key_dir))
        with closing(pusher):
            return pusher.put_right(self.actor, keys)


def _place(server: Server) -> tuple[str, str]:
    return server.address, server.zone
