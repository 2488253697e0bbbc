# SPDX-License-Identifier: Apache-2.0
"""`registry dns`: what the zones hold."""

import typer

from registry.cli import (
    dns_changes,
    dns_check,
    dns_configure,
    dns_file,
    dns_key,
    dns_move,
    dns_names,
    dns_push,
    dns_record,
    dns_status,
)

app = typer.Typer(help="The zones and their records.", no_args_is_help=True)
app.add_typer(dns_record.app, name="record")
app.add_typer(dns_push.app, name="push")
app.add_typer(dns_key.app, name="key")
app.command("configure", epilog=dns_configure.EPILOG)(dns_configure.configure)
app.command("status", epilog=dns_status.EPILOG)(dns_status.status)
app.command("names", epilog=dns_names.EPILOG)(dns_names.names)
app.command("changes", epilog=dns_changes.EPILOG)(dns_changes.changes)
app.command("check", epilog=dns_check.CHECK_EPILOG)(dns_check.check)
app.command("repair", epilog=dns_check.REPAIR_EPILOG)(dns_check.repair)
app.command("export", epilog=dns_file.EXPORT_EPILOG)(dns_file.export)
app.command("import", epilog=dns_file.IMPORT_EPILOG)(dns_file.import_file)
app.command("delegate", epilog="Example: registry dns delegate 0088.iso6523 --ns ns1.example.org")(dns_record.delegate)
app.command("move-zone", epilog="Example: registry dns move-zone sml.example.org --step prepare")(dns_move.move_zone)
app.command("locator", epilog="Example: registry dns locator 0088 --host sml.example.org")(dns_record.locator)


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
