# SPDX-License-Identifier: Apache-2.0
"""`registry service`: what a participant receives, by document type."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.identifiers.document_type import DocumentTypeIdentifier
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.storage.domain_directory import StoredDomain

app = typer.Typer(help="What a participant receives, by document type.", no_args_is_help=True)
_PARTICIPANT = typer.Argument(help="Such as iso6523-actorid-upis::0088:4035811991021")
_DOCUMENT_TYPE = typer.Argument(help="As scheme::value.")


@app.command(
    "put", epilog="Example: registry service put iso6523-actorid-upis::0088:1 busdox-docid-qns::... service.json"
)
def put(
    participant: str = _PARTICIPANT,
    document_type: str = _DOCUMENT_TYPE,
    file: Path = typer.Argument(
        help="Processes and endpoints, in the JSON that REST has.", exists=True, dir_okay=False
    ),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Publish what a participant receives of a document type, or replace it. For XML: `registry import`."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json
    from registry.errors import ValidationError
    from registry.smp.exchange.model_json import service_from_json

    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValidationError.of("REST-INPUT", f"the file holds no JSON: {error}") from error
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        who, what = _identifiers(stored, participant, document_type)
        metadata = service_from_json(document, who, what)
        published = instance.publishing.put_service_metadata(cli_actor(), stored, metadata)
    for warning in published.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if json_output:
        print_json({"participant": str(who), "document_type": str(what), "outcome": published.outcome.value})
    else:
        typer.echo(f"{what}: {published.outcome.value}")


@app.command("withdraw", epilog="Example: registry service withdraw iso6523-actorid-upis::0088:1 busdox-docid-qns::...")
def withdraw(
    participant: str = _PARTICIPANT,
    document_type: str = _DOCUMENT_TYPE,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Withdraw a document type: nobody finds an endpoint for it any more."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        who, what = _identifiers(stored, participant, document_type)
        instance.publishing.delete_service_metadata(cli_actor(), stored, who, what)
    if json_output:
        print_json({"participant": str(who), "document_type": str(what), "outcome": "withdrawn"})
    else:
        typer.echo(f"{what}: withdrawn")


def _identifiers(
    stored: "StoredDomain", participant: str, document_type: str
) -> "tuple[ParticipantIdentifier, DocumentTypeIdentifier]":
    from registry.identifiers.document_type import DocumentTypeIdentifier
    from registry.identifiers.participant import ParticipantIdentifier

    rules = stored.domain.identifiers
    return (
        ParticipantIdentifier.parse(participant, scheme_optional=rules.participant.allow_no_scheme),
        DocumentTypeIdentifier.parse(document_type, scheme_optional=rules.document_type.allow_no_scheme),
    )
