# SPDX-License-Identifier: Apache-2.0
"""Requests for zones, RFC 5936 and RFC 1995, and NOTIFY that comes to us, RFC 1996, by clause."""

import time
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rrset
import dns.tsig
import pytest

from registry.dns.records import ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.dns.signed_queries import SignedQueries
from registry.dns.transfer.requests import Stream, TransferRequest
from registry.dns.tsig_keys import TsigKeys
from registry.domains.dns_profile import DnsProfile
from registry.domains.zone_servers import Secondary, TransferRules


class Desk:
    """Goes by rules, and begins nothing."""

    def __init__(self, rules: TransferRules) -> None:
        self._rules = rules

    def allows(self, request: TransferRequest) -> bool:
        return self._rules.allows(request.host, request.key)

    def start(self, request: TransferRequest, stream: Stream) -> bool:
        return False


@pytest.fixture
def key(tmp_path: Path) -> dns.tsig.Key:
    keys = TsigKeys(tmp_path / "tsig")
    keys.generate("sec.example")
    return keys.required("sec.example")


@pytest.fixture
def responder(tmp_path: Path, key: dns.tsig.Key) -> Responder:
    profile = DnsProfile(zone="example", name_servers=("ns.elsewhere.test",))
    zone = ServedZone("example", [soa_rrset(profile, 9), ns_rrset(profile)], 9)
    rules = TransferRules((Secondary("192.0.2.1:53"), Secondary("192.0.2.2:53", "sec.example")))
    return Responder({zone.wire: zone}, Counters(), SignedQueries(TsigKeys(tmp_path / "tsig"), time.time), Desk(rules))


def query_of(rdtype: str, name: str = "example", *, serial: int | None = 1, **options: object) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype, **options)  # type: ignore[arg-type]
    if rdtype == "IXFR" and serial is not None:
        owner, soa = dns.name.from_text(name), f"ns.test. h.test. {serial} 0 0 0 0"
        query.authority.append(dns.rrset.from_text(owner, 0, "IN", "SOA", soa))
    return query


def rcode_of(answer: bytes | TransferRequest | None) -> dns.rcode.Rcode:
    assert isinstance(answer, bytes)
    return dns.message.from_wire(answer).rcode()


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
@pytest.mark.parametrize("name", ["example", "EXAMPLE"])
def test_rfc5936_2_1_a_request_of_somebody_who_may_is_handed_over(responder: Responder, rdtype: str, name: str) -> None:
    query = query_of(rdtype, name, serial=2**32 - 1, use_edns=0)
    found = responder.answer_over_tcp(query.to_wire(), "192.0.2.1")
    assert isinstance(found, TransferRequest)
    assert (found.kind, found.zone, found.host, found.key) == (rdtype, "example", "192.0.2.1", "")
    assert found.since == (2**32 - 1 if rdtype == "IXFR" else 0)
    assert found.question[1:8].decode() == name
    assert found.query_id == query.id.to_bytes(2)
    assert found.opt


def test_rfc5936_2_1_a_signed_request_tells_its_key(responder: Responder, key: dns.tsig.Key) -> None:
    query = query_of("AXFR")
    query.use_tsig(key)
    found = responder.answer_over_tcp(query.to_wire(), "198.51.100.9")
    assert isinstance(found, TransferRequest)
    assert (found.key, found.signer is not None, found.opt) == ("sec.example", True, b"")


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
def test_rfc5936_5_who_may_not_is_refused(responder: Responder, rdtype: str) -> None:
    assert rcode_of(responder.answer_over_tcp(query_of(rdtype).to_wire(), "192.0.2.2")) == dns.rcode.REFUSED


def test_rfc5936_2_2_1_as_many_as_may_be_are_under_way_so_a_further_one_is_refused(
    responder: Responder, key: dns.tsig.Key
) -> None:
    query = query_of("AXFR")
    query.use_tsig(key)
    found = responder.answer_over_tcp(query.to_wire(), "192.0.2.2")
    assert isinstance(found, TransferRequest)
    answer = dns.message.from_wire(responder.refused(found), keyring=key, request_mac=query.mac)
    assert (answer.rcode(), answer.had_tsig, answer.question) == (dns.rcode.REFUSED, True, query.question)


@pytest.mark.parametrize("name", ["a.example", "elsewhere.test", "."])
@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
def test_rfc5936_2_2_1_what_is_no_zone_of_ours_is_refused(responder: Responder, name: str, rdtype: str) -> None:
    assert rcode_of(responder.answer_over_tcp(query_of(rdtype, name).to_wire(), "192.0.2.1")) == dns.rcode.REFUSED


def test_rfc5936_4_2_axfr_over_udp_is_refused(responder: Responder) -> None:
    assert rcode_of(responder.answer(query_of("AXFR").to_wire())) == dns.rcode.REFUSED


def test_rfc1995_2_ixfr_over_udp_is_answered_with_our_soa(responder: Responder) -> None:
    wire = responder.answer(query_of("IXFR").to_wire())
    assert wire is not None
    answer = dns.message.from_wire(wire)
    assert answer.flags & dns.flags.AA
    assert [rrset.to_text().split()[6] for rrset in answer.answer] == ["9"]
    assert answer.question[0].rdtype == dns.rdatatype.IXFR


def test_rfc1995_3_ixfr_without_a_serial_is_a_format_error(responder: Responder) -> None:
    query = query_of("IXFR", serial=None)
    assert rcode_of(responder.answer_over_tcp(query.to_wire(), "192.0.2.1")) == dns.rcode.FORMERR


def test_rfc1995_3_a_soa_that_ends_early_is_a_format_error(responder: Responder) -> None:
    wire = query_of("IXFR").to_wire()
    at = wire.rindex(b"\x00\x06\x00\x01") + 8
    short = wire[:at] + (int.from_bytes(wire[at : at + 2]) - 4).to_bytes(2) + wire[at + 2 : -4]
    assert rcode_of(responder.answer_over_tcp(short, "192.0.2.1")) == dns.rcode.FORMERR


def test_rfc6891_6_1_3_a_version_that_is_not_known_is_badvers(responder: Responder) -> None:
    query = query_of("AXFR", use_edns=1)
    assert rcode_of(responder.answer_over_tcp(query.to_wire(), "192.0.2.1")) == dns.rcode.BADVERS


@pytest.mark.parametrize(("zone", "rcode"), [("example", dns.rcode.REFUSED), ("other.test", dns.rcode.NOTAUTH)])
@pytest.mark.parametrize("over_tcp", [False, True])
def test_rfc1996_3_10_nobody_tells_a_primary_of_changes(
    responder: Responder, zone: str, rcode: dns.rcode.Rcode, over_tcp: bool
) -> None:
    query = dns.message.make_query(zone, "SOA")
    query.set_opcode(dns.opcode.NOTIFY)
    wire = responder.answer_over_tcp(query.to_wire(), "192.0.2.1") if over_tcp else responder.answer(query.to_wire())
    assert isinstance(wire, bytes)
    answer = dns.message.from_wire(wire)
    assert (answer.rcode(), answer.opcode(), answer.id) == (rcode, dns.opcode.NOTIFY, query.id)
