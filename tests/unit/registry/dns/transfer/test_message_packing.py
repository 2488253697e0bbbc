# SPDX-License-Identifier: Apache-2.0
"""Rows become messages that a foreign library reads as the same records."""

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.dns.records import RRset
from registry.dns.transfer.packing import AXFR, MAX_MESSAGE, MessagePacker, Row, soa_with_serial
from registry.dns.wire import IN, name_to_wire
from registry.errors import ValidationError

ZONE = dns.name.from_text("sml.test")
WIRE = name_to_wire("sml.test") + b"\0"
SOA: Row = ("@", "SOA", "60 ns.sml.test. h.sml.test. 7 1 2 3 4")

_LABELS = st.sampled_from(["a", "b", "iso6523", "x" * 63, "*", "_tcp", "@", "a\\.b", "\\000", "w\\032x"])
_TEXTS = st.sampled_from(
    [
        ("TXT", '60 "one"'),
        ("TXT", '60 "one"\n60 "two"'),
        ("A", "5 192.0.2.1\n5 192.0.2.2"),
        ("CNAME", "60 a.sml.test."),
        ("NAPTR", '60 100 10 "U" "Meta:SMP" "!.*!https://smp.example!" .'),
    ]
)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    owners = st.one_of(st.just("@"), st.lists(_LABELS, min_size=2, max_size=3).map(".".join), st.just("plain"))
    return [(draw(owners), *draw(_TEXTS)) for _ in range(draw(st.integers(1, 40)))]


def records(messages: list[bytes]) -> list[str]:
    """Owner and record of all answers, as dnspython reads them, in order."""
    found = []
    for wire in messages:
        message = dns.message.from_wire(wire, one_rr_per_rrset=True)
        assert message.question[0].name == ZONE
        found += [rrset.to_text() for rrset in message.answer]
    return found


def expected(wanted: list[Row]) -> list[str]:
    zone = dns.message.make_response(dns.message.make_query(ZONE, "AXFR"))
    found = []
    for owner, rdtype, text in wanted:
        labels = dns.name.from_text("\\@" + owner[1:] if owner.startswith("@.") else owner, ZONE)
        for rdata in dict.fromkeys(RRset.from_text(owner, rdtype, text).rdatas):
            ttl = int(text.split(" ")[0])
            rrset = dns.rrset.from_text(labels, ttl, "IN", rdtype, rdata)
            found.append(rrset.to_text())
    assert zone is not None
    return found


@settings(max_examples=150, deadline=None)
@given(rows(), st.integers(300, 1500), st.booleans())
def test_all_records_arrive_in_their_order_in_messages_of_at_most_the_limit(
    wanted: list[Row], limit: int, mixed_case: bool
) -> None:
    question = name_to_wire("sml.test").replace(b"s", b"S") if mixed_case else name_to_wire("sml.test")
    packer = MessagePacker(WIRE, query_id=b"\x12\x34", question=question + b"\0" + AXFR + IN, limit=limit)
    messages = list(packer.messages(wanted))
    assert max(map(len, messages)) <= limit
    assert {message[:4] for message in messages} == {b"\x12\x34\x84\x00"}
    assert records(messages) == expected(wanted)


def test_shared_ends_of_names_are_pointed_to() -> None:
    rows = [(f"{number:052}.iso6523-actorid-upis", "CNAME", "60 smp.publisher.sml.test.") for number in range(600)]
    (message,) = MessagePacker(WIRE).messages(rows)
    whole, first_end, head = 53 + 2 + 10 + len("\3smp\11publisher\3sml\4test\0"), 21, 12 + 14
    assert len(message) == head + 600 * whole + first_end
    assert records([message]) == expected(rows)


def test_names_far_into_a_message_are_not_pointed_to() -> None:
    rows: list[Row] = [(f"n{number}.first", "TXT", f'60 "{"x" * 250}"') for number in range(100)]
    rows += [(f"n{number}.second", "TXT", '60 "y"') for number in range(20)]
    (message,) = MessagePacker(WIRE).messages(rows)
    assert records([message]) == expected(rows)


def test_names_keep_the_case_that_they_have_whatever_was_asked() -> None:
    """RFC 5936 §3.4."""
    question = b"\x03SmL\x04tEsT\0" + AXFR + IN
    (message,) = MessagePacker(WIRE, question=question).messages([SOA, ("a", "TXT", '60 "x"')])
    answer = dns.message.from_wire(message)
    assert answer.question[0].name.to_text() == "SmL.tEsT."
    assert [rrset.name.to_text() for rrset in answer.answer] == ["sml.test.", "a.sml.test."]


def test_an_opt_record_is_in_every_message() -> None:
    opt = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    rows: list[Row] = [(f"n{number}.a", "TXT", f'60 "{"x" * 200}"') for number in range(20)]
    messages = list(MessagePacker(WIRE, opt=opt, limit=1000).messages(rows))
    assert [dns.message.from_wire(message).edns for message in messages] == [0] * len(messages)
    assert len(messages) > 1
    assert max(map(len, messages)) <= 1000


def test_a_record_that_fits_into_no_message_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not fit"):
        list(MessagePacker(WIRE, limit=200).messages([("a.b", "TXT", f'60 "{"x" * 200}"')]))


def test_nothing_makes_no_message() -> None:
    assert list(MessagePacker(WIRE).messages([])) == []


def test_a_million_octets_make_whole_messages() -> None:
    rows = [(f"{number:052}.upis", "TXT", f'60 "{number % 7}"') for number in range(20_000)]
    messages = list(MessagePacker(WIRE).messages(rows))
    assert all(MAX_MESSAGE - 200 < len(message) <= MAX_MESSAGE for message in messages[:-1])
    assert sum(int.from_bytes(message[6:8]) for message in messages) == 20_000


def test_the_serial_of_a_soa_is_put_in() -> None:
    assert soa_with_serial(SOA[2], 2**32 - 1) == "60 ns.sml.test. h.sml.test. 4294967295 1 2 3 4"
    answer = dns.message.from_wire(next(MessagePacker(WIRE).messages([SOA])))
    assert answer.flags & dns.flags.AA
    assert answer.answer[0].rdtype == dns.rdatatype.SOA
