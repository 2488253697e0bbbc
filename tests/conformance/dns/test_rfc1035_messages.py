# SPDX-License-Identifier: Apache-2.0
"""RFC 1034 and 1035, and the later words on single questions, truncation, transfers and header bits."""

from collections.abc import Callable, Iterable

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import pytest

from registry.dns.records import RRset
from registry.dns.responder import Responder

Serve = Callable[[Iterable[RRset]], Responder]
Ask = Callable[..., dns.message.Message]

RECORDS = [
    RRset("host", "A", 60, ("192.0.2.1", "192.0.2.2")),
    RRset("alias", "CNAME", 60, ("host.example.",)),
    RRset("away", "CNAME", 60, ("host.elsewhere.test.",)),
    RRset("dangling", "CNAME", 60, ("gone.example.",)),
    RRset("second", "CNAME", 60, ("alias.example.",)),
    RRset("big", "TXT", 60, tuple(f'"{number:02} {"x" * 100}"' for number in range(10))),
]


@pytest.fixture
def responder(serve: Serve) -> Responder:
    return serve(RECORDS)


def test_rfc1035_2_3_3_names_compare_without_case_and_keep_it(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "hOsT.ExAmPlE.", "A")
    assert response.question[0].name.to_text() == "hOsT.ExAmPlE."
    assert response.answer[0].name.to_text() == "hOsT.ExAmPlE."
    assert {rdata.to_text() for rdata in response.answer[0]} == {"192.0.2.1", "192.0.2.2"}


@pytest.mark.parametrize("recursion_desired", [0, dns.flags.RD])
@pytest.mark.parametrize("name", ["host.example", "no.example"])
def test_rfc1035_4_1_1_header_of_an_authoritative_answer(
    responder: Responder, ask: Ask, name: str, recursion_desired: int
) -> None:
    response = ask(responder, name, "A", flags=recursion_desired, id=0xBEEF)
    assert response.id == 0xBEEF
    assert response.flags & ~0xF == dns.flags.QR | dns.flags.AA | recursion_desired


def test_rfc1035_4_1_1_other_opcodes_are_not_implemented(responder: Responder) -> None:
    for opcode in dns.opcode.Opcode:
        if opcode in {dns.opcode.QUERY, dns.opcode.NOTIFY}:
            continue
        message = dns.message.make_query("example", "SOA", id=5)
        message.set_opcode(opcode)
        wire = responder.answer(message.to_wire())
        assert wire is not None
        response = dns.message.from_wire(wire)
        assert (response.id, response.opcode(), response.rcode()) == (5, opcode, dns.rcode.NOTIMP)


@pytest.mark.parametrize("data", [b"", b"\x00" * 11, bytes.fromhex("0001 8000 0001 0000 0000 0000 00 0001 0001")])
def test_rfc1035_4_1_1_what_is_no_query_gets_no_answer(responder: Responder, data: bytes) -> None:
    assert responder.answer(data) is None
    assert responder.answer(data, over_tcp=True) is None


def test_rfc1035_4_1_1_an_unreadable_query_is_a_format_error(responder: Responder) -> None:
    wire = responder.answer(bytes.fromhex("abcd 0100 0001 0000 0000 0000 3f 61"))
    assert wire == bytes.fromhex("abcd 8101 0000 0000 0000 0000")


@pytest.mark.parametrize("count", [0, 2])
def test_rfc9619_4_a_query_has_one_question(responder: Responder, count: int) -> None:
    message = dns.message.make_query("host.example", "A")
    message.question = message.question * count
    wire = responder.answer(message.to_wire())
    assert wire is not None
    assert dns.message.from_wire(wire).rcode() == dns.rcode.FORMERR


def test_rfc1035_4_2_1_long_answers_over_udp_are_cut(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "big.example", "TXT")
    assert response.flags & dns.flags.TC
    assert (response.answer, response.authority) == ([], [])  # RFC 2181 §9: who sees TC asks again
    whole = ask(responder, "big.example", "TXT", over_tcp=True)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 10


def test_rfc1035_3_2_4_other_classes_are_refused(responder: Responder, ask: Ask) -> None:
    for rdclass in ("CH", "HS", "NONE"):
        assert ask(responder, "host.example", "A", rdclass=rdclass).rcode() == dns.rcode.REFUSED


def test_rfc1035_6_2_answers_for_any_class_are_not_authoritative(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "host.example", "A", rdclass="ANY")
    assert response.answer[0].rdclass == dns.rdataclass.IN
    assert not response.flags & dns.flags.AA


def test_rfc1034_4_3_1_names_of_others_are_refused(responder: Responder, ask: Ask) -> None:
    for name in ("host.example.org", "org", ".", "xexample"):
        response = ask(responder, name, "A")
        assert response.rcode() == dns.rcode.REFUSED
        assert not response.flags & dns.flags.AA
        assert not response.answer


def test_rfc1035_5_2_the_apex_has_soa_and_name_servers(responder: Responder, ask: Ask) -> None:
    (soa,) = ask(responder, "example", "SOA").answer[0]
    assert soa.serial == 9
    assert [rdata.to_text() for rdata in ask(responder, "example", "NS").answer[0]] == ["ns.elsewhere.test."]


def test_rfc1034_3_6_2_an_alias_answers_for_other_types_and_is_followed(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "second.example", "A")
    owners = [(rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype)) for rrset in response.answer]
    assert owners == [("second.example.", "CNAME"), ("alias.example.", "CNAME"), ("host.example.", "A")]
    assert (response.rcode(), response.authority) == (dns.rcode.NOERROR, [])


def test_rfc1034_3_6_2_a_query_for_the_alias_itself_is_not_followed(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "second.example", "CNAME")
    assert [rrset.to_text() for rrset in response.answer] == ["second.example. 60 IN CNAME alias.example."]


def test_rfc1034_3_6_2_an_alias_that_leaves_the_zone_is_answered_alone(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "away.example", "NAPTR")
    assert [rrset.to_text() for rrset in response.answer] == ["away.example. 60 IN CNAME host.elsewhere.test."]
    assert (response.rcode(), response.authority) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize(("rdtype", "over_tcp"), [("AXFR", False), ("AXFR", True), ("IXFR", True)])
def test_rfc5936_5_transfers_are_refused(responder: Responder, ask: Ask, rdtype: str, over_tcp: bool) -> None:
    response = ask(responder, "example", rdtype, over_tcp=over_tcp)
    assert response.rcode() == dns.rcode.REFUSED
    assert not response.answer


def test_rfc4035_3_1_6_ad_and_cd_are_clear_in_authoritative_answers(responder: Responder, ask: Ask) -> None:
    for name in ("host.example", "no.example", "elsewhere.test"):
        response = ask(responder, name, "A", flags=dns.flags.AD | dns.flags.CD)
        assert not response.flags & (dns.flags.AD | dns.flags.CD)


def test_rfc8945_5_2_signed_queries_are_not_authenticated(responder: Responder) -> None:
    query = dns.message.make_query("host.example", "A")
    query.use_tsig({dns.name.from_text("key"): b"secret"})
    wire = responder.answer(query.to_wire())
    assert wire is not None
    assert dns.message.from_wire(wire).rcode() == dns.rcode.NOTAUTH
