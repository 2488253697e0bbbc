# SPDX-License-Identifier: Apache-2.0
"""A report of a comparison as text, as Markdown (CommonMark with tables), and as a page of HTML that stands alone."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import fill

from trust_lists.evaluation.comparison.contents import findings, provenance, sections, title, warnings
from trust_lists.evaluation.comparison.result import Comparison
from trust_lists.evaluation.html_page import Table, report

_MARKS = re.compile(r"[\\`*_\[\]<>|~&]|^[#+=-]|^[0-9]+(?=[.)])")
_WIDTH = 110
_WIDEST = 70
"""Characters of a column on a terminal, where others follow it."""
_PAGE_ONLY = ("sides", "hypothetical")


def text(found: Comparison) -> str:
    """For a terminal; the matrices are sentences there."""
    lines = [fill(each, _WIDTH) for each in findings(found)]
    lines += ["", *(fill(f"warning: {each}", _WIDTH) for each in warnings(found))] if warnings(found) else []
    for section in sections(found):
        if section.id in _PAGE_ONLY or section.id.startswith("decisions-"):
            continue
        if section.table or len(section.sentences) > 1:
            lines += ["", section.title, *(fill(each, _WIDTH) for each in section.sentences[1:])]
        if section.table:
            lines += _columns(section.table)
    return "\n".join((*lines, "", fill(provenance(found), _WIDTH)))


def markdown(found: Comparison) -> str:
    """For documents; without pictures, whose numbers stand in the tables."""
    lines = [f"# {_plain(title(found))}", ""]
    lines += [line for each in findings(found) for line in (_plain(each), "")]
    lines += [f"- **Note:** {_plain(each)}" for each in warnings(found)]
    for section in sections(found):
        lines += ["", f"## {_plain(section.title)}"]
        lines += [line for each in section.sentences for line in ("", _plain(each))]
        if section.table:
            lines += ["", _row(section.table.head), f"|{' --- |' * len(section.table.head)}"]
            lines += [_row([cell.text for cell in row]) for row in section.table.rows]
        lines += ["", f"*{_plain(provenance(found))}*"]
    return "\n".join((*lines, ""))


def page(found: Comparison) -> str:
    """The whole page."""
    return report(title(found), findings(found), sections(found), provenance(found), warnings(found))


def _columns(table: Table) -> Iterator[str]:
    rows = [table.head, *(tuple(cell.text for cell in row) for row in table.rows)]
    kept = [tuple(_cut(each) for each in row[:-1]) + row[-1:] for row in rows]
    widths = [max(map(len, column)) for column in zip_longest(*kept, fillvalue="")]
    for row in kept:
        yield "  " + "  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)).rstrip()


def _cut(told: str) -> str:
    return told if len(told) <= _WIDEST else f"{told[: _WIDEST - 1]}…"


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(map(_plain, texts))} |"


def _plain(told: str) -> str:
    """A text without meaning for Markdown."""
    return _MARKS.sub(_literally, " ".join(told.split()))


def _literally(mark: re.Match[str]) -> str:
    """A mark as a letter; of a number that begins a list, it is the sign after it that counts."""
    return f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}"
