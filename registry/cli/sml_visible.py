# SPDX-License-Identifier: Apache-2.0
"""`registry sml visible`: since when DNS shows what is registered, at each name server that is observed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.sml.visibility import ServerView, Visibility

EPILOG = "Example: registry sml visible iso6523-actorid-upis::0088:7300010000001"


def visible(
    participants: list[str] = typer.Argument(None, metavar="[PARTICIPANT]...", help="Participants, as scheme::value."),
    publisher: list[str] = typer.Option([], "--publisher", metavar="SMP_ID", help="An SMP of the domain."),
    now: bool = typer.Option(False, "--now", help="Ask the name servers first; else what the last look found."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Tell since when DNS shows the last change of participants or SMPs, at all name servers that are observed.

    Without any it tells how the name servers are (dns.observed_servers of the domain). Ends with 1 where something
    isn't visible everywhere, or a server doesn't answer or is behind.
    """
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.dns.observation import observe
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.sml.visibility import VisibilityReader

    fine = True
    with open_instance() as instance:
        stored, reader = chosen_domain(instance, domain), VisibilityReader(instance.database)
        if now:
            observe(instance.database, [stored])
        if not (participants or publisher):
            for server in reader.servers(stored):
                fine = fine and server.failure is None and server.behind_since is None
                if json_output:
                    print_json(_plain(asdict(server)))
                else:
                    typer.echo(_server_line(server))
        loose = stored.domain.identifiers.participant.allow_no_scheme
        found = [
            *((smp_id, reader.publisher(stored, smp_id)) for smp_id in publisher),
            *(
                (text, reader.participant(stored, ParticipantIdentifier.parse(text, scheme_optional=loose)))
                for text in participants or ()
            ),
        ]
    for text, visibility in found:
        fine = fine and visibility.visible
        if json_output:
            print_json({"subject": text} | _plain(asdict(visibility)))
        else:
            _print(text, visibility)
    if not fine:
        raise typer.Exit(REFUSED)


def _print(text: str, found: "Visibility") -> None:
    from registry.cli.listing import shown

    typer.echo(text)
    typer.echo(f"  names         {' '.join(found.names)}{'' if found.holds else ' (nothing is there)'}")
    typer.echo(f"  changed       {shown(found.changed_at, 'longer ago than is kept')}")
    waits = "waits for a serial" if found.changed_at is not None and found.serial is None else "-"
    typer.echo(f"  published     {shown(found.published_at, waits)}")
    everywhere = shown(found.since, "since longer than is known") if found.visible else "not everywhere yet"
    typer.echo(f"  visible       {everywhere}")
    for server in found.servers:
        unknown = "nobody knows yet" if server.serial is None else "not yet"
        since = shown(server.since, "since longer than is known") if server.visible else unknown
        typer.echo(f"    {server.address}  {since}{f' ({server.failure})' if server.failure else ''}")


def _server_line(server: "ServerView") -> str:
    from registry.cli.listing import shown

    state = server.failure or "answers"
    behind = "" if server.behind_since is None else f"\tbehind since {shown(server.behind_since)}"
    serial = "-" if server.serial is None else str(server.serial)
    return f"{server.address}\t{serial}\t{shown(server.succeeded_at, 'never')}\t{state}{behind}"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Instants as JSON has them, however deep."""
    from datetime import datetime

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    return {name: plain(value) for name, value in values.items()}
