# SPDX-License-Identifier: Apache-2.0
"""An SMP's call that read before the operator's change committed, and writes after it: the change stands."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from registry.demo.pki import DemoPki
from registry.sml.errors import SmlError
from registry.sml.interventions.model import Kind, Wanted
from registry.sml.model import Publisher
from registry.storage.queries import publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from tests.simulators.interventions import ADDRESS, A, B, Office, open_office
from tests.simulators.offline import ACTOR, offline_instance
from tests.simulators.postgresql import Cluster

_LONGEST_S = 20


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    url = cluster.migrated_database()
    yield url
    cluster.drop(url)


@pytest.fixture
def office(url: str, tmp_path: Path, pki: DemoPki) -> Iterator[Office]:
    dns = {"zone": "sml.test", "optional_services": ["Meta:CPPA"]}
    with offline_instance(tmp_path, pki, database=url, dns=dns) as made:
        yield open_office(made)


@contextmanager
def overtaken(cluster: Cluster, url: str, office: Office, call: Callable[[], object]) -> Iterator[list[Exception]]:
    """Begin `call` once the block has written, and let it go on when the block's transaction has committed."""
    failures: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 — the test looks at it
            failures.append(error)

    thread = threading.Thread(target=run)
    with office.offline.instance.database.write(ACTOR):
        yield failures
        thread.start()
        until = monotonic() + _LONGEST_S
        while not cluster.connections(url, where="wait_event_type = 'Lock'"):
            assert thread.is_alive(), failures
            assert monotonic() < until
    thread.join(_LONGEST_S)
    assert not thread.is_alive()


def row_of(office: Office, smp_id: str) -> PublisherRow:
    with office.offline.instance.database.read() as connection:
        (row,) = publishers.find(connection, [office.stored.id], smp_id)
        return row


def naptr_owners(office: Office) -> set[str]:
    return {owner for owner, rdtype in office.offline.zone_state() if rdtype == "NAPTR"}


def test_a_new_address_does_not_bring_a_suspended_smp_back(cluster: Cluster, url: str, office: Office) -> None:
    office.register(A, "0088:1")
    moved = Publisher(A, "https://moved.example/smp", "")
    call = lambda: office.offline.instance.sml.update_publisher(office.caller(A), moved)  # noqa: E731
    with overtaken(cluster, url, office, call) as failures:
        office.desk.ask(office.anna, office.stored, Wanted(Kind.SUSPEND_PUBLISHER, A))
    assert naptr_owners(office) == set()
    assert [type(failure) for failure in failures] == [SmlError]
    assert "is suspended" in str(failures[0])
    assert row_of(office, A).logical_address == ADDRESS[A]


def test_a_further_service_does_not_bring_a_suspended_participant_back(
    cluster: Cluster, url: str, office: Office
) -> None:
    people = office.register(A, "0088:1")
    call = lambda: office.offline.instance.sml.create_participants(office.caller(A), A, people, "Meta:CPPA")  # noqa: E731
    with overtaken(cluster, url, office, call) as failures:
        office.desk.ask(office.anna, office.stored, Wanted(Kind.SUSPEND_PARTICIPANT, participants=tuple(people)))
    assert failures == []
    assert naptr_owners(office) == set()


def test_of_two_further_services_at_once_none_is_lost(cluster: Cluster, url: str, office: Office) -> None:
    people = office.register(A, "0088:1")
    sml = office.offline.instance.sml
    with office.offline.instance.database.read() as connection:
        (row,) = registrations.page(connection, row_of(office, A).id, 0, 10)
    call = lambda: sml.create_participants(office.caller(A), A, people, "Meta:CPPA")  # noqa: E731
    with overtaken(cluster, url, office, call) as failures:
        sml.create_participants(office.caller(A), A, people, "Meta:CPPA")
    assert [type(failure) for failure in failures] == [SmlError]
    assert "already exist" in str(failures[0])
    with office.offline.instance.database.read() as connection:
        (after,) = registrations.page(connection, row_of(office, A).id, 0, 10)
    assert after == replace(row, services=after.services)


def test_removing_an_smp_leaves_who_was_given_to_another_one_meanwhile(
    cluster: Cluster, url: str, office: Office
) -> None:
    people = office.register(A, "0088:1", "0088:2")
    call = lambda: office.offline.instance.sml.delete_publisher(office.caller(A), A)  # noqa: E731
    with overtaken(cluster, url, office, call) as failures:
        office.administration.move(ACTOR, office.stored, people[:1], B)
    assert failures == []
    with office.offline.instance.database.read() as connection:
        (left,) = registrations.page(connection, row_of(office, B).id, 0, 10)
    assert left.value == people[0].value
    assert left.label in naptr_owners(office)
