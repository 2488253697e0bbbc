# SPDX-License-Identifier: Apache-2.0
"""`registry plan`: what a file, or a replacement, would change; looked at first, and then applied."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli import plan_page, plan_review
from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.exits import REFUSED

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.storage.queries.plans import PlanRow

app = typer.Typer(help="Imports and replacements: planned first, then applied in batches.", no_args_is_help=True)
_PLAN = plan_review.PLAN


@app.command("import", epilog="Example: registry plan import participants.csv --domain peppol-test")
def import_plan(
    files: list[Path] = typer.Argument(
        exists=True,
        help="A table (.csv) or JSON lines (.jsonl), also as .gz; or SMP documents, phoss exports, folders of them.",
        metavar="FILE...",
    ),
    removes: bool = typer.Option(False, "--removes", help="Remove participants that aren't in the file."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Say what would become of each participant of a file; nothing is changed until the plan is applied.

    Ends with 1 where something is refused.
    """
    from registry.app.plans import planner_of
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.cli.counting import counted
    from registry.plans.model import PlanOptions
    from registry.plans.sources import source_of

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        with counted("planned") as count:
            plan_id = planner_of(instance, stored).plan(
                cli_actor(), source_of(stored.domain, files), PlanOptions(removes), lambda number: count("rows", number)
            )
        _told(instance, plan_id, json_output=json_output)


@app.command(
    "replace", epilog="Example: registry plan replace --address https://old.example/as4 https://new.example/as4"
)
def replace(
    address: tuple[str, str] = typer.Option(
        ("", ""), "--address", metavar="PRESENT NEXT", help="An endpoint's URL, and the one in its place."
    ),
    certificate: tuple[str, str] = typer.Option(
        ("", ""), "--certificate", metavar="SHA256 FILE", help="A certificate's SHA-256, and a file with the next one."
    ),
    at: datetime | None = typer.Option(
        None,
        "--at",
        formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"],
        help="From when on, in UTC; by default as soon as applied.",
    ),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Say at which access points an address or a certificate would be replaced, and how many endpoints show each."""
    from datetime import UTC

    from registry.app.plans import replacer_of
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        plan_id = replacer_of(instance, chosen_domain(instance, domain)).plan(
            cli_actor(),
            address=address if any(address) else None,
            certificate=(certificate[0], _der(Path(certificate[1]))) if any(certificate) else None,
            at=None if at is None else at.replace(tzinfo=UTC),
        )
        _told(instance, plan_id, json_output=json_output)


@app.command("list", epilog="Example: registry plan list --domain peppol-test")
def list_plans(
    domain: str | None = typer.Option(None, "--domain", help="Only those of this domain."),
    state: str | None = typer.Option(None, "--state", help="Only those in this state, such as under-review."),
    number: int = typer.Option(50, "--number", min=1, max=10_000, help="At most so many, the newest first."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List plans, the newest first, one a line."""
    from registry.cli.common import open_instance, print_json
    from registry.plans.model import PlanState
    from registry.storage.queries import plans

    if state is not None and state not in set(PlanState):
        raise typer.BadParameter(f"a state is one of {', '.join(PlanState)}", param_hint="--state")
    with open_instance() as instance:
        names = {stored.id: stored.domain.name for stored in instance.directory.all()}
        ids = None if domain is None else [instance.directory.get(domain).id]
        with instance.database.read() as connection:
            rows = plans.page(connection, ids, None, number, None if state is None else [state])
    for row in rows:
        if json_output:
            print_json(plan_page.described(row, names.get(row.domain_id, "")))
        else:
            typer.echo(plan_page.line(row, names.get(row.domain_id, "")))


@app.command("show", epilog="Example: registry plan show 3 --rows refused")
def show(
    plan: int = _PLAN,
    rows: list[str] = typer.Option(
        [], "--rows", help="Print rows: added, changed, removed, unchanged, refused, or all of them with 'all'."
    ),
    number: int = typer.Option(1000, "--number", min=1, help="At most so many rows."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Print a plan: what it would do, whether the domain has changed meanwhile, and rows with their reasons."""
    from registry.cli.common import open_instance
    from registry.plans.model import RowVerdict

    if unknown := set(rows) - {*RowVerdict, "all"}:
        raise typer.BadParameter(f"no such verdict: {', '.join(sorted(unknown))}", param_hint="--rows")
    wanted = list(RowVerdict) if "all" in rows else rows
    with open_instance() as instance:
        plan_page.show(instance, _known(instance, plan), wanted, number, json_output=json_output)


@app.command("apply", epilog="Example: registry plan apply 3 --yes")
def apply(
    plan: int = _PLAN,
    max_percent: float = typer.Option(
        20.0, "--max-percent", min=0, max=100, help="Refuse where more of what is there is changed or removed."
    ),
    yes: bool = typer.Option(False, "--yes", help="Don't ask."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Apply a plan in batches; one that was broken off goes on. Rows that have changed meanwhile are refused.

    Ends with 1 where something is refused.
    """
    from registry.cli.common import cli_actor, open_instance
    from registry.plans.applying import check_percent, request_apply

    with open_instance() as instance:
        found = _known(instance, plan)
        check_percent(found, max_percent)
        if not yes:
            typer.echo(plan_page.summary(found), err=True)
            typer.confirm(f"Apply plan {plan}?", abort=True, err=True)
        job = request_apply(instance.database, cli_actor(), plan, max_percent)
        _follow(instance, job)
        found = _known(instance, plan)
        plan_page.show(instance, found, [], 0, json_output=json_output)
    if found.counts.get("refused"):
        raise typer.Exit(REFUSED)


app.command("submit", epilog=plan_review.SUBMIT_EPILOG)(plan_review.submit)
app.command("approve", epilog=plan_review.APPROVE_EPILOG)(plan_review.approve)
app.command("reject", epilog=plan_review.REJECT_EPILOG)(plan_review.reject)
app.command("propose", epilog=plan_review.PROPOSE_EPILOG)(plan_review.propose)


@app.command("abandon", epilog="Example: registry plan abandon 3")
def abandon(plan: int = _PLAN) -> None:
    """Give a plan up; it stays to be read until the retention removes it."""
    from registry.cli.common import cli_actor, open_instance
    from registry.plans import applying

    with open_instance() as instance:
        applying.abandon(instance.database, cli_actor(), plan)
    typer.echo(f"{plan}: abandoned")


def _told(instance: "Instance", plan_id: int, *, json_output: bool) -> None:
    """Print a new plan, with what is refused of it."""
    found = _known(instance, plan_id)
    plan_page.show(instance, found, [] if json_output else ["refused"], 20, json_output=json_output)
    if found.counts.get("refused"):
        raise typer.Exit(REFUSED)


def _known(instance: "Instance", plan_id: int) -> "PlanRow":
    from registry.plans.applying import find_plan

    return find_plan(instance.database, plan_id)


def _follow(instance: "Instance", job_id: int) -> None:
    """Do a job here, or wait for whoever does it, with a bar on a terminal. Raises TechnicalError where it failed."""
    from registry.app.plans import finish_here
    from registry.cli.job import shown_progress
    from registry.errors import ConflictError
    from registry.storage.queries.jobs import JobState

    row = finish_here(instance, job_id, shown_progress)
    if row.state is not JobState.DONE:
        raise ConflictError(f"job {job_id} is {row.state}: {row.message}; apply the plan again to go on")


def _der(path: Path) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    from registry.errors import ConfigurationError
    from trust_lists.certificates.parsing import load_certificate
    from trust_lists.errors import CertificateError

    try:
        return load_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, CertificateError) as error:
        raise ConfigurationError(f"{path} is no certificate that can be read: {error}") from error
