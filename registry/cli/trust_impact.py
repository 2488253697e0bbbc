# SPDX-License-Identifier: Apache-2.0
"""`registry trust impact`: who would stop being accepted by another trust model, now and in the days to come."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.app.instance import Instance
    from registry.app.trust_impact import Document
    from registry.impact.report import ImpactReport
    from registry.storage.domain_directory import StoredDomain
    from registry.storage.unit_of_work import UnitOfWork

EPILOG = "Example: registry trust impact --to peppol-g3.yaml --domain peppol --html impact.html"


def impact(
    to: str | None = typer.Option(
        None,
        "--to",
        metavar="MODEL",
        help="The new trust model: a file (YAML or JSON), its certificates beside it, or the name of a shipped one; "
        "by default the one that is planned, or else the one in force, which tells who drops out by itself.",
    ),
    certificates: Path | None = typer.Option(
        None, "--certificates", metavar="DIR", help="Where the certificates of a shipped model are."
    ),
    domain: str | None = DOMAIN_OPTION,
    days: int = typer.Option(90, "--days", min=1, max=3_650, help="How far to look ahead."),
    collect: bool = typer.Option(False, "--collect", help="Fetch first what the new model asks for."),
    enforce: bool = typer.Option(
        False, "--enforce", help="As if the domain enforced also the roles in which it warns."
    ),
    plan: bool = typer.Option(False, "--plan", help="Plan the new model: it is asked about every night from now on."),
    forget_plan: bool = typer.Option(False, "--forget-plan", help="Plan nothing any more, and compare nothing."),
    resume: bool = typer.Option(
        False, "--resume", help="Go on with the last run that was broken off, as of its moment."
    ),
    html: Path | None = typer.Option(None, "--html", metavar="FILE", help="Write a page with a chart, too."),
    participants: Path | None = typer.Option(
        None, "--participants", metavar="FILE", help="Write the participants behind all that are lost, as CSV."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Compare the trust model in force with another one, on everything that a domain holds.

    Lists the access points, SMPs and participants that would stop being accepted, or begin to be, now and at each date,
    with the check that decides. Nothing changes, and nothing is fetched without --collect. Ends with 1 where the new
    model would let anybody stop being accepted in a role that the domain enforces; of the one in force, where anybody
    drops out.
    """
    from registry.app.trust_impact import comparison, configuration_in, planned
    from registry.app.trust_impact import plan as put_plan
    from registry.cli.common import chosen_domain, cli_actor, open_instance, prepared_settings, print_json
    from registry.cli.exits import REFUSED

    if plan and to is None:
        raise typer.BadParameter("which model is planned? Say --to MODEL", param_hint="--plan")
    if forget_plan and to is not None:
        raise typer.BadParameter("it forgets, and compares nothing", param_hint="--forget-plan")
    with open_instance() as instance:
        stored, actor = chosen_domain(instance, domain), cli_actor()
        if forget_plan:
            put_plan(instance, actor, stored, None)
            typer.echo(f"{stored.domain.name}: nothing is planned")
            return
        document = planned(instance, stored) if to is None else _model(to, certificates)
        wanted = configuration_in(document) if document is not None else None
        if plan:
            put_plan(instance, actor, stored, document)
        if collect and document is not None:
            _collect(instance, stored, document)
        compared = comparison(instance, prepared_settings().data_dir, stored, wanted, enforce=enforce)
        report = compared.run(actor, days, resume=resume, progress=_progress())
        if participants is not None:
            _write_participants(instance, stored, report, participants)
    if html is not None:
        from registry.impact.page import page

        _write(html, page(report))
    if json_output:
        print_json({**report.to_json(), "effort": report.effort.to_json()})
    else:
        from registry.impact.text import lines

        for line in lines(report):
            typer.echo(line)
    if report.stops:
        raise typer.Exit(REFUSED)


def _model(name: str, certificates: Path | None) -> "Document":
    """The model of a file, or a shipped one."""
    from registry.domains.trust_models import model_from_file, shipped_trust_model

    path = Path(name)
    if not (path.suffix or path.exists()):
        return shipped_trust_model(name, certificates)
    if certificates is not None:
        raise typer.BadParameter("a model in a file has its certificates beside it", param_hint="--certificates")
    return model_from_file(path)


def _collect(instance: "Instance", stored: "StoredDomain", document: "Document") -> None:
    from registry.app.trust_impact import collect_for
    from registry.cli.common import prepared_settings
    from trust_lists.sources.evidence_fetching import WebFetcher

    def progress(done: int, total: int, what: str) -> None:
        typer.echo(f"{done}/{total} {what}", err=True)

    with WebFetcher() as fetcher:
        failures = collect_for(instance, prepared_settings().data_dir, stored, document, fetcher, progress)
    if failures:
        typer.echo(f"warning: {failures} documents of the evidence couldn't be had", err=True)


def _progress() -> "Callable[[UnitOfWork, int, int, str], None]":
    """Tells on stderr how far it is."""

    def progress(_work: "UnitOfWork", done: int, total: int, message: str) -> None:
        typer.echo(f"{done}/{total} {message}", err=True)

    return progress


def _write_participants(instance: "Instance", stored: "StoredDomain", report: "ImpactReport", file: Path) -> None:
    """One at a time: there may be millions."""
    from registry.errors import ConfigurationError
    from registry.impact.affected_participants import lost_participants
    from registry.smp.exchange.table_columns import guarded
    from trust_lists.instants import write_instant

    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(("participant", "what", "name", "since", "effect", "check"))
            for each in lost_participants(instance.database, stored.id, report):
                since = write_instant(each.since)
                participant = f"{each.scheme}::{each.value}"
                cells = (participant, each.kind.value, each.holder, since, each.effect.value, each.check)
                rows.writerow(map(guarded, cells))
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written: {error.strerror}") from error


def _write(file: Path, text: str) -> None:
    from registry.errors import ConfigurationError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written: {error.strerror}") from error
