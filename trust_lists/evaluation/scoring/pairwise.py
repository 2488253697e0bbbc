# SPDX-License-Identifier: Apache-2.0
"""Pairwise comparisons (the Analytic Hierarchy Process): priorities, and how consistent the comparisons are.

Priorities are the principal eigenvector of a positive reciprocal matrix; the consistency ratio is
CR = (λmax - n) / (n - 1) / RI(n), with Saaty's random indices. Above 0.10 the comparisons contradict each other so
much that Saaty's advice is to revise them: such a matrix is refused unless its file says why it is used nonetheless.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

MAX_CR = 0.10
MAX_ITEMS = 10
"""More can't be compared consistently by anybody, and Saaty's table of random indices ends there."""
STRONGEST = 9
_RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
_ITERATIONS = 1000
_DIGITS = 10**12


@dataclass(frozen=True, slots=True)
class Comparison:
    """`rows[i][j]` says how many times more `items[i]` is than `items[j]`; the items are sorted, however they came."""

    items: tuple[str, ...]
    rows: tuple[tuple[Fraction, ...], ...]

    def __post_init__(self) -> None:
        order = sorted(range(len(self.items)), key=self.items.__getitem__)
        object.__setattr__(self, "rows", tuple(tuple(self.rows[i][j] for j in order) for i in order))
        object.__setattr__(self, "items", tuple(self.items[i] for i in order))

    def without(self, item: str) -> "Comparison":
        """The same comparisons, as if nobody had thought of this item."""
        kept = [i for i, each in enumerate(self.items) if each != item]
        rows = tuple(tuple(self.rows[i][j] for j in kept) for i in kept)
        return Comparison(tuple(self.items[i] for i in kept), rows)

    def priorities(self) -> dict[str, Fraction]:
        """The share of each item, together 1: rounded to 12 digits, so that they don't depend on the machine."""
        vector = self._eigenvector()
        rounded = [Fraction(round(each * _DIGITS), _DIGITS) for each in vector]
        return {item: each / sum(rounded) for item, each in zip(self.items, rounded, strict=True)}

    def consistency_ratio(self) -> float:
        """CR; 0 for comparisons that follow from each other, as any two do."""
        count = len(self.items)
        if count < 3:
            return 0.0
        vector = self._eigenvector()
        products = _times(self.rows, vector)
        largest = sum(product / each for product, each in zip(products, vector, strict=True)) / count
        return max(0.0, round((largest - count) / (count - 1) / _RANDOM_INDEX[count], 9))

    def worst_triple(self) -> tuple[str, str, str]:
        """The three items whose comparisons contradict each other most."""
        of, rows = range(len(self.items)), self.rows
        i, j, k = max(permutations(of, 3), key=lambda t: rows[t[0]][t[1]] * rows[t[1]][t[2]] * rows[t[2]][t[0]])
        return self.items[i], self.items[j], self.items[k]

    def _eigenvector(self) -> list[float]:
        vector = [1 / len(self.items)] * len(self.items)
        for _ in range(_ITERATIONS):
            product = _times(self.rows, vector)
            total = sum(product)
            previous, vector = vector, [each / total for each in product]
            if max(abs(a - b) for a, b in zip(previous, vector, strict=True)) < 1e-15:
                break
        return vector


def problems(items: Sequence[str], rows: Sequence[Sequence[Fraction]]) -> list[str]:
    """Why these rows make no matrix of comparisons; empty where they do."""
    count = len(items)
    if len(set(items)) != count:
        return ["an item stands twice"]
    if not 2 <= count <= MAX_ITEMS:
        return [f"from 2 to {MAX_ITEMS} items can be compared; there are {count}"]
    if len(rows) != count or any(len(row) != count for row in rows):
        return [f"{count} rows of {count} numbers are expected, one for each item in the order of `items`"]
    found = []
    for i in range(count):
        for j in range(i, count):
            if rows[i][j] * rows[j][i] != 1:
                place = f"{items[i]} and {items[j]}"
                found.append(f"the comparisons of {place} must be each other's inverse (3 and 1/3), and 1 with itself")
            elif not Fraction(1, STRONGEST) <= rows[i][j] <= STRONGEST:
                found.append(f"the scale ends at {STRONGEST} and 1/{STRONGEST} ({items[i]}, {items[j]})")
    return found


def ideal(priorities: dict[str, Fraction], everybody: Collection[str]) -> dict[str, Fraction | None]:
    """Values from 0 to 1: priorities as parts of the largest one; None for who was not compared.

    In this form ("ideal mode") a further, worse item takes nothing from the others, which shares of 1 would.
    """
    largest = max(priorities.values())
    return {each: priorities[each] / largest if each in priorities else None for each in everybody}


def _times(rows: Sequence[Sequence[Fraction]], vector: Sequence[float]) -> list[float]:
    return [sum(float(entry) * each for entry, each in zip(row, vector, strict=True)) for row in rows]
