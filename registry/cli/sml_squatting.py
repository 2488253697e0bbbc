# SPDX-License-Identifier: Apache-2.0
"""`registry sml squatting`: registrations that show no sign of being made for whom they name."""

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION


def squatting(
    domain: str | None = DOMAIN_OPTION,
    older_than: int = typer.Option(
        90, "--older-than", min=0, max=36_500, metavar="DAYS", help="How long our SMP may have no service for one."
    ),
    series: int = typer.Option(
        20, "--series", min=2, max=1_000_000, help="How many numbers, one after the other, are a series."
    ),
    csv: bool = typer.Option(False, "--csv", help="Print CSV with a head instead of text."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List what is odd about registrations, one fact a line: sign, participant, SMP, since when, in words.

    Facts only: there may be a good reason for each. Ask the SMP before anything is done.
    """
    import csv as csv_format
    import sys
    from dataclasses import astuple
    from datetime import timedelta

    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import as_json, shown
    from registry.sml.admission.squatting import Bounds, findings
    from registry.smp.exchange.table_columns import guarded

    writer = csv_format.writer(sys.stdout, lineterminator="\n")
    if csv and not json_output:
        writer.writerow(("sign", "participant", "smp_id", "since", "detail"))
    found = 0
    with open_instance() as instance:
        stored, database = chosen_domain(instance, domain), instance.database
        bounds = Bounds(timedelta(days=older_than), series)
        with database.read() as connection:
            for finding in findings(connection, stored, database.now(), bounds):
                found += 1
                if json_output:
                    print_json(as_json(finding))
                elif csv:
                    writer.writerow([guarded(str(value)) for value in as_json(finding).values()])
                else:
                    sign, participant, smp_id, since, detail = astuple(finding)
                    typer.echo(f"{sign}\t{participant}\t{smp_id}\t{shown(since)}\t{detail}")
    typer.echo(f"{found} facts", err=True)
