# SPDX-License-Identifier: Apache-2.0
"""RFC 6672: a whole tree of names under another one; what a zone answers below a DNAME."""

from collections.abc import Callable, Iterable

import dns.flags
import dns.message
import dns.rcode
import pytest

from registry.dns.records import RRset
from registry.dns.responder import Responder

Serve = Callable[[Iterable[RRset]], Responder]
Ask = Callable[..., dns.message.Message]

LONG = ".".join(["x" * 60] * 3)
RECORDS = [
    RRset("old", "DNAME", 300, ("new.example.",)),
    RRset("old", "TXT", 60, ('"at the owner"',)),
    RRset("below.old", "TXT", 60, ('"hidden"',)),
    RRset("a.new", "TXT", 60, ('"moved"',)),
    RRset("b.new", "CNAME", 60, ("a.new.example.",)),
    RRset("back.new", "CNAME", 60, ("old.example.",)),
    RRset("away", "DNAME", 300, ("zone.elsewhere.test.",)),
    RRset("long", "DNAME", 300, (f"{LONG}.elsewhere.test.",)),
    RRset("first", "DNAME", 300, ("second.example.",)),
    RRset("second", "DNAME", 200, ("new.example.",)),
    RRset("into", "CNAME", 60, ("a.old.example.",)),
    RRset("loop", "DNAME", 60, ("x.loop2.example.",)),
    RRset("loop2", "DNAME", 60, ("loop.example.",)),
]


@pytest.fixture
def responder(serve: Serve) -> Responder:
    return serve(RECORDS)


def lines(response: dns.message.Message) -> list[str]:
    return [rrset.to_text() for rrset in response.answer]


def test_rfc6672_3_1_the_dname_comes_with_an_alias_of_its_ttl_and_what_that_leads_to(
    responder: Responder, ask: Ask
) -> None:
    response = ask(responder, "a.old.example", "TXT")
    assert lines(response) == [
        "old.example. 300 IN DNAME new.example.",
        "a.old.example. 300 IN CNAME a.new.example.",
        'a.new.example. 60 IN TXT "moved"',
    ]
    assert response.flags & dns.flags.AA
    assert (response.rcode(), response.authority) == (dns.rcode.NOERROR, [])


def test_rfc6672_2_2_all_labels_below_the_owner_are_kept(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "x.y.away.example", "NAPTR")
    assert lines(response) == [
        "away.example. 300 IN DNAME zone.elsewhere.test.",
        "x.y.away.example. 300 IN CNAME x.y.zone.elsewhere.test.",
    ]
    assert (response.rcode(), response.authority) == (dns.rcode.NOERROR, [])


def test_rfc6672_2_2_a_name_that_gets_too_long_is_yxdomain(responder: Responder, ask: Ask) -> None:
    fits, too_long = "y" * 55, "y" * 56  # 255 octets, and one more
    assert ask(responder, f"{fits}.long.example", "TXT").rcode() == dns.rcode.NOERROR
    response = ask(responder, f"{too_long}.long.example", "TXT")
    assert response.rcode() == dns.rcode.YXDOMAIN
    assert response.flags & dns.flags.AA
    assert [rrset.rdtype.name for rrset in response.answer] == ["DNAME"]


def test_rfc6672_2_3_the_owner_itself_is_not_redirected(responder: Responder, ask: Ask) -> None:
    assert lines(ask(responder, "old.example", "TXT")) == ['old.example. 60 IN TXT "at the owner"']
    assert lines(ask(responder, "old.example", "DNAME")) == ["old.example. 300 IN DNAME new.example."]
    denied = ask(responder, "old.example", "A")
    assert (denied.rcode(), denied.answer) == (dns.rcode.NOERROR, [])
    assert denied.authority


def test_rfc6672_2_4_nothing_below_a_dname_is_answered_from(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "below.old.example", "TXT")
    assert [rrset.rdtype.name for rrset in response.answer] == ["DNAME", "CNAME"]
    assert response.rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize(("rdtype", "count"), [("CNAME", 2), ("ANY", 2)])
def test_rfc6672_3_1_who_asks_for_the_alias_has_it(responder: Responder, ask: Ask, rdtype: str, count: int) -> None:
    response = ask(responder, "b.old.example", rdtype)
    assert [rrset.rdtype.name for rrset in response.answer] == ["DNAME", "CNAME"][:count]
    assert response.rcode() == dns.rcode.NOERROR


def test_rfc6672_3_2_a_dname_leads_to_a_cname_and_a_cname_to_a_dname(responder: Responder, ask: Ask) -> None:
    assert [rrset.rdtype.name for rrset in ask(responder, "b.old.example", "TXT").answer] == [
        *("DNAME", "CNAME", "CNAME", "TXT")
    ]
    assert lines(ask(responder, "into.example", "TXT")) == [
        "into.example. 60 IN CNAME a.old.example.",
        "old.example. 300 IN DNAME new.example.",
        "a.old.example. 300 IN CNAME a.new.example.",
        'a.new.example. 60 IN TXT "moved"',
    ]


def test_rfc6672_3_2_a_dname_leads_to_a_dname(responder: Responder, ask: Ask) -> None:
    assert lines(ask(responder, "a.first.example", "TXT")) == [
        "first.example. 300 IN DNAME second.example.",
        "a.first.example. 300 IN CNAME a.second.example.",
        "second.example. 200 IN DNAME new.example.",
        "a.second.example. 200 IN CNAME a.new.example.",
        'a.new.example. 60 IN TXT "moved"',
    ]


def test_rfc6672_3_2_a_chain_may_come_back_to_the_owner_of_the_dname(responder: Responder, ask: Ask) -> None:
    answered = lines(ask(responder, "back.old.example", "TXT"))
    assert answered[-1] == 'old.example. 60 IN TXT "at the owner"'
    assert len(answered) == 4


def test_rfc6672_5_2_names_that_grow_in_a_loop_come_to_an_end(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "a.loop.example", "TXT")
    dnames = [rrset for rrset in response.answer if rrset.rdtype.name == "DNAME"]
    aliases = [rrset for rrset in response.answer if rrset.rdtype.name == "CNAME"]
    assert ([len(rrset) for rrset in dnames], len(aliases)) == ([1, 1], 8)


def test_rfc2308_2_1_the_code_tells_of_the_name_behind_the_dname(responder: Responder, ask: Ask) -> None:
    gone = ask(responder, "gone.old.example", "TXT")
    assert (gone.rcode(), gone.authority[0].name.to_text()) == (dns.rcode.NXDOMAIN, "example.")
    typeless = ask(responder, "a.old.example", "NAPTR")
    assert (typeless.rcode(), typeless.authority[0].name.to_text()) == (dns.rcode.NOERROR, "example.")


def test_rfc1035_2_3_3_case_of_the_question_is_kept_where_the_name_is_the_askers(
    responder: Responder, ask: Ask
) -> None:
    response = ask(responder, "A.oLd.ExAmple", "TXT")
    assert [rrset.name.to_text() for rrset in response.answer] == ["oLd.ExAmple.", "A.oLd.ExAmple.", "a.new.example."]
