# SPDX-License-Identifier: Apache-2.0
"""How it stands with the sources of a trust model, over REST."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.app.trust_models import trust_folder
from registry.demo.pki import DemoPki
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice

SOURCES = "/domains/demo/trust/sources"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


def test_nothing_collected_is_told_as_nothing(office: RestOffice, viewer: RestCaller) -> None:
    found = office.ask("GET", SOURCES, viewer).json()
    assert (found["collected_at"], found["age_s"], found["snapshot"]) == (None, None, "")
    assert (found["sources"], found["certificates"], found["failures"]) == ([], [], [])


def test_what_was_collected_is_told_with_its_age(office: RestOffice, viewer: RestCaller, pki: DemoPki) -> None:
    offline = office.offline
    change_domain(
        offline.instance, ACTOR, "demo", {"trust": {"configuration": peppol_like(pki, revocation=CRL_REQUIRED)}}
    )
    at = office.database.now()
    digest = write_evidence(trust_folder(offline.folder, "demo"), at, crl(pki.ap_ca, at))
    offline.clock.forward(minutes=5)
    found = office.ask("GET", SOURCES, viewer).json()
    assert (found["snapshot"], found["age_s"]) == (digest, 300)
    assert found["certificates"] == [{"kind": "crl", "fetched": 1, "kept": 0, "failed": 0}]


def test_evidence_that_can_not_be_read_is_none(office: RestOffice, viewer: RestCaller, pki: DemoPki) -> None:
    at = office.database.now()
    folder = trust_folder(office.offline.folder, "demo")
    write_evidence(folder, at, crl(pki.ap_ca, at))
    (folder / "current").write_text("damaged")
    assert office.ask("GET", SOURCES, viewer).json()["collected_at"] is None
