# SPDX-License-Identifier: Apache-2.0
"""Statements on tables of a million rows find theirs by an index; SQLite has no statistics, so it always plans so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Table, event

from registry.audit.events import about
from registry.storage.queries import migrations, participants, quarantine, registrations, sml_views
from registry.storage.queries.beginnings import Beginning, Sought, beginnings
from registry.storage.tables import registration, service_group
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

pytestmark = pytest.mark.sqlite
NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAIRS = [("scheme", "a"), ("scheme", "b"), ("other", "a")]


@contextmanager
def planned(connection: Connection) -> Iterator[list[str]]:
    """How the statements of the block search their tables."""
    steps: list[str] = []

    def explain(_connection: object, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        steps.extend(str(row[3]) for row in rows)

    event.listen(connection, "before_cursor_execute", explain)
    yield steps
    event.remove(connection, "before_cursor_execute", explain)


@pytest.mark.parametrize(
    ("statement", "step"),
    [
        pytest.param(
            lambda work: quarantine.find(work.connection, 1, PAIRS, NOW),
            "SEARCH quarantine USING INDEX sqlite_autoindex_quarantine_1 (domain_id=? AND scheme=? AND value_key=?)",
            id="quarantine-of-some",
        ),
        pytest.param(
            lambda work: quarantine.remove(work, 1, PAIRS),
            "SEARCH quarantine USING INDEX sqlite_autoindex_quarantine_1 (domain_id=? AND scheme=? AND value_key=?)",
            id="end-of-quarantine",
        ),
        pytest.param(
            lambda work: migrations.page(work.connection, 0, 100, NOW, domain_id=1),
            "SEARCH registration USING INTEGER PRIMARY KEY (rowid=?)",
            id="open-migrations-of-a-domain",
        ),
        pytest.param(
            lambda work: migrations.page(work.connection, 0, 100, NOW, publisher_ids=[1, 2]),
            "SEARCH registration USING INTEGER PRIMARY KEY (rowid=?)",
            id="open-migrations-of-publishers",
        ),
        pytest.param(
            lambda work: migrations.number_open(work.connection, 1, NOW),
            "SEARCH registration USING INTEGER PRIMARY KEY (rowid=?)",
            id="number-of-open-migrations",
        ),
        pytest.param(
            lambda work: registrations.with_services(work.connection, 1, 0, 100),
            "SEARCH registration USING INDEX ix_registration_services (publisher_id=? AND rowid>?)",
            id="services-of-their-own",
        ),
        pytest.param(
            lambda work: registrations.count_of(work.connection, 1, 100, own_services=True),
            "SEARCH registration USING INDEX ix_registration_services (publisher_id=?)",
            id="number-with-services-of-their-own",
        ),
    ],
)
def test_rows_are_found_by_an_index(
    offline: OfflineInstance, statement: Callable[[UnitOfWork], Any], step: str
) -> None:
    with offline.instance.database.write(ACTOR) as work, planned(work.connection) as steps:
        statement(work)
    assert step in steps
    assert not [other for other in steps if other.startswith("SCAN") and not other.startswith("SCAN anon")]


_UNIQUE = "sqlite_autoindex_service_group_1"
_OF_GROUP = "ix_service_group_owner"
_REGISTERED = "SEARCH registration USING COVERING INDEX sqlite_autoindex_registration_1"


@pytest.mark.parametrize(
    ("wanted", "after", "step"),
    [
        pytest.param({}, None, f"{_UNIQUE} (domain_id=?)", id="first-page"),
        pytest.param({}, ("s", "k"), f"{_UNIQUE} (domain_id=? AND (scheme,value_key)>(?,?))", id="deep"),
        pytest.param(
            {"beginnings": [Beginning("s", "0088:")]},
            None,
            f"{_UNIQUE} (domain_id=? AND scheme=? AND value_key>? AND value_key<?)",
            id="beginning",
        ),
        pytest.param(
            {"beginnings": [Beginning("s", "0088:")], "group_id": 1},
            ("s", "0088:5"),
            f"{_OF_GROUP} (owner_group_id=? AND scheme=? AND value_key>? AND value_key<?)",
            id="beginning-in-a-group",
        ),
        pytest.param({"group_id": 1}, None, f"{_OF_GROUP} (owner_group_id=?)", id="group"),
        pytest.param({"groups": [1, 2]}, None, f"{_OF_GROUP} (owner_group_id=?)", id="who-sees-two-groups"),
        pytest.param(
            {"participants": [("s", "a"), ("s", "b")], "groups": []},
            None,
            f"{_UNIQUE} (domain_id=? AND scheme=? AND value_key=?)",
            id="who-sees-two-participants",
        ),
        pytest.param({"registered": False}, None, f"{_UNIQUE} (domain_id=?)", id="not-registered"),
    ],
)
def test_participants_are_listed_in_the_order_of_an_index(
    offline: OfflineInstance, wanted: dict[str, Any], after: tuple[str, str] | None, step: str
) -> None:
    with offline.instance.database.read() as connection, planned(connection) as steps:
        participants.page(connection, 1, participants.ParticipantFilter(**wanted), after, 50)
    assert f"SEARCH service_group USING COVERING INDEX {step}" in steps
    assert not [other for other in steps if "SCAN" in other or "TEMP B-TREE" in other]
    if "registered" in wanted:
        assert any(other.startswith(_REGISTERED) for other in steps)


@pytest.mark.parametrize("table", [service_group, registration], ids=["participants", "registrations"])
def test_schemes_and_agencies_are_found_by_steps_in_an_index(offline: OfflineInstance, table: Table) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    rules = offline.stored.domain.identifiers
    with offline.instance.database.read() as connection, planned(connection) as steps:
        beginnings(connection, table, 1, rules, Sought(anything="1"))
        beginnings(connection, table, 1, rules, Sought("s", anything="1"))
    index = f"SEARCH {table.name} USING COVERING INDEX sqlite_autoindex_{table.name}_1"
    assert f"{index} (domain_id=? AND scheme>?)" in steps
    assert f"{index} (domain_id=? AND scheme=? AND value_key>? AND value_key<?)" in steps
    assert not [step for step in steps if step.startswith(f"SCAN {table.name}")]


@pytest.mark.parametrize("publisher_id", [None, 1], ids=["everybody", "a-publisher"])
def test_registrations_that_begin_so_are_found_by_an_index(offline: OfflineInstance, publisher_id: int | None) -> None:
    wanted = sml_views.RegistrationFilter(publisher_id, [Beginning("s", "0088:")])
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    with offline.instance.database.read() as connection, planned(connection) as steps:
        sml_views.registrations(connection, 1, wanted, (), 50, NOW)
    index = "SEARCH registration USING COVERING INDEX sqlite_autoindex_registration_1"
    whole = f"{index} (domain_id=? AND scheme=? AND value_key>? AND value_key<?)"
    assert whole in steps or publisher_id is not None
    assert not [step for step in steps if step.startswith("SCAN registration")]


def test_the_history_of_a_participant_is_found_by_indexes(offline: OfflineInstance) -> None:
    people = [participant(f"0088:{number}") for number in range(3)]
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, people)
    offline.instance.sml.delete_participants(offline.caller(), SMP_ID, people[:1])
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [people[0], participant("0088:more")])
    with offline.instance.database.write(ACTOR) as work, planned(work.connection) as steps:
        assert len(about(offline.instance.database, str(people[0]))) == 3
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert scanned <= {"domain"}  # of which there are few
