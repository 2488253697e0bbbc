# SPDX-License-Identifier: Apache-2.0
"""Tables 1 to 7 of TS 119 615 V1.3.1, cell by cell, and the one rule that all 225 cells of Tables 1 to 3 follow.

Q, N and I stand for the positive, negative and indeterminate value of a table. QcTypes are numbers: 1 eSig, 2 eSeal,
3 web.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from trust_lists.evaluation.ts119615.codes import (
    NOT_QUALIFIED,
    QC_NO_QSCD,
    QC_NO_SSCD,
    QC_QSCD_MANAGED,
    QC_STATEMENT,
    QC_WITH_QSCD,
    QC_WITH_SSCD,
    Purpose,
    QcResult,
    QscdResult,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """Where in which table a value was found; rows and columns count from 1."""

    table: int
    row: int
    column: int
    letter: str

    def result(self, purpose: Purpose) -> QcResult:
        """The value, in Tables 1 to 3 and 5."""
        return {"Q": purpose.positive, "N": purpose.negative, "I": purpose.indeterminate}[self.letter]

    def __str__(self) -> str:
        return f"Table {self.table}, row {self.row}, column {self.column}"


# Rows 1 to 7 are for certificates with QcCompliance; without it, rows 9 to 15 stand for the same sets of QcTypes, and
# row 8 for the empty set, which row 1 takes in.
_SETS_OF_TYPES: tuple[frozenset[int], ...] = (
    frozenset({1}),
    frozenset({2}),
    frozenset({3}),
    frozenset({1, 2}),
    frozenset({1, 3}),
    frozenset({2, 3}),
    frozenset({1, 2, 3}),
)
TABLES_1_TO_3 = {
    1: (
        "QNQQQ", "NNNQQ", "NNNQQ", "INIQQ", "INIQQ", "NNNQQ", "INIQQ",
        "NNINQ", "NNQNQ", "NNNNQ", "NNNNQ", "NNINQ", "NNINQ", "NNNNQ", "NNINQ",
    ),
    2: (
        "NNNQQ", "QNQQQ", "NNNQQ", "INIQQ", "NNNQQ", "INIQQ", "INIQQ",
        "NNINQ", "NNNNQ", "NNQNQ", "NNNNQ", "NNINQ", "NNNNQ", "NNINQ", "NNINQ",
    ),
    3: (
        "NNNQQ", "NNNQQ", "QNQQQ", "NNNQQ", "INIQQ", "INIQQ", "INIQQ",
        "NNINQ", "NNNNQ", "NNNNQ", "NNQNQ", "NNNNQ", "NNINQ", "NNINQ", "NNINQ",
    ),
}  # fmt: skip
"""Rows 1 to 15, columns 1 to 5: no qualifier; NotQualified; QCStatement; the own one; QCStatement and the own one."""

TABLE_5 = ("QNQ", "QNQ", "QNQ", "QNQ", "NNQ")
"""Rows: QcCompliance; QCP; QCP+; several of these; none. Columns: no qualifier; NotQualified; QCStatement."""

_YES, _NO = QscdResult.YES, QscdResult.NO
TABLE_6 = ((_YES, _YES, _NO), (_YES, _NO, _NO))
"""Rows: QcSSCD or QCP+; neither. Columns: QCWithSSCD; as in the certificate, or no indication; QCNoSSCD."""
TABLE_7 = ((_YES, _YES, _NO), (_YES, _NO, _NO))
"""Rows: QcSSCD; not. Columns: QCWithQSCD or managed on behalf; as in the certificate, or no indication; QCNoQSCD."""

_KIND = {
    **dict.fromkeys((QcResult.QC_FOR_ESIG, QcResult.QC_FOR_ESEAL, QcResult.QWAC), "+"),
    **dict.fromkeys((QcResult.NOT_QUALIFIED_FOR_ESIG, QcResult.NOT_QUALIFIED_FOR_ESEAL, QcResult.NOT_QWAC), "-"),
    **dict.fromkeys((QcResult.INDET_QC_FOR_ESIG, QcResult.INDET_QC_FOR_ESEAL, QcResult.INDET_QWAC), "?"),
}
TABLE_4 = {
    "++": "error", "+-": "ok", "+?": "warning",
    "-+": "ok", "--": "ok", "-?": "warning",
    "?+": "warning", "?-": "warning", "??": "warning",
}  # fmt: skip
"""Two values of different purposes: + positive, - negative, ? indeterminate. The same for each pair of purposes."""


def qualified(purpose: Purpose, *, compliance: bool, types: frozenset[int], qualifiers: frozenset[str]) -> Cell:
    """Table 1, 2 or 3 for a certificate with QcCompliance or without, its QcTypes, and the qualifiers that apply."""
    if compliance:
        row = 1 + _SETS_OF_TYPES.index(frozenset(types or {1}))
    else:
        row = 9 + _SETS_OF_TYPES.index(frozenset(types)) if types else 8
    own, statement = purpose.qualifier in qualifiers, QC_STATEMENT in qualifiers
    if NOT_QUALIFIED in qualifiers:
        column = 2
    elif own:
        column = 5 if statement else 4
    else:
        column = 3 if statement else 1
    return Cell(purpose.number, row, column, TABLES_1_TO_3[purpose.number][row - 1][column - 1])


def qualified_by_rule(number: int, *, compliance: bool, types: frozenset[int], column: int) -> str:
    """The letter of Table `number` in a column, by the rule behind it instead of the table."""
    told = types or ({1} if compliance else frozenset())
    if column == 2:
        return "N"
    if column == 5:
        return "Q"
    if column == 4:
        return "Q" if compliance else "N"
    if column == 1 and not compliance:
        return "N"
    if told and number not in told:
        return "N"
    return "Q" if told == {number} else "I"


def compatible(one: QcResult, other: QcResult) -> str:
    """Table 4: `ok`, `warning` or `error` for the values of two different purposes."""
    return TABLE_4[_KIND[one] + _KIND[other]]


def qualified_under_directive(evidence: Iterable[bool], qualifiers: frozenset[str]) -> Cell:
    """Table 5; `evidence` says whether the certificate has QcCompliance, QCP and QCP+, in this order."""
    present = [position for position, found in enumerate(evidence, 1) if found]
    row = 5 if not present else present[0] if len(present) == 1 else 4
    column = 2 if NOT_QUALIFIED in qualifiers else 3 if QC_STATEMENT in qualifiers else 1
    return Cell(5, row, column, TABLE_5[row - 1][column - 1])


def device_under_directive(*, stated: bool, qualifiers: frozenset[str]) -> QscdResult:
    """Table 6; `stated`: QcSSCD or QCP+ is in the certificate."""
    column = 0 if QC_WITH_SSCD in qualifiers else 2 if QC_NO_SSCD in qualifiers else 1
    return TABLE_6[0 if stated else 1][column]


def device(*, stated: bool, qualifiers: frozenset[str]) -> QscdResult:
    """Table 7; `stated`: QcSSCD is in the certificate."""
    column = 0 if {QC_WITH_QSCD, QC_QSCD_MANAGED} & qualifiers else 2 if QC_NO_QSCD in qualifiers else 1
    return TABLE_7[0 if stated else 1][column]
