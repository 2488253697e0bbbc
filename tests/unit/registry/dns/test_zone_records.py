# SPDX-License-Identifier: Apache-2.0
"""An operator's records: into the zone and the journal together, and never in the way of participants."""

import pytest

from registry.dns.records import RRset
from registry.dns.wire import name_to_wire
from registry.dns.zone_records import ZoneRecords, delegation
from registry.errors import NotFoundError, ValidationError
from registry.storage.domain_directory import StoredDomain
from tests.simulators.audit import all_events
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

CUT = "0088.iso6523"
SCHEME = "iso6523-actorid-upis"
GLUE = f"ns1.{CUT}"


@pytest.fixture
def records(offline: OfflineInstance) -> ZoneRecords:
    return ZoneRecords(offline.instance.database, offline.instance.journal)


def delegated(offline: OfflineInstance) -> list[RRset]:
    zone = offline.stored.domain.dns.zone
    servers = [(f"{GLUE}.{zone}", ["192.0.2.53", "2001:db8::53"]), ("ns.elsewhere.example", [])]
    return delegation(CUT, servers, ["12345 13 2 " + "AB" * 32], 600)


def told(offline: OfflineInstance, tag: str) -> list[str]:
    return [event.subject for event in all_events(offline.instance.database, tag)]


def test_a_delegation_comes_whole_with_its_ds_and_glue(offline: OfflineInstance, records: ZoneRecords) -> None:
    zone = offline.stored.domain.dns.zone
    assert records.put(ACTOR, offline.stored, delegated(offline)) == 4
    state = offline.zone_state()
    assert state[CUT, "NS"] == f"600 ns.elsewhere.example.\n600 {GLUE}.{zone}."
    assert state[CUT, "DS"] == "600 12345 13 2 " + "ab" * 32
    assert (state[GLUE, "A"], state[GLUE, "AAAA"]) == ("600 192.0.2.53", "600 2001:db8::53")
    assert [each.rrset.rdtype for each in records.page(offline.stored)] == ["DS", "NS", "A", "AAAA"]
    assert records.page(offline.stored)[0].added_by == ACTOR.name
    node = offline.served().find(name_to_wire(f"participant.{CUT}"))
    assert node is not None
    assert node.end == name_to_wire(CUT)


def test_what_is_so_already_leaves_no_trace(offline: OfflineInstance, records: ZoneRecords) -> None:
    records.put(ACTOR, offline.stored, delegated(offline))
    assert records.put(ACTOR, offline.stored, delegated(offline)) == 0
    assert len(told(offline, "dns:record:put")) == 4
    assert records.remove(ACTOR, offline.stored, "nothing.here") == 0


def test_a_part_of_a_delegation_that_is_refused_puts_nothing(offline: OfflineInstance, records: ZoneRecords) -> None:
    before = offline.zone_state()
    with pytest.raises(ValidationError) as caught:
        records.put(ACTOR, offline.stored, [*delegated(offline), RRset(f"x.{CUT}", "TXT", 60, ('"x"',))])
    assert [reason.id for reason in caught.value.reasons] == ["ZONE-RECORD-BELOW"]
    assert offline.zone_state() == before
    assert records.page(offline.stored) == []


def test_each_change_is_told_with_before_and_after(offline: OfflineInstance, records: ZoneRecords) -> None:
    zone = offline.stored.domain.dns.zone
    for host in ("a.example.", "b.example."):
        records.put(ACTOR, offline.stored, [RRset("0088.sml", "cname", 60, (host,))])
    assert records.remove(ACTOR, offline.stored, f"0088.SML.{zone}.") == 1
    assert told(offline, "dns:record:put") == [f"0088.sml.{zone}. CNAME"] * 2
    assert told(offline, "dns:record:remove") == [f"0088.sml.{zone}. CNAME"]
    assert ("0088.sml", "CNAME") not in offline.zone_state()


def test_data_is_kept_as_the_format_writes_it(offline: OfflineInstance, records: ZoneRecords) -> None:
    rdatas = ("NS2.Example", "ns1.example.", "ns1.example.")
    records.put(ACTOR, offline.stored, [RRset("Sub", "NS", 60, rdatas)])
    (held,) = records.page(offline.stored)
    assert held.rrset == RRset("sub", "NS", 60, ("NS2.Example.", "ns1.example."))


def test_ds_goes_before_or_with_its_delegation(offline: OfflineInstance, records: ZoneRecords) -> None:
    records.put(ACTOR, offline.stored, delegated(offline))
    with pytest.raises(ValidationError, match="ZONE-RECORD-DS"):
        records.remove(ACTOR, offline.stored, CUT, "NS")
    assert records.remove(ACTOR, offline.stored, CUT) == 2


@pytest.mark.parametrize("rdtype", ["NS", "DNAME"])
def test_a_name_above_participants_is_not_given_away(
    offline: OfflineInstance, records: ZoneRecords, rdtype: str
) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1"), participant("0088:2")])
    end = RRset(SCHEME, rdtype, 60, ("elsewhere.example.",))
    with pytest.raises(ValidationError, match=f"2 participants are registered below {SCHEME}"):
        records.put(ACTOR, offline.stored, [end])
    offline.instance.sml.delete_participants(offline.caller(), SMP_ID, [participant("0088:1"), participant("0088:2")])
    assert records.put(ACTOR, offline.stored, [end]) == 1


def test_a_name_outside_of_the_zone_is_refused(offline: OfflineInstance, records: ZoneRecords) -> None:
    with pytest.raises(ValidationError, match="ZONE-RECORD-OUTSIDE"):
        records.put(ACTOR, offline.stored, delegation(CUT, [("ns.elsewhere.example", ["192.0.2.1"])], [], 60))


def test_a_zone_takes_no_more_than_it_can_look_at(
    offline: OfflineInstance, records: ZoneRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.dns.zone_records.MAX_RECORDS", 2)
    texts = [RRset(f"t{number}", "TXT", 60, ('"x"',)) for number in range(3)]
    with pytest.raises(ValidationError, match="ZONE-RECORD-MANY"):
        records.put(ACTOR, offline.stored, texts)
    assert records.put(ACTOR, offline.stored, texts[:2]) == 2


def test_a_domain_without_a_zone_here_has_none(offline: OfflineInstance, records: ZoneRecords) -> None:
    stored = StoredDomain(offline.stored.id, offline.stored.domain, None)
    for act in (
        lambda: records.page(stored),
        lambda: records.put(ACTOR, stored, delegated(offline)),
        lambda: records.remove(ACTOR, stored, "x"),
    ):
        with pytest.raises(NotFoundError, match="has no zone here"):
            act()
