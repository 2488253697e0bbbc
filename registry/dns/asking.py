# SPDX-License-Identifier: Apache-2.0
"""Asks a name server itself, without a resolver between: over UDP, over TCP where the answer is cut (RFC 1035 §4.2.2).

An SOA must be authoritative and that of the zone itself: a resolver with a cache says what was, not what is.
"""

import socket
from collections.abc import Callable
from typing import NamedTuple, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA

from registry.domains.server_address import parse_server_address
from registry.errors import TechnicalError

TIMEOUT_S = 2.0
"""For each of two tries."""
_TRIES = 2


class ShownSoa(NamedTuple):
    """What a server shows of a zone's version.

    Where it is `signed`, by the server itself or by the one that it takes the zone from, the serial is the signer's
    own: it goes up with new signatures, too. We sign nothing, so without signatures the serial is ours.
    """

    serial: int
    signed: bool = False


AskSoa = Callable[[str, str], ShownSoa]
"""The SOA of a zone (second) at a server (first, `HOST:PORT`). Raises TechnicalError."""
Query = Callable[[str, dns.message.Message], dns.message.Message]
"""The answer of a server, `HOST:PORT`, to a query. Raises TechnicalError."""


def ask(server: str, query: dns.message.Message, timeout_s: float = TIMEOUT_S) -> dns.message.Message:
    """The answer of one server, `HOST:PORT`, to a query; two tries. Raises TechnicalError."""
    address = parse_server_address(server)
    if address is None:
        raise TechnicalError(f"{server!r} is no name server; give HOST:PORT")
    host, port = address
    failure = ""
    for _ in range(_TRIES):
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0]
            return dns.query.udp_with_fallback(query, str(found), timeout_s, port, ignore_unexpected=True)[0]
        except dns.exception.Timeout:
            failure = f"no answer within {timeout_s:g} s"
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            failure = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    raise TechnicalError(failure)


def ask_soa(server: str, zone: str, timeout_s: float = TIMEOUT_S) -> ShownSoa:
    """The SOA with which a server answers for a zone. Raises TechnicalError."""
    name = dns.name.from_text(zone)
    response = ask(server, dns.message.make_query(name, dns.rdatatype.SOA, want_dnssec=True, flags=0), timeout_s)
    if response.rcode() != dns.rcode.NOERROR:
        raise TechnicalError(f"it answers {dns.rcode.to_text(response.rcode())}")
    found = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.SOA)
    if not found:
        raise TechnicalError("its answer has no SOA of the zone")
    if not response.flags & dns.flags.AA:
        raise TechnicalError("it isn't authoritative for the zone")
    signed = any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in response.answer)
    return ShownSoa(cast("dns.rdtypes.ANY.SOA.SOA", found[0]).serial, signed)
