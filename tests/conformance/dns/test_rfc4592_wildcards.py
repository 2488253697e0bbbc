# SPDX-License-Identifier: Apache-2.0
"""RFC 4592, by the example zone of its section 2.2.1."""

from collections.abc import Callable, Iterable

import dns.message
import dns.rcode
import pytest

from registry.dns.records import RRset, naptr_rrset
from registry.dns.responder import Responder

Serve = Callable[[Iterable[RRset]], Responder]
Ask = Callable[..., dns.message.Message]


@pytest.fixture
def responder(serve: Serve) -> Responder:
    return serve(
        [
            RRset("*", "TXT", 3600, ('"from the wildcard"',)),
            RRset("*", "MX", 3600, ("10 host1.example.",)),
            RRset("sub.*", "TXT", 3600, ('"below the asterisk"',)),
            RRset("host1", "A", 3600, ("192.0.2.1",)),
            RRset("_ssh._tcp.host1", "SRV", 3600, ("0 0 22 host1.example.",)),
            RRset("_ssh._tcp.host2", "SRV", 3600, ("0 0 22 host1.example.",)),
            RRset("subdel", "NS", 3600, ("ns.example.com.", "ns.example.net.")),
        ]
    )


@pytest.mark.parametrize(
    ("name", "rdtype"), [("host3.example.", "MX"), ("foo.bar.example.", "TXT"), ("*.example.", "TXT")]
)
def test_rfc4592_2_2_1_answers_are_synthesised_for_the_asked_name(
    responder: Responder, ask: Ask, name: str, rdtype: str
) -> None:
    response = ask(responder, name, rdtype)
    assert [(rrset.name.to_text(), rrset.rdtype.name) for rrset in response.answer] == [(name, rdtype)]


def test_rfc4592_2_2_1_a_wildcard_without_the_type_gives_no_data(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "host3.example", "A")
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert response.authority


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode"),
    [
        ("host1.example", "MX", dns.rcode.NOERROR),
        ("sub.*.example", "MX", dns.rcode.NOERROR),
        ("_telnet._tcp.host1.example", "SRV", dns.rcode.NXDOMAIN),
        ("ghost.*.example", "MX", dns.rcode.NXDOMAIN),
        ("_tcp.host2.example", "TXT", dns.rcode.NOERROR),
        ("host2.example", "TXT", dns.rcode.NOERROR),
    ],
)
def test_rfc4592_2_2_1_names_that_exist_are_not_covered(
    responder: Responder, ask: Ask, name: str, rdtype: str, rcode: dns.rcode.Rcode
) -> None:
    response = ask(responder, name, rdtype)
    assert (response.rcode(), response.answer) == (rcode, [])


def test_rfc4592_2_2_1_below_a_delegation_there_is_a_referral_and_no_wildcard(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "host.subdel.example", "A")
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert [rrset.rdtype.name for rrset in response.authority] == ["NS"]


def test_rfc4592_2_2_2_an_asterisk_that_is_an_empty_non_terminal_still_covers(serve: Serve, ask: Ask) -> None:
    responder = serve([RRset("sub.*", "TXT", 60, ("x",))])
    assert ask(responder, "anything.example", "TXT").rcode() == dns.rcode.NOERROR
    assert ask(responder, "a.anything.example", "TXT").rcode() == dns.rcode.NOERROR


def test_rfc4592_2_1_1_an_asterisk_counts_as_leftmost_label_only(serve: Serve, ask: Ask) -> None:
    responder = serve([RRset("a.*.b", "TXT", 60, ("x",)), RRset("*x.c", "TXT", 60, ("y",))])
    assert ask(responder, "a.q.b.example", "TXT").answer == []
    assert ask(responder, "ax.c.example", "TXT").rcode() == dns.rcode.NXDOMAIN


def test_rfc4592_3_4_4_an_alias_at_a_wildcard_is_synthesised_and_followed(serve: Serve, ask: Ask) -> None:
    responder = serve([RRset("*.dept", "CNAME", 60, ("host.example.",)), RRset("host", "A", 60, ("192.0.2.1",))])
    response = ask(responder, "any.dept.example", "A")
    assert [rrset.to_text() for rrset in response.answer] == [
        "any.dept.example. 60 IN CNAME host.example.",
        "host.example. 60 IN A 192.0.2.1",
    ]


def test_rfc4592_3_3_1_registered_participants_win_over_the_wildcard_of_their_scheme(serve: Serve, ask: Ask) -> None:
    scheme = "iso6523-actorid-upis"
    responder = serve(
        [
            naptr_rrset(f"*.{scheme}", "https://default.test", ["Meta:SMP"], 60),
            naptr_rrset(f"known.{scheme}", "https://own.test", ["Meta:SMP"], 60),
        ]
    )
    assert "https://own.test" in ask(responder, f"known.{scheme}.example").to_text()
    assert "https://default.test" in ask(responder, f"other.{scheme}.example").to_text()
    assert ask(responder, f"x.known.{scheme}.example").rcode() == dns.rcode.NXDOMAIN
    assert ask(responder, "other.busdox-actorid-upis.example").rcode() == dns.rcode.NXDOMAIN
