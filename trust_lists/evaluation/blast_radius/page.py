# SPDX-License-Identifier: Apache-2.0
"""The report as a page of HTML that stands alone (trust_lists.evaluation.html_page)."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from trust_lists.evaluation.blast_radius.goals import Attacker, Goal
from trust_lists.evaluation.blast_radius.reach import Reach
from trust_lists.evaluation.blast_radius.result import BlastRadius
from trust_lists.evaluation.blast_radius.standing import Standing
from trust_lists.evaluation.blast_radius.text import names_shown, share_shown
from trust_lists.evaluation.blast_radius.wording import answer, anyway, told_ways
from trust_lists.evaluation.html_page import Table, document, header, pictures, table, told
from trust_lists.evaluation.svg import chart, escaped, heat_map, text_at

MOST_BARS = 30
_ROW, _LABELS, _WIDTH, _TOP, _BARS = 26, 280, 760, 46, 380
_LETTERS = 40
_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:[^,\\]|\\.)+)")
_FIRST = re.compile(r"^[^=,]+=((?:[^,\\]|\\.)+)")
Bar = tuple[str, int, int]
"""Label, count, of how many."""


def page(found: BlastRadius, *, everything: bool = False) -> str:
    """The whole page."""
    shown = [each for each in found.reaches if everything or not each.empty]
    bars = [(each.component.id, each.pairs.count, each.pairs.of) for each in shown]
    lead = list(anyway(found))
    if len(shown) < len(found.reaches):
        lead.append(f"{len(found.reaches) - len(shown)} components reach nothing alone and are not shown.")
    sections = [
        _section(
            "Blast radius",
            "Ordered pairs of access points in which what a component can forge would be accepted.",
            [
                *pictures((_bars("Pairs reached by each component alone", bars), _goals(shown))),
                f"<p>Goals: {escape('; '.join(f'{goal.value} {goal.wish}' for goal in Goal))}.</p>",
                *_reach_table(shown),
                *_names(shown),
            ],
            found.source,
        ),
        _section(
            "Minimal compromise sets",
            "The smallest sets of components that reach a goal: against somebody, and against whomever the attacker "
            "chooses. A member has an accepted certificate of its own, an outsider has none.",
            list(_ways(found)),
            found.source,
        ),
    ]
    if found.assumptions:
        told_so = ["<ul>", *(f"<li>{escape(each)}</li>" for each in found.assumptions), "</ul>"]
        sections.append(_section("Assumed", "", told_so, ""))
    title = f"Blast radius of {found.configuration.id}"
    return _page(title, (answer(found), *lead), sections)


def standing_page(found: Sequence[Standing], title: str, name: str, source: str) -> str:
    """What stands on each authority of a configuration; with `title` what is lost without that one."""
    sections, lead = [], []
    for each in found:
        whole = len(each.reached)
        several = [(authority, len(lost)) for authority, lost in each.lost if len(lost) > 1]
        alone = [authority for authority, lost in each.lost if len(lost) <= 1]
        content: list[str] = []
        if title:
            gone = each.without(title)
            lead.append(f"Without {title}: {len(gone)} of {whole} authorities are lost ({each.measure}).")
            content += [f"<h3>Lost without {escape(title)}</h3>", '<ul class="names">']
            content += [*(f"<li>{escape(lost)}</li>" for lost in gone), "</ul>"]
        elif several:
            lead.append(
                f"Most stands on {several[0][0]}: without it, {several[0][1]} of {whole} authorities are lost "
                f"({each.measure})."
            )
        if several:
            bars = [(_called(authority), count, whole) for authority, count in several]
            content += pictures([_bars("Authorities lost without each", bars)])
            rows = [(authority, str(count)) for authority, count in several]
            content += table(Table.of(("without", f"lost, of {whole}"), rows))
        if alone:
            content.append(f"<details><summary>{len(alone)} with which nothing but themselves is lost</summary>")
            content.append('<ul class="names">')
            content += [*(f"<li>{escape(authority)}</li>" for authority in alone), "</ul></details>"]
        sections.append(_section(f"By {each.measure}", f"{whole} authorities are reached.", content, source))
    return _page(f"What stands on each authority of {name}", lead, sections)


def _page(title: str, findings: Sequence[str], sections: Sequence[str]) -> str:
    return document(title, (*header(title, findings), "<main>", *sections, "</main>"))


def _called(subject: str) -> str:
    """The common name of a subject; where it has none, its first attribute."""
    found = _COMMON_NAME.search(subject) or _FIRST.search(subject)
    return found[1] if found else subject


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
        short = label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
        drawn.append(text_at(_LABELS - 10, y + 15, short, "chart-end"))
        drawn.append(
            f'<rect class="chart-f0" x="{_LABELS}" y="{y + 4}" width="{share * _BARS:.1f}" height="16">'
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
    head = ("component", "what", "names accepted", "pairs", "participants", "messages", *(goal.value for goal in Goal))
    rows = [
        (
            each.component.id,
            each.component.title,
            names_shown(each),
            share_shown(each.pairs),
            share_shown(each.participants),
            share_shown(each.document_types),
            *(_by_whom(each, goal) for goal in Goal),
        )
        for each in reaches
    ]
    return table(Table.of(head, rows))


def _by_whom(reach: Reach, goal: Goal) -> str:
    """The pairs in which an outsider reaches the goal, and a member where these are others."""
    outsider, member = (str(reach.goals[who][goal]) for who in (Attacker.OUTSIDER, Attacker.MEMBER))
    return outsider if outsider == member else f"{outsider} (member: {member})"


def _ways(found: BlastRadius) -> Iterator[str]:
    """Minimal sets, one a line."""
    yield '<div class="wide"><table><thead><tr><th scope="col">goal</th><th scope="col">against somebody</th>'
    yield '<th scope="col">against anybody</th></tr></thead><tbody>'
    for heading, *sides in told_ways(found):
        yield f'<tr><th scope="row">{escape(heading)}</th>'
        for side in sides:
            yield f"<td><ul>{''.join(f'<li>{told(each)}</li>' for each in side)}</ul></td>"
        yield "</tr>"
    yield "</tbody></table></div>"


def _names(reaches: Sequence[Reach]) -> Iterator[str]:
    """For whom something forged is accepted, by name."""
    for each in reaches:
        if any(each.names.values()):
            yield f"<details><summary>Who somebody with {escape(each.component.id)} passes for</summary><ul>"
            for role, names in each.names.items():
                yield f"<li>{role.value}: {escape(', '.join(names) or 'nobody')}</li>"
            yield "</ul></details>"
