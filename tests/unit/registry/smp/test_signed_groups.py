# SPDX-License-Identifier: Apache-2.0
"""Signed service groups of SMP 2.0: signed once per state, never stale."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import NotFoundError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.metadata import ServiceMetadata
from registry.smp.documents.signing import verify_document
from registry.storage.queries import signed_groups
from registry.storage.queries.documents import SignedDocument
from registry.storage.queries.signed_groups import GroupKey
from registry.telemetry import signatures_total
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, BASE_URL, OfflineInstance, offline_instance


@pytest.fixture
def offline(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    smp = {"base_url": BASE_URL, "smp_id": SMP_ID, "dialects": ["bdxr2"]}
    with offline_instance(tmp_path, pki, smp=smp) as instance:
        yield instance


@pytest.fixture
def metadata(offline: OfflineInstance) -> ServiceMetadata:
    published = demo_metadata(offline.pki.access_points)[0]
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, published, create_group=True)
    return published


def key_of(offline: OfflineInstance, metadata: ServiceMetadata) -> GroupKey:
    return GroupKey(offline.stored.id, metadata.participant.scheme, metadata.participant.value.lower(), "bdxr2")


def current(offline: OfflineInstance, metadata: ServiceMetadata) -> SignedDocument:
    return offline.instance.signer.current_group(offline.stored, key_of(offline, metadata))


def test_a_group_is_signed_once_and_kept(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    first = current(offline, metadata)
    before = signatures_total._value.get()
    assert current(offline, metadata) == first
    assert signatures_total._value.get() == before
    assert verify_document(first.body).parsed.participant == metadata.participant


def test_a_document_type_that_comes_or_goes_makes_a_new_document(
    offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    first = current(offline, metadata)
    offline.clock.forward(seconds=5)
    other = replace(metadata, document_type=DocumentTypeIdentifier("busdox-docid-qns", "urn:x::Y##z::1"))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, other)
    second = current(offline, metadata)
    group = verify_document(second.body).parsed.service_group
    assert group is not None
    assert set(group.document_types) == {metadata.document_type, other.document_type}
    assert second.last_modified > first.last_modified
    assert second.etag != first.etag


def test_a_change_of_endpoints_leaves_the_group_as_it_is(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    first = current(offline, metadata)
    (group,) = metadata.process_metadata
    moved = replace(group, endpoints=(replace(group.endpoints[0], address="https://moved.example.org/as4"),))
    offline.instance.publishing.put_service_metadata(
        ACTOR, offline.stored, replace(metadata, process_metadata=(moved,))
    )
    assert current(offline, metadata) == first


def test_a_document_that_was_signed_for_another_state_is_not_stored(
    offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    with offline.instance.database.read() as connection:
        found = signed_groups.find(connection, key_of(offline, metadata))
    assert found is not None
    offline.instance.publishing.delete_service_group(ACTOR, offline.stored, metadata.participant)
    offline.clock.forward(seconds=5)
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)
    with offline.instance.database.write(ACTOR) as work:
        signed_groups.store(work, found.stamp, "bdxr2", SignedDocument(b"stale", '"stale"', 0))
    assert current(offline, metadata).body != b"stale"


def test_a_group_that_is_gone_can_not_be_signed(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    offline.instance.publishing.delete_service_group(ACTOR, offline.stored, metadata.participant)
    with pytest.raises(NotFoundError):
        current(offline, metadata)
