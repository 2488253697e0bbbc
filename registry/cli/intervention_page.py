# SPDX-License-Identifier: Apache-2.0
"""Interventions on a terminal: who acts, the plan before the question, and what became of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import print_json

if TYPE_CHECKING:
    from registry.accounts.permissions import Action
    from registry.app.instance import Instance
    from registry.sml.interventions.desk import Intervention
    from registry.sml.interventions.model import Operator, Plan, Wanted
    from registry.storage.domain_directory import StoredDomain

TOKEN_FILE = typer.Option(
    None,
    "--token-file",
    exists=True,
    dir_okay=False,
    help="Who acts: a file with a token of their account. Needed where the domain wants a second person.",
)
REASON = typer.Option("", "--reason", help="For those who approve it, and for later.")
PLAN = typer.Option(False, "--plan", help="Only show what would be done.")
YES = typer.Option(False, "--yes", help="Don't ask.")


def operator_of(instance: "Instance", stored: "StoredDomain", token_file: Path | None, action: "Action") -> "Operator":
    """Who acts: the bearer of the token, or somebody at this terminal. Raises UnauthorizedError."""
    from registry.accounts.authentication import Authenticator
    from registry.accounts.permissions import Scope, require
    from registry.cli.common import cli_actor
    from registry.sml.interventions.model import Operator

    terminal = cli_actor()
    if token_file is None:
        return Operator(terminal)
    secret = token_file.read_text(encoding="utf-8", errors="replace").strip()
    principal = Authenticator(instance.database).by_token(secret)
    require(principal, action, Scope(stored.id))
    return Operator.of(principal, terminal.request_id)


def ask(
    instance: "Instance",
    stored: "StoredDomain",
    wanted: "Wanted",
    token_file: Path | None,
    *,
    plan: bool,
    yes: bool,
    json_output: bool,
) -> None:
    """Show what an intervention would do, and ask for it after a yes.

    With JSON nobody is asked: without `yes` nothing is done.
    """
    from registry.accounts.permissions import Action

    desk, by = instance.interventions, operator_of(instance, stored, token_file, Action.INTERVENTION_ASK)
    planned = desk.plan(stored, wanted)
    if not json_output:
        print_plan(wanted, planned)
    if not plan and (yes or (not json_output and typer.confirm("Do it?", err=True))):
        show_outcome(desk.ask(by, stored, wanted), json_output=json_output)
    elif json_output:
        print_json({"plan": planned.to_json(), "asked": False})
    else:
        typer.echo("nothing was done", err=True)


def print_plan(wanted: "Wanted", plan: "Plan") -> None:
    """What would be done, before the question."""
    typer.echo(f"{wanted.kind}: {wanted.subject}")
    _print_counts(plan.counts)
    for note in plan.notes:
        typer.echo(f"  - {note}")


def show_outcome(item: "Intervention", *, json_output: bool) -> None:
    """What became of it, in a line or as JSON."""
    if json_output:
        print_json(to_json(item))
        return
    row = item.row
    lines = [f"intervention {row.id}: {_state(item)}"]
    if row.state == "waiting":
        lines.append(f"  another account approves it: registry sml intervention approve {row.id} --token-file FILE")
    if row.state == "applied" and row.undo_until is not None:
        lines.append(f"  until {row.undo_until:%Y-%m-%dT%H:%MZ}: registry sml intervention undo {row.id}")
    if row.job_id is not None:
        lines.append(f"  job {row.job_id} carries it out: registry job show {row.job_id}")
    typer.echo("\n".join(lines))


def print_line(item: "Intervention") -> None:
    """One of a list."""
    row = item.row
    asked = f"{row.asked_at:%Y-%m-%dT%H:%MZ}"
    typer.echo("\t".join((str(row.id), row.kind, row.subject, row.state.value, item.asked_by, asked)))


def print_page(item: "Intervention") -> None:
    """All of one."""
    row = item.row
    typer.echo(f"intervention {row.id}: {row.kind}, {row.subject}")
    told = {
        "state": _state(item),
        "order": row.order_reference,
        "reason": row.reason,
        "asked": f"by {item.asked_by} at {row.asked_at:%Y-%m-%dT%H:%MZ}",
        "approved": row.approved_at and f"by {item.approved_by} at {row.approved_at:%Y-%m-%dT%H:%MZ}",
        "refused": row.refused_at and f"by {item.refused_by} at {row.refused_at:%Y-%m-%dT%H:%MZ}",
        "applied": row.applied_at and f"at {row.applied_at:%Y-%m-%dT%H:%MZ}",
        "undone": row.undone_at and f"by {item.undone_by} at {row.undone_at:%Y-%m-%dT%H:%MZ}",
        "undo until": row.undo_until and f"{row.undo_until:%Y-%m-%dT%H:%MZ}",
        "job": row.job_id,
        "hindrance": item.hindrance,
    }
    for name, value in told.items():
        if value:
            typer.echo(f"  {name:<11}{value}")
    for each in (*item.wanted.participants, *item.wanted.certificates):
        typer.echo(f"  of         {each}")
    if item.plan is not None:
        typer.echo("  would do now" if row.state == "waiting" else "  did")
        _print_counts(item.plan.counts, indent=4)
        for note in item.plan.notes:
            typer.echo(f"    - {note}")


def to_json(item: "Intervention") -> dict[str, Any]:
    """All of one, as JSON."""
    from registry.cli.listing import as_json

    row = {name: value for name, value in as_json(item.row).items() if name not in {"before", "content"}}
    names = {"approved_by": item.approved_by, "refused_by": item.refused_by, "undone_by": item.undone_by}
    told = {"asked_by": item.asked_by, "state": item.row.state.value, "hindrance": item.hindrance}
    plan = None if item.plan is None else item.plan.to_json()
    return row | names | told | {"wanted": item.wanted.content(), "plan": plan}


def _state(item: "Intervention") -> str:
    return "waits for somebody else's approval" if item.row.state == "waiting" else item.row.state.value


def _print_counts(counts: Mapping[str, int], indent: int = 2) -> None:
    for name, count in counts.items():
        typer.echo(f"{' ' * indent}{count:>9}  {name.replace('_', ' ')}")
