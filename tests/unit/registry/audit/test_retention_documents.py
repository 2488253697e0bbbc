# SPDX-License-Identifier: Apache-2.0
"""Signed documents that nobody is served any more go after their time; what is served stays, however old."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select

from registry.audit.retention import PERIODS, Policy, purge
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.metadata import ServiceMetadata
from registry.storage.queries.signed_groups import GroupKey
from registry.storage.tables import signed_document, signed_service_group
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, BASE_URL, OfflineInstance, offline_instance

YEAR = timedelta(days=365)
DOCUMENTS = replace(Policy(**dict.fromkeys(PERIODS)), signed_documents=YEAR)


@pytest.fixture
def offline(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    smp = {"base_url": BASE_URL, "smp_id": SMP_ID, "dialects": ["bdxr2"]}
    with offline_instance(tmp_path, pki, smp=smp) as instance:
        yield instance


@pytest.fixture
def metadata(offline: OfflineInstance) -> ServiceMetadata:
    return demo_metadata(offline.pki.access_points)[0]


def signed(offline: OfflineInstance, metadata: ServiceMetadata) -> tuple[bytes, bytes]:
    """Publish, and sign service metadata and group as they are then."""
    published = offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)
    assert published.service_id is not None
    value = offline.stored.domain.identifiers.participant_key(metadata.participant)
    key = GroupKey(offline.stored.id, metadata.participant.scheme, value, "bdxr2")
    signer = offline.instance.signer
    return signer.current(published.service_id, "bdxr2").body, signer.current_group(offline.stored, key).body


def moved(metadata: ServiceMetadata, address: str) -> ServiceMetadata:
    first, *others = metadata.process_metadata
    endpoint = replace(first.endpoints[0], address=address)
    return replace(metadata, process_metadata=(replace(first, endpoints=(endpoint,)), *others))


def count(offline: OfflineInstance, table: Table) -> int:
    with offline.instance.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_documents_of_earlier_states_go_and_the_one_that_is_served_stays(
    offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    for number in range(4):
        served, _ = signed(offline, moved(metadata, f"https://ap{number}.example.org/as4"))
        offline.clock.forward(seconds=5)
    assert count(offline, signed_document) == 4
    assert purge(offline.instance.database, DOCUMENTS)["signed_document"] == 0
    offline.clock.forward(days=366)
    assert purge(offline.instance.database, DOCUMENTS, batch=2)["signed_document"] == 3
    with offline.instance.database.read() as connection:
        assert [bytes(body) for body in connection.execute(select(signed_document.c.body)).scalars()] == [served]


def test_groups_of_earlier_states_go_and_the_one_that_is_served_stays(
    offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    for number in range(3):
        other = DocumentTypeIdentifier("busdox-docid-qns", f"urn:x::Y##z{number}::1")
        _, served = signed(offline, replace(metadata, document_type=other))
        offline.clock.forward(seconds=5)
    assert count(offline, signed_service_group) == 3
    offline.clock.forward(days=366)
    found = purge(offline.instance.database, DOCUMENTS)
    assert (found["signed_document"], found["signed_service_group"]) == (0, 2)
    with offline.instance.database.read() as connection:
        assert [bytes(body) for body in connection.execute(select(signed_service_group.c.body)).scalars()] == [served]
