# SPDX-License-Identifier: Apache-2.0
"""What was deregistered is for its former SMP alone for a while, unless the operator lets it out."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from registry.demo.pki import DemoPki
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import SmlError
from registry.sml.interventions.model import Kind
from registry.sml.model import Publisher
from registry.storage.queries import quarantine
from registry.storage.queries.quarantine import QuarantineRow
from tests.simulators.interventions import ADDRESS, A, B, Office, open_office
from tests.simulators.offline import offline_instance, participant

DAYS = 30


@pytest.fixture
def office(tmp_path: Path, pki: DemoPki) -> Iterator[Office]:
    settings = {"enabled": True, "quarantine_days": DAYS}
    with offline_instance(tmp_path, pki, sml=settings) as offline:
        yield open_office(offline)


def give_up(office: Office, smp_id: str, *values: str) -> list[ParticipantIdentifier]:
    """Participants that an SMP had."""
    every = office.register(smp_id, *values)
    office.offline.instance.sml.delete_participants(office.caller(smp_id), smp_id, every)
    return every


def test_former_smp_may_at_any_time_and_others_are_told_until_when(office: Office) -> None:
    give_up(office, A, "0088:Abc")
    until = office.offline.clock.now + timedelta(days=DAYS)
    with pytest.raises(SmlError) as refused:
        office.register(B, "0088:ABC")
    assert str(refused.value) == (
        "[ERR-106] The participant identifier '0088:ABC' with scheme: 'iso6523-actorid-upis' is in quarantine until "
        f"{until:%Y-%m-%dT%H:%M:%SZ}: only the SMP that had it last may register it before"
    )
    office.register(A, "0088:abc")
    assert office.desk.quarantined(office.stored, ("", ""), 10) == []


def test_quarantine_ends_by_itself(office: Office) -> None:
    give_up(office, A, "0088:1")
    office.offline.clock.forward(days=DAYS, seconds=-1)
    with pytest.raises(SmlError, match="in quarantine"):
        office.register(B, "0088:1")
    office.offline.clock.forward(seconds=1)
    office.register(B, "0088:1")
    assert office.leads_to(B, ["0088:1"])


def test_administrator_keeps_to_it_and_sees_every_participant_that_is_in_it(office: Office) -> None:
    give_up(office, A, "0088:1", "0088:2")
    every = [participant(f"0088:{number}") for number in range(1, 4)]
    with pytest.raises(ValidationError, match="SML-QUARANTINE") as refused:
        office.administration.register(office.anna.actor, office.stored, B, every)
    assert len(refused.value.reasons) == 2
    office.administration.register(office.anna.actor, office.stored, A, [participant("0088:1")])
    office.administration.unregister(office.anna.actor, office.stored, [participant("0088:1")])
    with pytest.raises(SmlError, match="in quarantine"):
        office.register(B, "0088:1")


def test_participants_of_an_smp_that_has_gone_are_nobodys(office: Office) -> None:
    give_up(office, A, "0088:1")
    office.register(A, "0088:2")
    sml = office.offline.instance.sml
    sml.delete_publisher(office.caller(A), A)
    sml.create_publisher(office.caller(B), Publisher("smp-a", ADDRESS[B], "192.0.2.1"))
    for value in ("0088:1", "0088:2"):
        with pytest.raises(SmlError, match="in quarantine"):
            sml.create_participants(office.caller(B), A, [participant(value)])


def test_participant_that_moved_is_kept_for_who_had_it_last(office: Office) -> None:
    (one,) = office.register(A, "0088:1")
    office.transfer()
    office.offline.instance.sml.delete_participants(office.caller(B), B, [one])
    with pytest.raises(SmlError, match="in quarantine"):
        office.register(A, "0088:1")


def test_operator_lets_participants_out_and_puts_them_back(office: Office) -> None:
    one, other, third = give_up(office, A, "0088:1", "0088:2", "0088:3")
    before = office.desk.quarantined(office.stored, ("", ""), 10)
    done = office.ask(Kind.LIFT_QUARANTINE, participants=(one, other))
    assert done.plan is not None
    assert dict(done.plan.counts) == {"participants": 2}
    assert done.plan.notes[0] == "of SMP-A"
    assert [row.value_key for row in office.desk.quarantined(office.stored, ("", ""), 10)] == ["0088:3"]
    office.register(B, "0088:1")
    undoing = office.desk.undo(office.anna, office.stored, done.row.id)
    assert undoing.plan is not None
    assert (dict(undoing.plan.counts), undoing.plan.notes) == (
        {"participants": 1, "left": 1},
        ("1 are registered again",),
    )
    after = office.desk.quarantined(office.stored, ("", ""), 10)
    assert after == [row for row in before if row.value_key != "0088:1"]
    assert office.tags(str(other))[-2:] == ["sml:registration:lift-quarantine", "sml:registration:quarantine"]
    assert third.value == "0088:3"


def test_only_what_is_in_quarantine_is_let_out_of_it(office: Office) -> None:
    (one,) = give_up(office, A, "0088:1")
    with pytest.raises(NotFoundError, match=r"not in quarantine: iso6523-actorid-upis::0088:2$"):
        office.ask(Kind.LIFT_QUARANTINE, participants=(one, participant("0088:2")))
    done = office.ask(Kind.LIFT_QUARANTINE, participants=(one,))
    office.register(B, "0088:1")
    with pytest.raises(ConflictError, match="nothing is left that could be undone: 1 are registered again"):
        office.desk.undo(office.anna, office.stored, done.row.id)


def test_waiting_lift_is_no_lift(office: Office) -> None:
    (one,) = give_up(office, A, "0088:1")
    office.with_settings(four_eyes=("lift-quarantine",))
    office.ask(Kind.LIFT_QUARANTINE, participants=(one,))
    with pytest.raises(AlreadyExistsError, match="asks for the same"):
        office.ask(Kind.LIFT_QUARANTINE, participants=(one,))
    with pytest.raises(SmlError, match="in quarantine"):
        office.register(B, "0088:1")


def test_quarantine_is_paged(office: Office) -> None:
    every = give_up(office, A, *(f"0088:{number:02}" for number in range(7)))
    seen, after = [], ("", "")
    while rows := office.desk.quarantined(office.stored, after, 3):
        seen += [row.value_key for row in rows]
        after = rows[-1].key
    assert seen == [each.value for each in every]


def test_domain_that_has_none_any_more_looks_at_none(office: Office) -> None:
    (one,) = give_up(office, A, "0088:1")
    with office.offline.instance.database.write(office.anna.actor) as work:
        held = quarantine.find(work.connection, office.stored.id, [(one.scheme, one.value)], work.now)
        assert isinstance(held[one.scheme, one.value], QuarantineRow)
    office.with_settings(quarantine_days=0)
    office.administration.register(office.anna.actor, office.stored, B, [one])
    assert office.leads_to(B, ["0088:1"])
