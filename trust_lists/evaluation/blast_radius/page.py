# SPDX-License-Identifier: Apache-2.0
"""The report as a page of HTML that stands alone: no scripts, nothing fetched, light or dark as its reader has it.

All that comes from certificates and descriptions is escaped, and a Content-Security-Policy in the page allows nothing
but its own styles.
"""

from collections.abc import Iterator, Sequence
from html import escape

from trust_lists.evaluation.blast_radius.goals import Attacker, Goal
from trust_lists.evaluation.blast_radius.reach import Reach
from trust_lists.evaluation.blast_radius.result import BlastRadius
from trust_lists.evaluation.blast_radius.standing import Standing
from trust_lists.evaluation.blast_radius.text import names_shown, share_shown
from trust_lists.evaluation.blast_radius.wording import answer, anyway, told_ways
from trust_lists.evaluation.scoring.style import STYLE
from trust_lists.evaluation.svg import chart, escaped, heat_map, text_at

MOST_BARS = 30
_ROW, _LABELS, _WIDTH, _TOP, _BARS = 26, 300, 760, 46, 340
Bar = tuple[str, int, int]
"""Label, count, of how many."""


def page(found: BlastRadius, *, everything: bool = False) -> str:
    """The whole page."""
    told = [each for each in found.reaches if everything or not each.empty]
    bars = [(each.component.id, each.pairs.count, each.pairs.of) for each in told]
    lead = list(anyway(found))
    if len(told) < len(found.reaches):
        lead.append(f"{len(found.reaches) - len(told)} components reach nothing alone and are not shown.")
    sections = [
        _section(
            "Blast radius",
            "Ordered pairs of access points in which what a component can forge would be accepted.",
            [
                '<div class="pictures">',
                _bars("Pairs reached by each component alone", bars),
                _goals(told),
                "</div>",
                *_reach_table(told),
                *_names(told),
            ],
            found.source,
        ),
        _section(
            "Minimal compromise sets",
            "The smallest sets of components that reach a goal: against somebody, and against whomever the attacker "
            "chooses. A member has an accepted certificate of its own, an outsider has none.",
            list(_table(("goal", "against somebody", "against anybody"), list(told_ways(found)))),
            found.source,
        ),
    ]
    if found.assumptions:
        told_so = ["<ul>", *(f"<li>{escape(each)}</li>" for each in found.assumptions), "</ul>"]
        sections.append(_section("Assumed", "", told_so, ""))
    title = f"Blast radius of {found.configuration.id}"
    return _page(title, answer(found), lead, sections)


def standing_page(found: Sequence[Standing], title: str, name: str, source: str) -> str:
    """What stands on each authority of a configuration; with `title` what is lost without that one."""
    sections = []
    for each in found:
        bars = [(authority, len(lost), len(each.reached)) for authority, lost in each.lost if len(lost) > 1]
        content = [_bars("Authorities lost without each", bars)]
        content += ["<ul>", *(f"<li>{escape(lost)}</li>" for lost in each.without(title)), "</ul>"] if title else []
        content += _table(
            ("without", "lost", "of"),
            [(authority, str(len(lost)), str(len(each.reached))) for authority, lost in each.lost],
        )
        sections.append(
            _section(f"By {each.measure}", f"{len(each.reached)} authorities are reached.", content, source)
        )
    lead = [
        f"Without {title}: {len(each.without(title))} of {len(each.reached)} authorities are lost ({each.measure})."
        for each in found
        if title
    ]
    return _page(f"What stands on each authority of {name}", lead[0] if lead else "", lead[1:], sections)


def _page(title: str, first: str, others: Sequence[str], sections: Sequence[str]) -> str:
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            f'<header><h1>{escape(title)}</h1><p class="answer">{escape(first)}</p>',
            *(f"<p>{escape(each)}</p>" for each in others),
            "</header>",
            "<main>",
            *sections,
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _section(title: str, sentence: str, content: Sequence[str], source: str) -> str:
    lines = [f"<section><h2>{escape(title)}</h2>"]
    if sentence:
        lines.append(f"<p>{escape(sentence)}</p>")
    lines += content
    if source:
        lines.append(f'<p class="from">{escape(source)}</p>')
    return "\n".join([*lines, "</section>"])


def _bars(title: str, bars: Sequence[Bar]) -> str:
    """Bars that lie, the longest names in full in their tooltips; the first of many."""
    drawn: list[str] = []
    for number, (label, count, whole) in enumerate(bars[:MOST_BARS]):
        y = _TOP + _ROW * number
        share = count / whole if whole else 0.0
        told = f"{label}: {count} of {whole}"
        short = label if len(label) <= 44 else f"{label[:43]}…"
        drawn.append(text_at(_LABELS - 10, y + 15, short, "chart-end"))
        drawn.append(
            f'<rect class="chart-f0" x="{_LABELS}" y="{y + 4}" width="{max(share * _BARS, 1):.1f}" height="16">'
            f"<title>{escaped(told)}</title></rect>"
        )
        drawn.append(text_at(_LABELS + share * _BARS + 8, y + 16, f"{count} of {whole}"))
    rows = min(len(bars), MOST_BARS)
    return chart(title, f"{rows} bars", drawn, _TOP + _ROW * rows + 14, _WIDTH)


def _goals(reaches: Sequence[Reach]) -> str:
    """How much of each goal each component reaches alone."""
    first = reaches[:MOST_BARS]
    columns = [(goal, who) for goal in Goal for who in Attacker]
    cells = [[each.goals[who][goal].fraction for goal, who in columns] for each in first]
    return heat_map(
        "Goals reached by each component alone",
        "The share of ordered pairs of access points, by goal; by an outsider where nothing else is said.",
        [each.component.id for each in first],
        [goal.value if who is Attacker.OUTSIDER else f"{goal.value} {who.value}" for goal, who in columns],
        cells,
        texts=[["" if not value else f"{value:.0%}" for value in row] for row in cells],
    )


def _reach_table(reaches: Sequence[Reach]) -> Iterator[str]:
    head = ("component", "what", "names accepted", "pairs", "participants", "messages")
    goals = [f"{goal.value} by {who.value}" for goal in Goal for who in Attacker]
    rows = [
        (
            each.component.id,
            each.component.title,
            names_shown(each),
            share_shown(each.pairs),
            share_shown(each.participants),
            share_shown(each.document_types),
            *(str(each.goals[who][goal]) for goal in Goal for who in Attacker),
        )
        for each in reaches
    ]
    return _table((*head, *goals), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr>'
    yield from (f'<th scope="col">{escape(each)}</th>' for each in head)
    yield "</tr></thead><tbody>"
    for first, *others in rows:
        yield f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(each)}</td>" for each in others)}</tr>'
    yield "</tbody></table></div>"


def _names(reaches: Sequence[Reach]) -> Iterator[str]:
    """For whom something forged is accepted, by name."""
    for each in reaches:
        if any(each.names.values()):
            yield f"<details><summary>Who somebody with {escape(each.component.id)} passes for</summary><ul>"
            for role, names in each.names.items():
                yield f"<li>{role.value}: {escape(', '.join(names) or 'nobody')}</li>"
            yield "</ul></details>"
