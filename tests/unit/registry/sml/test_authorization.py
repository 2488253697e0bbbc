# SPDX-License-Identifier: Apache-2.0
"""Whom a certificate makes of its bearer: domains, SMPs, and what takes them away again (sml.md §1.4)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert

from registry.app.domain_setup import add_domain, change_domain
from registry.app.trust_models import trust_folder
from registry.demo.pki import DemoPki, certificates_pem, new_ec_key, new_root
from registry.sml.administration import SmlAdministration
from registry.sml.errors import SmlError
from registry.sml.model import Caller, Publisher
from registry.storage.certificate_rows import certificate_row
from registry.storage.queries import publishers
from registry.storage.queries.callers import Bearer, blocked_in
from registry.storage.tables import blocked_certificate
from tests.simulators.certificate_chains import Authority as ChainAuthority
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.live import SMP_ID, demo_trust
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant
from tests.simulators.trust_models import path_to, pin, rule
from trust_lists.certificates.listed import listed

DAY = timedelta(days=1)


def issue(pki: DemoPki, common_name: str, unit: str = "PEPPOL TEST SMP", **other: Any) -> x509.Certificate:
    own = pki.smp.certificate
    dates = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc} | other
    return pki.smp_ca.issue(common_name, unit, key=new_ec_key(), **dates).certificate


def common_name(certificate: x509.Certificate) -> str:
    (found,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found.value)


def refusal(call: Callable[[], object]) -> SmlError:
    with pytest.raises(SmlError) as caught:
        call()
    return caught.value


def read(offline: OfflineInstance, certificate: x509.Certificate | None = None, smp_id: str = SMP_ID) -> Publisher:
    return offline.instance.sml.read_publisher(offline.caller(certificate), smp_id)


def block(offline: OfflineInstance, certificate: x509.Certificate, domain_id: int | None = None) -> None:
    row = certificate_row(certificate.public_bytes(Encoding.DER))
    with offline.instance.database.write(ACTOR) as work:
        values = {"domain_id": domain_id or offline.stored.id, "issuer": row["issuer"], "serial": row["serial"]}
        work.connection.execute(insert(blocked_certificate).values(**values, blocked_at=work.now))


# Ownership


@pytest.fixture
def renewed(pki: DemoPki) -> x509.Certificate:
    """Of the same authority, with the same subject, another key and another serial number."""
    return issue(pki, common_name(pki.smp.certificate))


def test_a_renewal_is_another_caller_by_default(offline: OfflineInstance, renewed: x509.Certificate) -> None:
    assert "belongs to another certificate" in str(refusal(lambda: read(offline, renewed)))


def test_issuer_and_subject_are_enough_where_the_domain_says_so(
    tmp_path: Path, pki: DemoPki, renewed: x509.Certificate
) -> None:
    with offline_instance(tmp_path, pki, sml={"identity": "issuer+subject"}) as offline:
        offline.instance.sml.create_participants(offline.caller(renewed), SMP_ID, [participant("0088:1")])
        offline.instance.sml.delete_participants(offline.caller(renewed), None, [participant("0088:1")])
        assert read(offline, renewed).smp_id == SMP_ID
        other_subject = issue(pki, "SMP_OTHER")
        assert refusal(lambda: read(offline, other_subject)).code == 101


def test_a_registered_certificate_may_have_expired_before_its_renewal_comes(
    tmp_path: Path, pki: DemoPki, renewed: x509.Certificate
) -> None:
    with offline_instance(tmp_path, pki, sml={"identity": "issuer+subject"}) as offline:
        end = pki.smp.certificate.not_valid_after_utc
        late = issue(pki, common_name(renewed), not_after=end + 300 * DAY)
        offline.clock.now = end + DAY
        assert read(offline, late).smp_id == SMP_ID
        assert refusal(lambda: read(offline)).code == 101


def test_names_are_worth_nothing_once_the_registered_certificate_is_ended(
    tmp_path: Path, pki: DemoPki, renewed: x509.Certificate
) -> None:
    with offline_instance(tmp_path, pki, sml={"identity": "issuer+subject"}) as offline:
        held = Bearer.of(pki.smp.certificate)
        with offline.instance.database.write(ACTOR) as work:
            (row,) = publishers.owned_by(work.connection, [offline.stored.id], held, [], work.now)
            publishers.change_certificate(work, row.id, held.sha256, None, work.now)
        assert refusal(lambda: read(offline, renewed)).code == 101


def test_the_same_names_from_another_authority_are_another_caller(tmp_path: Path, pki: DemoPki) -> None:
    own = pki.smp.certificate
    foreign = new_root(own.not_valid_before_utc, "Another Root TEST CA")
    dates = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    namesake = foreign.issue(common_name(own), "PEPPOL TEST SMP", key=new_ec_key(), **dates).certificate
    trust = demo_trust(pki)
    trust["sml-client"]["anchors"] = [*trust["sml-client"]["anchors"], certificates_pem(foreign.certificate).decode()]
    with offline_instance(tmp_path, pki, sml={"identity": "issuer+subject"}, trust=trust) as offline:
        assert "belongs to another certificate" in str(refusal(lambda: read(offline, namesake)))


def test_behind_a_mere_warning_names_prove_nothing(tmp_path: Path, pki: DemoPki) -> None:
    """Anybody can make a certificate with the names of another one."""
    own = pki.smp.certificate
    impostor = new_root(own.not_valid_before_utc, common_name(pki.smp_ca.certificate))
    dates = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    forged = impostor.issue(common_name(own), "PEPPOL TEST SMP", key=new_ec_key(), **dates).certificate
    told, real = Bearer.of(forged), Bearer.of(own)
    assert (told.issuer, told.subject) == (real.issuer, real.subject)
    trust = demo_trust(pki)
    trust["sml-client"] = trust["sml-client"] | {"on_untrusted": "warn"}
    with offline_instance(tmp_path, pki, sml={"identity": "issuer+subject"}, trust=trust) as offline:
        assert "belongs to another certificate" in str(refusal(lambda: read(offline, forged)))
        assert read(offline).smp_id == SMP_ID


@pytest.mark.parametrize("names", [("", ""), ("", "CN=x"), ("CN=x", "")])
def test_certificates_without_names_have_nothing_in_common(offline: OfflineInstance, names: tuple[str, str]) -> None:
    """A certificate that couldn't be read is stored with empty names."""
    nameless = replace(Bearer.of(offline.pki.smp.certificate), sha256="0" * 64, issuer=names[0], subject=names[1])
    with offline.instance.database.read() as connection:
        found = publishers.owned_by(
            connection, [offline.stored.id], nameless, [offline.stored.id], offline.instance.database.now()
        )
    assert found == []


# Blocks


def test_a_blocked_certificate_is_cut_at_once(offline: OfflineInstance) -> None:
    assert read(offline).smp_id == SMP_ID
    block(offline, offline.pki.smp.certificate)
    error = refusal(lambda: read(offline))
    assert (error.code, "demo: it is blocked" in str(error)) == (101, True)


def test_a_block_is_of_one_certificate(offline: OfflineInstance, renewed: x509.Certificate) -> None:
    block(offline, renewed)
    assert read(offline).smp_id == SMP_ID
    assert "it is blocked" in str(refusal(lambda: read(offline, renewed)))


def test_a_block_is_of_one_domain(offline: OfflineInstance, pki: DemoPki) -> None:
    settings = {
        "name": "second",
        "default": False,
        "smp": {"base_url": "https://second.example.org"},
        "dns": {"zone": "second.test"},
        "trust": demo_trust(pki),
    }
    second = add_domain(offline.instance, ACTOR, "demo", settings, register_smp=False)
    offline.instance.directory.refresh()
    block(offline, offline.pki.smp.certificate, second.id)
    assert read(offline).smp_id == SMP_ID
    bearer = Bearer.of(offline.pki.smp.certificate)
    with offline.instance.database.read() as connection:
        assert blocked_in(connection, [offline.stored.id, second.id], bearer) == {second.id}


def test_a_block_leaves_a_renewal_by_names_as_it_is(tmp_path: Path, pki: DemoPki, renewed: x509.Certificate) -> None:
    """Who is to be stopped altogether is suspended."""
    with offline_instance(tmp_path, pki, sml={"identity": "issuer+subject"}) as offline:
        block(offline, pki.smp.certificate)
        assert refusal(lambda: read(offline)).code == 101
        assert read(offline, renewed).smp_id == SMP_ID


def test_who_is_blocked_registers_no_new_smp(offline: OfflineInstance) -> None:
    other = issue(offline.pki, "SMP_OTHER")
    block(offline, other)
    sml, new = offline.instance.sml, Publisher("NEW", "https://new.example.org/", "1.1.1.1")
    assert refusal(lambda: sml.create_publisher(offline.caller(other), new)).code == 101


def test_a_publisher_that_is_being_removed_is_gone_for_its_callers(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        (row,) = publishers.find(work.connection, [offline.stored.id], SMP_ID)
        publishers.begin_removal(work, row.id)
    assert str(refusal(lambda: read(offline))).startswith(f"[ERR-100] The SMP '{SMP_ID}' doesn't exist")


# Trust


def with_model(offline: OfflineInstance, model: dict[str, Any]) -> None:
    """Give the domain this trust model, with the SMP in it that it has."""
    change_domain(offline.instance, ACTOR, "demo", {"trust": {"configuration": model}})
    offline.instance.directory.refresh()


def model_of(pki: DemoPki, **sml_client: Any) -> dict[str, Any]:
    return peppol_like(pki, **{"sml-client": rule(path_to("smp-ca", direct=True), **sml_client)})


@pytest.fixture
def bare(tmp_path: Path, pki: DemoPki) -> Any:
    """A domain whose trust model a test says itself."""
    with offline_instance(tmp_path, pki, trust={"configuration": peppol_like(pki)}) as offline:
        yield offline


def test_subject_rules_of_peppol(bare: OfflineInstance, pki: DemoPki) -> None:
    subject = {"subject": {"match": {"OU": "PEPPOL TEST SMP", "CN": "SMP_.*"}, "bind": {}}}
    with_model(bare, model_of(pki, leaf=subject))
    assert read(bare).smp_id == SMP_ID
    for wrong in (issue(pki, "SMP_X", "PEPPOL TEST AP"), issue(pki, "POP000001")):
        assert "SUBJECT_MISMATCH" in str(refusal(lambda wrong=wrong: read(bare, wrong)))


POLICY = x509.ObjectIdentifier("1.3.130.2.1.1")


def chain_certificate(authority: ChainAuthority, name: str, *policies: x509.ObjectIdentifier) -> x509.Certificate:
    told = x509.CertificatePolicies([x509.PolicyInformation(each, None) for each in policies])
    made = ChainAuthority(name, authority, basic=None, extensions=[(told, False)] if policies else [])
    assert made.certificate.certificate is not None
    return made.certificate.certificate


def test_policies_of_an_ec_like_root_domain_and_leaves_of_a_non_root_domain(bare: OfflineInstance) -> None:
    """CertPolicyOIDs of a root-CA sub-domain, and registered leaf certificates of a non-root one (SAD 2.4)."""
    root = ChainAuthority("EC-like CA")
    good, without = chain_certificate(root, "SMP_1", POLICY), chain_certificate(root, "SMP_2")
    wanted = {
        "any": [POLICY.dotted_string],
        "require_explicit_policy": True,
        "inhibit_policy_mapping": True,
        "inhibit_any_policy": True,
    }
    pem = root.certificate.certificate
    assert pem is not None
    anchored = {"id": "ec-root", "as": "ca", "cert": {"sha256": root.certificate.sha256, "pem": pem_of(pem)}}
    tree = peppol_like(bare.pki)
    like = tree["stores"]["anchors"][0]
    tree["stores"]["anchors"].append(like | anchored)
    tree["stores"]["pins"] = [pin("smp-2", listed(without), "sml-client")]
    accept = {"any_of": [path_to("ec-root"), {"pin": ["smp-2"]}]}
    tree["roles"]["sml-client"] = rule(path_to("ec-root"), {"policies": wanted})
    with_model(bare, tree)
    sml = bare.instance.sml
    sml.create_publisher(bare.caller(good), Publisher("EC-1", "https://one.example.org/", "1.1.1.1"))
    new = Publisher("EC-2", "https://two.example.org/", "1.1.1.1")
    assert "POLIC" in str(refusal(lambda: sml.create_publisher(bare.caller(without), new)))
    tree["roles"]["sml-client"] = rule(accept)
    with_model(bare, tree)
    sml.create_publisher(bare.caller(without), new)
    assert refusal(lambda: read(bare, good, "EC-2")).code == 101


def pem_of(certificate: x509.Certificate) -> str:
    return certificates_pem(certificate).decode()


def test_where_a_root_and_a_non_root_domain_match_the_non_root_one_wins(offline: OfflineInstance) -> None:
    certificate = issue(offline.pki, "SMP_PINNED")
    settings = {
        "name": "leaves",
        "default": False,
        "smp": {"base_url": "https://leaves.example.org"},
        "dns": {"zone": "leaves.test"},
        "trust": {"sml-client": {"pins": [Bearer.of(certificate).sha256]}},
    }
    leaves = add_domain(offline.instance, ACTOR, "demo", settings, register_smp=False)
    offline.instance.directory.refresh()
    new = Publisher("PINNED", "https://pinned.example.org/", "1.1.1.1")
    offline.instance.sml.create_publisher(offline.caller(certificate), new)
    with offline.instance.database.read() as connection:
        (found,) = publishers.find(connection, [offline.stored.id, leaves.id], "PINNED")
    assert found.domain_id == leaves.id


def collect(offline: OfflineInstance, *crls: bytes) -> None:
    write_evidence(trust_folder(offline.folder, "demo"), offline.clock.now, *crls)


def test_revocation_is_asked_and_nobody_passes_while_it_cannot_be_told(bare: OfflineInstance, pki: DemoPki) -> None:
    with_model(bare, model_of(pki, revocation=CRL_REQUIRED))
    assert "it can't be told" in str(refusal(lambda: read(bare))), "no list yet"
    collect(bare, crl(pki.smp_ca, bare.clock.now))
    assert read(bare).smp_id == SMP_ID
    bare.clock.forward(days=2)
    assert refusal(lambda: read(bare)).code == 101, "the list has expired"
    collect(bare, crl(pki.smp_ca, bare.clock.now, pki.smp.certificate))
    assert "REVOKED" in str(refusal(lambda: read(bare)))


def test_nothing_is_remembered_when_the_clock_jumps(offline: OfflineInstance) -> None:
    here, own = offline.clock.now, offline.pki.smp.certificate
    assert read(offline).smp_id == SMP_ID
    for wrong in (own.not_valid_after_utc + DAY, own.not_valid_before_utc - DAY):
        offline.clock.now = wrong
        assert refusal(lambda: read(offline)).code == 101
        offline.clock.now = here
        assert read(offline).smp_id == SMP_ID


# Administrators


def test_an_administrators_certificate_is_nobody_at_the_sml(offline: OfflineInstance) -> None:
    """An account may do everything over REST; no certificate does so here."""
    administration = SmlAdministration(
        offline.instance.database,
        offline.instance.journal,
        offline.instance.registrar,
        offline.instance.trust_models.of,
    )
    assert administration.publisher(offline.stored, SMP_ID)[0].smp_id == SMP_ID
    other = issue(offline.pki, "ADMIN")
    assert refusal(lambda: read(offline, other)).code == 101
    assert refusal(lambda: offline.instance.sml.read_publisher(Caller(None, "r"), SMP_ID)).code == 101
