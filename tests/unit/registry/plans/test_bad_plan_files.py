# SPDX-License-Identifier: Apache-2.0
"""Files that aren't what they should be: refused with the line and a reason's id, in little memory, without a plan."""

import gzip
from pathlib import Path

import pytest

from registry.errors import ConfigurationError, ValidationError
from registry.plans.bounded import BoundedLines
from registry.plans.model import PlanKind
from tests.simulators.plan_world import HEAD, PlanWorld

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    ("content", "rule", "line"),
    [
        (b"participant\n\xff\xfe", "PLAN-UTF8", "line 2: byte 1"),
        ("participant\nä".encode("utf-16"), "PLAN-UTF8", "line 1"),
        (b"participant\na::b\na\0b\n", "PLAN-NUL", "line 3"),
        (b'participant\na::b\n"a::b\n', "PLAN-QUOTES", "line 3"),
        (b'participant\n"a"b::c\n', "PLAN-QUOTES", "line 2"),
        (b"participant" + b",x" * 1_000_000, "PLAN-SIZE", "line 1"),
        (b"participant" + b",x" * 1_000, "PLAN-COLUMNS", "line 1"),
        (b"participant,colour\n", "PLAN-COLUMNS", "'colour' is not known"),
        (b"participant,owner,owner\n", "PLAN-COLUMNS", "is there twice"),
        (b"owner\n", "PLAN-COLUMNS", "no column 'participant'"),
        (b"", "PLAN-COLUMNS", "no column 'participant'"),
        (b"participant\n" + b"x" * 2_000_000, "PLAN-SIZE", "line 2"),
        (b'participant\n"' + b"x\n" * 200_000, "PLAN-QUOTES", "line 2"),
    ],
    ids=[
        "not UTF-8",
        "UTF-16",
        "NUL",
        "open quotes",
        "text behind quotes",
        "a million columns",
        "a thousand columns",
        "unknown column",
        "column twice",
        "no participants",
        "empty",
        "endless line",
        "endless cell",
    ],
)
def test_a_table_that_can_t_be_read_is_refused_as_a_whole(
    world: PlanWorld, content: bytes, rule: str, line: str
) -> None:
    with pytest.raises(ValidationError) as told:
        world.plan(content)
    assert told.value.reasons[0].id == rule
    assert line in told.value.reasons[0].message


def test_a_file_that_claims_little_and_holds_much_is_broken_off(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.csv.gz"
    with gzip.open(bomb, "wb") as out:
        for _ in range(100):
            out.write((b"x" * 9_999 + b"\n") * 10)
    with pytest.raises(ValidationError, match="the file has more than 1000000 bytes"):
        list(BoundedLines(bomb, most=1_000_000))


def test_a_broken_gzip_file_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "t.csv.gz"
    broken.write_bytes(gzip.compress(b"participant\n" * 9999)[:50])
    with pytest.raises(ConfigurationError, match="can't be read"):
        list(BoundedLines(broken))


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["plain", "BOM"])
def test_commas_semicolons_and_byte_order_marks_are_understood(world: PlanWorld, delimiter: str, bom: str) -> None:
    table = (bom + world.table(1).decode()).replace(",", delimiter)
    assert world.counts(world.plan(table.encode())) == {"added": 1}


def test_rows_of_a_participant_stand_anywhere_and_two_spellings_are_a_reason(world: PlanWorld) -> None:
    other = world.row(1).replace("urn:a::b##", "urn:c::d##")
    assert world.counts(world.plan(world.table(1, 2) + other.encode())) == {"added": 2}
    mine, yours = "iso6523-actorid-upis::9915:Abc", "iso6523-actorid-upis::9915:aBC"
    plan = world.plan(f"participant\n{mine}\n{yours}\n".encode())
    assert world.reasons(plan) == ["PLAN-CSV"]
    assert "line 2, 3: the participant is spelled in two ways" in world.rows(plan)[0].reasons[0][1]


def test_a_row_with_too_many_cells_refuses_its_participant_alone(world: PlanWorld) -> None:
    plan = world.plan(world.table(1, 2) + (world.row(3) + ",one,two\n").encode())
    assert world.counts(plan) == {"added": 2, "refused": 1}
    assert "line 4: 8 cells in 6 columns" in next(row for row in world.rows(plan) if row.reasons).reasons[0][1]


def test_a_row_that_ends_early_refuses_its_participant_rather_than_emptying_it(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1)))
    plan = world.plan(f"{HEAD}\niso6523-actorid-upis::0088:7300010000001\n".encode())
    assert world.counts(plan) == {"refused": 1}
    assert "line 2: 1 cells in 6 columns" in world.rows(plan)[0].reasons[0][1]


def test_a_cell_that_is_no_json_refuses_its_participant(world: PlanWorld) -> None:
    cells = ['"{"', "[]", '"{""document_type"":5}"', '"{""x"":1}"']
    rows = (f"iso6523-actorid-upis::0088:730001000000{n},{cell}" for n, cell in enumerate(cells))
    plan = world.plan("\n".join(("participant,service_json", *rows)).encode())
    assert world.counts(plan) == {"refused": 4}


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"participant":5}',
        b'{"participant":{"scheme":"a","value":5}}',
        b'{"participant":{"scheme":"a","value":"\\u0000"}}',
        b'{"participant":{"scheme":"a","value":"\\ud800"}}',
        b'{"participant":{"scheme":"a","value":"b"},"participant":{"scheme":"a","value":"c"}}',
        b'{"participant":{"scheme":"a","value":"b"},"colour":1}',
        b'{"participant":{"scheme":"a","value":"b"},"services":5}',
        b'{"participant":{"scheme":"a","value":"b"},"services":[5]}',
        b'{"participant":{"scheme":"a","value":"b"},"owner":5}',
        b'{"participant":{"scheme":"a","value":"b"},"business_card":"<x/>"}',
        b'{"participant":{"scheme":"a","value":"' + b"b" * 10_000 + b'"}}',
        b"[" * 100_000,
    ],
    ids=range(17),
)
def test_a_line_that_can_t_be_read_is_refused_and_the_others_are_taken(world: PlanWorld, line: bytes) -> None:
    good = b'{"participant":{"scheme":"iso6523-actorid-upis","value":"0088:7300010000001"}}'
    plan = world.plan(b"\n".join((good, line)), PlanKind.JSON_LINES)
    assert world.counts(plan) == {"added": 1, "refused": 1}
    (row,) = [row for row in world.rows(plan) if row.verdict == "refused"]
    assert row.line == 2
    assert row.reasons


def test_a_participant_on_two_lines_is_refused(world: PlanWorld) -> None:
    line = b'{"participant":{"scheme":"iso6523-actorid-upis","value":"0088:7300010000001"}}\n'
    plan = world.plan(line * 2, PlanKind.JSON_LINES)
    assert (world.counts(plan), world.reasons(plan)) == ({"refused": 1}, ["PLAN-TWICE"])


def test_another_format_of_lines_is_refused(world: PlanWorld) -> None:
    with pytest.raises(ValidationError, match="newer"):
        world.plan(b'{"format":"edelivery-registry/99"}\n', PlanKind.JSON_LINES)


def test_formulas_in_a_table_are_texts(world: PlanWorld) -> None:
    row = world.row(1).replace("urn:p,t,", "urn:p,'=t,")
    world.apply(world.plan(f"{HEAD}\n{row}\n".encode()))
    assert b",'=t," in world.exported(PlanKind.CSV)
