# SPDX-License-Identifier: Apache-2.0
"""A transfer gives one SMP's participants to another without its key, and is taken back exactly."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.audit.events import EventFilter, search
from registry.demo.pki import DemoPki
from registry.errors import ConflictError, NotFoundError, ValidationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.jobs.queue import cancel, retry
from registry.sml import bulk
from registry.sml.bulk import Bulk
from registry.sml.errors import SmlError
from registry.sml.interventions import transfer
from registry.sml.interventions.model import Kind
from registry.storage.queries import jobs
from registry.storage.queries.interventions import State
from registry.storage.queries.jobs import JobState
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.interventions import ADDRESS, A, B, Office, open_office
from tests.simulators.offline import offline_instance, participant

KEY = "Ab12!!cd34-Xy"


def state_of(office: Office, job_id: int | None) -> JobState:
    with office.offline.instance.database.read() as connection:
        row = jobs.find(connection, job_id or 0)
    assert row is not None
    return row.state


def test_all_participants_lead_to_the_heir_and_the_giver_has_none(office: Office) -> None:
    office.register(A, "0088:1", "0088:2")
    office.register(B, "0088:3")
    done = office.transfer()
    assert (done.row.state, done.row.subject, done.row.order_reference) == (
        State.APPLIED,
        "SMP-A to SMP-B",
        "court 12/2026",
    )
    assert office.leads_to(B, ["0088:1", "0088:2", "0088:3"])
    assert (office.held(A), office.held(B)) == ([], ["0088:1", "0088:2", "0088:3"])
    with pytest.raises(SmlError, match="belongs to another SMP"):
        office.offline.instance.sml.delete_participants(office.caller(A), A, [participant("0088:1")])
    assert office.tags(A)[-1] == "sml:publisher:transfer"


def test_plan_counts_what_moves_and_what_ends(office: Office) -> None:
    one, other, _ = office.register(A, "0088:1", "0088:2", "0088:3")
    office.register(B, "0088:4")
    office.offline.instance.sml.prepare_migration(office.caller(A), A, one, KEY)
    office.ask(Kind.SUSPEND_PARTICIPANT, participants=(other,))
    done = office.transfer()
    assert dict(done.plan.counts) == {
        "participants": 3,
        "wildcards": 0,
        "suspended": 1,
        "with_services": 0,
        "migrations": 1,
        "there": 1,
    }
    assert done.plan.notes == (
        "open migrations end, and their keys mean nothing any more",
        "participants that are suspended stay so",
    )
    assert office.administration.migrations(office.stored, 0, 10) == []
    with pytest.raises(SmlError, match="ERR-111"):
        office.offline.instance.sml.migrate(office.caller(B), B, one, KEY)


def test_some_participants_can_be_named(office: Office) -> None:
    one, _ = office.register(A, "0088:1", "0088:2")
    (foreign,) = office.register(B, "0088:3")
    with pytest.raises(ConflictError, match=r"not of the SMP SMP-A: iso6523-actorid-upis::0088:3$"):
        office.transfer(participants=(one, foreign))
    done = office.transfer(participants=(one,))
    assert (office.held(A), office.held(B)) == (["0088:2"], ["0088:1", "0088:3"])
    office.desk.undo(office.bert, office.stored, done.row.id)
    assert (office.held(A), office.held(B)) == (["0088:1", "0088:2"], ["0088:3"])
    assert office.leads_to(A, ["0088:1"])


def test_transfer_needs_an_order_and_an_heir_that_is_found(office: Office) -> None:
    office.register(A, "0088:1")
    with pytest.raises(ValidationError, match="transfer needs order_reference"):
        office.ask(Kind.TRANSFER, smp_id=A, to_smp_id=B)
    with pytest.raises(ValidationError, match="its own heir"):
        office.transfer(A, "smp-a")
    with pytest.raises(NotFoundError, match="NOBODY"):
        office.transfer(A, "NOBODY")
    with pytest.raises(ConflictError, match="SMP-B has no participants"):
        office.transfer(B, A)
    office.ask(Kind.SUSPEND_PUBLISHER, smp_id=B)
    with pytest.raises(ConflictError, match="is suspended: nobody would be found there"):
        office.transfer()
    assert office.held(A) == ["0088:1"]


def test_participants_of_a_suspended_smp_are_found_again_at_the_heir(office: Office) -> None:
    office.register(A, "0088:1")
    office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    done = office.transfer()
    assert "the SMP SMP-A is suspended; what moves is found again" in done.plan.notes
    assert office.leads_to(B, ["0088:1"])


def test_wildcard_moves_only_to_who_may_have_it(tmp_path: Path, pki: DemoPki) -> None:
    owners = {"sml": {"enabled": True, "wildcard_owners": {ISO6523: [A]}}}
    with offline_instance(tmp_path, pki, **owners) as offline:
        office = open_office(offline)
        offline.instance.sml.create_participants(office.caller(A), A, [ParticipantIdentifier(ISO6523, "*")])
        with pytest.raises(ValidationError, match="wildcard_owners of the domain does not name SMP-B"):
            office.transfer()


def test_undoing_takes_back_exactly_what_was_given(office: Office) -> None:
    office.register(A, "0088:a1")
    office.register(B, "0088:b1")
    office.register(A, "0088:a2", "0088:a3")
    office.register(B, "0088:b2")
    before = office.offline.zone_state()
    done = office.transfer()
    undoing = office.desk.undo(office.bert, office.stored, done.row.id)
    assert (office.held(A), office.held(B)) == (["0088:a1", "0088:a2", "0088:a3"], ["0088:b1", "0088:b2"])
    after = office.offline.zone_state()
    assert {key: text for key, text in after.items() if key[1] != "SOA"} == {
        key: text for key, text in before.items() if key[1] != "SOA"
    }
    assert dict(undoing.plan.counts) == {"participants": 3, "left": 0}
    assert office.tags(A)[-1] == "sml:publisher:transfer-back"


def test_undoing_leaves_what_has_changed_since(office: Office) -> None:
    ours = office.register(A, *(f"0088:{number}" for number in range(5)))
    done = office.transfer()
    office.offline.clock.forward(minutes=1)
    office.register(B, "0088:new")
    office.administration.unregister(office.anna.actor, office.stored, [ours[0]])
    office.administration.move(office.anna.actor, office.stored, [ours[1]], A)
    office.ask(Kind.SUSPEND_PARTICIPANT, participants=(ours[2],))
    undoing = office.desk.undo(office.anna, office.stored, done.row.id)
    assert dict(undoing.plan.counts) == {"participants": 2, "left": 3}
    assert undoing.plan.notes == (
        "migrations that the transfer ended stay ended: they have to be prepared anew",
        "3 stay where they are: changed, moved on or deregistered since",
    )
    assert office.held(A) == ["0088:1", "0088:3", "0088:4"]
    assert office.held(B) == ["0088:2", "0088:new"]


def test_transfer_that_nothing_is_left_of_can_not_be_undone(office: Office) -> None:
    office.register(A, "0088:1")
    done = office.transfer()
    office.offline.clock.forward(minutes=1)
    office.transfer(B, A)
    with pytest.raises(ConflictError, match="nothing is left as the transfer left it"):
        office.desk.undo(office.anna, office.stored, done.row.id)
    gone = office.transfer()
    office.administration.delete_publisher(office.anna.actor, office.stored, A)
    with pytest.raises(ConflictError, match="taken from isn't there any more"):
        office.desk.undo(office.anna, office.stored, gone.row.id)


@settings(max_examples=40, deadline=None)
@given(owners=st.lists(st.sampled_from("AB"), max_size=30), taken=st.sets(st.integers(0, 29)))
def test_undoing_is_the_inverse_whatever_the_order_of_registration(owners: list[str], taken: set[int]) -> None:
    """The runs of ids tell what was given, although both SMPs' participants lie between each other."""
    ids = {"A": [n for n, owner in enumerate(owners) if owner == "A"], "B": []}
    runs: list[list[int]] = []
    for number, owner in enumerate(owners):
        if owner == "A":
            if runs and owners[number - 1] == "A":
                runs[-1][1] = number
            else:
                runs.append([number, number])
    held = sorted({*range(len(owners))} - taken)
    assert transfer.in_runs(runs, held) == [number for number in held if number in ids["A"]]


# Jobs


@pytest.fixture
def large(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Where three participants are many."""
    for module, name, number in (
        (bulk, "AT_ONCE", 3),
        (bulk, "PART", 2),
        (transfer, "AT_ONCE", 3),
        (transfer, "PART", 2),
        (transfer, "LOOKED_AT", 2),
    ):
        monkeypatch.setattr(module, name, number)
    office.register(B, "0088:b0")
    office.register(A, *(f"0088:{number}" for number in range(7)))
    office.register(B, "0088:b1")
    return office


def test_many_participants_move_and_come_back_by_jobs(large: Office) -> None:
    done = large.transfer()
    assert done.row.job_id is not None
    assert "a job does it, in parts" in done.plan.notes
    with pytest.raises(ConflictError, match="is still at it"):
        large.desk.undo(large.anna, large.stored, done.row.id)
    large.work()
    assert large.held(A) == []
    assert large.leads_to(B, [f"0088:{number}" for number in range(7)])
    large.offline.clock.forward(minutes=1)
    undoing = large.desk.undo(large.anna, large.stored, done.row.id)
    assert undoing.row.job_id is not None
    large.work()
    assert large.held(A) == [f"0088:{number}" for number in range(7)]
    assert large.held(B) == ["0088:b0", "0088:b1"]
    assert large.leads_to(A, [f"0088:{number}" for number in range(7)])


@pytest.mark.parametrize("parts", [0, 1])
def test_job_that_was_broken_off_is_undone_and_does_nothing_when_it_is_begun_anew(
    large: Office, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    done = large.transfer()
    number = done.row.job_id
    assert number is not None
    begun = iter(range(10))
    carry_out = Bulk._transfer

    def broken_off(self: Bulk, work: UnitOfWork, *others: Any) -> Any:
        part = carry_out(self, work, *others)
        if next(begun) == parts:
            cancel(work, number)
        return part

    monkeypatch.setattr(Bulk, "_transfer", broken_off)
    large.work()
    assert state_of(large, number) is JobState.CANCELLED
    assert len(large.held(A)) == 7 - 2 * parts
    large.offline.clock.forward(minutes=1)
    undoing = large.desk.undo(large.anna, large.stored, done.row.id)
    assert undoing.plan is not None
    assert undoing.plan.counts["participants"] == 2 * parts
    with large.offline.instance.database.write(large.anna.actor) as work:
        retry(work, number)
    large.work()
    assert state_of(large, number) is JobState.FAILED
    assert large.held(A) == [f"0088:{value}" for value in range(7)]


def test_event_of_a_transfer_has_numbers_and_no_participant(office: Office) -> None:
    office.register(A, "0088:1")
    done = office.transfer(participants=(participant("0088:1"),))
    events = search(office.offline.instance.database, EventFilter(subject=f"intervention:{done.row.id}")).events
    assert [event.tag for event in events] == ["sml:intervention:apply", "sml:intervention:ask"]
    assert "0088:1" not in str([event.after for event in events])
    assert events[0].after["counts"]["participants"] == 1
    assert events[0].after["order_reference"] == "court 12/2026"


def test_undo_ends_with_its_window(office: Office) -> None:
    office.register(A, "0088:1")
    done = office.transfer()
    assert done.row.undo_until == office.offline.clock.now + timedelta(hours=24)
    office.offline.clock.forward(hours=24)
    shown = office.desk.one(office.stored, done.row.id)
    assert "can't be undone since" in shown.hindrance
    with pytest.raises(ConflictError, match=r"can't be undone since .* \(sml.undo_hours\); ask for transfer"):
        office.desk.undo(office.anna, office.stored, done.row.id)
    assert ADDRESS[B] in (office.naptr("0088:1") or "")
