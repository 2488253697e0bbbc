# SPDX-License-Identifier: Apache-2.0
"""A report as text: the answer first, then why, then when, then who."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from registry.impact.effects import LOST, Change, Effect
from registry.impact.holdings import Kind
from registry.impact.report import PARTICIPANTS, Affected, Cause, ImpactReport
from registry.impact.tallies import Tally

COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("access points", (Kind.ACCESS_POINT.value,)),
    ("SMPs", (Kind.PUBLISHER.value, Kind.SIGNER.value, Kind.REDIRECT.value)),
    ("participants", (PARTICIPANTS,)),
)
"""What is counted for people, and the courses that it is the sum of."""
MOST = 20
"""How many holders are named."""

WORDS = {
    Kind.ACCESS_POINT: "access point",
    Kind.PUBLISHER: "SMP",
    Kind.SIGNER: "SMP (signs)",
    Kind.REDIRECT: "SMP (redirect)",
}
_ALSO = {
    Effect.BEGINS: "would begin to be accepted",
    Effect.KEPT: "would stay accepted",
    Effect.WARNED: "would be warned of",
}


def lines(report: ImpactReport, *, most: int = MOST) -> Iterator[str]:
    """The whole text, line by line; of the holders at most `most` are named."""
    yield heading(report)
    yield provenance(report)
    yield ""
    yield from sentences(report)
    yield ""
    yield from _table([("", "there are", "accepted now", "by the new one", "stop", "begin"), *_totals(report)])
    if report.causes:
        yield "\nWhy, and who"
        for cause in report.causes:
            yield from _cause(report, cause, most)
    if report.lost:
        yield "\nWhen (accepted no longer, at the end of the date in UTC)"
        yield from _table([("", *(label for label, _ in COLUMNS)), *dates(report)])
    others = [each for each in report.affected if not each.first(*LOST)]
    if others:
        yield "\nAlso"
        yield from map(also, others[:most])
        yield from _left_out(others, most)


def heading(report: ImpactReport) -> str:
    """What was compared."""
    if report.same:
        return f"{report.domain}: {report.before.id}, in force, over {report.days} days"
    return f"{report.domain}: {report.after.id} instead of {report.before.id}, over {report.days} days"


def provenance(report: ImpactReport) -> str:
    """What the answer rests on, by digests."""
    compared = [report.before] if report.same else [report.before, report.after]
    configurations = " → ".join(f"{each.address[:12]}" for each in compared)
    evidence = ", ".join(dict.fromkeys(each.evidence[:12] or "none" for each in compared))
    return f"as of {instant(report.since)}; configuration {configurations}; evidence {evidence}"


def sentences(report: ImpactReport) -> Iterator[str]:
    """The answer: who stops being accepted now, who next, how many by the end; and who would in any case."""
    until, own = f"{report.until:%Y-%m-%d}", report.own
    now = counted(report, report.since, own)
    yield f"Now {now or 'nobody'} {'drops out' if report.same else 'would stop being accepted'}."
    later = [each.since for one in report.affected for each in one.changes[1:] if each.effect is own]
    if later:
        first = min(later)
        yield f"The next do after {instant(first)}: then it is {counted(report, first, own)}."
        yield f"By {until} it is {counted(report, report.until, own) or 'nobody any more'}."
    else:
        yield f"Nobody {'else ' if now else ''}does until {until}."
    anyway = counted(report, report.until, Effect.LAPSES)
    if anyway and not report.same:
        yield f"Whatever is configured, {anyway} drop out by then."
    warned = sum(1 for each in report.affected if each.first(Effect.WARNED))
    if warned:
        roles = ", ".join(report.advisory)
        yield f"{warned} more would be warned of only: the domain doesn't enforce {roles} (--enforce: as if it did)."


def counted(report: ImpactReport, at: datetime, effect: Effect) -> str:
    """To how many something happens at a time, in words; "" for nobody."""
    counts = [(label, _sum(report, kinds, at).of(effect)) for label, kinds in COLUMNS]
    told = [f"{number(count)} {label if count != 1 else label[:-1]}" for label, count in counts if count]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def dates(report: ImpactReport) -> Iterator[tuple[str, ...]]:
    """Now, and each date on which something changes: how many of each column are accepted no longer."""
    before: list[int] = []
    for position, at in enumerate(report.days_at()):
        counts = [_sum(report, kinds, at).of(*LOST) for _, kinds in COLUMNS]
        if counts != before:
            yield ("now" if position == 0 else f"{at:%Y-%m-%d}", *map(number, counts))
        before = counts


def also(each: Affected) -> str:
    """A holder that isn't lost, and what happens to it."""
    change = each.first(*_ALSO)
    assert change is not None  # noqa: S101  # something happens to it
    reason = change.after.reason
    why = f": {reason.message} [{reason.id}, {reason.clause}]" if reason.id else ""
    return f"  {_when(each, change)}  {_name(each)}: {_ALSO[change.effect]}{why}"


def instant(time: datetime) -> str:
    """An instant to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def number(count: int) -> str:
    """With commas between thousands."""
    return f"{count:,}"


def plural(count: int, what: str) -> str:
    """`1 participant`, `2,000 participants`."""
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def costs(cause: Cause) -> str:
    """Who is behind the holders of a cause: participants of the domain's own SMP, registrations of others."""
    found = [(cause.participants, "participant"), (cause.registrations, "registration")]
    return ", ".join(plural(count, what) for count, what in found if count) or "no participants"


def behind(affected: Affected) -> str:
    """The same of one holder."""
    what = "registration" if affected.holder.kind is Kind.PUBLISHER else "participant"
    return plural(affected.participants, what)


def _totals(report: ImpactReport) -> Iterator[tuple[str, ...]]:
    for label, kinds in COLUMNS:
        tally = _sum(report, kinds, report.since)
        total = sum(report.totals.get(kind, 0) for kind in kinds)
        counts = (total, tally.before, tally.after, tally.of(*LOST), tally.of(Effect.BEGINS))
        yield (label, *map(number, counts))


def _sum(report: ImpactReport, kinds: Sequence[str], at: datetime) -> Tally:
    tallies = [report.courses[kind].at(at) for kind in kinds]
    effects = {effect: sum(each.of(effect) for each in tallies) for effect in Effect}
    return Tally(sum(each.before for each in tallies), sum(each.after for each in tallies), effects)


def _cause(report: ImpactReport, cause: Cause, most: int) -> Iterator[str]:
    where = f" of {cause.source}" if cause.source else ""
    counts = f"{plural(len(cause.holders), 'holder')}, {costs(cause)}"
    yield f"  {cause.check} ({cause.clause or 'registry'}){where}: {counts}"
    yield f"    for example: {cause.example}"
    ids = set(cause.holders)
    lost = [each for each in report.lost if each.holder.id in ids]
    for each in lost[:most]:
        change = each.first(*LOST)
        assert change is not None  # noqa: S101  # it is one of those that are lost
        either = " (by either configuration)" if change.effect is Effect.LAPSES and not report.same else ""
        yield f"    {_when(each, change)}  {_name(each)}{either}"
    yield from _left_out(lost, most)


def _name(each: Affected) -> str:
    holder = each.holder
    return f"{WORDS[holder.kind]} {holder.name} {holder.address}, {behind(each)}"


def _when(each: Affected, change: Change) -> str:
    return "now             " if change.since == each.changes[0].since else f"{change.since:%Y-%m-%d %H:%M}"


def _left_out(affected: Sequence[Affected], most: int) -> Iterator[str]:
    if len(affected) > most:
        yield f"  … and {len(affected) - most} more (--json has all)"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield f"  {'  '.join(cells)}".rstrip()
