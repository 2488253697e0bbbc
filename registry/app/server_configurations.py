# SPDX-License-Identifier: Apache-2.0
"""What a name server of this installation is to be told, from the settings of domains and of the instance.

A server is one of the secondaries of a domain, or of the catalog; what can't be known from those is asked of who
wants its configuration.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from dns.tsig import Key

from registry.app.instance import Instance
from registry.app.other_zones import other_zones
from registry.dns.followers import zone_owners
from registry.dns.secondary_configurations import NameServer, Peer
from registry.dns.tsig_keys import TsigKeys
from registry.domains.dns_profile import DnsProfile
from registry.domains.server_address import parse_server_address, server_address_text
from registry.domains.zone_servers import Secondary, is_address
from registry.errors import ConfigurationError, NotFoundError
from registry.settings import Settings
from registry.storage.queries import zones

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose configuration is wanted, and what settings don't say, or say otherwise; addresses as `HOST:PORT`."""

    zone: str = ""
    """One zone; empty: all that the server takes from us."""
    catalog: bool = False
    """Whether zones come by the catalog."""
    server: str = ""
    """Which of the secondaries it is; may be empty where there is only one."""
    primary: str = ""
    """From whom it takes zones; by default from here. A signer, for those behind it."""
    key: str = ""
    """The key that it and the primary share; by default what the settings say of the secondary."""
    listen: tuple[str, ...] = ()
    """Where it answers; by default at its address in the settings."""
    followers: tuple[str, ...] = ()
    """Who takes zones from it, as `HOST:PORT/KEY`."""
    sign: bool = False
    folder: str = ""


def name_server(instance: Instance, settings: Settings, wish: Wish) -> NameServer:
    """What a server has to be told.

    Raises ConfigurationError where the settings leave open what nobody said, NotFoundError for an unknown zone.
    """
    keys = TsigKeys(settings.dns_key_dir)
    if wish.catalog and not instance.catalog.name:
        raise ConfigurationError("there is no catalog zone; set REGISTRY_DNS_CATALOG_ZONE")
    taken = {} if wish.catalog else _zones(instance, wish.zone)
    of_catalog = other_zones(instance, settings)[instance.catalog.name] if wish.catalog else ()
    chosen = _chosen((*of_catalog, *_followers_of(taken.values())), wish)
    if not (wish.catalog or wish.zone):
        taken = {
            name: dns for name, dns in taken.items() if any(each.server == chosen.server for each in dns.secondaries)
        }
    key = wish.key or _key(chosen, taken)
    return NameServer(
        primary=_primary(settings, wish.primary, keys.required(key) if key else None),
        zones={name: dns.zone_privacy for name, dns in taken.items()},
        catalog=instance.catalog.name if wish.catalog else "",
        listen=tuple(_address(text) for text in wish.listen) or _listens(chosen),
        followers=tuple(_peer(each, keys) for each in wish.followers),
        sign=wish.sign,
        folder=PurePosixPath(wish.folder) if wish.folder else None,
    )


def _zones(instance: Instance, wanted: str) -> dict[str, DnsProfile]:
    """Every zone, or the one that is wanted, with the settings of its domain; a zone's other names are zones, too."""
    name = wanted.lower().removesuffix(".")
    with instance.database.read() as connection:
        rows = zones.all_zones(connection)
    owners = zone_owners(rows, instance.directory.all())
    found = {row.name: stored.domain.dns for row, stored in owners if stored is not None and name in {"", row.name}}
    if not found:
        known = ", ".join(row.name for row in rows) or "none"
        raise NotFoundError(f"there is no zone {wanted} here (known: {known})")
    return found


def _followers_of(profiles: Iterable[DnsProfile]) -> tuple[Secondary, ...]:
    return tuple(dict.fromkeys(each for dns in profiles for each in dns.secondaries))


def _chosen(known: tuple[Secondary, ...], wish: Wish) -> Secondary:
    """The one secondary that is meant; one that only exists in what was said where nothing else is needed."""
    address = parse_server_address(wish.server) if wish.server else None
    if wish.server and address is None:
        raise ConfigurationError(f"HOST:PORT is wanted, as ns1.example.org:53, not {wish.server[:80]!r}")
    servers = sorted({each.server for each in known})
    if address is not None:
        found = [each for each in known if each.server == server_address_text(*address)]
        if found or wish.key:
            return found[0] if found else Secondary(server_address_text(*address), wish.key)
        raise ConfigurationError(f"{wish.server} is none of the secondaries: {', '.join(servers) or 'there are none'}")
    if len(servers) == 1:
        return known[0]
    if wish.key and wish.listen:
        return Secondary(wish.listen[0], wish.key)
    setting = "REGISTRY_DNS_CATALOG_SECONDARIES" if wish.catalog else "dns.secondaries of the domain"
    if not servers:
        raise ConfigurationError(f"no secondary is known; set {setting}, or say --key and --listen")
    raise ConfigurationError(f"which secondary is meant? Say --server, one of {', '.join(servers)}")


def _key(chosen: Secondary, taken: dict[str, DnsProfile]) -> str:
    """The key by which the server is known for all that it takes."""
    used = {each.key for dns in taken.values() for each in dns.secondaries if each.server == chosen.server}
    if len(used) > 1:
        raise ConfigurationError(
            f"{chosen.server} has different keys for different zones ({', '.join(sorted(used))}): say --zone"
        )
    return chosen.key


def _primary(settings: Settings, said: str, key: Key | None) -> Peer:
    host, port = _address(said) if said else settings.dns_bind
    if host in _EVERYWHERE or not is_address(host) or port == 0:
        raise ConfigurationError(
            f"name servers can't find this one at {host}:{port} (REGISTRY_DNS_BIND): say --primary ADDRESS:PORT"
        )
    return Peer(host, port, key)


def _peer(text: str, keys: TsigKeys) -> Peer:
    server, _, key = text.partition("/")
    host, port = _address(server)
    if not key:
        return Peer(host, port)
    return Peer(host, port, keys.required(key.lower().removesuffix(".")))


def _address(text: str) -> tuple[str, int]:
    found = parse_server_address(text)
    if found is None or not is_address(found[0]):
        raise ConfigurationError(f"ADDRESS:PORT is wanted, as 192.0.2.1:53, not {text[:80]!r}")
    return str(ipaddress.ip_address(found[0])), found[1]


def _listens(chosen: Secondary) -> tuple[tuple[str, int], ...]:
    host, port = parse_server_address(chosen.server) or ("", 53)
    return ((host, port),) if is_address(host) else tuple((every, port) for every in _EVERYWHERE)
