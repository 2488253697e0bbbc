# SPDX-License-Identifier: Apache-2.0
"""`registry import` and `registry export`: published documents as files."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.smp.exchange import ImportedDocument

IMPORT_EPILOG = "Example: registry import ./documents --domain peppol-test"
EXPORT_EPILOG = "Example: registry export ./backup --domain peppol-test"


def import_documents(
    paths: list[Path] = typer.Argument(exists=True, help="Busdox documents, or folders of them.", metavar="PATH..."),
    domain: str | None = DOMAIN_OPTION,
    ignore_signatures: bool = typer.Option(
        False, "--ignore-signatures", help="Take documents whose signature is broken, too."
    ),
    json_output: bool = typer.Option(False, "--json", help="Print a JSON object per document."),
) -> None:
    """Publish signed or unsigned Peppol documents; says what was taken, and what was refused and why."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.smp.exchange import TAKEN, Importer, Verdict

    refused = taken = 0
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        importer = Importer(instance.publishing, stored, check_signatures=not ignore_signatures)
        for result in importer.run(cli_actor(), paths):
            refused += result.verdict is Verdict.REFUSED
            taken += result.verdict in TAKEN
            if json_output:
                print_json({**asdict(result), "verdict": result.verdict.value})
            else:
                print_result(result)
    typer.echo(f"{taken} taken, {refused} refused", err=True)
    if refused:
        raise typer.Exit(REFUSED)


def print_result(result: "ImportedDocument") -> None:
    """What became of one document, in a few lines."""
    typer.echo(f"{result.verdict.value:<10} {result.source}")
    if result.participant:
        typer.echo(f"           {result.kind}: {result.participant} {result.document_type}".rstrip())
    for line in (*result.reasons, *(f"note: {note}" for note in result.notes)):
        typer.echo(f"           - {line}")


def export_documents(
    folder: Path = typer.Argument(help="Where to write; made where it is missing."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Write every service group and signed document of a domain into files that `registry import` takes back."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.smp.exchange import Exporter

    with open_instance() as instance:
        written = sum(
            1 for _ in Exporter(instance.database, instance.signer, chosen_domain(instance, domain)).run(folder)
        )
    if json_output:
        print_json({"folder": str(folder), "files": written})
    else:
        typer.echo(f"{written} files written to {folder}")
