# SPDX-License-Identifier: Apache-2.0
"""Which addresses may be asked: locations come from strangers, and a name may lead into our own network.

A distribution point of a certificate, a pointer of a list or a redirection would else make us ask 127.0.0.1, or a
cloud's metadata service, for its author (SSRF). The very address that was judged is the one that is connected to, so
that a name which is answered differently each time (DNS rebinding) gains nothing. IPv4 inside of IPv6 (mapped, 6to4,
NAT64, ISATAP, Teredo) is judged as that IPv4 address. A network of one's own NAT64 prefix can't be told from a public
one: block that at the firewall.
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from trust_lists.errors import SourceError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[..., Iterable[tuple[Any, ...]]]
REFUSED = "FETCH_ADDRESS"

# The IANA registries of special-purpose addresses (RFC 6890), spelled out: what `ipaddress` calls global has changed
# between patch releases of Python.
_SPECIAL = tuple(
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
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""What stands before the IPv4 address (RFC 5214 §6.1)."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public addresses may be asked on `ports` (None: any), and those of `networks`, one's own, on every port."""

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] | None = None

    @classmethod
    def of(cls, networks: Iterable[str]) -> "AddressPolicy":
        """From texts such as `10.0.0.0/8`. Raises SourceError FETCH_NETWORK."""
        try:
            return cls(tuple(ip_network(text.strip()) for text in networks))
        except ValueError as error:
            raise SourceError("FETCH_NETWORK", f"a network is written as 10.0.0.0/8 or fd00::/8: {error}") from None

    def refusal(self, address: Address, port: int) -> str:
        """Why this address and port may not be asked, in words; "" where they may."""
        if self.is_own(address):
            return ""
        if kind := special_kind(address):
            return f"is {kind}"
        return "" if self.ports is None or port in self.ports else f"has the port {port}, which is not asked"

    def is_own(self, address: Address) -> bool:
        """Whether it is in one of `networks`."""
        forms = [each for each in (address, carried(address)) if each is not None]
        return any(form in network for form in forms for network in self.networks)

    def addresses(self, host: str, port: int, resolve: Resolve = socket.getaddrinfo) -> tuple[str, ...]:
        """The addresses of `host` that may be asked: connect to one of these, and never to the name again.

        Raises SourceError FETCH_ADDRESS where none of them may be asked, OSError where the name has none.
        """
        try:
            found = dict.fromkeys(str(info[4][0]) for info in resolve(host, port, type=socket.SOCK_STREAM))
            refusals = {text: self.refusal(ip_address(text), port) for text in found}
        except ValueError as error:  # a label that no name can have, an address with a scope
            raise OSError(f"{host} is no host name") from error
        allowed = tuple(text for text, refusal in refusals.items() if not refusal)
        if not allowed:
            reasons = "; ".join(f"{text} {refusal}" for text, refusal in refusals.items())
            raise SourceError(REFUSED, f"{host} may not be asked: {reasons or 'it has no address'}")
        return allowed


def special_kind(address: Address) -> str:
    """What an address is that isn't a public one (`loopback`); "" for a public one."""
    inner = carried(address)
    if inner is not None and (kind := special_kind(inner)):
        return f"{kind}, inside of IPv6"
    for network, kind in _SPECIAL:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and inner is None and address not in _GLOBAL_UNICAST:
        return "no global unicast address"
    return ""


def carried(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, or leads to."""
    if isinstance(address, IPv4Address):
        return None
    value = int(address)
    if address in _NAT64 or (value >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(value & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
