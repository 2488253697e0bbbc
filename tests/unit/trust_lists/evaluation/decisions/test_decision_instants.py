# SPDX-License-Identifier: Apache-2.0
"""Between two instants a decision stays as it is: held against decisions at every day, and a tick beside every date."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from cryptography import x509
from hypothesis import given, settings

from tests.simulators.certificate_chains import NOW, Authority, key_usage
from tests.simulators.decision_worlds import worlds
from tests.simulators.revocation_evidence import Said, crl, entry, response
from tests.simulators.trust_models import anchor, configuration, path_to, pin, rule
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import MetadataAtHand, StatementsAtHand
from trust_lists.evaluation.decisions.instants import TICK, instants
from trust_lists.evaluation.trust_configuration.model import Context, Role, TrustConfiguration
from trust_lists.instants import write_instant

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = NOW + 30 * DAY


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_a_decision_changes_at_no_other_time(world: tuple[TrustConfiguration, Case, Evidence]) -> None:
    made, case, evidence = world
    engine = DecisionEngine(made)

    def answer(at: datetime) -> tuple[object, ...]:
        decision = engine.decide(Case(case.role, case.certificate, at), evidence)
        return decision.outcome, [(check.id, check.clause, check.source) for check in decision.checks]

    found = instants(made, case, evidence, NOW, END)
    assert found[0] == NOW
    assert list(found) == sorted(set(found))
    assert found[-1] <= END
    by_instants = {at: answer(at) for at in found}
    hours = [NOW + number * HOUR for number in range(0, 30 * 24 + 1, 6)]
    beside = [at + step for at in found for step in (-TICK, TICK) if NOW <= at + step <= END]
    for at in (*hours, *beside):
        known = max(each for each in found if each <= at)
        assert answer(at) == by_instants[known], at


def test_dates_of_what_has_nothing_to_do_with_a_certificate_are_left_out() -> None:
    root, other = Authority("root"), Authority("elsewhere", end=NOW + 3 * DAY)
    leaf, stranger = root.issue(end=NOW + 2 * DAY), other.issue(end=NOW + DAY)
    made = configuration(
        {"ap-sign": rule(path_to("root", "other"), revocation={"leaf": "crl_required"})},
        {
            "anchors": [anchor("root", root.certificate), anchor("other", other.certificate)],
            "pins": [pin("stranger", stranger, "ap-sign", valid={"until": write_instant(NOW + 4 * DAY)})],
        },
        [root.certificate, other.certificate],
    )
    evidence = Evidence(RevocationEvidence([crl(other, next_update=NOW + 5 * DAY)], [response(other, Said(stranger))]))
    found = instants(made, Case(Role.AP_SIGN, leaf, NOW), evidence, NOW, NOW + 30 * DAY)
    assert found == (NOW, NOW + 2 * DAY, NOW + 2 * DAY + TICK)


def test_what_a_crl_issuer_elsewhere_says_counts() -> None:
    root = Authority("root")
    issuer = Authority("crl issuer", root, usage=key_usage("crl_sign"), end=NOW + 3 * DAY)
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://crl.example/1")], None, None, [x509.DirectoryName(issuer.name)]
    )
    leaf = root.issue(extensions=[(x509.CRLDistributionPoints([point]), False)])
    made = configuration(
        {"ap-sign": rule(path_to("root"), revocation={"leaf": "crl_required"})},
        {"anchors": [anchor("root", root.certificate)]},
        [root.certificate],
    )
    said = crl(issuer, next_update=NOW + 2 * DAY, scope={"indirect_crl": True})
    evidence = Evidence(RevocationEvidence([said]), (issuer.certificate,))
    found = instants(made, Case(Role.AP_SIGN, leaf, NOW), evidence, NOW, NOW + 30 * DAY)
    assert {NOW + 2 * DAY, NOW + 3 * DAY} <= set(found)


def test_saml_metadata_end_by_their_dates_and_by_their_age() -> None:
    signer = Authority("signer").certificate
    source = {
        "id": "nodes",
        "location": {"url": "https://nodes.example/metadata.xml"},
        "signers": [{"sha256": signer.sha256}],
        "entities": "any",
        "uses": ["encryption"],
        "max_age": "P3D",
        "on_expired": "reject",
    }
    made = configuration({"ap-encrypt": rule({"saml_metadata": ["nodes"]})}, {"saml_metadata": [source]}, [signer])
    document = f'<E validUntil="{(NOW + DAY).isoformat()}" cacheDuration="P2DT1H"/>'.encode()
    evidence = Evidence(saml_metadata={"nodes": MetadataAtHand(document, NOW)})
    leaf = Authority("leaf").certificate
    case = Case(Role.AP_ENCRYPT, leaf, NOW)
    assert {NOW + DAY, NOW + 2 * DAY + HOUR, NOW + 3 * DAY} <= set(instants(made, case, evidence, NOW, END))
    # what a list of metadata leads to stands under its location
    pointed = MetadataAtHand(b'<E cacheDuration=" P1MT1H\n"/>', NOW + DAY)
    evidence = Evidence(saml_metadata={"nodes": MetadataAtHand(document, NOW), "https://node.example": pointed})
    found = instants(made, case, evidence, NOW, END)
    assert {NOW + DAY, NOW + 3 * DAY, NOW + 4 * DAY, NOW + 29 * DAY + HOUR} <= set(found)


def test_statements_count_for_the_party_that_they_lead_up_from() -> None:
    def statement(issuer: str, subject: str, ends: datetime, *hints: str) -> str:
        claims = {"iss": issuer, "sub": subject, "exp": int(ends.timestamp()), "authority_hints": list(hints)}
        text = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return f"e30.{text}.AAAA"

    said = (
        statement("https://a.example", "https://a.example", NOW + DAY, "https://top.example"),
        statement("https://top.example", "https://a.example", NOW + 2 * DAY),
        statement("https://top.example", "https://top.example", NOW + 3 * DAY),
        statement("https://b.example", "https://b.example", NOW + 4 * DAY, "https://top.example"),
        "no statement at all",
    )
    made = configuration(
        {"ap-sign": rule({"pin": "any"})}, {"pins": [pin("leaf", Authority("x").certificate, "ap-sign")]}
    )
    evidence = Evidence(openid_federation={"top": StatementsAtHand(said, NOW)})
    leaf = Authority("leaf").certificate

    def found(context: dict[Context, str]) -> set[datetime]:
        return set(instants(made, Case(Role.AP_SIGN, leaf, NOW, context=context), evidence, NOW, END))

    of_party = found({Context.PARTY: "https://a.example"})
    assert of_party >= {NOW + number * DAY for number in (1, 2, 3)}
    assert NOW + 4 * DAY not in of_party
    assert NOW + 4 * DAY in found({})


def test_a_revocation_that_is_told_of_later_counts_from_its_date() -> None:
    root = Authority("root")
    leaf = root.issue()
    made = configuration(
        {"ap-sign": rule(path_to("root"), revocation={"leaf": "crl_or_ocsp_required", "retroactive": True})},
        {"anchors": [anchor("root", root.certificate)]},
        [root.certificate],
    )
    times = {"this_update": NOW + 10 * DAY, "next_update": NOW + 20 * DAY}
    by_crl = RevocationEvidence([crl(root, entry(leaf, NOW + 5 * DAY), **times)])
    by_response = RevocationEvidence((), [response(root, Said(leaf, "revoked", NOW + 5 * DAY, **times))])
    engine = DecisionEngine(made)
    for evidence in (Evidence(by_crl), Evidence(by_response)):
        assert NOW + 5 * DAY in instants(made, Case(Role.AP_SIGN, leaf, NOW), evidence, NOW, END)
        outcomes = [
            engine.decide(Case(Role.AP_SIGN, leaf, at), evidence).accepted
            for at in (NOW + 5 * DAY - TICK, NOW + 5 * DAY)
        ]
        assert outcomes == [True, False]
