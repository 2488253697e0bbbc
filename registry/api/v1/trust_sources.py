# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/trust/sources`: the lists, metadata and federations of a trust model, and how it stands with them.

It tells what the last collection came to. Nothing is fetched here: `registry trust collect` does it, and a job.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model, Moment
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs
from registry.trust.sources import DocumentState, SourceState, SourceStates, source_states

resource = Resource("trust-sources", "What a trust model has others say, and how it stands with that.")


class TrustDocumentModel(Model):
    """One document that was asked for."""

    kind: Annotated[
        str,
        Field(
            description="`lotl`, `pivot`, `list`, `saml-metadata`, `federation-statement`, `crl`, `ocsp` or `issuer`."
        ),
    ]
    url: Annotated[str, Field(description="Or `file:NAME` for one beside the model.")]
    territory: Annotated[str, Field(description="Whose list it is; may be empty.")]
    state: Annotated[
        Literal["fetched", "kept", "failed"],
        Field(description="What came of it; `kept`: what was there before stays, since there is none that is better."),
    ]
    reason: Annotated[str, Field(description="Stable, in upper case; empty where nothing is wrong.")]
    detail: Annotated[str, Field(description="The same in words.")]
    fetched_at: Annotated[Moment | None, Field(description="When its server had these bytes last.")]
    size: Annotated[int, Field(description="In octets.")]
    sha256: Annotated[str, Field(description="Empty where there is no document.")]
    signature: Annotated[
        Literal["verified", "refused", "chained", "unknown"],
        Field(
            description="Whether somebody signed it whom the model names; `chained`: it counts with others only, as "
            "shows in a decision; `unknown`: there is none, or it only leads to others."
        ),
    ]
    problems: Annotated[list[str], Field(description="Why it doesn't count, or only with a warning.")]
    sequence: Annotated[int | None, Field(description="Of a list.")]
    issued_at: Moment | None
    next_update: Annotated[Moment | None, Field(description="When the next one is due; null where nobody knows.")]
    overdue: Annotated[bool, Field(description="Whether that is past.")]


class TrustSourceModel(Model):
    """A source of a trust model."""

    id: str
    kind: Annotated[str, Field(description="`tl`, `lotl`, `lote`, `saml-metadata` or `openid-federation`.")]
    location: Annotated[str, Field(description="A URL, `file:NAME`, or the identifier of a trust anchor.")]
    documents: Annotated[list[TrustDocumentModel], Field(description="Empty where nobody has tried.")]


class TrustTallyModel(Model):
    """What came of all attempts about single certificates, of one kind."""

    kind: Annotated[str, Field(description="`crl`, `ocsp` or `issuer`.")]
    fetched: int
    kept: int
    failed: int


class TrustSourcesModel(Model):
    """How it stands with the sources of a domain's trust model."""

    domain: str
    snapshot: Annotated[str, Field(description="SHA-256 of the evidence; empty where there is none.")]
    collected_at: Moment | None
    age_s: Annotated[int | None, Field(description="How many seconds ago that was.")]
    sources: list[TrustSourceModel]
    certificates: Annotated[list[TrustTallyModel], Field(description="What was fetched about single certificates.")]
    failures: Annotated[list[TrustDocumentModel], Field(description="The first 100 of those that failed.")]


@resource.get(f"{DOMAIN}/trust/sources", Needs(Action.DOMAIN_READ, rules.domain), {200: TrustSourcesModel})
def read_trust_sources(call: Call, domain: DomainName) -> TrustSourcesModel:
    """Read how it stands with lists, metadata and federations: how old, signed by whom it should, until when good."""
    context = call.context
    held = context.domain(domain).domain
    model, manifest, now = context.trust_of(held), context.evidence_manifest(held), context.database.now()
    return sources_model(
        domain,
        model.evidence.digest,
        None if manifest is None else manifest.at,
        source_states(model.configuration, model.evidence, manifest),
        now,
    )


def sources_model(
    domain: str, snapshot: str, collected_at: datetime | None, found: SourceStates, now: datetime
) -> TrustSourcesModel:
    """The states as they are answered."""
    return TrustSourcesModel(
        domain=domain,
        snapshot=snapshot,
        collected_at=collected_at,
        age_s=None if collected_at is None else max(0, int((now - collected_at).total_seconds())),
        sources=[_source(each, now) for each in found.sources],
        certificates=[
            TrustTallyModel(kind=each.kind, fetched=each.fetched, kept=each.kept, failed=each.failed)
            for each in found.tallies
        ],
        failures=[_document(each, now) for each in found.failures],
    )


def _source(found: SourceState, now: datetime) -> TrustSourceModel:
    documents = [_document(each, now) for each in found.documents]
    return TrustSourceModel(id=found.id, kind=found.kind, location=found.location, documents=documents)


def _document(found: DocumentState, now: datetime) -> TrustDocumentModel:
    attempt = found.attempt
    return TrustDocumentModel(
        kind=attempt.kind.value,
        url=attempt.url,
        territory=attempt.territory,
        state=attempt.state.value,
        reason=attempt.reason,
        detail=attempt.detail,
        fetched_at=attempt.fetched_at,
        size=attempt.size,
        sha256=attempt.sha256,
        signature=found.signature.value,
        problems=list(found.problems),
        sequence=found.sequence,
        issued_at=found.issued_at,
        next_update=found.next_update,
        overdue=found.next_update is not None and found.next_update < now,
    )
