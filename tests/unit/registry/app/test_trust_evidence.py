# SPDX-License-Identifier: Apache-2.0
"""The newest evidence of a domain counts, whoever collected it, from the next question on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from registry.app.trust_models import TrustModels, trust_folder
from registry.demo.pki import DemoPki, build_demo_pki
from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.trust import TrustModel
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.offline import MovableClock
from trust_lists.evaluation import Outcome

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki() -> DemoPki:
    return build_demo_pki(NOW, access_points=1)


@pytest.fixture
def domain(pki: DemoPki) -> Domain:
    return load_domain("demo", {"trust": {"configuration": peppol_like(pki, revocation=CRL_REQUIRED)}})


@pytest.fixture
def models(tmp_path: Path) -> TrustModels:
    return TrustModels(tmp_path, MovableClock(NOW))


def outcome(model: TrustModel, pki: DemoPki) -> Outcome:
    return model.decide("ap-encrypt", pki.access_points[0].certificate, NOW).outcome


def test_new_evidence_counts_without_a_restart(
    models: TrustModels, domain: Domain, pki: DemoPki, tmp_path: Path
) -> None:
    assert outcome(models.of(domain), pki) is Outcome.INDETERMINATE
    assert models.collected_at(domain) is None
    folder = trust_folder(tmp_path, domain.name)
    good = write_evidence(folder, NOW, crl(pki.ap_ca, NOW))
    assert outcome(models.of(domain), pki) is Outcome.ACCEPT
    assert models.of(domain).evidence.digest == good
    assert models.collected_at(domain) == NOW
    write_evidence(folder, NOW, crl(pki.ap_ca, NOW, pki.access_points[0].certificate))
    assert outcome(models.of(domain), pki) is Outcome.REJECT
    (folder / "current").unlink()
    assert outcome(models.of(domain), pki) is Outcome.INDETERMINATE


def test_a_model_is_made_once_as_long_as_nothing_changes(
    models: TrustModels, domain: Domain, pki: DemoPki, tmp_path: Path
) -> None:
    first = models.of(domain)
    assert models.of(domain) is first
    write_evidence(trust_folder(tmp_path, domain.name), NOW, crl(pki.ap_ca, NOW))
    second = models.of(domain)
    assert models.of(domain) is second
    assert second.engine is first.engine
    changed = load_domain("demo", {"trust": {"configuration": peppol_like(pki)}})
    assert models.of(changed).address != first.address


def test_damaged_evidence_is_told_and_counts_for_nothing(
    models: TrustModels, domain: Domain, pki: DemoPki, tmp_path: Path
) -> None:
    folder = trust_folder(tmp_path, domain.name)
    digest = write_evidence(folder, NOW, crl(pki.ap_ca, NOW))
    (folder / "snapshots" / f"{digest}.json").write_text("{}")
    with capture_logs() as logs:
        assert outcome(models.of(domain), pki) is Outcome.INDETERMINATE
    assert [entry["event"] for entry in logs] == ["trust_evidence_unusable"]
    assert models.collected_at(domain) is None


def test_evidence_of_another_domain_does_not_count(
    models: TrustModels, domain: Domain, pki: DemoPki, tmp_path: Path
) -> None:
    write_evidence(trust_folder(tmp_path, "other"), NOW, crl(pki.ap_ca, NOW))
    assert outcome(models.of(domain), pki) is Outcome.INDETERMINATE


def test_without_a_folder_there_is_no_evidence(domain: Domain, pki: DemoPki) -> None:
    assert outcome(TrustModels().of(domain), pki) is Outcome.INDETERMINATE
