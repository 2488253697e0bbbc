# SPDX-License-Identifier: Apache-2.0
"""Whole decisions by the shipped models of SAML metadata and OpenID Federation: what else counts beside the key."""

from dataclasses import replace

import pytest

from tests.simulators.certificate_chains import Authority
from tests.simulators.federation_world import CASE, CERTIFICATE, FEDERATION, KEY, SOURCE, STATEMENTS
from tests.simulators.federations import AT, DAY
from tests.simulators.jades_keys import new_key
from tests.simulators.saml_metadata import NODE, by_certificate, entities, entity, key, signed
from trust_lists.certificates.listed import listed
from trust_lists.evaluation.decisions import Evidence, Outcome
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import MetadataAtHand, StatementsAtHand
from trust_lists.evaluation.trust_configuration import Role, read_configuration
from trust_lists.evaluation.trust_configuration.model import (
    AllOf,
    CertificateReference,
    Context,
    DenyList,
    InFederation,
    InMetadata,
    Not,
    Source,
    TrustConfiguration,
)
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

OPERATOR = new_key("P-256", "metadata operator")
METADATA = signed(entities(entity(NODE, key(by_certificate(CERTIFICATE)))), OPERATOR)
NODE_CASE = replace(CASE, context={Context.PARTY: NODE})


def federation_model() -> TrustConfiguration:
    """The shipped model, with the anchor of this federation."""
    model = read_configuration(shipped_model("openid-federation")).configuration
    return replace(model, stores=replace(model.stores, openid_federation=(replace(SOURCE, id="federation"),)))


def metadata_model() -> TrustConfiguration:
    """The shipped model, with the signer of these metadata."""
    model = read_configuration(shipped_model("saml-metadata")).configuration
    (source,) = model.stores.saml_metadata
    signer = listed(OPERATOR.certificate)
    source = replace(source, signers=(CertificateReference(signer.sha256, certificate=signer),))
    return replace(model, stores=replace(model.stores, saml_metadata=(source,)))


MODELS = {
    "openid-federation": (federation_model(), CASE),
    "saml-metadata": (metadata_model(), NODE_CASE),
}
EVIDENCE = Evidence(
    saml_metadata={"nodes": MetadataAtHand(METADATA, AT)},
    openid_federation={"federation": StatementsAtHand(STATEMENTS, AT)},
)


def accepting(model: TrustConfiguration, source: Source) -> TrustConfiguration:
    """The model with another rule of who is accepted."""
    rule = model.rule(Role.AP_SIGN)
    assert rule is not None
    return replace(model, roles=replace(model.roles, ap_sign=replace(rule, accept=source)))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("role", [Role.AP_SIGN, Role.AP_ENCRYPT])
def test_the_partys_key_is_accepted(name: str, role: Role) -> None:
    model, case = MODELS[name]
    decision = DecisionEngine(model).decide(replace(case, role=role), EVIDENCE, trace=True)
    assert decision.outcome is Outcome.ACCEPT
    assert len(decision.grounds) == 1
    assert decision.trace is not None
    assert any(decision.grounds[0] in line for line in decision.trace.lines())


@pytest.mark.parametrize("name", MODELS)
def test_dates_of_the_certificate_count_whoever_vouches(name: str) -> None:
    model, case = MODELS[name]
    old = Authority("anybody").issue("access point", key=KEY, begin=AT - 9 * DAY, end=AT - DAY)
    decision = DecisionEngine(model).decide(replace(case, certificate=old), EVIDENCE)
    assert [check.id for check in decision.checks] == ["EXPIRED"]
    assert decision.outcome is Outcome.REJECT


@pytest.mark.parametrize("name", MODELS)
def test_what_is_denied_is_denied_whoever_vouches(name: str) -> None:
    model, case = MODELS[name]
    denied = replace(model, stores=replace(model.stores, deny=DenyList(cert_sha256=(CERTIFICATE.sha256,))))
    assert DecisionEngine(denied).decide(case, EVIDENCE).outcome is Outcome.REJECT


@pytest.mark.parametrize("name", MODELS)
def test_without_evidence_or_party_nobody_can_tell(name: str) -> None:
    model, case = MODELS[name]
    engine = DecisionEngine(model)
    assert engine.decide(case).outcome is Outcome.INDETERMINATE
    assert engine.decide(replace(case, context={}), EVIDENCE).outcome is Outcome.INDETERMINATE


@pytest.mark.parametrize("name", MODELS)
def test_a_strangers_key_is_rejected(name: str) -> None:
    model, case = MODELS[name]
    stranger = Authority("anybody").issue("stranger")
    decision = DecisionEngine(model).decide(replace(case, certificate=stranger), EVIDENCE)
    assert decision.outcome is Outcome.REJECT
    assert [check.id for check in decision.checks] == ["KEY_UNKNOWN"]


def test_whoever_spoils_the_evidence_does_not_get_past_a_not() -> None:
    """`not` accepts whom its part surely doesn't: what isn't authentic must not look like a sure no."""
    federation = accepting(federation_model(), Not(InFederation(("federation",))))
    spoilt = FEDERATION.statements(by={"middle about leaf": "stranger"})
    for statements in (spoilt, spoilt[:1], ()):
        evidence = Evidence(openid_federation={"federation": StatementsAtHand(statements, AT)})
        assert DecisionEngine(federation).decide(CASE, evidence).outcome is Outcome.INDETERMINATE
    metadata = accepting(metadata_model(), Not(InMetadata(("nodes",))))
    for document in (
        METADATA.replace(NODE.encode(), b"https://x"),
        signed(entities(), new_key("P-256", "attacker")),
        b"",
    ):
        evidence = Evidence(saml_metadata={"nodes": MetadataAtHand(document, AT)})
        assert DecisionEngine(metadata).decide(NODE_CASE, evidence).outcome is Outcome.INDETERMINATE


def test_two_sources_may_be_demanded_together() -> None:
    model = metadata_model()
    stores = replace(model.stores, openid_federation=federation_model().stores.openid_federation)
    both = accepting(replace(model, stores=stores), AllOf((InMetadata(("nodes",)), InFederation(("federation",)))))
    assert DecisionEngine(both).decide(NODE_CASE, EVIDENCE).outcome is Outcome.INDETERMINATE  # no statements of a node
    party = CASE.context[Context.PARTY]
    document = signed(entities(entity(party, key(by_certificate(CERTIFICATE)))), OPERATOR)
    evidence = replace(EVIDENCE, saml_metadata={"nodes": MetadataAtHand(document, AT)})
    decision = DecisionEngine(both).decide(CASE, evidence)
    assert decision.outcome is Outcome.ACCEPT
    assert decision.grounds == (f"stores.saml_metadata.nodes/{party}", f"stores.openid_federation.federation/{party}")
