# SPDX-License-Identifier: Apache-2.0
"""The table of management interfaces and the tests beside it say the same: each row has its test, each test a row."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[2] / "docs" / "conformance" / "management.md"
HEADER = "| method | path | status | meaning | tests |"
ROWS = [
    [cell.strip() for cell in row.strip("|").split("|")]
    for table in re.findall(rf"^{re.escape(HEADER)}\n\|[-|]+\n((?:\|.*\n)+)", PAGE.read_text("utf-8"), re.MULTILINE)
    for row in table.splitlines()
]
LINK = re.compile(r"\[(test_\w+)\]\(([^)]+)\)")


def source_of(path: Path, name: str) -> str:
    """A test with the helpers of its module that it calls."""
    text = path.read_text("utf-8")
    functions = {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    segments = {key: ast.get_source_segment(text, node) or "" for key, node in functions.items()}
    decorators = [ast.get_source_segment(text, item) or "" for item in functions[name].decorator_list]
    called = [segments[key] for key in segments if key != name and f"{key}(" in segments[name]]
    return "\n".join([*decorators, segments[name], *called])


def test_page_has_tables() -> None:
    assert len(ROWS) > 60
    assert {len(row) for row in ROWS} == {5}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: LINK.findall(row[4])[0][0])
def test_tests_of_a_row_are_about_its_method_and_status(row: list[str]) -> None:
    methods, _, statuses, _, tests = row
    found = [source_of((PAGE.parent / path).resolve(), name) for name, path in LINK.findall(tests)]
    told = "\n".join(found)
    publishes = ".publish(" in told  # the helper that sends PUT
    for method in re.findall(r"[A-Z]{3,}", methods):
        assert f'"{method}"' in told or (method == "PUT" and publishes) or (method == "HEAD" and '"GET"' in told), (
            method
        )
    for status in re.findall(r"\d{3}", statuses):
        assert re.search(rf"\b{status}\b", told), f"{status} is not in {LINK.findall(tests)}"


@pytest.mark.parametrize("path", sorted(HERE.glob("test_*_clients.py")), ids=lambda path: path.stem)
def test_every_test_of_a_client_is_in_the_table(path: Path) -> None:
    linked = {name for row in ROWS for name, target in LINK.findall(row[4]) if Path(target).name == path.name}
    defined = {
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert linked == defined
