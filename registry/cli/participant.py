# SPDX-License-Identifier: Apache-2.0
"""`registry participant`: who receives in a domain."""

from typing import TYPE_CHECKING, Any

import typer

from registry.cli import participant_move
from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.metadata import Visibility
    from registry.smp.publishing import Published
    from registry.storage.domain_directory import StoredDomain
    from registry.storage.unit_of_work import UnitOfWork

app = typer.Typer(help="The participants of the SMP, and their registration at the SML.", no_args_is_help=True)
_PARTICIPANT = typer.Argument(help="Such as iso6523-actorid-upis::0088:4035811991021")


@app.command("add", epilog="Example: registry participant add iso6523-actorid-upis::0088:4035811991021")
def add(
    participant: str = _PARTICIPANT,
    visibility: str | None = typer.Option(
        None, "--visibility", help="public, internal or private; by default as the domain says."
    ),
    domain: str | None = DOMAIN_OPTION,
) -> None:
    """Make a service group and, where the domain has an SML here, its registration."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.metadata import ServiceGroup

    wanted = visibility_of(visibility)
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        optional = stored.domain.identifiers.participant.allow_no_scheme
        identifier = ParticipantIdentifier.parse(participant, scheme_optional=optional)
        group = ServiceGroup(identifier, visibility=wanted)
        published = instance.publishing.put_service_group(cli_actor(), stored, group)
        for warning in published.warnings:
            typer.echo(f"warning: {warning}", err=True)
        typer.echo(f"{identifier}: {published.outcome.value}")


@app.command(
    "change",
    epilog="Example: registry participant change iso6523-actorid-upis::0088:4035811991021 --visibility internal",
)
def change(
    participant: str = _PARTICIPANT,
    visibility: str = typer.Option(..., "--visibility", help="public, internal or private."),
    domain: str | None = DOMAIN_OPTION,
) -> None:
    """Change who learns of a participant: everybody, who knows its identifier, or nobody outside."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.metadata import Visibility
    from registry.smp.participants import Participants

    wanted = visibility_of(visibility) or Visibility.PUBLIC
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        optional = stored.domain.identifiers.participant.allow_no_scheme
        identifier = ParticipantIdentifier.parse(participant, scheme_optional=optional)
        participants = Participants(instance.database, instance.publishing, instance.registrar)
        published = participants.show_to(cli_actor(), stored, identifier, wanted)
    for warning in published.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(f"{identifier}: {published.outcome.value}")


def visibility_of(text: str | None) -> "Visibility | None":
    """What an option says. Raises BadParameter."""
    from registry.metadata import Visibility

    if text is not None and text not in set(Visibility):
        raise typer.BadParameter(f"one of {', '.join(Visibility)} is wanted", param_hint="--visibility")
    return None if text is None else Visibility(text)


def change_participant(
    instance: "Instance",
    work: "UnitOfWork",
    stored: "StoredDomain",
    participant: "ParticipantIdentifier",
    visibility: "Visibility | None",
) -> "Published":
    """Make a participant, or change who learns of one; all else stays."""
    from registry.smp.participants import KEEP, ParticipantChange, Participants

    participants = Participants(instance.database, instance.publishing, instance.registrar)
    held = participants.lock(work, stored, participant)
    wanted = ParticipantChange(visibility=KEEP if visibility is None else visibility)
    return participants.put(work, stored, participant, wanted, held)


app.command("move-out", epilog=participant_move.OUT_EPILOG)(participant_move.move_out)
app.command("move-in", epilog=participant_move.IN_EPILOG)(participant_move.move_in)


@app.command("show", epilog="Example: registry participant show iso6523-actorid-upis::0088:4035811991021")
def show(participant: str = _PARTICIPANT, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Print what a participant receives and where, and who registered it."""
    from registry.app.participants import describe
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.identifiers.participant import ParticipantIdentifier

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        optional = stored.domain.identifiers.participant.allow_no_scheme
        found = describe(instance, stored, ParticipantIdentifier.parse(participant, scheme_optional=optional))
    if json_output:
        print_json(found)
        return
    typer.echo(found["participant"])
    typer.echo(f"  DNS name      {found['dns_name']}")
    typer.echo(f"  registered by {found['registered_by'] or 'nobody'}")
    if found["visibility"] is not None:
        typer.echo(f"  visibility    {found['visibility']}")
    for item in found["properties"]:
        typer.echo(f"  {item['type']} property {item['name']} = {item.get('value', '')}")
    for service in found["services"]:
        typer.echo(f"  {service['document_type']}")
        for line in _service_lines(service):
            typer.echo(f"    {line}")


def _service_lines(service: dict[str, Any]) -> list[str]:
    lines = []
    for group in service["process_metadata"]:
        processes = ", ".join(group["processes"]) or "any process"
        if group["redirect"]:
            lines.append(f"{processes}: redirect to {group['redirect']}")
        lines += [f"{processes}: {e['transport_profile']} {e['address']}" for e in group["endpoints"]]
    return lines


@app.command("list", epilog="Example: registry participant list --json | wc -l")
def list_participants(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List the participants of the SMP, one a line."""
    from registry.app.participants import each_participant
    from registry.cli.common import chosen_domain, open_instance, print_json

    with open_instance() as instance:
        for participant, document_types in each_participant(instance, chosen_domain(instance, domain)):
            if json_output:
                print_json({"id": str(participant), "document_types": [str(item) for item in document_types]})
            else:
                typer.echo(f"{participant}\t{len(document_types)}")


@app.command("remove", epilog="Example: registry participant remove iso6523-actorid-upis::0088:4035811991021")
def remove(participant: str = _PARTICIPANT, domain: str | None = DOMAIN_OPTION) -> None:
    """Remove a participant with all its metadata, and its registration at our SML."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.identifiers.participant import ParticipantIdentifier

    identifier = ParticipantIdentifier.parse(participant)
    with open_instance() as instance:
        instance.publishing.delete_service_group(cli_actor(), chosen_domain(instance, domain), identifier)
        typer.echo(f"{identifier}: removed")
