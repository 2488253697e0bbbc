# SPDX-License-Identifier: Apache-2.0
"""A report of a comparison as text, as Markdown (CommonMark with tables), and as a page of HTML that stands alone.

The page has no scripts and fetches nothing; all that comes from configurations and certificates is escaped, and its
Content-Security-Policy allows nothing but its own styles.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import zip_longest
from textwrap import fill

from trust_lists.evaluation.comparison.contents import findings, provenance, sections, title, warnings
from trust_lists.evaluation.comparison.result import Comparison
from trust_lists.evaluation.scoring.contents import Cell, Section, Table
from trust_lists.evaluation.scoring.style import STYLE

_MARKS = re.compile(r"[\\`*_\[\]<>|~&]|^[#+=-]|^[0-9]+(?=[.)])")
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
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
    shown, source = sections(found), provenance(found)
    first, *others = findings(found)
    name = escape(title(found))
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="color-scheme" content="light dark">',
            f"<title>{name}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            f'<header><h1>{name}</h1><p class="answer">{escape(first)}</p>',
            *(f"<p>{escape(each)}</p>" for each in others),
            f'<p class="from">{escape(source)}</p></header>',
            "<nav><ul>",
            *(f'<li><a href="#{escape(each.id)}">{escape(each.title)}</a></li>' for each in shown),
            "</ul></nav>",
            *_warned(warnings(found)),
            "<main>",
            *(line for each in shown for line in _section(each, source)),
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _warned(told: Sequence[str]) -> Iterator[str]:
    if told:
        yield '<ul class="warnings">'
        yield from (f"<li>{escape(each)}</li>" for each in told)
        yield "</ul>"


def _section(section: Section, source: str) -> Iterator[str]:
    name, heading = escape(section.id), f"<h2>{escape(section.title)}</h2>"
    yield f'<details id="{name}"><summary>{heading}</summary>' if section.folded else f'<section id="{name}">{heading}'
    yield from (f"<p>{escape(each)}</p>" for each in section.sentences)
    if section.pictures:
        yield '<div class="pictures">'
        yield from section.pictures
        yield "</div>"
    if section.table:
        yield '<div class="wide"><table><thead><tr>'
        yield from (f'<th scope="col">{escape(each)}</th>' for each in section.table.head)
        yield "</tr></thead><tbody>"
        for first, *others in section.table.rows:
            yield f'<tr><th scope="row">{escape(first.text)}</th>{"".join(map(_cell, others))}</tr>'
        yield "</tbody></table></div>"
    yield f'<p class="from">{escape(source)}</p>'
    yield "</details>" if section.folded else "</section>"


def _cell(cell: Cell) -> str:
    look = "unknown" if cell.unknown else "long" if _DIGEST.fullmatch(cell.text) else ""
    return f"<td{f' class={chr(34)}{look}{chr(34)}' if look else ''}>{escape(cell.text)}</td>"


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
