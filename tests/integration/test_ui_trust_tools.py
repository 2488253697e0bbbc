# SPDX-License-Identifier: Apache-2.0
"""Trust on pages that answer questions: decisions, sources, the configuration, comparisons, and asking for a report."""

import json
from pathlib import Path
from typing import get_args

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.api.v1.trust_models import TrustRole
from registry.app.domain_setup import change_domain
from registry.app.trust_impact import IMPACT, compare_job
from registry.app.trust_models import trust_folder
from registry.demo.pki import DemoPki
from registry.jobs.worker import Worker
from registry.ui.check_labels import DECISIONS, DOCUMENT_STATES, SIGNATURES, SOURCE_KINDS, TRUST_ROLES
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

TRUST = "/ui/domains/demo/trust"
DECISION, SOURCES, COMPARE = f"{TRUST}/decision", f"{TRUST}/sources", f"{TRUST}/compare"
IMPACT_PAGE, NEW_IMPACT = f"{TRUST}/impact", f"{TRUST}/new-impact"
PAGES = (DECISION, SOURCES, f"{TRUST}/configuration", COMPARE, IMPACT_PAGE)


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    office.person("anna", Role.ADMIN, Scope(offline.stored.id))
    return office


@pytest.fixture
def victor(office: UiOffice) -> Browser:
    return office.browser("victor")


def pem(pki: DemoPki, number: int = 0) -> str:
    return pki.access_points[number].certificate.public_bytes(Encoding.PEM).decode()


# Decisions


def decided(browser: Browser, content: bytes = b"", **form: str) -> str:
    reply = browser.upload(DECISION, "c.pem" if content else "", content, **form)
    return text(reply)


def test_pasted_certificate_is_decided_on_with_every_step(victor: Browser, pki: DemoPki) -> None:
    page = decided(victor, role="ap-encrypt", certificate=pem(pki))
    assert "It is accepted." in page
    assert "Step by step" in page
    assert "6.1.3" in page, "the clause of RFC 5280"
    assert pem(pki).splitlines()[1] in page, "the question stays"


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER], ids=["pem", "der"])
def test_file_takes_the_place_of_the_text(victor: Browser, pki: DemoPki, encoding: Encoding) -> None:
    content = pki.access_points[0].certificate.public_bytes(encoding)
    page = decided(victor, content, role="smp-sign", certificate=HOSTILE)
    assert "It is not accepted." in page
    assert "SUBJECT_MISMATCH" in page
    assert "roles.smp-sign." in page


def test_decision_is_for_the_moment_that_is_asked_about_and_says_what_would_have_to_be_different(
    victor: Browser, pki: DemoPki
) -> None:
    page = decided(victor, role="ap-encrypt", certificate=pem(pki), at="2001-01-01T00:00", counterfactual="1")
    assert "2001-01-01 00:00:00 UTC" in page
    assert "It would be accepted if" in page


@pytest.mark.parametrize("certificate", ["", HOSTILE, "-----BEGIN CERTIFICATE-----"], ids=["none", "hostile", "half"])
def test_what_is_no_certificate_is_refused_on_the_form(victor: Browser, certificate: str) -> None:
    reply = victor.upload(DECISION, "", b"", role="ap-sign", certificate=certificate)
    assert reply.status == 400
    page = reply.body.decode()
    assert 'role="alert"' in page
    assert "<script>alert" not in page


def test_more_than_is_taken_is_said(victor: Browser) -> None:
    assert victor.upload(DECISION, "c.pem", b"-----BEGIN " + b"A" * 200_000, role="ap-sign").status == 400
    assert victor.upload(DECISION, "c.pem", b"A" * 2_000_001, role="ap-sign").status == 413


# What there is


def test_configuration_is_shown_with_its_digest_and_can_be_downloaded(office: UiOffice, victor: Browser) -> None:
    page = victor.get(f"{TRUST}/configuration")
    assert office.offline.instance.trust_models.of(office.offline.stored.domain).address in text(page)
    assert "/api/v1/domains/demo/trust/configuration" in links_of(page)


def test_sources_are_shown_with_what_came_of_them(office: UiOffice, victor: Browser, pki: DemoPki) -> None:
    assert "Nothing was collected yet." in text(victor.get(SOURCES))
    offline = office.offline
    trust = {"configuration": peppol_like(pki, revocation=CRL_REQUIRED)}
    change_domain(offline.instance, ACTOR, "demo", {"trust": trust})
    at = office.database.now()
    digest = write_evidence(trust_folder(Path(offline.folder), "demo"), at, crl(pki.ap_ca, at))
    page = text(victor.get(SOURCES))
    assert digest in page
    assert "Revocation lists (CRL)" in page


# Comparisons


def test_configuration_of_a_file_is_compared_with_the_domains_own(victor: Browser, pki: DemoPki) -> None:
    page = text(victor.upload(COMPARE, "new.json", json.dumps(peppol_like(pki)).encode(), before="", after=""))
    assert "differences of the configurations" in page
    assert "by-ap-ca" in page
    assert "<table>" in page


def test_two_that_have_a_name_or_digest_are_compared(office: UiOffice, victor: Browser) -> None:
    own = office.offline.instance.trust_models.of(office.offline.stored.domain).address
    assert 'value="peppol-g2"' in text(victor.get(f"{COMPARE}?before=peppol-g2&after=peppol-g3"))
    page = text(victor.upload(COMPARE, "", b"", before="peppol-g2", after="peppol-g3"))
    assert "differences of the configurations" in page
    page = text(victor.upload(COMPARE, "", b"", before="", after=own.upper()))
    assert "The configurations say the same." in page


def test_what_can_not_be_compared_is_refused_on_the_form(victor: Browser) -> None:
    assert victor.upload(COMPARE, "", b"", before="", after="").status == 400
    assert victor.upload(COMPARE, "", b"", before="", after="nobodys").status == 400
    reply = victor.upload(COMPARE, "x.yaml", HOSTILE.encode(), before="", after="")
    assert (reply.status, "<script>alert" in reply.body.decode()) == (400, False)


def test_hostile_texts_of_a_configuration_are_only_text(victor: Browser, pki: DemoPki) -> None:
    hostile = {**peppol_like(pki), "description": HOSTILE}
    page = text(victor.upload(COMPARE, "x.json", json.dumps(hostile).encode(), before="", after=""))
    assert "<script>alert" not in page


# Reports


def test_report_is_asked_for_watched_and_read(office: UiOffice, pki: DemoPki) -> None:
    anna = office.browser("anna")
    assert NEW_IMPACT in links_of(anna.get(IMPACT_PAGE))
    reply = anna.upload(NEW_IMPACT, "new.json", json.dumps(peppol_like(pki)).encode(), days="7")
    assert (reply.status, reply.headers["location"]) == (303, IMPACT_PAGE)
    page = anna.get(IMPACT_PAGE)
    assert 'hx-trigger="every 2s"' in text(page)
    offline = office.offline
    handler = {IMPACT: lambda context: compare_job(offline.instance, offline.folder, context)}
    assert Worker(office.database, handler, "w").run_one()
    done = anna.get(IMPACT_PAGE, hx_request="true")
    assert done.headers["hx-refresh"] == "true"
    assert "by-ap-ca" in text(done)


@pytest.mark.parametrize("days", ["", "-1", "9999", "many"])
def test_days_that_are_none_are_refused_on_the_form(office: UiOffice, days: str) -> None:
    assert office.browser("anna").upload(NEW_IMPACT, "", b"", days=days).status == 400


def test_who_only_looks_asks_for_no_report(victor: Browser) -> None:
    assert NEW_IMPACT not in links_of(victor.get(IMPACT_PAGE))
    assert victor.get(NEW_IMPACT).status == 403
    assert victor.upload(NEW_IMPACT, "", b"", days="7").status == 403


# All of them


@pytest.mark.parametrize("language", ["de", "fr"])
def test_the_pages_are_there_in_every_language(office: UiOffice, language: str) -> None:
    anna = office.browser("anna")
    for place in (*PAGES, NEW_IMPACT):
        assert anna.get(place, accept_language=language).status == 200


def test_domain_in_which_somebody_has_no_role_is_not_there(office: UiOffice) -> None:
    office.person("nobody")
    nobody = office.browser("nobody")
    for path in (*PAGES, NEW_IMPACT):
        assert (nobody.get(path).status, nobody.get(path.replace("demo", "unknown")).status) == (404, 404)
    for path in (DECISION, COMPARE, NEW_IMPACT):
        assert nobody.upload(path, "", b"").status == 404


def test_each_code_has_a_word() -> None:
    assert set(TRUST_ROLES) == set(get_args(TrustRole))
    assert set(DECISIONS) == {"ACCEPT", "REJECT", "INDETERMINATE"}
    assert set(DOCUMENT_STATES) == {"fetched", "kept", "failed"}
    assert set(SIGNATURES) == {"verified", "refused", "chained", "unknown"}
    assert {"tl", "lotl", "lote", "saml-metadata", "openid-federation", "crl", "ocsp", "issuer"} == set(SOURCE_KINDS)
