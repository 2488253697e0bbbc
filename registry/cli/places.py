# SPDX-License-Identifier: Apache-2.0
"""The places of permissions on the command line: the system, a domain, a group in it, a participant in it."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from registry.accounts.permissions import Scope
    from registry.app.instance import Instance
    from registry.storage.domain_directory import StoredDomain
    from registry.storage.queries.grants import Place

PLACE_DOMAIN = typer.Option(None, "--domain", help="In this domain; by default in the whole system.")
PLACE_GROUP = typer.Option(None, "--group", help="For this group of participants of the domain.")
PLACE_PARTICIPANT = typer.Option(None, "--participant", help="For this participant of the domain.")


def scope_from(instance: "Instance", domain: str | None, group: str | None, participant: str | None) -> "Scope":
    """The place that the options name. Raises NotFoundError."""
    from registry.accounts.groups import find_group
    from registry.accounts.permissions import SYSTEM, Scope
    from registry.accounts.scopes import scope_of_participant
    from registry.cli.common import chosen_domain

    if group is not None and participant is not None:
        raise typer.BadParameter("--group and --participant exclude each other")
    if domain is None and group is None and participant is None:
        return SYSTEM
    stored = chosen_domain(instance, domain)
    if group is not None:
        return Scope(stored.id, find_group(instance.database, stored.id, group).id)
    if participant is None:
        return Scope(stored.id)
    scheme, value_key = participant_key(stored, participant)
    with instance.database.read() as connection:
        return scope_of_participant(connection, stored.id, scheme, value_key)


def participant_key(stored: "StoredDomain", participant: str) -> tuple[str, str]:
    """Scheme and value of a participant, as the domain compares them. Raises ValidationError."""
    from registry.identifiers.participant import ParticipantIdentifier

    rules = stored.domain.identifiers
    identifier = ParticipantIdentifier.parse(participant, scheme_optional=rules.participant.allow_no_scheme)
    return identifier.scheme, rules.participant_key(identifier)


def place_text(instance: "Instance", place: "Place") -> str:
    """A place in words."""
    from registry.accounts.groups import group_name

    if place.domain_id is None:
        return "the system"
    names = {stored.id: stored.domain.name for stored in instance.directory.all()}
    domain = f"the domain {names.get(place.domain_id, place.domain_id)}"
    if place.owner_group_id is not None:
        return f"the group {group_name(instance.database, place.owner_group_id)} in {domain}"
    return domain if place.scheme is None else f"{place.scheme}::{place.value_key} in {domain}"
