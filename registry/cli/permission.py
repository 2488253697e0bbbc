# SPDX-License-Identifier: Apache-2.0
"""`registry permission`: who may do what, why, and how that is changed."""

import typer

from registry.cli.common import JSON_OPTION
from registry.cli.places import PLACE_DOMAIN, PLACE_GROUP, PLACE_PARTICIPANT

app = typer.Typer(help="Who may do what, and why.", no_args_is_help=True)
_ACCOUNT = typer.Argument(help="The account's name.")
_ROLE = typer.Argument(help="viewer, editor or admin.")


@app.command("list", epilog="Example: registry permission list")
def list_actions(json_output: bool = JSON_OPTION) -> None:
    """Print the table of permissions: each action, the least role for it, and the narrowest level that is enough."""
    from registry.accounts.permissions import ACTIONS
    from registry.cli.common import print_json

    for action in ACTIONS.values():
        if json_output:
            print_json({"action": action.title, "role": action.role, "level": action.level})
        else:
            typer.echo(f"{action.title:<22}{action.role:<8}of {action.level}")


@app.command("explain", epilog="Example: registry permission explain anna service:write --domain peppol-test")
def explain(
    account: str = typer.Argument(help="The account's name, or token:NAME for a token."),
    action: str = typer.Argument(help="An action of `registry permission list`."),
    domain: str | None = PLACE_DOMAIN,
    group: str | None = PLACE_GROUP,
    participant: str | None = PLACE_PARTICIPANT,
    json_output: bool = JSON_OPTION,
) -> None:
    """Say whether an account may do something at a place, and why; ends with 1 where it may not."""
    from registry.accounts.explaining import explain as explained
    from registry.accounts.permissions import ACTIONS
    from registry.cli.common import open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.cli.places import scope_from

    if action not in ACTIONS:
        raise typer.BadParameter(f"there is no action {action!r}; `registry permission list` prints them")
    with open_instance() as instance:
        scope = scope_from(instance, domain, group, participant)
        decision = explained(instance.database, account, ACTIONS[action], scope)
    if json_output:
        print_json(
            {"account": account, "action": action, "allowed": decision.allowed, "reasons": list(decision.reasons)}
        )
    else:
        typer.echo("allowed" if decision else "refused")
        for reason in decision.reasons:
            typer.echo(f"  {reason}")
    if not decision:
        raise typer.Exit(REFUSED)


@app.command("grant", epilog="Example: registry permission grant anna editor --domain peppol-test")
def grant(
    account: str = _ACCOUNT,
    role: str = _ROLE,
    domain: str | None = PLACE_DOMAIN,
    group: str | None = PLACE_GROUP,
    participant: str | None = PLACE_PARTICIPANT,
    json_output: bool = JSON_OPTION,
) -> None:
    """Give an account a role at a place, instead of the one that it may have there."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.grants import give_grant
    from registry.accounts.permissions import Role
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.cli.listing import as_json
    from registry.cli.places import place_text, scope_from

    if role not in set(Role):
        raise typer.BadParameter(f"a role is one of {', '.join(Role)}")
    with open_instance() as instance:
        held = find_account_named(instance.database, account)
        scope = scope_from(instance, domain, group, participant)
        row = give_grant(instance.database, cli_actor(), held.id, Role(role), scope)
        place = place_text(instance, row.place)
    if json_output:
        print_json(as_json(row))
    else:
        typer.echo(f"{held.name}: {row.role} of {place}")


@app.command("revoke", epilog="Example: registry permission revoke anna --domain peppol-test")
def revoke(
    account: str = _ACCOUNT,
    domain: str | None = PLACE_DOMAIN,
    group: str | None = PLACE_GROUP,
    participant: str | None = PLACE_PARTICIPANT,
    json_output: bool = JSON_OPTION,
) -> None:
    """Take the role away that an account has at exactly this place."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.grants import LOCAL, list_grants, take_grant
    from registry.accounts.scopes import place_of
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.cli.listing import PAGE, as_json
    from registry.cli.places import place_text, scope_from
    from registry.errors import NotFoundError

    with open_instance() as instance:
        held = find_account_named(instance.database, account)
        place = place_of(scope_from(instance, domain, group, participant))
        rows = list_grants(instance.database, account_id=held.id, size=PAGE)
        row = next((row for row in rows if (row.place, row.source) == (place, LOCAL)), None)
        if row is None:
            raise NotFoundError(f"{held.name} was granted nothing for {place_text(instance, place)} itself")
        take_grant(instance.database, cli_actor(), row.id)
        words = place_text(instance, place)
    if json_output:
        print_json(as_json(row))
    else:
        typer.echo(f"{held.name}: no more {row.role} of {words}")
