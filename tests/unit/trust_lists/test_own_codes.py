# SPDX-License-Identifier: Apache-2.0
"""Codes of ours, where TS 119 615 has none: the page about trusted lists explains each, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "explanation" / "trusted-lists.md"
CODE = re.compile(r"OWN_[A-Z0-9_…]+")


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a module, with an ellipsis for each value that is put into one."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield re.sub(r"\{\w*\}", "…", node.value)


def test_every_code_of_ours_is_explained_once() -> None:
    modules = (ROOT / "trust_lists").rglob("*.py")
    used = {text for path in modules for text in texts(ast.parse(path.read_text(encoding="utf-8")))}
    explained = re.findall(r"^\| `(OWN_[^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(code for code in used if CODE.fullmatch(code))
