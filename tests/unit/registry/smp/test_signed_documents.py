# SPDX-License-Identifier: Apache-2.0
"""The stamp rule: a document is signed at most once per stamp, and bytes for another stamp can't be found."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from registry.demo.content import demo_metadata
from registry.errors import ConfigurationError
from registry.metadata import ServiceMetadata
from registry.smp.documents.signing import verify_document
from registry.smp.signed_documents import read_signing_key
from registry.storage.document_reader import DocumentKey, open_document_reader
from registry.storage.queries import access_points, domains
from registry.storage.queries.access_points import AccessPoint
from tests.simulators.offline import ACTOR, OfflineInstance


@pytest.fixture
def metadata(pki) -> ServiceMetadata:
    return demo_metadata(pki.access_points)[0]


@pytest.fixture
def service_id(offline: OfflineInstance, metadata: ServiceMetadata) -> int:
    published = offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)
    assert published.service_id is not None
    return published.service_id


def only_access_point(offline: OfflineInstance) -> int:
    with offline.instance.database.read() as connection:
        return access_points.listed(connection, offline.stored.id)[0].id


def address(body: bytes) -> str:
    parsed = verify_document(body).parsed
    assert parsed.metadata is not None
    return parsed.metadata.process_metadata[0].endpoints[0].address


def found(offline: OfflineInstance, metadata: ServiceMetadata):
    rules = offline.stored.domain.identifiers
    key = DocumentKey(
        offline.stored.id,
        metadata.participant.scheme,
        rules.participant_key(metadata.participant),
        metadata.document_type.scheme,
        rules.document_type_key(metadata.document_type),
        "busdox",
    )
    reader = open_document_reader(offline.instance.database)
    try:
        return reader.find(key, offline.clock.now, with_body=True)
    finally:
        reader.close()


def test_document_is_signed_once_per_stamp(offline: OfflineInstance, service_id: int) -> None:
    signer = offline.instance.signer
    first = signer.current(service_id, "busdox")
    assert signer.current(service_id, "busdox") == first
    assert signer.current(service_id, "busdox").body is not first.body


def test_nothing_is_found_before_it_is_signed(
    offline: OfflineInstance, service_id: int, metadata: ServiceMetadata
) -> None:
    assert found(offline, metadata).document is None
    signed = offline.instance.signer.sign(service_id, "busdox")
    assert found(offline, metadata).document == signed


def test_changed_access_point_moves_the_stamp_of_what_shows_it(
    offline: OfflineInstance, service_id: int, metadata: ServiceMetadata
) -> None:
    before = offline.instance.signer.sign(service_id, "busdox")
    (endpoint,) = metadata.process_metadata[0].endpoints
    with offline.instance.database.write(ACTOR) as work:
        content = AccessPoint.of(replace(endpoint, address="https://moved.example.org/as4"))
        access_points.change(work, only_access_point(offline), content)
    assert found(offline, metadata).document is None, "the old bytes can't be served"
    after = offline.instance.signer.current(service_id, "busdox")
    assert address(after.body) == "https://moved.example.org/as4"
    assert after.etag != before.etag


def test_planned_successor_takes_over_at_its_instant_and_stamps_never_come_back(
    offline: OfflineInstance, service_id: int, metadata: ServiceMetadata
) -> None:
    signer, database = offline.instance.signer, offline.instance.database
    (endpoint,) = metadata.process_metadata[0].endpoints
    seen = [signer.current(service_id, "busdox")]
    instant = offline.clock.now + timedelta(hours=1)
    first = only_access_point(offline)
    with database.write(ACTOR) as work:
        content = AccessPoint.of(replace(endpoint, address="https://next.example.org/as4"))
        successor = access_points.add(work, offline.stored.id, "next", content)
        access_points.plan_successor(work, first, successor, instant)
    assert found(offline, metadata).document == seen[0], "a plan changes nothing yet"

    offline.clock.now = instant
    assert found(offline, metadata).document is None
    seen.append(signer.current(service_id, "busdox"))
    assert address(seen[1].body) == "https://next.example.org/as4"
    assert seen[1].last_modified == int(instant.timestamp())

    with database.write(ACTOR) as work:
        content = AccessPoint.of(replace(endpoint, address="https://third.example.org/as4"))
        access_points.change(work, only_access_point(offline), content)
    assert found(offline, metadata).document is None, "no earlier stamp is met again"
    seen.append(signer.current(service_id, "busdox"))
    assert address(seen[2].body) == "https://third.example.org/as4"
    assert len({document.etag for document in seen}) == 3


def test_new_signing_key_moves_every_stamp(
    offline: OfflineInstance, service_id: int, metadata: ServiceMetadata, tmp_path: Path
) -> None:
    offline.instance.signer.sign(service_id, "busdox")
    offline.clock.forward(hours=1)
    pki = offline.pki
    own = pki.smp.certificate
    other = pki.smp_ca.issue(
        "SMP_NEW", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    )
    from cryptography.hazmat.primitives.serialization import Encoding

    from registry.demo.pki import identity_pem
    from registry.storage.certificate_rows import certificate_row
    from registry.storage.queries import certificates

    file = tmp_path / "new.pem"
    file.write_bytes(identity_pem(other))
    row = certificate_row(other.certificate.public_bytes(Encoding.DER))
    with offline.instance.database.write(ACTOR) as work:
        certificates.put(work.connection, [row])
        domains.activate_signing_key(work, offline.stored.id, row["sha256"], str(file), None)
    assert found(offline, metadata).document is None
    document = offline.instance.signer.current(service_id, "busdox")
    assert verify_document(document.body).certificate == other.certificate
    assert document.last_modified == int(offline.clock.now.timestamp())


def test_service_that_is_made_again_does_not_meet_its_predecessors_bytes(
    offline: OfflineInstance, service_id: int, metadata: ServiceMetadata
) -> None:
    offline.instance.signer.sign(service_id, "busdox")
    publishing = offline.instance.publishing
    publishing.delete_service_metadata(ACTOR, offline.stored, metadata.participant, metadata.document_type)
    again = publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    assert again.service_id != service_id
    assert found(offline, metadata).document is None


def test_unreadable_signing_key_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_signing_key(tmp_path / "missing.p12", None)
    (tmp_path / "bad.pem").write_text("no key")
    with pytest.raises(ConfigurationError, match=r"bad\.pem"):
        read_signing_key(tmp_path / "bad.pem", None)
