# SPDX-License-Identifier: Apache-2.0
"""A zone and its journal are read in parts, each found by an index where the one before ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from registry.dns.journal import NewState
from registry.storage.queries import zone_pushes, zones
from tests.simulators.offline import ACTOR
from tests.simulators.push_world import SCHEME, PushWorld

OWNERS = st.sampled_from(["a", "b", "c.d", "C.d", "e-f", "_g", "z"])
STATES = st.builds(
    NewState,
    OWNERS.map(lambda name: f"{name}.{SCHEME}"),
    st.sampled_from(["TXT", "NAPTR"]),
    st.none() | st.just("60 x"),
)


@contextmanager
def planned(connection: Connection) -> Iterator[list[str]]:
    steps: list[str] = []

    def explain(_connection: object, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        steps.extend(str(row[3]) for row in rows)

    event.listen(connection, "before_cursor_execute", explain)
    yield steps
    event.remove(connection, "before_cursor_execute", explain)


@pytest.mark.sqlite
def test_parts_are_found_by_indexes(push_world: PushWorld) -> None:
    held = push_world.held()
    with push_world.offline.instance.database.read() as connection, planned(connection) as steps:
        zone_pushes.state_part(connection, push_world.zone_id, ("m", "NAPTR"), 10)
        zone_pushes.journal_part(connection, held, held.history_from, (held.serial, 5), 10)
    used = [step for step in steps if step.startswith(("SEARCH", "SCAN"))]
    assert all("USING" in step and step.startswith("SEARCH") for step in used), steps
    assert any("zone_rrset" in step and "owner" in step for step in used), steps
    assert any("zone_change" in step and "serial>" in step for step in used), steps


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(STATES, min_size=1, max_size=6), min_size=1, max_size=5), st.integers(1, 4), st.booleans())
def test_parts_add_up_to_the_state_of_the_serial(
    push_world: PushWorld, versions: list[list[NewState]], size: int, waiting: bool
) -> None:
    """The whole zone in parts is its state; the journal in parts leads from any serial to it."""
    database, journal, zone_id = (
        push_world.offline.instance.database,
        push_world.offline.instance.journal,
        push_world.zone_id,
    )
    begun = push_world.held()
    with database.read() as connection:
        texts: dict[tuple[str, str], str | None] = {
            (owner, rdtype): text for owner, rdtype, text in zones.state(connection, zone_id)
        }
    for version in versions:
        push_world.write(*version)
    if waiting:
        with database.write(ACTOR) as work:
            journal.write(work, zone_id, versions[0] + [NewState(f"later.{SCHEME}", "TXT", "60 later")])
    with database.read() as connection:
        held = zones.by_id(connection, zone_id)
        state = {(owner, rdtype): text for owner, rdtype, text in zones.state(connection, zone_id)}
        seen: dict[tuple[str, str], str | None] = {}
        last: tuple[str, str] | None = ("", "")
        while last is not None:
            changes, last = zone_pushes.state_part(connection, zone_id, last, size)
            seen |= {(each.owner, each.rdtype): each.text for each in changes}
        assert seen == state
        position, reached = None, None
        while reached != held.serial:
            part = zone_pushes.journal_part(connection, held, begun.serial, position, size)
            texts |= {(each.owner, each.rdtype): each.text for each in part.changes}
            position, reached = part.position, part.reached
        assert {key: text for key, text in texts.items() if text is not None} == state
    push_world.write(NewState(f"end.{SCHEME}", "TXT", None))
