# SPDX-License-Identifier: Apache-2.0
"""Comparisons of real networks come out as the reference measured them (trust_models.md §0.2, 0.4, 0.5, 0.10, §3c).

The corpus has no evidence about revocation from the time of its certificates. So they are asked about in the middle of
their own validity, with revocation left aside, and each seat id is what the certificate itself says.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.simulators.certificate_chains import Authority, dn
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.comparison import (
    Asked,
    Compared,
    Comparison,
    Effect,
    Subject,
    compare,
    run_probes,
    successions,
    without_revocation,
)
from trust_lists.evaluation.comparison.probing.keys import KeyPool
from trust_lists.evaluation.comparison.probing.minting import Draft, Mint
from trust_lists.evaluation.comparison.probing.mirror import mirror
from trust_lists.evaluation.decisions import Case, Evidence, Outcome
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.model import (
    Anchor,
    CertificateReference,
    Context,
    DenyList,
    LeafRule,
    PathTo,
    Role,
    RoleRule,
    TrustConfiguration,
)

Shipped = Callable[[str], TrustConfiguration]
Named = Callable[[str], ListedCertificate]

AT = datetime(2026, 6, 1, tzinfo=UTC)
ANYBODY = LeafRule(None, None, None, None, None, None)


def reference(certificate: ListedCertificate) -> CertificateReference:
    return CertificateReference(certificate.sha256, certificate=certificate)


def anchored(configuration: TrustConfiguration, **certificates: ListedCertificate) -> TrustConfiguration:
    """The same with other anchors, with the controls of its first one but for the path length."""
    first = configuration.stores.anchors[0]
    anchors = tuple(
        replace(first, id=name.replace("_", "-"), cert=reference(each), controls=replace(first.controls, path_len=None))
        for name, each in certificates.items()
    )
    return replace(configuration, stores=replace(configuration.stores, anchors=anchors))


def accepting(configuration: TrustConfiguration, rule: RoleRule, *anchors: str, direct: bool) -> TrustConfiguration:
    """Only access points that sign, by these anchors."""
    roles = replace(
        configuration.roles,
        ap_sign=replace(rule, accept=PathTo(anchors, direct)),
        ap_encrypt=None,
        smp_sign=None,
        sml_client=None,
        smp_metadata=None,
    )
    return replace(configuration, engine=replace(configuration.engine, max_path=3), roles=roles)


def compared(
    a: TrustConfiguration,
    b: TrustConfiguration,
    corpus: Sequence[Subject],
    role: Role = Role.AP_SIGN,
    at: datetime | None = None,
) -> Comparison:
    asked = Asked(
        at=at or AT,
        roles=(role,),
        corpus=corpus,
        own_time=at is None,
        own_context=((Context.SEAT_ID, "CN"), (Context.PARTY, "CN")),
        without_revocation=True,
    )
    return compare(Compared("A", a, Evidence()), Compared("B", b, Evidence()), asked)


def accepted(found: Comparison) -> tuple[int, int]:
    (matrix,) = found.matrices
    return matrix.accepted(0), matrix.accepted(1)


def of(real: Sequence[Subject], unit: str, issuer: str = "") -> list[Subject]:
    """Certificates by the unit in their subject, of Peppol's second and third generation."""
    found = [each for each in real if unit in each.certificate.subject_values("2.5.4.11")]
    return [
        each
        for each in found
        if each.certificate.issuer_text.startswith(f"CN=PEPPOL {issuer}") and " - G" in each.certificate.issuer_text
    ]


@pytest.fixture
def testing_network(shipped: Shipped, named: Named) -> TrustConfiguration:
    """peppol-g2-g3 for Peppol's test network: its authorities, its unit, and any common name (one is PP_C3)."""
    both = shipped("peppol-g2-g3")
    rule = both.roles.ap_sign
    assert rule is not None
    assert rule.leaf.subject is not None
    leaf = replace(rule.leaf, subject=replace(rule.leaf.subject, match={"OU": "PEPPOL TEST AP"}))
    found = anchored(
        both,
        test_ap_g2=named("peppol-g2/Peppol_Test_AccessPoint_CA.cer"),
        test_ap_g3=named("peppol-g3/PEPPOL_ACCESS_POINT_TEST_CA-G3.pem"),
    )
    return accepting(found, replace(rule, leaf=leaf), "test-ap-g2", "test-ap-g3", direct=True)


def test_all_18_real_access_points_are_accepted_by_the_model_of_their_network(
    shipped: Shipped, testing_network: TrustConfiguration, real: list[Subject]
) -> None:
    production, testing = of(real, "PEPPOL PRODUCTION AP"), of(real, "PEPPOL TEST AP")
    assert (len(production), len(testing)) == (3, 15)
    found = compared(shipped("peppol-g2-g3"), testing_network, [*production, *testing])
    (matrix,) = found.matrices
    assert matrix.counts == {(Outcome.ACCEPT, Outcome.REJECT): 3, (Outcome.REJECT, Outcome.ACCEPT): 15}


def test_the_root_accepts_all_five_the_pinned_authority_three_and_the_common_trust_store_all(
    shipped: Shipped, named: Named, real: list[Subject]
) -> None:
    g2 = shipped("peppol-g2")
    assert g2.roles.ap_sign is not None
    # what tells access points and SMPs apart beside their issuer is left aside, as the reference did
    rule = replace(g2.roles.ap_sign, leaf=replace(g2.roles.ap_sign.leaf, subject=None))
    root, ap, smp = (
        named(f"peppol-g2/Peppol_{each}.cer") for each in ("Root_CA", "AccessPoint_CA", "ServiceMetadataPublisher_CA")
    )
    pinned = accepting(anchored(g2, ap_ca=ap), rule, "ap-ca", direct=True)
    root_only = accepting(anchored(g2, root=root), rule, "root", direct=False)
    root_only = replace(root_only, stores=replace(root_only.stores, intermediates=(reference(ap), reference(smp))))
    store = accepting(anchored(g2, root=root, ap_ca=ap, smp_ca=smp), rule, "root", "ap-ca", "smp-ca", direct=False)
    five = of(real, "PEPPOL PRODUCTION AP") + of(real, "PEPPOL PRODUCTION SMP")
    assert len(five) == 5

    found = compared(pinned, root_only, five)
    assert accepted(found) == (3, 5)
    (group,) = found.matrices[0].groups
    assert (group.before, group.after, group.reason) == (Outcome.REJECT, Outcome.ACCEPT, "NO_PATH")
    assert {each.subject.certificate.subject_values("2.5.4.11") for each in group.flips} == {("PEPPOL PRODUCTION SMP",)}
    assert accepted(compared(root_only, store, five)) == (5, 5)

    probes = run_probes(pinned, root_only, (Role.AP_SIGN,), AT)
    siblings = [each for each in probes.telling if each.kind == "SIBLING" and each.sides == "A"]
    assert [(each.before.outcome, each.after.outcome) for each in siblings] == [(Outcome.REJECT, Outcome.ACCEPT)]


def test_by_its_unit_an_smp_is_told_apart_even_below_the_root(
    shipped: Shipped, named: Named, real: list[Subject]
) -> None:
    g2 = shipped("peppol-g2")
    assert g2.roles.ap_sign is not None
    root_only = accepting(
        anchored(g2, root=named("peppol-g2/Peppol_Root_CA.cer")), g2.roles.ap_sign, "root", direct=False
    )
    between = tuple(each.cert for each in g2.stores.anchors)
    root_only = replace(root_only, stores=replace(root_only.stores, intermediates=between))
    five = of(real, "PEPPOL PRODUCTION AP") + of(real, "PEPPOL PRODUCTION SMP")
    assert accepted(compared(g2, root_only, five)) == (3, 3)


def test_the_third_generation_of_peppol_allows_authorities_that_the_second_did_not(
    shipped: Shipped, named: Named
) -> None:
    found = {each.after: each for each in successions(shipped("peppol-g2"), shipped("peppol-g3"))}
    assert set(found) == {"stores.anchors.ap-ca-g3", "stores.anchors.smp-ca-g3"}
    for each in found.values():
        (loosened,) = (change for change in each.certificate if change.path.endswith(".path_len"))
        assert (loosened.before, loosened.after, loosened.effect) == (0, 1, Effect.WIDENS)
        assert not [change for change in each.effective if change.path.endswith(".path_len")]

    g2 = shipped("peppol-g2")
    roots = (
        anchored(g2, root=named(file)) for file in ("peppol-g2/Peppol_Root_CA.cer", "peppol-g3/PEPPOL_Root_CA-G3.pem")
    )
    (root,) = successions(*roots)
    for changes in (root.certificate, root.effective):
        (loosened,) = (change for change in changes if change.path.endswith(".path_len"))
        assert (loosened.before, loosened.after, loosened.effect) == (1, None, Effect.WIDENS)


def test_without_its_controls_the_third_generation_really_accepts_what_an_authority_below_it_issued(
    shipped: Shipped,
) -> None:
    g3 = shipped("peppol-g3")
    assert g3.roles.ap_sign is not None
    only = accepting(g3, g3.roles.ap_sign, "ap-ca-g3", direct=False)

    def controlled(length: int | None) -> TrustConfiguration:
        def limited(each: Anchor) -> Anchor:
            return replace(each, controls=replace(each.controls, path_len=length))

        return replace(only, stores=replace(only.stores, anchors=tuple(map(limited, only.stores.anchors))))

    found = run_probes(controlled(0), controlled(None), (Role.AP_SIGN,), AT)
    telling = {(each.kind, each.told, each.before.outcome, each.after.outcome) for each in found.telling}
    assert ("PATH_LENGTH", "1 authority stands below its issuer", Outcome.REJECT, Outcome.ACCEPT) in telling
    assert found.unmet == ()


def test_de4a_ends_with_its_issuing_authority_on_the_fourth_of_october(shipped: Shipped) -> None:
    de4a = shipped("de4a")
    end = datetime(2026, 10, 4, tzinfo=UTC)
    found = run_probes(de4a, de4a, (Role.AP_SIGN,), end - timedelta(days=30))
    issuing = f"stores.intermediates.{de4a.stores.intermediates[0].sha256}"
    within, beyond = [each for each in found.probes if each.kind == "ISSUER_ENDS" and each.origin == issuing]
    assert (within.before.outcome, beyond.before.outcome) == (Outcome.ACCEPT, Outcome.REJECT)
    assert beyond.before.reason == "EXPIRED"
    assert (beyond.at - de4a.engine.clock_skew).date() == end.date()
    both = [each for each in found.hypotheticals if each.kind == "ISSUER_ENDS" and each.origin == issuing]
    assert [each.before.outcome for each in both] == [Outcome.ACCEPT, Outcome.REJECT]


@pytest.mark.parametrize(
    ("at", "reasons"), [("2026-10-03", set()), ("2026-10-05", {"EXPIRED"})], ids=["before", "after"]
)
def test_de4a_accepts_no_certificate_of_commissign_2_after_its_end(
    shipped: Shipped, at: str, reasons: set[str]
) -> None:
    """The corpus has no certificate from it; one is issued by a twin, with its names, dates and policies."""
    de4a, pool, mint = shipped("de4a"), KeyPool(), Mint()
    world = mirror(de4a, de4a, pool, mint)
    issuer = world.authorities[de4a.stores.intermediates[0].sha256]
    leaf = Draft(
        names=(("CN", "AT"),),
        since=datetime(2026, 1, 1, tzinfo=UTC),
        until=datetime(2027, 1, 1, tzinfo=UTC),
        key=pool.key("p256"),
        usages=frozenset({"digitalSignature"}),
        policies=("0.4.0.2042.1.1",),
    )
    engine = DecisionEngine(without_revocation(world.mirrored(de4a)))
    when = datetime.fromisoformat(f"{at}T12:00:00Z")
    case = Case(Role.AP_SIGN, mint.certificate(leaf, issuer), when, context={Context.PARTY: "AT"})
    decision = engine.decide(case)
    assert {each.id for each in decision.checks} == reasons
    assert {each.subject for each in decision.checks} <= {issuer.certificate.sha256}


def test_a_second_authority_of_fina_is_accepted_only_where_it_is_on_the_list(shipped: Shipped) -> None:
    """The certificate of Fina RDC 2025 is not in the corpus: one of its name is made."""
    only_2020 = shipped("hr-eracun")
    rdc_2025 = Authority(dn("Fina RDC 2025", "Financijska agencija"), path_length=0)
    first = only_2020.stores.anchors[0]
    second = replace(first, id="fina-rdc-2025", cert=reference(rdc_2025.certificate))
    assert only_2020.roles.ap_sign is not None
    both = replace(
        only_2020,
        stores=replace(only_2020.stores, anchors=(first, second)),
        roles=replace(
            only_2020.roles,
            ap_sign=replace(only_2020.roles.ap_sign, accept=PathTo((first.id, second.id), issuer_must_be_anchor=True)),
        ),
    )
    found = compared(only_2020, both, [Subject(rdc_2025.issue("an access point"))])
    assert accepted(found) == (0, 1)
    texts = [each.text for each in found.differences]
    assert "anchor fina-rdc-2025 (Fina RDC 2025) is added" in texts


def test_of_the_demo_network_of_fina_a_real_certificate_flips_with_its_authority(
    shipped: Shipped, named: Named, real: list[Subject]
) -> None:
    production = shipped("hr-eracun")
    assert production.roles.ap_sign is not None
    demo = accepting(
        anchored(production, demo=named("hr-fina/demo2020_sub_ca.pem")), production.roles.ap_sign, "demo", direct=True
    )
    issued = [each for each in real if "OpusCapita" in each.certificate.subject_text]
    assert accepted(compared(production, demo, issued)) == (0, 1)


@pytest.fixture(scope="module")
def federal(corpus: Path) -> list[ListedCertificate]:
    """All certificates of authorities under the Federal Common Policy CA G2."""
    return list(
        certificates_in(
            (corpus / "trust_models/fpki_real/CACertificatesValidatingToFederalCommonPolicyG2.p7b").read_bytes()
        )
    )


def bridged(shipped: Shipped, federal: Sequence[ListedCertificate]) -> TrustConfiguration:
    """Whoever has a path to the root, with all authorities at hand."""
    bridge = shipped("us-fpki-bridge")
    rule = bridge.roles.ap_sign
    assert rule is not None
    made = accepting(bridge, replace(rule, leaf=ANYBODY), "fcpca-g2", direct=False)
    stores = replace(made.stores, intermediates=tuple(map(reference, federal)))
    return replace(made, engine=replace(made.engine, max_path=20), stores=stores)


def test_without_the_federal_bridge_80_of_123_authorities_are_lost(
    shipped: Shipped, federal: list[ListedCertificate]
) -> None:
    """Asked in the month in which all 146 certificates are in force."""
    names = {each.comparable_subject for each in federal}
    assert (len(federal), len(names)) == (146, 123)
    at = datetime(2024, 10, 15, tzinfo=UTC)
    (bridge,) = (each for each in federal if each.subject_text.startswith("CN=Federal Bridge CA G4,"))
    whole = bridged(shipped, federal)
    denied = replace(whole, stores=replace(whole.stores, deny=DenyList(cert_sha256=(bridge.sha256,))))
    found = compared(whole, denied, [Subject(each) for each in federal], at=at)
    (matrix,) = found.matrices
    # the 123rd is the root itself, which no path leads to: it is the anchor
    assert matrix.names == (122, 42)
    assert (matrix.lost, matrix.won) == (80, 0)
    assert {each.reason for each in matrix.groups} == {"DENIED"}

    # taken out instead of denied, the bridge itself still has its certificate from the root
    without = bridged(shipped, [each for each in federal if each != bridge])
    (matrix,) = compared(whole, without, [Subject(each) for each in federal], at=at).matrices
    assert (matrix.lost, matrix.names) == (79, (122, 43))
    assert {each.reason for each in matrix.groups} == {"NO_PATH"}
