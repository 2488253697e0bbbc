# SPDX-License-Identifier: Apache-2.0
"""Asks the responder without a network, in messages that a foreign library writes and reads."""

from collections.abc import Callable, Iterable

import dns.message
import pytest

from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile

Ask = Callable[..., dns.message.Message]


@pytest.fixture
def serve() -> Callable[[Iterable[RRset]], Responder]:
    """A responder for the zone `example` with these records besides SOA and NS."""

    def build(rrsets: Iterable[RRset]) -> Responder:
        profile = DnsProfile(zone="example", name_servers=("ns.elsewhere.test",), soa_minimum=30)
        zone = ServedZone("example", [soa_rrset(profile, 9), ns_rrset(profile), *rrsets], 9)
        return Responder({zone.wire: zone}, Counters())

    return build


@pytest.fixture
def ask() -> Ask:
    """Send a message (or make one from name and type) and read the answer."""

    def exchange(
        responder: Responder,
        asked: str | dns.message.Message,
        rdtype: str = "NAPTR",
        *,
        over_tcp: bool = False,
        **options: object,
    ) -> dns.message.Message:
        query = dns.message.make_query(asked, rdtype, **options) if isinstance(asked, str) else asked  # type: ignore[arg-type]
        wire = responder.answer(query.to_wire(), over_tcp=over_tcp)
        assert wire is not None
        response = dns.message.from_wire(wire)
        assert query.is_response(response)
        return response

    return exchange
