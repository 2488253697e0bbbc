# SPDX-License-Identifier: Apache-2.0
"""RFC 1034 §4.2 and §4.3.2, RFC 4035 §3.1.4.1, RFC 9471: what a zone answers where it was given away."""

from collections.abc import Callable, Iterable

import dns.flags
import dns.message
import dns.rcode
import pytest

from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile

Serve = Callable[[Iterable[RRset]], Responder]
Ask = Callable[..., dns.message.Message]

DS = "12345 13 2 " + "AB" * 32
RECORDS = [
    RRset("0088.iso6523", "NS", 600, ("ns1.0088.iso6523.example.", "ns2.example.", "ns.elsewhere.test.")),
    RRset("0088.iso6523", "DS", 600, (DS,)),
    RRset("ns1.0088.iso6523", "A", 600, ("192.0.2.53",)),
    RRset("ns1.0088.iso6523", "AAAA", 600, ("2001:db8::53",)),
    RRset("ns2", "A", 600, ("192.0.2.54",)),
    RRset("0195.iso6523", "NS", 600, ("ns.elsewhere.test.",)),
    RRset("deep.0088.iso6523", "TXT", 600, ('"hidden"',)),
    RRset("0188.iso6523", "TXT", 600, ('"ours"',)),
    RRset("into", "CNAME", 600, ("deep.0088.iso6523.example.",)),
]
GLUE = {
    "ns1.0088.iso6523.example. 600 IN A 192.0.2.53",
    "ns1.0088.iso6523.example. 600 IN AAAA 2001:db8::53",
    "ns2.example. 600 IN A 192.0.2.54",
}


@pytest.fixture
def responder(serve: Serve) -> Responder:
    return serve(RECORDS)


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [
        ("0088.iso6523", "NAPTR"),
        ("0088.iso6523", "NS"),
        ("0088.iso6523", "ANY"),
        ("deep.0088.iso6523", "TXT"),
        ("ns1.0088.iso6523", "A"),
        ("x.y.0088.iso6523", "DS"),
        ("*.0088.iso6523", "NAPTR"),
    ],
)
def test_rfc1034_4_3_2_3b_a_referral_names_the_servers_and_has_no_answer(
    responder: Responder, ask: Ask, name: str, rdtype: str
) -> None:
    response = ask(responder, f"{name}.example", rdtype)
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert not response.flags & dns.flags.AA
    (servers,) = response.authority
    assert (servers.name.to_text(), servers.ttl, len(servers)) == ("0088.iso6523.example.", 600, 3)
    assert {line for rrset in response.additional for line in rrset.to_text().splitlines()} == GLUE


def test_rfc1034_4_2_1_servers_elsewhere_have_no_glue_here(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "x.0195.iso6523.example", "NAPTR")
    assert response.authority[0].to_text() == "0195.iso6523.example. 600 IN NS ns.elsewhere.test."
    assert response.additional == []


def test_rfc6891_6_1_1_a_referral_has_its_glue_before_the_opt_record(responder: Responder) -> None:
    query = dns.message.make_query("x.0088.iso6523.example", "NAPTR", use_edns=0, payload=1232)
    wire = responder.answer(query.to_wire())
    assert wire is not None
    assert int.from_bytes(wire[10:12]) == 4
    response = dns.message.from_wire(wire)
    assert (response.edns, len(response.additional)) == (0, 3)


def test_rfc4035_3_1_4_1_ds_at_a_cut_is_the_parents_to_answer(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "0088.iso6523.example", "DS")
    assert response.flags & dns.flags.AA
    assert [rrset.to_text() for rrset in response.answer] == [f"0088.iso6523.example. 600 IN DS {DS.lower()}"]


def test_rfc4035_3_1_4_1_an_unsigned_child_is_denied_a_ds_by_the_parent(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "0195.iso6523.example", "DS")
    assert response.flags & dns.flags.AA
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert response.authority[0].name.to_text() == "example."


def test_rfc4035_3_1_4_1_a_server_with_both_zones_asks_the_parent_for_ds_and_the_child_for_the_rest(ask: Ask) -> None:
    zones = []
    for name, extra in (("example", RECORDS), ("0088.iso6523.example", [RRset("x", "TXT", 60, ('"child"',))])):
        profile = DnsProfile(zone=name, name_servers=("ns.elsewhere.test",))
        zones.append(ServedZone(name, [soa_rrset(profile, 1), ns_rrset(profile), *extra], 1))
    responder = Responder({zone.wire: zone for zone in zones}, Counters())
    assert ask(responder, "0088.iso6523.example", "DS").answer[0].ttl == 600
    assert ask(responder, "x.0088.iso6523.example", "TXT").answer[0].to_text().endswith('"child"')
    assert ask(responder, "example", "DS").authority[0].name.to_text() == "example."
    assert ask(responder, "x.0088.iso6523.example", "DS").authority[0].name.to_text() == "0088.iso6523.example."


def test_rfc1034_4_2_names_beside_a_cut_stay_the_zones_own(responder: Responder, ask: Ask) -> None:
    assert ask(responder, "0188.iso6523.example", "TXT").answer
    assert ask(responder, "iso6523.example", "NAPTR").rcode() == dns.rcode.NOERROR
    response = ask(responder, "0199.iso6523.example", "NAPTR")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert response.flags & dns.flags.AA


def test_rfc1034_4_3_2_3a_an_alias_into_a_delegated_part_is_answered_alone(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "into.example", "TXT")
    assert [rrset.to_text() for rrset in response.answer] == ["into.example. 600 IN CNAME deep.0088.iso6523.example."]
    assert (response.rcode(), response.authority) == (dns.rcode.NOERROR, [])


def test_rfc1034_4_3_3_a_wildcard_does_not_reach_below_a_cut(serve: Serve, ask: Ask) -> None:
    responder = serve([RRset("*", "TXT", 60, ('"any"',)), RRset("cut", "NS", 60, ("ns.elsewhere.test.",))])
    assert ask(responder, "x.example", "TXT").answer
    assert ask(responder, "x.cut.example", "TXT").answer == []


def test_rfc9471_3_1_a_referral_whose_glue_does_not_fit_is_cut(serve: Serve, ask: Ask) -> None:
    hosts = [f"ns{number}.{'x' * 60}.cut" for number in range(13)]
    responder = serve(
        [
            RRset("cut", "NS", 60, tuple(f"{host}.example." for host in hosts)),
            *(RRset(host, "A", 60, (f"192.0.2.{number}",)) for number, host in enumerate(hosts)),
        ]
    )
    response = ask(responder, "x.cut.example", "NAPTR")
    assert response.flags & dns.flags.TC
    assert response.authority == []
    whole = ask(responder, "x.cut.example", "NAPTR", over_tcp=True)
    assert (len(whole.authority[0]), len(whole.additional)) == (13, 13)


def test_rfc6895_a_referral_counts_as_no_error(responder: Responder, ask: Ask) -> None:
    ask(responder, "x.0088.iso6523.example", "NAPTR")
    assert responder.counters.rcodes[dns.rcode.NOERROR] == 1
