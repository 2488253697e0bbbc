# SPDX-License-Identifier: Apache-2.0
"""Suspending and resuming: names go and come back, data stay, a suspended SMP may not call."""

from pathlib import Path
from typing import Any

import pytest

from registry.demo.pki import DemoPki
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, ValidationError
from registry.sml import bulk
from registry.sml.errors import SmlError
from registry.sml.interventions.model import Kind
from registry.sml.model import Publisher
from registry.storage.queries.interventions import State
from tests.simulators.interventions import ADDRESS, A, B, Office, open_office
from tests.simulators.offline import offline_instance, participant


def names_of(office: Office, smp_id: str) -> list[str]:
    return sorted(owner for owner, _ in office.offline.zone_state() if owner.startswith(f"{smp_id.lower()}."))


def test_suspended_smp_is_out_of_dns_and_may_not_call(office: Office) -> None:
    office.register(A, "0088:1", "0088:2")
    office.register(B, "0088:3")
    before = office.offline.zone_state()
    done = office.ask(Kind.SUSPEND_PUBLISHER, smp_id="smp-a", reason="its key was stolen")
    assert (done.row.state, done.plan.counts["participants"]) == (State.APPLIED, 2)
    assert names_of(office, A) == []
    assert office.naptr("0088:1") is None
    assert office.naptr("0088:3") is not None
    assert office.held(A) == ["0088:1", "0088:2"], "the data are kept"
    with pytest.raises(SmlError, match=r"^\[ERR-101\] The SMP 'SMP-A' is suspended$"):
        office.register(A, "0088:4")
    with pytest.raises(SmlError, match=r"^\[ERR-101\] The SMP 'SMP-A' is suspended$"):
        office.offline.instance.sml.create_publisher(office.caller(A), Publisher("SMP-A2", ADDRESS[A], "192.0.2.1"))
    office.ask(Kind.RESUME_PUBLISHER, smp_id=A)
    office.register(A, "0088:4")
    after = office.offline.zone_state()
    assert {key: text for key, text in after.items() if key in before and key[1] != "SOA"} == {
        key: text for key, text in before.items() if key[1] != "SOA"
    }
    assert office.naptr("0088:4") is not None
    assert office.tags(A)[-2:] == ["sml:publisher:suspend", "sml:publisher:resume"]


def test_what_is_so_already_is_said_to_be(office: Office) -> None:
    with pytest.raises(AlreadyExistsError, match="the SMP SMP-A is not suspended already"):
        office.ask(Kind.RESUME_PUBLISHER, smp_id=A)
    office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    with pytest.raises(AlreadyExistsError, match="the SMP SMP-A is suspended already"):
        office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    office.register(B, "0088:1")
    with pytest.raises(AlreadyExistsError, match="0088:1: not suspended already"):
        office.ask(Kind.RESUME_PARTICIPANT, participants=(participant("0088:1"),))


def test_suspended_participant_is_out_of_dns_and_its_smp_goes_on(office: Office) -> None:
    one, other, _ = office.register(A, "0088:1", "0088:2", "0088:3")
    done = office.ask(Kind.SUSPEND_PARTICIPANT, participants=(one, other))
    assert done.row.subject == "2 participants"
    assert [office.naptr(value) is None for value in ("0088:1", "0088:2", "0088:3")] == [True, True, False]
    assert office.held(A) == ["0088:1", "0088:2", "0088:3"]
    office.register(A, "0088:4")
    assert office.tags(str(one))[-1] == "sml:registration:suspend"
    some = office.ask(Kind.RESUME_PARTICIPANT, participants=(other, participant("0088:3")))
    assert dict(some.plan.counts) == {"participants": 1, "unchanged": 1}
    assert office.naptr("0088:2") is not None


def test_suspended_participant_stays_so_whatever_its_smp_does(office: Office) -> None:
    (one,) = office.register(A, "0088:1")
    office.ask(Kind.SUSPEND_PARTICIPANT, participants=(one,))
    office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    office.ask(Kind.RESUME_PUBLISHER, smp_id=A)
    assert office.naptr("0088:1") is None
    office.administration.change_publisher(office.anna.actor, office.stored, A, "https://new.example/", "192.0.2.1")
    assert office.naptr("0088:1") is None
    office.transfer()
    assert office.naptr("0088:1") is None
    office.ask(Kind.RESUME_PARTICIPANT, participants=(one,))
    assert office.leads_to(B, ["0088:1"])


def test_suspended_participant_is_not_removed_by_its_smp(office: Office) -> None:
    one, _ = office.register(A, "0088:1", "0088:2")
    office.ask(Kind.SUSPEND_PARTICIPANT, participants=(one,))
    sml = office.offline.instance.sml
    for smp_id in (A, None):
        with pytest.raises(SmlError, match="'0088:1' with scheme: 'iso6523-actorid-upis' is suspended"):
            sml.delete_participants(office.caller(A), smp_id, [one])
    with pytest.raises(SmlError, match="can't be deleted: some of its participants are suspended"):
        sml.delete_publisher(office.caller(A), A)
    office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    with pytest.raises(SmlError, match="owns no SMP"):
        sml.delete_participants(office.caller(A), None, [participant("0088:2")])


def test_suspending_is_undone_exactly(office: Office) -> None:
    one, other = office.register(A, "0088:1", "0088:2")
    office.ask(Kind.SUSPEND_PARTICIPANT, participants=(other,))
    before = office.offline.zone_state()
    both = office.ask(Kind.SUSPEND_PARTICIPANT, participants=(one, other))
    undoing = office.desk.undo(office.bert, office.stored, both.row.id)
    after = office.offline.zone_state()
    assert {key: after[key] for key in after if key[1] != "SOA"} == {
        key: before[key] for key in before if key[1] != "SOA"
    }, "who was suspended before stays so"
    assert undoing.row.kind == Kind.RESUME_PARTICIPANT
    assert (undoing.row.state, undoing.asked_by) == (State.APPLIED, "Bert")
    undone = office.desk.one(office.stored, both.row.id)
    assert (undone.row.state, undone.undone_by) == (State.UNDONE, "Bert")


def test_undoing_says_what_it_can_undo_no_more(office: Office) -> None:
    one, other, third = office.register(A, "0088:1", "0088:2", "0088:3")
    done = office.ask(Kind.SUSPEND_PARTICIPANT, participants=(one, other, third))
    office.ask(Kind.RESUME_PARTICIPANT, participants=(one,))
    office.administration.unregister(office.anna.actor, office.stored, [other])
    undoing = office.desk.undo(office.anna, office.stored, done.row.id)
    assert dict(undoing.plan.counts) == {"participants": 1, "left": 2}
    assert undoing.plan.notes == (
        "1 can't be, since they aren't registered any more",
        "1 have been resumed since",
    )
    assert office.naptr("0088:3") is not None


def test_smp_that_was_resumed_meanwhile_can_not_be_resumed_by_undoing(office: Office) -> None:
    done = office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    office.ask(Kind.RESUME_PUBLISHER, smp_id=A)
    with pytest.raises(AlreadyExistsError, match="not suspended already"):
        office.desk.undo(office.anna, office.stored, done.row.id)
    again = office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    office.administration.delete_publisher(office.anna.actor, office.stored, A)
    with pytest.raises(ConflictError, match="isn't there any more"):
        office.desk.undo(office.anna, office.stored, again.row.id)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"smp_id": "NOBODY"}, NotFoundError),
        ({}, ValidationError),
        ({"smp_id": A, "to_smp_id": B}, ValidationError),
        ({"smp_id": A, "participants": (participant(),)}, ValidationError),
        ({"smp_id": A, "reason": "x" * 2001}, ValidationError),
    ],
    ids=["unknown", "nothing", "two", "participants", "long"],
)
def test_what_an_intervention_names_is_checked(office: Office, wanted: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        office.ask(Kind.SUSPEND_PUBLISHER, **wanted)
    assert office.desk.page(office.stored, None, None, 10) == []


def test_participants_that_are_not_registered_are_named(office: Office) -> None:
    office.register(A, "0088:1")
    with pytest.raises(NotFoundError, match=r"not registered: iso6523-actorid-upis::0088:9$"):
        office.ask(Kind.SUSPEND_PARTICIPANT, participants=(participant("0088:1"), participant("0088:9")))
    assert office.naptr("0088:1") is not None


def test_large_smp_is_suspended_by_a_job(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    office.register(A, *(f"0088:{number}" for number in range(5)))
    done = office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    assert done.row.job_id is not None
    assert office.naptr("0088:0") is not None, "the job has not begun"
    with pytest.raises(SmlError, match="is suspended"):
        office.register(A, "0088:9")
    undoing = office.desk.undo(office.anna, office.stored, done.row.id)
    assert undoing.row.job_id not in {None, done.row.job_id}
    office.work()
    assert all(office.naptr(f"0088:{number}") is not None for number in range(5)), "the later one wins"


def test_one_record_suspends_an_smp_with_indirection(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, dns={"publisher_indirection": True}) as offline:
        office = open_office(offline)
        office.register(A, "0088:1")
        state = offline.zone_state()
        assert office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A).row.job_id is None
        gone = state.keys() - offline.zone_state().keys()
        assert gone == {("smp-a.publisher", "CNAME"), ("smp-a.naptr", "NAPTR")}
