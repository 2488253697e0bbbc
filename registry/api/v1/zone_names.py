# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/zone/names` and `…/answers`: the names of an identifier, what they hold, what servers answer."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.consistency import VisibilityModel, visibility_model
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs, parsed_participant
from registry.api.v1.zones import RecordSet, record_set
from registry.errors import ValidationError
from registry.lookups.zone_names import NameView, ask_servers, names_of_participant, names_of_publisher, views_of

resource = Resource("zone-names", "The names of an identifier in DNS, what they hold, and what name servers answer.")
_ZONE = f"{DOMAIN}/zone"


class ZoneNameModel(Model):
    """A name that stands for an identifier."""

    name: Annotated[str, Field(description="Absolute.")]
    kind: Annotated[
        Literal[
            "participant",
            "participant-md5",
            "wildcard",
            "other-case",
            "other-form",
            "publisher",
            "publisher-naptr",
        ],
        Field(
            description="`participant`: the form that the domain has; `participant-md5`: for clients before NAPTR; "
            "`wildcard`: of all its scheme; `other-case`: letter case treated the other way; `other-form`: of a form "
            "that other networks have; `publisher`, `publisher-naptr`: of an SMP."
        ),
    ]
    used: Annotated[bool, Field(description="Whether the domain writes such names.")]
    type: Annotated[str, Field(description="What one asks it for.")]
    record_sets: Annotated[list[RecordSet], Field(description="What it holds after all that is committed.")]
    visibility: VisibilityModel
    dig: Annotated[list[str], Field(description="Command lines: by the usual way, then each name server itself.")]


class ZoneNamesModel(Model):
    """The names of an identifier."""

    names: list[ZoneNameModel]


class ServerQuestionModel(Model):
    """What name servers are to be asked."""

    name: Annotated[str, Field(min_length=1, max_length=255, description="Absolute, or relative to the zone.")]
    type: Literal["NAPTR", "CNAME", "A", "AAAA", "TXT", "NS", "SOA"] = "NAPTR"


class ServerAnswerModel(Model):
    """What a name server answered."""

    address: str
    role: Literal["observed", "secondary", "push-target"]
    rcode: Annotated[str | None, Field(description="Null where it didn't answer.", examples=["NOERROR"])]
    records: Annotated[list[str], Field(description="Of the name itself, each with its type.")]
    agrees: Annotated[
        bool | None,
        Field(description="Whether that is what the name holds here; null where it can't be told."),
    ]
    failure: Annotated[str | None, Field(description="Why there is no answer; null where there is one.")]


class ServerAnswersModel(Model):
    """What each name server answered."""

    servers: list[ServerAnswerModel]


@resource.get(f"{_ZONE}/names", Needs(Action.ZONE_READ, rules.domain), {200: ZoneNamesModel})
def list_zone_names(
    call: Call,
    domain: DomainName,
    participant: Annotated[
        str | None, Query(min_length=1, max_length=1100, description="A participant as scheme::value.")
    ] = None,
    publisher: Annotated[str | None, Query(min_length=1, max_length=255, description="The id of an SMP.")] = None,
) -> ZoneNamesModel:
    """List the names of a participant or of an SMP, registered or not: those that the domain uses, older ones, others.

    One of the two is to be said.
    """
    stored = call.context.domain(domain)
    if participant is not None and publisher is None:
        names = names_of_participant(stored, parsed_participant(stored, participant))
    elif publisher is not None and participant is None:
        names = names_of_publisher(stored, publisher)
    else:
        raise ValidationError.of("REST-QUERY", "one of participant and publisher is wanted")
    views = views_of(call.context.database, stored, names)
    return ZoneNamesModel(names=[_shown(view, stored.domain.dns.zone) for view in views])


@resource.post(
    f"{_ZONE}/answers",
    Needs(Action.CONSISTENCY_CHECK, rules.domain),
    {200: ServerAnswersModel},
    alone=True,
)
def ask_name_servers(call: Call, domain: DomainName, question: ServerQuestionModel) -> ServerAnswersModel:
    """Ask each name server of the zone, at the addresses of the domain's settings, for a name of it. Writes nothing."""
    stored = call.context.domain(domain)
    answers = ask_servers(call.context.database, stored, question.name, question.type)
    return ServerAnswersModel(
        servers=[
            ServerAnswerModel.model_validate(
                {
                    "address": each.address,
                    "role": each.role,
                    "rcode": each.rcode,
                    "records": list(each.records),
                    "agrees": each.agrees,
                    "failure": each.failure,
                }
            )
            for each in answers
        ]
    )


def _shown(view: NameView, zone: str) -> ZoneNameModel:
    return ZoneNameModel.model_validate(
        {
            "name": view.name,
            "kind": view.derived.kind,
            "used": view.derived.used,
            "type": view.derived.rdtype,
            "record_sets": [record_set(each, zone) for each in view.held],
            "visibility": visibility_model(view.visibility),
            "dig": list(view.dig),
        }
    )
