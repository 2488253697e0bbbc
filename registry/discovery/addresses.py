# SPDX-License-Identifier: Apache-2.0
"""Which addresses and ports a look-up may ask: the URLs come from strangers, and a name may lead into our own network.

Without this, a NAPTR record or a redirect makes us ask 127.0.0.1 or a cloud's metadata service for its author (SSRF).
An address counts as what it carries: IPv4 inside IPv6 (mapped, 6to4, NAT64, ISATAP) is judged as that IPv4 address. A
network of one's own NAT64 prefix can't be told from a public one: block that at the firewall.
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

from registry.discovery.errors import TechnicalFailureError
from registry.errors import ConfigurationError

REFUSED: Final = "address-refused"
"""The reason id of every refusal: says nothing about whether the other side works."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[..., Iterable[tuple[Any, ...]]]

# The IANA special-purpose registries (RFC 6890 and its updates). Spelled out: what `ipaddress` calls global has changed
# between patch releases of Python.
_SPECIAL: Final = tuple(
    (ip_network(network), kind)
    for kind, networks in {
        "unspecified": "0.0.0.0/8 ::/128",
        "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
        "shared (carrier-grade NAT)": "100.64.0.0/10",
        "loopback": "127.0.0.0/8 ::1/128",
        "link-local": "169.254.0.0/16 fe80::/10",
        "unique-local": "fc00::/7",
        "site-local": "fec0::/10",
        "multicast": "224.0.0.0/4 ff00::/8",
        "reserved": "192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 240.0.0.0/4 2001::/23",
        "documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    }.items()
    for network in networks.split()
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214 §6.1: what stands before the IPv4 address


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public addresses on `ports` may be asked, and `networks` on every port."""

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset({80, 443})

    @classmethod
    def of(cls, networks: Iterable[str], ports: Iterable[int] = (80, 443)) -> "AddressPolicy":
        """From texts as `10.0.0.0/8`. Raises ConfigurationError."""
        try:
            return cls(tuple(ip_network(text.strip()) for text in networks), frozenset(ports))
        except ValueError as error:
            raise ConfigurationError(f"a network is written as 10.0.0.0/8 or fd00::/8: {error}") from None

    def refusal(self, address: Address, port: int) -> str | None:
        """Why this address and port may not be asked, in words; None where they may."""
        forms = (address, carried(address))
        if any(form is not None and form in network for form in forms for network in self.networks):
            return None
        if (kind := special_kind(address)) is not None:
            return f"is {kind}"
        return None if port in self.ports else f"has the port {port}, which is not asked"

    def addresses(self, host: str, port: int, resolve: Resolve = socket.getaddrinfo) -> tuple[str, ...]:
        """The addresses of `host` that may be asked: connect to one of these, and never to the name again.

        A name whose owner answers differently each time (DNS rebinding) gains nothing by that. Raises
        TechnicalFailureError where no address may be asked, OSError where the name has none.
        """
        try:
            found = dict.fromkeys(str(info[4][0]) for info in resolve(host, port, type=socket.SOCK_STREAM))
        except UnicodeError as error:  # a label that no domain name can have
            raise OSError(f"{host} is no host name") from error
        refusals = {text: self.refusal(ip_address(text), port) for text in found}
        allowed = tuple(text for text, refusal in refusals.items() if refusal is None)
        if not allowed:
            reasons = "; ".join(f"{text} {refusal}" for text, refusal in refusals.items())
            raise TechnicalFailureError(REFUSED, f"{host} may not be asked: {reasons or 'it has no address'}")
        return allowed


def special_kind(address: Address) -> str | None:
    """What an address is that isn't a public one, as `loopback`; None for a public one."""
    inner = carried(address)
    if inner is not None and (kind := special_kind(inner)) is not None:
        return f"{kind}, inside of IPv6"
    for network, kind in _SPECIAL:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and inner is None and address not in _GLOBAL_UNICAST:
        return "no global unicast address"
    return None


def carried(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for or leads to, if it does."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    value = int(address)
    if address in _NAT64 or (value >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(value & 0xFFFFFFFF)
    return None
