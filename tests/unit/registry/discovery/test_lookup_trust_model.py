# SPDX-License-Identifier: Apache-2.0
"""Lookups in a domain with a trust model: who signs, who receives, and on what evidence."""

from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.clock import system_clock
from registry.demo.pki import DemoPki, new_root
from registry.discovery.client import LookupClient, Resolution
from registry.discovery.errors import NotTrustedError
from registry.discovery.locator import DnsLocator
from registry.metadata import EndpointCertificate
from registry.trust import TrustModel
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like
from tests.simulators.network import INVOICE, PARTICIPANT, ZONE, Network
from trust_lists.certificates.parsing import SigningKey
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation import Evidence


@pytest.fixture(scope="module")
def now() -> datetime:
    return system_clock()


@pytest.fixture
def network(pki: DemoPki) -> Network:
    network = Network()
    network.smp = network.add_smp(network.smp.base_url, pki.smp)
    return network


def resolve(
    network: Network,
    pki: DemoPki,
    now: datetime,
    receiver: SigningKey | None = None,
    evidence: Evidence | None = None,
    **model: Any,
) -> Resolution:
    """Look a participant up whose endpoint has the certificate of `receiver`, by default that of an access point."""
    der = (receiver or pki.access_points[0]).certificate.public_bytes(Encoding.DER)
    endpoint = network.endpoint(certificates=(EndpointCertificate(der),))
    network.smp.publish(network.metadata(endpoint))
    roles = {role: {"on_untrusted": "refuse"} for role in ("smp-sign", "ap-encrypt")}
    domain = network.configure({"dns": {"zone": ZONE}, "trust": {"configuration": peppol_like(pki, **model), **roles}})
    locator = DnsLocator(network.name_server, lifetime=0.2)
    client = LookupClient(domain, TrustModel.for_domain(domain, evidence), locator, network, lambda: now)
    return client.resolve(PARTICIPANT, INVOICE)


def refusal(*arguments: Any, **model: Any) -> NotTrustedError:
    with pytest.raises(NotTrustedError) as caught:
        resolve(*arguments, **model)
    return caught.value


def test_an_smp_s_certificate_is_none_of_an_access_point_where_the_issuer_is_pinned(
    network: Network, pki: DemoPki, now: datetime
) -> None:
    error = refusal(network, pki, now, pki.smp)
    assert error.reason_id == "untrusted-ap-encrypt"
    assert "[NO_PATH, roles.ap-encrypt.accept.path]" in str(error)
    assert resolve(network, pki, now, pki.access_points[0]).decisions[-1].accepted


def test_an_smp_s_certificate_passes_for_one_of_an_access_point_under_the_root(
    network: Network, pki: DemoPki, now: datetime
) -> None:
    assert resolve(network, pki, now, pki.smp, access_points="root").decisions[-1].accepted


def test_an_access_point_cannot_sign_as_an_smp(network: Network, pki: DemoPki, now: datetime) -> None:
    network.smp = network.add_smp(network.smp.base_url, pki.access_points[0])
    assert refusal(network, pki, now).reason_id == "untrusted-smp-sign"


def test_steps_name_who_vouches_and_by_which_configuration(network: Network, pki: DemoPki, now: datetime) -> None:
    found = resolve(network, pki, now)
    details = {step.step: step.detail for step in found.explanation.steps}
    address = found.decisions[0].decision.configuration[:12]
    for role, name in (("smp-sign", "smp-ca"), ("ap-encrypt", "ap-ca")):
        told = f"by stores.anchors.{name}; whether it was revoked was not asked; configuration {address}"
        assert told in details[f"trust-{role}"]


def test_a_revoked_receiver_is_refused_and_without_evidence_nobody_can_tell(
    network: Network, pki: DemoPki, now: datetime
) -> None:
    assert "it can't be told: " in str(refusal(network, pki, now, revocation=CRL_REQUIRED))
    smps = crl(pki.smp_ca, now)
    good = Evidence(RevocationEvidence([smps, crl(pki.ap_ca, now)]))
    assert resolve(network, pki, now, evidence=good, revocation=CRL_REQUIRED).decisions[-1].accepted
    bad = Evidence(RevocationEvidence([smps, crl(pki.ap_ca, now, pki.access_points[0].certificate)]))
    error = refusal(network, pki, now, evidence=bad, revocation=CRL_REQUIRED)
    assert error.reason_id == "untrusted-ap-encrypt"
    assert "REVOKED" in str(error)


@pytest.mark.parametrize(("mode", "accepted"), [("hint", False), ("pin", False), ("anchor", True)])
def test_a_certificate_of_strangers_is_trusted_on_metadata_where_the_smp_counts_as_an_anchor(
    mode: str, accepted: bool, network: Network, pki: DemoPki, now: datetime
) -> None:
    window = pki.smp.certificate
    stranger = new_root(now, "Strangers").issue(
        "stranger", not_before=window.not_valid_before_utc, not_after=window.not_valid_after_utc
    )
    if accepted:
        (ground,) = resolve(network, pki, now, stranger, endpoint_certificate=mode).decisions[-1].decision.grounds
        assert ground == "roles.smp-metadata.endpoint_certificate"
    else:
        assert refusal(network, pki, now, stranger, endpoint_certificate=mode).reason_id == "untrusted-ap-encrypt"


def test_the_host_of_the_endpoint_is_known_in_the_case(network: Network, pki: DemoPki, now: datetime) -> None:
    bound = {"subject": {"match": {}, "bind": {"san.dns": "context.host"}}}
    start, end = pki.smp.certificate.not_valid_before_utc, pki.smp.certificate.not_valid_after_utc
    right, wrong = (
        pki.ap_ca.issue("x", not_before=start, not_after=end, host_names=[name]) for name in ("ap.test", "other.test")
    )
    assert resolve(network, pki, now, right, leaf=bound).decisions[-1].accepted
    assert "SUBJECT_NOT_BOUND" in str(refusal(network, pki, now, wrong, leaf=bound))
