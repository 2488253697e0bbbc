# SPDX-License-Identifier: Apache-2.0
"""`registry problem`: what somebody has to look at, and who does so already."""

from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import JSON_OPTION
from registry.cli.exits import REFUSED

if TYPE_CHECKING:
    from registry.storage.queries.problems import ProblemRow

app = typer.Typer(help="What somebody has to look at.", no_args_is_help=True)
_PAGE = 500


@app.command("list", epilog="Example: registry problem list --severity error")
def list_problems(
    severity: str | None = typer.Option(None, "--severity", help="Only error, warning or hint."),
    kind: str | None = typer.Option(None, "--kind", help="Only those of this kind."),
    domain: str | None = typer.Option(None, "--domain", help="Only those of this domain."),
    ended: bool = typer.Option(False, "--ended", help="Those that have ended, instead of those that are open."),
    look: bool = typer.Option(False, "--look", help="Look first, instead of telling what the last look found."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List what is the matter, the worst first, one a line; ends with 1 where there is an error."""
    from registry.alerts.problem import Severity
    from registry.app.alert_job import look_for_problems
    from registry.app.instance import Instance
    from registry.cli.common import cli_actor, prepared_settings, print_json
    from registry.storage.queries import problems
    from registry.storage.queries.problems import ProblemFilter

    if severity is not None and severity not in set(Severity):
        raise typer.BadParameter(f"a severity is one of {', '.join(Severity)}", param_hint="--severity")
    settings = prepared_settings()
    worst = False
    with Instance.open(settings) as instance:
        if look:
            look_for_problems(instance, settings, cli_actor())
        names = {stored.id: stored.domain.name for stored in instance.directory.all()}
        wanted = ProblemFilter(
            kind, severity, None if domain is None else [instance.directory.get(domain).id], ended=ended
        )
        place: tuple[int, int] | None = None
        while True:
            with instance.database.read() as connection:
                rows = problems.page(connection, wanted, place, _PAGE)
            for row in rows:
                name = None if row.domain_id is None else names.get(row.domain_id)
                if json_output:
                    print_json(_described(row, name))
                else:
                    _print(row, name)
                worst = worst or (row.severity == Severity.ERROR and row.ended_at is None)
            if len(rows) < _PAGE:
                break
            place = rows[-1].place
    if worst:
        raise typer.Exit(REFUSED)


@app.command(
    "acknowledge", epilog="Example: registry problem acknowledge backup-old:5c7e94e3c5b8a001 --note 'new disk'"
)
def acknowledge(
    key: str = typer.Argument(help="The key of a problem, as `registry problem list` shows it."),
    note: str = typer.Option("", "--note", help="For the others: who does what, by when."),
) -> None:
    """Say that you look after a problem: nobody is told of it any more, until it becomes worse or ends."""
    from registry.alerts import book
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance, instance.database.write(cli_actor()) as work:
        row = book.acknowledge(work, key, note)
    typer.echo(f"{key}: {row.acknowledged_by} looks after it")


def _described(row: "ProblemRow", domain: str | None) -> dict[str, Any]:
    from registry.alerts.words import told
    from registry.cli.listing import as_json

    words = told(row)
    values = {name: value for name, value in as_json(row).items() if name not in {"id", "domain_id"}}
    return values | {"domain": domain, "text": words.what, "remedy": words.remedy}


def _print(row: "ProblemRow", domain: str | None) -> None:
    from registry.alerts.message import one_line
    from registry.alerts.words import told
    from registry.cli.listing import shown

    words = told(row)
    where = f"{domain}: " if domain else ""
    typer.echo(f"{row.severity:<8} {one_line(where + words.what)} [{row.key}]")
    known = f"; {row.acknowledged_by} looks after it: {one_line(row.note or '-')}" if row.acknowledged_by else ""
    ended = f", ended {shown(row.ended_at)}" if row.ended_at else ""
    typer.echo(f"         since {shown(row.since)}{ended}{known}")
    if words.remedy and row.ended_at is None:
        typer.echo(f"         {one_line(words.remedy)}")
