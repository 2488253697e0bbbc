# SPDX-License-Identifier: Apache-2.0
"""The account of a decision: every step with its clause or key path, what it looked at, and what came of it.

Written after the decision, from its answer: who doesn't ask for it pays nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from trust_lists.certificates.revocation.model import RevocationStatus, Status
from trust_lists.certificates.rfc5280 import check_path
from trust_lists.evaluation.decisions.candidates import Candidate, Demands
from trust_lists.evaluation.decisions.expressions import Answer, Question
from trust_lists.evaluation.decisions.model import Check, Outcome, TraceStep, decided
from trust_lists.evaluation.decisions.rules import ReadyRule

_TOLD = {Outcome.ACCEPT: "PASSED", Outcome.REJECT: "FAILED", Outcome.INDETERMINATE: "UNDECIDED"}
_CONFIGURATION, _RFC5280 = "configuration", "RFC 5280"
_CLAUSE = re.compile(r"(BR|RFC \d+|(?:TS|EN) \d+ \d+(?:-\d+)?) (.+)")


def trace_of(rule: ReadyRule, question: Question, answer: Answer, outcome: Outcome) -> TraceStep:
    """The tree for one decision: the rules of the leaf, then the expression down to each path."""
    sha256 = question.case.certificate.sha256
    leaf = [
        TraceStep(
            check.place,
            _CONFIGURATION,
            _outcome(found := check.run(question.case)),
            sha256,
            check.inputs(question.case),
            _why(found),
        )
        for check in rule.leaf
    ]
    steps = (*leaf, _answered(rule.demands, question, answer))
    inputs = {"at": question.case.at.isoformat(), "evidence": question.evidence.digest}
    return TraceStep(rule.place, _CONFIGURATION, _TOLD[outcome], sha256, inputs, (), steps)


def _answered(demands: Demands, question: Question, answer: Answer) -> TraceStep:
    candidates = (_candidate(demands, question, each) for each in answer.candidates)
    parts = (_answered(demands, question, each) for each in answer.parts)
    told = () if answer.candidates or answer.parts else _why(answer.checks)
    sha256 = question.case.certificate.sha256
    return TraceStep(answer.place, _CONFIGURATION, _TOLD[answer.outcome], sha256, {}, told, (*candidates, *parts))


def _candidate(demands: Demands, question: Question, candidate: Candidate) -> TraceStep:
    steps = []
    path, clauses = candidate.path, set[str]()
    certificates: Sequence[str] = (question.case.certificate.sha256,)
    if path is not None:
        verdict = check_path(
            path.anchor,
            path.certificates,
            question.case.at,
            demands.inputs,
            signatures=question.signatures,
            trace=True,
        )
        steps += [
            TraceStep(
                each.clause,
                _RFC5280,
                each.outcome,
                each.subject,
                each.inputs,
                tuple(reason.message for reason in each.reasons),
            )
            for each in verdict.steps
        ]
        certificates = [each.sha256 for each in path.certificates]
        clauses |= {f"RFC 5280 {each.clause}" for each in verdict.steps}
    revocations = list(_revocations(candidate, certificates))
    steps += revocations
    clauses |= {reason.clause for status in candidate.statuses for reason in status.reasons}
    rest = [check for check in candidate.checks if check.clause not in clauses]
    steps += _rules(demands, rest, with_path=path is not None)
    origin = ", ".join(candidate.origins) or "no ground"
    return TraceStep(origin, "ground", _outcome(candidate.checks), certificates[-1], {}, (), tuple(steps))


def _revocations(candidate: Candidate, certificates: Sequence[str]) -> Iterator[TraceStep]:
    for sha256, status in zip(certificates, candidate.statuses, strict=False):
        yield TraceStep(
            "6.1.3(a)(3)",
            _RFC5280,
            _revocation_outcome(status),
            sha256,
            {
                "status": status.status.value,
                "evidence": [
                    f"{each.kind.value} {each.sha256} of {each.this_update.isoformat()}" for each in status.used
                ],
            },
            tuple(f"{reason.message} [{reason.id}, {reason.clause}]" for reason in status.reasons),
        )


def _revocation_outcome(status: RevocationStatus) -> str:
    match status.status:
        case Status.GOOD:
            return "PASSED"
        case Status.REVOKED:
            return "FAILED"
        case Status.UNKNOWN:
            return "UNDECIDED"
    return "NOT CHECKED"


def _rules(demands: Demands, checks: Sequence[Check], *, with_path: bool) -> Iterator[TraceStep]:
    """The configuration's own rules about a path, whether or not something is wrong, and all else that is."""
    asked = ["engine.max_path", "stores.deny"] if with_path else []
    if demands.algorithms is not None:
        asked += [f"{demands.place}.leaf.algorithms.keys"]
        asked += [f"{demands.place}.leaf.algorithms.hashes"] if with_path else []
    for place in dict.fromkeys((*asked, *(check.clause for check in checks))):
        found = [check for check in checks if check.clause == place or check.clause.startswith(f"{place}.")]
        if found or place in asked:
            subject = next((check.subject for check in found), "")
            clause = _CLAUSE.fullmatch(place)
            specification, step = clause.groups() if clause else (_CONFIGURATION, place)
            yield TraceStep(step, specification, _outcome(found), subject, {}, _why(found))


def _outcome(checks: Iterable[Check]) -> str:
    return _TOLD[decided(tuple(checks))]


def _why(checks: Iterable[Check]) -> tuple[str, ...]:
    return tuple(f"{check.message} [{check.id}]" for check in checks)
