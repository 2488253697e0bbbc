# SPDX-License-Identifier: Apache-2.0
"""The zone in memory: patches are atomic, and leave what a fresh load would have made."""

import gc
import weakref
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.records import APEX, RRset, ns_rrset, soa_rrset
from registry.dns.served_zone import NOERROR, NXDOMAIN, ServedZone
from registry.dns.wire import name_to_wire, type_code
from registry.domains.dns_profile import DnsProfile
from registry.errors import ValidationError

PROFILE = DnsProfile(zone="sml.test", name_servers=("ns.example",))
APEX_RECORDS = [soa_rrset(PROFILE, 1), ns_rrset(PROFILE)]
A = type_code("A")


def small(*rrsets: RRset) -> ServedZone:
    return ServedZone("sml.test", [*APEX_RECORDS, *rrsets], 1)


def a(owner: str, address: str = "192.0.2.1") -> RRset:
    return RRset(owner, "A", 60, (address,))


def outcome(zone: ServedZone, owner: str, qtype: bytes = A) -> tuple[int, int]:
    """RCODE and number of answers for a name in the zone."""
    name = name_to_wire(owner)
    rcode, counts, _ = zone.lookup(name + zone.wire, len(name), qtype)
    return rcode, int.from_bytes(counts[2:4])


HIT, NODATA, NOTHING = (NOERROR, 1), (NOERROR, 0), (NXDOMAIN, 0)


def test_zone_name_is_normalised() -> None:
    zone = ServedZone("SML.Test.", APEX_RECORDS, 5)
    assert (zone.name, zone.wire, zone.serial) == ("sml.test", b"\x03sml\x04test\x00", 5)


def test_hit_wildcard_nodata_and_nothing() -> None:
    zone = small(a("host.dept"), a("*.any"))
    assert outcome(zone, "host.dept") == HIT
    assert outcome(zone, "x.any") == outcome(zone, "y.x.any") == HIT
    assert outcome(zone, "host.dept", type_code("TXT")) == NODATA
    assert outcome(zone, "dept") == outcome(zone, "any") == NODATA
    assert outcome(zone, "other.dept") == outcome(zone, "below.host.dept") == NOTHING


def test_apply_adds_replaces_and_removes() -> None:
    zone = small(a("x.one"))
    zone.apply(2, [("y.two", "A", a("y.two")), ("x.one", "A", None)])
    assert zone.serial == 2
    assert outcome(zone, "y.two") == HIT
    assert outcome(zone, "x.one") == outcome(zone, "one") == NOTHING
    zone.apply(3, [("y.two", "A", RRset("y.two", "A", 60, ("192.0.2.1", "192.0.2.2")))])
    assert outcome(zone, "y.two") == (NOERROR, 2)


def test_changes_of_one_name_in_one_version_count_in_their_order() -> None:
    zone = small(a("x"))
    alias = RRset("x", "CNAME", 60, ("a.example.",))
    zone.apply(2, [("x", "CNAME", alias), ("x", "A", None)])
    assert outcome(zone, "x", type_code("CNAME")) == HIT
    zone.apply(3, [("x", "CNAME", None), ("x", "A", a("x")), ("x", "A", None)])
    assert outcome(zone, "x") == NOTHING


def test_removing_what_is_not_there_changes_nothing() -> None:
    zone = small(a("x.one"))
    zone.apply(2, [("y.one", "A", None), ("x.one", "TXT", None), ("one", "A", None)])
    assert outcome(zone, "x.one") == HIT
    assert outcome(zone, "one") == NODATA


def test_a_name_lives_until_the_last_one_below_it_goes() -> None:
    zone = small(a("x.one"), a("y.one"))
    zone.apply(2, [("x.one", "A", None)])
    assert outcome(zone, "one") == NODATA
    zone.apply(3, [("y.one", "A", None)])
    assert outcome(zone, "one") == NOTHING


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([("x", "CNAME", RRset("x", "CNAME", 60, ("a.example.",)))], "DNS-CNAME"),
        ([("y", "CNAME", RRset("y", "CNAME", 60, ("a.example.", "b.example.")))], "DNS-CNAME"),
        ([("y", "A", a("y", "not an address"))], "DNS-RDATA"),
        ([("y..z", "A", a("y..z"))], "DNS-NAME"),
        ([(".".join(["a" * 60] * 5), "A", a(".".join(["a" * 60] * 5)))], "DNS-NAME"),
        ([("*.y", "NS", RRset("*.y", "NS", 60, ("ns.example.",)))], "DNS-WILDCARD"),
        ([("*", "DNAME", RRset("*", "DNAME", 60, ("other.example.",)))], "DNS-WILDCARD"),
        ([("y", "DNAME", RRset("y", "DNAME", 60, ("other.example.", "third.example.")))], "DNS-DNAME"),
        ([(o, t, RRset(o, t, 60, ("other.example.",))) for o, t in (("y", "DNAME"), ("y", "NS"))], "DNS-DNAME"),
        ([("y", "SOA", RRset("y", "SOA", 60, ("ns.example. a.example. 1 2 3 4 5",)))], "DNS-SOA"),
        ([(APEX, "SOA", None)], "DNS-APEX"),
        ([(APEX, "NS", None)], "DNS-APEX"),
        ([("y", "A", a("z"))], "DNS-CHANGE"),
        ([("y", "A", RRset("y", "TXT", 60, ("x",)))], "DNS-CHANGE"),
        ([("y", "AXFR", None)], "DNS-TYPE"),
    ],
)
def test_a_bad_change_is_refused_and_takes_its_whole_version_with_it(
    changes: list[tuple[str, str, RRset | None]], reason: str
) -> None:
    zone = small(a("x"))
    with pytest.raises(ValidationError, match=reason):
        zone.apply(2, [("new", "A", a("new")), *changes])
    assert zone.serial == 1
    assert outcome(zone, "new") == NOTHING
    assert outcome(zone, "x") == HIT


def test_an_iterator_that_fails_half_way_changes_nothing() -> None:
    def changes() -> Iterator[tuple[str, str, RRset | None]]:
        yield "new", "A", a("new")
        raise LookupError

    zone = small()
    with pytest.raises(LookupError):
        zone.apply(2, changes())
    assert outcome(zone, "new") == NOTHING


@pytest.mark.parametrize("serial", [-1, 2**32])
def test_serial_is_a_32_bit_number(serial: int) -> None:
    with pytest.raises(ValidationError, match="DNS-SERIAL"):
        ServedZone("sml.test", APEX_RECORDS, serial)


@pytest.mark.parametrize("rrsets", [[], APEX_RECORDS[:1], APEX_RECORDS[1:]])
def test_a_zone_needs_soa_and_ns(rrsets: list[RRset]) -> None:
    with pytest.raises(ValidationError, match="DNS-APEX"):
        ServedZone("sml.test", rrsets, 1)


def test_soa_is_served_with_the_serial_of_the_version() -> None:
    zone = small()
    rcode, _, before = zone.lookup(zone.wire, 0, type_code("SOA"))
    zone.apply(0xFFFFFFFE, [])
    _, _, after = zone.lookup(zone.wire, 0, type_code("SOA"))
    assert rcode == NOERROR
    assert (before[-20:-16], after[-20:-16]) == (b"\x00\x00\x00\x01", b"\xff\xff\xff\xfe")
    assert (before[:-20], before[-16:]) == (after[:-20], after[-16:])


def test_names_of_equal_content_share_it() -> None:
    zone = small(a("x"), a("y"))
    assert zone.find(b"\x01x") is zone.find(b"\x01y")


def test_removed_content_leaves_nothing_behind() -> None:
    zone = small()
    zone.apply(2, [("x.one", "TXT", RRset("x.one", "TXT", 60, ("only-this-test",)))])
    remembered = weakref.ref(zone.find(b"\x01x\x03one"))
    zone.apply(3, [("x.one", "TXT", None)])
    gc.collect()
    assert remembered() is None
    assert set(zone._names.nodes) == {b""}
    assert not zone._names.below


LABELS = st.sampled_from(["a", "b", "*"])
OWNERS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
TYPES = st.sampled_from(["A", "TXT"])


def rrset_of(owner: str, rdtype: str) -> RRset:
    return RRset(owner, rdtype, 60, ("192.0.2.1" if rdtype == "A" else "text",))


@given(st.lists(st.lists(st.tuples(OWNERS, TYPES, st.booleans()), max_size=6), max_size=6))
def test_any_history_ends_like_a_fresh_load(history: list[list[tuple[str, str, bool]]]) -> None:
    zone = small()
    held: dict[tuple[str, str], RRset] = {}
    for serial, version in enumerate(history, start=2):
        zone.apply(serial, [(o, t, rrset_of(o, t) if there else None) for o, t, there in version])
        for owner, rdtype, there in version:
            held.pop((owner, rdtype), None)
            if there:
                held[owner, rdtype] = rrset_of(owner, rdtype)
    fresh = ServedZone("sml.test", [*APEX_RECORDS, *held.values()], zone.serial)
    assert zone._names.below == fresh._names.below
    assert {k: v for k, v in zone._names.nodes.items() if k} == {k: v for k, v in fresh._names.nodes.items() if k}


def expected(owners: dict[str, set[str]], asked: str, qtype: str) -> tuple[int, int]:
    """RFC 4592 §3.3 in words: the closest encloser, then the wildcard right below it."""

    def exists(name: str) -> bool:
        return any(owner == name or owner.endswith("." + name) for owner in owners)

    source = asked
    if not exists(asked):
        labels = asked.split(".")
        enclosers = [".".join(labels[cut:]) for cut in range(1, len(labels))]
        encloser = next((name for name in enclosers if exists(name)), "")
        source = f"*.{encloser}" if encloser else "*"
        if not exists(source):
            return NOTHING
    return HIT if qtype in owners.get(source, ()) else NODATA


@given(st.sets(st.tuples(OWNERS, TYPES), max_size=6), OWNERS, TYPES)
def test_lookup_agrees_with_a_plain_reading_of_the_wildcard_rules(
    content: set[tuple[str, str]], asked: str, qtype: str
) -> None:
    owners: dict[str, set[str]] = {}
    for owner, rdtype in content:
        owners.setdefault(owner, set()).add(rdtype)
    zone = small(*(rrset_of(owner, rdtype) for owner, rdtype in content))
    assert outcome(zone, asked, type_code(qtype)) == expected(owners, asked, qtype)
