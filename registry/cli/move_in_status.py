# SPDX-License-Identifier: Apache-2.0
"""`registry move-in status` and `end`: how far moves are, what was refused and why, and giving one up."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.app.move_in import Standing
    from registry.storage.queries.move_ins import Refusal

STATUS_EPILOG = "Example: registry move-in status --domain peppol --refused refused.jsonl"
END_EPILOG = "Example: registry move-in end --domain peppol"
_SHOWN = 20


def status(
    refused: Path | None = typer.Option(
        None, "--refused", metavar="FILE", help="Write everything that was refused there, a JSON object a line."
    ),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Tell how far moves are: what of the old system is here, what was refused and why, which steps were taken."""
    from registry.app.move_in import chosen_move, moves_of, refusals_of, standings
    from registry.cli.common import open_instance, prepared_settings, print_json

    settings = prepared_settings()
    with open_instance() as instance:
        stored = None if domain is None else instance.directory.get(domain)
        found = list(standings(instance, settings, moves_of(instance, stored), _SHOWN))
        if refused is not None:
            _write(refused, refusals_of(instance, chosen_move(instance, stored)))
    if json_output:
        print_json([standing.to_json() for standing in found])
        return
    for standing in found:
        _print(standing)
    if not found:
        typer.echo("no move is known; begin one: registry move-in plan --from KIND")


def end(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Give a move up, or call it done: what was loaded stays, and the domains take writes from everybody again."""
    from registry.app import move_in
    from registry.cli.common import cli_actor, open_instance, prepared_settings, print_json

    settings = prepared_settings()
    with open_instance() as instance:
        move = move_in.chosen_move(instance, None if domain is None else instance.directory.get(domain))
        ended = move_in.end(instance, settings, cli_actor(), move)
    if json_output:
        print_json({"move": ended.id, "state": ended.state})
    else:
        typer.echo(f"the move {ended.id} from {ended.source_kind} is {ended.state}")


def _print(standing: "Standing") -> None:
    from registry.discovery.explanation import printable
    from registry.move_in.report import reason_text

    move = standing.move
    into = ", ".join(standing.domains) or "no domain yet"
    typer.echo(printable(f"move {move.id} from {move.source_kind} ({move.source}) into {into}: {move.state}"))
    if standing.left is not None:
        typer.echo(f"  {standing.left} records that were read are left to load: run the load again")
    for kind, verdicts in standing.records.items():
        typer.echo(f"  {kind}: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
    for refusal in standing.refusals:
        typer.echo(printable(f"  refused: {refusal.kind} {refusal.key}"))
        for reason in refusal.reasons:
            typer.echo(printable(f"    - {reason_text(reason)}"))


def _write(path: Path, refusals: "Iterable[Refusal]") -> None:
    from registry.app.move_in import refusal_json
    from registry.errors import ConfigurationError

    try:
        with path.open("w", encoding="utf-8") as file:
            for refusal in refusals:
                file.write(json.dumps(refusal_json(refusal), ensure_ascii=False) + "\n")
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}") from error
