# SPDX-License-Identifier: Apache-2.0
"""What is recorded is found again; what is personal lies sealed in the database, and nobody else's key opens it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, insert, select, update

from registry.audit.events import Event, EventFilter, about, record, record_many, search
from registry.audit.personal import is_personal
from registry.errors import ConfigurationError, ConflictError
from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database
from registry.storage.tables import account, event, event_subject
from tests.simulators.databases import everything_in
from tests.simulators.offline import MovableClock

PARTICIPANT = "iso6523-actorid-upis::0088:7300010000001"
CREATED = "sml:registration:create"
DELETED = "sml:registration:delete"


def write(database: Database, actor: Actor, tag: str, *subjects: str, after: object = None) -> None:
    with database.write(actor) as work:
        record_many(work, tag, [(subject, None, after) for subject in subjects])


def sole(database: Database, wanted: EventFilter) -> Event:
    (found,) = search(database, wanted).events
    return found


@pytest.mark.parametrize(
    ("tag", "subject", "personal"),
    [
        ("smp:service-group:create", PARTICIPANT, True),
        ("smp:service-metadata:update", PARTICIPANT, True),
        ("smp:business-card:delete", PARTICIPANT, True),
        ("sml:registration:migrate", PARTICIPANT, True),
        ("sml:migration:prepare", PARTICIPANT, True),
        ("accounts:account:create", "person:7", True),
        ("accounts:account:create", "program:erp", False),
        ("accounts:token:create", "token:erp", False),
        ("smp:access-point:change", "access-point:ap1", False),
        ("sml:publisher:create", "SMP-1", False),
        ("domains:domain:create", "domain:demo", False),
        ("jobs:job:create", "person:7", False),
    ],
)
def test_participants_and_people_are_sealed(tag: str, subject: str, personal: bool) -> None:
    assert is_personal(tag, subject) is personal


def test_event_says_all_that_was_recorded(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        record(work, "domains:domain:update", "domain:demo", before={"b": 1, "a": [None]}, after={"ü": True})
    (found,) = about(database, "domain:demo")
    assert (found.sequence, found.position, found.at) == (1, None, database.now())
    assert (found.actor, found.request_id, found.tag) == ("cli:ops", "request-1", "domains:domain:update")
    assert (found.subject, found.before, found.after) == ("domain:demo", {"b": 1, "a": [None]}, {"ü": True})


def test_personal_values_are_not_in_the_database_and_are_opened_on_the_way_out(
    database: Database, actor: Actor
) -> None:
    with database.write(actor) as work:
        record(work, DELETED, PARTICIPANT, before={"smp_id": "SMP-ONE"}, after={"told": "Jane Doe"})
    kept = everything_in(database)
    assert DELETED in kept
    for secret in (PARTICIPANT, "7300010000001", "SMP-ONE", "Jane Doe"):
        assert secret not in kept
    (found,) = about(database, PARTICIPANT)
    assert (found.subject, found.before, found.after) == (PARTICIPANT, {"smp_id": "SMP-ONE"}, {"told": "Jane Doe"})


def test_events_of_plain_and_personal_subjects_may_be_recorded_together(database: Database, actor: Actor) -> None:
    write(database, actor, "accounts:grant:create", "person:1", "program:erp", after={"role": "editor"})
    assert {found.subject for found in search(database, EventFilter()).events} == {"person:1", "program:erp"}
    assert "person:1" not in everything_in(database)


def test_personal_subject_needs_a_master_key(database: Database, actor: Actor) -> None:
    database.master_key = None
    with pytest.raises(ConfigurationError, match="master key"):
        write(database, actor, CREATED, PARTICIPANT)
    write(database, actor, "sml:publisher:create", "SMP-1")
    assert [found.tag for found in search(database, EventFilter()).events] == ["sml:publisher:create"]


@pytest.mark.parametrize(("key", "why"), [(None, "no master key"), (MasterKey(bytes(32)), "damaged")])
def test_without_the_right_key_the_event_is_there_but_not_what_it_seals(
    database: Database, actor: Actor, key: MasterKey | None, why: str
) -> None:
    write(database, actor, CREATED, PARTICIPANT, after={"smp_id": "SMP-ONE"})
    database.master_key = key
    found = sole(database, EventFilter(tag=CREATED))
    assert (found.subject, found.before, found.after, found.unreadable) == ("", None, None, why)
    assert about(database, PARTICIPANT) == []


def test_sealed_values_can_not_be_put_under_another_event(database: Database, actor: Actor) -> None:
    write(database, actor, CREATED, PARTICIPANT, after={"smp_id": "SMP-ONE"})
    with database.write(actor) as work:
        c = event.c
        row = work.connection.execute(select(event).where(c.tag == CREATED)).mappings().one()
        forged = {name: value for name, value in row.items() if name != "sequence"}
        work.connection.execute(insert(event).values(forged | {"tag": DELETED}))
        work.connection.execute(insert(event).values(forged | {"actor": "cli:somebody"}))
    shown = {(found.tag, found.actor): found.unreadable for found in search(database, EventFilter()).events}
    assert shown == {
        (CREATED, "cli:ops"): "",
        (DELETED, "cli:ops"): "damaged",
        (CREATED, "cli:somebody"): "damaged",
    }


def test_subject_is_made_once_whatever_its_case(database: Database, actor: Actor) -> None:
    write(database, actor, CREATED, PARTICIPANT, PARTICIPANT.upper())
    write(database, actor, DELETED, PARTICIPANT)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(event_subject)).scalar_one() == 1
    spelled = [found.subject for found in about(database, PARTICIPANT.title())]
    assert spelled == [PARTICIPANT, PARTICIPANT.upper(), PARTICIPANT]


def test_subject_of_a_part_that_was_taken_back_is_made_anew(database: Database, actor: Actor) -> None:
    def refused() -> None:
        with database.write(actor) as part:
            record(part, CREATED, PARTICIPANT)
            raise ConflictError("taken back")

    with database.write(actor) as work:
        with pytest.raises(ConflictError):
            refused()
        record(work, CREATED, PARTICIPANT, after=1)
    assert [found.after for found in about(database, PARTICIPANT)] == [1]


def test_events_are_in_the_order_in_which_they_were_recorded(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        record(work, DELETED, PARTICIPANT)
        record(work, "sml:publisher:create", "SMP-1")
        with database.write(actor) as part:
            record(part, CREATED, PARTICIPANT)
            record(part, "sml:publisher:update", "SMP-1")
        record(work, "sml:publisher:delete", "SMP-1")
        assert len(search(database, EventFilter()).events) == 5  # a reader in the transaction sees them
        record(work, CREATED, "0088:last")
    told = [(found.sequence, found.tag) for found in search(database, EventFilter()).events[::-1]]
    assert told == [
        (1, DELETED),
        (2, "sml:publisher:create"),
        (3, CREATED),
        (4, "sml:publisher:update"),
        (5, "sml:publisher:delete"),
        (6, CREATED),
    ]


def test_what_is_recorded_is_as_it_was_at_that_moment(database: Database, actor: Actor) -> None:
    state = {"number": 1}
    with database.write(actor) as work:
        record(work, "sml:publisher:update", "SMP-1", after=state)
        record(work, DELETED, PARTICIPANT, before=state)
        state["number"] = 2
    assert about(database, "SMP-1")[0].after == {"number": 1}
    assert about(database, PARTICIPANT)[0].before == {"number": 1}


def test_two_who_meet_a_new_subject_at_once_share_it(database: Database, actor: Actor) -> None:
    names = [f"{PARTICIPANT}{number}" for number in range(40)]
    begun = threading.Barrier(4)

    def write_all(order: int) -> None:
        with database.write(actor) as work:
            if not database.is_sqlite:  # where one writes at a time
                begun.wait(20)
            record_many(work, CREATED, [(name, None, order) for name in names[:: 1 if order % 2 else -1]])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_all, range(4)))
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(event_subject)).scalar_one() == len(names)
    for name in names:
        assert {found.after for found in about(database, name)} == {0, 1, 2, 3}


def test_a_list_of_participants_takes_few_statements(database: Database, actor: Actor) -> None:
    names = [f"{PARTICIPANT}{number}" for number in range(1_000)]
    statements: list[str] = []
    sqlalchemy_event.listen(
        database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
    )
    with database.write(actor) as work:
        statements.clear()
        for name in names:
            record(work, CREATED, name)
            record(work, "smp:service-group:create", name)
        assert statements == []
        work.settle()
        assert len(statements) <= 2
    with database.write(actor) as work:
        statements.clear()
        record_many(work, DELETED, [(name, None, None) for name in names])
        work.settle()
        assert len(statements) <= 2
    assert len(about(database, names[999])) == 3


# Search


def test_pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition(database: Database, actor: Actor) -> None:
    write(database, actor, CREATED, *(f"{PARTICIPANT}{number}" for number in range(25)))
    seen, after, sizes = [], None, []
    while True:
        page = search(database, EventFilter(), after, 10)
        seen += [found.sequence for found in page.events]
        sizes.append(len(page.events))
        if (after := page.after) is None:
            break
    assert seen == list(range(25, 0, -1))
    assert sizes == [10, 10, 5]
    assert search(database, EventFilter(), None, 25).after is None


def test_nothing_is_recorded_of_nothing(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        record_many(work, CREATED, [])
        assert not work.topics
    assert search(database, EventFilter()).events == ()


def test_each_filter_finds_its_events(database: Database, actor: Actor, clock: MovableClock) -> None:
    with database.write(actor) as work:
        work.connection.execute(
            insert(event.metadata.tables["domain"]).values(
                id=5, name="d", profile="", settings={}, version=1, modified_at=work.now
            )
        )
        record(work, "smp:signing-key:activate", "domain:d", domain_id=5)
    clock.forward(hours=1)
    write(database, replace(actor, name="token:e_p", request_id="request-2"), CREATED, PARTICIPANT)
    clock.forward(hours=1)
    write(database, replace(actor, name="token:exp"), "domains:domain:create", PARTICIPANT)
    later = database.now()

    def found(**wanted: object) -> list[int]:
        return [item.sequence for item in search(database, EventFilter(**wanted)).events]

    assert found() == [3, 2, 1]
    assert found(subject=PARTICIPANT) == [3, 2]  # in clear, and sealed
    assert found(subject="") == []
    assert found(tag=CREATED) == [2]
    assert found(tag="*:create") == [3, 2]
    assert found(tag="smp:*") == [1]
    assert found(tag="%") == []
    assert found(actor="token:*") == [3, 2]
    assert found(actor="token:e_p*") == [2]
    assert found(request_id="request-1") == [3, 1]
    assert found(domain_ids=frozenset({5})) == [1]
    assert found(domain_ids=frozenset()) == []
    assert found(since=later) == [3]
    assert found(until=later) == [2, 1]
    assert found(since=later - timedelta(hours=1), until=later) == [2]
    assert found(subject=PARTICIPANT, tag="domains:*") == [3]


def test_people_are_shown_by_the_name_that_they_have_now(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        values = {
            "id": 7,
            "kind": "person",
            "name": "jane",
            "name_key": "jane",
            "display_name": "Jane Doe",
            "email": "",
            "state": "active",
            "created_at": work.now,
            "modified_at": work.now,
        }
        work.connection.execute(insert(account).values(values))
    for name in ("person:7", "person:8", "person:x"):
        write(database, replace(actor, name=name), "sml:publisher:create", "SMP-1")
    assert [found.actor_name for found in about(database, "SMP-1")] == ["Jane Doe", "person:8", "person:x"]
    with database.write(actor) as work:
        work.connection.execute(update(account).values(state="erased"))
    assert [found.actor_name for found in about(database, "SMP-1")] == ["person:7", "person:8", "person:x"]
