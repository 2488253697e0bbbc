# SPDX-License-Identifier: Apache-2.0
"""`trust-lists simulate`: a network through years, under several trust models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import AsJson, fail, print_json, read_file, with_progress

if TYPE_CHECKING:
    from trust_lists.evaluation.simulation import Assumptions, Model, SimulationResult


def simulate(
    models: Annotated[
        str,
        typer.Option(
            metavar="ID,…", help="Models of the catalogue, or all: T1,T2,T3,T4,T5,T6,T7,T8,T9,T10,T11,T12,T13."
        ),
    ] = "T1,T2,T3,T4,T5,T6,T13",
    participants: Annotated[int, typer.Option(metavar="N", help="Participants at the end.")] = 1_000_000,
    access_points: Annotated[int, typer.Option(metavar="N", help="Access points at the end.")] = 400,
    years: Annotated[float, typer.Option(help="Simulated years.")] = 10.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 1,
    runs: Annotated[int, typer.Option(help="Histories that each model lives through, the same ones for all.")] = 5,
    parameters: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Assumptions that replace the defaults, and scheduled events (YAML, JSON)."),
    ] = None,
    no_chance: Annotated[
        bool, typer.Option("--no-chance", help="Medians and regular intervals instead of chance.")
    ] = False,
    show_parameters: Annotated[
        bool,
        typer.Option("--show-parameters", help="Print what is assumed, with units and sources, and do nothing else."),
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write charts (SVG) and the growth curves (CSV) there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let networks grow and go wrong under trust models, and say what that costs whom.

    Each assumption has a unit and a source; many are only assumed, and can be changed in a file.
    """
    from trust_lists.errors import SimulationError
    from trust_lists.evaluation.simulation import Settings, SimulationResult
    from trust_lists.evaluation.simulation import simulate as simulate_model
    from trust_lists.evaluation.simulation.results import MAX_RUNS

    assumptions = _assumptions(parameters)
    if show_parameters:
        _show(assumptions, as_json=as_json)
        return
    if not 1 <= runs <= MAX_RUNS:
        raise typer.BadParameter(f"1 to {MAX_RUNS} are possible", param_hint="--runs")
    chosen = _models(models)
    settings = Settings(participants, access_points, years, seed, chance=not no_chance)
    try:
        results = [
            simulate_model(model, settings, assumptions, 1 if no_chance else runs)
            for model in with_progress(chosen, "Simulating", len(chosen))
        ]
    except SimulationError as error:
        raise typer.BadParameter("; ".join(error.reasons)) from None
    found = SimulationResult(settings, 1 if no_chance else runs, assumptions, tuple(results))
    if svg is not None:
        _write(svg, found)
    if as_json:
        print_json(found.to_json())
        return
    from trust_lists.evaluation.simulation.text import as_text

    typer.echo(as_text(found))
    if svg is not None:
        typer.echo(f"\nCharts and growth.csv are in {svg}")


def _models(wanted: str) -> "list[Model]":
    from trust_lists.evaluation.simulation import MODELS

    known = {model.id: model for model in MODELS}
    names = list(known) if wanted == "all" else [each.strip().upper() for each in wanted.split(",") if each.strip()]
    if unknown := [each for each in names if each not in known]:
        raise typer.BadParameter(f"no model {', '.join(unknown)}; there are {', '.join(known)}", param_hint="--models")
    if not names:
        raise typer.BadParameter("name at least one model", param_hint="--models")
    return [known[each] for each in dict.fromkeys(names)]


def _assumptions(file: Path | None) -> "Assumptions":
    from trust_lists.errors import SimulationError
    from trust_lists.evaluation.simulation import Assumptions, read_assumptions

    if file is None:
        return Assumptions()
    try:
        return read_assumptions(read_file(file))
    except SimulationError as error:
        reasons = "\n  ".join(error.reasons)
        raise typer.BadParameter(f"{file}:\n  {reasons}", param_hint="--parameters") from None


def _show(assumptions: "Assumptions", *, as_json: bool) -> None:
    from trust_lists.evaluation.simulation.text import parameter_table

    if as_json:
        print_json(assumptions.parameters.to_json())
    else:
        typer.echo(parameter_table(assumptions.parameters))


def _write(folder: Path, found: "SimulationResult") -> None:
    from trust_lists.evaluation.simulation.charts import charts
    from trust_lists.evaluation.simulation.text import growth_csv

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, chart in charts(found).items():
            (folder / name).write_text(chart, encoding="utf-8")
        (folder / "growth.csv").write_text(growth_csv(found), encoding="utf-8")
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}")
