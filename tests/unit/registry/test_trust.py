# SPDX-License-Identifier: Apache-2.0
"""The seam to trust_lists: a domain's settings become decisions."""

import ssl
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.demo.pki import DemoPki, build_demo_pki, certificates_pem
from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.domains.trust_settings import KEY_USAGES as SETTINGS_KEY_USAGES
from registry.domains.trust_settings import ROLES
from registry.errors import ConfigurationError
from registry.trust import Role, TrustModel
from trust_lists.certificates.parsing import KEY_USAGES, fingerprint

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki() -> DemoPki:
    return build_demo_pki(NOW, access_points=1)


def pem(*certificates: Any) -> list[str]:
    return [certificates_pem(certificate).decode() for certificate in certificates]


def domain(**roles: dict[str, object]) -> Domain:
    """The test profile of Peppol with these roles (underscores stand for hyphens)."""
    trust = {name.replace("_", "-"): settings for name, settings in roles.items()}
    return load_domain("peppol-test", {"trust": trust})


@pytest.fixture(scope="module")
def model(pki: DemoPki) -> TrustModel:
    return TrustModel.for_domain(
        domain(
            smp_sign={
                "anchors": pem(pki.root.certificate),
                "intermediates": pem(pki.smp_ca.certificate),
                "subject_patterns": ["OU=PEPPOL TEST SMP"],
                "key_usage": ["digital_signature"],
            },
            ap_encrypt={"anchors": pem(pki.root.certificate), "on_untrusted": "warn"},
            sml_client={"anchors": pem(pki.smp_ca.certificate)},
            tls_server={"pins": [fingerprint(pki.tls.certificate)]},
        )
    )


def test_settings_of_a_role_are_applied(model: TrustModel, pki: DemoPki) -> None:
    assert model.decide("smp-sign", pki.smp.certificate, NOW).accepted
    access_point = model.decide("smp-sign", pki.access_points[0].certificate, NOW, [pki.ap_ca.certificate])
    assert "fits none of the patterns" in access_point.reason
    assert access_point.enforced


def test_evidence_completes_the_path(model: TrustModel, pki: DemoPki) -> None:
    certificate = pki.access_points[0].certificate
    assert not model.decide("ap-encrypt", certificate, NOW).accepted
    assert model.decide("ap-encrypt", certificate, NOW, [pki.ap_ca.certificate]).accepted


def test_a_role_that_only_warns_still_says_no(model: TrustModel, pki: DemoPki) -> None:
    decision = model.decide("ap-encrypt", pki.access_points[0].certificate, NOW)
    assert not decision.accepted
    assert not decision.enforced


def test_pins_are_applied(model: TrustModel, pki: DemoPki) -> None:
    assert model.decide(Role.TLS_SERVER, pki.tls.certificate, NOW).accepted
    assert not model.decide(Role.TLS_SERVER, pki.smp.certificate, NOW).accepted


@pytest.mark.parametrize("role", ["ap-sign", "no such role"])
def test_a_role_that_is_not_configured_trusts_nobody(role: str, model: TrustModel, pki: DemoPki) -> None:
    decision = model.decide(role, pki.smp.certificate, NOW)
    assert decision.reason == f"role {role} has no anchors"
    assert decision.enforced


def test_client_anchors_are_fit_for_a_tls_listener(model: TrustModel, pki: DemoPki) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=model.client_anchors_pem())
    assert len(context.get_ca_certs()) == 1
    assert model.client_anchors_pem() == pem(pki.smp_ca.certificate)[0]


def test_without_the_role_there_are_no_client_anchors() -> None:
    assert TrustModel.for_domain(domain(smp_sign={})).client_anchors_pem() == ""


def test_an_anchor_that_cannot_be_read_is_a_configuration_error() -> None:
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    with pytest.raises(ConfigurationError, match=r"domain peppol-test, role smp-sign: .* no good"):
        TrustModel.for_domain(domain(smp_sign={"anchors": [broken]}))


def test_settings_and_trust_service_use_the_same_names() -> None:
    assert set(ROLES) == set(Role)
    assert set(SETTINGS_KEY_USAGES) == set(KEY_USAGES)
