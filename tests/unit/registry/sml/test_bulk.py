# SPDX-License-Identifier: Apache-2.0
"""What concerns all participants of an SMP: done at once for a few, by a job for many, with the same outcome."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.app.domain_setup import change_domain
from registry.audit.events import about
from registry.demo.pki import DemoPki
from registry.identifiers.dns_names import legacy_cname_owner, participant_owner
from registry.jobs.worker import Worker
from registry.sml import bulk
from registry.sml.errors import SmlError
from registry.sml.model import Publisher
from registry.sml.names import gone_states, participant_states, publisher_states
from registry.sml.registration import zone_id_of
from registry.storage.queries import migrations, publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, BASE_URL, OfflineInstance, offline_instance, participant

NEW_URL = "https://moved.example.org/smp"
OTHER, OTHER_URL = "SMP-OTHER", "https://other.example.org"
PEOPLE = [participant(f"0088:{number:03}") for number in range(40)]
ZONE_FORMS = [
    pytest.param({}, id="records-of-their-own"),
    pytest.param({"publisher_indirection": True}, id="indirection"),
    pytest.param({"legacy_cname": True}, id="legacy"),
    pytest.param({"publisher_indirection": True, "legacy_cname": True}, id="indirection-and-legacy"),
]


@pytest.fixture(params=ZONE_FORMS)
def world(request: pytest.FixtureRequest, tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    """Two SMPs; the first has 40 participants, some suspended, some with services of their own."""
    dns = {"zone": "sml.test", "optional_services": ["Meta:CPPA"], **request.param}
    with offline_instance(tmp_path, pki, dns=dns) as made:
        fill(made)
        yield made


def fill(made: OfflineInstance) -> None:
    sml = made.instance.sml
    with made.instance.database.write(ACTOR) as work:
        made.instance.publishers.add(work, made.stored, Publisher(OTHER, OTHER_URL, "0.0.0.0"), None)  # noqa: S104
    sml.create_participants(made.caller(), SMP_ID, PEOPLE[:30])
    sml.create_participants(made.caller(), SMP_ID, PEOPLE[30:], service="Meta:CPPA")
    sml.create_participants(made.caller(), SMP_ID, PEOPLE[28:30], service="Meta:CPPA")
    choose = random.Random(7)
    with made.instance.database.write(ACTOR) as work:
        rows = rows_of(work, publisher_of(work, made, SMP_ID))
        suspended = choose.sample([row.id for row in rows], 9)
        registrations.set_suspended(work, suspended, suspended=True)
        rows = rows_of(work, publisher_of(work, made, SMP_ID))
        made.instance.registrar.point(work, made.stored, publisher_of(work, made, SMP_ID), rows)


def publisher_of(work: UnitOfWork, made: OfflineInstance, smp_id: str) -> PublisherRow:
    (row,) = publishers.find(work.connection, [made.stored.id], smp_id)
    return row


def rows_of(work: UnitOfWork, publisher: PublisherRow) -> list[registrations.RegistrationRow]:
    return registrations.page(work.connection, publisher.id, 0, 1000)


def shall_be(made: OfflineInstance) -> dict[tuple[str, str], str]:
    """The zone as a function of the rows, without the apex."""
    domain = made.instance.directory.get("demo").domain
    states = []
    with made.instance.database.write(ACTOR) as work:
        for publisher in publishers.of_domain(work.connection, made.stored.id):
            states += publisher_states(domain, publisher)
            states += participant_states(domain, publisher, rows_of(work, publisher))
    return {(state.owner, state.rdtype): state.text for state in states if state.text is not None}


def zone(made: OfflineInstance) -> dict[tuple[str, str], str]:
    return {key: text for key, text in made.zone_state().items() if key[0] != "@"}


def do_jobs(made: OfflineInstance) -> int:
    worker = Worker(made.instance.database, made.instance.publishers.bulk.handlers(made.instance.directory), "w")
    done = 0
    while worker.run_one():
        done += 1
    return done


@pytest.fixture(params=["at-once", "by-a-job"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "by-a-job":
        monkeypatch.setattr(bulk, "AT_ONCE", 3)
        monkeypatch.setattr(bulk, "PART", 7)
        monkeypatch.setattr(bulk, "REMOVED_AT_ONCE", 6)
    return str(request.param)


def test_names_follow_a_changed_address(world: OfflineInstance, way: str) -> None:
    assert zone(world) == shall_be(world)
    world.instance.sml.update_publisher(world.caller(), Publisher(SMP_ID, NEW_URL, "0.0.0.0"))  # noqa: S104
    assert do_jobs(world) == int(way == "by-a-job")
    assert zone(world) == shall_be(world)
    texts = {text for (_, rdtype), text in zone(world).items() if rdtype == "NAPTR"}
    assert not any(BASE_URL in text for text in texts)
    assert any(NEW_URL in text for text in texts)


def test_one_record_moves_everybody_behind_an_indirection(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, dns={"zone": "sml.test", "publisher_indirection": True}) as made:
        made.instance.sml.create_participants(made.caller(), SMP_ID, PEOPLE)
        before = zone(made)
        made.instance.sml.update_publisher(made.caller(), Publisher(SMP_ID, f"{BASE_URL}/v2", "0.0.0.0"))  # noqa: S104
        changed = {key for key, text in zone(made).items() if before.get(key) != text}
        assert changed == {(f"{SMP_ID.lower()}.naptr", "NAPTR")}
        alias = zone(made)[participant_owner(PEOPLE[0]), "CNAME"]
        assert alias == f"60 {SMP_ID.lower()}.naptr.sml.test."


def test_suspended_smp_is_not_found_and_found_again_when_it_resumes(world: OfflineInstance, way: str) -> None:
    before = zone(world)
    for suspended in (True, False):
        with world.instance.database.write(ACTOR) as work:
            row = publisher_of(work, world, SMP_ID)
            publishers.set_suspended(work, row.id, suspended=suspended)
            world.instance.publishers.bulk.follow(work, world.stored, replace(row, suspended=suspended))
        do_jobs(world)
        assert zone(world) == shall_be(world)
        held = zone(world)
        if suspended:
            assert not any(SMP_ID.lower() in owner.split(".") for owner, _ in held)
            assert not [text for (_, rdtype), text in held.items() if rdtype == "NAPTR" and BASE_URL in text]
    assert zone(world) == before


def test_all_participants_of_one_smp_go_to_another(world: OfflineInstance, way: str) -> None:
    with world.instance.database.write(ACTOR) as work:
        giver, taker = publisher_of(work, world, SMP_ID), publisher_of(work, world, OTHER)
        rows = rows_of(work, giver)
        migrations.add(work, rows[3].id, "hash", work.now + timedelta(days=9))
        job = world.instance.publishers.bulk.transfer(work, world.stored, giver, taker)
    assert (job is not None) == (way == "by-a-job")
    do_jobs(world)
    with world.instance.database.write(ACTOR) as work:
        assert rows_of(work, giver) == []
        moved = rows_of(work, taker)
        assert [(row.label, row.services, row.suspended) for row in moved] == [
            (row.label, row.services, row.suspended) for row in rows
        ]
        assert registrations_with_open_migration(work, moved) == []
    assert zone(world) == shall_be(world)


def registrations_with_open_migration(work: UnitOfWork, rows: list[registrations.RegistrationRow]) -> list[int]:
    return sorted(migrations.open_of(work.connection, [row.id for row in rows], work.now))


def test_smp_goes_with_all_that_it_has(world: OfflineInstance, way: str) -> None:
    with world.instance.database.write(ACTOR) as work:
        rows = rows_of(work, publisher_of(work, world, SMP_ID))
        registrations.set_suspended(work, [row.id for row in rows], suspended=False)
    world.instance.sml.delete_publisher(world.caller(), SMP_ID)
    with pytest.raises(SmlError, match=r"ERR-100"):
        world.instance.sml.read_publisher(world.caller(), SMP_ID)
    if way == "by-a-job":
        with pytest.raises(SmlError, match="already exists"):
            world.instance.sml.create_publisher(world.caller(), Publisher(SMP_ID, BASE_URL, "0.0.0.0"))  # noqa: S104
    do_jobs(world)
    assert {owner.rpartition(".")[0] for owner, _ in zone(world)} <= {OTHER.lower()}
    assert about(world.instance.database, str(PEOPLE[0]))[-1].tag == "sml:registration:delete"
    world.instance.sml.create_publisher(world.caller(), Publisher(SMP_ID, BASE_URL, "0.0.0.0"))  # noqa: S104


def test_domain_takes_up_the_indirection_and_gives_it_up(world: OfflineInstance, way: str) -> None:
    was = world.stored.domain.dns.publisher_indirection
    before = zone(world)
    for indirect in (not was, was):
        change_domain(world.instance, ACTOR, "demo", {"dns": {"publisher_indirection": indirect}})
        if indirect or way == "by-a-job":
            assert (f"{SMP_ID.lower()}.naptr", "NAPTR") in zone(world), "nobody's alias may lead nowhere"
        do_jobs(world)
        assert zone(world) == shall_be(world)
    assert zone(world) == before


def test_a_registration_during_the_job_is_right_from_the_start(
    world: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    world.instance.sml.update_publisher(world.caller(), Publisher(SMP_ID, NEW_URL, "0.0.0.0"))  # noqa: S104
    world.instance.sml.create_participants(world.caller(), SMP_ID, [participant("0088:late")])
    do_jobs(world)
    assert zone(world) == shall_be(world)


def test_a_removal_takes_what_a_transfer_brought_behind_its_back(
    world: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    monkeypatch.setattr(bulk, "REMOVED_AT_ONCE", 6)
    with world.instance.database.write(ACTOR) as work:
        giver, taker = publisher_of(work, world, SMP_ID), publisher_of(work, world, OTHER)
        early = [row.id for row in rows_of(work, giver)[:5]]
        registrations.move(work, [row.id for row in rows_of(work, giver)[5:]], taker.id)
        assert world.instance.publishers.bulk.remove(work, world.stored, taker) is not None
    worker = Worker(world.instance.database, world.instance.publishers.bulk.handlers(world.instance.directory), "w")
    parts = 0
    unregister = world.instance.registrar.unregister

    def bring(work: UnitOfWork, *args: Any) -> None:
        nonlocal parts
        parts += 1
        unregister(work, *args)
        if parts == 2:
            registrations.move(work, early, taker.id)

    monkeypatch.setattr(world.instance.registrar, "unregister", bring)
    monkeypatch.setattr(world.instance.publishers.bulk, "_registrar", world.instance.registrar)
    assert worker.run_one()
    with world.instance.database.read() as connection:
        assert publishers.by_id(connection, taker.id) is None


def test_nothing_goes_to_an_smp_that_is_being_removed(world: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    with world.instance.database.write(ACTOR) as work:
        giver, taker = publisher_of(work, world, SMP_ID), publisher_of(work, world, OTHER)
        rows = rows_of(work, giver)
        assert world.instance.publishers.bulk.transfer(work, world.stored, giver, taker) is not None
        publishers.begin_removal(work, taker.id)
    do_jobs(world)
    with world.instance.database.write(ACTOR) as work:
        assert rows_of(work, giver) == rows
    assert [key for key in zone(world) if key[0].endswith(".iso6523-actorid-upis")]


def test_the_later_of_two_changes_wins_whichever_job_runs_first(
    world: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    for url in ("https://first.example.org", "https://second.example.org"):
        world.instance.sml.update_publisher(world.caller(), Publisher(SMP_ID, url, "0.0.0.0"))  # noqa: S104
    do_jobs(world)
    assert zone(world) == shall_be(world)
    assert not [text for text in zone(world).values() if "first.example.org" in text]


def test_names_of_a_registration_hold_nothing_when_it_is_gone(world: OfflineInstance) -> None:
    with world.instance.database.write(ACTOR) as work:
        rows = rows_of(work, publisher_of(work, world, SMP_ID))
        world.instance.journal.write(work, zone_id_of(world.stored), gone_states(world.stored.domain, rows))
    held = {owner for owner, _ in zone(world)}
    assert held.isdisjoint(row.label for row in rows)
    assert held.isdisjoint(legacy_cname_owner(person) for person in PEOPLE)
