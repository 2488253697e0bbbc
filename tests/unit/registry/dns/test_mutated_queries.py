# SPDX-License-Identifier: Apache-2.0
"""Whatever real queries become on their way: an answer is right, or it is an error; dnspython is the oracle."""

import struct
from collections.abc import Callable

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.dns.records import RRset, naptr_rrset, ns_rrset, soa_rrset
from registry.dns.responder import UDP_PAYLOAD, Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile

PROFILE = DnsProfile(zone="sml.test", name_servers=("ns.example",))
PLAIN = [
    naptr_rrset("known.scheme", "https://smp.example/a", ["Meta:SMP"], 60),
    RRset("known.scheme", "TXT", 60, ('"x"',)),
    RRset("ns1", "A", 60, ("192.0.2.53",)),
    RRset("big", "TXT", 60, tuple(f'"{number:03} {"x" * 60}"' for number in range(40))),
]
APEX = [soa_rrset(PROFILE, 1), ns_rrset(PROFILE)]
ZONE = ServedZone("sml.test", [*APEX, *PLAIN], 1)
ORIGIN = dns.name.from_text("sml.test.")
HELD = {(dns.name.from_text(each.owner, ORIGIN), each.rdtype): each for each in PLAIN}
HELD |= {(ORIGIN, each.rdtype): each for each in APEX}
EXISTING = {ancestor for owner, _ in HELD for ancestor in [owner, owner.parent()] if ancestor.is_subdomain(ORIGIN)}
HEADER = 12

NAMES = st.sampled_from(
    ["known.scheme.sml.test.", "scheme.sml.test.", "sml.test.", "no.sml.test.", "a.known.scheme.sml.test.", "test.",
     "big.sml.test.", "ns1.sml.test.", "xsml.test.", ".", "known.scheme.sml.test.example."]
)  # fmt: skip
TYPES = st.one_of(
    st.sampled_from(["NAPTR", "TXT", "A", "SOA", "NS", "DS"]), st.integers(1, 0xFFFF).map("TYPE{}".format)
)
CLASSES = st.one_of(
    st.just("IN"), st.sampled_from(["ANY", "CH", "HS", "NONE"]), st.integers(2, 9).map("CLASS{}".format)
)
OPTIONS = st.lists(
    st.builds(dns.edns.GenericOption, st.sampled_from([3, 8, 9, 10, 11, 12, 15, 65001]), st.binary(max_size=40)),
    max_size=4,
)


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    """What a program would send, and its more unusual relatives."""
    query = dns.message.QueryMessage(id=draw(st.integers(0, 0xFFFF)))
    query.flags = draw(st.sampled_from([0, dns.flags.RD, dns.flags.CD, dns.flags.AD | dns.flags.RD, dns.flags.TC]))
    query.set_opcode(dns.opcode.Opcode(draw(st.sampled_from([0] * 12 + [1, 2, 3, 6, 15]))))
    rdtype = dns.rdatatype.from_text(draw(TYPES))
    rdclass = dns.rdataclass.from_text(draw(CLASSES))
    query.find_rrset(query.question, dns.name.from_text(draw(NAMES)), rdclass, rdtype, create=True, force_unique=True)
    if draw(st.booleans()):
        version = draw(st.sampled_from([0, 0, 0, 1, 255]))
        flags = draw(st.sampled_from([0, dns.flags.DO, 0x7FFF]))
        query.use_edns(version, flags, draw(st.integers(0, 0xFFFF)), options=draw(OPTIONS))
    wire = bytearray(query.to_wire())
    for at in draw(st.lists(st.integers(HEADER, len(wire) - 1), max_size=20)):  # 0x20, in the question's letters
        if at < HEADER + len(query.question[0].name.to_wire() or b"") and wire[at : at + 1].isalpha():
            wire[at] ^= 0x20
    return bytes(wire)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A query with some octets set, cut out, doubled or put in; pointers and counts above all."""
    wire = bytearray(draw(queries()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(wire) - 1)))
        kind = draw(st.sampled_from(["set", "cut", "double", "pointer", "count", "end", "put"]))
        if kind == "set" and wire:
            wire[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del wire[at : at + draw(st.integers(1, 20))]
        elif kind == "double":
            wire[at:at] = wire[at : at + draw(st.integers(1, 30))]
        elif kind == "pointer":
            wire[at : at + 2] = struct.pack("!H", 0xC000 | draw(st.integers(0, len(wire) + 3)))
        elif kind == "count" and len(wire) >= HEADER:
            place = draw(st.sampled_from([4, 6, 8, 10]))
            wire[place : place + 2] = struct.pack("!H", draw(st.sampled_from([0, 1, 2, 3, 0xFFFF])))
        elif kind == "end":
            del wire[at:]
        else:
            wire[at:at] = draw(st.binary(max_size=12))
    return bytes(wire)


def read(wire: bytes) -> dns.message.Message | None:
    """The query as dnspython has it, which is stricter than a name server need be about what isn't asked for."""
    try:
        return dns.message.from_wire(wire, question_only=True)
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return None


def expected(name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> tuple[str, list[str]]:
    """RCODE and answers, from the zone as a list: it has neither wildcards nor ends nor aliases."""
    if rdtype == dns.rdatatype.ANY and name in {owner for owner, _ in HELD}:
        return "NOERROR", ["any"]
    found = HELD.get((name, dns.rdatatype.to_text(rdtype)))
    if found is not None:
        return "NOERROR", sorted(found.rdatas)
    return ("NOERROR" if name in EXISTING else "NXDOMAIN"), []


def check(wire: bytes, *, over_tcp: bool) -> None:
    given_answer = Responder({ZONE.wire: ZONE}, Counters()).answer(wire, over_tcp=over_tcp)
    if given_answer is None:
        assert len(wire) < HEADER or wire[2] & 0x80
        return
    assert len(given_answer) <= (0xFFFF if over_tcp else UDP_PAYLOAD)
    answer = dns.message.from_wire(given_answer)
    assert given_answer[:2] == wire[:2]
    assert answer.flags & dns.flags.QR
    assert answer.opcode() == wire[2] >> 3 & 15
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        assert not answer.answer + answer.authority, "an error says nothing else"
        assert not answer.flags & dns.flags.AA
        return
    asked = read(wire)
    assert asked is not None, "what has no question has no answer"
    assert asked.opcode() == dns.opcode.QUERY
    end = HEADER + len(asked.question[0].name.to_wire() or b"") + 4
    assert given_answer[HEADER:end] == wire[HEADER:end], "letters as they were sent"
    (question,) = asked.question
    assert question.name.is_subdomain(ORIGIN)
    assert question.rdclass in (dns.rdataclass.IN, dns.rdataclass.ANY)
    if answer.flags & dns.flags.TC:
        assert not over_tcp
        assert not answer.answer
        return
    rcode, records = expected(question.name, question.rdtype)
    if question.rdtype == dns.rdatatype.IXFR:  # over UDP the SOA alone, RFC 1995 §2
        rcode, records = expected(ORIGIN, dns.rdatatype.SOA)
    assert dns.rcode.to_text(answer.rcode()) == rcode
    if records == ["any"]:
        assert [each.name for each in answer.answer] == [question.name]
        return
    texts = sorted(rdata.to_text() for each in answer.answer for rdata in each)
    assert texts == records
    assert bool(answer.authority) == (not records), "minimal: the SOA of a denial, else nothing"
    assert not answer.additional


@settings(max_examples=400)
@given(queries(), st.booleans())
def test_real_query_of_any_kind_is_answered_rightly(wire: bytes, over_tcp: bool) -> None:
    check(wire, over_tcp=over_tcp)


@settings(max_examples=1_000)
@given(mutated(), st.booleans())
@example(b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\xc0\x0c\x00\x01\x00\x01", False)
@example(b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x03sml\xc0\x0c\x00\x01\x00\x01", False)
@example(b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01" + b"\x03sml\x04test\x00\x00\x06\x00\x01\xc0\x1a", False)
def test_mutated_query_gets_a_right_answer_or_an_error(wire: bytes, over_tcp: bool) -> None:
    check(wire, over_tcp=over_tcp)


@given(st.binary(max_size=600), st.booleans())
def test_noise_gets_a_right_answer_or_an_error(wire: bytes, over_tcp: bool) -> None:
    check(wire, over_tcp=over_tcp)


def every(build: Callable[[int], bytes], number: int) -> None:
    for each in range(number):
        check(build(each), over_tcp=False)


def test_all_opcodes_classes_and_types_are_answered_rightly() -> None:
    question = b"\x05known\x06scheme\x03sml\x04test\x00"
    head = b"\x00\x07\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    every(lambda opcode: head[:2] + bytes([opcode << 3]) + head[3:] + question + b"\x00\x23\x00\x01", 16)
    every(lambda number: head + question + b"\x00\x23" + number.to_bytes(2), 1 << 9)
    every(lambda number: head + question + number.to_bytes(2) + b"\x00\x01", 1 << 9)
    every(lambda number: head + question + (0xFF00 + number).to_bytes(2) + b"\x00\x01", 256)
    every(lambda number: head[:2] + number.to_bytes(2) + head[4:] + question + b"\x00\x23\x00\x01", 1 << 16 - 5)
