# SPDX-License-Identifier: Apache-2.0
"""Statements for the driver itself: rows, errors, and names that are new or not."""

import pytest
from sqlalchemy.exc import IntegrityError

from registry.dns.journal import NewState, ZoneJournal
from registry.storage.engine import Actor
from registry.storage.queries import zones
from registry.storage.statements import rows_among, run
from tests.simulators.offline import OfflineInstance

ACTOR = Actor("test")
_HELD = "SELECT owner FROM zone_rrset WHERE zone_id = ? AND owner"


def zone_of(offline: OfflineInstance) -> int:
    assert offline.stored.zone_id is not None
    return offline.stored.zone_id


def journal_of(offline: OfflineInstance, owner: str) -> list[tuple[str | None, str | None]]:
    query = "SELECT before, after FROM zone_change WHERE owner = ? ORDER BY sequence"
    with offline.instance.database.read() as connection:
        return [(before, after) for before, after in run(connection, query, (owner,))]


def test_rows_are_those_of_the_values_that_are_there(offline: OfflineInstance) -> None:
    with offline.instance.database.read() as connection:
        assert {*rows_among(connection, _HELD, ["@", "nobody"], zone_of(offline))} == {("@",)}
        assert not [*rows_among(connection, _HELD, [], zone_of(offline))]


def test_a_broken_constraint_is_told_as_sqlalchemy_does(offline: OfflineInstance) -> None:
    statement = "INSERT INTO zone_rrset (zone_id, owner, rdtype, content) VALUES (?, '@', 'SOA', 'x')"
    with (
        offline.instance.database.engine.connect() as connection,
        pytest.raises(IntegrityError),
    ):
        run(connection, statement, (zone_of(offline),))


def test_new_names_are_written_to_state_and_journal(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        ZoneJournal().write_new(
            work, zone_of(offline), [NewState("a", "TXT", '60 "1"'), NewState("b", "TXT", '60 "1"')]
        )
    assert [journal_of(offline, name) for name in ("a", "b")] == [[(None, '60 "1"')]] * 2


def test_where_one_name_holds_something_each_change_says_what_was_before(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        ZoneJournal().write(work, zone_of(offline), [NewState("b", "TXT", '60 "0"'), NewState("c", "TXT", '60 "1"')])
    states = [NewState(owner, "TXT", '60 "1"') for owner in "abc"]
    with offline.instance.database.write(ACTOR) as work:
        ZoneJournal().write_new(work, zone_of(offline), states)
    assert journal_of(offline, "a") == [(None, '60 "1"')]
    assert journal_of(offline, "b") == [(None, '60 "0"'), ('60 "0"', '60 "1"')]
    assert journal_of(offline, "c") == [(None, '60 "1"')]  # it held that already
    with offline.instance.database.read() as connection:
        names = [(owner, "TXT") for owner in "abc"]
        assert {*zones.rrset_texts(connection, zone_of(offline), names).values()} == {'60 "1"'}
