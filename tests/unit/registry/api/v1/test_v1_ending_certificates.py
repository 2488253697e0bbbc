# SPDX-License-Identifier: Apache-2.0
"""Certificates in use that end before long, over REST: in order, in pages, with or without a successor."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.api_context import api_context
from registry.app.domain_setup import add_domain
from registry.demo.content import demo_metadata
from registry.metadata import ServiceGroup
from registry.sml.publisher_certificates import Window
from tests.simulators.live import SMP_ID
from tests.simulators.next_certificates import next_identity
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons
from trust_lists.certificates.parsing import fingerprint

DAY = timedelta(days=1)
OTHER = {"name": "other", "default": False, "dns": {"zone": "other.example"}}
PATH = "/domains/demo/ending-certificates"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    metadata = demo_metadata(offline.pki.access_points)[0]
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    return RestOffice(offline)


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


def test_list_tells_who_has_what_until_when(office: RestOffice, viewer: RestCaller) -> None:
    assert office.items(PATH, viewer) == []
    found = office.items(f"{PATH}?within_days=3650&limit=1", viewer)
    assert [item["holder"] for item in found] == ["access-point", "publisher", "signing-key"]
    assert [item["name"] for item in found][1:] == [SMP_ID, "demo"]
    own = office.offline.pki.smp.certificate
    assert found[1] == {
        "holder": "publisher",
        "name": SMP_ID,
        "sha256": fingerprint(own),
        "subject": "CN=SMP_DEMO000001,OU=PEPPOL TEST SMP,O=Demo,C=BE",
        "ends_at": f"{own.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "has_successor": False,
    }


def test_list_can_leave_out_what_has_a_successor(office: RestOffice, viewer: RestCaller) -> None:
    offline = office.offline
    new = next_identity(offline.pki, offline.clock.now, lasts=1000 * DAY)
    sml = api_context(offline.instance).sml
    sml.add_certificate(ACTOR, offline.stored, SMP_ID, new.certificate, Window())
    found = office.items(f"{PATH}?within_days=900&without_successor=true", viewer)
    assert [item["holder"] for item in found] == ["access-point", "signing-key"]
    every = office.items(f"{PATH}?within_days=900", viewer)
    assert [item["has_successor"] for item in every if item["holder"] == "publisher"] == [True]


def test_only_what_the_domain_uses_is_told(office: RestOffice) -> None:
    other = add_domain(office.offline.instance, ACTOR, "demo", OTHER)
    elsewhere = office.caller(Role.VIEWER, Scope(other.id))
    assert office.ask("GET", PATH, elsewhere).status == 404
    assert office.items("/domains/other/ending-certificates?within_days=3650", elsewhere) == []


@pytest.mark.parametrize("cursor", ["nonsense", "WzEsMl0", "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsImEiLDEsImIiXQ"])
def test_cursor_that_no_list_has_given_is_refused_or_finds_nothing(
    office: RestOffice, viewer: RestCaller, cursor: str
) -> None:
    reply = office.ask("GET", f"{PATH}?within_days=3650&cursor={cursor}", viewer)
    assert reasons(reply) == {"REST-CURSOR"} if reply.status == 400 else reply.json()["items"] == []


def test_certificates_over_rest_overlap_and_a_foreign_key_is_refused(office: RestOffice) -> None:
    admin, offline = office.caller(Role.ADMIN), office.offline
    path = "/domains/demo/publishers/OTHER/certificates"
    office.ask("PUT", "/domains/demo/publishers/OTHER", admin, {"logical_address": "https://o.example.org/"})
    theirs = next_identity(offline.pki, offline.clock.now - DAY)

    def add(certificate: object, **window: str) -> int:
        pem = certificate.public_bytes(Encoding.PEM).decode()  # type: ignore[attr-defined]
        return office.ask("POST", path, admin, {"certificate": pem, **window}).status

    assert add(theirs.certificate) == 201
    assert (
        add(next_identity(offline.pki, offline.clock.now - DAY).certificate, usable_from="2027-06-01T08:00:00+02:00")
        == 201
    )
    assert add(offline.pki.smp.certificate) == 400, "its key is that of this instance's SMP"
