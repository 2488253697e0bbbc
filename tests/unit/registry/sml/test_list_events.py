# SPDX-License-Identifier: Apache-2.0
"""A list of participants is one event, and each of them finds its whole history, however it went on."""

from collections import defaultdict
from itertools import count

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.audit import chain
from registry.audit.events import EventFilter, about, search
from registry.audit.subjects import erase_subject
from registry.audit.verification import verify
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.model import Publisher
from tests.simulators.audit import all_events
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

KEY = "Ab12!!cd34-Xy"
CREATED, DELETED = "sml:registration:create", "sml:registration:delete"
PREPARED, MOVED = "sml:migration:prepare", "sml:registration:migrate"
PEOPLE = [participant(f"0088:{name}") for name in ("Ada", "bob", "cy")]


@pytest.fixture(scope="session")
def taker(pki) -> x509.Certificate:
    """The certificate of the SMP that takes participants over."""
    own = pki.smp.certificate
    validity = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    return pki.smp_ca.issue("SMP_TAKER", "PEPPOL TEST SMP", **validity).certificate


@pytest.fixture
def two(offline: OfflineInstance, taker: x509.Certificate) -> OfflineInstance:
    """Two SMPs."""
    sml = offline.instance.sml
    sml.create_publisher(offline.caller(taker), Publisher("TAKER", "https://taker.example.org/", "1.1.1.1"))
    return offline


def tags(offline: OfflineInstance, who: ParticipantIdentifier) -> list[str]:
    told = about(offline.instance.database, str(who))
    assert {event.subject for event in told} <= {str(who)}
    return [event.tag for event in told]


def move(offline: OfflineInstance, taker: x509.Certificate, who: ParticipantIdentifier) -> None:
    offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, who, KEY)
    offline.instance.sml.migrate(offline.caller(taker), "TAKER", who, KEY)


def test_list_is_one_event_and_a_list_of_removals_one_for_each(two: OfflineInstance) -> None:
    sml, database = two.instance.sml, two.instance.database
    sml.create_participants(two.caller(), SMP_ID, PEOPLE)
    sml.delete_participants(two.caller(), SMP_ID, PEOPLE)
    found = search(database, EventFilter(tag="sml:registration:*"), whole=True).events[::-1]
    assert [event.tag for event in found] == [CREATED, DELETED, DELETED, DELETED]
    assert found[0].subjects == tuple(map(str, PEOPLE))
    assert [event.subject for event in found[1:]] == list(map(str, PEOPLE))
    assert [event.before for event in found[1:]] == [{"smp_id": SMP_ID, "event": found[0].sequence}] * 3


def test_who_was_created_in_a_list_removed_created_in_another_and_moved_shows_all_of_it(
    two: OfflineInstance, taker: x509.Certificate
) -> None:
    sml = two.instance.sml
    sml.create_participants(two.caller(), SMP_ID, PEOPLE)
    sml.delete_participants(two.caller(), SMP_ID, PEOPLE[:2])
    sml.create_participants(two.caller(), SMP_ID, [participant("0088:new"), PEOPLE[0]])
    move(two, taker, PEOPLE[0])
    assert tags(two, PEOPLE[0]) == [CREATED, DELETED, CREATED, PREPARED, MOVED]
    assert tags(two, PEOPLE[1]) == [CREATED, DELETED]
    assert tags(two, PEOPLE[2]) == [CREATED]
    sml.delete_participants(two.caller(taker), "TAKER", PEOPLE[:1])
    assert tags(two, PEOPLE[0]) == [CREATED, DELETED, CREATED, PREPARED, MOVED, DELETED]
    (last,) = search(two.instance.database, EventFilter(subject=str(PEOPLE[0])), size=1).events
    second = [event for event in all_events(two.instance.database, CREATED) if event.count == 2]
    assert last.before == {"smp_id": "TAKER", "event": second[0].sequence}


def test_who_came_alone_has_no_list_to_lead_to(two: OfflineInstance) -> None:
    two.instance.sml.create_participants(two.caller(), SMP_ID, PEOPLE[:1])
    two.instance.sml.delete_participants(two.caller(), SMP_ID, PEOPLE[:1])
    assert [event.before for event in about(two.instance.database, str(PEOPLE[0]))] == [None, {"smp_id": SMP_ID}]


def test_list_that_is_refused_leaves_no_event(two: OfflineInstance) -> None:
    sml = two.instance.sml
    sml.create_participants(two.caller(), SMP_ID, PEOPLE[:1])
    with pytest.raises(Exception, match="already exist"):
        sml.create_participants(two.caller(), SMP_ID, PEOPLE)
    assert tags(two, PEOPLE[0]) == [CREATED]
    assert tags(two, PEOPLE[1]) == []


_examples = count()
_some = st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True)
_steps = st.lists(st.tuples(st.sampled_from(["create", "remove", "move", "erase"]), _some), max_size=10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(steps=_steps)
def test_every_history_is_whole_until_it_is_erased(
    two: OfflineInstance, taker: x509.Certificate, steps: list[tuple[str, list[int]]]
) -> None:
    """One instance for all examples, each with participants of its own."""
    sml, database = two.instance.sml, two.instance.database
    example = next(_examples)
    people = [participant(f"0088:P{example}-{number}") for number in range(4)]
    smp_of: dict[int, str] = {}
    history: dict[int, list[str]] = defaultdict(list)
    for step, numbers in steps:
        mine = [number for number in numbers if smp_of.get(number) == SMP_ID]
        if step == "create":
            new = [number for number in numbers if number not in smp_of]
            sml.create_participants(two.caller(), SMP_ID, [people[number] for number in new])
            for number in new:
                smp_of[number] = SMP_ID
                history[number].append(CREATED)
        elif step == "remove":
            sml.delete_participants(two.caller(), SMP_ID, [people[number] for number in mine])
            for number in mine:
                del smp_of[number]
                history[number].append(DELETED)
        elif step == "move":
            for number in mine:
                move(two, taker, people[number])
                smp_of[number] = "TAKER"
                history[number] += [PREPARED, MOVED]
        else:
            for number in numbers:
                if history[number]:
                    with database.write(ACTOR) as work:
                        assert erase_subject(work, str(people[number])).sealed_events == len(history[number])
                    history[number] = []
    for number, who in enumerate(people):
        assert tags(two, who) == history[number]
    chain.seal(database)
    assert verify(database).finding is None
