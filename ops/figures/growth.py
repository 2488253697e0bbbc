# SPDX-License-Identifier: Apache-2.0
"""Figures of growth: what it costs a network to begin, to run ten years, and to lose a key, under each model."""

from collections.abc import Callable, Mapping
from functools import cache

from trust_lists.evaluation.simulation import (
    MODELS,
    Assumptions,
    Settings,
    SimulationResult,
    simulate,
    writes_of_joining,
)
from trust_lists.evaluation.simulation.charts import charts

SIZES = (33, 100, 400, 1_000)
SETTINGS = Settings(participants=1_000_000, access_points=400, years=10.0, seed=1)
RUNS = 5
INCIDENT = "access point compromise"
JOINING_CHART = "joining.svg"


@cache
def simulated() -> SimulationResult:
    """All models of the catalogue through the same histories."""
    assumptions = Assumptions()
    return SimulationResult(
        SETTINGS, RUNS, assumptions, tuple(simulate(model, SETTINGS, assumptions, RUNS) for model in MODELS)
    )


def joining() -> str:
    """Writes until everybody trusts everybody, by the number of access points."""
    lines = [f"| model | {' | '.join(f'A = {size:,}' for size in SIZES)} |", f"|---|{'---|' * len(SIZES)}"]
    for model in MODELS:
        writes = " | ".join(f"{writes_of_joining(model, size):,}" for size in SIZES)
        lines.append(f"| {model.id} {model.name} | {writes} |")
    return "\n".join(lines)


def ten_years() -> str:
    """What ten years cost, and how long a stolen key of an access point is still accepted."""
    lines = [
        "| model | writes | signatures | time that a valid pair is cut off | stolen key accepted: p50, p95 days |",
        "|---|---|---|---|---|",
    ]
    for model in simulated().models:
        drill = next(each for each in model.drills if each.event == INCIDENT)
        exposure = drill.exposure
        days = "none" if exposure.p50 is None else f"{exposure.p50:.1f}, {exposure.p95:.1f}"
        lines.append(
            f"| {model.id} {model.name} | {_range(model.writes.least, model.writes.most)} | "
            f"{_range(model.signatures.least, model.signatures.most)} | {model.unavailable:.2%} | {days} |"
        )
    return "\n".join(lines)


def _range(least: float, most: float) -> str:
    return f"{least:,.0f}" if least == most else f"{least:,.0f} to {most:,.0f}"


def chart(name: str) -> Callable[[], str]:
    """One of the charts of the simulation."""
    return lambda: charts(simulated())[name]


FIGURES: Mapping[str, Callable[[], str]] = {"joining": joining, "ten-years": ten_years}
FILES: Mapping[str, Callable[[], str]] = {f"figures/{JOINING_CHART}": chart(JOINING_CHART)}
