# SPDX-License-Identifier: Apache-2.0
"""Expressions over sources, in three values (Kleene): what can't be told counts where it would change the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from trust_lists.certificates.signed import Signatures
from trust_lists.evaluation.decisions.candidates import MAX_TOLD, Candidate, Certificates, Demands
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.grounds import Grounds
from trust_lists.evaluation.decisions.leaf import LeafCheck
from trust_lists.evaluation.decisions.model import Case, Check, Outcome, decided


@dataclass(frozen=True, slots=True)
class Question:
    """One decision, as its parts need it."""

    case: Case
    evidence: Evidence
    between: Certificates
    """Certificates that paths may go over, whatever the source."""
    signatures: Signatures


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an expression."""

    outcome: Outcome
    place: str
    operator: str
    checks: tuple[Check, ...] = ()
    """What fails or can't be told; empty where it accepts."""
    candidates: tuple[Candidate, ...] = ()
    """Those of a source, the first of many; the one that counts is the last."""
    parts: tuple["Answer", ...] = ()
    warnings: tuple[str, ...] = ()
    outdated: bool = False
    """Whether it doesn't accept, and could with sources that are up to date."""

    @property
    def accepted_by(self) -> tuple[Candidate, ...]:
        """The candidates without checks that the answer rests on."""
        if self.outcome is not Outcome.ACCEPT or self.operator == "not":
            return ()
        own = tuple(each for each in self.candidates if not each.checks)
        return own + tuple(chain.from_iterable(part.accepted_by for part in self.parts))


class Expression(Protocol):
    """A part of `roles.<role>.accept`, made once for a configuration."""

    def answer(self, question: Question) -> Answer:
        """What it says of a case. Raises nothing."""


@dataclass(frozen=True, slots=True)
class SourceExpression:
    """One source."""

    operator: str
    grounds: Grounds
    demands: Demands
    issuer_must_be_anchor: str = ""

    def answer(self, question: Question) -> Answer:
        """Accepts where one way is without checks."""
        case, place = question.case, self.grounds.place
        offer = self.grounds.offer(case, question.evidence)
        told: list[Candidate] = []
        undecided = any(problem.undecided for problem in offer.problems)
        outdated = offer.outdated or any(problem.outdated for problem in offer.problems)
        for candidate in self.demands.candidates(
            offer,
            case,
            question.between,
            question.evidence.revocation,
            question.signatures,
            issuer_must_be_anchor=self.issuer_must_be_anchor,
        ):
            if not candidate.checks:
                warnings = tuple(dict.fromkeys((*offer.warnings, *candidate.warnings)))
                return Answer(Outcome.ACCEPT, place, self.operator, (), (*told, candidate), warnings=warnings)
            undecided = undecided or decided(candidate.checks) is Outcome.INDETERMINATE
            outdated = outdated or any(check.outdated for check in candidate.checks)
            if len(told) < MAX_TOLD:
                told.append(candidate)
        checks = (*chain.from_iterable(each.checks for each in _nearest_first(told)), *offer.problems)
        if not checks:
            checks = (_no_path(case, place, offer.issuers is not None),)
        outcome = Outcome.INDETERMINATE if undecided else Outcome.REJECT
        checks = tuple(dict.fromkeys(checks))
        return Answer(outcome, place, self.operator, checks, tuple(told), (), offer.warnings, outdated)


@dataclass(frozen=True, slots=True)
class SubjectExpression:
    """`subject`: the names of the certificate alone."""

    check: LeafCheck

    def answer(self, question: Question) -> Answer:
        """Accepts where the names are those."""
        checks = tuple(self.check.run(question.case))
        return Answer(decided(checks), self.check.place, "subject", checks)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`any_of` (1), `all_of` (all), `quorum`: so many parts have to accept."""

    operator: str
    place: str
    least: int
    parts: tuple[Expression, ...]

    def answer(self, question: Question) -> Answer:
        """Asks no further part once enough of them accept."""
        answers: list[Answer] = []
        accepted = 0
        for part in self.parts:
            answers.append(part.answer(question))
            accepted += answers[-1].outcome is Outcome.ACCEPT
            if accepted >= self.least:
                warnings = tuple(dict.fromkeys(chain.from_iterable(each.warnings for each in answers)))
                return Answer(Outcome.ACCEPT, self.place, self.operator, (), (), tuple(answers), warnings)
        possible = accepted + sum(each.outcome is Outcome.INDETERMINATE for each in answers)
        outcome = Outcome.INDETERMINATE if possible >= self.least else Outcome.REJECT
        checks = tuple(dict.fromkeys(chain.from_iterable(each.checks for each in _nearest_answers(answers))))
        outdated = sum(each.outcome is not Outcome.REJECT or each.outdated for each in answers) >= self.least
        return Answer(outcome, self.place, self.operator, checks, (), tuple(answers), outdated=outdated)


@dataclass(frozen=True, slots=True)
class NotExpression:
    """`not`: the part must not accept."""

    place: str
    part: Expression

    def answer(self, question: Question) -> Answer:
        """Accepts where the part surely doesn't."""
        found = self.part.answer(question)
        subject, sha256 = question.case.certificate.subject_text, question.case.certificate.sha256
        # whoever must not accept may say so by now, in what should have replaced what is at hand
        if found.outcome is Outcome.REJECT and not found.outdated:
            return Answer(Outcome.ACCEPT, self.place, "not", parts=(found,))
        if found.outcome is Outcome.ACCEPT:
            check = Check("EXCLUDED", self.place, f"{subject}: it is accepted by what must not accept it", sha256)
            return Answer(Outcome.REJECT, self.place, "not", (check,), parts=(found,))
        told = f"{subject}: whether something accepts it that must not is not known"
        check = Check("EXCLUDED", self.place, told, sha256, undecided=True)
        return Answer(Outcome.INDETERMINATE, self.place, "not", (check, *found.checks), parts=(found,))


def _nearest_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """What could still be accepted first, then what lacks least."""
    return sorted(candidates, key=lambda each: (decided(each.checks) is Outcome.REJECT, len(each.checks)))


def _nearest_answers(answers: Sequence[Answer]) -> list[Answer]:
    failing = [each for each in answers if each.outcome is not Outcome.ACCEPT]
    return sorted(failing, key=lambda each: (each.outcome is Outcome.REJECT, len(each.checks)))


def _no_path(case: Case, place: str, looked_for: bool) -> Check:
    certificate = case.certificate
    if not looked_for:
        return Check("NOT_FOUND", place, f"{certificate.subject_text}: no entry has it", certificate.sha256)
    told = f"{certificate.subject_text}: no path leads from its issuer {certificate.issuer_text} to one of the anchors"
    return Check("NO_PATH", place, told, certificate.sha256)
