# SPDX-License-Identifier: Apache-2.0
"""`registry import` and `registry export`: what a domain publishes, as files."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.smp.exchange import Exported, ImportedDocument, Importer
    from registry.storage.domain_directory import StoredDomain

IMPORT_EPILOG = "Example: registry import ./documents phoss-export.xml --domain peppol-test --plan"
EXPORT_EPILOG = "Example: registry export backup.jsonl.gz --domain peppol-test"
_SHOWN_REASONS = 20
T = TypeVar("T")


class ExportFormat(StrEnum):
    """What an export is made of."""

    DOCUMENTS = "documents"
    JSON_LINES = "jsonl"
    CSV = "csv"


def import_documents(
    paths: list[Path] = typer.Argument(
        exists=True,
        help="SMP documents of any dialect, exports of phoss SMP, JSON lines, or folders of them; .gz is understood.",
        metavar="PATH...",
    ),
    domain: str | None = DOMAIN_OPTION,
    plan: bool = typer.Option(False, "--plan", help="Say what would become of everything; nothing is written."),
    ignore_signatures: bool = typer.Option(
        False, "--ignore-signatures", help="Take documents whose signature is broken, too."
    ),
    json_output: bool = typer.Option(
        False, "--json", help="Print a JSON object per document; with --plan a single one with the counts."
    ),
) -> None:
    """Publish what other SMPs published or exported; says what was taken, and what was refused and why."""
    from registry.app.signing_job import request_signing
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.smp.exchange import TAKEN, Verdict

    counts: Counter[Verdict] = Counter()
    told: list[ImportedDocument] = []
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        importer = _importer(instance, stored, plan=plan, check=not ignore_signatures)
        for result in _counted("documents", importer.run(cli_actor(), paths), lines=not plan):
            counts[result.verdict] += 1
            if plan:
                if result.reasons and len(told) < _SHOWN_REASONS:
                    told.append(result)
            elif json_output:
                print_json(_as_json(result))
            else:
                print_result(result)
        if not plan and any(counts[verdict] for verdict in TAKEN):
            with instance.database.write(cli_actor()) as work:
                request_signing(work, stored.id)  # or else each first reader waits for a signature
    if plan:
        _print_plan(counts, told, json_output=json_output)
    else:
        taken = sum(counts[verdict] for verdict in TAKEN)
        typer.echo(f"{taken} taken, {counts[Verdict.REFUSED]} refused", err=True)
    if counts[Verdict.REFUSED]:
        raise typer.Exit(REFUSED)


def _importer(instance: "Instance", stored: "StoredDomain", *, plan: bool, check: bool) -> "Importer":
    from registry.smp.business_cards import BusinessCards
    from registry.smp.exchange import Importer
    from registry.smp.publishing import Publishing
    from registry.storage.rehearsal import RehearsalDatabase

    if not plan:
        cards = BusinessCards(instance.database)
        return Importer(instance.publishing, stored, business_cards=cards, check_signatures=check)
    database = RehearsalDatabase(instance.database)
    publishing = Publishing(database, instance.registrar, instance.trust_models.of)
    return Importer(publishing, stored, business_cards=BusinessCards(database), check_signatures=check)


def print_result(result: "ImportedDocument") -> None:
    """What became of one document, in a few lines; JSON lines may hold what would move a cursor."""
    from registry.discovery.explanation import printable

    typer.echo(printable(f"{result.verdict.value:<10} {result.source}"))
    if result.participant:
        typer.echo(printable(f"           {result.kind}: {result.participant} {result.document_type}".rstrip()))
    for line in (*result.reasons, *(f"note: {note}" for note in result.notes)):
        typer.echo(printable(f"           - {line}"))


def _as_json(result: "ImportedDocument") -> dict[str, Any]:
    return {**asdict(result), "verdict": result.verdict.value}


def _print_plan(counts: Counter[Any], told: "list[ImportedDocument]", *, json_output: bool) -> None:
    from registry.cli.common import print_json
    from registry.smp.exchange import Verdict

    if json_output:
        by_verdict = {verdict.value: counts[verdict] for verdict in Verdict}
        print_json({"plan": by_verdict, "first_reasons": [_as_json(result) for result in told]})
        return
    for verdict in Verdict:
        typer.echo(f"{counts[verdict]:>9}  {verdict.value}")
    for result in told:
        print_result(result)
    typer.echo("Nothing was written.")


def export_documents(
    target: Path = typer.Argument(
        help="A folder for documents, made where it is missing; or a file, .jsonl or .csv, with .gz behind it or not.",
        metavar="TARGET",
    ),
    export_format: ExportFormat | None = typer.Option(
        None, "--format", help="By default what TARGET's name says: jsonl or csv for such a file, else documents."
    ),
    csv: bool = typer.Option(False, "--csv", help="The same as --format csv."),
    jsonl: bool = typer.Option(False, "--jsonl", help="The same as --format jsonl."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Write what a domain publishes into files that are taken back unchanged: `registry import`, `registry plan`."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.smp.exchange import Exporter

    asked = {export_format} if export_format else set()
    asked |= {form for form, said in ((ExportFormat.CSV, csv), (ExportFormat.JSON_LINES, jsonl)) if said}
    if len(asked) > 1:
        raise typer.BadParameter("one format at a time", param_hint="--format")
    export_format = asked.pop() if asked else _format_of(target)
    lines = export_format is not ExportFormat.DOCUMENTS
    what = "participants" if lines else "files"
    written = 0
    left_out: list[Exported] = []
    with open_instance() as instance:
        exporter = Exporter(instance.database, instance.signer, chosen_domain(instance, domain))
        run = {
            ExportFormat.DOCUMENTS: exporter.run,
            ExportFormat.JSON_LINES: exporter.run_json_lines,
            ExportFormat.CSV: exporter.run_table,
        }[export_format]
        for item in _counted(what, run(target)):
            written += not item.reasons
            if item.reasons:
                left_out.append(item)
    for item in left_out:
        typer.echo(f"left out: {item.participant}: {item.path}: {'; '.join(item.reasons)}", err=True)
    if json_output:
        print_json({"file" if lines else "folder": str(target), what: written, "left_out": len(left_out)})
    else:
        typer.echo(f"{written} {what} written to {target}")
    if left_out:
        raise typer.Exit(REFUSED)


def _format_of(target: Path) -> ExportFormat:
    """What a name says."""
    name = target.name.removesuffix(".gz")
    if target.is_dir():
        return ExportFormat.DOCUMENTS
    by_end = {".jsonl": ExportFormat.JSON_LINES, ".csv": ExportFormat.CSV}
    return by_end.get(Path(name).suffix, ExportFormat.DOCUMENTS)


def _counted(what: str, items: Iterable[T], *, lines: bool = False) -> Iterator[T]:
    """`items`, counted on stderr while they come, where that is a terminal on which no `lines` show how far it is."""
    import sys

    if not sys.stderr.isatty() or (lines and sys.stdout.isatty()):
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        for item in items:
            progress.advance(task)
            yield item
