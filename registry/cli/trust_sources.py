# SPDX-License-Identifier: Apache-2.0
"""`registry trust sources`: how it stands with the lists, metadata and federations of a domain's trust model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from registry.api.v1.trust_sources import TrustDocumentModel, TrustSourcesModel

EPILOG = "Example: registry trust sources peppol --json"


def sources(
    domain: str | None = typer.Argument(None, help="A domain of the instance; may be left out where there is one."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Show what the last collection came to: how old each document is, who signed it, until when it is good.

    Nothing is fetched: `registry trust collect` does that. Ends with 1 where a document doesn't count, or is overdue.
    """
    from registry.api.v1.trust_sources import sources_model
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.trust.sources import source_states

    with open_instance() as instance:
        held = chosen_domain(instance, domain).domain
        model, manifest = instance.trust_models.of(held), instance.trust_models.manifest(held)
        found = sources_model(
            held.name,
            model.evidence.digest,
            None if manifest is None else manifest.at,
            source_states(model.configuration, model.evidence, manifest),
            instance.database.now(),
        )
    if json_output:
        print_json(found.model_dump(mode="json"))
    else:
        for line in _lines(found):
            typer.echo(line)
    documents = [document for source in found.sources for document in source.documents]
    if any(each.signature == "refused" or each.overdue for each in documents):
        raise typer.Exit(REFUSED)


def _lines(found: "TrustSourcesModel") -> Iterator[str]:
    if found.collected_at is None:
        yield f"{found.domain}: no evidence was collected"
    else:
        yield f"{found.domain}: {found.snapshot[:12]}, collected {found.collected_at.isoformat()}"
    for source in found.sources:
        yield f"{source.id} ({source.kind}) {source.location}"
        yield from map(_line, source.documents)
    for tally in found.certificates:
        yield f"{tally.kind}: {tally.fetched} fetched, {tally.kept} kept, {tally.failed} failed"
    yield from map(_line, found.failures)


def _line(document: "TrustDocumentModel") -> str:
    due = "" if document.next_update is None else f", next due {document.next_update.isoformat()}"
    wrong = "; ".join((*document.problems, *([document.detail] if document.detail else [])))
    told = f"  {document.state} {document.territory or document.kind} {document.url}: signature {document.signature}"
    return f"{told}{due}{', overdue' if document.overdue else ''}{f' [{wrong}]' if wrong else ''}"
