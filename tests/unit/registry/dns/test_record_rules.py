# SPDX-License-Identifier: Apache-2.0
"""What an operator may put into a zone, rule by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.record_rules import form_reasons, state_reasons
from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile
from registry.identifiers.dns_names import hash_label

PROFILE = DnsProfile(zone="sml.test", name_servers=("ns.example",))
ADDRESS, HOST, DS = ("192.0.2.1",), ("ns.example.",), ("1 13 2 " + "ab" * 32,)


def form(owner: str, rdtype: str, *rdatas: str) -> set[str]:
    return {reason.id for reason in form_reasons(PROFILE, RRset(owner, rdtype, 60, rdatas))}


def state(*rrsets: RRset) -> set[str]:
    return {reason.id for reason in state_reasons("sml.test", {(each.owner, each.rdtype): each for each in rrsets})}


@pytest.mark.parametrize(
    ("owner", "rdtype", "rdata"),
    [
        ("@", "A", "192.0.2.1"),
        ("@", "CAA", '0 issue "ca.example"'),
        ("0088.iso6523", "NS", "ns.example."),
        ("0088.iso6523", "DS", DS[0]),
        ("0088.iso6523", "DNAME", "0088.iso6523.example."),
        ("0088.sml", "CNAME", "sml.example."),
        ("0088.sml-api", "NAPTR", '100 10 "U" "Meta:SML" "!.*!https://sml.example/!" .'),
        ("iso6523-actorid-upis", "NS", "ns.example."),
        ("_dmarc", "TXT", '"v=DMARC1; p=reject"'),
    ],
)
def test_what_a_zone_needs_besides_may_be_put(owner: str, rdtype: str, rdata: str) -> None:
    assert form(owner, rdtype, rdata) == set()


@pytest.mark.parametrize(
    ("owner", "rdtype", "rdata", "reason"),
    [
        ("x", "SOA", "a. b. 1 2 3 4 5", "ZONE-RECORD-TYPE"),
        ("x", "RRSIG", "x", "ZONE-RECORD-TYPE"),
        ("x", "NONSENSE", "x", "ZONE-RECORD-TYPE"),
        ("x", "A", "not an address", "DNS-RDATA"),
        ("a..b", "A", "192.0.2.1", "DNS-NAME"),
        (".".join(["x" * 62] * 4), "A", "192.0.2.1", "ZONE-RECORD-NAME"),
        *(("@", rdtype, "x.example.", "ZONE-RECORD-APEX") for rdtype in ("NS", "CNAME", "DNAME")),
        ("@", "DS", DS[0], "ZONE-RECORD-APEX"),
        ("*", "TXT", "x", "ZONE-RECORD-WILDCARD"),
        ("*.iso6523-actorid-upis", "NAPTR", '1 1 "U" "x" "!.*!https://x!" .', "ZONE-RECORD-WILDCARD"),
        (f"{hash_label('x')}.iso6523-actorid-upis", "CNAME", "x.example.", "ZONE-RECORD-PARTICIPANT"),
        (f"b-{'0a' * 16}.iso6523-actorid-upis", "TXT", "x", "ZONE-RECORD-PARTICIPANT"),
        ("smp.publisher", "A", "192.0.2.1", "ZONE-RECORD-PUBLISHER"),
        ("publisher", "NS", "ns.example.", "ZONE-RECORD-PUBLISHER"),
        ("smp.naptr", "TXT", "x", "ZONE-RECORD-PUBLISHER"),
    ],
)
def test_what_would_break_the_zone_or_is_registrations_to_make_is_refused(
    owner: str, rdtype: str, rdata: str, reason: str
) -> None:
    assert reason in form(owner, rdtype, rdata)


def test_an_end_above_the_label_of_smps_is_refused() -> None:
    profile = DnsProfile(zone="sml.test", publisher_label="smp.names")
    for rdtype in ("NS", "DNAME", "CNAME"):
        (reason,) = form_reasons(profile, RRset("names", rdtype, 60, ("x.example.",)))
        assert reason.id == "ZONE-RECORD-PUBLISHER"
    assert not list(form_reasons(profile, RRset("names", "TXT", 60, ('"x"',))))


@pytest.mark.parametrize(
    ("rrsets", "reason"),
    [
        ([RRset("x", "CNAME", 60, ("a.example.",)), RRset("x", "TXT", 60, ("x",))], "ZONE-RECORD-CNAME"),
        ([RRset("x", "CNAME", 60, ("a.example.", "b.example."))], "ZONE-RECORD-CNAME"),
        ([RRset("x", "DNAME", 60, ("a.example.", "b.example."))], "ZONE-RECORD-DNAME"),
        ([RRset("x", "DNAME", 60, ("a.example.",)), RRset("x", "NS", 60, HOST)], "ZONE-RECORD-DNAME"),
        ([RRset("x", "DS", 60, DS)], "ZONE-RECORD-DS"),
        ([RRset("x", "NS", 60, HOST), RRset("x", "TXT", 60, ("x",))], "ZONE-RECORD-CUT"),
        ([RRset("x", "NS", 60, HOST), RRset("a.x", "TXT", 60, ("x",))], "ZONE-RECORD-BELOW"),
        ([RRset("x", "NS", 60, HOST), RRset("b.a.x", "NS", 60, HOST)], "ZONE-RECORD-BELOW"),
        ([RRset("x", "DNAME", 60, HOST), RRset("a.x", "A", 60, ADDRESS)], "ZONE-RECORD-BELOW"),
        ([RRset("x", "NS", 60, ("ns.x.sml.test.",))], "ZONE-RECORD-GLUE"),
        ([RRset("x", "NS", 60, ("x.sml.test.",))], "ZONE-RECORD-GLUE"),
        ([RRset("x", "DNAME", 60, ("a.x.sml.test.",))], "ZONE-RECORD-LOOP"),
        ([RRset("x", "CNAME", 60, ("X.sml.test.",))], "ZONE-RECORD-LOOP"),
    ],
)
def test_records_that_can_not_stand_together_are_refused(rrsets: list[RRset], reason: str) -> None:
    assert reason in state(*rrsets)


def test_a_delegation_stands_with_its_glue_and_its_ds() -> None:
    glue = [RRset("ns.x", "A", 60, ADDRESS), RRset("ns.x", "AAAA", 60, ("2001:db8::1",))]
    assert state(RRset("x", "NS", 60, ("ns.x.sml.test.",)), RRset("x", "DS", 60, DS), *glue) == set()


def test_an_alias_to_a_name_below_itself_is_no_loop() -> None:
    assert state(RRset("x", "CNAME", 60, ("a.x.sml.test.",)), RRset("a.x", "A", 60, ADDRESS)) == set()


OWNERS = st.lists(st.sampled_from(["a", "b", "x-1"]), min_size=1, max_size=3).map(".".join)
DATA = {
    "A": "192.0.2.1",
    "TXT": '"x"',
    "DS": DS[0],
    "CNAME": "a.sml.test.",
    "DNAME": "b.sml.test.",
    "NS": "a.b.sml.test.",
}
RRSETS = st.tuples(OWNERS, st.sampled_from(sorted(DATA))).map(lambda key: RRset(*key, 60, (DATA[key[1]],)))


@given(st.lists(RRSETS, max_size=6, unique_by=lambda each: (each.owner, each.rdtype)))
def test_whatever_the_rules_let_in_can_be_served(rrsets: list[RRset]) -> None:
    if not state(*rrsets) and not any(form(each.owner, each.rdtype, *each.rdatas) for each in rrsets):
        zone = ServedZone("sml.test", [soa_rrset(PROFILE, 1), ns_rrset(PROFILE), *rrsets], 1)
        hidden = set(zone._names.hidden) - set(zone._names.ends)
        assert len(hidden) <= sum(each.rdtype in ("A", "AAAA") for each in rrsets), "only glue is hidden"
