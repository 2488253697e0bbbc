# SPDX-License-Identifier: Apache-2.0
"""Trust models with given values on given criteria, without files: for tests of the arithmetic of scores."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from string import ascii_uppercase

from hypothesis import strategies as st

from trust_lists.evaluation.scoring.profiles import Criterion, Part, Profile
from trust_lists.evaluation.scoring.reading import Range
from trust_lists.evaluation.scoring.value_functions import WHOLE

Value = str | tuple[str, str] | None
"""`"0.5"`, `("0.2", "0.6")`, or None where it is unknown."""


def profile(model: str, *values: Value) -> Profile:
    """A model with a value on each criterion, which are called a, b, c …"""
    return Profile(
        model,
        tuple(
            Criterion(chr(ord("a") + number), (Part("q", Fraction(1), _range(value), None, value is not None, False),))
            for number, value in enumerate(values)
        ),
    )


def models(**values: Sequence[Value]) -> tuple[Profile, ...]:
    """Models by name."""
    return tuple(profile(name, *each) for name, each in sorted(values.items()))


def _range(value: Value) -> Range:
    match value:
        case None:
            return WHOLE
        case (low, high):
            return Range(Fraction(low), Fraction(high))
        case _:
            return Range(Fraction(str(value)), Fraction(str(value)))


def _pair(ends: Sequence[int]) -> tuple[str, str]:
    return f"{min(ends)}/20", f"{max(ends)}/20"


VALUES: st.SearchStrategy[Value] = st.one_of(
    st.integers(0, 20).map(lambda twentieths: f"{twentieths}/20"),
    st.lists(st.integers(0, 20), min_size=2, max_size=2).map(_pair),
    st.none(),
)


@st.composite
def some_models(
    draw: st.DrawFn, *, known: bool = False, least: int = 2, criteria: int | None = None
) -> tuple[Profile, ...]:
    """Two to five models on one to four criteria; `known` ones have exact values only."""
    count = criteria or draw(st.integers(1, 4))
    value = st.integers(0, 20).map(lambda twentieths: f"{twentieths}/20") if known else VALUES
    rows = draw(st.lists(st.lists(value, min_size=count, max_size=count), min_size=least, max_size=5))
    return tuple(profile(name, *row) for name, row in zip(ascii_uppercase, rows, strict=False))


def weights_of(profiles: Sequence[Profile], points: Sequence[int]) -> Mapping[str, Fraction]:
    """Weights in proportion to these points."""
    ids = [each.id for each in profiles[0].criteria]
    used = points[: len(ids)]
    return {each: Fraction(point, sum(used)) for each, point in zip(ids, used, strict=True)}
