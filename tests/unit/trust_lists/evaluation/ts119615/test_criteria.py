# SPDX-License-Identifier: Apache-2.0
"""Criteria hold, don't hold, or can't be decided; the third answer is never taken for one of the others."""

from itertools import product

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.qualification_world import COMPLIANCE, LEGISLATION, QCP, TYPE, certificate, name, qc_statements
from trust_lists.documents.model import (
    Assertion,
    CriteriaList,
    Criterion,
    ExtendedKeyUsageCriterion,
    Extension,
    KeyUsageCriterion,
    PolicyCriterion,
    QcStatement,
    QcStatementCriterion,
    QualificationElement,
    Qualifications,
    SubjectAttributeCriterion,
    UnknownCriterion,
)
from trust_lists.evaluation.ts119615.codes import KNOWN_QUALIFIERS, NOT_QUALIFIED
from trust_lists.evaluation.ts119615.criteria import applied, fulfilled
from trust_lists.evaluation.ts119615.statements import Statements, statements

YES, NO, OPEN = PolicyCriterion((QCP,)), PolicyCriterion(("9.9.9",)), UnknownCriterion("{urn:x}Other")
UNREADABLE = Statements(None, None, None, None, None, None)


@pytest.fixture(scope="module")
def own() -> Statements:
    usage = x509.ExtendedKeyUsage([ObjectIdentifier("1.2.3"), ObjectIdentifier("1.2.4")])
    stated = qc_statements(COMPLIANCE, types=[2], legislations=["CH"])
    return statements(
        certificate(
            compliance=False,
            types=(),
            policies=[QCP, "1.2.9"],
            subject=name("Seal", "Acme", "BE"),
            extensions=[(usage, False), (stated, False)],
        )
    )


CASES: list[tuple[Criterion, bool | None]] = [
    (YES, True),
    (NO, False),
    (OPEN, None),
    (PolicyCriterion((QCP, "1.2.9")), True),
    (PolicyCriterion((QCP, "1.2.8")), False),
    (PolicyCriterion(()), None),
    (KeyUsageCriterion((("nonRepudiation", True),)), True),
    (KeyUsageCriterion((("nonRepudiation", True), ("digitalSignature", False))), True),
    (KeyUsageCriterion((("nonRepudiation", True), ("digitalSignature", True))), False),
    (KeyUsageCriterion((("crlSign", False), ("cRLSign", False))), True),
    (KeyUsageCriterion((("flying", True),)), None),
    (KeyUsageCriterion((("flying", True), ("nonRepudiation", False))), False),
    (KeyUsageCriterion(()), None),
    (ExtendedKeyUsageCriterion(("1.2.3",)), True),
    (ExtendedKeyUsageCriterion(("1.2.3", "1.2.5")), False),
    (SubjectAttributeCriterion(("2.5.4.10",)), True),
    (SubjectAttributeCriterion(("2.5.4.10", "2.5.4.42")), False),
    (QcStatementCriterion((QcStatement(COMPLIANCE),)), True),
    (QcStatementCriterion((QcStatement(COMPLIANCE), QcStatement("0.4.0.1862.1.4"))), False),
    (QcStatementCriterion((QcStatement(TYPE, type=f"{TYPE}.2"),)), True),
    (QcStatementCriterion((QcStatement(TYPE, type=f"{TYPE}.1"),)), False),
    (QcStatementCriterion((QcStatement(LEGISLATION, legislation="ch"),)), True),
    (QcStatementCriterion((QcStatement(LEGISLATION, legislation="UA"),)), False),
    (QcStatementCriterion(()), None),
]


@pytest.mark.parametrize(("criterion", "expected"), CASES)
def test_criteria(own: Statements, criterion: Criterion, expected: bool | None) -> None:
    assert fulfilled(criterion, own) is expected


@pytest.mark.parametrize("criterion", [criterion for criterion, _ in CASES])
def test_nothing_is_decided_about_what_cannot_be_read(criterion: Criterion) -> None:
    assert fulfilled(criterion, UNREADABLE) is None


def test_a_certificate_without_key_usage_asserts_no_bit() -> None:
    bare = Statements(None, frozenset(), None, frozenset(), frozenset(), frozenset())
    assert fulfilled(KeyUsageCriterion((("nonRepudiation", False),)), bare) is True
    assert fulfilled(KeyUsageCriterion((("nonRepudiation", True),)), bare) is False


@pytest.mark.parametrize(
    ("assertion", "criteria", "expected"),
    [
        (Assertion.ALL, (YES, YES), True),
        (Assertion.ALL, (YES, NO), False),
        (Assertion.ALL, (YES, OPEN), None),
        (Assertion.ALL, (NO, OPEN), False),
        (Assertion.ALL, (), True),
        (Assertion.AT_LEAST_ONE, (NO, YES), True),
        (Assertion.AT_LEAST_ONE, (NO, NO), False),
        (Assertion.AT_LEAST_ONE, (NO, OPEN), None),
        (Assertion.AT_LEAST_ONE, (YES, OPEN), True),
        (Assertion.AT_LEAST_ONE, (), False),
        (Assertion.NONE, (NO, NO), True),
        (Assertion.NONE, (NO, YES), False),
        (Assertion.NONE, (NO, OPEN), None),
        (Assertion.NONE, (YES, OPEN), False),
        (Assertion.NONE, (), True),
    ],
)
def test_lists(own: Statements, assertion: Assertion, criteria: tuple[Criterion, ...], expected: bool | None) -> None:
    assert fulfilled(CriteriaList(assertion, criteria), own) is expected


def test_nested_lists(own: Statements) -> None:
    either = CriteriaList(Assertion.AT_LEAST_ONE, (NO, YES))
    neither = CriteriaList(Assertion.NONE, (NO,))
    assert fulfilled(CriteriaList(Assertion.ALL, (either, neither, YES)), own) is True
    assert fulfilled(CriteriaList(Assertion.ALL, (either, CriteriaList(Assertion.NONE, (YES,)))), own) is False


trees = st.recursive(
    st.sampled_from([YES, NO, OPEN]),
    lambda inner: st.builds(CriteriaList, st.sampled_from(Assertion), st.lists(inner, max_size=4).map(tuple)),
    max_leaves=12,
)


@given(trees)
def test_an_open_criterion_decides_only_where_both_answers_would_agree(tree: Criterion) -> None:
    own = Statements(None, None, None, frozenset({QCP}), None, None)
    answer = fulfilled(tree, own)
    decided = {fulfilled(_with(tree, choice), own) for choice in (YES, NO)}
    assert None not in decided
    # each open leaf may be either, so both for all are two of the possible worlds
    assert answer is None or decided == {answer}


def _with(tree: Criterion, choice: Criterion) -> Criterion:
    if isinstance(tree, CriteriaList):
        return CriteriaList(tree.assertion, tuple(_with(each, choice) for each in tree.criteria))
    return choice if isinstance(tree, UnknownCriterion) else tree


def test_elements_are_told_apart_by_criticality_and_decision(own: Statements) -> None:
    from tests.simulators.qualification_world import state

    def element(uri: str, criterion: Criterion) -> QualificationElement:
        return QualificationElement((uri,), CriteriaList(Assertion.ALL, (criterion,)))

    def extension(*, critical: bool) -> Extension:
        found = [element(f"urn:{critical}:{index}", criterion) for index, criterion in enumerate((YES, NO, OPEN))]
        return Extension(critical, Qualifications((*found, element(NOT_QUALIFIED, YES))))

    found = applied([state(extensions=[extension(critical=critical)]) for critical in (True, False)], own)
    assert found.qualifiers == {"urn:True:0", "urn:False:0", NOT_QUALIFIED}
    assert found.undecided_qualifiers == {"urn:True:2", "urn:False:2"}
    assert found.unknown(critical=True) == {"urn:True:0"}
    assert found.unknown(critical=False) == {"urn:False:0"}
    assert NOT_QUALIFIED in KNOWN_QUALIFIERS


def test_three_truths_have_27_conjunctions(own: Statements) -> None:
    for criteria in product((YES, NO, OPEN), repeat=3):
        expected = False if NO in criteria else None if OPEN in criteria else True
        assert fulfilled(CriteriaList(Assertion.ALL, criteria), own) is expected
