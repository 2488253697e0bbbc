# SPDX-License-Identifier: Apache-2.0
"""What our SMP serves and what it has registered are compared both ways, and brought together where that is right."""

from pathlib import Path

from registry.consistency.checking import Area
from registry.consistency.findings import REPAIRABLE, Finding, Kind
from registry.consistency.run import Outcome, Told, Wanted, run
from registry.demo.pki import DemoPki
from registry.metadata import ServiceGroup
from registry.sml.model import Publisher
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

GROUPS = Wanted((Area.GROUPS,))
REPAIR = Wanted((Area.GROUPS,), REPAIRABLE)
KEY = "Ab12!!cd34-Xy"


def checked(offline: OfflineInstance, wanted: Wanted = GROUPS, told: Told | None = None) -> Outcome:
    instance = offline.instance
    return run(instance.database, instance.journal, instance.registrar, ACTOR, offline.stored, wanted, told or Told())


def found(offline: OfflineInstance) -> list[tuple[Kind, str]]:
    every: list[Finding] = []
    checked(offline, GROUPS, Told(found=every.append))
    return [(item.kind, item.key[1]) for item in every]


def publish(offline: OfflineInstance, value: str, *, in_sml: bool = True) -> None:
    group = ServiceGroup(participant(value))
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, group, in_sml=in_sml)


def register(offline: OfflineInstance, value: str, smp_id: str = SMP_ID) -> None:
    offline.instance.sml.create_participants(offline.caller(), smp_id, [participant(value)])


def test_registered_groups_are_consistent(offline: OfflineInstance) -> None:
    publish(offline, "0088:Abc")
    outcome = checked(offline)
    assert outcome.summary.consistent
    assert outcome.summary.compared == {
        Kind.GROUP_UNREGISTERED: 1,
        Kind.GROUP_ELSEWHERE: 1,
        Kind.REGISTRATION_UNSERVED: 1,
    }


def test_both_sides_are_brought_together(offline: OfflineInstance) -> None:
    publish(offline, "0088:both")
    publish(offline, "0088:Served", in_sml=False)
    register(offline, "0088:registered")
    assert found(offline) == [
        (Kind.GROUP_UNREGISTERED, "0088:Served"),
        (Kind.REGISTRATION_UNSERVED, "0088:registered"),
    ]
    repaired = checked(offline, REPAIR).repaired
    assert repaired is not None
    assert repaired.done == {Kind.GROUP_UNREGISTERED: 1, Kind.REGISTRATION_UNSERVED: 1}
    assert found(offline) == []
    page = offline.instance.sml.list_participants(offline.caller(), SMP_ID, None)
    assert [item.value for item in page.participants] == ["0088:both", "0088:Served"]


def test_participant_of_another_smp_is_told_and_left_there(offline: OfflineInstance, pki: DemoPki) -> None:
    publish(offline, "0088:moved", in_sml=False)
    offline.instance.sml.create_publisher(offline.caller(), Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
    register(offline, "0088:moved", "OTHER")
    assert found(offline) == [(Kind.GROUP_ELSEWHERE, "0088:moved")]
    repaired = checked(offline, REPAIR).repaired
    assert repaired is not None
    assert repaired.done == {}
    assert found(offline) == [(Kind.GROUP_ELSEWHERE, "0088:moved")]


def test_group_below_a_wildcard_is_registered_by_it(tmp_path: Path, pki: DemoPki) -> None:
    owners = {"wildcard_owners": {"iso6523-actorid-upis": [SMP_ID]}}
    with offline_instance(tmp_path, pki, sml=owners) as offline:
        publish(offline, "0088:1", in_sml=False)
        assert [kind for kind, _ in found(offline)] == [Kind.GROUP_UNREGISTERED]
        register(offline, "*")
        assert [item for item in found(offline) if item[0] is Kind.GROUP_UNREGISTERED] == []


def test_refusal_of_one_does_not_keep_the_others(offline: OfflineInstance) -> None:
    for value in ("0088:migrating", "0088:gone"):
        register(offline, value)
    offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, participant("0088:migrating"), KEY)
    repaired = checked(offline, REPAIR).repaired
    assert repaired is not None
    assert repaired.done == {Kind.REGISTRATION_UNSERVED: 1}
    ((finding, reason),) = repaired.refused
    assert finding.key[1] == "0088:migrating"
    assert "ERR-114" in reason
    assert found(offline) == [(Kind.REGISTRATION_UNSERVED, "0088:migrating")]


def test_what_has_changed_meanwhile_is_left_alone(offline: OfflineInstance) -> None:
    publish(offline, "0088:served", in_sml=False)
    register(offline, "0088:registered")

    def meanwhile(finding: Finding) -> None:
        if finding.kind is Kind.GROUP_UNREGISTERED:
            offline.instance.publishing.delete_service_group(ACTOR, offline.stored, participant("0088:served"))
        else:
            publish(offline, "0088:registered")

    repaired = checked(offline, REPAIR, Told(found=meanwhile)).repaired
    assert repaired is not None
    assert sum(repaired.done.values()) == 0
    assert repaired.outdated == {Kind.GROUP_UNREGISTERED: 1, Kind.REGISTRATION_UNSERVED: 1}
    assert found(offline) == []


def test_domain_without_an_smp_of_ours_has_no_groups_to_compare(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, smp={"base_url": "https://smp.example.org/base"}) as offline:
        assert checked(offline).summary.compared == {}
