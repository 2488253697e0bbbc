# SPDX-License-Identifier: Apache-2.0
"""Four eyes: who asks never approves, whatever way they come in, and nothing gets round the second person."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.accounts.permissions import Principal
from registry.audit.events import EventFilter, search
from registry.domains.sml_profile import INTERVENTIONS
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, UnauthorizedError
from registry.sml.interventions.model import CertificateName, Kind, Operator, Wanted
from registry.sml.model import Publisher
from registry.storage.engine import Actor
from registry.storage.queries.interventions import State
from tests.simulators.databases import everything_in
from tests.simulators.interventions import A, B, Office
from tests.simulators.offline import participant


@pytest.fixture
def strict(office: Office) -> Office:
    """Where every power needs two."""
    office.with_settings(four_eyes=INTERVENTIONS)
    office.register(A, "0088:1", "0088:2")
    return office


def test_kinds_are_those_that_a_domain_can_name() -> None:
    assert [kind.value for kind in Kind] == [*INTERVENTIONS]
    assert all(kind.inverse.inverse is kind for kind in Kind)


def test_intervention_waits_for_somebody_else(strict: Office) -> None:
    asked = strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=A, reason="as the court says")
    assert (asked.row.state, asked.asked_by) == (State.WAITING, "Anna")
    assert asked.plan is not None
    assert asked.plan.counts["participants"] == 2
    assert strict.naptr("0088:1") is not None
    approved = strict.desk.approve(strict.bert, strict.stored, asked.row.id)
    assert (approved.row.state, approved.approved_by) == (State.APPLIED, "Bert")
    assert strict.naptr("0088:1") is None
    events = search(strict.offline.instance.database, EventFilter(subject=f"intervention:{asked.row.id}")).events
    assert [(event.tag, event.actor) for event in events][::-1] == [
        ("sml:intervention:ask", strict.anna.actor.name),
        ("sml:intervention:approve", strict.bert.actor.name),
        ("sml:intervention:apply", strict.bert.actor.name),
    ]
    assert events[0].after == {
        "kind": "suspend-publisher",
        "subject": A,
        "counts": {"participants": 2, "suspended": 0, "migrations": 0},
    }


@pytest.mark.parametrize("kind", Kind)
def test_every_power_can_need_two(strict: Office, kind: Kind) -> None:
    wanted = {
        Kind.SUSPEND_PUBLISHER: Wanted(kind, A),
        Kind.RESUME_PUBLISHER: Wanted(kind, A),
        Kind.SUSPEND_PARTICIPANT: Wanted(kind, participants=(participant("0088:1"),)),
        Kind.RESUME_PARTICIPANT: Wanted(kind, participants=(participant("0088:1"),)),
        Kind.TRANSFER: Wanted(kind, A, B, order_reference="order"),
        Kind.LIFT_QUARANTINE: Wanted(kind, participants=(participant("0088:gone"),)),
        Kind.BLOCK_CERTIFICATE: Wanted(kind, certificates=(CertificateName("CN=x", "1"),)),
        Kind.UNBLOCK_CERTIFICATE: Wanted(kind, certificates=(CertificateName("CN=x", "1"),)),
    }[kind]
    with pytest.raises(UnauthorizedError, match="who asks has to be an account"):
        strict.desk.ask(strict.terminal, strict.stored, wanted)


def test_who_asked_does_not_approve_by_another_credential(strict: Office) -> None:
    asked = strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    account = strict.anna.account_id
    ways = [
        Principal(f"person:{account}", "Anna", "person", "session", account),
        Principal("token:annas", "Anna", "program", "token", account),
        Principal("program:annas", "Anna", "program", "certificate", account),
    ]
    for principal in ways:
        with pytest.raises(UnauthorizedError, match="who asked can't approve"):
            strict.desk.approve(Operator.of(principal), strict.stored, asked.row.id)
    for nobody in (strict.terminal, Operator(Actor("token:old"))):
        with pytest.raises(UnauthorizedError, match="who approves has to be an account"):
            strict.desk.approve(nobody, strict.stored, asked.row.id)
    assert strict.desk.one(strict.stored, asked.row.id).row.state is State.WAITING


def test_intervention_is_decided_once(strict: Office) -> None:
    asked = strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    with pytest.raises(AlreadyExistsError, match=f"intervention {asked.row.id} asks for the same, and waits"):
        strict.ask(Kind.SUSPEND_PUBLISHER, strict.bert, smp_id=A, reason="another reason")
    refused = strict.desk.refuse(strict.bert, strict.stored, asked.row.id)
    assert (refused.row.state, refused.refused_by) == (State.REFUSED, "Bert")
    with pytest.raises(ConflictError, match="is refused already"):
        strict.desk.approve(strict.bert, strict.stored, asked.row.id)
    again = strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    withdrawn = strict.desk.refuse(strict.anna, strict.stored, again.row.id)
    assert withdrawn.refused_by == "Anna"
    with pytest.raises(NotFoundError, match="no intervention 999"):
        strict.desk.refuse(strict.bert, strict.stored, 999)
    states = [(item.row.id, item.row.state) for item in strict.desk.page(strict.stored, None, None, 10)]
    assert states == [(again.row.id, State.REFUSED), (asked.row.id, State.REFUSED)]
    assert strict.desk.page(strict.stored, State.WAITING, None, 10) == []


def test_what_can_not_be_done_any_more_is_not_approved(strict: Office) -> None:
    asked = strict.transfer()
    strict.with_settings(four_eyes=("transfer",))
    strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=B)
    waiting = strict.desk.one(strict.stored, asked.row.id)
    assert (waiting.plan, waiting.hindrance) == (None, "the SMP SMP-B is suspended: nobody would be found there")
    before = everything_in(strict.offline.instance.database)
    with pytest.raises(ConflictError, match="is suspended"):
        strict.desk.approve(strict.bert, strict.stored, asked.row.id)
    assert everything_in(strict.offline.instance.database) == before


def test_undoing_needs_two_where_its_inverse_does(strict: Office) -> None:
    strict.with_settings(four_eyes=("resume-publisher",))
    done = strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    assert done.row.state is State.APPLIED
    undoing = strict.desk.undo(strict.anna, strict.stored, done.row.id, "it was another one")
    assert (undoing.row.state, undoing.wanted.undoes) == (State.WAITING, done.row.id)
    assert strict.naptr("0088:1") is None
    with pytest.raises(UnauthorizedError):
        strict.desk.approve(strict.anna, strict.stored, undoing.row.id)
    strict.desk.approve(strict.bert, strict.stored, undoing.row.id)
    assert strict.naptr("0088:1") is not None
    assert strict.desk.one(strict.stored, done.row.id).undone_by == "Anna", "who asked for it"


def test_window_counts_when_undoing_is_applied(strict: Office) -> None:
    strict.with_settings(four_eyes=("resume-publisher",), undo_hours=2)
    done = strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    assert done.row.undo_until == strict.offline.clock.now + timedelta(hours=2)
    undoing = strict.desk.undo(strict.anna, strict.stored, done.row.id)
    strict.offline.clock.forward(hours=2)
    with pytest.raises(ConflictError, match="can't be undone since"):
        strict.desk.approve(strict.bert, strict.stored, undoing.row.id)


def test_intervention_is_undone_once_and_undoing_is_not_undone(office: Office) -> None:
    done = office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    undoing = office.desk.undo(office.anna, office.stored, done.row.id)
    with pytest.raises(ConflictError, match=f"intervention {done.row.id} is undone: there is nothing to undo"):
        office.desk.undo(office.anna, office.stored, done.row.id)
    with pytest.raises(ConflictError, match="undid another one"):
        office.desk.undo(office.anna, office.stored, undoing.row.id)
    assert undoing.row.undo_until is None


def test_domain_without_a_window_undoes_nothing(office: Office) -> None:
    office.with_settings(undo_hours=0)
    done = office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    assert "can't be undone (sml.undo_hours); ask for resume-publisher" in done.hindrance


def test_one_person_is_enough_where_the_domain_wants_no_more(office: Office) -> None:
    office.register(A, "0088:1")
    done = office.ask(Kind.SUSPEND_PUBLISHER, office.terminal, smp_id=A)
    assert (done.row.state, done.asked_by, done.row.approved_by) == (State.APPLIED, "cli:root", None)


def test_other_domains_and_domains_without_an_sml_have_no_interventions(office: Office) -> None:
    done = office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    office.with_settings(enabled=False)
    with pytest.raises(ConflictError, match="not the SML"):
        office.desk.undo(office.anna, office.stored, done.row.id)


# Ways round


def test_participants_do_not_move_without_the_second_person(strict: Office) -> None:
    one, actor, administration = participant("0088:1"), strict.anna.actor, strict.administration
    with pytest.raises(ConflictError, match="wants a second person for transfer"):
        administration.move(actor, strict.stored, [one], B)
    with pytest.raises(ConflictError, match="wants a second person for transfer"):
        administration.prepare_migration(actor, strict.stored, one, "Ab12!!cd34-Xy")
    with pytest.raises(ConflictError, match="another address of an SMP with participants"):
        administration.change_publisher(actor, strict.stored, A, "https://b.example/smp", "192.0.2.1")
    assert administration.move(actor, strict.stored, [one], A) == 0, "to move it to where it is, is nothing"
    administration.change_publisher(actor, strict.stored, B, "https://new.example/smp", "192.0.2.1")
    administration.change_publisher(actor, strict.stored, A, "https://a.example/smp", "198.51.100.1")
    strict.with_settings(four_eyes=())
    assert administration.move(actor, strict.stored, [one], B) == 1


def test_what_is_suspended_is_not_removed_and_made_anew_by_one_alone(strict: Office) -> None:
    strict.with_settings(four_eyes=("resume-publisher", "resume-participant"))
    one, actor, administration = participant("0088:1"), strict.anna.actor, strict.administration
    strict.ask(Kind.SUSPEND_PARTICIPANT, participants=(one,))
    with pytest.raises(ConflictError, match="wants a second person for resume-participant"):
        administration.unregister(actor, strict.stored, [one])
    with pytest.raises(ConflictError, match="wants a second person for resume-participant"):
        administration.delete_publisher(actor, strict.stored, A)
    strict.ask(Kind.SUSPEND_PUBLISHER, smp_id=B)
    with pytest.raises(ConflictError, match="wants a second person for resume-publisher"):
        administration.delete_publisher(actor, strict.stored, B)
    strict.with_settings(four_eyes=())
    administration.delete_publisher(actor, strict.stored, B)
    administration.create_publisher(actor, strict.stored, Publisher(B, "https://b.example/", "192.0.2.1"))


# At once


def test_of_two_that_approve_at_once_one_does_and_it_is_applied_once(strict: Office) -> None:
    asked = strict.transfer()
    third = replace(strict.bert, account_id=(strict.bert.account_id or 0) + 100)

    def approve(by: Operator) -> bool:
        try:
            strict.desk.approve(by, strict.stored, asked.row.id)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, [strict.bert, third])) == [False, True]
    assert strict.held(B) == ["0088:1", "0088:2"]
    assert strict.tags(f"intervention:{asked.row.id}").count("sml:intervention:apply") == 1


def test_of_two_that_ask_for_the_same_at_once_one_has_asked(office: Office) -> None:
    def ask(by: Operator) -> bool:
        try:
            office.ask(Kind.SUSPEND_PUBLISHER, by, smp_id=A)
        except AlreadyExistsError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, [office.anna, office.bert])) == [False, True]
    assert office.tags(A).count("sml:publisher:suspend") == 1
