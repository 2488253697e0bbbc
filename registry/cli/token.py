# SPDX-License-Identifier: Apache-2.0
"""`registry token`: tokens for programs that manage what is published."""

from datetime import timedelta

import typer

app = typer.Typer(help="Tokens for programs that manage what is published.", no_args_is_help=True)


@app.command("create", epilog="Example: registry token create erp --domain peppol-test --days 90")
def create(
    name: str = typer.Argument(help="What the audit calls its bearer."),
    domain: str | None = typer.Option(None, "--domain", help="Only for this domain; by default for all."),
    days: int | None = typer.Option(None, "--days", min=1, max=3650, help="Days until it expires; by default never."),
    management: str = typer.Option(
        "native", help="How its bearer speaks where the path doesn't say it: native, phoss or domismp."
    ),
    json_output: bool = typer.Option(False, "--json", help="Print JSON instead of text."),
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    from registry.accounts.tokens import create_token
    from registry.cli.common import cli_actor, open_instance, print_json

    with open_instance() as instance:
        domain_id = None if domain is None else instance.directory.get(domain).id
        lasts = None if days is None else timedelta(days=days)
        secret = create_token(
            instance.database, cli_actor(), name, domain_id=domain_id, lasts=lasts, management=management
        )
    if json_output:
        print_json({"name": name, "domain": domain, "management": management, "token": secret})
    else:
        typer.echo(secret)
