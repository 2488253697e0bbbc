# SPDX-License-Identifier: Apache-2.0
"""A report as a page of HTML that stands alone: no scripts, nothing fetched, light or dark as its reader has it.

All that comes from certificates and settings is escaped, and a Content-Security-Policy in the page allows nothing but
its own styles.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from html import escape

from registry.impact import text
from registry.impact.effects import LOST, Effect
from registry.impact.report import PARTICIPANTS, Affected, Cause, ImpactReport
from registry.impact.style import STYLE
from registry.impact.tallies import Course
from trust_lists.evaluation.decisions.model import ENGINE_VERSION
from trust_lists.evaluation.svg import Series, line_chart

MOST = 1_000
"""How many holders a table has at most."""


def page(report: ImpactReport) -> str:
    """The whole page."""
    title = escape(f"Impact on {text.heading(report)}")
    answer, *others = text.sentences(report)
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
            f'<header><h1>{escape(text.heading(report))}</h1><p class="answer">{escape(answer)}</p>',
            *(f"<p>{escape(each)}</p>" for each in others),
            f'<p class="from">{escape(text.provenance(report))}</p></header>',
            "<main>",
            *_figures(report),
            *_chart(report),
            *_causes(report),
            *_dates(report),
            *_lost(report),
            *_others(report),
            *_provenance(report),
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _figures(report: ImpactReport) -> Iterator[str]:
    """How many of each kind stop by the end, of how many."""
    yield '<ul class="figures">'
    for label, kinds in text.COLUMNS:
        total = sum(report.totals.get(kind, 0) for kind in kinds)
        now, then = (
            sum(report.courses[kind].at(at).of(report.own) for kind in kinds) for at in (report.since, report.until)
        )
        mood = "bad" if now else "soon" if then else "good"
        yield f'<li class="{mood}"><b>{text.number(now)}</b><span>of {text.number(total)} {label} stop now</span>'
        yield f"<span>{text.number(then)} by {report.until:%Y-%m-%d}</span></li>"
    yield "</ul>"


def _chart(report: ImpactReport) -> Iterator[str]:
    kind = PARTICIPANTS if report.totals.get(PARTICIPANTS) else "access-point"
    what = "participants" if kind == PARTICIPANTS else "access points"
    course = report.courses[kind]
    series = [Series(f"{report.before.id} (in force)", _steps(report, course, new=False))]
    if not report.same:
        series.append(Series(report.after.id, _steps(report, course, new=True)))
    yield "<section><h2>Accepted over time</h2>"
    yield line_chart(
        f"Accepted {what}",
        f"How many {what} are accepted at each time of {report.days} days, by each configuration.",
        series,
        x_label=f"days from {report.since:%Y-%m-%d}",
        y_label=what,
    )
    yield "</section>"


def _steps(report: ImpactReport, course: Course, *, new: bool) -> tuple[tuple[float, float], ...]:
    """A line that goes up and down at the instants, and level between them."""
    points: list[tuple[float, float]] = []
    for at, tally in course.steps:
        day = (at - report.since) / timedelta(days=1)
        if points:
            points.append((day, points[-1][1]))
        points.append((day, tally.after if new else tally.before))
    return (*points, ((report.until - report.since) / timedelta(days=1), points[-1][1]))


def _causes(report: ImpactReport) -> Iterator[str]:
    if not report.causes:
        return
    yield "<section><h2>Why</h2>"
    yield "<p>The check that decides about each of them, when it first does.</p>"
    yield from _table(
        ("Check", "Clause", "First", "Holders", "Participants", "For example"), map(_cause, report.causes)
    )
    yield "</section>"


def _cause(cause: Cause) -> tuple[str, ...]:
    clause = cause.clause + (f" ({cause.source})" if cause.source else "")
    counts = (text.number(len(cause.holders)), text.number(cause.participants))
    return (cause.check, clause, text.instant(cause.first), *counts, cause.example)


def _dates(report: ImpactReport) -> Iterator[str]:
    if not report.lost:
        return
    yield "<section><h2>When</h2>"
    yield "<p>Who is accepted no longer, at the end of each date (UTC) on which something changes.</p>"
    yield from _table(("", *(label for label, _ in text.COLUMNS)), text.dates(report))
    yield "</section>"


def _lost(report: ImpactReport) -> Iterator[str]:
    if not report.lost:
        return
    yield f"<section><h2>Who stops being accepted: {len(report.lost)}</h2>"
    yield from _holders(report.lost, report)
    yield "</section>"


def _others(report: ImpactReport) -> Iterator[str]:
    others = [each for each in report.affected if not each.first(*LOST)]
    if not others:
        return
    yield f"<details><summary><h2>To whom something else happens: {len(others)}</h2></summary>"
    yield from _holders(others, report)
    yield "</details>"


def _holders(affected: Sequence[Affected], report: ImpactReport) -> Iterator[str]:
    head = ("What", "Name", "Address", "Participants", "Since", "Effect", "Check", "In words")
    yield from _table(head, (_holder(each, report) for each in affected[:MOST]))
    if len(affected) > MOST:
        yield f"<p>… and {len(affected) - MOST} more.</p>"


def _holder(each: Affected, report: ImpactReport) -> tuple[str, ...]:
    holder = each.holder
    change = each.first(*LOST) or each.first(*(effect for effect in Effect if effect is not Effect.SAME))
    shown = (holder.kind.value, holder.name, holder.address, text.number(each.participants))
    if change is None:
        return (*shown, "", "", "", "")
    since = "now" if change.since == report.since else text.instant(change.since)
    return (*shown, since, change.effect.value, change.after.reason.id, change.after.reason.message)


def _provenance(report: ImpactReport) -> Iterator[str]:
    yield "<section><h2>What this rests on</h2>"
    rows = [
        ("Configuration in force", f"{report.before.id} {report.before.address}"),
        ("New configuration", f"{report.after.id} {report.after.address}"),
        ("Evidence", report.after.evidence or "none"),
        ("Engine", ENGINE_VERSION),
        ("Moment", text.instant(report.since)),
        ("Roles that only warn", ", ".join(report.advisory) or "none"),
    ]
    yield from _table(("", ""), rows)
    yield "</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield '<div class="wide"><table>'
    if any(head):
        yield "<thead><tr>" + "".join(f'<th scope="col">{escape(each)}</th>' for each in head) + "</tr></thead>"
    yield "<tbody>"
    for first, *others in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        yield f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'
    yield "</tbody></table></div>"
