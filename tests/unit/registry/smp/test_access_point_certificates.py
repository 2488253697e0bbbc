# SPDX-License-Identifier: Apache-2.0
"""The next certificate of an access point: SMP 2.0 shows it beforehand with its day, 1.x shows one, changed at T."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from registry.demo.content import demo_metadata
from registry.demo.pki import AP_UNIT, DemoPki, new_rsa_key
from registry.errors import ValidationError
from registry.metadata import EndpointCertificate, ServiceGroup, ServiceMetadata
from registry.smp.access_points import AccessPoints
from registry.smp.documents.catalogue import DIALECTS, read_document
from registry.storage.queries import access_points
from tests.simulators.offline import ACTOR, BASE_URL, OfflineInstance, offline_instance

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return new_rsa_key()


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki, request: pytest.FixtureRequest) -> Iterator[OfflineInstance]:
    dialects = getattr(request, "param", ["bdxr2"])
    with offline_instance(
        tmp_path, pki, endpoint_certificates="refuse", smp={"base_url": BASE_URL, "dialects": dialects}
    ) as offline:
        metadata = published(offline)
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
        offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)
        yield offline


def published(offline: OfflineInstance) -> ServiceMetadata:
    return demo_metadata(offline.pki.access_points)[0]


def points(offline: OfflineInstance) -> AccessPoints:
    instance = offline.instance
    return AccessPoints(instance.database, offline.stored, instance.trust_models.of(offline.stored.domain))


def name_of(offline: OfflineInstance) -> str:
    return next(row.name for row in points(offline).listed() if row.endpoints)


def following(offline: OfflineInstance, key: RSAPrivateKey, begin: datetime) -> bytes:
    issued = offline.pki.ap_ca.issue("POP000009", AP_UNIT, not_before=begin, not_after=begin + 365 * DAY, key=key)
    return issued.certificate.public_bytes(Encoding.DER)


def midnight(offline: OfflineInstance, days: int) -> datetime:
    moment = offline.clock.now + days * DAY
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def held(offline: OfflineInstance) -> tuple[EndpointCertificate, ...]:
    row = next(row for row in points(offline).listed() if row.endpoints)
    with offline.instance.database.read() as connection:
        return access_points.content(connection, row.id, offline.clock.now).certificates


def served(offline: OfflineInstance, dialect: str = "bdxr2") -> tuple[EndpointCertificate, ...]:
    """What the signed document says."""
    body = offline.instance.signer.current(1, dialect).body
    parsed = read_document(body)[1]
    assert parsed.metadata is not None
    return parsed.metadata.process_metadata[0].endpoints[0].certificates


def test_smp_2_shows_both_certificates_with_their_days_before_the_change(
    world: OfflineInstance, key: RSAPrivateKey
) -> None:
    at, (old,) = midnight(world, 10), held(world)
    new = following(world, key, at - DAY)
    points(world).change(ACTOR, name_of(world), certificate=new, at=at)
    shown = [(item.der, item.activation, item.expiration) for item in served(world)]
    assert shown == [(old.der, None, at), (new, at, None)]
    before = world.instance.signer.current(1, "bdxr2")
    world.clock.now = at + DAY
    assert world.instance.signer.current(1, "bdxr2") == before, "nothing has to change at the instant"


def test_same_plan_again_changes_nothing_another_one_replaces_it(world: OfflineInstance, key: RSAPrivateKey) -> None:
    (old,), name = held(world), name_of(world)
    for days in (10, 10, 12):
        points(world).change(ACTOR, name, certificate=following(world, key, world.clock.now), at=midnight(world, days))
    assert [(item.activation, item.expiration) for item in held(world)] == [
        (None, midnight(world, 12)),
        (midnight(world, 12), None),
    ]
    points(world).change(ACTOR, name, certificate=old.der)
    assert held(world) == (old,), "the change at once calls the plan off"


def test_next_but_one_certificate_leaves_out_what_has_had_its_time(world: OfflineInstance, key: RSAPrivateKey) -> None:
    name, first = name_of(world), following(world, key, world.clock.now)
    points(world).change(ACTOR, name, certificate=first, at=midnight(world, 10))
    world.clock.forward(days=20)
    second, at = following(world, key, world.clock.now), midnight(world, 5)
    points(world).change(ACTOR, name, certificate=second, at=at)
    assert [(item.der, item.expiration) for item in held(world)] == [(first, at), (second, None)]


def test_certificate_that_will_not_be_accepted_then_is_refused(world: OfflineInstance, key: RSAPrivateKey) -> None:
    at = midnight(world, 10)
    with pytest.raises(ValidationError):
        points(world).change(ACTOR, name_of(world), certificate=following(world, key, at + DAY), at=at)


def test_instant_within_a_day_or_another_address_needs_a_successor(world: OfflineInstance, key: RSAPrivateKey) -> None:
    at, name = midnight(world, 10) + timedelta(hours=6), name_of(world)
    points(world).change(ACTOR, name, certificate=following(world, key, world.clock.now), at=at)
    assert len(held(world)) == 1
    assert next(row for row in points(world).listed() if row.name == name).successor_at == at


@pytest.mark.parametrize("world", [["busdox"], ["busdox", "bdxr2"]], indirect=True, ids=["1.x", "both"])
def test_where_1_x_is_spoken_there_is_one_certificate_at_a_time(world: OfflineInstance, key: RSAPrivateKey) -> None:
    at, (old,) = midnight(world, 10), held(world)
    new = following(world, key, world.clock.now)
    points(world).change(ACTOR, name_of(world), certificate=new, at=at)
    for dialect in world.stored.domain.smp.dialects:
        assert [item.der for item in served(world, dialect)] == [old.der]
    world.clock.now = at
    for dialect in world.stored.domain.smp.dialects:
        assert dialect in DIALECTS
        assert [item.der for item in served(world, dialect)] == [new]
