# SPDX-License-Identifier: Apache-2.0
"""The trace of a decision: its steps under the numbers of their clauses, and the same answer as without it."""

from collections.abc import Iterator

import pytest

from tests.simulators.certificate_chains import NOW, YEAR, Authority
from tests.simulators.revocation_evidence import crl, entry
from tests.simulators.trust_models import anchor, engine_of, path_to, rule
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.decisions import Case, Decision, Evidence, TraceStep
from trust_lists.evaluation.trust_configuration.model import Role

ROOT = Authority("root")
MIDDLE = Authority("middle", ROOT)
LEAF = MIDDLE.issue("leaf")
LEAF_RULE = {"max_lifetime": "P1000D", "algorithms": {"keys": ["p256"], "hashes": ["sha256"]}}
REVOCATION = {"leaf": "crl_required"}


def decided(at_offset: int = 0, *, revoked: bool = False, trace: bool = True) -> Decision:
    engine = engine_of(
        {"ap-sign": rule({"any_of": [path_to("root")]}, LEAF_RULE, REVOCATION)},
        {"anchors": [anchor("root", ROOT.certificate)]},
        [ROOT.certificate],
    )
    lists = crl(MIDDLE, *([entry(LEAF)] if revoked else []))
    evidence = Evidence(RevocationEvidence([lists]), (MIDDLE.certificate,))
    return engine.decide(Case(Role.AP_SIGN, LEAF, NOW + at_offset * YEAR), evidence, trace=trace)


def steps(decision: Decision) -> Iterator[TraceStep]:
    assert decision.trace is not None
    waiting = [decision.trace]
    while waiting:
        step = waiting.pop()
        yield step
        waiting += step.steps


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("at_offset", [0, 2])
def test_a_trace_changes_nothing_of_the_answer(at_offset: int, revoked: bool) -> None:
    plain, traced = (decided(at_offset, revoked=revoked, trace=trace) for trace in (False, True))
    assert plain.trace is None
    assert {**traced.to_json(), "trace": None} == {**plain.to_json(), "trace": None}


def test_every_step_of_the_path_check_is_there_for_every_certificate() -> None:
    found = [(step.step, step.subject) for step in steps(decided()) if step.ref == "RFC 5280"]
    for certificate in (MIDDLE.certificate, LEAF):
        for clause in ("6.1.3(a)(1)", "6.1.3(a)(2)", "6.1.3(a)(3)", "6.1.3(a)(4)", "6.1.3(b)", "6.1.3(d)"):
            assert (clause, certificate.sha256) in found
    assert ("6.1.4(k)", MIDDLE.certificate.sha256) in found
    assert ("6.1.5(g)", LEAF.sha256) in found


def test_rules_of_the_configuration_stand_there_by_their_key_path() -> None:
    found = {step.step: step.outcome for step in steps(decided()) if step.ref == "configuration"}
    assert found["roles.ap-sign"] == "PASSED"
    assert found["roles.ap-sign.leaf.max_lifetime"] == "PASSED"
    assert found["roles.ap-sign.leaf.algorithms.keys"] == "PASSED"
    assert found["engine.max_path"] == "PASSED"


def test_what_fails_is_failed_from_its_step_up_to_the_whole() -> None:
    outcomes = {step.step: step.outcome for step in steps(decided(2)) if step.subject in {LEAF.sha256, ""}}
    assert outcomes["6.1.3(a)(2)"] == outcomes["roles.ap-sign"] == outcomes["stores.anchors.root"] == "FAILED"
    assert outcomes["6.1.3(a)(1)"] == "PASSED"


def test_the_evidence_of_a_status_is_cited() -> None:
    revoked = next(step for step in steps(decided(revoked=True)) if step.outcome == "FAILED" and "(a)(3)" in step.step)
    assert revoked.inputs["status"] == "revoked"
    assert "crl " in str(revoked.inputs["evidence"])


def test_text_and_json_have_the_same_steps() -> None:
    decision = decided()
    assert decision.trace is not None
    assert len(decision.trace.lines()) == sum(1 for _ in steps(decision))
    assert decision.to_json()["trace"] == decision.trace.to_json()
