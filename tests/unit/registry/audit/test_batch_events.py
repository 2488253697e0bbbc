# SPDX-License-Identifier: Apache-2.0
"""One event for a list: each subject finds it, is erased from it alone, and any change of who they are is found."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy import event as sqlalchemy_event

from registry.audit import batches, chain
from registry.audit.batch_lookup import BEGUN, entries_in
from registry.audit.events import Event, EventFilter, about, record, record_batch, search
from registry.audit.export import export, manifest_files, verify_file
from registry.audit.retention import prune_all
from registry.audit.sealing import keys_of
from registry.audit.signing import ExportSigner
from registry.audit.subjects import erase_subject, planned_erasure
from registry.audit.verification import Flaw, Verification, verify
from registry.errors import ConfigurationError, NotFoundError, ValidationError
from registry.identifiers.text import ascii_lower
from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database
from registry.storage.queries import registrations
from registry.storage.queries.registrations import NewRegistration
from registry.storage.tables import domain, event, event_batch, event_subject, publisher, registration
from tests.simulators.databases import everything_in
from tests.simulators.offline import MovableClock
from tests.simulators.tampering import tampering

SCHEME = "iso6523-actorid-upis"
CREATED = "sml:registration:create"
DELETED = "sml:registration:delete"
SAID = {"smp_id": "SMP-ONE"}
NAMES = [f"{SCHEME}::0088:Many{number}" for number in range(4)] + [f"{SCHEME}::0088:\u00dcBER"]
WHO, OTHER = NAMES[1], NAMES[3]


@pytest.fixture
def world(database: Database, actor: Actor) -> Database:
    """A domain and a publisher, with the number 5."""
    with database.write(actor) as work:
        common = {"id": 5, "modified_at": work.now}
        work.connection.execute(insert(domain).values(**common, name="d", profile="", settings={}, version=1))
        spoken = {"smp_id": "SMP-ONE", "smp_id_key": "smp-one", "suspended": False}
        addresses = {"logical_address": "", "physical_address": ""}
        work.connection.execute(insert(publisher).values(**common, domain_id=5, **spoken, **addresses))
    return database


def create(database: Database, actor: Actor, names: list[str] = NAMES) -> int | None:
    """Register participants as the SML does."""
    with database.write(actor) as work:
        sequence = record_batch(work, CREATED, names, domain_id=5, after=SAID)
        values = [name.partition("::")[2] for name in names]
        new = [NewRegistration(SCHEME, value, ascii_lower(value), "Meta:SMP", f"{value}.label") for value in values]
        registrations.add(work, 5, 5, new, sequence)
    return sequence


def remove(database: Database, actor: Actor, name: str) -> None:
    with database.write(actor) as work:
        key = name.partition("::")[2].lower()
        (row,) = registrations.find(work.connection, 5, [(SCHEME, key)])
        registrations.remove(work, [row.id])
        record(work, DELETED, name, domain_id=5, before=SAID if row.event is None else SAID | {BEGUN: row.event})


@pytest.fixture
def told(world: Database, actor: Actor) -> Database:
    """The list `NAMES`, in the chain."""
    assert create(world, actor) == 1
    assert chain.seal(world) == 1
    return world


def sole(database: Database, wanted: EventFilter, *, whole: bool = False) -> Event:
    (found,) = search(database, wanted, whole=whole).events
    return found


def count(database: Database, table: object) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def found(verification: Verification) -> tuple[Flaw, int]:
    assert verification.finding is not None
    return verification.finding.flaw, verification.finding.position


def test_a_list_is_one_event_that_tells_how_many_but_not_who(told: Database) -> None:
    shown = sole(told, EventFilter())
    assert (shown.tag, shown.subject, shown.count, shown.subjects, shown.domain_id) == (CREATED, "", 5, None, 5)
    assert shown.after["each"] == SAID
    assert count(told, event_subject) == 0
    with told.write(Actor("test")) as work:
        work.connection.execute(delete(registration))
    for name in NAMES:
        assert name.partition("::")[2] not in everything_in(told)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [(WHO, WHO), (WHO.upper(), WHO), (WHO.lower(), WHO), (NAMES[4], NAMES[4]), (ascii_lower(NAMES[4]), NAMES[4])],
    ids=range(5),
)
def test_each_subject_finds_it_in_whatever_case(told: Database, name: str, spelled: str) -> None:
    (shown,) = about(told, name)
    assert (shown.sequence, shown.subject, shown.before, shown.after, shown.count) == (1, spelled, None, SAID, 5)
    assert about(told, f"{SCHEME}::0088:many9") == []


def test_read_whole_it_tells_all_subjects_in_order(told: Database) -> None:
    assert sole(told, EventFilter(), whole=True).subjects == tuple(NAMES)


def test_list_of_one_has_an_event_of_its_own_and_of_none_none(world: Database, actor: Actor) -> None:
    assert create(world, actor, [WHO]) is None
    with world.write(actor) as work:
        assert record_batch(work, CREATED, []) is None
    (shown,) = about(world, WHO)
    assert (shown.subject, shown.after, shown.count) == (WHO, SAID, None)
    assert count(world, event) == 1
    assert count(world, event_batch) == 0


def test_list_needs_a_master_key(world: Database, actor: Actor) -> None:
    world.master_key = None
    with pytest.raises(ConfigurationError, match="master key"):
        create(world, actor)
    assert count(world, event) == 0


def test_list_keeps_the_order_of_what_is_recorded(world: Database, actor: Actor) -> None:
    with world.write(actor) as work:
        record(work, DELETED, WHO)
        assert record_batch(work, CREATED, NAMES) == 2
        record(work, DELETED, OTHER)
    tags = [shown.tag for shown in search(world, EventFilter()).events[::-1]]
    assert tags == [DELETED, CREATED, DELETED]


def test_list_takes_two_statements(world: Database, actor: Actor) -> None:
    statements: list[str] = []
    sqlalchemy_event.listen(world.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with world.write(actor) as work:
        statements.clear()
        record_batch(work, CREATED, [f"{WHO}{number}" for number in range(1_000)])
        work.settle()
        assert len(statements) <= 2


@pytest.mark.parametrize(("key", "why"), [(None, "no master key"), (MasterKey(bytes(32)), "damaged")])
def test_without_the_right_key_it_is_there_but_not_who(told: Database, key: MasterKey | None, why: str) -> None:
    told.master_key = key
    shown = sole(told, EventFilter(tag=CREATED), whole=True)
    assert (shown.count, shown.subjects, shown.unreadable) == (5, None, why)
    assert [item.subject for item in about(told, WHO)] == [""] * (key is not None)


def test_what_was_removed_and_created_again_shows_all_of_it(told: Database, actor: Actor) -> None:
    remove(told, actor, WHO)
    assert [(shown.tag, shown.subject) for shown in about(told, WHO)] == [(CREATED, WHO), (DELETED, WHO)]
    assert create(told, actor, [WHO, f"{SCHEME}::0088:new"]) == 3
    remove(told, actor, WHO)
    create(told, actor, [WHO])
    tags = [(shown.tag, shown.subject) for shown in about(told, WHO)]
    assert tags == [(CREATED, WHO), (DELETED, WHO), (CREATED, WHO), (DELETED, WHO), (CREATED, WHO)]
    assert [shown.tag for shown in about(told, OTHER)] == [CREATED]


def test_filters_and_pages_count_for_lists_too(told: Database, actor: Actor, clock: MovableClock) -> None:
    clock.forward(hours=1)
    remove(told, actor, WHO)
    later = told.now()

    def tags(**wanted: object) -> list[str]:
        return [shown.tag for shown in search(told, EventFilter(subject=WHO, **wanted)).events]

    assert tags() == [DELETED, CREATED]
    assert tags(tag="*:create") == [CREATED]
    assert tags(domain_ids=frozenset({5})) == [DELETED, CREATED]
    assert tags(domain_ids=frozenset({6})) == []
    assert tags(until=later) == [CREATED]
    first = search(told, EventFilter(subject=WHO), size=1)
    assert [shown.tag for shown in search(told, EventFilter(subject=WHO), first.after, 1).events] == [CREATED]


# Erasure


def erase(database: Database, actor: Actor, name: str = WHO) -> int:
    with database.write(actor) as work:
        return erase_subject(work, name).sealed_events


def test_who_is_erased_is_out_of_the_list_and_the_others_stay(told: Database, actor: Actor) -> None:
    assert planned_erasure(told, WHO.lower()).sealed_events == 1
    assert sole(told, EventFilter(), whole=True).subjects == tuple(NAMES)
    assert erase(told, actor, WHO.lower()) == 1
    assert about(told, WHO) == []
    assert [shown.tag for shown in about(told, OTHER)] == [CREATED]
    shown = sole(told, EventFilter(tag=CREATED), whole=True)
    assert shown.subjects == tuple(None if name == WHO else name for name in NAMES)
    chain.seal(told)
    assert verify(told).finding is None


def test_nothing_of_the_erased_is_left_but_a_digest(told: Database, actor: Actor) -> None:
    def held() -> batches.Entries:
        with told.read() as connection:
            entries = entries_in(connection, told.master_key, [1])[1]
        assert isinstance(entries, tuple)
        return entries

    before = held()
    erase(told, actor)
    assert held() == tuple(entry.leaf if entry.subject == WHO else entry for entry in before)


def test_erasure_of_who_was_only_one_of_many_is_on_record(told: Database, actor: Actor) -> None:
    erase(told, actor)
    erased = sole(told, EventFilter(tag="audit:subject:erase"))
    assert (erased.subject, erased.after) == ("subject:1", {"events": 1})
    with pytest.raises(NotFoundError):
        erase(told, actor)
    assert erase(told, actor, OTHER) == 1


def test_erasure_reaches_every_list_that_the_subject_was_ever_in(told: Database, actor: Actor) -> None:
    remove(told, actor, WHO)
    create(told, actor, [WHO, f"{SCHEME}::0088:new"])
    remove(told, actor, WHO)
    create(told, actor, [WHO, f"{SCHEME}::0088:newer"])
    assert planned_erasure(told, WHO).sealed_events == 5
    assert erase(told, actor) == 5
    told_of = [shown.subjects for shown in search(told, EventFilter(tag=CREATED), whole=True).events]
    assert [WHO in (subjects or ()) for subjects in told_of] == [False] * 3
    assert [(subjects or ()).count(None) for subjects in told_of] == [1] * 3
    remove(told, actor, WHO)  # which leads to a list that it isn't in any more
    assert [shown.tag for shown in about(told, WHO)] == [DELETED]
    chain.seal(told)
    assert verify(told).finding is None


def test_two_who_erase_from_one_list_at_once_both_do(told: Database, actor: Actor) -> None:
    begun = threading.Barrier(2)

    def act(name: str) -> int:
        begun.wait(20)
        return erase(told, actor, name)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(act, [WHO, OTHER])) == [1, 1]
    shown = sole(told, EventFilter(tag=CREATED), whole=True)
    assert shown.subjects == tuple(None if name in {WHO, OTHER} else name for name in NAMES)


def test_erasure_that_is_taken_back_erases_nothing(told: Database, actor: Actor) -> None:
    def given_up() -> None:
        with told.write(actor) as work:
            erase_subject(work, WHO)
            raise ConfigurationError("given up")

    with pytest.raises(ConfigurationError):
        given_up()
    assert [shown.subject for shown in about(told, WHO)] == [WHO]


# The chain


def test_chain_of_lists_is_whole(told: Database, actor: Actor) -> None:
    create(told, actor, [f"{SCHEME}::0088:new{number}" for number in range(3)])
    chain.seal(told)
    checked = verify(told)
    assert (checked.finding, checked.events, checked.unopened) == (None, 2, 0)


def test_list_without_its_subjects_is_found(told: Database) -> None:
    with tampering(told) as connection:
        connection.execute(delete(event_batch))
    assert found(verify(told)) == (Flaw.MISSING, 1)
    assert sole(told, EventFilter(), whole=True).unreadable == "missing"
    assert [shown.unreadable for shown in about(told, WHO)] == ["missing"]


@pytest.mark.parametrize("column", ["salt", "sealed"])
def test_subjects_that_were_changed_or_belong_to_another_list_are_found(
    told: Database, actor: Actor, column: str
) -> None:
    create(told, actor, [f"{SCHEME}::0088:new{number}" for number in range(3)])
    chain.seal(told)
    with tampering(told) as connection:
        values = dict(map(tuple, connection.execute(select(event_batch.c.sequence, event_batch.c[column]))))
        connection.execute(update(event_batch).where(event_batch.c.sequence == 2).values({column: values[1]}))
    assert found(verify(told)) == (Flaw.CHANGED, 2)


def test_subjects_that_were_sealed_anew_by_who_has_the_key_are_found(told: Database) -> None:
    assert told.master_key is not None
    with told.read() as connection:
        entries = entries_in(connection, told.master_key, [1])[1]
    assert isinstance(entries, tuple)
    forged = (*entries[:4], batches.Entry(bytes(16), "0088:forged"))
    root = batches.root_of(batches.leaves_of(entries))
    sealed = batches.seal(keys_of(told.master_key), root, forged)
    with tampering(told) as connection:
        connection.execute(update(event_batch).values(salt=sealed.salt, sealed=sealed.content))
    assert found(verify(told)) == (Flaw.CHANGED, 1)


@pytest.mark.parametrize("after", ['{"count":4,"root":"00"}', "no json", "7"])
def test_list_that_says_something_else_is_found(told: Database, after: str) -> None:
    with tampering(told) as connection:
        connection.exec_driver_sql(f"UPDATE event SET after = '{after}'")  # noqa: S608 — of this test
    assert found(verify(told)) == (Flaw.CHANGED, 1)


def test_without_a_master_key_the_chain_is_checked_and_the_subjects_are_counted(told: Database) -> None:
    told.master_key = None
    checked = verify(told)
    assert (checked.finding, checked.events, checked.unopened) == (None, 1, 1)


def test_pruned_list_takes_its_subjects_along(told: Database, actor: Actor, clock: MovableClock) -> None:
    clock.forward(days=2)
    create(told, actor, [f"{SCHEME}::0088:new{number}" for number in range(3)])
    chain.seal(told)
    assert prune_all(told, actor, told.now() - timedelta(days=1)) == 1
    assert count(told, event_batch) == 1
    assert about(told, WHO) == []
    chain.seal(told)
    assert verify(told).finding is None
    remove(told, actor, WHO)
    assert [shown.tag for shown in about(told, WHO)] == [DELETED]


# Exports


@pytest.fixture
def signer(tmp_path: Path) -> ExportSigner:
    return ExportSigner.open(tmp_path / "audit-signing.pem")


def sign_again(file: Path, signer: ExportSigner) -> None:
    """As a forger with the key would."""
    from registry.audit.export import _sha256

    manifest, signature, _ = manifest_files(file)
    said = json.loads(manifest.read_bytes()) | {"sha256": _sha256(file)}
    manifest.write_text(json.dumps(said))
    signature.write_bytes(signer.sign(manifest.read_bytes()))


@pytest.mark.parametrize("opened", [False, True], ids=["sealed", "opened"])
def test_export_has_digests_of_all_subjects_or_their_names(
    told: Database, signer: ExportSigner, actor: Actor, tmp_path: Path, opened: bool
) -> None:
    erase(told, actor)
    chain.seal(told)
    file = tmp_path / "audit.jsonl"
    export(told, file, signer, open_sealed=opened)
    line = json.loads(file.read_text().splitlines()[0])
    assert (OTHER in file.read_text()) is opened
    assert WHO not in file.read_text()
    assert [isinstance(entry, list) for entry in line["entries"]] == [opened and name != WHO for name in NAMES]
    checked = verify_file(file, signer.public).chain
    assert (checked.finding, checked.events, checked.unopened) == (None, 2, 0)


def test_export_without_a_key_has_no_subjects_and_says_so_when_it_is_checked(
    told: Database, signer: ExportSigner, tmp_path: Path
) -> None:
    told.master_key = None
    export(told, tmp_path / "audit.jsonl", signer, open_sealed=True)
    checked = verify_file(tmp_path / "audit.jsonl").chain
    assert (checked.finding, checked.unopened) == (None, 1)


def test_forged_subject_of_an_export_is_found(told: Database, signer: ExportSigner, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    export(told, file, signer, open_sealed=True)
    line = json.loads(file.read_text())
    line["entries"][2][1] = "0088:forged"
    file.write_text(json.dumps(line) + "\n")
    sign_again(file, signer)
    assert found(verify_file(file).chain) == (Flaw.CHANGED, 1)


@pytest.mark.parametrize("entries", [7, [7], [["00", "short salt"]], ["no hex"]], ids=range(4))
def test_line_with_what_are_no_entries_is_refused(
    told: Database, signer: ExportSigner, tmp_path: Path, entries: object
) -> None:
    file = tmp_path / "audit.jsonl"
    export(told, file, signer)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"entries": entries}) + "\n")
    sign_again(file, signer)
    with pytest.raises(ValidationError, match="line 1 is not an event"):
        verify_file(file)


def test_who_reads_events_of_one_request_sees_lists_among_them(told: Database, actor: Actor) -> None:
    with told.write(replace(actor, request_id="request-2")) as work:
        record_batch(work, CREATED, [WHO, OTHER], domain_id=5)
    assert sole(told, EventFilter(request_id="request-2")).count == 2
