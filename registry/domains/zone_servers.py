# SPDX-License-Identifier: Apache-2.0
"""The name servers that get a zone from us: secondaries that take it (RFC 5936, RFC 1995), primaries that we push it
to (RFC 2136), and by which TSIG key (RFC 8945) they and we are known.

A key is a name here; its secret is in a file of the installation, see `registry.dns.tsig_keys`.
"""

import ipaddress
from dataclasses import dataclass

from registry.domains.host_name import is_host_name
from registry.domains.section import Section
from registry.domains.server_address import parse_server_address, server_address_text
from registry.identifiers.text import ascii_lower

MAX_SERVER_ADDRESS = 96
MAX_SERVERS = 32
"""Of a kind in one domain: each may cost a thread, and is asked every few seconds."""


@dataclass(frozen=True, slots=True)
class Secondary:
    """A server that transfers the zone from us; by its key, or without one by its address alone."""

    server: str
    """`HOST:PORT` where it takes NOTIFY (RFC 1996)."""
    key: str = ""
    notify: bool = True

    @property
    def host(self) -> str:
        """The host of its address."""
        address = parse_server_address(self.server)
        return "" if address is None else address[0]


@dataclass(frozen=True, slots=True)
class PushTarget:
    """Somebody else's primary, to which the zone is pushed."""

    server: str
    key: str
    zone: str = ""
    """The name that the zone has there; empty: the same."""
    only_writer: bool = True
    """Whether nobody else changes the zone there: then its SOA is the lock, and its serial is ours."""


@dataclass(frozen=True, slots=True)
class TransferRules:
    """Who may transfer a zone: the secondaries, and others by key; hosts are IP addresses as `str(ip_address)` says."""

    secondaries: tuple[Secondary, ...] = ()
    keys: tuple[str, ...] = ()
    """Keys of others than the secondaries."""
    networks: tuple[str, ...] = ()
    """Where any are given, a key counts only there, or at the address of a secondary."""

    def allows(self, host: str, key: str) -> bool:
        """Whether a client at an IP address may have the zone; `key` verified its request, empty: it wasn't signed."""
        if not key:
            return any(not each.key and each.host == host for each in self.secondaries)
        known = key in self.keys or any(each.key == key for each in self.secondaries)
        return known and self._is_near(host)

    def _is_near(self, host: str) -> bool:
        if not self.networks or any(each.host == host for each in self.secondaries):
            return True
        address = ipaddress.ip_address(host)
        return any(address in ipaddress.ip_network(network) for network in self.networks)


def read_secondaries(section: Section) -> tuple[Secondary, ...]:
    """From the section `dns`; complains there."""
    secondaries = []
    for each in _few(section, "secondaries"):
        server, key = _server(each), _key(each)
        host = (parse_server_address(server) or ("", 0))[0]
        if server and not key and not is_address(host):
            each.complain("key", "a secondary that is a name needs a key; without one it is known by its IP address")
        secondaries.append(Secondary(server, key, each.flag("notify", default=True)))
    if len({each.server for each in secondaries}) < len(secondaries):
        section.complain("secondaries", "a server is there twice")
    return tuple(secondaries)


def read_transfer_keys(section: Section) -> tuple[str, ...]:
    """From the section `dns`; complains there."""
    return tuple(key_name(section, "transfer_keys", text) for text in section.texts("transfer_keys"))


def read_transfer_networks(section: Section) -> tuple[str, ...]:
    """From the section `dns`; complains there."""
    networks = []
    for text in section.texts("transfer_networks"):
        try:
            networks.append(str(ipaddress.ip_network(text)))
        except ValueError as error:
            section.complain("transfer_networks", f"no network: {error}")
    return tuple(networks)


def read_push_targets(section: Section) -> tuple[PushTarget, ...]:
    """From the section `dns`; complains there."""
    targets = []
    for each in _few(section, "push_to"):
        key, zone = _key(each), ascii_lower(each.text("zone")).removesuffix(".")
        if not key:
            each.complain("key", "a key is needed: name servers take updates from nobody else")
        if zone and not is_host_name(zone):
            each.complain("zone", f"a domain name is wanted, not {zone!r}")
        targets.append(PushTarget(_server(each), key, zone, each.flag("only_writer", default=True)))
    if len({(each.server, each.zone) for each in targets}) < len(targets):
        section.complain("push_to", "a target is there twice")
    return tuple(targets)


def read_server_addresses(section: Section, name: str) -> tuple[str, ...]:
    """A list of addresses, each once and in one spelling; complains of more than `MAX_SERVERS`."""
    if len(section.texts(name)) > MAX_SERVERS:
        section.complain(name, f"at most {MAX_SERVERS} servers")
    return tuple(dict.fromkeys(filter(None, (_address(section, name, text) for text in section.texts(name)))))


def _few(section: Section, name: str) -> list[Section]:
    listed = section.listed(name)
    if len(listed) > MAX_SERVERS:
        section.complain(name, f"at most {MAX_SERVERS} servers, not {len(listed)}")
    return listed[:MAX_SERVERS]


def _server(section: Section) -> str:
    return _address(section, "server", section.text("server"))


def _address(section: Section, name: str, text: str) -> str:
    address = parse_server_address(text)
    if address is None:
        section.complain(name, f"HOST:PORT is wanted, as ns1.example.org:53, not {text[:80]!r}")
        return ""
    if len(spelled := server_address_text(*address)) > MAX_SERVER_ADDRESS:
        section.complain(name, f"longer than {MAX_SERVER_ADDRESS} characters: {text[:40]!r}")
        return ""
    return spelled


def _key(section: Section) -> str:
    return key_name(section, "key", section.text("key")) if section.values.get("key") else section.text("key")


def key_name(section: Section, name: str, text: str) -> str:
    """The name of a TSIG key: a domain name in lower case, without a dot at the end."""
    key = ascii_lower(text).removesuffix(".")
    if not is_host_name(key):
        section.complain(name, f"the name of a key is a domain name, not {text[:80]!r}")
    return key


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
