# SPDX-License-Identifier: Apache-2.0
"""The same code on a real PostgreSQL: the schema is what the tables say, the main flow works, races have one winner.

Statements of the schema are held against SQLite, too.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, inspect, select, text

from registry.app.instance import Instance
from registry.clock import system_clock
from registry.demo.content import BILLING, INVOICE, PARTICIPANTS, demo_metadata
from registry.demo.pki import DemoPki
from registry.dns.journal import ZonePublisher
from registry.errors import ConfigurationError, RegistryError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import Process, ServiceGroup
from registry.sml.errors import SmlError
from registry.sml.model import Caller, Publisher
from registry.smp.merging import merged
from registry.smp.publishing import Outcome
from registry.storage.document_reader import DocumentKey, open_document_reader
from registry.storage.engine import Actor, Database, retried
from registry.storage.migrate import _configuration, migrate, newest_version, schema_version
from registry.storage.queries import publishers, registrations, service_groups, zones
from registry.storage.tables import access_point, endpoint, registration, signed_document, zone_change
from registry.storage.tables import metadata as tables
from registry.storage.tables import process as process_table
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, live_instance
from tests.simulators.postgresql import Cluster

pytestmark = pytest.mark.slow

KEY = "11AAbb$$11AAbb$$"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'registry.sqlite3'}"
    else:
        url = request.getfixturevalue("cluster").new_database()
    database = Database(url, system_clock)
    yield database
    database.dispose()


@pytest.fixture
def live(cluster: Cluster, tmp_path: Path, pki: DemoPki) -> Iterator[LiveInstance]:
    """A running instance whose database is PostgreSQL."""
    with live_instance(tmp_path, pki, database_url=cluster.new_database()) as running:
        yield running


def differences(database: Database) -> list[Any]:
    """What Alembic would write into a new migration."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, tables))


# The schema


def test_migrations_make_exactly_the_tables(database: Database) -> None:
    assert schema_version(database) is None
    assert len(differences(database)) >= len(tables.tables)
    migrate(database)
    assert schema_version(database) == newest_version(database)
    assert differences(database) == []


def test_migrating_twice_does_nothing(database: Database) -> None:
    migrate(database)
    migrate(database)
    assert differences(database) == []


def test_downgrade_leaves_nothing_and_upgrade_brings_everything_back(database: Database) -> None:
    migrate(database)
    command.downgrade(_configuration(database), "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    migrate(database)
    assert differences(database) == []


def test_a_schema_of_a_newer_version_is_left_alone(database: Database) -> None:
    migrate(database)
    with database.write(Actor("test")) as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="can't use"):
        migrate(database)
    assert schema_version(database) == "9999"


def test_a_database_that_can_not_be_reached_is_a_technical_error(cluster: Cluster) -> None:
    url = cluster.new_database().replace("registry_", "registry_missing_")
    database = Database(url, system_clock)
    with pytest.raises(RegistryError, match="registry_missing_"):
        migrate(database)
    database.dispose()


# The main flow


def test_main_flow_registers_publishes_signs_serves_and_resolves(live: LiveInstance) -> None:
    assert not live.instance.database.is_sqlite
    for metadata in demo_metadata(live.pki.access_points):
        live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
    live.wait_for_dns()
    participant, services = PARTICIPANTS[0]
    assert services[0] == (INVOICE, BILLING)
    with live.lookup_client() as client:
        found = client.resolve(participant, INVOICE)
    assert found.endpoint.address == "https://ap1.demo.example/as4"

    group = httpx2.get(live.addresses.public + participant_path(participant))
    assert group.content.count(b"ServiceMetadataReference ") == 2
    url = live.addresses.public + service_path(participant, INVOICE)
    first = httpx2.get(url)
    assert httpx2.get(url).content == first.content
    assert httpx2.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304

    live.instance.publishing.delete_service_group(ACTOR, live.stored, participant)
    live.wait_for_dns()
    assert httpx2.get(url).status_code == 404
    with live.lookup_client() as client, pytest.raises(RegistryError, match="does not exist in DNS"):
        client.resolve(participant, INVOICE)


def test_document_reader_finds_the_stored_bytes(live: LiveInstance) -> None:
    metadata = demo_metadata(live.pki.access_points)[0]
    live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
    rules, participant, document_type = live.stored.domain.identifiers, metadata.participant, metadata.document_type
    key = DocumentKey(
        live.stored.id,
        participant.scheme,
        rules.participant_key(participant),
        document_type.scheme,
        rules.document_type_key(document_type),
        "busdox",
    )
    reader = open_document_reader(live.instance.database)
    assert reader.blocking
    before = reader.find(key, system_clock(), with_body=True)
    assert before is not None
    assert before.document is None
    signed = live.instance.signer.sign(before.service_id, "busdox")
    after = reader.find(key, system_clock(), with_body=True)
    assert after is not None
    assert after.document == signed
    without_body = reader.find(key, system_clock(), with_body=False)
    assert without_body is not None
    assert without_body.document is not None
    assert (without_body.document.etag, without_body.document.body) == (signed.etag, b"")
    assert reader.find_group(live.stored.id, participant.scheme, "0088:nobody") is None
    reader.close()


def test_sml_operations_work_over_soap(live: LiveInstance) -> None:
    participants = [ParticipantIdentifier(ISO6523, f"0088:{number:03}") for number in range(120)]
    with live.sml_client() as client:
        client.create_publisher(Publisher("SMP-PG-1", "https://one.example/", "192.0.2.1"))
        client.create_publisher(Publisher("SMP-PG-2", "https://two.example/", "192.0.2.1"))
        client.create_participants("SMP-PG-1", participants[:100])
        client.create_participants("SMP-PG-1", participants[100:])
        page = client.list_participants("SMP-PG-1")
        assert page.participants == tuple(participants[:100])
        assert client.list_participants("SMP-PG-1", page.next_page).participants == tuple(participants[100:])
        client.prepare_migration("SMP-PG-1", participants[0], KEY)
        client.migrate("SMP-PG-2", participants[0], KEY)
        client.update_publisher(Publisher("SMP-PG-1", "https://moved.example/", "192.0.2.1"))
        client.delete_participants("SMP-PG-1", participants[1:50])
        assert len(client.list_participants("SMP-PG-1").participants) == 70
        client.delete_publisher("SMP-PG-1")
        assert client.list_participants("SMP-PG-2").participants == (participants[0],)
        with pytest.raises(SmlError, match="ERR-100"):
            client.read_publisher("SMP-PG-1")


def test_two_processes_serve_the_same_zone_and_one_stamps_it(live: LiveInstance) -> None:
    database = live.instance.database
    stampers = [ZonePublisher(database, f"process-{number}") for number in range(2)]
    begun = [publisher.tick().begun[0] for publisher in stampers]
    for number in range(5):
        group = ServiceGroup(ParticipantIdentifier(ISO6523, f"0088:zone-{number}"))
        live.instance.publishing.put_service_group(ACTOR, live.stored, group)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda publisher: publisher.tick(), stampers))
    live.wait_for_dns()  # the instance's own publisher stamps too
    for publisher in stampers:
        for update in publisher.tick().updates:
            update.apply()
    with database.read() as connection:
        assert connection.execute(select(func.count()).where(zone_change.c.serial.is_(None))).scalar_one() == 0
    assert begun[0].serial == begun[1].serial


# Races


def together(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, parties: int) -> None:
    """Let calls of a function begin at once: by then each party has looked, and seen nothing in its way."""
    original, barrier = getattr(module, name), threading.Barrier(parties)

    def waiting(*args: Any, **kwargs: Any) -> Any:
        barrier.wait(20)
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, waiting)


def outcomes(*acts: Callable[[], object]) -> list[object]:
    """What each act gave or raised, all run at once."""

    def run(act: Callable[[], object]) -> object:
        try:
            return act()
        except RegistryError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_of_two_who_register_a_participant_at_once_one_wins(
    live: LiveInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(live.pki.smp.certificate, "test")
    participant = ParticipantIdentifier(ISO6523, "0088:raced")
    for number in range(2):
        live.instance.sml.create_publisher(caller, Publisher(f"SMP-{number}", "https://smp.example/", "192.0.2.1"))
    together(monkeypatch, registrations, "add", 2)
    results = outcomes(
        *(lambda n=n: live.instance.sml.create_participants(caller, f"SMP-{n}", [participant]) for n in range(2))
    )
    (error,) = (result for result in results if result is not None)
    assert isinstance(error, SmlError)
    text = "[ERR-106] The participant identifier '0088:raced' with scheme: 'iso6523-actorid-upis' already exist"
    assert str(error).startswith(text)
    with live.instance.database.read() as connection:
        held = select(func.count()).where(registration.c.value_key == "0088:raced")
        assert connection.execute(held).scalar_one() == 1
        # The loser has left no change of the zone behind, either.
        label = connection.execute(select(registration.c.label).where(registration.c.value_key == "0088:raced"))
        changes = select(func.count()).where(zone_change.c.owner == label.scalar_one())
        assert connection.execute(changes).scalar_one() == 1


def test_of_two_who_create_an_smp_at_once_one_wins(live: LiveInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(live.pki.smp.certificate, "test")
    together(monkeypatch, publishers, "add", 2)
    results = outcomes(
        *(
            lambda smp_id=smp_id: live.instance.sml.create_publisher(
                caller, Publisher(smp_id, "https://smp.example/", "192.0.2.1")
            )
            for smp_id in ("SMP-RACE", "smp-race")
        )
    )
    (error,) = (result for result in results if result is not None)
    assert isinstance(error, SmlError)
    assert str(error).lower().startswith("[err-106] the smp 'smp-race' already exists")


def test_of_two_who_publish_a_participant_at_once_one_makes_it(
    live: LiveInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = ServiceGroup(ParticipantIdentifier(ISO6523, "0088:published"))
    together(monkeypatch, service_groups, "lock_participant", 2)
    results = outcomes(
        *(lambda: live.instance.publishing.put_service_group(ACTOR, live.stored, group) for _ in range(2))
    )
    assert {getattr(result, "outcome", result) for result in results} == {Outcome.CREATED, Outcome.UNCHANGED}
    with live.instance.database.read() as connection:
        assert service_groups.count(connection, live.stored.id) == 1
        held = select(func.count()).where(registration.c.value_key == "0088:published")
        assert connection.execute(held).scalar_one() == 1


def test_a_document_that_several_sign_at_once_is_stored_once(live: LiveInstance) -> None:
    metadata = demo_metadata(live.pki.access_points)[0]
    published = live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
    assert published.service_id is not None
    service_id = published.service_id
    results = outcomes(*(lambda: live.instance.signer.sign(service_id, "busdox") for _ in range(4)))
    assert not [result for result in results if isinstance(result, RegistryError)]
    with live.instance.database.read() as connection:
        (body,) = connection.execute(select(signed_document.c.body)).scalars()
    answer = httpx2.get(live.addresses.public + service_path(metadata.participant, metadata.document_type))
    assert answer.content == bytes(body)


def test_two_instances_share_a_database(cluster: Cluster, live: LiveInstance) -> None:
    """What one process publishes another one serves: nothing that matters is in memory only."""
    database = Database(live.settings.database_url, system_clock, master_key=live.instance.database.master_key)
    other = Instance(database)
    try:
        assert [stored.domain.name for stored in other.directory.all()] == ["demo"]
        metadata = demo_metadata(live.pki.access_points)[2]
        other.publishing.put_service_metadata(ACTOR, other.directory.get("demo"), metadata, create_group=True)
    finally:
        other.close()
    live.wait_for_dns()
    with live.lookup_client() as client:
        assert client.resolve(metadata.participant, metadata.document_type).endpoint.address
    with live.sml_client() as sml:
        assert metadata.participant in sml.list_participants(SMP_ID).participants


def test_merges_of_several_who_write_at_once_all_survive(live: LiveInstance) -> None:
    rules = live.stored.domain.identifiers
    whole = demo_metadata(live.pki.access_points)[0]
    group = whole.process_metadata[0]
    live.instance.publishing.put_service_group(ACTOR, live.stored, ServiceGroup(whole.participant))

    def merge(number: int) -> Callable[[], object]:
        process = Process(ProcessIdentifier("cenbii-procid-ubl", f"urn:{number}"))
        said = replace(whole, process_metadata=(replace(group, processes=(process,)),))
        return lambda: live.instance.publishing.revise_service_metadata(
            ACTOR, live.stored, whole.participant, whole.document_type, lambda held: merged(held, said, rules)
        )

    results = outcomes(*map(merge, range(12)))
    assert [result for result in results if isinstance(result, RegistryError)] == []
    with live.instance.database.read() as connection:
        names = set(connection.execute(select(process_table.c.value)).scalars())
    assert names == {f"urn:{number}" for number in range(12)}


def test_a_deadlock_of_two_who_register_the_same_crosswise_reaches_nobody(live: LiveInstance) -> None:
    caller = Caller(live.pki.smp.certificate, "test")
    for number in range(2):
        live.instance.sml.create_publisher(caller, Publisher(f"SMP-{number}", "https://smp.example.org/", "192.0.2.1"))
    for turn in range(3):
        listed = [ParticipantIdentifier(ISO6523, f"0088:{turn}-{number:03}") for number in range(100)]
        orders = (listed, listed[::-1])
        results = outcomes(
            *(partial(live.instance.sml.create_participants, caller, f"SMP-{n}", orders[n]) for n in range(2))
        )
        (error,) = (result for result in results if result is not None)
        assert isinstance(error, SmlError), "who comes second is told that they exist, not that the database failed"
        assert "[ERR-106]" in str(error)


def test_two_who_change_many_documents_crosswise_both_succeed(live: LiveInstance) -> None:
    whole = demo_metadata(live.pki.access_points)[0]
    publishing = live.instance.publishing
    participants = [ParticipantIdentifier(ISO6523, f"0088:crosswise-{number}") for number in range(2)]
    for participant in participants:
        publishing.put_service_metadata(ACTOR, live.stored, replace(whole, participant=participant), create_group=True)
    both_hold_one, tries = threading.Barrier(2), Counter[int]()

    class Changes:
        """A use case of several documents, as an API makes one of them: all or nothing."""

        _database = live.instance.database

        @retried
        def publish(self, number: int) -> None:
            tries[number] += 1
            with self._database.write(ACTOR):
                for turn, participant in enumerate((participants[number], participants[1 - number])):
                    processes = (Process(ProcessIdentifier("cenbii-procid-ubl", f"urn:by-{number}")),)
                    group = replace(whole.process_metadata[0], processes=processes)
                    said = replace(whole, participant=participant, process_metadata=(group,))
                    publishing.put_service_metadata(ACTOR, live.stored, said)
                    if turn == 0 and tries.total() <= 2:
                        both_hold_one.wait(20)

    changes = Changes()
    assert outcomes(*(lambda n=n: changes.publish(n) for n in range(2))) == [None, None]
    assert tries.total() == 3, "one of the two was given up once"
    with live.instance.database.read() as connection:
        values = list(connection.execute(select(process_table.c.value)).scalars())
    assert len(values) == 2
    assert len(set(values)) == 1, "whoever was last has changed both"


def test_many_who_publish_the_same_access_point_first_all_succeed(live: LiveInstance) -> None:
    whole = demo_metadata(live.pki.access_points)[0]
    publishing = live.instance.publishing
    together = threading.Barrier(8)

    def publish_and_withdraw(number: int) -> None:
        """The access point is made by whoever is first, and goes with its last endpoint, again and again."""
        participant = ParticipantIdentifier(ISO6523, f"0088:shared-{number}")
        publishing.put_service_group(ACTOR, live.stored, ServiceGroup(participant))
        said = replace(whole, participant=participant)
        try:
            for _ in range(4):
                together.wait(20)
                publishing.put_service_metadata(ACTOR, live.stored, said)
                publishing.delete_service_metadata(ACTOR, live.stored, participant, whole.document_type)
            publishing.put_service_metadata(ACTOR, live.stored, said)
        except RegistryError as error:
            failed.append(error)
            together.abort()
            raise

    failed: list[RegistryError] = []
    with suppress(threading.BrokenBarrierError):  # which only tells that another one failed
        assert outcomes(*(partial(publish_and_withdraw, number) for number in range(8))) == [None] * 8
    assert failed == []
    with live.instance.database.read() as connection:
        assert service_groups.count(connection, live.stored.id) == 8
        shown = connection.execute(select(endpoint.c.access_point_id)).scalars().all()
        assert len(shown) == 8
        assert set(shown) == set(connection.execute(select(access_point.c.id)).scalars())


def test_changes_come_in_the_order_of_their_serials_however_long_their_transactions_took(live: LiveInstance) -> None:
    database, zone_id = live.instance.database, live.stored.zone_id
    assert zone_id is not None
    with database.read() as connection:
        before = zones.by_id(connection, zone_id).serial
    written, others_are_done = threading.Event(), threading.Event()

    def change(owner: str) -> zones.Change:
        return zones.Change(owner, "TXT", None, '60 "x"')

    def slow() -> None:
        with database.write(ACTOR) as work:
            zones.write_changes(work, zone_id, [change("slow")])
            written.set()
            assert others_are_done.wait(20)

    with ThreadPoolExecutor(1) as pool:
        taking_long = pool.submit(slow)
        assert written.wait(20)
        with database.write(ACTOR) as work:
            zones.write_changes(work, zone_id, [change("quick")])
        with database.write(ACTOR) as work:
            zones.stamp(work, zone_id)
        others_are_done.set()
        taking_long.result()
    with database.write(ACTOR) as work:
        zones.stamp(work, zone_id)
    with database.read() as connection:
        now = zones.by_id(connection, zone_id).serial
        changes = zones.changes_after(connection, zone_id, before, now)
    assert [item.owner for item in changes] == ["quick", "slow"]
    assert changes[0].serial < changes[1].serial
