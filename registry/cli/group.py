# SPDX-License-Identifier: Apache-2.0
"""`registry group`: groups of participants of a domain, for whom others may be responsible than for the rest."""

from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.storage.queries.owner_groups import OwnerGroupRow

app = typer.Typer(help="Groups of participants, and who is in which.", no_args_is_help=True)
_NAME = typer.Argument(help="The group's name, as `registry group list` says it.")
_PARTICIPANT = typer.Argument(help="Such as iso6523-actorid-upis::0088:4035811991021")


@app.command("list", epilog="Example: registry group list --domain peppol-test")
def list_groups(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List the groups of a domain, one a line."""
    from registry.accounts.groups import list_groups as listed
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE, as_json, every

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        for row in every(lambda after: listed(instance.database, stored.id, after_id=after, size=PAGE)):
            if json_output:
                print_json(as_json(row) | {"domain": stored.domain.name})
            else:
                typer.echo(f"{row.name}\t{row.description or '-'}")


@app.command("create", epilog="Example: registry group create hospitals --domain ehdsi")
def create(
    name: str = typer.Argument(help="What to call it."),
    description: str = typer.Option("", "--description", help="Who is in it."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Make an empty group."""
    from registry.accounts.groups import create_group
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        row = create_group(instance.database, cli_actor(), stored.id, name, description)
    _print_group(row, "created", json_output=json_output)


@app.command("change", epilog="Example: registry group change hospitals --name clinics")
def change(
    name: str = _NAME,
    new_name: str | None = typer.Option(None, "--name", help="Another name."),
    description: str | None = typer.Option(None, "--description", help="Who is in it."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Change what a group is called."""
    from registry.accounts.groups import change_group, find_group
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    if new_name is None and description is None:
        raise typer.BadParameter("say what changes: --name or --description")
    with open_instance() as instance:
        held = find_group(instance.database, chosen_domain(instance, domain).id, name)
        row = change_group(instance.database, cli_actor(), held.id, name=new_name, description=description)
    _print_group(row, "changed", json_output=json_output)


@app.command("delete", epilog="Example: registry group delete hospitals")
def delete(name: str = _NAME, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Remove an empty group, with the grants for it."""
    from registry.accounts.groups import delete_group, find_group
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        held = find_group(instance.database, chosen_domain(instance, domain).id, name)
        delete_group(instance.database, cli_actor(), held.id)
    _print_group(held, "deleted", json_output=json_output)


@app.command("add-participant", epilog="Example: registry group add-participant hospitals iso6523-actorid-upis::0088:1")
def add_participant(
    name: str = _NAME,
    participant: str = _PARTICIPANT,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Put a participant into a group, out of the one that it may be in."""
    _move(participant, name, domain, json_output=json_output)


@app.command("remove-participant", epilog="Example: registry group remove-participant iso6523-actorid-upis::0088:1")
def remove_participant(
    participant: str = _PARTICIPANT, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION
) -> None:
    """Take a participant out of the group that it is in."""
    _move(participant, None, domain, json_output=json_output)


def _move(participant: str, name: str | None, domain: str | None, *, json_output: bool) -> None:
    from registry.accounts.groups import find_group, move_participant
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json
    from registry.cli.places import participant_key

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        group_id = None if name is None else find_group(instance.database, stored.id, name).id
        scheme, value_key = participant_key(stored, participant)
        move_participant(instance.database, cli_actor(), stored.id, scheme, value_key, group_id)
    if json_output:
        print_json({"participant": participant, "group": name})
    else:
        typer.echo(f"{participant}: {'in no group' if name is None else f'in {name}'}")


def _print_group(row: "OwnerGroupRow", what: str, *, json_output: bool) -> None:
    from registry.cli.common import print_json
    from registry.cli.listing import as_json

    if json_output:
        print_json(as_json(row))
    else:
        typer.echo(f"{row.name}: {what}")
