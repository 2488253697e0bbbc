# SPDX-License-Identifier: Apache-2.0
"""Certificates over REST: found by end, subject, domain and role; seen only where they are used."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import add_domain
from registry.demo.content import demo_metadata
from registry.metadata import ServiceGroup
from registry.storage.certificate_rows import certificate_sha256
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    instance = offline.instance
    for metadata in demo_metadata(offline.pki.access_points)[:3]:
        instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
        instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    return RestOffice(offline)


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


@pytest.fixture
def signer(office: RestOffice) -> str:
    return certificate_sha256(office.offline.pki.smp.certificate.public_bytes(Encoding.DER))


def test_uses_of_a_certificate_are_told(office: RestOffice, viewer: RestCaller, signer: str) -> None:
    found = office.items(f"/certificates/{signer}/uses?limit=1", viewer)
    assert [(use["role"], use["domain"], use["name"]) for use in found] == [
        ("publisher", "demo", SMP_ID),
        ("signing-key", "demo", "active"),
    ]
    gateways = office.items("/certificates?role=access-point", viewer)
    assert len(gateways) == 2
    (use,) = office.items(f"/certificates/{gateways[0]['sha256']}/uses", viewer)
    assert use["role"] == "access-point"


def test_certificates_are_filtered_and_the_first_to_end_comes_first(office: RestOffice, viewer: RestCaller) -> None:
    every = office.items("/certificates?limit=2", viewer)
    assert [item["not_after"] for item in every] == sorted(item["not_after"] for item in every)
    assert len({item["sha256"] for item in every}) == 3
    subject = every[0]["subject"].split(",")[0].upper()
    assert every[0] in office.items(f"/certificates?subject={subject}", viewer)
    assert office.items("/certificates?subject=%25", viewer) == [], "a pattern's sign means itself"
    begins = office.offline.clock.now
    assert office.items(f"/certificates?expires_before={begins:%Y-%m-%dT%H:%M:%SZ}", viewer) == []
    ends = begins + timedelta(days=36500)
    assert len(office.items(f"/certificates?expires_before={ends:%Y-%m-%dT%H:%M:%SZ}", viewer)) == 3
    assert office.ask("GET", "/certificates?expires_before=yesterday", viewer).status == 400


def test_certificate_is_downloaded_as_pem(office: RestOffice, viewer: RestCaller, signer: str) -> None:
    reply = office.ask("GET", f"/certificates/{signer}/pem", viewer)
    assert reply.body == office.offline.pki.smp.certificate.public_bytes(Encoding.PEM)
    read = office.ask("GET", f"/certificates/{signer}", viewer)
    assert read.json()["sha256"] == signer
    assert office.ask("GET", f"/certificates/{signer}", viewer, if_none_match=read.headers["etag"]).status == 304


def test_certificates_of_another_domain_are_not_there(office: RestOffice, signer: str) -> None:
    settings = {"name": "other", "default": False, "dns": {"zone": "other.example"}}
    other = add_domain(office.offline.instance, ACTOR, "demo", settings)
    stranger = office.caller(Role.ADMIN, Scope(other.id))
    assert office.items("/certificates", stranger) == []
    assert office.ask("GET", "/certificates?domain=demo", stranger).status == 404
    for path in ("", "/pem", "/uses"):
        assert office.ask("GET", f"/certificates/{signer}{path}", stranger).status == 404
    assert office.items("/certificates?domain=other", office.caller(Role.VIEWER)) == []
    assert len(office.items("/certificates?domain=demo", office.caller(Role.VIEWER))) == 3
