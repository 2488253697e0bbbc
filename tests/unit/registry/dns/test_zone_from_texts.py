# SPDX-License-Identifier: Apache-2.0
"""A zone that is read as it is stored is the one that its record sets make, or refused as that one is."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.served_zone import ServedZone
from registry.domains.dns_profile import DnsProfile
from registry.errors import ValidationError

Texts = Sequence[tuple[str, str, str]]
PROFILE = DnsProfile(zone="sml.test", name_servers=("ns.example",))
APEX = [(rrset.owner, rrset.rdtype, rrset.to_text()) for rrset in (soa_rrset(PROFILE, 1), ns_rrset(PROFILE))]
CONTENTS = {
    "A": "60 192.0.2.1",
    "AAAA": "60 2001:db8::1",
    "CNAME": "60 smp.publisher.sml.test.",
    "NAPTR": '60 100 10 "U" "Meta:SMP" "!.*!https://smp.example.org!" .',
    "NS": "60 ns.example.",
    "DNAME": "60 elsewhere.example.",
    "TXT": '60 "a"\n60 "b"',
}
LABELS = st.sampled_from(["a", "B-7", "*", "publisher", "x" * 63, "x" * 64, "", "dot\\.ted", "ü", "sp ace", "@", "_u"])
OWNERS = st.one_of(st.just("@"), st.lists(LABELS, min_size=1, max_size=5).map(".".join), st.just("a."))
SETS = st.tuples(OWNERS, st.sampled_from(sorted(CONTENTS))).map(lambda item: (*item, CONTENTS[item[1]]))


def read(texts: Texts) -> ServedZone | str:
    try:
        return ServedZone.of_texts("sml.test", [*APEX, *texts], 7)
    except ValidationError as error:
        return str(error)


def made(texts: Texts) -> ServedZone | str:
    try:
        return ServedZone("sml.test", [RRset.from_text(*item) for item in [*APEX, *texts]], 7)
    except ValidationError as error:
        return str(error)


def answers(zone: ServedZone) -> dict[bytes, dict[bytes, bytes]]:
    return {
        name: {code: rrset.answer for code, rrset in node.rrsets.items()} for name, node in zone._names.nodes.items()
    }


@given(st.lists(SETS, max_size=12, unique_by=lambda item: item[:2]))
@example([("a.", "A", "60 192.0.2.1")])
@example([("a.b", "A", "60 192.0.2.1"), ("A.b", "A", "60 192.0.2.1")])
@example([(".".join(["x" * 63] * 4), "A", "60 192.0.2.1")])
def test_zone_is_the_same_whichever_way_it_was_made(texts: Texts) -> None:
    one, other = read(texts), made(texts)
    if isinstance(one, str) or isinstance(other, str):
        assert isinstance(one, str)
        assert isinstance(other, str)
        return
    assert answers(one) == answers(other)
    assert one._names.below == other._names.below
    assert (one.serial, one.wire, one._negative) == (other.serial, other.wire, other._negative)


@given(st.lists(SETS, max_size=8, unique_by=lambda item: item[:2]))
def test_everything_can_be_taken_away_again(texts: Texts) -> None:
    zone = read(texts)
    if isinstance(zone, ServedZone):
        zone.apply(8, [(owner, rdtype, None) for owner, rdtype, _ in texts if owner != "@"])
        assert set(zone._names.nodes) == {b""}
        assert not any(zone._names.below.values())


def test_malformed_set_is_refused() -> None:
    with pytest.raises(ValidationError, match="DNS-RDATA"):
        ServedZone.of_texts("sml.test", [*APEX, ("a.b", "A", "60 999.0.2.1")], 1)


def test_equal_content_is_one_object() -> None:
    zone = read([(f"{number}.b", "A", CONTENTS["A"]) for number in range(5)])
    assert isinstance(zone, ServedZone)
    assert len({id(zone.find(bytes((1,)) + str(n).encode() + b"\x01b")) for n in range(5)}) == 1
