# SPDX-License-Identifier: Apache-2.0
"""Statements on tables of a million rows find theirs by an index; SQLite has no statistics, so it always plans so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from registry.audit.events import about
from registry.storage.queries import migrations, quarantine, registrations
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


def test_the_history_of_a_participant_is_found_by_indexes(offline: OfflineInstance) -> None:
    people = [participant(f"0088:{number}") for number in range(3)]
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, people)
    offline.instance.sml.delete_participants(offline.caller(), SMP_ID, people[:1])
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [people[0], participant("0088:more")])
    with offline.instance.database.write(ACTOR) as work, planned(work.connection) as steps:
        assert len(about(offline.instance.database, str(people[0]))) == 3
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert scanned <= {"domain"}  # of which there are few
