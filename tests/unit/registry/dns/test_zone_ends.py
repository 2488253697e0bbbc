# SPDX-License-Identifier: Apache-2.0
"""Delegations and DNAMEs in a served zone, against a plain reading of RFC 1034 §4.3.2 on another library's names."""

from collections.abc import Iterable, Mapping

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile
from registry.errors import ValidationError

PROFILE = DnsProfile(zone="sml.test", name_servers=("ns.example",))
APEX = [soa_rrset(PROFILE, 1), ns_rrset(PROFILE)]
ZONE = dns.name.from_text("sml.test.")
WILDCARD = dns.name.from_text("*", None)
LABELS = st.sampled_from(["a", "b", "*"])
OWNERS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
TARGETS = st.one_of(OWNERS.map("{}.sml.test.".format), st.sampled_from(["sml.test.", "far.example."]))
SETS = st.one_of(
    st.builds(lambda owner: RRset(owner, "A", 60, ("192.0.2.1",)), OWNERS),
    st.builds(lambda owner: RRset(owner, "TXT", 60, ('"x"',)), OWNERS),
    st.builds(lambda owner: RRset(owner, "DS", 60, ("1 13 2 " + "ab" * 32,)), OWNERS),
    st.builds(lambda owner, target: RRset(owner, "CNAME", 60, (target,)), OWNERS, TARGETS),
    st.builds(lambda owner, target: RRset(owner, "DNAME", 60, (target,)), OWNERS, TARGETS),
    st.builds(lambda owner, target: RRset(owner, "NS", 60, (target,)), OWNERS, TARGETS),
)
CONTENTS = st.lists(SETS, max_size=7, unique_by=lambda rrset: (rrset.owner, rrset.rdtype))
TYPES = st.sampled_from(["A", "TXT", "DS", "NS", "CNAME", "DNAME", "NAPTR"])
Outcome = tuple[str, bool, set[str], set[str], set[str]]
"""RCODE, AA, and the lines of the three sections; of the authority only NS and whether there is an SOA."""
Held = Mapping[tuple[dns.name.Name, str], RRset]


def served(rrsets: Iterable[RRset]) -> ServedZone | None:
    try:
        return ServedZone("sml.test", [*APEX, *rrsets], 1)
    except ValidationError:
        return None


def answered(zone: ServedZone, owner: str, qtype: str) -> Outcome:
    query = dns.message.make_query(f"{owner}.sml.test.", qtype)
    wire = Responder({zone.wire: zone}, Counters()).answer(query.to_wire(), over_tcp=True)
    assert wire is not None
    response = dns.message.from_wire(wire)
    rcode = dns.rcode.to_text(response.rcode())
    authority = {"SOA" if line.find(" SOA ") > 0 else line for line in lines(response.authority)}
    return (
        rcode,
        bool(response.flags & dns.flags.AA),
        lines(response.answer),
        authority,
        lines(response.additional),
    )


def lines(section: Iterable[dns.rrset.RRset]) -> set[str]:
    return {line for rrset in section for line in rrset.to_text().splitlines()}


def text(name: dns.name.Name, rrset: RRset) -> set[str]:
    return {f"{name} {rrset.ttl} IN {rrset.rdtype} {rdata}" for rdata in rrset.rdatas}


def expected(rrsets: Iterable[RRset], owner: str, qtype: str) -> Outcome:
    """The algorithm in its own steps: down from the zone's name, label by label."""
    held: Held = {(dns.name.from_text(each.owner, ZONE), each.rdtype): each for each in rrsets}
    current, answer, passed = dns.name.from_text(owner, ZONE), set[str](), set[dns.name.Name]()
    for step in range(9):
        end = first_end(held, current)
        if end is not None and (end, "NS") in held:
            if end == current and qtype == "DS" and step == 0:
                ds = held.get((end, "DS"))
                return (
                    ("NOERROR", True, text(end, ds), set(), set()) if ds else ("NOERROR", True, set(), {"SOA"}, set())
                )
            if step:
                return "NOERROR", True, answer, set(), set()
            servers = held[end, "NS"]
            glue = {line for target in servers.rdatas for line in glue_of(held, dns.name.from_text(target))}
            return "NOERROR", False, set(), text(end, servers), glue
        if step == 8:
            break
        if end is not None:
            dname = held[end, "DNAME"]
            answer |= text(end, dname)
            target = current.relativize(end).concatenate(dns.name.from_text(dname.rdatas[0]))
            answer.add(f"{current} {dname.ttl} IN CNAME {target}")
        else:
            source = source_of(held, current)
            found = None if source is None else held.get((source, qtype))
            alias = None if source is None else held.get((source, "CNAME"))
            if found is not None:
                return "NOERROR", True, answer | text(current, found), set(), set()
            if alias is None:
                return "NXDOMAIN" if source is None else "NOERROR", True, answer, {"SOA"}, set()
            answer |= text(current, alias)
            target = dns.name.from_text(alias.rdatas[0])
        passed.add(current)
        if qtype == "CNAME" or target in passed or not target.is_subdomain(ZONE):
            break
        if target == ZONE:
            return apex(answer, qtype)
        current = target
    return "NOERROR", True, answer, set(), set()


def first_end(held: Held, name: dns.name.Name) -> dns.name.Name | None:
    """The uppermost name at or above this one that is delegated, or above it that has a DNAME."""
    labels = name.relativize(ZONE).labels
    for depth in range(len(labels) - 1, -1, -1):
        at = dns.name.Name(labels[depth:]).concatenate(ZONE)
        if (at, "NS") in held or ((at, "DNAME") in held and at != name):
            return at
    return None


def exists(held: Held, name: dns.name.Name) -> bool:
    visible = (owner for owner, _ in held if first_end(held, owner) in (None, owner))
    return any(owner.is_subdomain(name) for owner in visible)


def source_of(held: Held, name: dns.name.Name) -> dns.name.Name | None:
    if exists(held, name):
        return name
    encloser = name.parent()
    while encloser != ZONE and not exists(held, encloser):
        encloser = encloser.parent()
    wildcard = WILDCARD.concatenate(encloser)
    return wildcard if exists(held, wildcard) else None


def glue_of(held: Held, server: dns.name.Name) -> set[str]:
    found = held.get((server, "A"))
    return text(server, found) if found is not None else set()


def apex(answer: set[str], qtype: str) -> Outcome:
    if qtype == "NS":
        return "NOERROR", True, answer | {"sml.test. 3600 IN NS ns.example."}, set(), set()
    return "NOERROR", True, answer, {"SOA"}, set()


@given(CONTENTS, OWNERS, TYPES)
@example([RRset("a", "NS", 60, ("b.a.sml.test.",)), RRset("b.a", "A", 60, ("192.0.2.1",))], "a.b.a", "TXT")
@example([RRset("a", "DNAME", 60, ("b.sml.test.",)), RRset("a.b", "TXT", 60, ('"x"',))], "a.a", "TXT")
@example([RRset("a", "NS", 60, ("c.example.",)), RRset("a", "DS", 60, ("1 13 2 " + "ab" * 32,))], "b.a", "DS")
def test_answers_agree_with_a_plain_reading_of_the_algorithm(rrsets: list[RRset], owner: str, qtype: str) -> None:
    zone = served(rrsets)
    if zone is not None:
        assert answered(zone, owner, qtype) == expected(rrsets, owner, qtype)


@given(st.lists(st.lists(st.tuples(SETS, st.booleans()), max_size=5), max_size=6))
def test_any_history_with_ends_is_like_a_fresh_load(history: list[list[tuple[RRset, bool]]]) -> None:
    zone = ServedZone("sml.test", APEX, 1)
    held: dict[tuple[str, str], RRset] = {}
    for version in history:
        changed = held | {(rrset.owner, rrset.rdtype): rrset for rrset, _ in version}
        gone = {(rrset.owner, rrset.rdtype) for rrset, there in version if not there}
        changes = [
            (o, t, None if (o, t) in gone else changed[o, t]) for o, t in {(r.owner, r.rdtype) for r, _ in version}
        ]
        try:
            zone.apply(zone.serial + 1, changes)
        except ValidationError:
            continue
        held = {key: rrset for key, rrset in changed.items() if key not in gone}
    texts = [(rrset.owner, rrset.rdtype, rrset.to_text()) for rrset in (*APEX, *held.values())]
    for fresh in (
        ServedZone("sml.test", [*APEX, *held.values()], zone.serial),
        ServedZone.of_texts("sml.test", texts, zone.serial),
    ):
        assert state(zone) == state(fresh)


def state(zone: ServedZone) -> object:
    names = zone._names
    nodes, hidden = dict(names.nodes), dict(names.hidden)
    del nodes[b""]  # its SOA has the serial of the version that it came with
    ends = {name: node.dname for name, node in names.ends.items()}
    return nodes, hidden, names.below, ends


def test_an_end_hides_what_is_below_it_until_it_goes() -> None:
    zone = ServedZone("sml.test", [*APEX, RRset("x.a", "TXT", 60, ('"x"',)), RRset("y", "TXT", 60, ('"y"',))], 1)
    before = state(zone)
    cut = RRset("a", "NS", 60, ("ns.example.",))
    zone.apply(2, [("a", "NS", cut)])
    assert answered(zone, "x.a", "TXT")[1:4] == (False, set(), {"a.sml.test. 60 IN NS ns.example."})
    zone.apply(3, [("z.x.a", "TXT", RRset("z.x.a", "TXT", 60, ('"z"',))), ("z.x.a", "TXT", None)])
    zone.apply(4, [("a", "NS", None)])
    assert answered(zone, "x.a", "TXT")[2] == {'x.a.sml.test. 60 IN TXT "x"'}
    assert state(zone) == before


@pytest.mark.parametrize("outer", ["NS", "DNAME"])
@pytest.mark.parametrize("inner", ["NS", "DNAME"])
def test_an_end_below_an_end_counts_once_the_outer_one_goes(outer: str, inner: str) -> None:
    zone = ServedZone(
        "sml.test", [*APEX, *(RRset(o, t, 60, ("far.example.",)) for o, t in (("a", outer), ("b.a", inner)))], 1
    )
    assert "b.a.sml.test." not in str(answered(zone, "c.b.a", "TXT")[3])
    zone.apply(2, [("a", outer, None)])
    assert f"b.a.sml.test. 60 IN {inner} far.example." in (
        answered(zone, "c.b.a", "TXT")[3] | answered(zone, "c.b.a", "TXT")[2]
    )
    zone.apply(3, [("b.a", inner, None)])
    assert answered(zone, "c.b.a", "TXT")[0] == "NXDOMAIN"
