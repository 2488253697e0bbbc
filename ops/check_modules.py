# SPDX-License-Identifier: Apache-2.0
"""Checks every Python file: the licence in its first line, and a size that a reader can hold in mind.

A file above 600 lines is two things and fails; one above 400 gets a warning.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("registry", "trust_lists", "migrations", "ops", "tests")
LICENCE = "# SPDX-License-Identifier: Apache-2.0"
WARN_ABOVE = 400  # lines
FAIL_ABOVE = 600  # lines


def modules(root: Path) -> Iterator[Path]:
    """The Python files of the project, in order."""
    for folder in FOLDERS:
        yield from sorted((root / folder).rglob("*.py"))


def check(root: Path) -> tuple[list[str], list[str]]:
    """Returns (failures, warnings), each a line `path: what is wrong`."""
    failures, warnings = [], []
    for path in modules(root):
        name = path.relative_to(root)
        lines = path.read_text(encoding="utf-8").splitlines()
        if lines[:1] != [LICENCE]:
            failures.append(f"{name}: the first line is not `{LICENCE}`")
        if len(lines) > FAIL_ABOVE:
            failures.append(f"{name}: {len(lines)} lines; above {FAIL_ABOVE} it is two things")
        elif len(lines) > WARN_ABOVE:
            warnings.append(f"{name}: {len(lines)} lines; think of a cut before it passes {FAIL_ABOVE}")
    return failures, warnings


def main() -> int:
    failures, warnings = check(ROOT)
    for line in warnings:
        print(f"warning: {line}")
    for line in failures:
        print(f"error: {line}")
    print(f"modules: {len(failures)} errors, {len(warnings)} warnings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
