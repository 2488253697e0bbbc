# SPDX-License-Identifier: Apache-2.0
"""The engine: whether a certificate is accepted in a role, by a configuration, on evidence. Pure.

A decision is the leaf's own rules and the expression over sources together. Everything that fails is told, what surely
fails before what can't be told. Made once for a configuration, it doesn't change, and any number of threads may ask.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from trust_lists.certificates.building import by_name
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.signed import Signatures
from trust_lists.evaluation.decisions.candidates import Certificates
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.expressions import Answer, Question
from trust_lists.evaluation.decisions.model import Case, Check, Decision, Outcome, decided
from trust_lists.evaluation.decisions.rules import ready_rules
from trust_lists.evaluation.decisions.tracing import trace_of
from trust_lists.evaluation.trust_configuration.canonical import content_address
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

_NO_EVIDENCE = Evidence()


class DecisionEngine:
    """Decides by one configuration."""

    def __init__(self, configuration: TrustConfiguration) -> None:
        self.configuration = configuration
        self.address = content_address(configuration)
        """The SHA-256 of the configuration's canonical form."""
        self._rules = ready_rules(configuration)
        stores = configuration.stores
        known = (*stores.intermediates, *(anchor.cert for anchor in stores.anchors))
        certificates = [each.certificate for each in known if each.certificate is not None]
        self._between = by_name(certificates, lambda each: each.comparable_subject)

    def decide(
        self,
        case: Case,
        evidence: Evidence = _NO_EVIDENCE,
        *,
        trace: bool = False,
        signatures: Signatures | None = None,
    ) -> Decision:
        """The decision. Raises nothing, whatever the bytes are.

        `signatures` verifies those of paths, and bounds them; by default each decision has its own.
        """
        rule = self._rules.get(case.role)
        if rule is None:
            told = f"there is no rule for {case.role.value}, so nobody is accepted"
            place = f"roles.{case.role.value}"
            return self._decision(
                case, evidence, (), Answer(Outcome.REJECT, place, "", (Check("NO_RULE", place, told),))
            )
        question = Question(case, evidence, self._certificates(case, evidence), signatures or Signatures())
        answer = rule.accept.answer(question)
        leaf = tuple(chain.from_iterable(check.run(case) for check in rule.leaf))
        decision = self._decision(case, evidence, leaf, answer)
        return replace(decision, trace=trace_of(rule, question, answer, decision.outcome)) if trace else decision

    def _certificates(self, case: Case, evidence: Evidence) -> Certificates:
        own = self._between
        if not case.intermediates and not evidence.intermediates:
            return own
        given = by_name(case.intermediates, lambda each: each.comparable_subject)

        def certificates(name: ComparableName) -> Iterable[ListedCertificate]:
            return dict.fromkeys((*own(name), *given(name), *evidence.between(name)))

        return certificates

    def _decision(self, case: Case, evidence: Evidence, leaf: tuple[Check, ...], answer: Answer) -> Decision:
        outcome = _both(decided(leaf), answer.outcome)
        checks = dict.fromkeys((*leaf, *answer.checks))
        accepted = answer.accepted_by if outcome is Outcome.ACCEPT else ()
        path = next((each.path for each in accepted if each.path is not None), None)
        return Decision(
            outcome=outcome,
            role=case.role,
            subject=case.certificate.subject_text,
            sha256=case.certificate.sha256,
            at=case.at,
            configuration=self.address,
            evidence=evidence.digest,
            checks=tuple(sorted(checks, key=lambda check: check.undecided is (outcome is Outcome.REJECT))),
            grounds=tuple(dict.fromkeys(chain.from_iterable(each.origins for each in accepted))),
            path=tuple(each.sha256 for each in path.certificates) if path else (),
            warnings=answer.warnings,
        )


def _both(one: Outcome, other: Outcome) -> Outcome:
    """What two demands come to that both count."""
    if Outcome.REJECT in {one, other}:
        return Outcome.REJECT
    return Outcome.INDETERMINATE if Outcome.INDETERMINATE in {one, other} else Outcome.ACCEPT
