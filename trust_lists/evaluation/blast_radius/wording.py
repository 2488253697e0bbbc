# SPDX-License-Identifier: Apache-2.0
"""Minimal sets in words: those that differ only in which SMP, store or authority it is become one line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trust_lists.evaluation.blast_radius.components import Component, Kind
from trust_lists.evaluation.blast_radius.goals import Attacker, Goal
from trust_lists.evaluation.blast_radius.result import BlastRadius, Ways

NOTHING = "nothing at all"
NEVER = "not reachable with what there is"
_PLURAL = {
    Kind.SMP_KEY: "SMP keys",
    Kind.PIN_STORE: "pin stores",
    Kind.AUTHORITY: "authorities",
}
_SINGULAR = {Kind.SMP_KEY: "an SMP key", Kind.PIN_STORE: "a pin store", Kind.AUTHORITY: "an authority"}
_SPELLED_OUT = 3
"""So many sets of one pattern are written out."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Minimal sets that are alike."""

    text: str
    sets: int


def patterns(sets: Sequence[Sequence[str]], components: Mapping[str, Component]) -> tuple[Pattern, ...]:
    """The sets, grouped; the smallest first."""
    groups: dict[tuple[str, ...], list[Sequence[str]]] = {}
    for each in sets:
        groups.setdefault(_shape(each, components), []).append(each)
    found: list[Pattern] = []
    for shape, alike in groups.items():
        if len(alike) <= _SPELLED_OUT:
            found += [Pattern(" + ".join(each) or NOTHING, 1) for each in alike]
        else:
            found.append(Pattern(" + ".join(shape), len(alike)))
    return tuple(found)


def told_sets(ways: Ways, components: Mapping[str, Component]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sets against somebody, and those against anybody."""
    return _told(ways.somewhere.sets, ways.somewhere.complete, components), _told(
        ways.everywhere.sets, ways.everywhere.complete, components
    )


def answer(found: BlastRadius) -> str:
    """The most important sentence."""
    anyway = [(who, goal) for who, goals in found.anyway.items() for goal, share in goals.items() if share.count]
    if anyway:
        who, goal = anyway[0]
        share = found.anyway[who][goal]
        return f"Without any compromise, {_who(who)} can already {goal.wish}: {share} ordered pairs."
    if not found.reaches or found.reaches[0].empty:
        return "None of these components reaches anything alone."
    first = found.reaches[0]
    return (
        f"Most depends on {first.component.id} ({first.component.title}): what can be forged with it is accepted in "
        f"{first.pairs} ordered pairs of access points, for {first.participants} participants."
    )


def anyway(found: BlastRadius) -> Iterable[str]:
    """What is reached without any compromise."""
    for who, goals in found.anyway.items():
        for goal, share in goals.items():
            if share.count:
                yield f"{_who(who)} can {goal.wish} ({goal.value}) without any compromise: {share} ordered pairs"


def told_ways(found: BlastRadius) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """For each goal a heading, the sets against somebody, and those against anybody; alike attackers together."""
    components = {each.id: each for each in found.components}
    for goal in Goal:
        told = {who: told_sets(goals[goal], components) for who, goals in found.ways.items()}
        alike = len(set(told.values())) == 1
        for who, lines in told.items():
            if not alike:
                yield (f"{goal.value} {goal.wish}, by {_who(who)}", *lines)
        if alike:
            yield (f"{goal.value} {goal.wish}, by outsiders and members alike", *next(iter(told.values())))


def _who(attacker: Attacker) -> str:
    return "a member" if attacker is Attacker.MEMBER else "an outsider"


def _told(sets: Sequence[Sequence[str]], complete: bool, components: Mapping[str, Component]) -> tuple[str, ...]:
    told = [f"{each.text} ({each.sets} sets)" if each.sets > 1 else each.text for each in patterns(sets, components)]
    return (*(told or [NEVER]), *(() if complete else ("and more, too many to find them all",)))


def _shape(each: Sequence[str], components: Mapping[str, Component]) -> tuple[str, ...]:
    counted = Counter(components[name].kind for name in each if components[name].kind in _PLURAL)
    alone = [name for name in each if components[name].kind not in _PLURAL]
    many = [_SINGULAR[kind] if count == 1 else f"{count} {_PLURAL[kind]}" for kind, count in counted.items()]
    return (*many, *alone)
