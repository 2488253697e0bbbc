# SPDX-License-Identifier: Apache-2.0
"""The report as text, what matters most first."""

from collections.abc import Iterator, Sequence

from trust_lists.errors import shown
from trust_lists.evaluation.blast_radius.goals import Attacker, Goal
from trust_lists.evaluation.blast_radius.reach import Reach, Share
from trust_lists.evaluation.blast_radius.result import BlastRadius
from trust_lists.evaluation.blast_radius.standing import Standing
from trust_lists.evaluation.blast_radius.wording import answer, anyway, told_ways

MOST_ROWS = 40


def as_text(found: BlastRadius, *, everything: bool = False, names: bool = False) -> str:
    """The whole report; components that reach nothing alone only with `everything`, all names only with `names`."""
    told = [each for each in found.reaches if everything or not each.empty]
    parts = [
        answer(found),
        *(f"  {each}" for each in anyway(found)),
        "",
        "Blast radius of each component alone: ordered pairs, participants and kinds of messages for which what it",
        "can forge is accepted; pairs in which a goal is reached with it, by an outsider / a member.",
        "",
        *_table(_rows(told if everything else told[:MOST_ROWS])),
    ]
    if len(told) > MOST_ROWS and not everything:
        parts += ["", f"{len(told) - MOST_ROWS} more reach no more than the last of these (--all shows them)."]
    if len(told) < len(found.reaches):
        parts += ["", f"{len(found.reaches) - len(told)} components reach nothing alone (--all shows them)."]
    if names:
        parts += [line for each in told for line in _names(each)]
    parts += ["", "Smallest sets that reach a goal, by a member (who has an accepted certificate) or an outsider:"]
    for heading, some, any_ in told_ways(found):
        parts += ["", heading, f"  against somebody: {'; '.join(some)}", f"  against anybody:  {'; '.join(any_)}"]
    parts += ["", "Assumed:", *(f"  {each}" for each in found.assumptions), "", f"From {found.source}"]
    return "\n".join(parts)


def standing_text(found: Sequence[Standing], title: str = "") -> str:
    """What stands on each authority; with `title` what is lost without that one, at length."""
    lost = [(each, each.without(title)) for each in found] if title else []
    parts = [
        f"Without {title}: {Share(len(names), len(each.reached))} authorities are lost ({each.measure})."
        for each, names in lost
    ]
    for each, names in lost:
        parts += ["", f"Lost by {each.measure}:", *(f"  {name}" for name in names)]
    parts += [""] if lost else []
    for each in found:
        parts += [f"What is lost without each authority ({each.measure}; {len(each.reached)} are reached):", ""]
        rows = [
            ("lost", "of", "without"),
            *((str(len(lost)), str(len(each.reached)), name) for name, lost in each.lost),
        ]
        parts += [*_table(rows[: MOST_ROWS + 1]), ""]
        if len(rows) > MOST_ROWS + 1:
            parts += [f"{len(rows) - MOST_ROWS - 1} more lose fewer.", ""]
    return "\n".join(parts).rstrip()


def names_shown(reach: Reach) -> str:
    """For whom something forged is accepted: how many of each role."""
    told = [f"{role.value} {len(names)}/{reach.asked[role]}" for role, names in reach.names.items() if names]
    return ", ".join(told) or "-"


def share_shown(share: Share) -> str:
    """A fraction with what it is of."""
    return "-" if share.fraction is None else f"{share.fraction:.0%} ({share.count}/{share.of})"


def _names(reach: Reach) -> Iterator[str]:
    yield ""
    yield f"With {reach.component.id} somebody else passes for"
    for role, names in reach.names.items():
        yield f"  {role.value}: {', '.join(map(shown, names)) or 'nobody'}"


def _rows(reaches: Sequence[Reach]) -> Sequence[Sequence[str]]:
    head = ("component", "what", "names accepted", "pairs", "participants", "messages", *(goal.value for goal in Goal))
    return [head, *(tuple(_row(each)) for each in reaches)]


def _row(reach: Reach) -> Iterator[str]:
    yield reach.component.id
    yield shown(reach.component.title)[:60]
    yield names_shown(reach)
    yield share_shown(reach.pairs)
    yield share_shown(reach.participants)
    yield share_shown(reach.document_types)
    for goal in Goal:
        outsider, member = (reach.goals[who][goal] for who in (Attacker.OUTSIDER, Attacker.MEMBER))
        yield f"{outsider.count}/{member.count}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
