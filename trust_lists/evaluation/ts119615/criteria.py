# SPDX-License-Identifier: Apache-2.0
"""Whether the criteria of a Qualifications extension hold for a certificate (TS 119 612 §5.5.9.2.2).

Three answers exist: yes, no, and "nobody can say" (None), for criteria that we don't know and for parts of the
certificate that can't be read. The third one travels up through nested lists unless the others decide, and is never
taken for a yes or a no. A key usage that the certificate doesn't have counts as not asserted, so a certificate without
the extension fulfils the bits that must be false. A criterion that names nothing can't be decided.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from trust_lists.certificates.usage import USAGES
from trust_lists.documents.model import (
    Assertion,
    CriteriaList,
    Criterion,
    ExtendedKeyUsageCriterion,
    KeyUsageCriterion,
    PolicyCriterion,
    QcStatement,
    QcStatementCriterion,
    QualificationElement,
    Qualifications,
    ServiceState,
    SubjectAttributeCriterion,
)
from trust_lists.documents.vocabulary import INFORMATION
from trust_lists.evaluation.ts119615.codes import KNOWN_QUALIFIERS
from trust_lists.evaluation.ts119615.statements import QcStatements, Statements

_USAGES = {name.lower(): name for name in USAGES}


def fulfilled(criterion: Criterion, certificate: Statements) -> bool | None:
    """Whether the certificate fulfils the criterion; None where nobody can say."""
    match criterion:
        case CriteriaList():
            return _asserted(criterion, certificate)
        case KeyUsageCriterion(bits) if bits:
            return _all(_has_bit(certificate.key_usage, name, expected) for name, expected in bits)
        case PolicyCriterion(oids) if oids:
            return _has_all(certificate.policies, oids)
        case ExtendedKeyUsageCriterion(oids) if oids:
            return _has_all(certificate.extended_key_usage, oids)
        case SubjectAttributeCriterion(oids) if oids:
            return _has_all(certificate.subject_types, oids)
        case QcStatementCriterion(statements) if statements:
            return _all(_states(certificate.qc_statements, each) for each in statements)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Applied:
    """The elements of Qualifications that apply to a certificate (`CHECK_k_SET-OF_QE` of TS 119 615).

    `undecided` are those of which nobody can say whether they do; each comes with the criticality of its extension.
    """

    elements: tuple[tuple[QualificationElement, bool], ...] = ()
    undecided: tuple[tuple[QualificationElement, bool], ...] = ()

    @property
    def qualifiers(self) -> frozenset[str]:
        """The URIs of all qualifiers that apply."""
        return _qualifiers(element for element, _critical in self.elements)

    @property
    def undecided_qualifiers(self) -> frozenset[str]:
        """The URIs of qualifiers that may apply."""
        return _qualifiers(element for element, _critical in self.undecided)

    def unknown(self, *, critical: bool) -> frozenset[str]:
        """Qualifiers that apply and mean nothing to us, from critical extensions or from the others."""
        return _qualifiers(element for element, each in self.elements if each is critical) - KNOWN_QUALIFIERS


NOTHING = Applied()


def applied(states: Iterable[ServiceState], certificate: Statements) -> Applied:
    """The elements in the Qualifications of these states that apply to the certificate."""
    holding, undecided = [], []
    for extension in chain.from_iterable(state.extensions for state in states):
        if not isinstance(extension.content, Qualifications):
            continue
        for element in extension.content.elements:
            answer = fulfilled(element.criteria, certificate)
            if answer is None:
                undecided.append((element, extension.critical))
            elif answer:
                holding.append((element, extension.critical))
    return Applied(tuple(holding), tuple(undecided))


def told_qualifiers(uris: frozenset[str]) -> str:
    """Qualifiers for people."""
    return ", ".join(sorted(uri.removeprefix(INFORMATION) for uri in uris)) or "none"


def _asserted(criteria: CriteriaList, certificate: Statements) -> bool | None:
    answers = [fulfilled(each, certificate) for each in criteria.criteria]
    if criteria.assertion is Assertion.ALL:
        return _all(answers)
    some = _any(answers)
    if criteria.assertion is Assertion.AT_LEAST_ONE or some is None:
        return some
    return not some


def _all(answers: Iterable[bool | None]) -> bool | None:
    given = set(answers)
    return False if False in given else None if None in given else True


def _any(answers: Iterable[bool | None]) -> bool | None:
    given = set(answers)
    return True if True in given else None if None in given else False


def _has_bit(asserted: frozenset[str] | None, name: str, expected: bool) -> bool | None:
    known = _USAGES.get(name.lower())
    if known is None or asserted is None:
        return None
    return (known in asserted) is expected


def _has_all(present: frozenset[str] | None, oids: Iterable[str]) -> bool | None:
    return None if present is None else frozenset(oids) <= present


def _states(present: QcStatements | None, wanted: QcStatement) -> bool | None:
    if present is None:
        return None
    return (
        wanted.oid in present.oids
        and (not wanted.type or wanted.type in present.types)
        and (not wanted.legislation or wanted.legislation.upper() in present.legislations)
    )


def _qualifiers(elements: Iterable[QualificationElement]) -> frozenset[str]:
    return frozenset(chain.from_iterable(element.qualifiers for element in elements))
