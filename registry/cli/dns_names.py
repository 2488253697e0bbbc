# SPDX-License-Identifier: Apache-2.0
"""`registry dns names`: the names of a participant or an SMP, what they hold, since when servers show it."""

from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.lookups.zone_names import NameView, ServerAnswer

EPILOG = "Example: registry dns names iso6523-actorid-upis::0088:7300010000001 --now"


def names(
    identifier: str = typer.Argument(help="A participant, as scheme::value; with --publisher the id of an SMP."),
    publisher: bool = typer.Option(False, "--publisher", help="It is an SMP."),
    now: bool = typer.Option(False, "--now", help="Ask the zone's name servers for the names that the domain uses."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Tell the names that stand for an identifier in DNS, registered or not; also older ones, and those of other forms.

    With --json it prints an object per name. Ends with 1 where, with --now, a server answers otherwise.
    """
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.lookups.zone_names import ask_servers, names_of_participant, names_of_publisher, views_of

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        if publisher:
            derived = names_of_publisher(stored, identifier)
        else:
            loose = stored.domain.identifiers.participant.allow_no_scheme
            derived = names_of_participant(stored, ParticipantIdentifier.parse(identifier, scheme_optional=loose))
        found = [
            (
                view,
                ask_servers(instance.database, stored, view.name, view.derived.rdtype)
                if now and view.derived.used
                else [],
            )
            for view in views_of(instance.database, stored, derived)
        ]
    for view, answers in found:
        if json_output:
            print_json(_as_json(view, answers))
        else:
            _print(view, answers)
    if not all(answer.agrees for _, answers in found for answer in answers):
        raise typer.Exit(REFUSED)


def _as_json(view: "NameView", answers: "list[ServerAnswer]") -> dict[str, Any]:
    from registry.cli.listing import as_json

    seen = view.visibility
    return {
        "name": view.name,
        "kind": view.derived.kind,
        "used": view.derived.used,
        "type": view.derived.rdtype,
        "held": [{"type": each.rdtype, "ttl": each.ttl, "records": list(each.rdatas)} for each in view.held],
        "visibility": as_json(seen) | {"servers": [as_json(each) for each in seen.servers]},
        "dig": list(view.dig),
        "answers": [as_json(each) for each in answers],
    }


def _print(view: "NameView", answers: "list[ServerAnswer]") -> None:
    from registry.cli.listing import shown
    from registry.discovery.explanation import printable

    used = "" if view.derived.used else ", not used here"
    typer.echo(f"{view.name}  ({view.derived.kind}{used})")
    for rrset in view.held:
        for record in rrset.rdatas:
            typer.echo(f"  {rrset.ttl} {rrset.rdtype} {record}")
    if not view.held:
        typer.echo("  nothing is there")
    if view.held or view.visibility.changed_at is not None:
        since = shown(view.visibility.since, "since longer than is known")
        typer.echo(f"  visible  {since if view.visibility.visible else 'not everywhere yet'}")
        for server in view.visibility.servers:
            typer.echo(f"    {server.address}  {shown(server.since, 'yes') if server.visible else 'not yet'}")
    for answer in answers:
        records = "; ".join(answer.records) or "nothing"
        state = answer.failure or f"{answer.rcode}: {records}{'' if answer.agrees else '  DIFFERS'}"
        typer.echo(printable(f"  {answer.address} answers  {state}"))
    for line in view.dig if view.derived.used else ():
        typer.echo(f"  $ {line}")
