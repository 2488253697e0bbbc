# SPDX-License-Identifier: Apache-2.0
"""`registry dns changes`: the journal of a zone, what has changed since a serial."""

from typing import Annotated

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

EPILOG = "Example: registry dns changes --since 41 --json"


def changes(
    since: Annotated[
        int | None, typer.Option(min=0, help="The serial that is known; by default as far back as the journal reaches.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only this name: absolute, or relative to the zone.")] = None,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Tell what has changed in the zone of a domain, in order: the serial, and each record set before and after."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE
    from registry.dns.zone_reader import ZoneReader, absolute

    with open_instance() as instance:
        stored, reader, after = chosen_domain(instance, domain), ZoneReader(instance.database), 0
        if since is None:
            since = reader.zone(stored.id)[0].history_from
        while rows := reader.changes(stored.id, since, name, after, PAGE):
            for row in rows:
                owner = absolute(row.owner, stored.domain.dns.zone)
                before, after_it = (
                    None if each is None else {"ttl": each.ttl, "records": list(each.rdatas)}
                    for each in (row.before, row.after)
                )
                told = {"name": owner, "type": row.rdtype, "before": before, "after": after_it}
                if json_output:
                    print_json({"serial": row.serial, "changed_at": row.changed_at.isoformat(), **told})
                    continue
                for sign, held in (("-", row.before), ("+", row.after)):
                    for rdata in held.rdatas if held is not None else ():
                        typer.echo(f"{row.serial}\t{sign}\t{owner}\t{row.rdtype}\t{rdata}")
            after = rows[-1].sequence
