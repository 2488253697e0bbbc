# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/consistency` and `…/visibility`: whether SMP, SML and DNS agree, and since when.

A check, with or without repair, is a job; its result is the report.
"""

from typing import Annotated, Literal

from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.jobs import JOB, JobModel, shown
from registry.api.v1.models import Model, Moment
from registry.api.v1.publishers import SmpId
from registry.api.v1.registrations import ParticipantId
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.consistency.checking import SAMPLES, Area
from registry.consistency.findings import Kind
from registry.consistency.requests import request_check
from registry.consistency.run import MAX_PERCENT, Wanted
from registry.jobs import queue
from registry.sml.visibility import Visibility, VisibilityReader

resource = Resource("consistency", "Whether SMP, SML and DNS agree, and since when DNS shows what is registered.")
_CONSISTENCY = f"{DOMAIN}/consistency"
_PARTICIPANT = f"{DOMAIN}/registrations/{{participant}}/visibility"
_PUBLISHER = f"{DOMAIN}/publishers/{{smp_id}}/visibility"
_CHECK = Needs(Action.CONSISTENCY_CHECK, rules.domain)
_AreaName = Literal["groups", "names", "servers"]
_AREAS: tuple[_AreaName, ...] = ("groups", "names", "servers")
_Repairable = Literal["group-unregistered", "registration-unserved", "name-missing", "name-differs", "name-surplus"]


class CheckModel(Model):
    """What is to be compared: what the SMP serves with what is registered, that with the names in DNS, these with what
    name servers answer.
    """

    areas: Annotated[list[_AreaName], Field(min_length=1, max_length=3, default_factory=lambda: list(_AREAS))]
    samples: Annotated[int, Field(ge=0, le=10_000, description="Names of which each name server is asked.")] = SAMPLES


class RepairModel(CheckModel):
    """What is to be compared and put right."""

    kinds: Annotated[
        list[_Repairable], Field(min_length=1, max_length=5, description="What is repaired of what is found.")
    ]
    max_percent: Annotated[
        float,
        Field(
            ge=0, le=100, description="Where more of what there is would change, nothing is repaired; ten always may."
        ),
    ] = MAX_PERCENT


class ServerVisibilityModel(Model):
    """Whether a name server shows a change."""

    address: str
    serial: Annotated[int | None, Field(description="Of ours, the one that it has; null where nobody knows.")]
    visible: bool
    since: Annotated[Moment | None, Field(description="When it was first seen to; null where that isn't known.")]
    failure: Annotated[str | None, Field(description="Why its last answer wasn't good; null where it was.")]


class VisibilityModel(Model):
    """How far the last change of some names has come."""

    names: list[str]
    in_dns: Annotated[bool, Field(description="Whether the names hold anything now.")]
    changed_at: Annotated[Moment | None, Field(description="Null where that is longer ago than is kept.")]
    serial: Annotated[int | None, Field(description="Of the zone with the change; null while it waits for one.")]
    published_at: Annotated[Moment | None, Field(description="When that serial was given.")]
    visible: Annotated[bool, Field(description="Whether all name servers that are observed are known to show it.")]
    visible_since: Annotated[
        Moment | None, Field(description="Since when all do; where none is observed, since it was published.")
    ]
    servers: list[ServerVisibilityModel]


@resource.post(_CONSISTENCY, _CHECK, {202: JobModel})
def check_consistency(call: Call, domain: DomainName, wanted: CheckModel) -> Answer:
    """Have SMP, SML and DNS compared, and nothing changed. The result of the job is the plan of a repair."""
    return _asked(call, domain, Wanted(tuple(map(Area, wanted.areas)), samples=wanted.samples))


@resource.post(f"{_CONSISTENCY}/repair", Needs(Action.CONSISTENCY_REPAIR, rules.domain), {202: JobModel})
def repair_consistency(call: Call, domain: DomainName, wanted: RepairModel) -> Answer:
    """Have SMP, SML and DNS compared, and what is found of these kinds put right."""
    kinds = tuple(map(Kind, wanted.kinds))
    return _asked(
        call, domain, Wanted(tuple(map(Area, wanted.areas)), kinds, wanted.max_percent, samples=wanted.samples)
    )


@resource.get(_PARTICIPANT, Needs(Action.REGISTRATION_READ, rules.participant), {200: VisibilityModel})
def read_participant_visibility(call: Call, domain: DomainName, participant: ParticipantId) -> VisibilityModel:
    """Read since when DNS shows the last change of a participant; also of one that was unregistered."""
    stored = call.context.domain(domain)
    identifier = rules.parsed_participant(stored, participant)
    return visibility_model(VisibilityReader(call.context.database).participant(stored, identifier))


@resource.get(_PUBLISHER, Needs(Action.PUBLISHER_READ, rules.domain), {200: VisibilityModel})
def read_publisher_visibility(call: Call, domain: DomainName, smp_id: SmpId) -> VisibilityModel:
    """Read since when DNS shows the last change of an SMP's own names and of its newest participant's name."""
    return visibility_model(VisibilityReader(call.context.database).publisher(call.context.domain(domain), smp_id))


def _asked(call: Call, domain: str, wanted: Wanted) -> Answer:
    stored = call.context.domain(domain)
    with call.context.database.write(call.actor) as work:
        job_id = request_check(work, stored, wanted, account_id=call.principal.account_id)
        return Answer(shown(call, queue.get(work, job_id)), 202, {"location": url(JOB, str(job_id))})


def visibility_model(found: Visibility) -> VisibilityModel:
    """How far a change has come, as it is answered."""
    return VisibilityModel(
        names=list(found.names),
        in_dns=found.holds,
        changed_at=found.changed_at,
        serial=found.serial,
        published_at=found.published_at,
        visible=found.visible,
        visible_since=found.since,
        servers=[
            ServerVisibilityModel(
                address=item.address,
                serial=item.serial,
                visible=item.visible,
                since=item.since,
                failure=item.failure,
            )
            for item in found.servers
        ],
    )
