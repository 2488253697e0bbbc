# SPDX-License-Identifier: Apache-2.0
"""The places of permissions in requests and answers: the system, a domain, a group in it, a participant in it."""

from typing import Annotated

from pydantic import Field

from registry.accounts.permissions import SYSTEM, Scope
from registry.api.v1 import rules
from registry.api.v1.call import CallState
from registry.api.v1.context import no_domain
from registry.api.v1.models import Model
from registry.errors import NotFoundError, Reason, ValidationError
from registry.identifiers.text import shorten
from registry.storage.queries import owner_groups
from registry.storage.queries.grants import Place

_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"


class PlaceModel(Model):
    """Where something counts: in the whole system, or in what is named of the rest."""

    domain: Annotated[
        str | None, Field(max_length=64, pattern=_NO_CONTROLS, description="Null: in the whole system.")
    ] = None
    group: Annotated[str | None, Field(max_length=64, pattern=_NO_CONTROLS, description="A group in the domain.")] = (
        None
    )
    participant: Annotated[
        str | None, Field(max_length=1100, pattern=_NO_CONTROLS, description="A participant in the domain.")
    ] = None


def scope_of(
    call: CallState, domain: str | None = None, group: str | None = None, participant: str | None = None
) -> Scope:
    """A place as permissions know it; of a participant with its group. Without a domain it is the whole system.

    Raises ValidationError for a place that is none, NotFoundError where there is no such domain or group, or none that
    the caller knows of.
    """
    if group is not None and participant is not None:
        raise _refused("group and participant exclude each other", "#/group")
    if domain is None:
        if group is not None or participant is not None:
            raise _refused("groups and participants are in domains: name one", "#/domain")
        return SYSTEM
    stored = call.context.domain(domain)
    if not rules.sees(call.principal, Scope(stored.id)):
        raise no_domain(domain)
    if participant is not None:
        return rules.scope_of(call.context, stored, rules.parsed_participant(stored, participant))
    if group is None:
        return Scope(stored.id)
    with call.context.database.read() as connection:
        held = owner_groups.by_name(connection, stored.id, group)
    if held is None or not rules.sees(call.principal, Scope(stored.id, held.id)):
        raise NotFoundError(f"the domain has no group {shorten(group)}")
    return Scope(stored.id, held.id)


def shown_place(call: CallState, place: Place) -> PlaceModel:
    """A stored place as it is answered."""
    if place.domain_id is None:
        return PlaceModel(domain=None, group=None, participant=None)
    group = None
    if place.owner_group_id is not None:
        with call.context.database.read() as connection:
            held = owner_groups.by_id(connection, place.owner_group_id)
        group = None if held is None else held.name
    participant = None if place.scheme is None else f"{place.scheme}::{place.value_key}"
    return PlaceModel(domain=domain_name(call, place.domain_id), group=group, participant=participant)


def domain_name(call: CallState, domain_id: int | None) -> str | None:
    """The name of a domain that a row refers to."""
    return None if domain_id is None else call.context.directory.by_id(domain_id).domain.name


def _refused(message: str, pointer: str) -> ValidationError:
    return ValidationError((Reason("GRANT-PLACE", message, pointer=pointer),))
