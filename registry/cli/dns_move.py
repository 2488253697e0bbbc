# SPDX-License-Identifier: Apache-2.0
"""`registry dns move-zone`: another name for the zone of a domain, both served meanwhile."""

from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.app.zone_move import ZoneMove
    from registry.storage.domain_directory import StoredDomain

_STEPS = {
    "prepare": "let the new name lead to the zone, so that both are served",
    "switch": "let that name have the content, and the other one lead there",
    "end": "end the name that leads to the zone; clients that still ask for it find nobody",
}


def move_zone(
    name: str = typer.Argument("", help="The name that the zone shall have, also; or, to end it, shall have no more."),
    step: str | None = typer.Option(None, "--step", metavar="STEP", help="prepare, switch or end."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Move the zone of a domain to another name, step by step; without --step only tell how far that is.

    Between prepare and end both names are served: one has the content, the other leads there by a DNAME record.
    """
    from registry.cli.common import chosen_domain, open_instance
    from registry.errors import ValidationError

    if step is not None and step not in _STEPS:
        raise ValidationError.of("ZONE-STEP", f"a step is one of {', '.join(_STEPS)}, not {step!r}")
    if bool(step) is not bool(name):
        raise ValidationError.of("ZONE-STEP", "a step needs a name, and a name a step: --step prepare, switch or end")
    with open_instance() as instance:
        moved = _done(instance, chosen_domain(instance, domain), step, name)
    _show(moved, step, json_output=json_output)


def _done(instance: "Instance", stored: "StoredDomain", step: str | None, name: str) -> "ZoneMove":
    from registry.app import zone_move
    from registry.cli.common import cli_actor

    match step:
        case None:
            return zone_move.zone_move(instance, stored)
        case "prepare":
            return zone_move.prepare(instance, cli_actor(), stored, name)
        case "switch":
            return zone_move.switch(instance, cli_actor(), stored, name)
        case _:
            return zone_move.end(instance, cli_actor(), stored, name)


def _show(move: "ZoneMove", step: str | None, *, json_output: bool) -> None:
    from dataclasses import asdict

    from registry.cli.common import print_json

    if json_output:
        print_json({"done": step, **asdict(move)})
        return
    if step is not None:
        typer.echo(f"done: {step}")
    typer.echo(f"{move.zone} has the content, {move.registrations} participants")
    typer.echo(f"{move.alias} leads there (DNAME)" if move.alias else "no other name leads there")
    for note in move.notes:
        typer.echo(f"note: {note}", err=True)
    for each in move.steps:
        typer.echo(f"next: --step {each}: {_STEPS[each]}", err=True)
