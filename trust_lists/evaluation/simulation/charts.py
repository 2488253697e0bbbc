# SPDX-License-Identifier: Apache-2.0
"""Charts of a simulation, by the names of their files."""

import math

from trust_lists.evaluation.simulation.catalogue import MODELS
from trust_lists.evaluation.simulation.events import Event
from trust_lists.evaluation.simulation.ledger import Growth
from trust_lists.evaluation.simulation.models import Action
from trust_lists.evaluation.simulation.population import YEAR
from trust_lists.evaluation.simulation.results import ModelResult, SimulationResult, Windows, writes_of_joining
from trust_lists.evaluation.svg import Interval, Series, bar_chart, heat_map, interval_chart, line_chart, number

SIZES = (10, 33, 100, 400, 1000)
"""Access points; 33 are the eIDAS nodes of the reference."""


def charts(found: SimulationResult) -> dict[str, str]:
    """Each chart as SVG, by a file name."""
    size = f"{found.settings.participants:,} participants, {found.settings.access_points:,} access points"
    return {
        "joining.svg": _joining(found),
        "writes.svg": _curve(found, "writes", "Writes, without those of metadata", f"{size}; since the first day"),
        "metadata.svg": _curve(found, "metadata_writes", "Writes of metadata and SML records", f"{size}; so far"),
        "bytes.svg": _curve(found, "bytes", "Bytes written and fetched", f"{size}; since the first day"),
        "participants.svg": _participants(found, size),
        "actors.svg": _actors(found, size),
        "events.svg": _events(found),
        "exposure.svg": _windows(
            "Exposure: from a theft to the last relying party that rejects",
            f"Each incident alone, {found.runs} times: p50 (dot) to the longest.",
            [(each.id, drill.exposure) for each in found.models for drill in each.drills],
        ),
        "incidents.svg": _windows(
            "Outages of single incidents",
            f"How long a valid party was rejected; each incident alone, {found.runs} times: p50 (dot) to the longest.",
            [(each.id, drill.outage) for each in found.models for drill in each.drills],
        ),
        "outages.svg": _windows(
            "Outages in all years",
            "How long a valid party was rejected, the longest of each event, in all runs: p50 (dot) to the longest.",
            [(each.id, row) for each in found.models for row in each.outages],
        ),
    }


def _label(model: ModelResult) -> str:
    return f"{model.id} {model.name}"


def _joining(found: SimulationResult) -> str:
    authorities = int(found.assumptions.parameters.number("authorities"))
    by_id = {model.id: model for model in MODELS}
    series = [
        Series(_label(each), tuple((a, writes_of_joining(by_id[each.id], a, authorities)) for a in SIZES))
        for each in found.models
    ]
    return line_chart(
        "Writes until all access points trust each other",
        f"By the number of access points, without metadata, which cost nothing at that time; {authorities} CAs where a "
        "model has several.",
        series,
        x_label="access points",
        y_label="writes",
        log_x=True,
        log_y=True,
    )


def _curve(found: SimulationResult, name: str, title: str, description: str) -> str:
    def value(point: Growth) -> float:
        return float(getattr(point, name))

    series = [
        Series(_label(each), tuple((point.day / YEAR, value(point)) for point in each.growth)) for each in found.models
    ]
    shown = [each for each in series if any(y > 0 for _x, y in each.points)]
    return line_chart(title, description, shown, x_label="years", y_label=name.replace("_", " "), log_y=True)


def _participants(found: SimulationResult, size: str) -> str:
    curve = found.models[0].growth
    points = tuple((point.day / YEAR, float(point.participants)) for point in curve)
    return line_chart("Participants", size, [Series("participants", points)], x_label="years", y_label="participants")


def _actors(found: SimulationResult, size: str) -> str:
    actors = list(dict.fromkeys(actor for each in found.models for actor in each.writes_by_actor))
    kept = [actor for actor in actors if actor not in {"SMP", "SML"}]
    series = [
        (actor, [each.writes_by_actor[actor].mean if actor in each.writes_by_actor else 0.0 for each in found.models])
        for actor in kept
    ]
    return bar_chart(
        "Who writes (without SMP and SML)",
        f"{size}; mean of a run",
        [each.id for each in found.models],
        series,
        y_label="writes",
        stacked=True,
    )


def _events(found: SimulationResult) -> str:
    events = [event for event in Event if any(_each(model, event) is not None for model in found.models)]
    values = [[_each(model, event) for model in found.models] for event in events]
    return heat_map(
        "Writes that one event makes",
        "Mean over all events of a class, those of metadata included; of one participant where participants come, "
        "leave or move. The colour is logarithmic. none: there is no such event, or it costs no write.",
        [event.value for event in events],
        [model.id for model in found.models],
        [[None if value is None else math.log10(1 + value) for value in row] for row in values],
        texts=[["none" if value is None else number(value) for value in row] for row in values],
    )


def _each(model: ModelResult, event: Event) -> float | None:
    costs = [cost for cost in model.costs if cost.event == event]
    writes = [cost.each for cost in costs if cost.each is not None and cost.action == Action.WRITE]
    return sum(writes) if writes else None


def _windows(title: str, description: str, rows: list[tuple[str, Windows]]) -> str:
    order = [event.value for event in Event]
    kept = sorted((pair for pair in rows if pair[1].windows), key=lambda pair: order.index(pair[1].event))
    intervals = [Interval(f"{row.event}, {model}", row.p50, row.p50, row.max) for model, row in kept]
    return interval_chart(title, description, intervals, x_label="days", logarithmic=True)
