# SPDX-License-Identifier: Apache-2.0
"""`registry session`: who is logged in, and how to end that."""

import typer

from registry.cli.common import JSON_OPTION

app = typer.Typer(help="Who is logged in.", no_args_is_help=True)


@app.command("list", epilog="Example: registry session list --account anna")
def list_sessions(
    account: str | None = typer.Option(None, "--account", help="Only those of this account."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List the sessions that have not ended, one a line."""
    from registry.accounts.accounts import find_account, find_account_named
    from registry.accounts.sessions import Sessions
    from registry.cli.common import open_instance, print_json
    from registry.cli.listing import PAGE, as_json, every, shown

    with open_instance() as instance:
        account_id = None if account is None else find_account_named(instance.database, account).id
        sessions = Sessions(instance.database)
        names: dict[int, str] = {}
        for row in every(lambda after: sessions.page(account_id=account_id, after_id=after, size=PAGE)):
            if row.account_id not in names:
                names[row.account_id] = find_account(instance.database, row.account_id).name
            name = names[row.account_id]
            if json_output:
                print_json(as_json(row) | {"account": name})
            else:
                seen = f"{row.method}\tseen {shown(row.last_seen_at)}\tuntil {shown(row.expires_at)}"
                typer.echo(f"{row.id}\t{name}\t{seen}\t{row.address or '-'}")


@app.command("revoke", epilog="Example: registry session revoke --account anna")
def revoke(
    session: int | None = typer.Argument(None, help="Its number, as `registry session list` says it."),
    account: str | None = typer.Option(None, "--account", help="All sessions of this account instead."),
    json_output: bool = JSON_OPTION,
) -> None:
    """End a session, or all of an account, at once."""
    from registry.accounts.accounts import find_account_named
    from registry.accounts.sessions import Sessions
    from registry.cli.common import cli_actor, open_instance, print_json

    if (session is None) == (account is None):
        raise typer.BadParameter("say either the number of a session or --account")
    with open_instance() as instance:
        sessions = Sessions(instance.database)
        if session is not None:
            sessions.revoke(session, cli_actor())
            ended = 1
        else:
            account_id = find_account_named(instance.database, account or "").id
            ended = sessions.revoke_all(account_id, cli_actor())
    if json_output:
        print_json({"ended": ended})
    else:
        typer.echo(f"{ended} ended")
