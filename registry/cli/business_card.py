# SPDX-License-Identifier: Apache-2.0
"""`registry business-card`: what the Peppol Directory shows of a participant."""

from dataclasses import asdict
from pathlib import Path

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

app = typer.Typer(help="The business cards that the Peppol Directory fetches from the SMP.", no_args_is_help=True)
_PARTICIPANT = typer.Argument(help="Such as iso6523-actorid-upis::0088:4035811991021")


@app.command("put", epilog="Example: registry business-card put card.xml")
def put(
    file: Path = typer.Argument(help="A BusinessCard in XML, of any version.", exists=True, dir_okay=False),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Publish the card of the participant that the file names, or replace it."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.smp.documents.business_card import read

    card = read(file.read_bytes())
    with open_instance() as instance:
        outcome = instance.business_cards.publish(cli_actor(), chosen_domain(instance, domain), card)
    _print_outcome(str(card.participant), outcome.value, json_output=json_output)


@app.command("get", epilog="Example: registry business-card get iso6523-actorid-upis::0088:4035811991021 > card.xml")
def get(
    participant: str = _PARTICIPANT,
    version: int = typer.Option(
        3, "--version", min=1, max=3, help="Of the XML; 1 and 2 have no place for some things."
    ),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Print a participant's card as XML."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.smp.documents.business_card import Version, write_business_card

    identifier = ParticipantIdentifier.parse(participant)
    with open_instance() as instance:
        card = instance.business_cards.get(chosen_domain(instance, domain), identifier)
    if not json_output:
        typer.echo(write_business_card(card, Version[f"V{version}"]))
        return
    entities = [
        {**asdict(entity), "registration_date": entity.registration_date and entity.registration_date.isoformat()}
        for entity in card.entities
    ]
    print_json({"participant": str(card.participant), "entities": entities})


@app.command("delete", epilog="Example: registry business-card delete iso6523-actorid-upis::0088:4035811991021")
def delete(
    participant: str = _PARTICIPANT, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION
) -> None:
    """Withdraw a participant's card."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.identifiers.participant import ParticipantIdentifier

    identifier = ParticipantIdentifier.parse(participant)
    with open_instance() as instance:
        instance.business_cards.delete(cli_actor(), chosen_domain(instance, domain), identifier)
    _print_outcome(str(identifier), "deleted", json_output=json_output)


def _print_outcome(participant: str, outcome: str, *, json_output: bool) -> None:
    from registry.cli.common import print_json

    if json_output:
        print_json({"participant": participant, "outcome": outcome})
    else:
        typer.echo(f"{participant}: {outcome}")
