# SPDX-License-Identifier: Apache-2.0
"""Reading queries: what a foreign library writes is understood, what is cut or crooked is refused."""

import dns.edns
import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.query import Edns, MalformedQueryError, Query, read_query, soa_serial

NAME = "known.sml.test."
QUESTION_END = 12 + 16 + 4


def plain(**options: object) -> dns.message.QueryMessage:
    return dns.message.make_query(NAME, "NAPTR", **options)  # type: ignore[arg-type]


def test_a_plain_question_is_read() -> None:
    assert read_query(plain().to_wire()) == Query(QUESTION_END, None)


@pytest.mark.parametrize("dnssec_ok", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        [],
        [
            dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678"),
            dns.edns.GenericOption(dns.edns.OptionType.PADDING, b""),
        ],
    ],
)
def test_edns_is_read(options: list[dns.edns.Option], dnssec_ok: bool) -> None:
    wire = plain(use_edns=3, payload=4000, options=options, want_dnssec=dnssec_ok).to_wire()
    assert read_query(wire).edns == Edns(4000, 3, dnssec_ok=dnssec_ok)


def test_records_in_any_section_are_skipped() -> None:
    message = plain(use_edns=0)
    for section in (message.answer, message.authority, message.additional):
        section.append(dns.rrset.from_text(NAME, 60, "IN", "A", "192.0.2.1", "192.0.2.2"))
    assert read_query(message.to_wire()).edns is not None


def test_a_signature_is_noticed() -> None:
    message = plain(use_edns=0)
    unsigned = len(message.to_wire())
    message.use_tsig({dns.name.from_text("key"): b"secret"})
    assert read_query(message.to_wire()).tsig == unsigned


def test_rfc1995_3_the_serial_of_who_asks_for_differences_is_read() -> None:
    message = plain()
    message.authority.append(dns.rrset.from_text(NAME, 0, "IN", "SOA", f"ns.{NAME} h.{NAME} 4294967295 1 2 3 4"))
    wire = message.to_wire()
    query = read_query(wire)
    assert soa_serial(wire, query) == 2**32 - 1
    assert soa_serial(plain().to_wire(), read_query(plain().to_wire())) is None
    assert query.soa is not None
    short = wire[: query.soa - 2] + (len(wire) - query.soa - 1).to_bytes(2) + wire[query.soa : -1]
    with pytest.raises(MalformedQueryError):
        soa_serial(short, read_query(short))


@given(st.integers(12, 200))
def test_a_query_that_ends_early_is_malformed(length: int) -> None:
    message = plain(use_edns=0, options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")])
    message.additional.append(dns.rrset.from_text(NAME, 60, "IN", "A", "192.0.2.1"))
    wire = message.to_wire()
    if length < len(wire):
        with pytest.raises(MalformedQueryError):
            read_query(wire[:length])


HEADER = b"\x00\x01\x00\x00"
ONE = b"\x00\x01"
NONE = b"\x00\x00"
QUESTION = b"\x01a\x00\x00\x23\x00\x01"
OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    "wire",
    [
        HEADER + NONE * 4,
        HEADER + b"\x00\x02" + NONE * 3 + QUESTION * 2,
        HEADER + ONE + NONE * 3 + QUESTION + b"\x00",
        HEADER + ONE + NONE * 3 + b"\xc0\x0c\x00\x23\x00\x01",
        HEADER + ONE + NONE * 3 + b"\x40" + b"a" * 64 + b"\x00\x00\x23\x00\x01",
        HEADER + ONE + NONE * 3 + b"\x01a" * 128 + b"\x00\x00\x23\x00\x01",
        HEADER + ONE + NONE * 2 + b"\x00\x02" + QUESTION + OPT * 2,
        HEADER + ONE + ONE + NONE * 2 + QUESTION + OPT,
        HEADER + ONE + NONE * 2 + ONE + QUESTION + b"\x01a" + OPT,
        HEADER + ONE + NONE * 2 + ONE + QUESTION + OPT[:-1] + b"\x03\x00\x0a\x00",
        HEADER + ONE + NONE * 2 + ONE + QUESTION + OPT[:-1] + b"\x05\x00\x0a\x00\x02x",
        HEADER + ONE + NONE * 2 + b"\x00\x02" + QUESTION + b"\x00\x00\xfa\x00\xff" + bytes(6) + OPT,
        HEADER + ONE + NONE * 2 + b"\xff\xff" + QUESTION,
        HEADER + ONE + NONE * 2 + ONE + QUESTION + b"\x00\x00\x01" + bytes(6) + b"\x0f\xe3" + bytes(0xFE3),
    ],
    ids=["no question", "two questions", "trailing octet", "pointer", "long label", "long name", "two OPT",
         "OPT as answer", "OPT with a name", "short option head", "short option", "TSIG not last",
         "promised records", "too long"],
)  # fmt: skip
def test_crooked_queries_are_malformed(wire: bytes) -> None:
    with pytest.raises(MalformedQueryError):
        read_query(wire)


def test_the_longest_query_is_read() -> None:
    padding = HEADER + ONE + NONE * 2 + ONE + QUESTION + b"\x00\x00\x01" + bytes(6) + b"\x0f\xe2" + bytes(0xFE2)
    assert len(padding) == 4096
    assert read_query(padding).edns is None


@given(st.binary(min_size=12, max_size=600))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    try:
        query = read_query(data)
    except MalformedQueryError:
        return
    assert 17 <= query.question_end <= len(data)


@given(
    st.lists(st.binary(min_size=1, max_size=30), max_size=6),
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 255), st.booleans()),
)
def test_questions_are_read_like_a_foreign_parser_does(
    labels: list[bytes], qtype: int, qclass: int, edns: tuple[int, int, bool] | None
) -> None:
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\x00"
    wire = HEADER + ONE + NONE * 2 + (ONE if edns else NONE) + name + qtype.to_bytes(2) + qclass.to_bytes(2)
    if edns:
        payload, version, dnssec_ok = edns
        wire += b"\x00\x00\x29" + payload.to_bytes(2) + bytes((0, version, dnssec_ok << 7, 0, 0, 0))
    theirs = dns.message.from_wire(wire)
    ours = read_query(wire)
    assert ours.question_end == 12 + len(name) + 4
    assert theirs.question[0].name.to_wire() == wire[12 : ours.question_end - 4]
    if edns:
        assert ours.edns == Edns(theirs.payload, theirs.edns, dnssec_ok=bool(theirs.ednsflags & dns.flags.DO))
    else:
        assert ours.edns is None
