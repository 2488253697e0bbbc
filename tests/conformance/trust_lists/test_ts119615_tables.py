# SPDX-License-Identifier: Apache-2.0
"""TS 119 615 V1.3.1, Tables 1 to 7, cell by cell, against what the product reads from its own."""

from itertools import product

import pytest

from trust_lists.documents.vocabulary import INFORMATION
from trust_lists.evaluation.ts119615.codes import PURPOSES, QcResult
from trust_lists.evaluation.ts119615.tables import (
    compatible,
    device,
    device_under_directive,
    qualified,
    qualified_by_rule,
    qualified_under_directive,
)

# Certificate; then columns 1 to 5 of Table 1, of Table 2, of Table 3
ROWS = """
1   QC -     QNQQQ NNNQQ NNNQQ
1   QC 1     QNQQQ NNNQQ NNNQQ
2   QC 2     NNNQQ QNQQQ NNNQQ
3   QC 3     NNNQQ NNNQQ QNQQQ
4   QC 12    INIQQ INIQQ NNNQQ
5   QC 13    INIQQ NNNQQ INIQQ
6   QC 23    NNNQQ INIQQ INIQQ
7   QC 123   INIQQ INIQQ INIQQ
8   no -     NNINQ NNINQ NNINQ
9   no 1     NNQNQ NNNNQ NNNNQ
10  no 2     NNNNQ NNQNQ NNNNQ
11  no 3     NNNNQ NNNNQ NNQNQ
12  no 12    NNINQ NNINQ NNNNQ
13  no 13    NNINQ NNNNQ NNINQ
14  no 23    NNNNQ NNINQ NNINQ
15  no 123   NNINQ NNINQ NNINQ
"""
CASES = [line.split() for line in ROWS.strip().splitlines()]
COLUMNS = (
    [set()],
    [{"NotQualified"}, {"NotQualified", "X"}],
    [{"QCStatement"}],
    [{"X"}],
    [{"QCStatement", "X"}],
)


def types_of(text: str) -> set[int]:
    return set() if text == "-" else {int(each) for each in text}


@pytest.mark.parametrize("purpose", PURPOSES, ids=["table-1", "table-2", "table-3"])
@pytest.mark.parametrize("case", CASES, ids=[f"row-{case[0]}-{case[2]}" for case in CASES])
def test_tables_1_to_3(case: list[str], purpose: object) -> None:
    row, compliance, types = int(case[0]), case[1] == "QC", types_of(case[2])
    letters = {"Q": purpose.positive, "N": purpose.negative, "I": purpose.indeterminate}
    for column, (letter, sets) in enumerate(zip(case[2 + purpose.number], COLUMNS, strict=True), 1):
        for short in sets:
            uris = {purpose.qualifier if each == "X" else f"{INFORMATION}{each}" for each in short}
            cell = qualified(purpose, compliance=compliance, types=types, qualifiers=uris)
            assert (cell.table, cell.row, cell.column) == (purpose.number, row, column)
            assert cell.result(purpose) == letters[letter]


def test_one_rule_is_behind_all_225_cells() -> None:
    rows = {case[0]: case for case in CASES if case[:3] != ["1", "QC", "-"]}
    assert len(rows) * 5 * 3 == 225
    for case in CASES:
        for number, column in product((1, 2, 3), range(1, 6)):
            letter = qualified_by_rule(number, compliance=case[1] == "QC", types=types_of(case[2]), column=column)
            assert letter == case[2 + number][column - 1], (case, number, column)


# Table 4: S, L, W with +, -, ?; "." where two values of one purpose meet
TABLE_4 = """
    S+ S- S? L+ L- L? W+ W- W?
S+  .  .  .  E  o  w  E  o  w
S-  .  .  .  o  o  w  o  o  w
S?  .  .  .  w  w  w  w  w  w
L+  E  o  w  .  .  .  E  o  w
L-  o  o  w  .  .  .  o  o  w
L?  w  w  w  .  .  .  w  w  w
W+  E  o  w  E  o  w  .  .  .
W-  o  o  w  o  o  w  .  .  .
W?  w  w  w  w  w  w  .  .  .
"""
VALUES = {
    f"{letter}{sign}": result
    for letter, purpose in zip("SLW", PURPOSES, strict=True)
    for sign, result in (("+", purpose.positive), ("-", purpose.negative), ("?", purpose.indeterminate))
}


def test_table_4() -> None:
    head, *lines = [line.split() for line in TABLE_4.strip().splitlines()]
    compared = 0
    for one, *cells in lines:
        for other, cell in zip(head, cells, strict=True):
            if cell != ".":
                compared += 1
                told = {"E": "error", "o": "ok", "w": "warning"}[cell]
                assert compatible(VALUES[one], VALUES[other]) == told, (one, other)
    assert compared == 54
    assert set(VALUES.values()) | {"Not_Qualified", "INDETERMINATE"} == set(QcResult)


@pytest.mark.parametrize("evidence", list(product((True, False), repeat=3)))
def test_table_5(evidence: tuple[bool, bool, bool]) -> None:
    rows = {(True, False, False): 1, (False, True, False): 2, (False, False, True): 3, (False, False, False): 5}
    row = rows.get(evidence, 4)
    for column, (short, letter) in enumerate(
        ((set(), "N" if row == 5 else "Q"), ({"NotQualified"}, "N"), ({"QCStatement"}, "Q")), 1
    ):
        cell = qualified_under_directive(evidence, {f"{INFORMATION}{each}" for each in short})
        assert (cell.table, cell.row, cell.column, cell.letter) == (5, row, column, letter)


DEVICES = [
    (device_under_directive, True, {"QCWithSSCD"}, "QSCD_YES"),
    (device_under_directive, True, {"QCSSCDStatusAsInCert"}, "QSCD_YES"),
    (device_under_directive, True, set(), "QSCD_YES"),
    (device_under_directive, True, {"QCNoSSCD"}, "QSCD_NO"),
    (device_under_directive, False, {"QCWithSSCD"}, "QSCD_YES"),
    (device_under_directive, False, {"QCSSCDStatusAsInCert"}, "QSCD_NO"),
    (device_under_directive, False, set(), "QSCD_NO"),
    (device_under_directive, False, {"QCNoSSCD"}, "QSCD_NO"),
    (device, True, {"QCWithQSCD"}, "QSCD_YES"),
    (device, True, {"QCQSCDManagedOnBehalf"}, "QSCD_YES"),
    (device, True, {"QCQSCDStatusAsInCert"}, "QSCD_YES"),
    (device, True, set(), "QSCD_YES"),
    (device, True, {"QCNoQSCD"}, "QSCD_NO"),
    (device, False, {"QCWithQSCD"}, "QSCD_YES"),
    (device, False, {"QCQSCDManagedOnBehalf"}, "QSCD_YES"),
    (device, False, {"QCQSCDStatusAsInCert"}, "QSCD_NO"),
    (device, False, set(), "QSCD_NO"),
    (device, False, {"QCNoQSCD"}, "QSCD_NO"),
]


@pytest.mark.parametrize(("table", "stated", "qualifiers", "expected"), DEVICES)
def test_tables_6_and_7(table: object, stated: bool, qualifiers: set[str], expected: str) -> None:
    assert table(stated=stated, qualifiers={f"{INFORMATION}{each}" for each in qualifiers}) == expected
