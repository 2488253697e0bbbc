# SPDX-License-Identifier: Apache-2.0
"""Updates that are packed by hand say to another reader what they are to say, in messages of bounded size."""

from itertools import pairwise

import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.push.messages import ROOM, Soa, UpdatePacker
from registry.dns.push.progress import Lock, chain
from registry.dns.wire import rdata_to_wire
from registry.errors import ValidationError
from registry.serials import is_greater
from registry.storage.queries.zone_pushes import RecordSetChange

ZONE = "sml.test"
SOA = Soa(3600, rdata_to_wire("SOA", "ns1.example. host.example. 7 1 2 3 4"))
LABEL = st.text("abcxyz0129-_", min_size=1, max_size=40).filter(lambda text: text != "-")
OWNER = st.one_of(st.just("@"), st.lists(LABEL, min_size=1, max_size=3).map(".".join))
TEXTS = {
    "NAPTR": ('60 100 10 "U" "Meta:SMP" "!.*!https://a.example!" .', '60 1 1 "U" "x" "!.*!b!" .\n60 1 2 "U" "x" "" .'),
    "TXT": ('60 "a"', '90 "b"\n90 "c"'),
    "CNAME": ("60 a.example.",),
}
CHANGE = st.sampled_from(sorted(TEXTS)).flatmap(
    lambda rdtype: st.builds(
        RecordSetChange, OWNER, st.just(rdtype), st.booleans(), st.none() | st.sampled_from(TEXTS[rdtype])
    )
)


def read(wire: bytes) -> dns.update.UpdateMessage:
    found = dns.message.from_wire(wire)
    assert isinstance(found, dns.update.UpdateMessage)
    return found


def steps(message: dns.update.UpdateMessage) -> list[tuple[str, str, str]]:
    """Owner, type, and `-` for "deleted", or TTL and rdata."""
    return [
        (rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype), "-" if rrset.deleting else f"{rrset.ttl} {rdata}")
        for rrset in message.update
        for rdata in (rrset or [None])
    ]


def absolute(owner: str) -> str:
    return f"{ZONE}." if owner == "@" else f"{owner}.{ZONE}."


@given(st.lists(CHANGE, max_size=60, unique_by=lambda change: (change.owner, change.rdtype)), st.booleans())
def test_message_says_what_is_to_change(changes: list[RecordSetChange], locked: bool) -> None:
    packer = UpdatePacker(ZONE, SOA if locked else None, room=600)
    lock = (SOA, SOA.with_serial(8)) if locked else None
    seen: list[tuple[str, str, str]] = []
    for message in packer.messages(changes):
        wire = message.to_wire(lock)
        assert len(wire) <= 600
        parsed = read(wire)
        assert parsed.zone[0].name == dns.name.from_text(ZONE)
        said = steps(parsed)
        if locked:
            (prerequisite,) = parsed.prerequisite
            assert (prerequisite.rdtype, prerequisite.rdclass) == (dns.rdatatype.SOA, dns.rdataclass.IN)
            assert prerequisite[0].to_text().split()[2] == "7"
            assert said.pop(0) == (f"{ZONE}.", "SOA", "3600 ns1.example. host.example. 8 1 2 3 4")
        seen += said
    for change in changes:
        of_set = [step for step in seen if step[:2] == (absolute(change.owner), change.rdtype)]
        added = [step[2] for step in of_set if step[2] != "-"]
        assert added == (change.text or "").split("\n") * bool(change.text)
        swept = any(step[:2] == (absolute(change.owner), "ANY") for step in seen)
        assert swept or of_set[0][2] == "-"
    for owner in {change.owner for change in changes}:
        first_added = next((at for at, step in enumerate(seen) if step[0] == absolute(owner) and step[2] != "-"), None)
        deleted = [at for at, step in enumerate(seen) if step[0] == absolute(owner) and step[2] == "-"]
        assert first_added is None or max(deleted, default=-1) < first_added


def test_alias_and_records_make_room_for_each_other() -> None:
    changes = [RecordSetChange("a", "CNAME", True, "60 b.example."), RecordSetChange("c", "TXT", True, '60 "x"')]
    (message,) = UpdatePacker(ZONE).messages(changes)
    assert steps(read(message.to_wire())) == [
        ("a.sml.test.", "ANY", "-"),
        ("a.sml.test.", "CNAME", "60 b.example."),
        ("c.sml.test.", "TXT", "-"),
        ("c.sml.test.", "CNAME", "-"),
        ("c.sml.test.", "TXT", '60 "x"'),
    ]


def test_soa_and_ns_of_the_apex_are_left_out() -> None:
    soa = RecordSetChange("@", "SOA", False, "60 ns1.example. host.example. 1 1 1 1 1")
    changes = [soa, RecordSetChange("@", "NS", False, "60 ns1.example."), RecordSetChange("sub", "NS", False, None)]
    (message,) = UpdatePacker(ZONE).messages(changes)
    assert steps(read(message.to_wire())) == [("sub.sml.test.", "NS", "-")]


def test_a_thousand_names_fit_into_a_few_messages_of_bounded_size() -> None:
    text = TEXTS["NAPTR"][0]
    changes = [RecordSetChange(f"{number:052}.iso6523-actorid-upis", "NAPTR", False, text) for number in range(1000)]
    wires = [message.to_wire() for message in UpdatePacker(ZONE).messages(changes)]
    assert max(map(len, wires)) <= ROOM
    assert len(wires) <= 4
    assert sum(len(steps(read(wire))) for wire in wires) == 2000


def test_record_set_longer_than_usual_has_a_message_of_its_own() -> None:
    def text(number: int) -> str:
        return "\n".join(f'60 "{each:06} {"x" * 200}"' for each in range(number))

    changes = [RecordSetChange("a", "TXT", False, '60 "a"'), RecordSetChange("b", "TXT", False, text(280))]
    wires = [message.to_wire() for message in UpdatePacker(ZONE).messages(changes)]
    assert [len(wire) > ROOM for wire in wires] == [False, True]
    with pytest.raises(ValidationError, match="fit into"):
        list(UpdatePacker(ZONE).messages([RecordSetChange("c", "TXT", False, text(320))]))


def test_message_for_a_lock_has_one() -> None:
    with pytest.raises(ValueError, match="lock"):
        UpdatePacker(ZONE, SOA).empty().to_wire()
    with pytest.raises(ValueError, match="lock"):
        UpdatePacker(ZONE).empty().to_wire((SOA, SOA))


# Chains of serials


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.none() | st.integers(0, 2**32 - 1))
def test_serials_of_a_chain_only_grow(start: int, messages: int, final: int | None) -> None:
    soa = SOA.with_serial(start)
    soas = chain(soa, messages, final)
    serials = [start, *(each.serial for each in soas)]
    assert len(soas) == messages
    assert all(is_greater(later, earlier) for earlier, later in pairwise(serials))
    assert 0 not in serials[1:] or final == 0
    assert all((later - earlier) % 2**32 > 1 for earlier, later in pairwise(serials[:-1]))
    if final is not None and is_greater(final, serials[-2]):
        assert serials[-1] == final


@given(st.integers(0, 2**32 - 1), st.integers(0, 20), st.none() | st.integers(0, 2**32 - 1))
def test_lock_is_read_as_it_was_written(serial: int, under_way: int, final: int | None) -> None:
    lock = Lock(SOA.with_serial(serial), under_way, final)
    assert Lock.from_text(lock.to_text(), SOA.ttl) == lock
    assert lock.fits(Soa(1, lock.soa.rdata))
    for soa in chain(lock.soa, under_way, final):
        assert lock.fits(soa)
    assert not Lock(lock.soa).fits(lock.soa.with_serial((serial + 1) % 2**32))


@pytest.mark.parametrize("text", ["", "nonsense", "ns1.example. host.example. 7 1 2 3", f"{'x.' * 200} y. 1 1 1 1 1"])
def test_lock_that_cannot_be_read_fits_nothing(text: str) -> None:
    assert Lock.from_text(text, 60) is None
