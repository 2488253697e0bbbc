# SPDX-License-Identifier: Apache-2.0
"""Whom the SML's listeners let in, beside those whom an anchor vouches for, and how names find a certificate."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.domain_setup import change_domain
from registry.app.sml_clients import SmlClients, proxy_rules_of
from registry.app.trust_models import TrustModels
from registry.demo.pki import Authority, DemoPki, certificates_pem, new_ec_key, new_root
from registry.domains.domain import Domain
from registry.domains.trust_models import pem_text
from registry.errors import ConfigurationError
from registry.settings import load_settings
from registry.sml.administration import SmlAdministration
from registry.sml.callers import CertificateNames, ProxyRules
from registry.sml.publisher_certificates import Window
from registry.trust import TrustModel
from tests.simulators.domain_trust import peppol_like
from tests.simulators.live import SMP_ID, demo_trust
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance
from tests.simulators.qualification_world import lists, service
from tests.simulators.trust_models import rule
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import fingerprint
from trust_lists.documents.vocabulary import CA_QC, GRANTED
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.decisions.evidence import ListsAtHand


@pytest.fixture(scope="module")
def unknown(pki: DemoPki) -> Authority:
    """An authority that nobody knows."""
    return new_root(pki.smp.certificate.not_valid_before_utc, "Unknown CA")


@pytest.fixture(scope="module")
def leaf(pki: DemoPki, unknown: Authority) -> x509.Certificate:
    """Of that authority."""
    begin = pki.smp.certificate.not_valid_before_utc
    dates = {"not_before": begin, "not_after": begin + timedelta(days=300)}
    return unknown.issue("SMP_LEAF", key=new_ec_key(), **dates).certificate


@pytest.fixture
def open_domain(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    """A domain in which administrators may register what its trust model warns of."""
    trust = demo_trust(pki)
    trust["sml-client"] = trust["sml-client"] | {"on_untrusted": "warn"}
    with offline_instance(tmp_path, pki, trust=trust) as offline:
        yield offline


def clients_of(offline: OfflineInstance, rules: ProxyRules | None = None) -> SmlClients:
    instance = offline.instance
    found = SmlClients(instance.database, instance.directory, instance.trust_models, offline.clock, rules)
    found.refresh()
    return found


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def register(offline: OfflineInstance, certificate: x509.Certificate) -> None:
    instance = offline.instance
    administration = SmlAdministration(
        instance.database, instance.journal, instance.registrar, instance.trust_models.of
    )
    administration.add_certificate(ACTOR, offline.stored, SMP_ID, certificate, Window())


def names(certificate: x509.Certificate, **other: str) -> CertificateNames:
    told = {
        "serial": f"{certificate.serial_number:x}",
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
    }
    return CertificateNames(**(told | other))


def test_who_is_accepted_by_a_model_gets_in_and_nobody_else(offline: OfflineInstance, leaf: x509.Certificate) -> None:
    clients = clients_of(offline)
    assert clients.admits(der(offline.pki.smp.certificate))
    assert not clients.admits(der(offline.pki.access_points[0].certificate))
    assert not clients.admits(der(leaf))
    assert not clients.admits(b"0\x03no")


def test_a_warning_lets_nobody_in_who_is_not_registered(open_domain: OfflineInstance, leaf: x509.Certificate) -> None:
    clients = clients_of(open_domain)
    assert not clients.admits(der(leaf))
    register(open_domain, leaf)
    assert not clients.admits(der(leaf)), "before the next look"
    clients.refresh()
    assert clients.admits(der(leaf))
    instance = open_domain.instance
    administration = SmlAdministration(
        instance.database, instance.journal, instance.registrar, instance.trust_models.of
    )
    administration.end_certificate(ACTOR, open_domain.stored, SMP_ID, fingerprint(leaf))
    open_domain.clock.forward(seconds=1)
    clients.refresh()
    assert not clients.admits(der(leaf)), "it is registered no more"
    assert clients.registered_as(names(leaf)) is None


def test_a_pin_lets_its_certificate_in(offline: OfflineInstance, leaf: x509.Certificate) -> None:
    clients = clients_of(offline)
    change_domain(offline.instance, ACTOR, "demo", {"trust": {"sml-client": {"pins": [fingerprint(leaf)]}}})
    offline.instance.directory.refresh()
    clients.refresh()
    assert clients.admits(der(leaf))


class Collected(TrustModels):
    """The trust models of an instance with a list at hand, as if it had been collected."""

    def of(self, domain: Domain) -> TrustModel:
        """The model with the list."""
        return super().of(domain).at_hand(self.evidence)

    evidence = Evidence()


@pytest.mark.parametrize("match", ["identity", "path"])
def test_a_service_of_a_trusted_list_lets_in_whom_it_is_or_issued(
    tmp_path: Path, pki: DemoPki, leaf: x509.Certificate, unknown: Authority, match: str
) -> None:
    """No anchor of a configuration has it, so that no list of anchors could say it to TLS."""
    tree = peppol_like(pki)
    tree["stores"]["lists"] = [
        {
            "id": "members",
            "kind": "tl",
            "location": {"url": "https://lists.example/tl.xml"},
            "signers": [{"sha256": fingerprint(pki.tls.certificate), "pem": pem_text(der(pki.tls.certificate))}],
            "pivots": False,
            "territories": "any",
            "service_types": [CA_QC],
            "statuses": [GRANTED],
            "max_age": "any",
            "on_expired": "warn",
        }
    ]
    tree["roles"]["sml-client"] = rule({"list": {"in": ["members"], "match": match, "qualified": "any"}})
    listed_one = listed(leaf if match == "identity" else unknown.certificate)
    found = lists(service(of=listed_one))
    with offline_instance(tmp_path, pki, trust={"configuration": peppol_like(pki)}) as offline:
        change_domain(offline.instance, ACTOR, "demo", {"trust": {"configuration": tree}})
        offline.instance.directory.refresh()
        models = Collected(None, offline.clock)
        instance = offline.instance
        clients = SmlClients(instance.database, instance.directory, models, offline.clock)
        clients.refresh()
        assert not clients.admits(der(leaf)), "the list isn't at hand"
        models.evidence = Evidence(lists={"members": ListsAtHand(found.lists, found.index, offline.clock.now)})
        assert clients.admits(der(leaf))
        assert not clients.admits(der(pki.ap_ca.certificate))


def test_time_counts(offline: OfflineInstance) -> None:
    own = offline.pki.smp.certificate
    unregistered = offline.pki.smp_ca.issue(
        "SMP_X",
        "PEPPOL TEST SMP",
        key=new_ec_key(),
        not_before=own.not_valid_before_utc,
        not_after=own.not_valid_after_utc,
    ).certificate
    clients = clients_of(offline)
    assert clients.admits(der(unregistered))
    offline.clock.now = own.not_valid_after_utc + timedelta(days=1)
    assert not clients.admits(der(unregistered))


def test_a_proxy_gets_in_to_tell_of_others(offline: OfflineInstance, leaf: x509.Certificate) -> None:
    assert clients_of(offline, ProxyRules(certificates=frozenset({fingerprint(leaf)}))).admits(der(leaf))


def test_names_find_the_registered_certificate_and_no_other(offline: OfflineInstance, leaf: x509.Certificate) -> None:
    clients, own = clients_of(offline), offline.pki.smp.certificate
    assert clients.registered_as(names(own)) == own
    assert clients.registered_as(names(leaf)) is None
    wrong = {"serial": "1", "subject": "CN=SMP_OTHER", "issuer": leaf.issuer.rfc4514_string()}
    for name, value in wrong.items():
        assert clients.registered_as(names(own, **{name: value})) is None


def test_names_that_two_certificates_have_are_nobodys(open_domain: OfflineInstance, pki: DemoPki) -> None:
    """An authority that gives a serial number twice, or one that has the names of another."""
    own = pki.smp.certificate
    twin = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(own.issuer)
        .public_key(new_ec_key().public_key())
        .serial_number(own.serial_number)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
        .sign(new_ec_key(), own.signature_hash_algorithm)  # type: ignore[arg-type]
    )
    clients = clients_of(open_domain)
    register(open_domain, twin)
    clients.refresh()
    assert clients.registered_as(names(own)) is None


def test_certificates_of_proxies_come_from_a_file(tmp_path: Path, leaf: x509.Certificate) -> None:
    file = tmp_path / "proxies.pem"
    file.write_bytes(certificates_pem(leaf))
    told = {"sml_proxy_networks": "10.0.0.0/8", "sml_proxy_forms": "rfc9440", "sml_proxy_certificates": file}
    rules = proxy_rules_of(load_settings(data_dir=tmp_path, **told))
    assert rules.certificates == {fingerprint(leaf)}
    assert rules.forms == {"rfc9440"}
    assert "10.1.1.1" in rules.networks
    file.write_text("nothing")
    with pytest.raises(ConfigurationError, match="SML_PROXY_CERTIFICATES"):
        proxy_rules_of(load_settings(data_dir=tmp_path, **told))
