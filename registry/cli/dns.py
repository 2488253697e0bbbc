# SPDX-License-Identifier: Apache-2.0
"""`registry dns`: what the zones hold."""

import typer

app = typer.Typer(help="The zones and their records.", no_args_is_help=True)


@app.command("show", epilog="Example: registry dns show sml.test | head")
def show(
    zone: str = typer.Argument(help="The zone's name."),
    json_output: bool = typer.Option(False, "--json", help="Print a JSON object per record."),
) -> None:
    """Print the records of a zone as a zone file; those that no running instance has published yet, too."""
    from registry.cli.common import open_instance, print_json
    from registry.dns.journal import zone_content

    with open_instance() as instance, zone_content(instance.database, zone) as content:
        if content.unpublished:
            note = f"{content.unpublished} changes wait for a running instance to publish them"
            typer.echo(f"note: {note}, after serial {content.serial}", err=True)
        for owner, ttl, rdtype, rdata in content.records:
            if json_output:
                print_json({"owner": owner, "ttl": ttl, "type": rdtype, "rdata": rdata})
            else:
                typer.echo(f"{owner}\t{ttl}\tIN\t{rdtype}\t{rdata}")
