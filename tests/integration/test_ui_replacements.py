# SPDX-License-Identifier: Apache-2.0
"""Replacing an address or a certificate everywhere, from a page: planned, looked at, applied."""

import base64
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.plans import apply_handler
from registry.demo.content import demo_metadata
from registry.jobs.worker import Worker
from registry.metadata import ServiceGroup
from registry.plans.applying import KIND
from registry.storage.certificate_rows import certificate_sha256
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.ui_office import Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

NEW = "/ui/domains/demo/new-replacement"
NEXT = "https://next.example/as4"


@dataclass(frozen=True)
class Held:
    """What an endpoint shows now."""

    address: str
    sha256: str


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    metadata = demo_metadata(offline.pki.access_points)[0]
    publishing = offline.instance.publishing
    publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
    publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    office = UiOffice(offline)
    office.person("edda", Role.EDITOR, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


@pytest.fixture
def held(office: UiOffice) -> Held:
    (point,) = office.items("/domains/demo/access-points", office.caller(Role.ADMIN))
    certificate = office.offline.pki.access_points[0].certificate.public_bytes(Encoding.DER)
    return Held(point["address"], certificate_sha256(certificate))


def apply(office: UiOffice, browser: Browser, plan: str) -> None:
    assert browser.submit(f"{plan}/apply", max_percent="100").status == 303
    worker = Worker(office.database, {KIND: apply_handler(office.offline.instance)}, "test")
    while worker.run_one():
        pass


def test_address_is_replaced_everywhere_by_forms_alone(office: UiOffice, edda: Browser, held: Held) -> None:
    assert NEW in links_of(edda.get("/ui/domains/demo/plans"))
    planned = edda.submit(NEW, address=held.address, next_address=NEXT)
    assert planned.status == 303, planned.body
    plan = planned.headers["location"]
    assert "Replacement of endpoints" in text(edda.get(plan))
    admin = office.caller(Role.ADMIN)
    assert [each["address"] for each in office.items("/domains/demo/access-points", admin)] == [held.address]
    assert "100" in text(edda.get(f"{plan}/apply"))
    refused = edda.submit(f"{plan}/apply", max_percent="20")
    assert refused.status == 409, "of one access point one is more than a fifth"
    assert 'role="alert"' in refused.body.decode()
    apply(office, edda, plan)
    assert [each["address"] for each in office.items("/domains/demo/access-points", admin)] == [NEXT]


def test_certificate_is_replaced_from_an_instant_on(office: UiOffice, edda: Browser, held: Held) -> None:
    spare = office.offline.pki.access_points[1].certificate.public_bytes(Encoding.DER)
    linked = f"{NEW}?certificate_sha256={held.sha256}"
    assert linked in links_of(edda.get(f"/ui/certificates/{held.sha256}"))
    at = f"{office.database.now().year + 1}-01-31T06:00"
    planned = edda.submit(linked, next_certificate=base64.b64encode(spare).decode(), at=at)
    assert planned.status == 303, planned.body
    apply(office, edda, planned.headers["location"])
    points = office.items("/domains/demo/access-points", office.caller(Role.ADMIN))
    told = [each["planned"]["at"] for each in points if each["planned"] is not None]
    assert told == [f"{at}:00Z"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"address": "https://x.test/"},
        {"next_certificate": "AA=="},
        {"certificate_sha256": "0" * 64, "next_certificate": "not one"},
        {"address": "https://x.test/", "next_address": NEXT, "at": "yesterday"},
    ],
    ids=["nothing", "half", "other half", "no certificate", "no instant"],
)
def test_what_is_no_replacement_is_told_and_nothing_typed_is_lost(edda: Browser, form: dict[str, str]) -> None:
    refused = edda.submit(NEW, **form)
    assert refused.status == 400
    page = refused.body.decode()
    assert 'role="alert"' in page
    assert all(value in page for value in form.values())


def test_viewers_replace_nothing(office: UiOffice) -> None:
    victor = office.browser("victor")
    assert victor.get(NEW).status == 403
    assert victor.post(NEW, address="https://x.test/", next_address=NEXT).status == 403
    assert NEW not in links_of(victor.get("/ui/domains/demo/plans"))
