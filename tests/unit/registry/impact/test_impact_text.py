# SPDX-License-Identifier: Apache-2.0
"""A report as text and as a page: the answer first, no more than is so, and nothing of it believed."""

from datetime import timedelta

from registry.impact.effects import changes
from registry.impact.holdings import Holder, Kind, Standing, Use, Verdict
from registry.impact.page import page
from registry.impact.report import (
    Compared,
    Effort,
    ImpactReport,
    affected_of,
    causes_of,
    courses_of,
)
from registry.impact.tallies import Group, moments
from registry.impact.text import lines
from registry.impact.timelines import Reason
from tests.simulators.certificate_chains import NOW
from trust_lists.evaluation.trust_configuration.model import Role

DAY = timedelta(days=1)
YES, NO = Verdict.ACCEPTED, Verdict.REFUSED
EXPIRED = Reason("EXPIRED", "RFC 5280 6.1.3(a)(2)", "it has ended")
NO_PATH = Reason("NO_PATH", "roles.ap-encrypt.accept", "no path leads there")
Course = dict[int, tuple[Verdict, Reason]]
"""Verdicts by the day from which on they count."""


def standings(course: Course) -> tuple[Standing, ...]:
    return tuple(
        Standing(NOW + day * DAY, verdict, reason, Role.AP_ENCRYPT) for day, (verdict, reason) in course.items()
    )


def report(
    *holders: tuple[str, int, Course, Course], kind: Kind = Kind.ACCESS_POINT, advisory: tuple[str, ...] = ()
) -> ImpactReport:
    """Of holders by name with so many participants, by the model in force and by the new one."""
    made = [
        Holder(kind, str(number), name, f"https://{name}", (Use("0"),)) for number, (name, *_) in enumerate(holders)
    ]
    changed = {
        each.id: changes(standings(before), standings(after))
        for each, (_, _, before, after) in zip(made, holders, strict=True)
    }
    groups = [Group(frozenset({each.id}), count) for each, (_, count, _, _) in zip(made, holders, strict=True)]
    behind = {each.id: count for each, (_, count, _, _) in zip(made, holders, strict=True)}
    affected = affected_of(made, changed, behind)
    return ImpactReport(
        domain="demo",
        since=NOW,
        until=moments(NOW, 90)[-1],
        days=90,
        before=Compared("old", "a" * 64, "e" * 64),
        after=Compared("new", "b" * 64, "e" * 64),
        advisory=advisory,
        totals={kind.value: len(made), "participants": sum(behind.values())},
        affected=affected,
        causes=causes_of(affected, groups),
        courses=courses_of(made, changed, groups, NOW),
        effort=Effort(0, 0, 0),
    )


ALWAYS: Course = {0: (YES, Reason())}
ENDS: Course = {0: (YES, Reason()), 10: (NO, EXPIRED)}
NEVER: Course = {0: (NO, NO_PATH)}


def test_nobody_and_nothing() -> None:
    found = list(lines(report()))
    assert found[0] == "demo: new instead of old, over 90 days"
    assert found[1] == "as of 2026-11-20 12:00:00 UTC; configuration aaaaaaaaaaaa → bbbbbbbbbbbb; evidence eeeeeeeeeeee"
    assert found[3:5] == ["Now nobody would stop being accepted.", "Nobody does until 2027-02-18."]
    assert "Why, and who" not in "\n".join(found)
    assert "<svg" in page(report())


def test_who_is_lost_now_and_who_next() -> None:
    gone = {0: (YES, Reason()), 20: (NO, NO_PATH)}
    holders = (("a", 1200, ALWAYS, NEVER), ("b", 1, ENDS, ENDS), ("c", 5, ALWAYS, ALWAYS), ("d", 7, ALWAYS, gone))
    made = report(*holders)
    found = list(lines(made))
    assert found[3:7] == [
        "Now 1 access point and 1,200 participants would stop being accepted.",
        "The next do after 2026-12-10 12:00:00 UTC: then it is 2 access points and 1,207 participants.",
        "By 2027-02-18 it is 2 access points and 1,207 participants.",
        "Whatever is configured, 1 access point and 1 participant drop out by then.",
    ]
    assert made.stops
    text = "\n".join(found)
    assert "  NO_PATH (roles.ap-encrypt.accept): 2 holders, 1,207 participants" in text
    assert "    2026-11-30 12:00  access point b https://b, 1 participant (by either configuration)" in text
    dates = found[found.index("\nWhen (accepted no longer, at the end of the date in UTC)") + 2 :]
    assert [row.split() for row in dates] == [
        ["now", "1", "0", "1,200"],
        ["2026-11-30", "2", "0", "1,201"],
        ["2026-12-10", "3", "0", "1,208"],
    ]


def test_who_would_be_lost_anyway_isnt_the_new_ones_fault() -> None:
    made = report(("b", 1, ENDS, ENDS))
    assert not made.stops
    assert made.lost
    assert "Now nobody would stop being accepted." in list(lines(made))


def test_many_are_left_to_json() -> None:
    many = [(f"ap-{number}", 1, ALWAYS, NEVER) for number in range(30)]
    found = list(lines(report(*many), most=3))
    assert sum(line.startswith("    now  ") for line in found) == 3
    assert "  … and 27 more (--json has all)" in found


def test_other_effects_stand_apart() -> None:
    warned: Course = {0: (Verdict.WARNED, NO_PATH)}
    holders = (("w", 1, ALWAYS, warned), ("k", 1, ENDS, ALWAYS), ("n", 1, NEVER, ALWAYS))
    found = list(lines(report(*holders, advisory=("ap-encrypt",))))
    assert (
        found[5] == "1 more would be warned of only: the domain doesn't enforce ap-encrypt (--enforce: as if it did)."
    )
    also = found[found.index("\nAlso") + 1 :]
    assert [line.split(": ")[1] for line in also] == [
        "would be warned of",
        "would stay accepted",
        "would begin to be accepted",
    ]
    assert "no path leads there [NO_PATH, roles.ap-encrypt.accept]" in also[0]


def test_smps_are_counted_apart() -> None:
    found = report(("SMP-A", 0, ALWAYS, NEVER), kind=Kind.PUBLISHER)
    assert "Now 1 SMP would stop being accepted." in list(lines(found))


def test_the_page_believes_no_name() -> None:
    evil: Course = {0: (NO, Reason("X", "<i>", "</table><script>alert(1)</script>"))}
    shown = page(report(('<img src="x">&', 3, ALWAYS, evil)))
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;img src=" in shown


def test_the_figures_are_of_those_that_the_new_one_refuses() -> None:
    shown = page(report(("a", 1200, ALWAYS, NEVER), ("b", 300, ENDS, ENDS)))
    assert "<b>1</b><span>of 2 access points stop now</span>\n<span>1 by 2027-02-18</span>" in shown
    assert "<b>1,200</b><span>of 1,500 participants stop now</span>\n<span>1,200 by 2027-02-18</span>" in shown


def test_the_figures_tell_the_day_on_which_most_are_refused_though_they_drop_out_themselves_later() -> None:
    gone: Course = {0: (YES, Reason()), 5: (NO, NO_PATH)}
    shown = page(report(("a", 1200, ENDS, gone)))
    assert "1 access points stop now</span>\n<span>1 by 2026-11-25</span>\n<span>0 by 2027-02-18</span>" in shown


def test_the_chart_goes_down_in_steps() -> None:
    shown = page(report(("a", 100, ALWAYS, ENDS), ("b", 50, ALWAYS, ALWAYS)))
    points = [line.split('points="')[1].split('"')[0].split() for line in shown.splitlines() if "<polyline" in line]
    (level, steps) = points
    assert len({point.split(",")[1] for point in level}) == 1
    assert [point.split(",")[0] for point in steps][1:3] == [steps[1].split(",")[0]] * 2
    assert len({point.split(",")[1] for point in steps}) == 2
