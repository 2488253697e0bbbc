# SPDX-License-Identifier: Apache-2.0
"""Names of many registrations come to one content: whatever they held, in an order that DNS allows, at one look."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, insert, select, text, update

from registry.storage.queries import publishers
from registry.storage.queries.pointing import Part, next_part, point
from registry.storage.tables import registration, zone_change, zone_rrset
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.databases import ON_POSTGRESQL
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance

TYPES = ("NAPTR", "CNAME")
ALIAS = ("CNAME", "60 new.naptr.test.")
OWN = ("NAPTR", '60 100 10 "U" "Meta:SMP" "!.*!https://new.example.org!" .')
TXT = "60 somebody's"


@dataclass(frozen=True, slots=True)
class Name:
    """A registration, and what its name holds: type to text."""

    suspended: bool
    services: str | None
    held: dict[str, str]


NAMES = st.lists(
    st.builds(
        Name,
        suspended=st.booleans(),
        services=st.sampled_from([None, None, "Meta:CPPA"]),
        held=st.one_of(
            st.just({}),
            st.sampled_from([{"CNAME": "60 old."}, {"CNAME": ALIAS[1]}, {"NAPTR": "60 old"}, {"NAPTR": OWN[1]}]),
            st.just({"CNAME": "60 old.", "NAPTR": "60 old"}),  # which nobody writes, and somebody has to put right
            st.just({"TXT": TXT, "NAPTR": "60 old"}),
        ),
    ),
    max_size=9,
)


class TakenBackError(Exception):
    """Ends a transaction that leaves nothing."""


@contextmanager
def filled(offline: OfflineInstance, names: list[Name]) -> Iterator[tuple[UnitOfWork, int, list[int]]]:
    """A transaction, taken back at its end, in which an SMP has these; its id, and those of the registrations."""
    try:
        with offline.instance.database.write(ACTOR) as work:
            (publisher,) = publishers.find(work.connection, [offline.stored.id], SMP_ID)
            ids = [_add(work, offline, publisher.id, number, name) for number, name in enumerate(names)]
            yield work, publisher.id, ids
            raise TakenBackError
    except TakenBackError:
        pass


def _add(work: UnitOfWork, offline: OfflineInstance, publisher_id: int, number: int, name: Name) -> int:
    row = {
        "domain_id": offline.stored.id,
        "scheme": "scheme",
        "value": str(number),
        "value_key": str(number),
        "naptr_service": "Meta:SMP",
        "publisher_id": publisher_id,
        "label": label(number),
        "suspended": name.suspended,
        "services": name.services,
        "modified_at": work.now,
    }
    for rdtype, content in name.held.items():
        held = {"zone_id": offline.stored.zone_id, "owner": label(number), "rdtype": rdtype, "content": content}
        work.connection.execute(insert(zone_rrset).values(held))
    return int(work.connection.execute(insert(registration).values(row).returning(registration.c.id)).scalar_one())


def label(number: int) -> str:
    return f"{(number * 7919) % 100_003:06}.scheme"


def held_by(connection: Connection) -> dict[tuple[str, str], str]:
    c = zone_rrset.c
    rows = connection.execute(select(c.owner, c.rdtype, c.content).where(c.owner.like("%.scheme")))
    return {(owner, rdtype): content for owner, rdtype, content in rows}


def journal(connection: Connection) -> list[tuple[str, str, str | None, str | None]]:
    c = zone_change.c
    rows = connection.execute(select(c.owner, c.rdtype, c.before, c.after).where(c.owner.like("%.scheme")))
    return [tuple(row) for row in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=NAMES, content=st.sampled_from([ALIAS, OWN, None]))
def test_names_hold_what_they_shall_whatever_they_held(
    offline: OfflineInstance, names: list[Name], content: tuple[str, str] | None
) -> None:
    with filled(offline, names) as (work, publisher_id, ids):
        before = held_by(work.connection)
        assert offline.stored.zone_id is not None
        changed = point(work, offline.stored.zone_id, publisher_id, 0, max(ids, default=0), TYPES, content)
        after = held_by(work.connection)
        assert after == shall_hold(names, content)
        assert len(journal(work.connection)) == changed
        assert changed == sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
        state, wrong = dict(before), both_kinds(before)
        for owner, rdtype, was, becomes in journal(work.connection):
            assert state.pop((owner, rdtype), None) == was
            if becomes is not None:
                state[owner, rdtype] = becomes
            assert both_kinds(state) <= wrong, "an alias stands beside other records"
        assert state == after
        assert point(work, offline.stored.zone_id, publisher_id, 0, max(ids, default=0), TYPES, content) == 0


def both_kinds(state: dict[tuple[str, str], str]) -> set[str]:
    return {owner for owner, _ in state if all((owner, rdtype) in state for rdtype in TYPES)}


def shall_hold(names: list[Name], content: tuple[str, str] | None) -> dict[tuple[str, str], str]:
    found = {}
    for number, name in enumerate(names):
        kept = name.held if name.services else {t: text for t, text in name.held.items() if t not in TYPES}
        if content and not name.suspended and not name.services:
            kept = kept | dict([content])
        found |= {(label(number), rdtype): text for rdtype, text in kept.items()}
    return found


PLAIN = Name(suspended=False, services=None, held={"CNAME": "60 old.naptr.test."})


def test_only_registrations_of_the_part_are_meant(offline: OfflineInstance) -> None:
    with filled(offline, [PLAIN] * 5) as (work, publisher_id, ids):
        assert offline.stored.zone_id is not None
        assert point(work, offline.stored.zone_id, publisher_id + 1, 0, ids[-1], TYPES, ALIAS) == 0
        assert point(work, offline.stored.zone_id, publisher_id, ids[0], ids[3], TYPES, ALIAS) == 3
        changed = {owner for (owner, _), content in held_by(work.connection).items() if content == ALIAS[1]}
        assert changed == {label(1), label(2), label(3)}


def test_parts_follow_one_another_and_tell_of_services_of_their_own(offline: OfflineInstance) -> None:
    special = Name(suspended=False, services="Meta:CPPA", held={})
    with filled(offline, [PLAIN, special, PLAIN, PLAIN, special]) as (work, publisher_id, ids):
        work.connection.execute(
            update(registration).where(registration.c.id == ids[2]).values(publisher_id=_other(work, offline))
        )
        first = next_part(work, publisher_id, 0, 2)
        second = next_part(work, publisher_id, first.last_id, 2)
        assert first == Part(ids[1], 2, 1)
        assert second == Part(ids[4], 2, 1)
        assert next_part(work, publisher_id, second.last_id, 2) == Part(ids[4])


def _other(work: UnitOfWork, offline: OfflineInstance) -> int:
    return publishers.add(work, offline.stored.id, "SMP-OTHER", "https://other.example.org", "192.0.2.1")


def test_the_number_of_statements_does_not_depend_on_that_of_names(offline: OfflineInstance) -> None:
    numbers = []
    for count in (1, 60):
        with filled(offline, [PLAIN] * count) as (work, publisher_id, ids), counted(work.connection) as statements:
            assert offline.stored.zone_id is not None
            assert point(work, offline.stored.zone_id, publisher_id, 0, ids[-1], TYPES, ALIAS) == count
        numbers.append(len(statements))
    assert numbers == ([1, 1] if ON_POSTGRESQL else [6, 6])


@contextmanager
def counted(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield statements
    event.remove(connection, "before_cursor_execute", note)


@pytest.mark.skipif(not ON_POSTGRESQL, reason="about PostgreSQL")
def test_new_content_leaves_the_index_of_names_as_it_is(offline: OfflineInstance) -> None:
    with filled(offline, [PLAIN] * 300) as (work, publisher_id, ids):
        assert offline.stored.zone_id is not None
        point(work, offline.stored.zone_id, publisher_id, 0, ids[-1], TYPES, ALIAS)
        kinds = (f"pg_stat_get_xact_tuples_{kind}updated('zone_rrset'::regclass)" for kind in ("", "hot_"))
        every, in_place = work.connection.execute(text(f"SELECT {', '.join(kinds)}")).one()
    assert every == 300
    assert in_place >= 0.9 * every, "all but those at the page's end"


@pytest.mark.skipif(not ON_POSTGRESQL, reason="about PostgreSQL")
def test_a_part_is_found_by_its_index_before_the_server_knows_how_many_there_are(offline: OfflineInstance) -> None:
    with filled(offline, [PLAIN] * 300) as (work, publisher_id, _), counted(work.connection) as statements:
        next_part(work, publisher_id, 0, 10)
        statement, parameters = statements[-1]
        plan = "\n".join(work.connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    assert "Index Scan using ix_registration_publisher_id_id" in plan
    assert "Sort" not in plan


@pytest.mark.sqlite
def test_what_was_written_to_the_journal_is_done_by_indexes(offline: OfflineInstance) -> None:
    with filled(offline, [PLAIN] * 3) as (work, publisher_id, ids), counted(work.connection) as statements:
        assert offline.stored.zone_id is not None
        point(work, offline.stored.zone_id, publisher_id, 0, ids[-1], TYPES, ALIAS)
        for statement, parameters in list(statements):
            rows = work.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [str(row[3]) for row in rows]
            tables = ("SCAN zone_rrset", "SCAN registration", "SCAN zone_change")
            assert not [step for step in steps if step.startswith(tables)], steps
