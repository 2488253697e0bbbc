# SPDX-License-Identifier: Apache-2.0
"""`registry settings`: what the program would run with, and where each value comes from."""

import typer

from registry.cli.common import JSON_OPTION

EPILOG = "Example: registry settings --changed"


def settings(
    changed: bool = typer.Option(False, "--changed", help="Only what isn't a default."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List the settings, one a line: name, value, and where it comes from; of secrets only whether they are set.

    They are those of a program that is started here and now. What a running one has, its page and GET /settings say.
    """
    from dataclasses import asdict

    from registry.cli.common import prepared_settings, print_json
    from registry.shown_settings import Source

    for each in prepared_settings().shown():
        if changed and each.source is Source.DEFAULT:
            continue
        if json_output:
            print_json(asdict(each))
            continue
        value = ("(set)" if each.is_set else "(not set)") if each.is_secret or not each.is_set else each.value
        typer.echo(f"{each.name}\t{value}\t{each.source}")
