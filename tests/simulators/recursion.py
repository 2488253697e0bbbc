# SPDX-License-Identifier: Apache-2.0
"""A resolver in memory that starts at one of our servers and goes where referrals and aliases lead, by glue alone."""

import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.rrset

from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile


def server_of(zone: str, *rrsets: RRset) -> Responder:
    """A server of one zone."""
    profile = DnsProfile(zone=zone, name_servers=("ns.elsewhere.test",))
    served = ServedZone(zone, [soa_rrset(profile, 1), ns_rrset(profile), *rrsets], 1)
    return Responder({served.wire: served}, Counters())


class RecursiveNameServer(dns.nameserver.Nameserver):
    """Answers for whoever asks; `servers` by address, of which those in `roots` are asked first for names in a zone."""

    def __init__(self, servers: dict[str, Responder], roots: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.servers = servers
        self.roots = {dns.name.from_text(zone): address for zone, address in roots.items()}
        self.asked: list[str] = []

    def __str__(self) -> str:
        return "recursive"

    def kind(self) -> str:
        return "recursive"

    def is_always_max_size(self) -> bool:
        return True

    def answer_nameserver(self) -> str:
        return "127.0.0.1"

    def answer_port(self) -> int:
        return 53

    def query(
        self,
        request: dns.message.QueryMessage,
        timeout: float,
        source: str | None,
        source_port: int,
        max_size: bool,
        one_rr_per_rrset: bool = False,
        ignore_trailing: bool = False,
    ) -> dns.message.Message:
        question = request.question[0]
        response = dns.message.make_response(request)
        response.flags |= dns.flags.RA
        name: dns.name.Name | None = question.name
        for _ in range(10):
            if name is None:
                break
            found = self._ask(name, question.rdtype)
            response.answer += found.answer
            response.set_rcode(found.rcode())
            response.authority = found.authority
            last = found.answer[-1] if found.answer else None
            follow = last is not None and last.rdtype == dns.rdatatype.CNAME != question.rdtype
            name = last[0].target if last is not None and follow else None
        return dns.message.from_wire(response.to_wire())

    def _ask(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.message.Message:
        address = next(address for zone, address in self.roots.items() if name.is_subdomain(zone))
        while True:
            self.asked.append(address)
            wire = self.servers[address].answer(dns.message.make_query(name, rdtype).to_wire(), over_tcp=True)
            assert wire is not None
            response = dns.message.from_wire(wire)
            if response.flags & dns.flags.AA or response.rcode():
                return response
            address = _glue(response)


def _glue(referral: dns.message.Message) -> str:
    (servers,) = referral.authority
    names = {rdata.target for rdata in servers}
    return str(next(rrset[0].address for rrset in referral.additional if rrset.name in names))
