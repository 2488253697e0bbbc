# SPDX-License-Identifier: Apache-2.0
"""A report as a page of HTML that stands alone (trust_lists.evaluation.html_page)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from registry.impact import text
from registry.impact.effects import LOST, Effect
from registry.impact.report import PARTICIPANTS, Affected, Cause, ImpactReport
from registry.impact.tallies import Course
from trust_lists.evaluation.decisions.model import ENGINE_VERSION
from trust_lists.evaluation.html_page import Table, document, header, pictures, table
from trust_lists.evaluation.svg import Series, line_chart

MOST = 1_000
"""How many holders a table has at most."""


def page(report: ImpactReport) -> str:
    """The whole page."""
    heading = text.heading(report)
    body = (
        *header(heading, tuple(text.sentences(report)), text.provenance(report)),
        "<main>",
        *_figures(report),
        *_chart(report),
        *_causes(report),
        *_dates(report),
        *_lost(report),
        *_others(report),
        *_provenance(report),
        "</main>",
    )
    return document(f"Impact on {heading}", body)


def _figures(report: ImpactReport) -> Iterator[str]:
    """How many of each kind stop by the end, of how many; and at most, as who stops may then drop out by itself."""
    yield '<ul class="figures">'
    for label, kinds in text.COLUMNS:
        courses = [report.courses[kind] for kind in kinds]
        times = {at for course in courses for at, _ in course.steps} | {report.since, report.until}
        stopped = {at: sum(course.at(at).of(report.own) for course in courses) for at in times}
        now, then, most = stopped[report.since], stopped[report.until], max(stopped.values())
        total = sum(report.totals.get(kind, 0) for kind in kinds)
        mood = "bad" if now else "soon" if most else "good"
        yield f'<li class="{mood}"><b>{text.number(now)}</b><span>of {text.number(total)} {label} stop now</span>'
        if most > max(now, then):
            first = min(at for at, count in stopped.items() if count == most)
            yield f"<span>{text.number(most)} by {first:%Y-%m-%d}</span>"
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
    drawn = line_chart(
        f"Accepted {what}",
        f"How many {what} are accepted at each time of {report.days} days, by each configuration.",
        series,
        x_label=f"days from {report.since:%Y-%m-%d}",
        y_label=what,
    )
    yield from pictures([drawn])
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
    yield from _table(("Check", "Clause", "First", "Holders", "Behind them", "For example"), map(_cause, report.causes))
    yield "</section>"


def _cause(cause: Cause) -> tuple[str, ...]:
    clause = cause.clause + (f" ({cause.source})" if cause.source else "")
    counts = (text.number(len(cause.holders)), text.costs(cause))
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
    head = ("What", "Name", "Address", "Behind it", "Since", "Effect", "Check", "In words")
    yield from _table(head, (_holder(each, report) for each in affected[:MOST]))
    if len(affected) > MOST:
        yield f"<p>… and {len(affected) - MOST} more.</p>"


def _holder(each: Affected, report: ImpactReport) -> tuple[str, ...]:
    holder = each.holder
    change = each.first(*LOST) or each.first(*(effect for effect in Effect if effect is not Effect.SAME))
    shown = (text.WORDS[holder.kind], holder.name, holder.address, text.behind(each))
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
    return table(Table.of(head, rows))
