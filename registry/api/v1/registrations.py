# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/registrations`: who publishes for whom at the SML of a domain.

A list of participants is done as a whole or not at all.
"""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, read_cursor, write_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Identifier, Model, Moment, Page, Word
from registry.api.v1.participant_lists import parsed_participants
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.errors import NotFoundError, Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.names import services_of
from registry.sml.registration_plans import MAX_LIST
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries.beginnings import Sought
from registry.storage.queries.sml_views import RegistrationView

resource = Resource("registrations", "Who publishes for which participant.")
_REGISTRATIONS = f"{DOMAIN}/registrations"
_REGISTRATION = f"{_REGISTRATIONS}/{{participant}}"
_LIST = Needs(Action.REGISTRATION_LIST, rules.domain)
_WRITE = Needs(Action.REGISTRATION_WRITE, rules.domain)
ParticipantId = Annotated[
    str, Field(max_length=1100, description="As scheme::value.", examples=["iso6523-actorid-upis::0088:7300010000001"])
]
"""The path parameter `{participant}`."""
_Participants = Annotated[list[Identifier], Field(min_length=1, max_length=MAX_LIST)]
OfPublisher = Annotated[str | None, Query(max_length=64, description="Only those of the SMP with this id.")]


class RegistrationModel(Model):
    """A registered participant."""

    participant: str
    publisher: Annotated[str, Field(description="The id of its SMP.")]
    services: Annotated[list[str], Field(description="The services of its NAPTR records.")]
    name: Annotated[str, Field(description="Its name in DNS, in the zone of the domain.")]
    modified_at: Moment
    suspended: Annotated[bool, Field(description="Whether the operator has taken it out of DNS.")]
    migrating: Annotated[bool, Field(description="Whether another SMP may take it over that knows the key.")]
    visibility: Annotated[str, Field(description="Where it is said since when DNS shows it.")]


class RegistrationPublisher(Model):
    """Whose a participant is to be."""

    publisher: Annotated[Word, Field(description="The id of an SMP of the domain.")]


class Registering(RegistrationPublisher):
    """Participants that an SMP is to have."""

    participants: _Participants


class Unregistering(Model):
    """Participants whose registrations are to end."""

    participants: _Participants


class Changed(Model):
    """How much was changed."""

    changed: int


class PlannedChange(Unregistering):
    """A change of registrations that is only thought of."""

    change: Literal["register", "move", "remove"]
    publisher: Annotated[
        Word | None, Field(description="Of a registration or a move: the SMP that is to have them.")
    ] = None


class RegistrationPlanModel(Model):
    """What a change of registrations would come to now."""

    changed: Annotated[int, Field(description="How many participants it concerns.")]
    publishers: Annotated[
        dict[str, int], Field(description="Whose those are now, by SMP.", examples=[{"SMP-1": 2, "SMP-2": 1}])
    ]
    suspended: Annotated[int, Field(description="How many of them are suspended.")]
    migrations: Annotated[int, Field(description="How many open migrations end.")]
    quarantine_days: Annotated[
        int, Field(description="For how many days nobody but their SMP may register them then; 0: anybody may.")
    ]


@resource.get(_REGISTRATIONS, _LIST, {200: Page[RegistrationModel]})
def list_registrations(
    call: Call,
    domain: DomainName,
    limit: Limit = 50,
    cursor: Cursor = None,
    publisher: OfPublisher = None,
    scheme: Annotated[str | None, Query(max_length=255, description="Only those in this scheme.")] = None,
    value: Annotated[str | None, Query(max_length=255, description="Only values that begin like this.")] = None,
    search: Annotated[
        str | None,
        Query(
            max_length=455,
            description="Only those whose identifier, value, or number behind the code of an agency begins so.",
        ),
    ] = None,
) -> Page[RegistrationModel]:
    """List the registrations of a domain.

    Those of one publisher are in order of registration, others, and those that begin in some way, by scheme and value.
    Where one publisher has few of those a page may have fewer items than others follow, or none: it looks at no more
    than 5,000 registrations.
    """
    sought = None
    if scheme or value or search:
        sought = Sought(scheme or "", value or "", (search or "").strip())
    in_order_of_time = bool(publisher) and sought is None
    after = read_cursor(cursor, *((int,) if in_order_of_time else (str, str, str))) or ()
    stored = call.context.domain(domain)
    rows, last = call.context.sml.registrations(stored, after, limit, smp_id=publisher, sought=sought)
    following = write_cursor(last) if last else None
    return Page[RegistrationModel](items=[_shown(stored, row) for row in rows], next_cursor=following)


@resource.get(_REGISTRATION, Needs(Action.REGISTRATION_READ, rules.participant), {200: RegistrationModel})
def read_registration(call: Call, domain: DomainName, participant: ParticipantId) -> RegistrationModel:
    """Read the registration of a participant."""
    stored = call.context.domain(domain)
    return _shown(stored, call.context.sml.registration(stored, _participant(call, participant)))


@resource.put(_REGISTRATION, _WRITE, {200: RegistrationModel, 201: RegistrationModel})
def put_registration(
    call: Call, domain: DomainName, participant: ParticipantId, wanted: RegistrationPublisher
) -> Answer:
    """Register a participant for an SMP, or give it to another one.

    A participant that moves keeps its name, which leads to the new SMP; an open migration ends.
    """
    identifier, sml = _participant(call, participant), call.context.sml
    found = _current(call, identifier)
    if found is None:
        sml.register(call.actor, call.context.domain(domain), wanted.publisher, [identifier])
    else:
        sml.move(call.actor, call.context.domain(domain), [identifier], wanted.publisher)
    now = _shown(call.domain, sml.registration(call.context.domain(domain), identifier))
    if found is not None:
        return Answer(now)
    return Answer(now, status=201, headers={"location": url(_REGISTRATION, domain, now.participant)})


@resource.delete(_REGISTRATION, _WRITE, {204: None})
def delete_registration(call: Call, domain: DomainName, participant: ParticipantId) -> None:
    """End the registration of a participant. Refused while its migration is open."""
    identifier = _participant(call, participant)
    _current(call, identifier)
    call.context.sml.unregister(call.actor, call.context.domain(domain), [identifier])


@resource.post(_REGISTRATIONS, _WRITE, {200: Changed})
def register_participants(call: Call, domain: DomainName, wanted: Registering) -> Changed:
    """Register participants for an SMP: all of them, or none."""
    participants = parsed_participants(call.domain, wanted.participants)
    call.context.sml.register(call.actor, call.context.domain(domain), wanted.publisher, participants)
    return Changed(changed=len(participants))


@resource.post(f"{_REGISTRATIONS}/move", _WRITE, {200: Changed})
def move_participants(call: Call, domain: DomainName, wanted: Registering) -> Changed:
    """Give participants to another SMP: all of them, or none. Their open migrations end."""
    participants = parsed_participants(call.domain, wanted.participants)
    return Changed(
        changed=call.context.sml.move(call.actor, call.context.domain(domain), participants, wanted.publisher)
    )


@resource.post(f"{_REGISTRATIONS}/remove", _WRITE, {200: Changed})
def unregister_participants(call: Call, domain: DomainName, wanted: Unregistering) -> Changed:
    """End the registrations of participants: all of them, or none."""
    participants = parsed_participants(call.domain, wanted.participants)
    call.context.sml.unregister(call.actor, call.context.domain(domain), participants)
    return Changed(changed=len(participants))


@resource.post(f"{_REGISTRATIONS}/plan", _WRITE, {200: RegistrationPlanModel}, alone=True)
def plan_registrations(call: Call, domain: DomainName, wanted: PlannedChange) -> RegistrationPlanModel:
    """Tell what registering, moving or unregistering participants would come to. Changes nothing."""
    participants = parsed_participants(call.domain, wanted.participants)
    plans, stored = call.context.sml.plans, call.context.domain(domain)
    if wanted.publisher is None and wanted.change != "remove":
        message = "to register and to move participants needs publisher"
        raise ValidationError((Reason("REGISTRATION-PUBLISHER", message, pointer="#/publisher"),))
    if wanted.publisher is None:
        plan = plans.ending(stored, participants)
    elif wanted.change == "remove":
        message = "to remove registrations has no use for publisher"
        raise ValidationError((Reason("REGISTRATION-PUBLISHER", message, pointer="#/publisher"),))
    elif wanted.change == "move":
        plan = plans.moving(stored, participants, wanted.publisher)
    else:
        plan = plans.registering(stored, wanted.publisher, participants)
    return RegistrationPlanModel(
        changed=plan.participants,
        publishers=dict(plan.publishers),
        suspended=plan.suspended,
        migrations=plan.migrations,
        quarantine_days=plan.quarantine_days,
    )


def _current(call: CallState, participant: ParticipantIdentifier) -> RegistrationModel | None:
    try:
        found = _shown(call.domain, call.context.sml.registration(call.domain, participant, lock=True))
    except NotFoundError:
        found = None
    call.match(lambda: found)
    return found


def _participant(call: CallState, text: str) -> ParticipantIdentifier:
    return rules.parsed_participant(call.domain, text)


def _shown(stored: StoredDomain, row: RegistrationView) -> RegistrationModel:
    participant = str(ParticipantIdentifier(row.scheme, row.value))
    return RegistrationModel(
        participant=participant,
        publisher=row.smp_id,
        services=list(services_of(row.services) or stored.domain.dns.naptr_services),
        name=row.label,
        modified_at=row.modified_at,
        suspended=row.suspended,
        migrating=row.migrating,
        visibility=url(f"{_REGISTRATION}/visibility", stored.domain.name, participant),
    )
