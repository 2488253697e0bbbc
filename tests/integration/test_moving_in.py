# SPDX-License-Identifier: Apache-2.0
"""A move into a domain from its plan to its end: what is where, who may write when, and who may be at it."""

import threading
from pathlib import Path
from typing import Any

import pytest

from registry.accounts import accounts, grants
from registry.accounts.groups import create_group
from registry.app import move_in
from registry.app.move_in import Moving, chosen_move, load, moves_of, plan, standings
from registry.app.move_in_sources import SourceChoice
from registry.audit.events import EventFilter, search
from registry.errors import ConflictError, NotFoundError, TechnicalError
from registry.metadata import ServiceGroup
from registry.move_in import loading
from registry.move_in.model import Kind, SourceKind, SourceRecord, Verdict
from registry.move_in.moves import end_move, our_turn
from registry.move_in.report import Limits, Report
from registry.move_in.states import State
from registry.settings import Settings, load_settings
from registry.smp.exchange.json_lines import canonical_json
from registry.storage.queries import credentials as credential_rows
from registry.storage.queries import move_ins, owner_groups, service_groups
from tests.simulators.moving_in import MemorySource
from tests.simulators.offline import ACTOR, OfflineInstance, participant

LIMITS = Limits()
SCHEME = "iso6523-actorid-upis"


def owner_record(login: str, *, name: str = "", enabled: bool = True) -> SourceRecord:
    said = {"login": login, "name": name, "email": f"{login}@example.org", "enabled": enabled}
    return SourceRecord(Kind.OWNER, login, canonical_json(said))


def participant_record(value: str, owner: str = "", **said: Any) -> SourceRecord:
    body = {"participant": {"scheme": SCHEME, "value": value}, **said} | ({"owner": owner} if owner else {})
    return SourceRecord(Kind.PARTICIPANT, f"{SCHEME}::{value}", canonical_json(body))


class Mover:
    """Plans and loads what a source holds, into the one domain of an instance."""

    def __init__(self, offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offline = offline
        self.instance = offline.instance
        self.settings: Settings = load_settings(data_dir=offline.folder)
        self.source = MemorySource([])
        self.wanted = Moving(SourceChoice(SourceKind.CSV, file=Path("here.csv")), offline.stored)
        monkeypatch.setattr(move_in, "open_source", lambda *_: self.source)

    def holds(self, *records: SourceRecord) -> None:
        self.source.held = list(records)

    def plan(self) -> Report:
        return plan(self.instance, self.settings, ACTOR, self.wanted, lambda _what, _number: None)

    def load(self, limits: Limits = LIMITS) -> Report:
        return load(self.instance, self.settings, ACTOR, self.wanted, limits, lambda _what, _number: None)

    def move(self) -> move_ins.MoveInRow:
        return chosen_move(self.instance, self.offline.stored)

    def published(self) -> set[str]:
        with self.instance.database.read() as connection:
            rows = service_groups.page(connection, self.offline.stored.id, 0, 100)
        return {row.participant.value for row in rows}

    def staged(self) -> list[str]:
        folder = self.settings.data_dir / "move-in"
        return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def mover(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> Mover:
    return Mover(offline, monkeypatch)


def test_a_plan_tells_everything_and_leaves_nothing_but_itself(mover: Mover) -> None:
    mover.holds(owner_record("alice"), participant_record("0088:a", "alice"), participant_record("0088:b"))
    report = mover.plan()
    assert report.tally.counts == {(Kind.OWNER, Verdict.CREATED): 1, (Kind.PARTICIPANT, Verdict.CREATED): 2}
    assert report.tally.notes == []
    assert [each.name for each in report.unhoused] == ["smp_user.password"]
    assert mover.published() == set()
    assert mover.staged() == []
    assert mover.source.closed
    move = mover.move()
    assert (move.state, move.counts["plan"]["records"]["participant"]) == (State.PLANNED, {"created": 2})
    mover.instance.publishing.put_service_group(ACTOR, mover.offline.stored, ServiceGroup(participant("0088:mine")))


def test_what_was_loaded_is_there_and_only_the_move_writes_then(mover: Mover) -> None:
    mover.holds(owner_record("alice"), participant_record("0088:a", "alice"), participant_record("0088:b"))
    mover.load()
    assert mover.published() == {"0088:a", "0088:b"}
    assert mover.move().state == State.LOADED
    assert mover.staged() == []
    with pytest.raises(ConflictError, match="moving in"):
        mover.instance.publishing.put_service_group(ACTOR, mover.offline.stored, ServiceGroup(participant("0088:x")))
    with mover.instance.database.read() as connection:
        group = owner_groups.by_name(connection, mover.offline.stored.id, "alice")
        assert group is not None
        assert owner_groups.participants(connection, group.id) == 1


def test_the_second_load_takes_what_changed_and_removes_what_is_gone(mover: Mover) -> None:
    mover.holds(*(participant_record(f"0088:{number}") for number in range(10)))
    mover.load()
    mover.holds(participant_record("0088:new"), *(participant_record(f"0088:{number}") for number in range(1, 10)))
    report = mover.load()
    assert report.tally.counts == {(Kind.PARTICIPANT, Verdict.CREATED): 1, (Kind.PARTICIPANT, Verdict.REMOVED): 1}
    assert mover.published() == {"0088:new", *(f"0088:{number}" for number in range(1, 10))}


def test_where_too_much_is_gone_nothing_happens_until_somebody_says_so(mover: Mover) -> None:
    mover.holds(participant_record("0088:a"), participant_record("0088:b"))
    mover.load()
    mover.holds(participant_record("0088:a"))
    with pytest.raises(ConflictError, match="--max-removed-percent"):
        mover.load()
    assert mover.published() == {"0088:a", "0088:b"}
    assert mover.move().state == State.LOADED
    mover.load(Limits(removed_percent=50))
    assert mover.published() == {"0088:a"}


def test_a_source_that_changes_while_it_is_read_changes_nothing_here(mover: Mover) -> None:
    mover.holds(participant_record("0088:a"), participant_record("0088:b"))
    mover.source.fails_after = (1, ConflictError("the file has changed while it was read; run it again"))
    with pytest.raises(ConflictError, match="changed while it was read"):
        mover.load()
    assert mover.published() == set()
    assert mover.move().state == State.PLANNED
    mover.source.fails_after = None
    mover.load()
    assert mover.published() == {"0088:a", "0088:b"}


def test_a_load_that_was_broken_off_goes_on_with_what_it_had_read(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    mover.holds(*(participant_record(f"0088:{number}") for number in range(600)))
    from registry.move_in.participants import Participants

    monkeypatch.setattr(loading, "_RECORDS", 200)
    whole = Participants.apply
    calls = []

    def break_off(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise TechnicalError("the database has gone")
        return whole(*args)

    monkeypatch.setattr(Participants, "apply", break_off)
    with pytest.raises(TechnicalError):
        mover.load()
    (standing,) = standings(mover.instance, mover.settings, moves_of(mover.instance, None), 5)
    taken = standing.records["participant"]["created"]
    assert (standing.move.state, standing.left) == (State.LOADING, 600 - taken)
    mover.source.read.clear()
    report = mover.load()
    assert report.resumed
    assert mover.source.read == []
    assert report.tally.total == 600 - taken
    assert mover.move().state == State.LOADED


def test_a_load_from_elsewhere_does_not_go_on_with_what_was_read_before(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    mover.holds(participant_record("0088:a"))
    with monkeypatch.context() as patch:
        patch.setattr(move_in.Loader, "run", lambda *_: (_ for _ in ()).throw(TechnicalError("gone")))
        with pytest.raises(TechnicalError):
            mover.load()
    mover.holds(participant_record("0088:newer"))
    mover.wanted = Moving(SourceChoice(SourceKind.CSV, file=Path("newer.csv")), mover.offline.stored)
    assert not mover.load().resumed
    assert mover.published() == {"0088:newer"}


def test_two_operators_are_not_at_it_at_once(mover: Mover) -> None:
    mover.holds(participant_record("0088:a"))
    mover.plan()
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with our_turn(mover.instance.database, mover.move().id):
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(20)
    try:
        for act in (mover.plan, mover.load):
            with pytest.raises(ConflictError, match="somebody else is at the move"):
                act()
    finally:
        leave.set()
        thread.join()
    mover.load()
    assert mover.published() == {"0088:a"}


def test_a_domain_is_filled_by_one_move_at_a_time(mover: Mover) -> None:
    mover.holds(participant_record("0088:a"))
    mover.load()
    mover.source.kind = SourceKind.PHOSS_XML
    with pytest.raises(ConflictError, match="a move from csv into demo is under way"):
        mover.plan()


def test_what_was_only_planned_gives_way_to_another_source(mover: Mover) -> None:
    mover.plan()
    mover.source.kind = SourceKind.PHOSS_XML
    mover.plan()
    assert [move.state for move in moves_of(mover.instance, None)] == [State.PLANNED, State.ENDED]
    assert mover.move().source_kind == SourceKind.PHOSS_XML


def test_a_move_that_is_given_up_leaves_what_it_loaded_and_lets_everybody_write(mover: Mover) -> None:
    mover.holds(participant_record("0088:a"))
    mover.load()
    for _ in range(2):
        ended = end_move(mover.instance.database, ACTOR, mover.move().id if _ == 0 else 1, mover.instance.directory)
        assert ended.state == State.ENDED
    mover.instance.publishing.put_service_group(ACTOR, mover.offline.stored, ServiceGroup(participant("0088:mine")))
    assert mover.published() == {"0088:a", "0088:mine"}
    with pytest.raises(NotFoundError, match="no move is under way"):
        mover.move()


@pytest.mark.parametrize("state", [State.FROZEN, State.CUT_OVER])
def test_nothing_is_loaded_once_a_cutover_has_begun(mover: Mover, state: State) -> None:
    mover.load()
    with mover.instance.database.write(ACTOR) as work:
        move_ins.change(work, mover.move().id, state=state)
    for act in (mover.plan, mover.load):
        with pytest.raises(ConflictError, match=f"is {state}"):
            act()


def test_every_step_of_a_move_leaves_an_event(mover: Mover) -> None:
    mover.holds(participant_record("0088:a"))
    mover.plan()
    mover.load()
    end_move(mover.instance.database, ACTOR, mover.move().id, mover.instance.directory)
    page = search(mover.instance.database, EventFilter(subject="move-in:1"))
    assert [event.tag for event in page.events][::-1] == [
        "move-in:move:create",
        "move-in:move:plan",
        "move-in:load:begin",
        "move-in:load:finish",
        "move-in:move:end",
    ]


# Owners


def account_of(mover: Mover, name: str) -> Any:
    return accounts.find_account_named(mover.instance.database, name)


def test_a_user_becomes_an_account_that_nobody_can_log_in_to_and_that_may_edit_what_is_theirs(mover: Mover) -> None:
    mover.holds(owner_record("Alice", name="Alice A."), owner_record("bob", enabled=False))
    mover.load()
    alice, bob = account_of(mover, "alice"), account_of(mover, "bob")
    assert (alice.name, alice.display_name, alice.email, alice.state) == (
        "Alice",
        "Alice A.",
        "Alice@example.org",
        "active",
    )
    assert bob.state == "disabled"
    with mover.instance.database.read() as connection:
        assert credential_rows.of_account(connection, alice.id) == []
        group = owner_groups.by_name(connection, mover.offline.stored.id, "Alice")
    assert group is not None
    (grant,) = grants.list_grants(mover.instance.database, account_id=alice.id, size=10)
    assert (grant.role, grant.place.owner_group_id) == ("editor", group.id)


def test_a_user_who_changes_or_goes_at_the_source_does_so_here(mover: Mover) -> None:
    mover.holds(owner_record("alice"), owner_record("bob", enabled=False))
    mover.load()
    number = account_of(mover, "bob").id
    mover.holds(owner_record("alice", name="New Name", enabled=False))
    mover.load(Limits(removed_percent=100))
    alice = account_of(mover, "alice")
    assert (alice.display_name, alice.state) == ("New Name", "disabled")
    assert accounts.find_account(mover.instance.database, number).state == "erased"
    with mover.instance.database.read() as connection:
        assert owner_groups.by_name(connection, mover.offline.stored.id, "bob") is None


def group_of(mover: Mover, value: str) -> str | None:
    """The name of the group that a participant is in."""
    stored, who = mover.offline.stored, participant(value)
    with mover.instance.database.read() as connection:
        exists, number = owner_groups.of_participant(
            connection, stored.id, who.scheme, stored.domain.identifiers.participant_key(who)
        )
        assert exists
        row = None if number is None else owner_groups.by_id(connection, number)
    return None if row is None else row.name


@pytest.mark.parametrize("stays", [True, False], ids=["owner-stays", "owner-goes"])
@pytest.mark.parametrize("owner", ["", "bob", "nobody"], ids=["none", "another", "unknown"])
def test_a_participant_whose_owner_alone_changes_at_the_source_is_in_the_group_of_the_old_one_no_longer(
    mover: Mover, owner: str, stays: bool
) -> None:
    mover.holds(owner_record("alice"), owner_record("bob"), participant_record("0088:a", "alice"))
    mover.load()
    assert group_of(mover, "0088:a") == "alice"
    left = [owner_record("alice")] if stays else []
    mover.holds(*left, owner_record("bob"), participant_record("0088:a", owner))
    report = mover.load(Limits(removed_percent=100))
    assert group_of(mover, "0088:a") == ("bob" if owner == "bob" else None)
    expected = {(Kind.PARTICIPANT, Verdict.UPDATED): 1} | ({} if stays else {(Kind.OWNER, Verdict.REMOVED): 1})
    assert report.tally.counts == expected
    assert mover.load(Limits(removed_percent=100)).tally.counts == {}


def test_a_participant_that_is_nobodys_at_the_source_stays_in_a_group_that_was_made_here(mover: Mover) -> None:
    database, stored = mover.instance.database, mover.offline.stored
    mover.holds(owner_record("alice"), participant_record("0088:a", "alice"))
    mover.load()
    made = create_group(database, ACTOR, stored.id, "clinics")
    who = participant("0088:a")
    value_key = stored.domain.identifiers.participant_key(who)
    with database.write(ACTOR) as work:
        work.moves_in = True
        owner_groups.place(work, stored.id, who.scheme, value_key, made.id)
    mover.holds(owner_record("alice"), participant_record("0088:a"))
    mover.load()
    assert group_of(mover, "0088:a") == "clinics"


def test_an_account_that_somebody_has_here_already_stays_as_it_is(mover: Mover) -> None:
    database = mover.instance.database
    held = accounts.create_account(database, ACTOR, accounts.Kind.PERSON, "alice", display_name="Our Alice")
    from registry.accounts.credentials import set_password

    set_password(database, ACTOR, held.id, "correct horse battery staple", must_change=False)
    mover.holds(owner_record("alice", name="Another Alice", enabled=False))
    report = mover.load()
    assert [note for _, _, note in report.tally.notes] == [
        "there is an account of this name already, which stays as it is and may now edit the group"
    ]
    mover.holds()
    mover.load(Limits(removed_percent=100))
    alice = account_of(mover, "alice")
    assert (alice.display_name, alice.state) == ("Our Alice", "active")
    assert grants.list_grants(database, account_id=alice.id, size=10) == []


def test_a_user_whose_name_is_none_is_refused_with_the_reason(mover: Mover) -> None:
    mover.holds(owner_record("x" * 200), SourceRecord(Kind.OWNER, "half", b'{"login":"half"}\n'))
    report = mover.load(Limits(refused_percent=100))
    reasons = {key: {reason.id for reason in said} for _, key, said in report.tally.refused}
    assert reasons == {"x" * 200: {"GROUP-NAME"}, "half": {"MOVE-IN-OWNER"}}
