# SPDX-License-Identifier: Apache-2.0
"""The calendar of certificates: grouped by when they end, with who uses them, and what is planned."""

import base64
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.demo.content import INVOICE
from registry.storage.certificate_rows import certificate_sha256
from registry.storage.queries.certificate_views import UseRole
from registry.ui.labels import USES
from registry.ui.pages.certificates import span
from tests.simulators.live import SMP_ID
from tests.simulators.offline import OfflineInstance
from tests.simulators.rest_callers import RestCaller, segment
from tests.simulators.self_signed import self_signed
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

WHO = f"/domains/demo/participants/{segment('iso6523-actorid-upis::9915:calendar')}"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def victor(office: UiOffice) -> Browser:
    return office.browser("victor")


@pytest.fixture
def admin(office: UiOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


@pytest.fixture
def signer(office: UiOffice) -> str:
    return certificate_sha256(office.offline.pki.smp.certificate.public_bytes(Encoding.DER))


def publish(office: UiOffice, admin: RestCaller, der: bytes) -> None:
    endpoint = {
        "transport_profile": "peppol-transport-as4-v2_0",
        "address": "https://ap.example.org/as4",
        "certificates": [{"der": base64.b64encode(der).decode()}],
        "description": "receives",
        "technical_contact": "https://example.org/help",
    }
    service = {"process_metadata": [{"processes": [{"scheme": "s", "value": "p"}], "endpoints": [endpoint]}]}
    office.ask("PUT", WHO, admin, {"registered": False})
    made = office.ask("PUT", f"{WHO}/services/{segment(str(INVOICE))}", admin, service)
    assert made.status == 201, made.body


@pytest.mark.parametrize(
    ("left", "code"),
    [
        (timedelta(days=-1), "ended"),
        (timedelta(0), "ended"),
        (timedelta(days=6, hours=23), "7"),
        (timedelta(days=7), "30"),
        (timedelta(days=30), "90"),
        (timedelta(days=90), "later"),
        (None, "unknown"),
    ],
    ids=["past", "now", "week", "month", "quarter", "later", "unknown"],
)
def test_certificates_are_in_the_group_of_the_days_that_they_have(left: timedelta | None, code: str) -> None:
    assert span({"not_after": None if left is None else (NOW + left).isoformat()}, NOW) == code


def test_certificate_moves_through_the_groups_as_time_goes_by(office: UiOffice, signer: str) -> None:
    ends = office.offline.pki.smp.certificate.not_valid_after_utc
    clock = office.offline.clock
    for days, heading in ((80, "Within 90 days"), (20, "Within 30 days"), (3, "Within 7 days"), (-1, "Ended")):
        clock.forward(seconds=(ends - timedelta(days=days) - clock.now).total_seconds())
        office.person(f"v{days}", Role.VIEWER, Scope(office.offline.stored.id))
        page = office.browser(f"v{days}").get("/ui/certificates?within=90")
        assert f">{heading}</h2>" in text(page)
        assert f"/ui/certificates/{signer}" in links_of(page)
        assert "no successor" in text(page)


def test_calendar_shows_who_uses_each_and_leads_there(victor: Browser, signer: str) -> None:
    page = victor.get("/ui/certificates")
    assert {f"/ui/certificates/{signer}", f"/ui/domains/demo/publishers/{SMP_ID}"} <= links_of(page)
    assert "Signing key: active" in text(page)
    assert "None is planned." in text(page)
    shown = victor.get(f"/ui/certificates/{signer}")
    assert f"/api/v1/certificates/{signer}/pem" in links_of(shown)
    assert f"/ui/domains/demo/publishers/{SMP_ID}" in links_of(shown)
    assert victor.get(f"/ui/certificates/{'0' * 64}").status == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("within=7", False),
        ("within=30", False),
        ("within=nonsense", True),
        ("domain=demo", True),
        ("role=signing-key", True),
        ("role=redirect", False),
        ("subject=nobody", False),
        ("subject=SMP", True),
    ],
)
def test_calendar_is_narrowed_down(victor: Browser, signer: str, query: str, found: bool) -> None:
    page = victor.get(f"/ui/certificates?{query}")
    assert (f"/ui/certificates/{signer}" in links_of(page)) is found
    assert ("No certificate fits." in text(page)) is not found


def test_filter_that_rest_refuses_is_told(victor: Browser) -> None:
    assert 'role="alert"' in text(victor.get("/ui/certificates?role=nonsense"))
    assert victor.get("/ui/certificates?domain=unknown").status == 403


def test_planned_changes_of_access_points_are_shown_until_they_come(
    office: UiOffice, admin: RestCaller, victor: Browser
) -> None:
    publish(office, admin, office.offline.pki.access_points[0].certificate.public_bytes(Encoding.DER))
    (point,) = office.items("/domains/demo/access-points", admin)
    at = office.offline.clock.now.replace(microsecond=0) + timedelta(hours=1)
    body = {"address": "https://new.example.org/", "at": at.isoformat()}
    path = f"/domains/demo/access-points/{segment(point['name'])}"
    assert office.ask("PATCH", path, admin, body).status == 200
    page = text(victor.get("/ui/certificates"))
    assert f"{at:%Y-%m-%d %H:%M:%S} UTC" in page
    assert "https://ap.example.org/as4" in page
    office.offline.clock.forward(hours=2)
    later = office.browser("victor")
    assert f"{at:%Y-%m-%d %H:%M:%S} UTC" not in text(later.get("/ui/certificates"))


def test_who_may_see_no_certificates_is_not_told_that_there_are_none(office: UiOffice, signer: str) -> None:
    office.person("nobody")
    nobody = office.browser("nobody")
    assert "/ui/certificates" not in links_of(nobody.get("/ui/"))
    assert nobody.get("/ui/certificates").status == 403
    assert nobody.get(f"/ui/certificates/{signer}").status == 404


def test_names_in_certificates_are_text(office: UiOffice, admin: RestCaller, victor: Browser) -> None:
    escaped = "".join(f"\\{char}" if char in '<>"' else char for char in HOSTILE)  # RFC 4514 §2.4
    hostile = self_signed(ec.generate_private_key(ec.SECP256R1()), f"CN={escaped}").certificate
    der = hostile.public_bytes(Encoding.DER)
    publish(office, admin, der)
    for path in ("/ui/certificates", f"/ui/certificates/{certificate_sha256(der)}"):
        page = text(victor.get(path))
        assert "<script" not in page
        assert "\\&lt;script\\&gt;alert(1)" in page


def test_each_use_has_a_word() -> None:
    assert set(USES) == set(get_args(UseRole))
