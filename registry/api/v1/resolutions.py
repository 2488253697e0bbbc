# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/participants/{participant}/resolution`: what an access point would find, and every step to it."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.domains import DomainName
from registry.api.v1.models import Model, Moment
from registry.api.v1.participants import PARTICIPANT, ParticipantId
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs, parsed_participant
from registry.discovery.client import Resolution
from registry.discovery.explanation import Step
from registry.errors import ConfigurationError, Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.lookups.resolving import Question, Resolved
from registry.storage.domain_directory import StoredDomain
from trust_lists.certificates.parsing import fingerprint, subject_text

resource = Resource("resolutions", "What an access point finds, looking for a participant, and why.")
_DocumentType = Annotated[
    str | None,
    Query(max_length=1100, description="A document type as scheme::value; without it the first one that works."),
]
_Process = Annotated[str | None, Query(max_length=1100, description="A process as scheme::value; without it, any.")]
_Transport = Annotated[str | None, Query(max_length=255, description="Only endpoints with this transport profile.")]
View = Annotated[
    Literal["inside", "outside"],
    Query(
        description="`inside`: in the zone and the documents that are here, and nobody is asked. `outside`: by DNS and "
        "HTTP as the world does, at addresses that the resolver may ask."
    ),
]


class StepModel(Model):
    """A step of a look-up."""

    step: Annotated[str, Field(description="Its name, which is stable.", examples=["dns"])]
    outcome: Literal["ok", "warning", "failed"]
    detail: Annotated[str, Field(description="What was seen.")]
    ms: Annotated[float, Field(description="How long it took, in milliseconds.")]


class FoundEndpointModel(Model):
    """Where to send, and with whose key."""

    url: str
    transport_profile: str
    document_type: str
    process: Annotated[str | None, Field(description="Null where the endpoint serves any.")]
    certificate_subject: str
    certificate_sha256: str
    certificate_not_after: Moment


class ResolutionModel(Model):
    """How a look-up ended."""

    outcome: Annotated[
        Literal["found", "not-registered", "no-matching-service", "not-trusted", "technical-failure"],
        Field(description="Found, or one of the four kinds of no."),
    ]
    reason: Annotated[str | None, Field(description="Which no it is; stable. Null where it was found.")]
    message: Annotated[str | None, Field(description="The same in words.")]
    presumed: Annotated[
        bool,
        Field(
            description="Whether it was taken for granted that DNS leads to our SMP, since the zone is kept by "
            "somebody else, who isn't asked."
        ),
    ]
    endpoint: Annotated[FoundEndpointModel | None, Field(description="Null where none was found.")]
    steps: list[StepModel]


@resource.get(f"{PARTICIPANT}/resolution", Needs(Action.PARTICIPANT_READ, rules.participant), {200: ResolutionModel})
def resolve_participant(
    call: Call,
    domain: DomainName,
    participant: ParticipantId,
    document_type: _DocumentType = None,
    process: _Process = None,
    transport: _Transport = None,
    view: View = "inside",
) -> ResolutionModel:
    """Resolve a participant as an access point would: DNS name, NAPTR, SMP, document, signature, trust, endpoint.

    That it isn't found is an answer, too. 429 where too many look ups over the network are under way.
    """
    stored = call.context.domain(domain)
    question = _question(stored, participant, document_type, process, transport)
    if view == "inside":
        return _shown(call.context.inside.resolve(stored, question))
    if call.context.outside is None:
        raise ConfigurationError("this process makes no look-ups over the network")
    return _shown(call.context.outside.resolve(stored, question))


def _question(
    stored: StoredDomain, participant: str, document_type: str | None, process: str | None, transport: str | None
) -> Question:
    optional = stored.domain.identifiers.document_type.allow_no_scheme
    reasons: list[Reason] = []
    wanted = served = None
    if document_type:
        try:
            wanted = DocumentTypeIdentifier.parse(document_type, scheme_optional=optional)
        except ValidationError as error:
            reasons += error.reasons
    if process:
        try:
            served = ProcessIdentifier.parse(process)
        except ValidationError as error:
            reasons += error.reasons
    if reasons:
        raise ValidationError(reasons)
    return Question(parsed_participant(stored, participant), wanted, served, transport or None)


def _shown(found: Resolved) -> ResolutionModel:
    return ResolutionModel.model_validate(
        {
            "outcome": found.outcome,
            "reason": found.reason,
            "message": found.message,
            "presumed": found.presumed,
            "endpoint": None if found.resolution is None else _endpoint(found.resolution),
            "steps": [_step(step) for step in found.explanation.steps],
        }
    )


def _step(step: Step) -> StepModel:
    return StepModel.model_validate(
        {"step": step.step, "outcome": step.outcome.value, "detail": step.detail, "ms": step.ms}
    )


def _endpoint(found: Resolution) -> FoundEndpointModel:
    return FoundEndpointModel(
        url=found.endpoint.address,
        transport_profile=found.endpoint.transport_profile,
        document_type=str(found.metadata.document_type),
        process=None if found.process is None else str(found.process),
        certificate_subject=subject_text(found.certificate),
        certificate_sha256=fingerprint(found.certificate),
        certificate_not_after=found.certificate.not_valid_after_utc,
    )
