# SPDX-License-Identifier: Apache-2.0
"""What names of a zone hold and shouldn't, or should and don't, is found, and repaired where that is still true."""

from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import insert, update

from registry.audit import events
from registry.consistency.checking import Area
from registry.consistency.findings import REPAIRABLE, Finding, Kind
from registry.consistency.run import Outcome, Told, Wanted, run
from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.records import APEX
from registry.errors import ConflictError, NotFoundError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ISO6523
from registry.jobs.queue import cancel, enqueue
from registry.sml.bulk import FOLLOW
from registry.sml.model import Publisher
from registry.storage.queries import consistency, publishers, registrations
from registry.storage.tables import registration, zone_record
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

NAMES = Wanted((Area.NAMES,))
REPAIR = Wanted((Area.NAMES,), REPAIRABLE)


def checked(offline: OfflineInstance, wanted: Wanted = NAMES, told: Told | None = None) -> Outcome:
    instance = offline.instance
    return run(instance.database, instance.journal, instance.registrar, ACTOR, offline.stored, wanted, told or Told())


def found(offline: OfflineInstance, wanted: Wanted = NAMES) -> list[Finding]:
    every: list[Finding] = []
    checked(offline, wanted, Told(found=every.append))
    return every


def put(offline: OfflineInstance, *states: NewState) -> None:
    assert offline.stored.zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        offline.instance.journal.write(work, offline.stored.zone_id, states)


def owner(value: str) -> str:
    return participant_owner(participant(value))


@pytest.fixture
def filled(offline: OfflineInstance) -> OfflineInstance:
    participants = [participant(f"0088:{number}") for number in range(12)]
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, participants)
    return offline


def test_zone_that_holds_what_it_shall_is_consistent(filled: OfflineInstance) -> None:
    outcome = checked(filled)
    assert outcome.summary.consistent
    assert outcome.summary.compared[Kind.NAME_SURPLUS] == 15, "twelve participants, an SMP, SOA and NS"


def test_missing_other_and_surplus_records_are_found_and_repaired(filled: OfflineInstance) -> None:
    before = filled.zone_state()
    put(
        filled,
        NewState(owner("0088:1"), "NAPTR", None),
        NewState(owner("0088:2"), "NAPTR", '60 100 10 "U" "Meta:SMP" "!.*!https://elsewhere.example!" .'),
        NewState(owner("0088:nobody"), "NAPTR", '60 100 10 "U" "Meta:SMP" "!.*!https://elsewhere.example!" .'),
        NewState(f"{SMP_ID.lower()}.publisher", "CNAME", None),
        NewState("gone.publisher", "CNAME", "60 smp.example.org."),
    )
    kinds = {(item.kind, item.subject.split(".")[0]) for item in found(filled)}
    assert kinds == {
        (Kind.NAME_MISSING, owner("0088:1").split(".")[0]),
        (Kind.NAME_DIFFERS, owner("0088:2").split(".")[0]),
        (Kind.NAME_SURPLUS, owner("0088:nobody").split(".")[0]),
        (Kind.NAME_MISSING, SMP_ID.lower()),
        (Kind.NAME_SURPLUS, "gone"),
    }
    repaired = checked(filled, REPAIR).repaired
    assert repaired is not None
    assert repaired.done == {Kind.NAME_MISSING: 2, Kind.NAME_DIFFERS: 1, Kind.NAME_SURPLUS: 2}
    assert filled.zone_state() == before
    assert checked(filled).summary.consistent
    tags = [event.tag for event in events.about(filled.instance.database, f"domain:{filled.stored.domain.name}")]
    assert tags.count("consistency:finding:repair") == 3


def test_check_without_repair_writes_nothing(filled: OfflineInstance) -> None:
    put(filled, NewState(owner("0088:1"), "NAPTR", None))
    state = filled.zone_state()
    checked(filled)
    assert filled.zone_state() == state


def test_repair_of_chosen_kinds_leaves_the_others(filled: OfflineInstance) -> None:
    put(filled, NewState(owner("0088:1"), "NAPTR", None), NewState("gone.publisher", "CNAME", "60 smp.example.org."))
    checked(filled, Wanted((Area.NAMES,), (Kind.NAME_MISSING,)))
    assert [item.kind for item in found(filled)] == [Kind.NAME_SURPLUS]


def test_repair_beyond_the_allowed_share_is_refused_as_a_whole(filled: OfflineInstance) -> None:
    put(filled, *(NewState(owner(f"0088:{number}"), "NAPTR", None) for number in range(11)))
    with pytest.raises(ConflictError, match="11 of 15"):
        checked(filled, REPAIR)
    assert len(found(filled)) == 11
    checked(filled, Wanted((Area.NAMES,), REPAIRABLE, max_percent=75))
    assert found(filled) == []


def test_ten_changes_are_always_allowed(filled: OfflineInstance) -> None:
    put(filled, *(NewState(owner(f"0088:{number}"), "NAPTR", None) for number in range(10)))
    checked(filled, REPAIR)
    assert found(filled) == []


def test_finding_that_is_not_true_any_more_is_left_alone(filled: OfflineInstance) -> None:
    stale = '60 100 10 "U" "Meta:SMP" "!.*!https://elsewhere.example!" .'
    put(filled, NewState(owner("0088:late"), "NAPTR", stale), NewState(owner("0088:1"), "NAPTR", None))

    def meanwhile(_finding: Finding) -> None:
        sml, caller = filled.instance.sml, filled.caller()
        if not sml.list_participants(caller, SMP_ID, None).participants[-1].value.endswith("late"):
            sml.create_participants(caller, SMP_ID, [participant("0088:late")])
            sml.delete_participants(caller, SMP_ID, [participant("0088:1")])

    repaired = checked(filled, REPAIR, Told(found=meanwhile)).repaired
    assert repaired is not None
    assert sum(repaired.done.values()) == 0
    assert repaired.outdated == {Kind.NAME_MISSING: 1, Kind.NAME_SURPLUS: 1}
    assert found(filled) == []
    assert (owner("0088:late"), "NAPTR") in filled.zone_state()


def test_surplus_name_that_somebody_registers_with_the_same_record_stays(filled: OfflineInstance) -> None:
    """Then the journal has no change of it: the registration itself is what accounts for it."""
    right = filled.zone_state()[owner("0088:1"), "NAPTR"]
    put(filled, NewState(owner("0088:late"), "NAPTR", right))

    def meanwhile(_finding: Finding) -> None:
        filled.instance.sml.create_participants(filled.caller(), SMP_ID, [participant("0088:late")])

    repaired = checked(filled, REPAIR, Told(found=meanwhile)).repaired
    assert repaired is not None
    assert repaired.outdated == {Kind.NAME_SURPLUS: 1}
    assert filled.zone_state()[owner("0088:late"), "NAPTR"] == right


def test_record_beside_the_alias_of_an_indirect_participant_goes(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, dns={"publisher_indirection": True}) as offline:
        offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
        before = offline.zone_state()
        assert found(offline) == []
        put(
            offline,
            NewState(owner("0088:1"), "NAPTR", '60 100 10 "U" "Meta:SMP" "!.*!https://elsewhere.example!" .'),
            NewState(f"{SMP_ID.lower()}.naptr", "NAPTR", None),
        )
        assert sorted(item.kind for item in found(offline)) == [Kind.NAME_MISSING, Kind.NAME_SURPLUS]
        checked(offline, REPAIR)
        assert offline.zone_state() == before


def test_legacy_names_are_compared_too(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, dns={"legacy_cname": True}) as offline:
        offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
        before = offline.zone_state()
        assert found(offline) == []
        legacy = next(name for name, rdtype in before if name.startswith("b-"))
        put(offline, NewState(legacy, "CNAME", None), NewState(f"b-0{legacy[3:]}", "CNAME", "60 x.example."))
        assert sorted(item.kind for item in found(offline)) == [Kind.NAME_MISSING, Kind.NAME_SURPLUS]
        checked(offline, REPAIR)
        assert offline.zone_state() == before


def test_apex_records_follow_changed_settings(filled: OfflineInstance) -> None:
    put(filled, NewState(APEX, "NS", "3600 old.example.org."))
    (finding,) = found(filled)
    assert (finding.kind, finding.key[:2]) == (Kind.NAME_DIFFERS, (APEX, "NS"))
    checked(filled, REPAIR)
    assert found(filled) == []


def test_domain_without_sml_here_is_refused(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, sml={"enabled": False}) as offline, pytest.raises(NotFoundError):
        checked(offline)


def test_progress_is_told_in_the_transaction_of_each_batch(filled: OfflineInstance) -> None:
    put(filled, NewState(owner("0088:1"), "NAPTR", None), NewState("gone.publisher", "CNAME", "60 smp.example.org."))
    told: list[int] = []
    checked(filled, REPAIR, Told(repaired=lambda _work, number: told.append(number)))
    assert told == [1, 2]


def test_operators_records_account_for_names(filled: OfflineInstance) -> None:
    put(filled, NewState("0007.sml", "CNAME", "60 sml.example.org."))
    assert [item.kind for item in found(filled)] == [Kind.NAME_SURPLUS]
    with filled.instance.database.write(ACTOR) as work:
        row = {"zone_id": filled.stored.zone_id, "added_by": "test", "modified_at": work.now}
        records = [
            {"owner": "0007.sml", "rdtype": "CNAME", "content": "60 sml.example.org."},
            {"owner": "0088.sml", "rdtype": "CNAME", "content": "60 sml.example.org."},
        ]
        work.connection.execute(insert(zone_record), [row | record for record in records])
    assert [(item.kind, item.key[0]) for item in found(filled)] == [(Kind.NAME_MISSING, "0088.sml")]
    checked(filled, REPAIR)
    assert filled.zone_state()["0088.sml", "CNAME"] == "60 sml.example.org."


def test_nobody_registers_while_surplus_names_are_removed(filled: OfflineInstance) -> None:
    """Or else a name would go that somebody was just given, and the journal would not know."""
    database, stored = filled.instance.database, filled.stored
    label, before = owner("0088:late"), filled.zone_state()[owner("0088:1"), "NAPTR"]
    put(filled, NewState(label, "NAPTR", before))

    def register() -> None:
        filled.instance.sml.create_participants(filled.caller(), SMP_ID, [participant("0088:late")])

    thread = Thread(target=register)
    with database.write(ACTOR) as work:
        assert stored.zone_id is not None
        assert consistency.registrations_at(work, stored.id, [label], filled.clock.now + timedelta(days=1)) == []
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        filled.instance.journal.write(work, stored.zone_id, [NewState(label, "NAPTR", None)])
    thread.join(20)
    assert filled.zone_state()[label, "NAPTR"] == before


def test_contested_name_is_told_with_who_wants_it(filled: OfflineInstance) -> None:
    """Two registrations of one name, of which the rules of names may make one: where case makes another participant."""
    instance, caller = filled.instance, filled.caller()
    instance.sml.create_publisher(caller, Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
    instance.sml.create_participants(caller, "OTHER", [participant("0088:other")])
    with instance.database.write(ACTOR) as work:
        same = update(registration).where(registration.c.value_key == "0088:other").values(label=owner("0088:1"))
        work.connection.execute(same)
    kinds = {item.kind for item in found(filled)}
    assert kinds == {Kind.NAME_CONTESTED, Kind.NAME_SURPLUS}
    finding = next(item for item in found(filled) if item.kind is Kind.NAME_CONTESTED)
    assert finding.subject.count("registration ") == 2
    repaired = checked(filled, REPAIR).repaired
    assert repaired is not None
    assert Kind.NAME_CONTESTED not in repaired.done


def test_names_that_a_job_works_on_are_not_judged(filled: OfflineInstance) -> None:
    put(filled, *(NewState(owner(f"0088:{number}"), "NAPTR", None) for number in range(3)))
    with filled.instance.database.write(ACTOR) as work:
        (row,) = publishers.of_domain(work.connection, filled.stored.id)
        job = enqueue(work, FOLLOW, {"publisher": row.id, "every": True}, domain_id=filled.stored.id)
    outcome = checked(filled)
    assert outcome.summary.consistent
    assert outcome.summary.in_progress > 12
    with filled.instance.database.write(ACTOR) as work:
        cancel(work, job)
    assert checked(filled).summary.counts == {Kind.NAME_MISSING: 3}


def test_suspended_participant_and_publisher_hold_nothing(filled: OfflineInstance) -> None:
    with filled.instance.database.write(ACTOR) as work:
        rows = registrations.find(work.connection, filled.stored.id, [(ISO6523, "0088:1")])
        registrations.set_suspended(work, [rows[0].id], suspended=True)
    assert [(item.kind, item.key[0]) for item in found(filled)] == [(Kind.NAME_SURPLUS, owner("0088:1"))]
    with filled.instance.database.write(ACTOR) as work:
        publishers.set_suspended(work, rows[0].publisher_id, suspended=True)
    checked(filled, Wanted((Area.NAMES,), REPAIRABLE, max_percent=100))
    assert {name for name, _ in filled.zone_state()} == {APEX}
