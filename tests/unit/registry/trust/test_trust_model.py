# SPDX-License-Identifier: Apache-2.0
"""The seam to trust_lists: a domain's settings become decisions."""

import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from registry.demo.pki import DemoPki, build_demo_pki, certificates_pem, new_ec_key, new_root
from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.domains.trust_settings import KEY_USAGES as SETTINGS_KEY_USAGES
from registry.domains.trust_settings import ROLES
from registry.errors import ConfigurationError
from registry.trust import Role, TrustModel
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import KEY_USAGES, fingerprint
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation import Evidence, Outcome
from trust_lists.evaluation.trust_configuration.model import Context

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


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
    assert "SUBJECT_MISMATCH, roles.smp-sign.accept.all_of[2].subject.match.DN" in access_point.reason
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


@pytest.mark.parametrize("role", ["ap-sign"])
def test_a_role_that_is_not_configured_trusts_nobody(role: str, model: TrustModel, pki: DemoPki) -> None:
    decision = model.decide(role, pki.smp.certificate, NOW)
    assert "nobody is accepted" in decision.reason
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
    with pytest.raises(ConfigurationError, match=r"(?s)domain peppol-test: .*role smp-sign: .* no good"):
        TrustModel.for_domain(domain(smp_sign={"anchors": [broken]}))


def test_settings_and_trust_service_use_the_same_names() -> None:
    assert set(ROLES) == set(Role)
    assert set(SETTINGS_KEY_USAGES) == set(KEY_USAGES)


# A trust model


def with_model(pki: DemoPki, evidence: Evidence | None = None, **model: Any) -> TrustModel:
    trust = {"configuration": peppol_like(pki, **model)}
    return TrustModel.for_domain(load_domain("peppol-test", {"trust": trust}), evidence)


@pytest.mark.parametrize(("anchor", "accepted"), [("root", True), ("ap-ca", False)])
def test_only_an_anchor_below_the_root_tells_access_points_from_smps(anchor: str, accepted: bool, pki: DemoPki) -> None:
    """The separation of roles in Peppol rests on the issuer alone."""
    model = with_model(pki, access_points=anchor)
    assert model.decide("ap-encrypt", pki.access_points[0].certificate, NOW).accepted
    assert model.decide("ap-encrypt", pki.smp.certificate, NOW).accepted == accepted


def test_all_that_speaks_against_a_certificate_is_told_with_ids_and_clauses(pki: DemoPki) -> None:
    usage = {"key_usage": {"all": ["cRLSign"], "none": [], "absent": "reject"}}
    decision = with_model(pki, leaf=usage).decide("ap-encrypt", pki.smp.certificate, NOW)
    assert "[KEY_USAGE_MISSING, roles.ap-encrypt.leaf.key_usage]" in decision.reason
    assert "[NO_PATH, roles.ap-encrypt.accept.path]" in decision.reason
    told = json.loads(json.dumps(decision.to_json()))
    assert {check["id"] for check in told["checks"]} == {"KEY_USAGE_MISSING", "NO_PATH"}
    assert told["enforced"] is True
    assert told["configuration"] == with_model(pki, leaf=usage).address


def test_evidence_that_a_rule_demands_and_nobody_has_is_no_yes(pki: DemoPki) -> None:
    decision = with_model(pki, revocation=CRL_REQUIRED).decide("ap-encrypt", pki.access_points[0].certificate, NOW)
    assert decision.outcome is Outcome.INDETERMINATE
    assert not decision.accepted
    assert decision.reason.startswith("it can't be told: ")


def test_evidence_at_hand_decides_about_revocation(pki: DemoPki) -> None:
    model = with_model(pki, revocation=CRL_REQUIRED)
    certificate = pki.access_points[0].certificate
    good = model.at_hand(Evidence(RevocationEvidence([crl(pki.ap_ca, NOW)]), digest="d" * 64))
    assert good.decide("ap-encrypt", certificate, NOW).accepted
    assert good.decide("ap-encrypt", certificate, NOW).decision.evidence == "d" * 64
    revoked = model.at_hand(Evidence(RevocationEvidence([crl(pki.ap_ca, NOW, certificate)])))
    decision = revoked.decide("ap-encrypt", certificate, NOW)
    assert decision.outcome is Outcome.REJECT
    assert "REVOKED" in decision.reason


def test_what_is_known_of_the_case_is_asked_for(pki: DemoPki) -> None:
    model = with_model(pki, leaf={"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}})
    certificate = pki.access_points[0].certificate
    assert model.decide("ap-encrypt", certificate, NOW).outcome is Outcome.INDETERMINATE
    assert model.decide("ap-encrypt", certificate, NOW, context={Context.SEAT_ID: "POP000001"}).accepted
    assert not model.decide("ap-encrypt", certificate, NOW, context={Context.SEAT_ID: "POP000002"}).accepted


def test_the_domain_is_known_in_every_case(pki: DemoPki) -> None:
    model = with_model(pki, leaf={"subject": {"match": {}, "bind": {"O": "context.domain"}}})
    own = pki.ap_ca.issue("x", organisation="peppol-test", not_before=NOW - DAY, not_after=NOW + DAY)
    assert model.decide("ap-encrypt", own.certificate, NOW).accepted
    assert not model.decide("ap-encrypt", pki.access_points[0].certificate, NOW).accepted


def test_what_an_smp_asserts_is_a_hint_a_pin_or_an_anchor(pki: DemoPki) -> None:
    """OpenNCP takes the certificate from the SMP's document as an anchor."""
    foreign = new_root(NOW).issue("foreign", not_before=NOW - DAY, not_after=NOW + DAY, key=new_ec_key()).certificate
    point = pki.access_points[0].certificate

    def accepted(mode: str, certificate: x509.Certificate, named: x509.Certificate) -> bool:
        model = with_model(pki, endpoint_certificate=mode)
        asserted = frozenset({fingerprint(named)})
        return model.decide("ap-encrypt", certificate, NOW, asserted=asserted).accepted

    assert [accepted("hint", foreign, foreign), accepted("hint", point, foreign)] == [False, True]
    assert [accepted("pin", foreign, foreign), accepted("pin", point, foreign)] == [False, False]
    assert accepted("pin", point, point)
    assert [accepted("anchor", foreign, foreign), accepted("anchor", foreign, point)] == [True, False]
    assert not with_model(pki, endpoint_certificate="anchor").decide("ap-encrypt", foreign, NOW).accepted


def test_a_model_that_contradicts_itself_is_refused_with_every_key_path(pki: DemoPki) -> None:
    model = peppol_like(pki)
    model["roles"]["ap-sign"] = {**model["roles"]["ap-sign"], "accept": {"path": {"to": ["nobody"]}}}
    model["engine"] = {**model["engine"], "max_path": 0}
    with pytest.raises(ConfigurationError) as caught:
        TrustModel.for_domain(load_domain("demo", {"trust": {"configuration": model}}))
    assert "domain demo: the trust model can't be used" in str(caught.value)
    for path in ("roles.ap-sign.accept.path.issuer_must_be_anchor", "engine.max_path"):
        assert path in str(caught.value)


def test_a_model_without_its_certificates_is_refused(pki: DemoPki) -> None:
    model = peppol_like(pki)
    del model["stores"]["anchors"][0]["cert"]["pem"]
    with pytest.raises(ConfigurationError, match=r"stores\.anchors\[1\]\.cert: .* is missing"):
        TrustModel.for_domain(load_domain("demo", {"trust": {"configuration": model}}))


def test_a_list_of_authorities_has_only_what_may_lead_to_the_role(pki: DemoPki) -> None:
    """Another product trusts whatever is in its store, and the TLS listener lets through whoever it knows."""
    roles = {
        "smp_sign": {"anchors": pem(pki.root.certificate), "intermediates": pem(pki.smp_ca.certificate)},
        "ap_encrypt": {"anchors": pem(pki.root.certificate), "intermediates": pem(pki.ap_ca.certificate)},
        "ap_sign": {"anchors": pem(pki.ap_ca.certificate)},
    }
    model = TrustModel.for_domain(domain(**roles))
    root, smp_ca, ap_ca = (listed(each.certificate) for each in (pki.root, pki.smp_ca, pki.ap_ca))
    assert model.authorities("smp-sign").all == (root, smp_ca)
    assert model.authorities("ap-encrypt").all == (root, ap_ca)
    assert model.authorities("ap-sign").all == (ap_ca,)
    assert model.authorities("tls-server").all == ()
