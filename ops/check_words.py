# SPDX-License-Identifier: Apache-2.0
"""Checks that no file of the project holds what must not leave a developer's machine.

Refused are the host names of package registries (an installation takes the index that its operator has set),
absolute paths of one machine, and private keys. The host names are put together here, so that this file has
none of them.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Made by tools, never part of the project.
NOT_OURS = {
    *(".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"),
    *("build", "dist", "htmlcov", "__pycache__"),
}

HOSTS = (
    ("py", "pi.org"),
    ("py", "pi.python.org"),
    ("python", "hosted.org"),
    ("npm", "js.org"),
    ("npm", "js.com"),
    ("crates", ".io"),
    ("proxy.golang", ".org"),
    ("maven", ".org"),
    ("maven.apache", ".org"),
    ("rubygems", ".org"),
    ("nuget", ".org"),
    ("deb.debian", ".org"),
    ("archive.ubuntu", ".com"),
)

RULES = (
    (
        "the host name of a package registry",
        re.compile("|".join(re.escape(a + b) for a, b in HOSTS), re.IGNORECASE),
    ),
    ("a path of one machine", re.compile(r"(?<![\w.~:%$}/-])/(?:work|home/\w+|Users/\w+|root/\.\w+)/")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{16}")),
)


def files(root: Path) -> Iterator[Path]:
    """Every file of the project, in order; what tools made is left out."""
    for folder, names, file_names in os.walk(root):
        names[:] = sorted(name for name in names if not _foreign(name))
        yield from (Path(folder) / name for name in sorted(file_names) if not _foreign(name))


def _foreign(name: str) -> bool:
    return name in NOT_OURS or name.startswith(".venv")


def check(root: Path) -> list[str]:
    """Returns the findings, each a line `path:line: what it is`. Files that are not UTF-8 are passed over."""
    findings = []
    for path in files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for what, pattern in RULES:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                findings.append(f"{path.relative_to(root)}:{line}: {what}")
    return findings


def main() -> int:
    findings = check(ROOT)
    for line in findings:
        print(f"error: {line}")
    print(f"words: {len(findings)} errors")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
