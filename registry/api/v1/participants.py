# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/participants`: who receives in a domain, whose they are, and whether our SML knows them."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.groups import group_for_new
from registry.accounts.permissions import Action, Principal, Scope
from registry.api.v1 import rules
from registry.api.v1.answers import Answer, warning_header
from registry.api.v1.call import Call
from registry.api.v1.context import ApiContext
from registry.api.v1.cursors import Cursor, Limit, read_cursor, write_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.groups import no_group
from registry.api.v1.models import Identifier, Model, Moment, Page, Word
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs, Within, no_participant, parsed_participant, require, sees
from registry.api.v1.service_models import (
    ExtensionModel,
    Extensions,
    Properties,
    PropertyModel,
    extension_models,
    extensions_of,
    properties_of,
    property_models,
)
from registry.errors import AlreadyExistsError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import Visibility
from registry.smp.participants import KEEP, Keep, ParticipantChange
from registry.smp.publishing import Outcome, Published
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import TransientError
from registry.storage.queries import owner_groups
from registry.storage.queries.beginnings import Sought
from registry.storage.queries.participants import ParticipantFilter, ParticipantRow
from registry.storage.unit_of_work import UnitOfWork

resource = Resource("participants", "Who receives in a domain.")
PARTICIPANTS = f"{DOMAIN}/participants"
PARTICIPANT = f"{PARTICIPANTS}/{{participant}}"
ParticipantId = Annotated[
    str,
    Field(
        max_length=1100,
        description="A participant as scheme::value, percent-encoded.",
        examples=["iso6523-actorid-upis::0088:4035811991021"],
    ),
]
"""The path parameter `{participant}`."""
VisibilityName = Literal["public", "internal", "private"]


class ParticipantSummary(Model):
    """A participant in a list."""

    participant: Annotated[Identifier, Field(examples=["iso6523-actorid-upis::0088:4035811991021"])]
    group: Annotated[Word | None, Field(description="The group that looks after it.")]
    registered_by: Annotated[str | None, Field(description="The SMP that has registered it at our SML.")]
    services: Annotated[int, Field(ge=0, description="How many document types it receives.")]
    visibility: Annotated[VisibilityName, Field(description="Who learns of it.")]
    modified_at: Moment


class ParticipantModel(ParticipantSummary):
    """A participant."""

    extensions: list[ExtensionModel]
    properties: list[PropertyModel]


class ParticipantInput(Model):
    """A participant as it is to be; what is left out of a new one is as usual, and of one that exists stays."""

    group: Annotated[Word | None, Field(description="By name; null for none, which is usual.")] = None
    extensions: Extensions = Field(default_factory=list)
    properties: Properties = Field(default_factory=list)
    registered: Annotated[bool, Field(description="At our SML, where the domain has one; usually true.")] = True
    visibility: Annotated[
        VisibilityName | None, Field(description="Who learns of it; null or left out of a new one: as the domain says.")
    ] = None


@resource.get(PARTICIPANTS, Within(Action.PARTICIPANT_READ, rules.domain), {200: Page[ParticipantSummary]})
def list_participants(
    call: Call,
    domain: DomainName,
    limit: Limit = 50,
    cursor: Cursor = None,
    scheme: Annotated[str | None, Query(max_length=255, description="Only of this identifier scheme.")] = None,
    value_prefix: Annotated[str | None, Query(max_length=200, description="Only those whose value begins so.")] = None,
    search: Annotated[
        str | None,
        Query(
            max_length=455,
            description="Only those whose identifier, value, or number behind the code of an agency begins so.",
        ),
    ] = None,
    group: Annotated[str | None, Query(max_length=64, description="Only of this group.")] = None,
    registered: Annotated[bool | None, Query(description="Only those that are, or aren't, registered.")] = None,
) -> Page[ParticipantSummary]:
    """List the participants of a domain that the caller may read, by scheme and value.

    With `registered`, a page may have fewer items than others follow, or none: it looks at no more than 5,000
    participants.
    """
    stored = call.context.domain(domain)
    seen = call.visible(Action.PARTICIPANT_READ, stored.id)
    narrow = seen if isinstance(seen, tuple) else None
    wanted = ParticipantFilter(
        group_id=None if group is None else group_id_of(call.context, call.principal, stored, group),
        registered=registered,
        groups=None if narrow is None else [item.group_id for item in narrow if item.group_id is not None],
        participants=[item.participant for item in narrow or () if item.participant is not None],
    )
    sought = Sought(scheme or "", value_prefix or "", (search or "").strip())
    found = call.context.participants.page(stored, sought, wanted, read_cursor(cursor, str, str), limit)
    following = None if found.following is None else write_cursor(found.following)
    return Page[ParticipantSummary](items=[_summary(row) for row in found.rows], next_cursor=following)


@resource.get(PARTICIPANT, Needs(Action.PARTICIPANT_READ, rules.participant), {200: ParticipantModel})
def read_participant(call: Call, domain: DomainName, participant: ParticipantId) -> ParticipantModel:
    """Read a participant."""
    stored = call.context.domain(domain)
    row = call.context.participants.find(stored, parsed_participant(stored, participant))
    if row is None:
        raise no_participant(participant)
    return shown(row)


@resource.put(
    PARTICIPANT,
    Within(Action.SERVICE_WRITE, rules.domain),
    {200: ParticipantModel, 201: ParticipantModel},
    examples={"usual": {}, "in a group": {"group": "retail"}, "not in the SML": {"registered": False}},
)
def put_participant(call: Call, domain: DomainName, participant: ParticipantId, body: ParticipantInput) -> Answer:
    """Make a participant, or change it.

    Who edits in one group only makes new ones there.
    A new one needs `participant:create` for its group (or the domain), and so does another `registered`; another group
    needs `participant:move`.
    """
    stored = call.context.domain(domain)
    identifier = parsed_participant(stored, participant)
    held = call.context.participants.lock(call.work, stored, identifier)
    call.narrowed = True  # carry_out asks
    try:
        published = carry_out(call.context, call.principal, call.work, stored, identifier, body, held)
    except AlreadyExistsError as error:
        raise TransientError("somebody made it at this very moment") from error  # the next try finds it
    # Behind that, or who may not would learn whether it exists; all is taken back.
    call.match(lambda: None if held is None else shown(held))
    row = call.context.participants.find(stored, identifier)
    if row is None:
        raise no_participant(participant)
    headers = warning_header(published.warnings)
    if published.outcome is not Outcome.CREATED:
        return Answer(shown(row), headers=headers)
    return Answer(shown(row), 201, {**headers, "location": url(PARTICIPANT, domain, participant)})


@resource.delete(PARTICIPANT, Needs(Action.PARTICIPANT_DELETE, rules.participant), {204: None})
def delete_participant(call: Call, domain: DomainName, participant: ParticipantId) -> None:
    """Remove a participant with all that it receives, its business card, and its registration at our SML."""
    stored = call.context.domain(domain)
    identifier = parsed_participant(stored, participant)
    held = call.context.participants.lock(call.work, stored, identifier)
    call.match(lambda: None if held is None else shown(held))
    if held is None:
        raise no_participant(participant)
    call.context.publishing.delete_service_group(call.actor, stored, identifier)


def carry_out(
    context: ApiContext,
    principal: Principal,
    work: UnitOfWork,
    stored: StoredDomain,
    participant: ParticipantIdentifier,
    body: ParticipantInput,
    held: ParticipantRow | None,
) -> Published:
    """Make a participant, or change `held`, as far as the caller may."""
    said = body.model_fields_set
    group_id: int | Keep | None = KEEP
    if "group" in said:
        group_id = None if body.group is None else group_id_of(context, principal, stored, body.group)
    if held is None:
        if body.group is None:
            with context.database.read() as connection:
                group_id = group_for_new(connection, principal, stored.id)
        place = Scope(stored.id, group_id if isinstance(group_id, int) else None)
        require(principal, Action.PARTICIPANT_CREATE, place, lambda: no_group(body.group or ""))
    else:
        scope = Scope(stored.id, held.group_id, (participant.scheme, held.value_key))
        require(principal, Action.SERVICE_WRITE, scope, lambda: no_participant(str(participant)))
        if not isinstance(group_id, Keep) and group_id != held.group_id:
            require(principal, Action.PARTICIPANT_MOVE, Scope(stored.id), lambda: no_group(body.group or ""))
        if "registered" in said and body.registered != (held.registered_by is not None):
            place = Scope(stored.id, held.group_id)
            require(principal, Action.PARTICIPANT_CREATE, place, lambda: no_participant(str(participant)))
    change = ParticipantChange(
        extensions_of(body.extensions) if "extensions" in said else KEEP,
        group_id,
        body.registered if "registered" in said else KEEP,
        properties_of(body.properties) if "properties" in said else KEEP,
        KEEP if body.visibility is None else Visibility(body.visibility),
    )
    return context.participants.put(work, stored, participant, change, held)


def group_id_of(context: ApiContext, principal: Principal, stored: StoredDomain, name: str) -> int:
    """The id of a group that the caller sees. Raises NotFoundError."""
    with context.database.read() as connection:
        row = owner_groups.by_name(connection, stored.id, name)
    if row is None or not sees(principal, Scope(stored.id, row.id)):
        raise no_group(name)
    return row.id


def shown(row: ParticipantRow) -> ParticipantModel:
    """A participant as it is answered."""
    return ParticipantModel(
        participant=str(row.participant),
        group=row.group,
        registered_by=row.registered_by,
        services=row.services,
        visibility=row.visibility.value,
        modified_at=row.modified_at,
        extensions=extension_models(row.extensions),
        properties=property_models(row.properties),
    )


def _summary(row: ParticipantRow) -> ParticipantSummary:
    return ParticipantSummary(
        participant=str(row.participant),
        group=row.group,
        registered_by=row.registered_by,
        services=row.services,
        visibility=row.visibility.value,
        modified_at=row.modified_at,
    )
