# SPDX-License-Identifier: Apache-2.0
"""Any bytes in, at most one well-formed answer out; ordinary and unusual ways agree."""

import random
from itertools import product

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile

KNOWN = "known.iso6523-actorid-upis.sml.test."
COOKIE = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")


@pytest.fixture
def responder(zone: ServedZone) -> Responder:
    return Responder({zone.wire: zone}, Counters())


def ask(responder: Responder, query: dns.message.Message, *, over_tcp: bool = False) -> dns.message.Message:
    wire = responder.answer(query.to_wire(), over_tcp=over_tcp)
    assert wire is not None
    response = dns.message.from_wire(wire)
    assert query.is_response(response)
    return response


@pytest.mark.parametrize("name", [KNOWN, "x.wild-scheme-test.sml.test.", "no.sml.test.", "a.smp-1.publisher.sml.test."])
def test_the_short_cut_and_the_long_way_answer_alike(responder: Responder, name: str) -> None:
    for rdtype, recursion, edns in product(["NAPTR", "A", "ANY"], [0, dns.flags.RD], [False, True]):
        plain = dns.message.make_query(name, rdtype, flags=recursion, id=7, use_edns=edns)
        unusual = dns.message.make_query(name, rdtype, flags=recursion, id=7, use_edns=edns)
        if edns:
            unusual.use_edns(0, options=[COOKIE])
        else:
            unusual.flags |= dns.flags.TC
        assert responder.answer(plain.to_wire()) == responder.answer(unusual.to_wire())


def test_the_longest_zone_owns_a_name(profile: DnsProfile, zone: ServedZone) -> None:
    apex = [soa_rrset(profile, 1), ns_rrset(profile)]
    inner = ServedZone("inner.sml.test", [*apex, RRset("x", "A", 60, ("192.0.2.1",))], 1)
    outer = ServedZone(
        "sml.test", [*apex, RRset("x.inner", "A", 60, ("192.0.2.2",)), RRset("xinner", "A", 60, ("192.0.2.3",))], 1
    )
    both = Responder({each.wire: each for each in (outer, inner)}, Counters())
    assert "192.0.2.1" in ask(both, dns.message.make_query("x.inner.sml.test", "A")).to_text()
    assert "192.0.2.3" in ask(both, dns.message.make_query("xinner.sml.test", "A")).to_text()
    nothing = ask(both, dns.message.make_query("y.inner.sml.test", "A"))
    assert nothing.rcode() == dns.rcode.NXDOMAIN
    assert str(nothing.authority[0].name) == "inner.sml.test."


def test_zone_names_match_at_label_boundaries_only(responder: Responder) -> None:
    assert ask(responder, dns.message.make_query("xsml.test", "A")).rcode() == dns.rcode.REFUSED
    look_alike = dns.message.make_query(dns.name.Name([b"a\x03sml", b"test", b""]), "A")
    assert ask(responder, look_alike).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("label", [b"\x00", b"a\x00b", b"\xff" * 63, b".", b"\xc0\x0c"])
def test_labels_may_hold_any_octet(responder: Responder, label: bytes) -> None:
    name = dns.name.Name([label, b"sml", b"test", b""])
    assert ask(responder, dns.message.make_query(name, "A")).rcode() == dns.rcode.NXDOMAIN


def test_removed_and_added_zones_are_noticed_at_once(zone: ServedZone) -> None:
    zones = {zone.wire: zone}
    responder = Responder(zones, Counters())
    query = dns.message.make_query(KNOWN, "NAPTR")
    del zones[zone.wire]
    assert ask(responder, query).rcode() == dns.rcode.REFUSED
    zones[zone.wire] = zone
    assert ask(responder, query).rcode() == dns.rcode.NOERROR


def test_counters_tell_what_was_answered(responder: Responder) -> None:
    for name in (KNOWN, "no.sml.test", "elsewhere.example"):
        ask(responder, dns.message.make_query(name, "NAPTR"))
    ask(responder, dns.message.make_query("big.sml.test", "TXT"))
    responder.answer(b"short")
    counters = responder.counters
    assert {code: n for code, n in enumerate(counters.rcodes) if n} == {0: 2, 3: 1, 5: 1}
    assert (counters.truncated, counters.dropped) == (1, 1)


def test_a_chain_of_aliases_is_followed_and_a_circle_is_left(profile: DnsProfile) -> None:
    def alias(owner: str, target: str) -> RRset:
        return RRset(owner, "CNAME", 60, (target,))

    chain = [alias(f"a{n}", f"A{n + 1}.sml.TEST.") for n in range(16)]
    circle = [alias("x", "y.sml.test."), alias("y", "x.sml.test."), alias("self", "self.sml.test.")]
    end = RRset("a3", "A", 60, ("192.0.2.1", "192.0.2.2"))
    apex = [soa_rrset(profile, 1), ns_rrset(profile)]
    zone = ServedZone("sml.test", [*apex, *circle, *(rrset for rrset in chain if rrset.owner != "a3"), end], 1)
    responder = Responder({zone.wire: zone}, Counters())
    response = ask(responder, dns.message.make_query("a0.sml.test", "A"))
    assert isinstance(response, dns.message.QueryMessage)
    found = response.resolve_chaining()
    assert str(found.canonical_name).lower() == "a3.sml.test."
    assert found.answer is not None
    assert sorted(rdata.to_text() for rdata in found.answer) == ["192.0.2.1", "192.0.2.2"]
    for name, records in (("x", 2), ("self", 1), ("a4", 8)):
        response = ask(responder, dns.message.make_query(f"{name}.sml.test", "A"))
        assert response.rcode() == dns.rcode.NOERROR
        assert response.section_count("ANSWER") == records


def check(query: bytes, answer: bytes | None, *, over_tcp: bool) -> None:
    if answer is None:
        assert len(query) < 12 or query[2] & 0x80
        return
    assert answer[:2] == query[:2]
    assert answer[2] & 0x80
    assert len(answer) <= (65535 if over_tcp else 1232)
    parsed = dns.message.from_wire(answer)
    for question in parsed.question:
        end = 12 + len(question.name.to_digestable()) + 4
        assert answer[12:end] == query[12:end]


def originals() -> list[bytes]:
    queries = []
    for name in (
        KNOWN,
        "q.wild-scheme-test.sml.test",
        "no.sml.test",
        "smp-1.publisher.sml.test",
        "other.example",
        "big.sml.test",
        ".",
    ):
        for rdtype in ("NAPTR", "A", "TXT", "ANY", "SOA"):
            queries.append(dns.message.make_query(name, rdtype))
            queries.append(dns.message.make_query(name, rdtype, use_edns=0, want_dnssec=True, options=[COOKIE]))
    update = dns.message.make_query("sml.test", "SOA")
    update.set_opcode(dns.opcode.UPDATE)
    signed = dns.message.make_query(KNOWN, "NAPTR")
    signed.use_tsig({dns.name.from_text("key"): b"secret"})
    return [message.to_wire() for message in (*queries, update, signed)]


def test_twenty_thousand_mutated_queries_get_only_well_formed_answers(responder: Responder) -> None:
    seeds = originals()
    dice = random.Random(20250206)
    answered = 0
    for _ in range(20_000):
        query = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(query))
            match dice.randrange(4):
                case 0:
                    query[at] = dice.randrange(256)
                case 1:
                    query[at] ^= 1 << dice.randrange(8)
                case 2:
                    del query[at : at + dice.randint(1, 3)]
                    query = query or bytearray(1)
                case _:
                    query[at:at] = dice.randbytes(dice.randint(1, 3))
        over_tcp = dice.random() < 0.2
        answer = responder.answer(bytes(query), over_tcp=over_tcp)
        answered += answer is not None
        check(bytes(query), answer, over_tcp=over_tcp)
    assert answered > 10_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_get_a_well_formed_answer_or_silence(responder: Responder, data: bytes, over_tcp: bool) -> None:
    check(data, responder.answer(data, over_tcp=over_tcp), over_tcp=over_tcp)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.sampled_from([b"", b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"]))
def test_any_name_gets_a_well_formed_answer_or_silence(responder: Responder, name: bytes, opt: bytes) -> None:
    """Below the fixed offsets that the short cut looks at, there may be anything."""
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00" + bytes((bool(opt),)) + name + b"\x03sml\x04test\x00"
    query += b"\x00\x23\x00\x01" + opt
    check(query, responder.answer(query), over_tcp=False)


def test_udp_answers_are_bounded_multiples_of_their_questions(responder: Responder) -> None:
    """Who forges a sender's address gains little: RFC 5358."""
    ratios = []
    for query in originals():
        answer = responder.answer(query)
        assert answer is not None
        ratios.append(len(answer) / len(query))
    assert max(ratios) < 5


@pytest.mark.parametrize("over_tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("name", ["sml.test", KNOWN])
@pytest.mark.parametrize("rdtype", ["SOA", "NAPTR", "ANY", "IXFR"])
def test_a_private_zone_is_for_those_who_sign(zone: ServedZone, name: str, rdtype: str, *, over_tcp: bool) -> None:
    """RFC 9432 §7: a catalog isn't for everybody."""
    asked = Responder({zone.wire: zone}, Counters(), private=[zone.wire])
    for options in ([], [COOKIE]):  # the short cut, and the long way
        query = dns.message.make_query(name, rdtype, use_edns=0, options=options)
        assert ask(asked, query, over_tcp=over_tcp).rcode() == dns.rcode.REFUSED
    if rdtype != "IXFR":
        verified = asked.answer(query.to_wire(), over_tcp=over_tcp, verified=True)
        assert verified == Responder({zone.wire: zone}, Counters()).answer(query.to_wire(), over_tcp=over_tcp)
