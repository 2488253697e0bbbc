# SPDX-License-Identifier: Apache-2.0
"""`registry token`: tokens for programs that manage what is published, or use the REST interface."""

from datetime import timedelta

import typer

from registry.cli.common import JSON_OPTION

app = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
_NAME = typer.Argument(help="The token's name, as `registry token list` says it.")
_DAYS = typer.Option(
    None, "--expires", "--days", min=1, max=3650, help="Days from now until it expires; by default never."
)


@app.command("create", epilog="Example: registry token create erp --account erp --domain peppol-test --expires 90")
def create(
    name: str = typer.Argument(help="What the audit calls its bearer."),
    account: str | None = typer.Option(
        None, "--account", help="Whose it is: it may do what that account may. Without one it is a program by itself."
    ),
    role: str = typer.Option("editor", "--role", help="The most that it may do: viewer, editor or admin."),
    domain: str | None = typer.Option(None, "--domain", help="Only for this domain; by default for all."),
    days: int | None = _DAYS,
    management: str = typer.Option(
        "native", help="How its bearer speaks where the path doesn't say it: native, phoss or domismp."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.permissions import Role
    from registry.accounts.tokens import create_token
    from registry.cli.common import cli_actor, open_instance, print_json

    if role not in set(Role):
        raise typer.BadParameter(f"a role is one of {', '.join(Role)}")
    with open_instance() as instance:
        secret = create_token(
            instance.database,
            cli_actor(),
            name,
            account_id=None if account is None else find_account_named(instance.database, account).id,
            role=Role(role),
            domain_id=None if domain is None else instance.directory.get(domain).id,
            lasts=None if days is None else timedelta(days=days),
            management=management,
        )
    if json_output:
        told = {"name": name, "account": account, "role": role, "domain": domain, "management": management}
        print_json(told | {"token": secret})
    else:
        typer.echo(secret)


@app.command("list", epilog="Example: registry token list --account erp")
def list_tokens(
    account: str | None = typer.Option(None, "--account", help="Only those of this account."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List the tokens, one a line; never their secrets."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.tokens import list_tokens as listed
    from registry.cli.common import open_instance, print_json
    from registry.cli.listing import PAGE, as_json, every, shown

    with open_instance() as instance:
        account_id = None if account is None else find_account_named(instance.database, account).id
        domains = {stored.id: stored.domain.name for stored in instance.directory.all()}
        for row in every(lambda after: listed(instance.database, account_id=account_id, after_id=after, size=PAGE)):
            domain = None if row.domain_id is None else domains.get(row.domain_id)
            if json_output:
                print_json(as_json(row) | {"domain": domain})
            else:
                ends = "revoked" if row.revoked_at else f"until {shown(row.expires_at, 'for ever')}"
                used = f"used {shown(row.last_used_at, 'never')}"
                typer.echo(f"{row.name}\t{row.role}\t{domain or 'all domains'}\t{ends}\t{used}")


@app.command("revoke", epilog="Example: registry token revoke erp")
def revoke(name: str = _NAME, json_output: bool = JSON_OPTION) -> None:
    """End a token at once, in every process."""
    from registry.accounts.tokens import find_token, revoke_token
    from registry.cli.common import cli_actor, open_instance, print_json

    with open_instance() as instance:
        row = find_token(instance.database, name)
        revoke_token(instance.database, cli_actor(), row.id)
    if json_output:
        print_json({"name": name, "revoked": True})
    else:
        typer.echo(f"{name}: revoked")


@app.command("rotate", epilog="Example: registry token rotate erp --overlap 24 --expires 90")
def rotate(
    name: str = _NAME,
    overlap: float = typer.Option(0, "--overlap", min=0, max=720, help="Hours for which the old secret is good, too."),
    days: int | None = typer.Option(
        None, "--expires", "--days", min=1, max=3650, help="Days from now until it expires; by default as before."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Give a token a new secret and print it, once."""
    from registry.accounts.tokens import find_token, rotate_token
    from registry.cli.common import cli_actor, open_instance, print_json

    with open_instance() as instance:
        secret = rotate_token(
            instance.database,
            cli_actor(),
            find_token(instance.database, name).id,
            overlap=timedelta(hours=overlap),
            lasts=None if days is None else timedelta(days=days),
        )
    if json_output:
        print_json({"name": name, "token": secret})
    else:
        typer.echo(secret)
