# SPDX-License-Identifier: Apache-2.0
"""Retention: every table has a rule, what is old goes and what is needed stays, and a pruned chain is still whole."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, text, update

from registry.app.retention import policy_of
from registry.audit import chain
from registry.audit.chain import Head
from registry.audit.events import EventFilter, about, record, record_many, search
from registry.audit.retention import PERIODS, RETENTION, Policy, plan_pruning, prune_all, purge
from registry.audit.subjects import erase_subject
from registry.audit.verification import Flaw, verify
from registry.errors import NotFoundError, TechnicalError
from registry.settings import Settings, load_settings
from registry.storage.engine import Actor, Database
from registry.storage.queries import zones
from registry.storage.tables import (
    account,
    audit_chain,
    domain,
    event,
    event_subject,
    idempotent_answer,
    job,
    login_failure,
    metadata,
    oidc_login,
    session,
    zone,
    zone_change,
    zone_serial,
)
from tests.simulators.offline import MovableClock
from tests.simulators.tampering import tampering

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "personal-data.md"
WHO = "iso6523-actorid-upis::0088:1"
KEPT_FOR_EVER = Policy(**dict.fromkeys(PERIODS))
DAY = timedelta(days=1)


def put(database: Database, table: Table, **values: Any) -> None:
    """A row with these values; others that it needs are empty."""
    with database.write(Actor("test")) as work:
        work.connection.execute(insert(table).values(values))


def count(database: Database, table: Table) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def only(**periods: timedelta) -> Policy:
    return replace(KEPT_FOR_EVER, **periods)


# The inventory


def test_every_table_of_the_schema_has_a_rule() -> None:
    assert [rule.table for rule in RETENTION] == sorted(metadata.tables)


def test_page_shows_the_rules() -> None:
    shown = PAGE.read_text(encoding="utf-8")
    rows = [line for line in shown.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{rule.table}` | {rule.personal or 'nothing'} | {rule.kept} | {setting(rule.period)} |"
        for rule in RETENTION
    ]


def setting(period: str) -> str:
    """The setting of a period, as the page names it."""
    (name,) = [name for name in Settings.model_fields if name.startswith(f"keep_{period}_")] if period else [""]
    return f"`REGISTRY_{name.upper()}`" if name else ""


def test_defaults_of_settings_and_policy_are_the_same(tmp_path: Path) -> None:
    assert policy_of(load_settings(data_dir=tmp_path)) == Policy()


def test_0_days_are_for_ever(tmp_path: Path) -> None:
    days = [name for name in Settings.model_fields if name.startswith("keep_") and name.endswith("_days")]
    policy = policy_of(load_settings(data_dir=tmp_path, **dict.fromkeys(days, 0)))
    assert policy == only(logins=DAY, answers=DAY)


def test_what_is_kept_for_ever_is_never_purged(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        record(work, "test:thing:make", "thing")
    assert purge(database, KEPT_FOR_EVER) == {}


# Events


def write(database: Database, actor: Actor, number: int, tag: str = "smp:service-group:update") -> None:
    with database.write(actor) as work:
        record_many(work, tag, [(f"0088:{each}", None, each) for each in range(number)])
    chain.seal(database)


def test_pruned_chain_begins_later_and_is_whole(database: Database, actor: Actor, clock: MovableClock) -> None:
    write(database, actor, 5)
    noted = chain.head(database)
    clock.forward(days=10)
    write(database, actor, 3)
    before = clock() - 5 * DAY
    assert plan_pruning(database, before) == 5
    assert prune_all(database, actor, before) == 5
    assert plan_pruning(database, before) == 0
    chain.seal(database)
    checked = verify(database)
    assert (checked.begin, checked.events, checked.finding) == (noted, 4, None)
    assert verify(database, noted).finding is None
    with pytest.raises(NotFoundError, match="begins after 5"):
        verify(database, Head(4, "f" * 64))
    (told,) = about(database, "chain")
    assert (told.tag, told.after, told.actor) == (
        "audit:chain:prune",
        {"position": 5, "hash": noted.hash},
        "cli:ops",
    )


def test_chain_can_be_pruned_whole_and_goes_on(database: Database, actor: Actor, clock: MovableClock) -> None:
    write(database, actor, 5)
    noted = chain.head(database)
    clock.forward(days=10)
    assert prune_all(database, actor, clock()) == 5
    assert verify(database).finding is None  # its own event waits for its place
    write(database, actor, 2)
    checked = verify(database)
    assert (checked.begin, checked.events, checked.finding) == (noted, 3, None)


def test_events_that_are_not_in_the_chain_are_not_pruned(database: Database, actor: Actor, clock: MovableClock) -> None:
    with database.write(actor) as work:
        record(work, "test:thing:make", "thing")
    clock.forward(days=10)
    assert prune_all(database, actor, clock()) == 0
    assert count(database, event) == 1


def test_old_event_behind_a_younger_one_stays(database: Database, actor: Actor, clock: MovableClock) -> None:
    write(database, actor, 1)
    clock.forward(days=5)
    write(database, actor, 1)
    clock.forward(days=-5)
    write(database, actor, 1)
    assert prune_all(database, actor, clock() + DAY) == 1
    assert verify(database).finding is None


def test_database_refuses_to_delete_events_after_a_pruning(
    database: Database, actor: Actor, clock: MovableClock
) -> None:
    write(database, actor, 5)
    clock.forward(days=10)
    prune_all(database, actor, clock())
    write(database, actor, 2)
    for statement in ("DELETE FROM event", "UPDATE event SET actor = 'x'"):
        with pytest.raises(TechnicalError), database.write(actor) as work:
            work.connection.execute(text(statement))


def test_pruning_that_fails_changes_nothing(
    database: Database, actor: Actor, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(database, actor, 5)
    clock.forward(days=10)

    def fail(*_: object, **__: object) -> None:
        raise TechnicalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("registry.audit.retention.record", fail)
        with pytest.raises(TechnicalError):
            prune_all(database, actor, clock())
    assert (verify(database).events, verify(database).finding) == (5, None)
    with pytest.raises(TechnicalError), database.write(actor) as work:
        work.connection.execute(text("DELETE FROM event"))


def test_pruning_that_was_forged_is_found(database: Database, actor: Actor, clock: MovableClock) -> None:
    write(database, actor, 5)
    clock.forward(days=10)
    prune_all(database, actor, clock())
    write(database, actor, 5)
    with tampering(database) as connection:
        hash_ = connection.execute(select(event.c.hash).where(event.c.position == 8)).scalar_one()
        connection.execute(event.delete().where(event.c.position <= 8))
        connection.execute(update(audit_chain).values(begin_position=8, begin_hash=hash_))
    finding = verify(database).finding
    assert finding is not None
    assert (finding.flaw, finding.position) == (Flaw.MISSING, 8)


def test_subjects_go_with_their_last_event(database: Database, actor: Actor, clock: MovableClock) -> None:
    with database.write(actor) as work:
        record(work, "smp:service-group:create", WHO)
        record(work, "smp:service-group:create", "0088:erased")
        record(work, "smp:service-group:create", "0088:active")
    with database.write(actor) as work:
        erase_subject(work, "0088:erased")
    chain.seal(database)
    clock.forward(days=100)
    with database.write(actor) as work:
        record(work, "smp:service-group:update", "0088:active", after="later")
    chain.seal(database)
    assert purge(database, only(events=10 * DAY), batch=2) == {"event": 4, "event_subject": 2, "intervention": 0}
    assert count(database, event_subject) == 1
    assert [found.after for found in about(database, "0088:active")] == ["later"]
    chain.seal(database)
    assert verify(database).finding is None


# Other tables


@pytest.fixture
def with_account(database: Database, clock: MovableClock) -> Database:
    put(
        database,
        account,
        id=1,
        kind="person",
        name="jane",
        name_key="jane",
        display_name="",
        email="",
        state="active",
        created_at=clock(),
        modified_at=clock(),
    )
    return database


@pytest.mark.parametrize(
    ("expires", "revoked", "goes"),
    [(-11, None, True), (5, -11, True), (-9, None, False), (5, -9, False), (5, None, False)],
)
def test_sessions_go_after_their_end(
    with_account: Database, clock: MovableClock, expires: int, revoked: int | None, goes: bool
) -> None:
    put(
        with_account,
        session,
        token_sha256="a",
        account_id=1,
        method="password",
        address="",
        user_agent="",
        created_at=clock(),
        last_seen_at=clock(),
        expires_at=clock() + expires * DAY,
        revoked_at=None if revoked is None else clock() + revoked * DAY,
    )
    assert purge(with_account, only(sessions=10 * DAY)) == {"session": int(goes)}
    assert count(with_account, session) == 1 - goes


@pytest.mark.parametrize(("ago", "goes"), [(11, True), (9, False)])
def test_unfinished_and_failed_logins_go(database: Database, clock: MovableClock, ago: int, goes: bool) -> None:
    at = clock() - ago * DAY
    put(
        database,
        oidc_login,
        state_sha256="a",
        nonce="",
        code_verifier="",
        return_to="",
        created_at=at,
        expires_at=at,
    )
    put(database, login_failure, name_sha256="a", failures=3, last_at=at, locked_until=at + DAY)
    put(database, login_failure, name_sha256="b", failures=30, last_at=at, locked_until=clock() + DAY)
    found = purge(database, only(logins=10 * DAY))
    assert found == {"login_failure": int(goes), "oidc_login": int(goes)}


@pytest.mark.parametrize(("hours", "goes"), [(25, True), (23, False)])
def test_answers_to_repeated_requests_go_after_a_day(
    database: Database, clock: MovableClock, hours: int, goes: bool
) -> None:
    at = clock() - timedelta(hours=hours)
    for number in range(3):
        put(
            database,
            idempotent_answer,
            caller="c",
            key_sha256=str(number),
            request_sha256="",
            status=200,
            headers={},
            body=b"",
            created_at=at,
        )
    assert purge(database, only(answers=DAY), batch=2) == {"idempotent_answer": 3 * goes}


@pytest.mark.parametrize(
    ("state", "ago", "goes"),
    [("done", 11, True), ("failed", 11, True), ("cancelled", 11, True), ("done", 9, False), ("running", 11, False)],
)
def test_finished_jobs_go(database: Database, clock: MovableClock, state: str, ago: int, goes: bool) -> None:
    put(
        database,
        job,
        kind="k",
        state=state,
        payload={},
        done=0,
        message="",
        attempts=1,
        actor="a",
        cancel_requested=False,
        request_id="r",
        created_at=clock() - 20 * DAY,
        run_at=clock(),
        finished_at=None if state == "running" else clock() - ago * DAY,
    )
    assert purge(database, only(jobs=10 * DAY))["job"] == int(goes)


def test_purge_is_on_record_with_what_it_took(database: Database, clock: MovableClock) -> None:
    put(database, login_failure, name_sha256="a", failures=3, last_at=clock() - 9 * DAY)
    purge(database, Policy())
    (told,) = search(database, EventFilter(tag="audit:retention:purge")).events
    assert (told.actor, told.subject, told.after) == ("job:retention", "table:login_failure", {"rows": 1})
    purge(database, Policy())
    assert len(search(database, EventFilter()).events) == 1


@pytest.mark.parametrize(
    ("present", "serials", "history_from"),
    [
        (30, [10, 10, 11, 20], 20),
        (2, [2**32 - 2, 2**32 - 1, 1], 1),
        (2, [2**32 - 2, 2**32 - 1], 2**32 - 1),
    ],
)
def test_zone_changes_go_and_the_history_begins_later(
    database: Database, clock: MovableClock, present: int, serials: list[int], history_from: int
) -> None:
    now = clock()
    put(database, domain, id=1, name="d", profile="", settings={}, version=1, modified_at=now)
    begin = serials[0] - 1
    put(
        database,
        zone,
        id=1,
        domain_id=1,
        name="z",
        serial=present,
        modified_at=now,
        history_from=begin,
    )
    old = [(serial, 11) for serial in serials]
    for serial, ago in [*old, (present, 9), (None, 11)]:
        put(
            database,
            zone_change,
            zone_id=1,
            serial=serial,
            owner="o",
            rdtype="A",
            changed_at=now - ago * DAY,
        )
    assert purge(database, only(zone_changes=10 * DAY), batch=2) == {"zone_change": len(serials), "zone_serial": 0}
    with database.read() as connection:
        left = list(connection.execute(select(zone_change.c.serial).order_by(zone_change.c.sequence)).scalars())
        row = zones.by_id(connection, 1)
    assert left == [present, None]
    assert row.history_from == history_from
    assert row.has_history_since(history_from)
    assert not row.has_history_since(begin)


def test_of_serials_a_day_old_the_last_one_of_each_minute_stays(database: Database) -> None:
    now = database.now().replace(second=0, microsecond=0)
    put(database, domain, id=1, name="d", profile="p", settings={}, version=1, modified_at=now)
    put(database, zone, id=1, domain_id=1, name="z", serial=99, modified_at=now)
    seen = [
        (server, serial, 2 * DAY - timedelta(seconds=2 * serial)) for server in ("", "ns1:53") for serial in range(90)
    ]
    seen += [("ns1:53", serial, timedelta(hours=1)) for serial in range(90, 93)]
    seen += [("", 99, 40 * DAY), ("ns1:53", 99, 40 * DAY)]
    for server, serial, ago in seen:
        put(database, zone_serial, zone_id=1, server=server, serial=serial, seen_at=now - ago)
    assert purge(database, only(zone_changes=30 * DAY), batch=50) == {"zone_change": 0, "zone_serial": 2 * 87 + 1}
    with database.read() as connection:
        c = zone_serial.c
        left = [tuple(row) for row in connection.execute(select(c.server, c.serial).order_by(c.server, c.serial))]
    kept = [29, 59, 89]
    assert left == [*(("", serial) for serial in [*kept, 99]), *(("ns1:53", serial) for serial in [*kept, 90, 91, 92])]
    assert purge(database, only(zone_changes=30 * DAY)) == {"zone_change": 0, "zone_serial": 0}
