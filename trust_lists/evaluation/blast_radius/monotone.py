# SPDX-License-Identifier: Apache-2.0
"""The smallest sets for which something holds that can only become true by adding: exact, not by trying all sets.

These are the prime implicants of a monotone Boolean function that can only be asked. The search is "dualize and
advance" (Gunopulos et al., PODS 1997): whoever avoids all sets found so far leaves out one element of each; if it
holds for none of the largest sets that do so, none is missing.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

MAX_SETS = 2_000
"""Sets, and ways to avoid them all, that a search keeps."""


@dataclass(frozen=True, slots=True)
class MinimalSets(Generic[T]):
    """All minimal sets, or (not `complete`) the first of too many; the smallest first, then in the order of items."""

    sets: tuple[tuple[T, ...], ...]
    complete: bool = True


def minimal_sets(holds: Callable[[frozenset[T]], bool], items: Sequence[T], most: int = MAX_SETS) -> MinimalSets[T]:
    """The minimal sets of `items` for which `holds` is true; ((),) where it holds anyway, () where for no set.

    `holds` must be monotone: true of a set, true of every larger one. It is asked about some sets for each minimal
    set, and about each maximal set for which it does not hold.
    """
    place = {item: number for number, item in enumerate(items)}
    answers: dict[frozenset[T], bool] = {}

    def ask(chosen: frozenset[T]) -> bool:
        if chosen not in answers:
            answers[chosen] = holds(chosen)
        return answers[chosen]

    found: list[frozenset[T]] = []
    avoiding: set[frozenset[T]] = {frozenset()}
    """The minimal sets that have an element of each of `found`."""
    settled: set[frozenset[T]] = set()
    while open_ways := avoiding - settled:
        if len(found) >= most or len(avoiding) > most:
            return MinimalSets(_ordered(found, place), complete=False)
        way = min(open_ways, key=lambda each: (len(each), sorted(place[item] for item in each)))
        rest = frozenset(items) - way
        if not ask(rest):
            settled.add(way)
            continue
        smallest = _smallest(ask, frozenset(), [item for item in items if item in rest])
        found.append(smallest)
        avoiding = _also_avoiding(avoiding, smallest)
    return MinimalSets(_ordered(found, place))


def _smallest(ask: Callable[[frozenset[T]], bool], given: frozenset[T], items: Sequence[T]) -> frozenset[T]:
    """A minimal part of `items` for which, with `given`, it holds: by halves (QuickXplain, Junker 2004)."""
    if ask(given):
        return frozenset()
    if len(items) == 1:
        return frozenset(items)
    half = len(items) // 2
    later = _smallest(ask, given | frozenset(items[:half]), items[half:])
    return later | _smallest(ask, given | later, items[:half])


def _also_avoiding(ways: set[frozenset[T]], one: frozenset[T]) -> set[frozenset[T]]:
    """The minimal ways to avoid one set more (Berge's multiplication)."""
    kept = {way for way in ways if way & one}
    longer = {way | {item} for way in ways - kept for item in one}
    return kept | {each for each in longer if not any(way <= each for way in kept)}


def _ordered(found: Sequence[frozenset[T]], place: dict[T, int]) -> tuple[tuple[T, ...], ...]:
    rows = [sorted(each, key=place.__getitem__) for each in found]
    rows.sort(key=lambda row: (len(row), [place[item] for item in row]))
    return tuple(map(tuple, rows))
