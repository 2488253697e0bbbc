# SPDX-License-Identifier: Apache-2.0
"""Looking ahead: dates count as of then, revocation and lists as they are known now."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import Phase, given, settings

from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.decision_worlds import worlds
from tests.simulators.revocation_evidence import Said, crl, entry, responder_of, response
from tests.simulators.trust_models import anchor, configuration, path_to, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.decisions import Case, Decision, Evidence, Outcome
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.instants import TICK
from trust_lists.evaluation.decisions.outlook import Outlook
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration
from trust_lists.instants import write_instant

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = NOW + 60 * DAY
ROOT = Authority("root")


def asking(rule_of_leaf: str = "crl_or_ocsp_required", since: str | None = None, **demands: Any) -> DecisionEngine:
    """An engine that wants to know about revocation; the anchor may be trusted from later on only."""
    rules = {"ap-sign": rule(path_to("root"), revocation={"leaf": rule_of_leaf, **demands})}
    stores = {"anchors": [anchor("root", ROOT.certificate, trusted={"from": since})]}
    return DecisionEngine(configuration(rules, stores, [ROOT.certificate]))


def ahead(engine: DecisionEngine, evidence: Evidence, certificate: ListedCertificate, days: float) -> Decision:
    at = NOW + timedelta(days=days)
    return Outlook(engine, evidence, NOW).decide(Case(Role.AP_SIGN, certificate, at))


def test_a_crl_that_is_stale_by_then_still_counts() -> None:
    leaf = ROOT.issue(end=NOW + 40 * DAY)
    evidence = Evidence(RevocationEvidence([crl(ROOT)]))
    engine = asking(freshness="P1D")
    assert not engine.decide(Case(Role.AP_SIGN, leaf, NOW + 30 * DAY), evidence).accepted
    decision = ahead(engine, evidence, leaf, 30)
    assert decision.outcome is Outcome.ACCEPT
    assert (decision.at, decision.configuration) == (NOW + 30 * DAY, engine.address)
    (check,) = ahead(engine, evidence, leaf, 41).checks
    assert check.id == "EXPIRED"


def test_an_ocsp_responder_that_ends_before_then_isnt_missed() -> None:
    leaf = ROOT.issue()
    responder = responder_of(ROOT, end=NOW + 5 * DAY)
    evidence = Evidence(RevocationEvidence((), [response(ROOT, Said(leaf), responder=responder)]))
    assert ahead(asking(), evidence, leaf, 50).accepted


@pytest.mark.parametrize("reason", [None, x509.ReasonFlags.certificate_hold])
def test_who_is_revoked_or_on_hold_stays_so(reason: x509.ReasonFlags | None) -> None:
    leaf = ROOT.issue()
    evidence = Evidence(RevocationEvidence([crl(ROOT, entry(leaf, NOW - DAY, reason))]))
    for days in (0, 1, 59):
        assert ahead(asking(), evidence, leaf, days).outcome is Outcome.REJECT


def test_what_isnt_known_now_isnt_known_later() -> None:
    leaf = ROOT.issue()
    for evidence in (Evidence(), Evidence(RevocationEvidence([crl(ROOT, next_update=NOW - HOUR / 2)]))):
        assert {ahead(asking(), evidence, leaf, days).outcome for days in (0, 1, 59)} == {Outcome.INDETERMINATE}


@pytest.mark.parametrize(("revoked", "accepted"), [(False, True), (True, False)])
def test_an_anchor_that_is_trusted_later_on_counts_from_then(revoked: bool, accepted: bool) -> None:
    leaf = ROOT.issue()
    entries = [entry(leaf)] if revoked else []
    evidence = Evidence(RevocationEvidence([crl(ROOT, *entries)]))
    engine = asking(since=write_instant(NOW + 20 * DAY))
    assert not ahead(engine, evidence, leaf, 19).accepted
    assert ahead(engine, evidence, leaf, 21).accepted is accepted


@given(worlds())
@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_what_lies_ahead_changes_at_its_instants_only(world: tuple[TrustConfiguration, Case, Evidence]) -> None:
    made, case, evidence = world
    engine = DecisionEngine(made)
    outlook = Outlook(engine, evidence, NOW)

    def answer(days: timedelta) -> tuple[object, ...]:
        decision = outlook.decide(Case(case.role, case.certificate, NOW + days))
        return decision.outcome, decision.decisive and decision.decisive.id

    assert outlook.decide(case) == engine.decide(case, evidence)
    found = outlook.instants(case, END)
    assert found[0] == NOW
    later = NOW + 20 * DAY
    assert outlook.instants(case, END, later) == tuple(at for at in found if at > later)
    known = {at: answer(at - NOW) for at in found}
    beside = [at + step for at in found for step in (-TICK, TICK) if NOW <= at + step <= END]
    for at in (*(NOW + day * DAY for day in range(61)), *beside):
        assert answer(at - NOW) == known[max(each for each in found if each <= at)], at
