# SPDX-License-Identifier: Apache-2.0
"""`trust-lists score`: trust models scored by facts and judgements, with all the ranges."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, AsJson, fail, print_json, read_file

if TYPE_CHECKING:
    from trust_lists.evaluation.scoring import Assessment


class Format(StrEnum):
    """How the report is written."""

    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"


def score(
    facts: Annotated[
        Path, typer.Option(metavar="FILE", help="What is known of the models: YAML or JSON.", show_default=False)
    ],
    judgements: Annotated[
        Path, typer.Option(metavar="FILE", help="What somebody thinks of it: YAML or JSON.", show_default=False)
    ],
    written: Annotated[Format, typer.Option("--format", help="Text, a page with plots, or Markdown.")] = Format.TEXT,
    as_json: AsJson = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to this file.")] = None,
) -> None:
    """Score trust models: Pareto front, weighted sum, and how robust its order is.

    Exit code 1: the facts or judgements are wrong; the text says what and where, all of it.
    """
    if as_json and written is not Format.TEXT:
        raise typer.BadParameter("give only one of the two", param_hint="--json/--format")
    found = _assess(facts, judgements, as_json=as_json)
    told = _render(found, written, as_json=as_json)
    if output is None:
        typer.echo(told, nl=not told.endswith("\n"))
        return
    try:
        output.write_text(told if told.endswith("\n") else f"{told}\n", encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}")
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)


def _assess(facts: Path, judgements: Path, *, as_json: bool) -> "Assessment":
    from rich.console import Console

    from trust_lists.errors import ScoringError
    from trust_lists.evaluation.scoring import assess, read_facts, read_judgements

    try:
        table = read_facts(read_file(facts))
        judged = read_judgements(read_file(judgements), table)
    except ScoringError as error:
        if as_json:
            print_json({"reasons": list(error.reasons)})
        else:
            for reason in error.reasons:
                typer.echo(reason, err=True)
        raise typer.Exit(NO) from None
    with Console(stderr=True).status("Drawing weights"):
        return assess(table, judged)


def _render(found: "Assessment", written: Format, *, as_json: bool) -> str:
    import json

    from trust_lists.evaluation.scoring.page import page
    from trust_lists.evaluation.scoring.writing import markdown, text, to_json

    if as_json:
        return json.dumps(to_json(found), indent=2, ensure_ascii=False)
    if written is Format.TEXT:
        return text(found)
    return page(found) if written is Format.HTML else markdown(found)
