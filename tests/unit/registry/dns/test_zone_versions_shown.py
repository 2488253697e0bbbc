# SPDX-License-Identifier: Apache-2.0
"""A version is made beside the one that is served, shown as a whole, and never seen half."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import Change, ServedZone
from registry.domains.dns_profile import DnsProfile
from registry.errors import ValidationError

PROFILE = DnsProfile(zone="sml.test", name_servers=("ns.example",))
APEX = [soa_rrset(PROFILE, 1), ns_rrset(PROFILE)]
OWNERS = [f"{label}.{scheme}" for label in ("a", "b", "c", "*") for scheme in ("x", "y", "d.x")] + ["x", "d.x"]
SETS = st.builds(
    lambda owner, kind: RRset(owner, kind[0], 60, (kind[1],)),
    st.sampled_from(OWNERS),
    st.sampled_from(
        [("TXT", '"1"'), ("TXT", '"2"'), ("NS", "ns.example."), ("DNAME", "far.example."), ("A", "192.0.2.1")]
    ),
)
VERSIONS = st.lists(st.lists(st.tuples(SETS, st.booleans()), max_size=6), min_size=1, max_size=4)
QUESTIONS = [
    (owner.encode(), code)
    for owner in (*OWNERS, "q.x", "q.a.x", "q.q")
    for code in (b"\x00\x10", b"\x00\x02", b"\x00\x27", b"\x00\x01")
]


def changes(version: list[tuple[RRset, bool]]) -> list[Change]:
    return [(rrset.owner, rrset.rdtype, rrset if there else None) for rrset, there in version]


def answers(zone: ServedZone) -> list[tuple[int, bytes, bytes]]:
    found = []
    for owner, code in QUESTIONS:
        name = b"".join(bytes([len(label)]) + label for label in owner.split(b".")).lower()
        found.append(zone.lookup(name + zone.wire, len(name), code))
    return found


@given(VERSIONS)
def test_each_question_is_answered_from_one_version_at_every_moment(
    versions: list[list[tuple[RRset, bool]]],
) -> None:
    zone, plain = ServedZone("sml.test", APEX, 1), ServedZone("sml.test", APEX, 1)
    for serial, version in enumerate(versions, 2):
        before = answers(zone)
        try:
            prepared = zone.prepare(serial, changes(version))
        except ValidationError:
            with pytest.raises(ValidationError):
                plain.apply(serial, changes(version))
            assert (answers(zone), zone.serial) == (before, plain.serial)
            continue
        assert answers(zone) == before, "prepared isn't shown"
        plain.apply(serial, changes(version))
        zone.show(prepared)
        assert (answers(zone), zone.serial) == (answers(plain), serial)
        for _ in prepared.names.fold():
            assert answers(zone) == answers(plain)
        assert not zone.settle()
        assert answers(zone) == answers(plain)


def test_great_version_is_made_in_a_thread_and_settled_in_parts_between_answers() -> None:
    names = [f"n{number}.x" for number in range(5_000)]
    texts = [(rrset.owner, rrset.rdtype, rrset.to_text()) for rrset in APEX]
    zone = ServedZone.of_texts("sml.test", [*texts, *((name, "TXT", '60 "old"') for name in names)], 1)
    new = [(name, "TXT", RRset(name, "TXT", 60, ('"new"',))) for name in names[::2]]
    gone = [(name, "TXT", None) for name in names[1::2]]

    def seen() -> set[bytes]:
        found = set()
        for name in names[:40]:
            label = name.partition(".")[0].encode()
            owner = bytes([len(label)]) + label + b"\x01x"
            rcode, _, records = zone.lookup(owner + zone.wire, len(owner), b"\x00\x10")
            found.add(b"gone" if rcode else records[-3:])
        return found

    async def take_over() -> int:
        caller = threading.get_ident()
        threads: list[int] = []

        def prepare() -> object:
            threads.append(threading.get_ident())
            return zone.prepare(2, [*new, *gone])

        version = await asyncio.to_thread(prepare)
        assert threads != [caller]
        assert seen() == {b"old"}
        zone.show(version)  # type: ignore[arg-type]
        parts = 1
        assert seen() == {b"new", b"gone"}
        while zone.settle():
            parts += 1
            assert seen() == {b"new", b"gone"}
        return parts

    assert asyncio.run(take_over()) > 5
    assert seen() == {b"new", b"gone"}
    assert zone.size == 1 + len(new)


def test_responder_goes_on_with_a_zone_whose_version_was_refused() -> None:
    zone = ServedZone("sml.test", [*APEX, RRset("a", "TXT", 60, ('"x"',))], 1)
    answer = Responder({zone.wire: zone}, Counters()).answer
    query = b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x03sml\x04test\x00\x00\x10\x00\x01"
    before = answer(query)
    with pytest.raises(ValidationError, match="DNS-CNAME"):
        zone.prepare(2, [("a", "CNAME", RRset("a", "CNAME", 60, ("b.example.",)))])
    assert answer(query) == before
