# SPDX-License-Identifier: Apache-2.0
"""`registry account`: people and programs. The first administrator is made here; there is no default password."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from registry.storage.queries.accounts import AccountRow

app = typer.Typer(help="People and programs that may do something.", no_args_is_help=True)
_NAME = typer.Argument(help="The account's name, as `registry account list` says it.")
_PASSWORD_FILE = typer.Option(
    None,
    "--password-file",
    help="Read the password from this file, or - for standard input, instead of making one. It has to be changed at "
    "the first login all the same.",
)


@app.command("list", epilog="Example: registry account list --state active")
def list_accounts(
    kind: str | None = typer.Option(None, "--kind", help="Only person or program."),
    state: str | None = typer.Option(None, "--state", help="Only active, disabled or erased."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List the accounts, one a line."""
    from registry.accounts.accounts import list_accounts as listed
    from registry.cli.common import open_instance, print_json
    from registry.cli.listing import PAGE, as_json, every

    with open_instance() as instance:
        for row in every(lambda after: listed(instance.database, kind=kind, state=state, after_id=after, size=PAGE)):
            if json_output:
                print_json(as_json(row))
            else:
                typer.echo(f"{row.id}\t{row.kind}\t{row.name}\t{row.state}\t{row.display_name or '-'}")


@app.command("show", epilog="Example: registry account show anna")
def show(name: str = _NAME, json_output: bool = JSON_OPTION) -> None:
    """Print an account with its credentials and grants; never a secret."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.credentials import list_credentials
    from registry.accounts.grants import list_grants
    from registry.cli.common import open_instance, print_json
    from registry.cli.listing import PAGE, as_json, shown
    from registry.cli.places import place_text

    with open_instance() as instance:
        row = find_account_named(instance.database, name)
        credentials = list_credentials(instance.database, row.id)
        grants = list_grants(instance.database, account_id=row.id, size=PAGE)
        places = {grant.id: place_text(instance, grant.place) for grant in grants}
    if json_output:
        told = [as_json(item) | {"place": places[item.id]} for item in grants]
        print_json(as_json(row) | {"credentials": [as_json(item) for item in credentials], "grants": told})
        return
    typer.echo(f"{row.name} ({row.kind} {row.id}, {row.state})")
    typer.echo(f"  name          {row.display_name or '-'}")
    typer.echo(f"  e-mail        {row.email or '-'}")
    typer.echo(f"  since         {shown(row.created_at)}")
    for item in credentials:
        change = ", has to be changed" if item.must_change else ""
        typer.echo(
            f"  credential {item.id:<3}{item.kind} {item.label}{change}, used {shown(item.last_used_at, 'never')}"
            + (f", until {shown(item.expires_at)}" if item.expires_at else "")
        )
    for grant in grants:
        typer.echo(f"  grant {grant.id:<8}{grant.role} of {places[grant.id]} ({grant.source})")


@app.command("create", epilog="Example: registry account create anna --admin")
def create(
    name: str = typer.Argument(help="What the account logs in with."),
    program: bool = typer.Option(False, "--program", help="A program, which has tokens or certificates."),
    admin: bool = typer.Option(False, "--admin", help="Let it administer the whole system."),
    display_name: str = typer.Option("", "--display-name", help="What people call them."),
    email: str = typer.Option("", "--email", help="Their mail address."),
    password_file: Path | None = _PASSWORD_FILE,
    without_password: bool = typer.Option(
        False, "--without-password", help="No password: they log in at an OIDC provider or with a certificate."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Make an account. A person gets a password, which is printed once and has to be changed at the first login."""
    from registry.accounts.accounts import Kind, create_account
    from registry.accounts.credentials import set_password
    from registry.accounts.grants import give_grant
    from registry.accounts.passwords import one_time_password
    from registry.accounts.permissions import SYSTEM, Role
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.cli.listing import as_json

    if password_file is not None and (program or without_password):
        raise typer.BadParameter("--password-file is for a person who is to have a password")
    password = None
    if not (program or without_password):
        password = one_time_password() if password_file is None else _read_password(password_file)
    actor = cli_actor()
    with open_instance() as instance, instance.database.write(actor):
        kind = Kind.PROGRAM if program else Kind.PERSON
        row = create_account(instance.database, actor, kind, name, display_name=display_name, email=email)
        if admin:
            give_grant(instance.database, actor, row.id, Role.ADMIN, SYSTEM)
        if password is not None:
            set_password(instance.database, actor, row.id, password)
    made = password if password_file is None else None
    if json_output:
        print_json(as_json(row) | ({} if made is None else {"password": made}))
        return
    typer.echo(f"{row.name}: created as {row.kind} {row.id}", err=True)
    if made is not None:
        typer.echo("password, for the first login only:", err=True)
        typer.echo(made)


@app.command("change", epilog="Example: registry account change anna --email anna@example.org")
def change(
    name: str = _NAME,
    new_name: str | None = typer.Option(None, "--name", help="Another name to log in with."),
    display_name: str | None = typer.Option(None, "--display-name", help="What people call them."),
    email: str | None = typer.Option(None, "--email", help="Their mail address."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Change what an account is called."""
    from registry.accounts.accounts import change_account, find_account_named
    from registry.cli.common import cli_actor, open_instance

    if new_name is None and display_name is None and email is None:
        raise typer.BadParameter("say what changes: --name, --display-name or --email")
    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        row = change_account(
            instance.database, cli_actor(), held.id, name=new_name, display_name=display_name, email=email
        )
    _print_account(row, "changed", json_output=json_output)


@app.command("disable", epilog="Example: registry account disable anna")
def disable(name: str = _NAME, json_output: bool = JSON_OPTION) -> None:
    """Let an account do nothing any more; its sessions end."""
    from registry.accounts.accounts import disable_account, find_account_named
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        row = disable_account(instance.database, cli_actor(), held.id)
    _print_account(row, "disabled", json_output=json_output)


@app.command("enable", epilog="Example: registry account enable anna")
def enable(name: str = _NAME, json_output: bool = JSON_OPTION) -> None:
    """Let a disabled account do again what it may."""
    from registry.accounts.accounts import enable_account, find_account_named
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        row = enable_account(instance.database, cli_actor(), held.id)
    _print_account(row, "enabled", json_output=json_output)


@app.command("erase", epilog="Example: registry account erase anna --yes")
def erase(
    name: str = _NAME,
    yes: bool = typer.Option(False, "--yes", help="Don't ask."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Remove what is personal of an account, for good; what it did stays in the audit, without a name."""
    from registry.accounts.accounts import erase_account, find_account_named
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        if not yes:
            typer.confirm(f"Erase {held.name} for good?", abort=True, err=True)
        row = erase_account(instance.database, cli_actor(), held.id)
    _print_account(row, "erased", json_output=json_output)


@app.command("set-password", epilog="Example: registry account set-password anna")
def set_a_password(
    name: str = _NAME, password_file: Path | None = _PASSWORD_FILE, json_output: bool = JSON_OPTION
) -> None:
    """Give a person a password, which is printed once and has to be changed at the next login; their sessions end."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.credentials import reset_password, set_password
    from registry.cli.common import cli_actor, open_instance, print_json

    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        made = None
        if password_file is None:
            made = reset_password(instance.database, cli_actor(), held.id)
        else:
            set_password(instance.database, cli_actor(), held.id, _read_password(password_file))
    if json_output:
        print_json({"name": held.name} | ({} if made is None else {"password": made}))
    else:
        typer.echo(f"{held.name}: set" if made is None else made)


@app.command("unlock", epilog="Example: registry account unlock anna")
def unlock(name: str = _NAME, json_output: bool = JSON_OPTION) -> None:
    """Let somebody log in at once who failed too often."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.credentials import unlock_account
    from registry.cli.common import cli_actor, open_instance, print_json

    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        unlocked = unlock_account(instance.database, cli_actor(), held.id)
    if json_output:
        print_json({"name": held.name, "unlocked": unlocked})
    else:
        typer.echo(f"{held.name}: {'unlocked' if unlocked else 'there were no failures'}")


@app.command("add-certificate", epilog="Example: registry account add-certificate erp erp.pem")
def add_certificate(
    name: str = _NAME,
    certificate: Path = typer.Argument(help="The client certificate, PEM or DER.", exists=True, dir_okay=False),
    label: str = typer.Option("", "--label", help="What to call it; by default its subject."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Let an account come to the management listener with a client certificate, until that expires."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.credentials import add_certificate as added
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.cli.listing import as_json, shown

    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        row = added(instance.database, cli_actor(), held.id, certificate.read_bytes(), label)
    if json_output:
        print_json(as_json(row))
    else:
        typer.echo(f"{held.name}: credential {row.id}, {row.label}, until {shown(row.expires_at)}")


@app.command("remove-credential", epilog="Example: registry account remove-credential erp 12")
def remove_credential(
    name: str = _NAME,
    credential: int = typer.Argument(help="Its number, as `registry account show` says it."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Take a certificate, a password or an identity at a provider away from an account; its sessions end."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.credentials import remove_credential as removed
    from registry.cli.common import cli_actor, open_instance, print_json

    with open_instance() as instance:
        held = find_account_named(instance.database, name)
        removed(instance.database, cli_actor(), held.id, credential)
    if json_output:
        print_json({"name": held.name, "removed": credential})
    else:
        typer.echo(f"{held.name}: credential {credential} removed")


def _read_password(file: Path) -> str:
    from registry.setting_values import read_secret

    if str(file) == "-":
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return read_secret(file)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _print_account(row: "AccountRow", what: str, *, json_output: bool) -> None:
    from registry.cli.common import print_json
    from registry.cli.listing import as_json

    if json_output:
        print_json(as_json(row))
    else:
        typer.echo(f"{row.name}: {what}")
