# SPDX-License-Identifier: Apache-2.0
"""`registry sml intervention`: what operators asked for, and the second person's part in it."""

from pathlib import Path

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.intervention_page import PLAN, REASON, TOKEN_FILE, YES

app = typer.Typer(help="What operators do to what others have registered.", no_args_is_help=True)
_NUMBER = typer.Argument(help="The number of an intervention, as `registry sml intervention list` shows it.")


@app.command("list", epilog="Example: registry sml intervention list --state waiting")
def list_interventions(
    state: str | None = typer.Option(None, "--state", help="Only those that are waiting, applied, refused or undone."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """List interventions, the newest first, one a line: number, kind, subject, state, who asked, when."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.intervention_page import print_line, to_json
    from registry.cli.listing import PAGE
    from registry.storage.queries.interventions import State

    if state is not None and state not in set(State):
        raise typer.BadParameter(f"a state is one of {', '.join(State)}", param_hint="--state")
    with open_instance() as instance:
        stored, before = chosen_domain(instance, domain), None
        wanted = None if state is None else State(state)
        while rows := instance.interventions.page(stored, wanted, before, PAGE):
            for item in rows:
                if json_output:
                    print_json(to_json(item))
                else:
                    print_line(item)
            before = rows[-1].row.id


@app.command("show", epilog="Example: registry sml intervention show 12")
def show(number: int = _NUMBER, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Print an intervention, with what it did, or would do now."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.intervention_page import print_page, to_json

    with open_instance() as instance:
        item = instance.interventions.one(chosen_domain(instance, domain), number)
    if json_output:
        print_json(to_json(item))
    else:
        print_page(item)


@app.command("approve", epilog="Example: registry sml intervention approve 12 --token-file token")
def approve(
    number: int = _NUMBER,
    token_file: Path = typer.Option(
        ..., "--token-file", exists=True, dir_okay=False, help="Who approves: a file with a token of their account."
    ),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Approve an intervention that waits, which applies it; never by the account that asked."""
    from registry.accounts.permissions import Action
    from registry.cli.common import chosen_domain, open_instance
    from registry.cli.intervention_page import operator_of, show_outcome

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        by = operator_of(instance, stored, token_file, Action.INTERVENTION_APPROVE)
        approved = instance.interventions.approve(by, stored, number)
    show_outcome(approved, json_output=json_output)


@app.command("refuse", epilog="Example: registry sml intervention refuse 12")
def refuse(
    number: int = _NUMBER,
    token_file: Path | None = TOKEN_FILE,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Refuse an intervention that waits, or withdraw one's own."""
    from registry.accounts.permissions import Action
    from registry.cli.common import chosen_domain, open_instance
    from registry.cli.intervention_page import operator_of, show_outcome

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        by = operator_of(instance, stored, token_file, Action.INTERVENTION_APPROVE)
        refused = instance.interventions.refuse(by, stored, number)
    show_outcome(refused, json_output=json_output)


@app.command("undo", epilog="Example: registry sml intervention undo 12 --reason 'the wrong SMP'")
def undo(
    number: int = _NUMBER,
    reason: str = REASON,
    domain: str | None = DOMAIN_OPTION,
    token_file: Path | None = TOKEN_FILE,
    plan: bool = PLAN,
    yes: bool = YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Take an intervention back; shows what comes back, and what doesn't any more.

    That is an intervention of its own: where the domain wants a second person for the inverse, it waits.
    """
    from registry.cli.common import chosen_domain, open_instance
    from registry.cli.intervention_page import ask

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = instance.interventions.undoing(stored, number, reason)
        ask(instance, stored, wanted, token_file, plan=plan, yes=yes, json_output=json_output)


@app.command("quarantine", epilog="Example: registry sml intervention quarantine")
def list_quarantine(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List the participants that nobody but their former SMP may register yet: participant, SMP, until when."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE, as_json, shown
    from registry.identifiers.participant import ParticipantIdentifier

    with open_instance() as instance:
        stored, after = chosen_domain(instance, domain), ("", "")
        while rows := instance.interventions.quarantined(stored, after, PAGE):
            for row in rows:
                if json_output:
                    print_json(as_json(row))
                else:
                    typer.echo(f"{ParticipantIdentifier(*row.key)}\t{row.smp_id or '-'}\t{shown(row.until)}")
            after = rows[-1].key


@app.command("blocked", epilog="Example: registry sml intervention blocked")
def list_blocked(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List blocked certificates: serial number, issuer, since when, by which intervention."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE, as_json, shown

    with open_instance() as instance:
        stored, after = chosen_domain(instance, domain), ("", "")
        while rows := instance.interventions.blocked(stored, after, PAGE):
            for row in rows:
                if json_output:
                    print_json(as_json(row))
                else:
                    number = row.intervention_id if row.intervention_id is not None else "-"
                    typer.echo(f"{row.serial}\t{row.issuer}\t{shown(row.blocked_at)}\t{number}")
            after = rows[-1].name
