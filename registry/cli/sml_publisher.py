# SPDX-License-Identifier: Apache-2.0
"""`registry sml publisher`: the SMPs of a domain, as its SML knows them."""

from typing import Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

app = typer.Typer(help="The SMPs that the SML of a domain knows.", no_args_is_help=True)
_SMP_ID = typer.Argument(metavar="SMP_ID", help="The id of an SMP; case means nothing.")
_PHYSICAL = "An IP address that nobody resolves by, as SOAP has it."


@app.command("list", epilog="Example: registry sml publisher list --domain peppol-test")
def list_publishers(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List the SMPs of a domain, one a line: id, address, state, number of participants."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE, as_json

    with open_instance() as instance:
        stored, sml, after = chosen_domain(instance, domain), instance.administration, ""
        while rows := sml.publishers(stored, after, PAGE):
            for row in rows:
                if json_output:
                    print_json(as_json(row) | {"domain": stored.domain.name})
                else:
                    state = "suspended" if row.suspended else "active"
                    typer.echo(f"{row.smp_id}\t{row.logical_address}\t{state}\t{row.registrations}")
            after = rows[-1].smp_id.lower()


@app.command("show", epilog="Example: registry sml publisher show SMP-1")
def show(smp_id: str = _SMP_ID, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Print an SMP with the certificates that may speak for it."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import as_json, shown

    with open_instance() as instance:
        view, certificates = instance.administration.publisher(chosen_domain(instance, domain), smp_id)
    if json_output:
        print_json(as_json(view) | {"certificates": [as_json(row) for row in certificates]})
        return
    typer.echo(view.smp_id)
    typer.echo(f"  address       {view.logical_address}")
    typer.echo(f"  state         {'suspended' if view.suspended else 'active'}")
    typer.echo(f"  participants  {view.registrations}")
    for row in certificates:
        typer.echo(f"  certificate   {row.sha256}")
        typer.echo(f"    subject     {row.subject}")
        typer.echo(f"    speaks      {shown(row.usable_from, 'always')} to {shown(row.usable_until, 'its end')}")


@app.command("add", epilog="Example: registry sml publisher add SMP-1 https://smp.example.org/")
def add(
    smp_id: str = typer.Argument(metavar="SMP_ID", help="The id that it is to have."),
    address: str = typer.Argument(help="Its URL, to which the names of its participants lead."),
    physical_address: str = typer.Option("0.0.0.0", "--physical-address", help=_PHYSICAL),  # noqa: S104 — as SMPs do
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Register an SMP, for which nobody may speak yet."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.sml.model import Publisher

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        instance.administration.create_publisher(cli_actor(), stored, Publisher(smp_id, address, physical_address))
    _say({"smp_id": smp_id, "outcome": "created"}, json_output=json_output)


@app.command("change", epilog="Example: registry sml publisher change SMP-1 https://new.example.org/")
def change(
    smp_id: str = _SMP_ID,
    address: str = typer.Argument(help="Its new URL."),
    physical_address: str | None = typer.Option(None, "--physical-address", help=_PHYSICAL),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Give an SMP another address; the names of its participants follow."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        stored, sml = chosen_domain(instance, domain), instance.administration
        physical = physical_address or sml.publisher(stored, smp_id)[0].physical_address
        changed = sml.change_publisher(cli_actor(), stored, smp_id, address, physical)
    _say({"smp_id": smp_id, "outcome": "changed" if changed else "unchanged"}, json_output=json_output)


@app.command("remove", epilog="Example: registry sml publisher remove SMP-1")
def remove(
    smp_id: str = _SMP_ID,
    plan: bool = typer.Option(False, "--plan", help="Only show what would go with it."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Remove an SMP with all its registrations and their names."""
    from dataclasses import asdict

    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json

    with open_instance() as instance:
        stored, sml = chosen_domain(instance, domain), instance.administration
        if plan:
            told = asdict(sml.plans.removing(stored, smp_id))
            if json_output:
                print_json(told)
                return
            for name, count in told.items():
                typer.echo(f"{count:>9}  {name.replace('_', ' ')}")
            return
        sml.delete_publisher(cli_actor(), stored, smp_id)
    _say({"smp_id": smp_id, "outcome": "removed"}, json_output=json_output)


def _say(done: dict[str, Any], *, json_output: bool) -> None:
    from registry.cli.common import print_json

    if json_output:
        print_json(done)
    else:
        typer.echo(f"{done['smp_id']}: {done['outcome']}")
