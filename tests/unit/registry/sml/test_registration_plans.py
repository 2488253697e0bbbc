# SPDX-License-Identifier: Apache-2.0
"""What changes of registrations would come to: told without doing anything, and refused as the change would be."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, RegistryError, ValidationError
from registry.sml.interventions.model import Kind
from registry.sml.registration_plans import RegistrationPlan, RegistrationPlans, RemovalPlan
from tests.simulators.databases import everything_in
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import ACTOR, OfflineInstance, participant

KEY = "Ab12!!cd34-Xy"
ONE, TWO, NEW = (participant(f"0088:{number}") for number in (1, 2, 3))
Plan = Callable[[Office], object]


@pytest.fixture
def office(offline: OfflineInstance) -> Office:
    office = open_office(offline)
    office.register(A, "0088:1", "0088:2")
    return office


def plans(office: Office) -> RegistrationPlans:
    return office.administration.plans


def test_plans_name_whose_participants_are_and_what_ends(office: Office) -> None:
    office.register(B, "0088:9")
    office.ask(Kind.SUSPEND_PARTICIPANT, participants=(TWO,))
    office.offline.instance.sml.prepare_migration(office.caller(A), A, ONE, KEY)
    before = everything_in(office.offline.instance.database)
    moving = plans(office).moving(office.stored, [ONE, TWO, participant("0088:9")], B)
    assert moving == RegistrationPlan(2, {A: 2}, suspended=1, migrations=1)
    assert plans(office).registering(office.stored, B, [NEW]) == RegistrationPlan(1)
    office.with_settings(quarantine_days=30)
    ending = plans(office).ending(office.stored, [TWO, participant("0088:9")])
    assert ending == RegistrationPlan(2, {A: 1, B: 1}, suspended=1, quarantine_days=30)
    assert everything_in(office.offline.instance.database) == before


def test_names_of_an_smp_are_counted_with_its_own(office: Office) -> None:
    assert plans(office).removing(office.stored, A) == RemovalPlan(2, 0, 0, 0, names=3, quarantine_days=0)
    office.ask(Kind.SUSPEND_PARTICIPANT, participants=(TWO,))
    office.offline.instance.sml.prepare_migration(office.caller(A), A, ONE, KEY)
    assert plans(office).removing(office.stored, A) == RemovalPlan(2, 0, 1, 1, names=2, quarantine_days=0)
    office.ask(Kind.SUSPEND_PUBLISHER, smp_id=A)
    assert plans(office).removing(office.stored, A).names == 0


@pytest.mark.parametrize("twice", [False, True], ids=["one name each", "a CNAME each"])
def test_counted_names_are_those_that_go(office: Office, twice: bool) -> None:
    dns = replace(office.stored.domain.dns, legacy_cname=twice)
    stored = replace(office.stored, domain=replace(office.stored.domain, dns=dns))
    told = plans(office).removing(stored, B).names
    held = plans(office).removing(stored, A).names
    assert (told, held) == (1, 5 if twice else 3)
    if not twice:
        there = set(office.offline.zone_state())
        office.administration.delete_publisher(ACTOR, stored, A)
        assert len({name for name, _ in there - set(office.offline.zone_state())}) == held


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (lambda office: plans(office).registering(office.stored, B, [ONE]), AlreadyExistsError),
        (lambda office: plans(office).registering(office.stored, "NONE", [NEW]), NotFoundError),
        (lambda office: plans(office).registering(office.stored, B, [NEW, NEW]), ValidationError),
        (lambda office: plans(office).registering(office.stored, B, [participant("*")]), RegistryError),
        (lambda office: plans(office).moving(office.stored, [NEW], B), NotFoundError),
        (lambda office: plans(office).ending(office.stored, [ONE, NEW]), NotFoundError),
        (lambda office: plans(office).removing(office.stored, "NONE"), NotFoundError),
    ],
    ids=["registered", "no SMP", "twice", "wildcard", "not registered", "one not registered", "no such SMP"],
)
def test_what_can_not_be_done_is_refused_as_by_the_change(
    office: Office, plan: Plan, error: type[RegistryError]
) -> None:
    with pytest.raises(error):
        plan(office)


def test_open_migration_stands_against_an_end(office: Office) -> None:
    office.offline.instance.sml.prepare_migration(office.caller(A), A, ONE, KEY)
    with pytest.raises(ConflictError, match="migration"):
        plans(office).ending(office.stored, [ONE])


def test_second_person_is_wanted_for_a_plan_as_for_the_change(office: Office) -> None:
    office.with_settings(four_eyes=frozenset({"transfer"}))
    with pytest.raises(ConflictError, match="second person for transfer"):
        plans(office).moving(office.stored, [ONE], B)
    assert plans(office).moving(office.stored, [ONE], A) == RegistrationPlan(0), "it has it already"


def test_domain_of_another_sml_has_no_plans(office: Office) -> None:
    office.with_settings(enabled=False)
    for plan in (
        lambda: plans(office).registering(office.stored, A, [NEW]),
        lambda: plans(office).moving(office.stored, [ONE], B),
        lambda: plans(office).ending(office.stored, [ONE]),
        lambda: plans(office).removing(office.stored, A),
    ):
        with pytest.raises(ConflictError, match="not the SML"):
            plan()
