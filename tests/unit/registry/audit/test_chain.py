# SPDX-License-Identifier: Apache-2.0
"""The chain: a place and a hash for every committed event, whoever seals, and any change of the past is found."""

import contextlib
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update
from structlog.testing import capture_logs

from registry.audit import chain
from registry.audit.chain import Head, canonical
from registry.audit.events import record, record_many
from registry.audit.verification import Flaw, Verification, verify
from registry.errors import NotFoundError, TechnicalError
from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database
from registry.storage.queries import audit, events
from registry.storage.queries.events import ChainedRow
from registry.storage.tables import audit_chain, event
from tests.simulators.databases import database_url
from tests.simulators.tampering import tampering

TAG = "sml:registration:create"
ZEROS = "0" * 64


def write(database: Database, actor: Actor, count: int, tag: str = "test:thing:make") -> None:
    with database.write(actor) as work:
        record_many(work, tag, [(f"thing:{number}", None, {"number": number}) for number in range(count)])


@pytest.fixture
def chained(database: Database, actor: Actor) -> Database:
    """Ten events in the chain, the last two of them sealed ones."""
    write(database, actor, 8)
    write(database, actor, 2, TAG)
    assert chain.seal(database) == 10
    return database


def found(database: Database, expected: Head | None = None) -> tuple[Flaw, int]:
    finding = verify(database, expected).finding
    assert finding is not None
    return finding.flaw, finding.position


# The form


def test_hash_is_that_of_the_documented_form(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        record(work, "domains:domain:update", "domain:ü", before={"b": "\n"}, after=None)
        record(work, TAG, "0088:1")
    chain.seal(database)
    with database.read() as connection:
        rows = connection.execute(text('SELECT * FROM event ORDER BY "position"')).mappings().all()
    previous = ZEROS
    for position, row in enumerate(rows, 1):
        names = (
            "sequence",
            "at",
            "actor",
            "request_id",
            "tag",
            "domain_id",
            "subject",
            "before",
            "after",
            "subject_id",
        )
        sealed = None if row["sealed"] is None else bytes(row["sealed"]).hex()
        said = [position, previous, *(row[name] for name in names), sealed]
        previous = hashlib.sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
        assert (row["position"], row["hash"]) == (position, previous)


NUMBERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(["", "null", '","', '"', "\\"])
ROWS = st.tuples(
    *(NUMBERS, st.sampled_from([ZEROS, "f" * 64])),
    *(NUMBERS, NUMBERS, TEXTS, TEXTS, TEXTS, st.none() | NUMBERS, TEXTS),
    *(st.none() | TEXTS, st.none() | TEXTS, st.none() | NUMBERS, st.none() | st.binary(max_size=8)),
)


@given(ROWS, ROWS)
def test_different_events_never_give_the_same_bytes(one: tuple, other: tuple) -> None:
    forms = [canonical(item[0], item[1], ChainedRow._make(item[2:])) for item in (one, other)]
    assert (forms[0] == forms[1]) == (one == other)


@given(ROWS)
def test_bytes_tell_every_value_again(row: tuple) -> None:
    read = json.loads(canonical(row[0], row[1], ChainedRow._make(row[2:])))
    assert read[:-1] == list(row[:-1])
    assert (None if read[-1] is None else bytes.fromhex(read[-1])) == row[-1]


# Sealing


def test_events_get_their_places_in_order_and_once(database: Database, actor: Actor) -> None:
    assert chain.head(database) == Head(0, ZEROS)
    assert chain.seal(database) == 0
    write(database, actor, 3)
    assert chain.seal(database) == 3
    first = chain.head(database)
    assert first.position == 3
    assert chain.seal(database) == 0
    assert chain.head(database) == first
    write(database, actor, 2)
    with capture_logs() as logs:
        assert chain.seal(database) == 2
    head = chain.head(database)
    assert head.position == 5
    assert [(log["position"], log["hash"]) for log in logs if log["event"] == "audit_sealed"] == [(5, head.hash)]
    checked = verify(database)
    assert checked == Verification(Head(0, ZEROS), head, 5)


def test_more_than_a_batch_is_sealed_in_one_call(
    database: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "_BATCH", 4)
    write(database, actor, 10)
    assert chain.seal(database) == 10
    assert verify(database).events == 10


def test_events_that_wait_for_their_place_are_counted(database: Database, actor: Actor) -> None:
    write(database, actor, 2)
    chain.seal(database)
    write(database, actor, 3)
    assert verify(database) == Verification(Head(0, ZEROS), chain.head(database), 2, unsealed=3)


def test_several_sealers_at_once_make_one_chain(
    database: Database, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "_BATCH", 7)
    write(database, actor, 60)
    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(lambda _: chain.seal(database), range(4)))
    assert sum(sealed) == 60
    assert verify(database) == Verification(Head(0, ZEROS), chain.head(database), 60)


def test_sealing_while_others_write_loses_nothing(database: Database, actor: Actor) -> None:
    def work(number: int) -> None:
        if number % 3:
            write(database, actor, 3, TAG)
        else:
            chain.seal(database)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(30)))
    chain.seal(database)
    checked = verify(database)
    assert (checked.events, checked.unsealed, checked.finding) == (60, 0, None)


def test_process_killed_between_commit_and_sealing_loses_nothing(tmp_path: Path, database: Database) -> None:
    """The program writes, and dies without having sealed; another one dies while it seals."""
    script = """
import os, signal, sys
from registry.audit import chain, events
from registry.clock import system_clock
from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database
from registry.storage.queries import audit
database = Database(sys.argv[1], system_clock, master_key=MasterKey(bytes(range(32))))
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
for number in range(5):
    with database.write(Actor("test")) as work:
        events.record(work, "sml:registration:create", f"0088:{number}")
if sys.argv[2] == "sealing":
    placed = audit.place
    audit.place = lambda *arguments: (placed(*arguments), die())
    chain.seal(database)
die()
"""
    for moment in ("before", "sealing"):
        arguments = [sys.executable, "-c", script, database_url(tmp_path), moment]
        died = subprocess.run(arguments, capture_output=True, timeout=60, check=False)
        assert died.returncode == -9, died.stderr
    checked = verify(database)
    assert (checked.events, checked.unsealed, checked.finding) == (0, 10, None)
    assert chain.seal(database) == 10
    assert verify(database).events == 10


def test_events_of_a_schema_without_a_chain_are_sealed_as_they_are(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        old = {"at": work.now, "actor": "a", "request_id": "r", "tag": TAG, "subject": "0088:1", "after": {"old": 1}}
        work.connection.execute(insert(event).values(old))
    assert chain.seal(database) == 1
    assert verify(database).finding is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET actor = 'x' WHERE sequence = 9",
        "UPDATE event SET hash = 'x' WHERE sequence = 9",
        "UPDATE event SET position = NULL WHERE sequence = 9",
        "DELETE FROM event WHERE sequence = 9",
        "DELETE FROM event",
    ],
)
def test_database_itself_refuses_to_change_what_is_in_the_chain(
    chained: Database, actor: Actor, statement: str
) -> None:
    with pytest.raises(TechnicalError), chained.write(actor) as work:
        work.connection.execute(text(statement))
    assert verify(chained).finding is None


# Tampering


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "somebody else"},
        {"at": datetime(2001, 1, 1, tzinfo=UTC)},
        {"request_id": "other"},
        {"tag": "test:thing:unmake"},
        {"subject": "thing:x"},
        {"before": {"x": 1}},
        {"after": None},
        {"after": {"number": "5"}},
        {"sealed": b"x"},
        {"sequence": 77},
        {"hash": "f" * 64},
    ],
    ids=str,
)
def test_changed_event_is_found(chained: Database, values: dict[str, object]) -> None:
    with tampering(chained) as connection:
        connection.execute(update(event).where(event.c.position == 6).values(values))
    assert found(chained) == (Flaw.CHANGED, 6)


def test_changed_event_with_a_new_hash_is_found_at_the_next_one(chained: Database) -> None:
    with tampering(chained) as connection:
        connection.execute(update(event).where(event.c.position == 6).values(actor="forged"))
        rehash(connection, 6, 6)
    assert found(chained) == (Flaw.CHANGED, 7)


def test_missing_event_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        connection.execute(delete(event).where(event.c.position.in_([4, 5])))
    assert found(chained) == (Flaw.MISSING, 4)


def test_missing_first_event_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        connection.execute(delete(event).where(event.c.position == 1))
    assert found(chained) == (Flaw.MISSING, 1)


def test_end_that_was_cut_off_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        connection.execute(delete(event).where(event.c.position > 7))
    assert found(chained) == (Flaw.CUT_OFF, 8)


def test_chain_that_was_emptied_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        connection.execute(delete(event))
    assert found(chained) == (Flaw.CUT_OFF, 1)


@pytest.mark.parametrize(("one", "other"), [(3, 4), (3, 8), (1, 10), (9, 10)])
@pytest.mark.parametrize("what", ["positions", "positions and hashes"])
def test_events_that_changed_places_are_found(chained: Database, one: int, other: int, what: str) -> None:
    with tampering(chained) as connection:
        c = event.c
        rows = {p: connection.execute(select(c.sequence, c.hash).where(c.position == p)).one() for p in (one, other)}
        for here, there in ((one, other), (other, one)):
            values = {"position": there} | ({"hash": rows[there].hash} if "hashes" in what else {})
            connection.execute(update(event).where(c.sequence == rows[here].sequence).values(values))
    assert found(chained) == (Flaw.OUT_OF_ORDER, one)


def test_event_that_was_slipped_in_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        slip_in(connection, 5)
    assert found(chained) == (Flaw.FORKED, 5)


def test_event_that_was_put_at_the_end_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        slip_in(connection, 11)
        rehash(connection, 11, 11)
    assert found(chained) == (Flaw.FORKED, 11)


def test_end_that_was_replaced_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        connection.execute(update(event).where(event.c.position == 10).values(actor="forged"))
        rehash(connection, 10, 10)
    assert found(chained) == (Flaw.FORKED, 10)


def test_chain_that_is_said_to_begin_later_is_found(chained: Database) -> None:
    with tampering(chained) as connection:
        begin_hash = connection.execute(select(event.c.hash).where(event.c.position == 3)).scalar_one()
        connection.execute(delete(event).where(event.c.position <= 3))
        connection.execute(update(audit_chain).values(begin_position=3, begin_hash=begin_hash))
    assert found(chained) == (Flaw.MISSING, 3)


def test_whole_new_chain_is_found_by_a_head_that_was_noted(chained: Database) -> None:
    noted = chain.head(chained)
    assert verify(chained, noted).finding is None
    with tampering(chained) as connection:
        connection.execute(update(event).where(event.c.position == 2).values(actor="forged"))
        end = rehash(connection, 2, 10)
        connection.execute(update(audit_chain).values(hash=end))
    assert verify(chained).finding is None
    assert found(chained, noted) == (Flaw.FORKED, 10)


def test_head_that_was_noted_and_is_gone_is_found(chained: Database) -> None:
    noted = chain.head(chained)
    with tampering(chained) as connection:
        connection.execute(delete(event).where(event.c.position > 7))
        end = connection.execute(select(event.c.hash).where(event.c.position == 7)).scalar_one()
        connection.execute(update(audit_chain).values(position=7, hash=end))
    assert verify(chained).finding is None
    assert found(chained, noted) == (Flaw.CUT_OFF, 8)


def test_earlier_heads_can_be_compared_as_long_as_they_are_there(chained: Database, actor: Actor) -> None:
    noted = chain.head(chained)
    write(chained, actor, 5)
    chain.seal(chained)
    assert verify(chained, noted).finding is None
    assert found(chained, Head(3, "0" * 64)) == (Flaw.FORKED, 3)
    with pytest.raises(NotFoundError, match="begins after 0"):
        verify(chained, Head(-1, ZEROS))


def slip_in(connection, position: int) -> None:
    row = connection.execute(select(event).where(event.c.position == 5)).mappings().one()
    values = {name: value for name, value in row.items() if name != "sequence"}
    connection.execute(insert(event).values(values | {"position": position, "actor": "forged"}))


def rehash(connection, first: int, last: int) -> str:
    """Give events the hashes that they would have now; returns the last one."""
    c = event.c
    previous = connection.execute(select(c.hash).where(c.position == first - 1)).scalar() or ZEROS
    for position in range(first, last + 1):
        _, _, row = next(events.chained(connection, position - 1))
        previous = chain.link(position, previous, row)
        connection.execute(update(event).where(c.position == position).values(hash=previous))
    return previous


COLUMNS = ("actor", "request_id", "tag", "subject", "hash")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_random_tampering_is_always_found(database: Database, actor: Actor, data: st.DataObject) -> None:
    """One chain for all examples; each is rolled back."""
    if chain.head(database).position == 0:
        write(database, actor, 12)
        chain.seal(database)
    position = st.integers(1, 12)
    act = data.draw(st.sampled_from(["change", "delete", "swap", "insert", "move", "forget"]))
    one, other = data.draw(position), data.draw(position)
    with contextlib.suppress(RollBackError), tampering(database) as connection:
        c = event.c
        if act == "change":
            column, value = data.draw(st.sampled_from(COLUMNS)), data.draw(st.text("abc", min_size=1, max_size=3))
            connection.execute(update(event).where(c.position == one).values({column: value}))
        elif act == "delete":
            connection.execute(delete(event).where(c.position.between(one, max(one, other))))
        elif act == "swap" and one != other:
            connection.execute(update(event).where(c.position == one).values(position=99))
            connection.execute(update(event).where(c.position == other).values(position=one))
            connection.execute(update(event).where(c.position == 99).values(position=other))
        elif act == "move":
            connection.execute(update(event).where(c.position == one).values(position=data.draw(st.integers(13, 20))))
        elif act == "forget":
            connection.execute(update(event).where(c.position == one).values(position=None, hash=None))
        else:
            slip_in(connection, one)
        finding = verify(database).finding
        assert finding is not None
        assert finding.position <= max(one, other) + 1
        raise RollBackError
    assert verify(database).finding is None


class RollBackError(Exception):
    """Takes a tampering back."""


def test_a_master_key_is_not_needed_to_verify(chained: Database) -> None:
    chained.master_key = None
    assert verify(chained).finding is None
    chained.master_key = MasterKey(bytes(32))
    assert verify(chained).events == 10


def test_chain_begins_with_the_row_that_the_first_sealing_makes(database: Database, actor: Actor) -> None:
    with database.read() as connection:
        assert connection.execute(select(audit_chain)).all() == []
        assert audit.chain(connection).position == 0
    write(database, actor, 1)
    chain.seal(database)
    with database.read() as connection:
        assert audit.chain(connection).position == 1
