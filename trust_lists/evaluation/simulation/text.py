# SPDX-License-Identifier: Apache-2.0
"""Results of simulations as tables of text and as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

from trust_lists.evaluation.simulation.parameters import CATALOGUE, Parameters
from trust_lists.evaluation.simulation.results import Amount, SimulationResult, Windows
from trust_lists.evaluation.svg import number


def as_text(found: SimulationResult) -> str:
    """Tables: costs, who writes, exposure windows, outage windows, drills."""
    settings = found.settings
    several = "s" if found.runs > 1 else ""
    told = (
        f"{settings.participants:,} participants behind {settings.access_points:,} access points, {settings.years:g} "
        f"years, {found.runs} run{several} from seed {settings.seed}{'' if settings.chance else ', without chance'}"
    )
    lines = [
        told,
        "",
        "COSTS of a run: mean (least to most)",
        *_table(
            ("model", "", "writes", "metadata writes", "signatures", "bytes", "unavailable"),
            [
                (
                    each.id,
                    each.name,
                    _range(each.writes),
                    _range(each.metadata_writes),
                    _range(each.signatures),
                    _range(each.bytes),
                    f"{each.unavailable:.4%}",
                )
                for each in found.models
            ],
        ),
        "",
        "WRITES by actor, mean of a run",
        *_by_actor(found),
        "",
        "EXPOSURE in days: from the theft (or the end of a membership) to the last relying party that rejects",
        "(with the key of an SMP a thief can redirect; only under T13 is that enough to be taken for the recipient)",
        *_windows((each.id, row) for each in found.models for row in each.exposures if row.windows),
        "",
        "OUTAGES in days: for how long one relying party rejected a valid party, the longest of each event",
        *_windows((each.id, row) for each in found.models for row in each.outages if row.windows),
        "",
        "DRILLS: one incident alone, of the largest access point, an SMP, a CA, the signer; days, p50 (to the longest)",
        *_drills(found),
    ]
    return "\n".join(lines)


def growth_csv(found: SimulationResult) -> str:
    """The curves of all models: a row for each model and period."""
    names = [*found.models[0].growth[0].__slots__] if found.models else []
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("model", *names))
    for model in found.models:
        writer.writerows((model.id, *(getattr(point, name) for name in names)) for point in model.growth)
    return stream.getvalue()


def parameter_table(parameters: Parameters) -> str:
    """What is assumed, with unit, source and meaning."""
    rows = []
    for each in CATALOGUE:
        value = parameters.value(each.name).to_json()
        told = ", ".join(f"{k} {v:g}" for k, v in value.items()) if isinstance(value, dict) else f"{value:g}"
        source = "given" if each.name in parameters.given else each.source
        rows.append((each.name, told, each.unit, source, each.meaning))
    return "\n".join(_table(("parameter", "value", "unit", "source", "meaning"), rows))


def _by_actor(found: SimulationResult) -> list[str]:
    actors = list(dict.fromkeys(actor for each in found.models for actor in each.writes_by_actor))
    nobody = Amount(0.0, 0.0, 0.0)
    return _table(
        ("model", *actors),
        [
            (each.id, *(number(each.writes_by_actor.get(actor, nobody).mean) for actor in actors))
            for each in found.models
        ],
    )


def _windows(rows: Iterable[tuple[str, Windows]]) -> list[str]:
    return _table(
        ("model", "event", "events/run", "windows", "p50", "p95", "max", "pair-days/run"),
        [
            (
                model,
                row.event,
                number(row.events),
                str(row.windows),
                *("" if each is None else _days(each) for each in (row.p50, row.p95, row.max)),
                number(row.pair_days),
            )
            for model, row in rows
        ],
    )


def _drills(found: SimulationResult) -> list[str]:
    rows = [(each.id, drill) for each in found.models for drill in each.drills]
    events = list(dict.fromkeys(drill.event for _model, drill in rows))
    return _table(
        ("event", "model", "writes", "exposure", "outage"),
        [
            (event, model, number(drill.writes), _reach(drill.exposure), _reach(drill.outage))
            for event in events
            for model, drill in rows
            if drill.event == event
        ],
    )


def _reach(windows: Windows) -> str:
    if windows.p50 is None or windows.max is None:
        return "none"
    return f"{_days(windows.p50)} ({_days(windows.max)})"


def _days(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"


def _range(amount: Amount) -> str:
    if amount.least == amount.most:
        return number(amount.mean)
    return f"{number(amount.mean)} ({number(amount.least)} to {number(amount.most)})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]
