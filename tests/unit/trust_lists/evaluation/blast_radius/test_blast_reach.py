# SPDX-License-Identifier: Apache-2.0
"""Blast radius of a component: for which roles and names, towards whom, and within which limits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from tests.simulators.certificate_chains import NOW, YEAR, Authority, dn
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.blast_radius import BlastRadius, blast_radius
from trust_lists.evaluation.blast_radius.components import Kind
from trust_lists.evaluation.blast_radius.goals import Attacker, Goal
from trust_lists.evaluation.blast_radius.network import Network, Party
from trust_lists.evaluation.blast_radius.reach import Reach
from trust_lists.evaluation.trust_configuration import read_configuration
from trust_lists.evaluation.trust_configuration.certificates import key_digest
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

Configure = Callable[..., TrustConfiguration]
Describe = Callable[..., Network]


def path_to(*anchors: str, direct: bool = False) -> dict[str, Any]:
    return {"path": {"to": list(anchors), "issuer_must_be_anchor": direct}}


def of(found: BlastRadius, component: str) -> Reach:
    return next(each for each in found.reaches if each.component.id == component)


def below(found: BlastRadius, authority: Authority) -> Reach:
    return next(each for each in found.reaches if authority.certificate in each.component.certificates)


@pytest.fixture
def alone(describe: Describe) -> Network:
    """Three access points, and nothing else."""
    return describe(3, 0, delivery={"locator": "static"})


def test_an_anchor_reaches_every_name_of_its_roles(configure: Configure, describe: Describe) -> None:
    configuration = configure(
        {"ap": Authority("ap").certificate, "smp": Authority("smp").certificate},
        {"ap-sign": path_to("ap"), "ap-encrypt": path_to("ap"), "smp-sign": path_to("smp")},
    )
    found = blast_radius(configuration, describe(3, 1), (), NOW)
    ap, smp = of(found, "anchor:ap"), of(found, "anchor:smp")
    assert {role: set(names) for role, names in ap.names.items()} == {
        Role.AP_SIGN: {"ap-1", "ap-2", "ap-3"},
        Role.AP_ENCRYPT: {"ap-1", "ap-2", "ap-3"},
        Role.SMP_SIGN: set(),
    }
    assert (ap.pairs.count, ap.pairs.of, ap.participants.count, ap.document_types.of) == (6, 6, 60, 2)
    assert smp.names[Role.SMP_SIGN] == ("smp-1",)
    assert smp.pairs.count == smp.participants.count == 0


def test_name_constraints_bound_whom_an_authority_can_name(configure: Configure, alone: Network) -> None:
    permitted = x509.NameConstraints([x509.DirectoryName(dn("any").__class__(_organization("Testers")))], None)
    elsewhere = x509.NameConstraints([x509.DirectoryName(x509.Name(_organization("Elsewhere")))], None)
    root = Authority("root")
    inside = Authority("inside", root, extensions=[(permitted, True)])
    outside = Authority("outside", root, extensions=[(elsewhere, True)])
    parties = [replace(each, names={"O": "Testers", "CN": each.id}) for each in alone.parties]
    configuration = configure({"root": root.certificate}, {"ap-sign": path_to("root")})
    found = blast_radius(
        configuration, replace(alone, parties=tuple(parties)), [inside.certificate, outside.certificate], NOW
    )
    assert len(below(found, inside).names[Role.AP_SIGN]) == 3
    assert below(found, outside).empty


@pytest.mark.parametrize(
    ("controls", "reached"),
    [
        ({}, True),
        ({"path_len": 0}, False),
        ({"excluded": ["directory:O=Testers"]}, False),
        ({"trusted": {"until": "2026-01-01T00:00:00Z"}}, False),
        ({"trusted": {"for_certs_issued_before": "2026-01-01T00:00:00Z"}}, True),
        ({"trusted": {"for_certs_issued_before": "2010-01-01T00:00:00Z"}}, False),
    ],
    ids=["none", "path length", "names", "ended", "distrusted this year", "distrusted long ago"],
)
def test_controls_of_an_anchor_limit_what_those_below_it_reach(
    controls: dict[str, Any], reached: bool, configure: Configure, alone: Network
) -> None:
    """Somebody with the key of an authority dates a certificate back as far as its lifetime lets him."""
    root = Authority("root")
    issuing = Authority("issuing", root)
    configuration = configure({"root": root.certificate}, {"ap-sign": path_to("root")}, controls={"root": controls})
    found = blast_radius(configuration, alone, [issuing.certificate], NOW)
    assert below(found, issuing).empty is not reached


def test_an_issuer_that_must_be_the_anchor_leaves_nothing_to_those_below(configure: Configure, alone: Network) -> None:
    root = Authority("root")
    issuing = Authority("issuing", root)
    configuration = configure({"root": root.certificate}, {"ap-sign": path_to("root", direct=True)})
    found = blast_radius(configuration, alone, [issuing.certificate], NOW)
    assert below(found, issuing).empty
    assert not of(found, "anchor:root").empty


def test_a_denied_or_expired_authority_reaches_nothing(configure: Configure, alone: Network) -> None:
    root = Authority("root")
    denied, old = Authority("denied", root), Authority("old", root, end=NOW - timedelta(days=1))
    stores = {"deny": {"spki_sha256": [key_digest(denied.certificate)], "cert_sha256": [], "issuer_serial": []}}
    configuration = configure({"root": root.certificate}, {"ap-sign": path_to("root")}, stores=stores)
    found = blast_radius(configuration, alone, [denied.certificate, old.certificate], NOW)
    assert below(found, denied).empty
    assert below(found, old).empty


def test_a_key_with_several_certificates_is_one_component(configure: Configure, alone: Network) -> None:
    one, other = Authority("one"), Authority("other")
    crossed = other.issue(one.name, key=one.key, extensions=_authority())
    configuration = configure({"other": other.certificate}, {"ap-sign": path_to("other")})
    found = blast_radius(configuration, alone, [one.certificate, crossed], NOW)
    (component,) = (each for each in found.components if each.kind is Kind.AUTHORITY)
    assert set(component.certificates) == {one.certificate, crossed}
    assert len(below(found, one).names[Role.AP_SIGN]) == 3


@pytest.mark.parametrize(
    ("model", "component"),
    [
        ("domain-trusted-list", "list-signer:domain-list"),
        ("eu-lotl-qualified-seal", "lotl-signer:eu-lotl"),
        ("eu-lotl-qualified-seal", "national-list-signer:eu-lotl"),
        ("eudi-lote", "list-signer:wrpac-providers"),
        ("saml-metadata", None),
    ],
    ids=["list", "list of lists", "national list", "list of entities", "SAML metadata"],
)
def test_who_signs_a_source_passes_for_everybody_whom_a_rule_takes_from_it(
    model: str, component: str | None, alone: Network
) -> None:
    configuration = read_configuration(shipped_model(model)).configuration
    found = blast_radius(configuration, alone, (), NOW)
    kinds = (
        {Kind.METADATA_SIGNER} if component is None else {Kind.LIST_SIGNER, Kind.LOTL_SIGNER, Kind.NATIONAL_LIST_SIGNER}
    )
    signer = next(
        each for each in found.reaches if each.component.kind in kinds and component in {None, each.component.id}
    )
    assert set(signer.names[Role.AP_SIGN]) == {"ap-1", "ap-2", "ap-3"}
    assert signer.pairs.count == signer.pairs.of == 6


def test_a_federation_anchor_passes_for_everybody(configure: Configure, alone: Network) -> None:
    source = {
        "id": "federation",
        "trust_anchor": "https://anchor.example",
        "keys": ["A" * 43],
        "max_path_length": None,
        "trust_marks": "any",
    }
    configuration = configure(
        {}, {"ap-sign": {"openid_federation": ["federation"]}}, stores={"openid_federation": [source]}
    )
    found = blast_radius(configuration, alone, (), NOW)
    assert of(found, "federation-anchor:federation").pairs.count == 6
    assert found.anyway[Attacker.MEMBER][Goal.IMPERSONATE].count == 0


def test_a_list_holds_members_for_everybody_and_metadata_only_for_themselves(alone: Network) -> None:
    listed, metadata = (
        blast_radius(read_configuration(shipped_model(name)).configuration, alone, (), NOW)
        for name in ("domain-trusted-list", "saml-metadata")
    )
    assert listed.anyway[Attacker.MEMBER][Goal.IMPERSONATE].count == 6
    assert metadata.anyway[Attacker.MEMBER][Goal.IMPERSONATE].count == 0


def test_databases_and_zones_redirect_but_forge_nothing(configure: Configure, describe: Describe) -> None:
    configuration = configure(
        {"ap": Authority("ap").certificate, "smp": Authority("smp").certificate},
        {"ap-sign": path_to("ap"), "ap-encrypt": path_to("ap"), "smp-sign": path_to("smp")},
    )
    found = blast_radius(configuration, describe(3, 1), (), NOW)
    for name in ("sml-database", "dns-zone"):
        reach = of(found, name)
        assert not any(reach.names.values())
        assert reach.goals[Attacker.OUTSIDER][Goal.DENY].count == 6
        assert reach.goals[Attacker.OUTSIDER][Goal.INTERCEPT].count == 0


def test_an_end_entity_as_an_anchor_is_its_own_key_and_issues_nothing(configure: Configure, alone: Network) -> None:
    authority = Authority("nobody")
    usages = [(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")]), False)]
    leaf = authority.issue(dn("ap-1"), extensions=[*_leaf(), *usages], begin=NOW - YEAR, end=NOW + YEAR)
    configuration = configure({"own": leaf}, {"ap-sign": path_to("own")}, subject={"ap-sign": _bound()})
    anchors = tuple(replace(each, kind=each.kind.__class__("end-entity")) for each in configuration.stores.anchors)
    changed = replace(configuration, stores=replace(configuration.stores, anchors=anchors))
    found = blast_radius(changed, alone, (), NOW)
    assert of(found, "anchor:own").names[Role.AP_SIGN] == ("ap-1",)


def test_the_greatest_comes_first_and_numbers_have_their_source(configure: Configure, describe: Describe) -> None:
    configuration = configure(
        {"ap": Authority("ap").certificate, "smp": Authority("smp").certificate},
        {"ap-sign": path_to("ap"), "smp-sign": path_to("smp")},
    )
    found = blast_radius(configuration, describe(3, 1), (), NOW)
    assert found.reaches[0].component.id == "anchor:ap"
    assert [each.weight for each in found.reaches] == sorted((each.weight for each in found.reaches), reverse=True)
    assert found.decisions > 0
    for part in (found.address[:16], found.network.digest[:16], str(found.decisions)):
        assert part in found.source


def test_an_anchor_without_its_certificate_is_stood_in_for_and_that_is_told(alone: Network) -> None:
    configuration = read_configuration(shipped_model("hr-eracun")).configuration
    found, again = (blast_radius(configuration, alone, (), NOW) for _ in range(2))
    assert any("fina-rdc-2020 is not at hand" in each for each in found.assumptions)
    assert not of(found, "anchor:fina-rdc-2020").empty
    assert found.to_json() == again.to_json()


def test_a_party_that_nobody_accepts_is_named(configure: Configure, alone: Network) -> None:
    subject = {"match": {"OU": "NOBODY"}, "bind": {}}
    configuration = configure(
        {"ap": Authority("ap").certificate}, {"ap-sign": path_to("ap")}, subject={"ap-sign": subject}
    )
    found = blast_radius(configuration, alone, (), NOW)
    assert of(found, "anchor:ap").empty
    assert any("ap-1, ap-2, ap-3" in each for each in found.assumptions)
    assert any("no rule for ap-encrypt" in each for each in found.assumptions)


def test_one_access_point_alone_has_nobody_to_deceive(configure: Configure, describe: Describe) -> None:
    configuration = configure({"ap": Authority("ap").certificate}, {"ap-sign": path_to("ap")})
    found = blast_radius(configuration, describe(1, 0), (), NOW)
    reach = of(found, "anchor:ap")
    assert (reach.pairs.count, reach.pairs.of, reach.pairs.fraction, reach.relying.count) == (0, 0, None, 0)


def test_parties_of_real_certificates_have_the_roles_in_which_they_are_accepted(
    configure: Configure,
) -> None:
    from trust_lists.evaluation.blast_radius import suitable_network

    ap, smp = Authority("ap"), Authority("smp")
    configuration = configure(
        {"ap": ap.certificate, "smp": smp.certificate},
        {"ap-sign": path_to("ap"), "smp-sign": path_to("smp")},
    )
    client = (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")]), False)
    certificates: list[ListedCertificate] = [
        ap.issue(dn("one"), extensions=[*_leaf(), client]),
        ap.issue(dn("old"), extensions=[*_leaf(), client], begin=NOW - 2 * YEAR, end=NOW - YEAR),
        smp.issue(dn("publisher"), extensions=[*_leaf(), client]),
        Authority("stranger").issue(dn("stranger"), extensions=[*_leaf(), client]),
    ]
    network = suitable_network(configuration, [*certificates, ap.certificate], NOW)
    assert {each.id: each.roles for each in network.parties} == {
        "one": (Role.AP_SIGN,),
        "old": (Role.AP_SIGN,),
        "publisher": (Role.SMP_SIGN,),
    }
    assert [each.smp for each in network.access_points] == ["publisher", "publisher"]
    assert any("1 others fit no role" in each for each in network.assumed)
    assert suitable_network(configuration, (), NOW).id == "assumed"


def _organization(name: str) -> list[x509.NameAttribute[str]]:
    return [x509.NameAttribute(x509.oid.NameOID.ORGANIZATION_NAME, name)]


def _bound() -> dict[str, Any]:
    return {"match": {}, "bind": {"CN": "context.party"}}


def _leaf() -> list[tuple[x509.ExtensionType, bool]]:
    from tests.simulators.certificate_chains import key_usage

    return [(key_usage("digital_signature"), True)]


def _authority() -> list[tuple[x509.ExtensionType, bool]]:
    from tests.simulators.certificate_chains import AUTHORITY, key_usage

    return [(AUTHORITY, True), (key_usage("key_cert_sign", "crl_sign"), True)]


def test_parties_know_whether_they_are_access_points() -> None:
    assert Party("one", (Role.AP_ENCRYPT,)).access_point
    assert not Party("two", (Role.SMP_SIGN, Role.TLS_SERVER)).access_point
