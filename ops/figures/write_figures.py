# SPDX-License-Identifier: Apache-2.0
"""Writes the figures of the documentation, each from a computation: `python ops/figures/write_figures.py [--check]`.

A page has a figure between `<!-- figure: NAME -->` and `<!-- end of figure -->`; files beside pages are named in FILES.
Everything is computed from the corpus (REGISTRY_CORPUS), with the times and seeds that are written in the code, so that
it comes out the same each time. `--check` writes nothing, and fails where a page says something else.
"""

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import certificates
import evaluation
import growth

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "docs" / "explanation" / "trust-models.md",)
FIGURES: Mapping[str, Callable[[], str]] = {**certificates.FIGURES, **growth.FIGURES, **evaluation.FIGURES}
FILES: Mapping[str, Callable[[], str]] = {**growth.FILES, **evaluation.FILES}
"""By their names below docs/explanation/."""

_FIGURE = re.compile(r"(<!-- figure: ([a-z-]+) -->\n).*?(<!-- end of figure -->)", re.DOTALL)


def main() -> None:
    """Write all of them, or look whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a figure differs")
    check = parser.parse_args().check
    wanted = {page: written(page.read_text(encoding="utf-8")) for page in PAGES}
    wanted |= {ROOT / "docs" / "explanation" / name: make() for name, make in FILES.items()}
    wrong = 0
    for page, text in wanted.items():
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        if before == text:
            continue
        wrong += 1
        if check:
            name = str(page.relative_to(ROOT))
            sys.stdout.writelines(
                difflib.unified_diff(before.splitlines(keepends=True), text.splitlines(keepends=True), name, name)
            )
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
    print(f"{len(wanted)} files, {wrong} of them {'not as computed' if check else 'written anew'}")
    sys.exit(bool(check and wrong))


def written(page: str) -> str:
    """The page with its figures computed. Raises KeyError for a figure that nobody computes."""

    @cache
    def figure(name: str) -> str:
        return FIGURES[name]().strip("\n")

    return _FIGURE.sub(lambda found: f"{found[1]}\n{figure(found[2])}\n\n{found[3]}", page)


if __name__ == "__main__":
    main()
