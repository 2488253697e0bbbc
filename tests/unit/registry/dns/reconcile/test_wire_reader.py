# SPDX-License-Identifier: Apache-2.0
"""Records are read from messages as dnspython writes and reads them; hostile octets cost little and are refused."""

import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.reconcile.wire_reader import (
    MalformedMessageError,
    WireReader,
    canonical_rdata,
    read_name,
    tail_of,
    tail_parts,
    tails_of,
)
from registry.dns.transfer.packing import MessagePacker
from registry.dns.wire import name_to_wire

ZONE = "sml.test."
LABEL = st.text("abcXYZ019-_", min_size=1, max_size=12)
NAME = st.lists(LABEL, min_size=0, max_size=4).map(lambda labels: ".".join([*labels, ZONE]))
RECORD = st.one_of(
    st.tuples(st.just("NAPTR"), LABEL.map(lambda text: f'100 10 "U" "Meta:SMP" "!.*!http://{text}!" .')),
    st.tuples(st.just("NAPTR"), NAME.map(lambda name: f'1 2 "" "" "" {name}')),
    *(st.tuples(st.just(rdtype), NAME) for rdtype in ("CNAME", "DNAME", "NS", "PTR")),
    st.tuples(st.just("MX"), NAME.map(lambda name: f"10 {name}")),
    st.tuples(st.just("SRV"), NAME.map(lambda name: f"1 2 53 {name}")),
    st.tuples(st.just("SOA"), st.tuples(NAME, NAME).map(lambda names: f"{names[0]} {names[1]} 7 1 2 3 4")),
    st.tuples(st.just("TXT"), LABEL.map(lambda text: f'"{text}" "B"')),
    st.tuples(st.just("A"), st.just("192.0.2.1")),
)
ROWS = st.lists(st.tuples(NAME, st.integers(0, 2**31 - 1), RECORD), max_size=20)


def message_of(rows: list[tuple[str, int, tuple[str, str]]]) -> dns.message.Message:
    message = dns.message.make_response(dns.message.make_query(ZONE, "AXFR"))
    message.answer = [dns.rrset.from_text(name, ttl, "IN", rdtype, rdata) for name, ttl, (rdtype, rdata) in rows]
    return message


def expected(message: dns.message.Message) -> list[tuple[bytes, bytes]]:
    """What dnspython makes of the records: canonical forms (RFC 4034 §6.2), an SOA without its serial."""
    lines = []
    for rrset in message.answer:
        for rdata in rrset:
            wire = rdata.to_digestable()
            if rrset.rdtype == dns.rdatatype.SOA:
                wire = wire[:-20] + bytes(4) + wire[-16:]
            lines.append((rrset.name.to_digestable(), tail_of(int(rrset.rdtype), rrset.ttl, wire)))
    return lines


@given(ROWS)
def test_records_are_those_that_dnspython_wrote_compressed(rows: list[tuple[str, int, tuple[str, str]]]) -> None:
    message = message_of(rows)
    found = WireReader().read(message.to_wire(max_size=65535))
    assert found.answers == expected(message)
    assert found.id == message.id
    assert found.question == (dns.name.from_text(ZONE).to_wire(), b"\x00\xfc\x00\x01")


@given(st.lists(st.tuples(st.sampled_from(["a", "b.x", "c.x", "A.b.X", "@"]), RECORD), min_size=1, max_size=20))
def test_records_are_those_that_our_own_transfers_have(rows: list[tuple[str, tuple[str, str]]]) -> None:
    apex = name_to_wire(ZONE.rstrip(".")) + b"\x00"
    stored = [(owner, rdtype, f"60 {rdata}") for owner, (rdtype, rdata) in rows]
    reader = WireReader()
    read = [line for data in MessagePacker(apex).messages(stored) for line in reader.read(data).answers]
    wanted = [
        ((apex if owner == "@" else name_to_wire(owner) + apex), tail)
        for owner, rdtype, text in stored
        for tail in tails_of(rdtype, text)
    ]
    assert read == wanted


def test_what_is_the_same_in_other_letters_is_the_same() -> None:
    assert tails_of("CNAME", "60 SMP-1.Example.ORG.") == tails_of("CNAME", "60 smp-1.example.org.")
    assert tails_of("TXT", '60 "A"') != tails_of("TXT", '60 "a"')
    assert tails_of("A", "60 192.0.2.1") != tails_of("A", "61 192.0.2.1")


def test_serial_of_an_soa_is_told_apart_from_its_other_values() -> None:
    one, two = (message_of([(ZONE, 60, ("SOA", f"ns.test. h.test. {serial} 1 2 3 4"))]) for serial in (7, 2**32 - 1))
    read = [WireReader().read(each.to_wire()) for each in (one, two)]
    assert [each.serial for each in read] == [7, 2**32 - 1]
    assert read[0].answers == read[1].answers


@given(ROWS, st.data())
def test_mutated_messages_are_read_or_refused(
    rows: list[tuple[str, int, tuple[str, str]]], data: st.DataObject
) -> None:
    wire = bytearray(message_of(rows).to_wire(max_size=65535))
    for _ in range(data.draw(st.integers(1, 6))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    wire = wire[: data.draw(st.integers(0, len(wire)))]
    try:
        found = WireReader().read(bytes(wire))
    except MalformedMessageError:
        return
    for owner, tail in found.answers:
        assert 1 <= len(owner) <= 255
        assert len(tail) >= 6


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        WireReader().read(octets)
    except MalformedMessageError:
        return


@given(ROWS, st.data())
def test_what_is_read_of_a_mutated_message_is_what_dnspython_reads(
    rows: list[tuple[str, int, tuple[str, str]]], data: st.DataObject
) -> None:
    wire = bytearray(message_of(rows).to_wire(max_size=65535))
    wire[data.draw(st.integers(12, len(wire) - 1))] = data.draw(st.integers(0, 255))
    try:
        ours = WireReader().read(bytes(wire))
        theirs = dns.message.from_wire(bytes(wire), one_rr_per_rrset=True)
    except (MalformedMessageError, dns.exception.DNSException):
        return  # each may be stricter: dnspython in rdata that we only compare, we in classes
    if any(rrset.rdclass != dns.rdataclass.IN for rrset in theirs.answer):
        return
    owners = [owner for owner, _ in ours.answers]
    assert owners == [rrset.name.to_digestable() for rrset in theirs.answer]
    for (_, tail), rrset in zip(ours.answers, theirs.answer, strict=True):
        assert tail_parts(tail)[0] == rrset.rdtype
        if rrset.rdtype != dns.rdatatype.SOA:
            assert tail_parts(tail)[2].lower() == rrset[0].to_digestable().lower()


HEAD = b"\x00\x01\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00"
REST = b"\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"\xc0\x0c", id="pointer to itself"),
        pytest.param(b"\xc0\x0d", id="pointer forwards"),
        pytest.param(b"\xc0\x00", id="pointer into the header"),
        pytest.param(b"\x01a\xc0\x0c", id="label that ends in itself"),
        pytest.param(b"\x40" + b"a" * 64 + b"\x00", id="label of an unknown kind"),
        pytest.param(b"\x3f" + b"a" * 63, id="name without an end"),
        pytest.param((b"\x3f" + b"a" * 63) * 4 + b"\x00", id="name of more than 255 octets"),
    ],
)
def test_names_that_are_none_are_refused(name: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        WireReader().read(HEAD + name + REST)


def test_chain_of_pointers_is_followed_no_longer_than_a_name_can_be() -> None:
    """RFC 1035 §4.1.4: each leads back, so this would end; but not before thousands of steps for each record."""
    data = bytearray(HEAD[:6] + b"\x17\x70" + HEAD[8:]) + b"\x00"
    for _ in range(8000):
        data += (0xC000 | max(len(data) - 2, 12)).to_bytes(2)
    data[13:15] = b"\xc0\x0c"
    began = time.thread_time()
    with pytest.raises(MalformedMessageError):
        read_name(bytes(data), len(data) - 2)
    assert time.thread_time() - began < 5


def test_long_chain_within_one_message_costs_no_more_than_its_records() -> None:
    records = b"".join(b"\xc0\x0c" + REST for _ in range(4000))
    data = HEAD[:4] + b"\x00\x01" + (4000).to_bytes(2) + HEAD[8:] + b"\x01a" * 120 + b"\x00\x00\xfc\x00\x01" + records
    began = time.thread_time()
    assert len(WireReader().read(data).answers) == 4000
    assert time.thread_time() - began < 20


@given(RECORD)
def test_canonical_form_is_that_of_dnspython(record: tuple[str, str]) -> None:
    rdtype, text = record
    rdata = dns.rdata.from_text("IN", rdtype, text, dns.name.root, relativize=False)
    wanted = rdata.to_digestable()
    if rdtype == "SOA":
        wanted = wanted[:-20] + bytes(4) + wanted[-16:]
    assert canonical_rdata(int(rdata.rdtype), rdata.to_wire() or b"") == wanted
