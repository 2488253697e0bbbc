# SPDX-License-Identifier: Apache-2.0
"""Blast radius and minimal compromise sets on certificates that none of us made.

Numbers are those that the reference measured: trust_models.md findings 0.4 (role separation in Peppol), 0.6
(trust on metadata), 0.10 (US FPKI without its bridges), and the example of its section 3c.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.blast_radius import (
    Attacker,
    BlastRadius,
    Goal,
    blast_radius,
    read_network,
    suitable_network,
)
from trust_lists.evaluation.blast_radius.assumed_network import assumed_network
from trust_lists.evaluation.blast_radius.hypotheses import prepared
from trust_lists.evaluation.blast_radius.standing import Standing, authorities_of, standing_by_engine, standing_by_names
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.trust_configuration import effective_configuration, read_configuration
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.certificates import with_certificates
from trust_lists.evaluation.trust_configuration.model import PathTo, Role, TrustConfiguration
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

AT = datetime(2026, 3, 1, tzinfo=UTC)
BRIDGE = "CN=Federal Bridge CA G4,OU=FPKI,O=U.S. Government,C=US"
DOD = "CN=DoD Interoperability Root CA 2,OU=PKI,OU=DoD,O=U.S. Government,C=US"
CERTIPATH = "CN=CertiPath Bridge CA - G3,OU=Certification Authorities,O=CertiPath,C=US"
SML, DNS = "sml-database", "dns-zone"


@pytest.fixture(scope="module")
def certificates(corpus: Path) -> tuple[ListedCertificate, ...]:
    """The 68 real ones, of Peppol and other networks."""
    entries = json.loads((corpus / "trust_models" / "real_anchors" / "real_certs_68.json").read_text())
    return tuple(each for entry in entries for each in certificates_in(entry["pem"].encode()))


@pytest.fixture(scope="module")
def federal(corpus: Path) -> tuple[ListedCertificate, ...]:
    """The 146 certificates of authorities below the Federal Common Policy CA G2."""
    folder = corpus / "trust_models" / "fpki_real"
    return certificates_in((folder / "CACertificatesValidatingToFederalCommonPolicyG2.p7b").read_bytes())


def shipped(name: str, certificates: tuple[ListedCertificate, ...]) -> TrustConfiguration:
    configuration = read_configuration(shipped_model(name)).configuration
    return with_certificates(configuration, {each.sha256: each for each in certificates})


def under_the_root(
    configuration: TrustConfiguration, certificates: tuple[ListedCertificate, ...]
) -> TrustConfiguration:
    """As many trust stores are: the root instead of the two authorities below it, and nothing asked of names."""
    root = next(each for each in certificates if each.subject_text.startswith("CN=PEPPOL Root CA - G2"))
    first = configuration.stores.anchors[0]
    cert = replace(first.cert, sha256=root.sha256, certificate=root)
    anchor = replace(first, id="root", cert=cert, controls=replace(first.controls, path_len=None))
    rules = {
        role.value.replace("-", "_"): replace(
            rule, accept=PathTo(("root",), issuer_must_be_anchor=False), leaf=replace(rule.leaf, subject=None)
        )
        for role in Role
        if (rule := configuration.rule(role)) is not None
    }
    return replace(
        configuration,
        engine=replace(configuration.engine, max_path=3),
        stores=replace(configuration.stores, anchors=(anchor,)),
        roles=replace(configuration.roles, **rules),  # type: ignore[arg-type]
    )


def sets(found: BlastRadius, who: Attacker, goal: Goal) -> set[frozenset[str]]:
    """Against whomever the attacker chooses."""
    assert found.ways[who][goal].everywhere.complete
    return {frozenset(each) for each in found.ways[who][goal].everywhere.sets}


@pytest.fixture(scope="module")
def fpki(federal: tuple[ListedCertificate, ...]) -> Standing:
    configuration, _ = prepared(shipped("us-fpki-bridge", federal), AT)
    return standing_by_names(configuration, authorities_of(federal), Role.AP_SIGN)


def test_trust_models_0_10_there_are_123_authorities(fpki: Standing) -> None:
    assert len(fpki.reached) == 123


@pytest.mark.parametrize(
    ("bridge", "lost"), [(BRIDGE, 80), (DOD, 37), (CERTIPATH, 15)], ids=["FBCA", "DoD", "CertiPath"]
)
def test_trust_models_0_10_what_is_lost_without_a_bridge(bridge: str, lost: int, fpki: Standing) -> None:
    assert len(fpki.without(bridge)) == lost
    assert bridge in fpki.without(bridge)


def test_the_engine_loses_at_most_what_names_lose_and_only_what_it_accepted(
    federal: tuple[ListedCertificate, ...], fpki: Standing
) -> None:
    """On 2025-01-01, when most of them are in force, 95 can issue what is accepted, and 62 of these need the bridge."""
    at = datetime(2025, 1, 1, tzinfo=UTC)
    configuration, _ = prepared(shipped("us-fpki-bridge", federal), at)
    party = assumed_network(configuration).parties[0]
    evidence = Evidence(intermediates=federal)
    found = standing_by_engine(configuration, authorities_of(federal), Role.AP_SIGN, party, at, evidence)
    assert (len(found.reached), len(found.without(BRIDGE)), len(found.without(CERTIPATH))) == (95, 62, 15)
    assert set(found.reached) <= set(fpki.reached)
    for title, lost in found.lost:
        assert set(lost) <= set(found.reached)
        assert set(fpki.without(title)) & set(found.reached) <= set(lost)


def test_trust_models_0_4_under_the_root_the_key_of_an_smp_passes_for_an_access_point(
    certificates: tuple[ListedCertificate, ...],
) -> None:
    pinned = shipped("peppol-g2", certificates)
    loose = under_the_root(pinned, certificates)
    network = suitable_network(pinned, certificates, AT)
    smp_keys = {frozenset({f"smp-key:{each.id}"}) for each in network.smps}
    assert len(smp_keys) == 2
    assert smp_keys <= sets(blast_radius(loose, network, certificates, AT), Attacker.OUTSIDER, Goal.IMPERSONATE)
    kept_apart = blast_radius(pinned, network, certificates, AT)
    assert sets(kept_apart, Attacker.OUTSIDER, Goal.IMPERSONATE) == {frozenset({"anchor:ap-ca-g2"})}
    reach = next(each for each in kept_apart.reaches if each.component.id == "anchor:ap-ca-g2")
    assert len(reach.names[Role.AP_SIGN]) == len(network.access_points)
    assert reach.names[Role.SMP_SIGN] == ()


def test_where_the_issuing_authority_is_the_anchor_its_root_is_good_for_nothing(
    certificates: tuple[ListedCertificate, ...],
) -> None:
    configuration = shipped("peppol-g2", certificates)
    found = blast_radius(configuration, suitable_network(configuration, certificates, AT), certificates, AT)
    root = next(each for each in found.reaches if each.component.title.startswith("CN=PEPPOL Root CA - G2"))
    assert root.empty


def test_trust_models_3c_peppol_needs_an_smp_key_and_the_location(certificates: tuple[ListedCertificate, ...]) -> None:
    """Of a member, whose own certificate is acceptable; an outsider needs the authority of access points as well."""
    configuration = shipped("peppol-g2-g3", certificates)
    found = blast_radius(configuration, suitable_network(configuration, certificates, AT), certificates, AT)
    keys = [each.id for each in found.components if each.id.startswith("smp-key:")]
    member = sets(found, Attacker.MEMBER, Goal.INTERCEPT)
    assert {frozenset({key, where}) for key in keys for where in (SML, DNS)} <= member
    assert not any(frozenset({each}) in member for each in (*keys, SML, DNS))
    for each in sets(found, Attacker.OUTSIDER, Goal.INTERCEPT):
        assert each & {"anchor:ap-ca-g2", "anchor:ap-ca-g3"}


def test_trust_models_3c_ehdsi_as_implemented_needs_the_smp_key_alone() -> None:
    declared = read_configuration(shipped_model("ehdsi-trust-on-metadata")).configuration
    network = read_network(
        b"""
apiVersion: network/v1
kind: Network
id: one-smp
parties:
  - {id: ncp-at, roles: [ap-sign, ap-encrypt], names: {C: AT, CN: ncp-at}, smp: central}
  - {id: ncp-pt, roles: [ap-sign, ap-encrypt], names: {C: PT, CN: ncp-pt}, smp: central}
  - {id: ncp-se, roles: [ap-sign, ap-encrypt], names: {C: SE, CN: ncp-se}, smp: central}
  - {id: central, roles: [smp-sign], names: {C: BE, CN: smp}}
"""
    )
    implemented = blast_radius(effective_configuration(declared), network, (), AT)
    alone = frozenset({"smp-key:central"})
    assert alone in sets(implemented, Attacker.OUTSIDER, Goal.INTERCEPT)
    assert alone not in sets(blast_radius(declared, network, (), AT), Attacker.OUTSIDER, Goal.INTERCEPT)
