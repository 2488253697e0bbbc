# SPDX-License-Identifier: Apache-2.0
"""A report as a page of HTML that stands alone: no scripts, nothing fetched, light or dark as its reader has it.

All that comes from facts and judgements is escaped, and a Content-Security-Policy in the page allows nothing but its
own styles. Ids are made of section names and of the restricted ids of models and quantities.
"""

import re
from collections.abc import Iterator
from html import escape

from trust_lists.evaluation.scoring.assessment import Assessment
from trust_lists.evaluation.scoring.contents import Cell, Section, Table, findings, provenance, sections
from trust_lists.evaluation.scoring.style import STYLE

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def page(found: Assessment) -> str:
    """The whole page."""
    title = escape(f"Trust models scored: {found.facts.title}")
    shown = sections(found)
    first, *others = findings(found)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            f'<header><h1>{title}</h1><p class="answer">{escape(first)}</p>',
            *(f"<p>{escape(each)}</p>" for each in others),
            f'<p class="from">{escape(provenance(found))}</p></header>',
            "<nav><ul>",
            *(f'<li><a href="#{escape(each.id)}">{escape(each.title)}</a></li>' for each in shown),
            "</ul></nav>",
            *_warnings(found.warnings),
            "<main>",
            *(line for each in shown for line in _section(each, provenance(found))),
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _warnings(warnings: tuple[str, ...]) -> Iterator[str]:
    if warnings:
        yield '<ul class="warnings">'
        yield from (f"<li>{escape(each)}</li>" for each in warnings)
        yield "</ul>"


def _section(section: Section, source: str) -> Iterator[str]:
    heading = f"<h2>{escape(section.title)}</h2>"
    name = escape(section.id)
    yield f'<details id="{name}"><summary>{heading}</summary>' if section.folded else f'<section id="{name}">{heading}'
    yield from (f"<p>{escape(each)}</p>" for each in section.sentences)
    if section.pictures:
        yield '<div class="pictures">'
        yield from section.pictures
        yield "</div>"
    if section.table:
        yield from _table(section.table)
    yield f'<p class="from">{escape(source)}</p>'
    yield "</details>" if section.folded else "</section>"


def _table(table: Table) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr>'
    yield from (f'<th scope="col">{escape(each)}</th>' for each in table.head)
    yield "</tr></thead><tbody>"
    for first, *others in table.rows:
        name = f' id="{escape(first.name)}"' if first.name else ""
        yield f'<tr{name}><th scope="row">{escape(first.text)}</th>{"".join(map(_cell, others))}</tr>'
    yield "</tbody></table></div>"


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.link:
        text = f'<a href="#{escape(cell.link)}">{text}</a>'
    # Never fuller than this, so that the text keeps its contrast in both schemes.
    colour = "" if cell.fullness is None else f' style="background:rgba(var(--full),{0.4 * cell.fullness:.3f})"'
    look = "unknown" if cell.unknown else "long" if _DIGEST.fullmatch(cell.text) else ""
    named = f' class="{look}"' if look else ""
    return f"<td{named}{colour}>{cell.picture}{text}</td>"
