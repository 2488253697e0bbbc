# SPDX-License-Identifier: Apache-2.0
"""`registry certificate`: the certificates that are used here, by everybody."""

from pathlib import Path

import typer

app = typer.Typer(help="The certificates that are used here, by everybody.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Keeps `calendar` a command of its own while it is the only one."""


@app.command("calendar", epilog="Example: registry certificate calendar --within-days 365 --output certificates.ics")
def calendar(
    within_days: int = typer.Option(90, "--within-days", min=1, max=3_650, help="The ends of the next so many days."),
    domain: str | None = typer.Option(None, "--domain", help="Only those that are used in this domain."),
    output: Path | None = typer.Option(None, "--output", help="Write to this file instead of standard output."),
) -> None:
    """Write the ends of certificates as a calendar (iCalendar, RFC 5545), for a calendar program to take in."""
    from registry.alerts.certificate_calendar import certificate_calendar
    from registry.cli.common import chosen_domain, open_instance

    with open_instance() as instance:
        names = {stored.id: stored.domain.name for stored in instance.directory.all()}
        only = None if domain is None else [chosen_domain(instance, domain).id]
        with instance.database.read() as connection:
            written = certificate_calendar(connection, names, only, within_days, instance.database.now())
    if output is None:
        typer.echo(written, nl=False)
    else:
        output.write_bytes(written)
