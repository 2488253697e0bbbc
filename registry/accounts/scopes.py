# SPDX-License-Identifier: Apache-2.0
"""Between the places of permissions and the rows of the database."""

from registry.accounts.permissions import Grant, Level, Role, Scope
from registry.errors import NotFoundError
from registry.storage.queries import domains, owner_groups
from registry.storage.queries.grants import Place
from registry.storage.unit_of_work import Connection


def scope_of_participant(connection: Connection, domain_id: int, scheme: str, value_key: str) -> Scope:
    """The place of a participant, with the group that it is in; one that nobody published is in none."""
    _, group_id = owner_groups.of_participant(connection, domain_id, scheme, value_key)
    return Scope(domain_id, group_id, (scheme, value_key))


def place_of(scope: Scope) -> Place:
    """A scope as columns; that of a participant without its group, which may change."""
    match scope.level:
        case Level.SYSTEM:
            return Place(Level.SYSTEM)
        case Level.DOMAIN:
            return Place(Level.DOMAIN, scope.domain_id)
        case Level.GROUP:
            return Place(Level.GROUP, scope.domain_id, scope.group_id)
        case _:
            scheme, value_key = scope.participant or ("", "")
            return Place(Level.PARTICIPANT, scope.domain_id, None, scheme, value_key)


def grant_of(role: str, place: Place) -> Grant:
    """A stored grant as permissions know it."""
    participant = None
    if place.scheme is not None and place.value_key is not None:
        participant = (place.scheme, place.value_key)
    return Grant(Role(role), Scope(place.domain_id, place.owner_group_id, participant))


def check_scope(connection: Connection, scope: Scope) -> Scope:
    """The same place, of a participant with its group. Raises NotFoundError where there is no such place."""
    if scope.domain_id is None:
        return Scope()
    if all(row.id != scope.domain_id for row in domains.all_domains(connection)):
        raise NotFoundError("there is no such domain")
    if scope.participant is not None:
        exists, group_id = owner_groups.of_participant(connection, scope.domain_id, *scope.participant)
        if not exists:
            raise NotFoundError("the domain has no such participant")
        return Scope(scope.domain_id, group_id, scope.participant)
    if scope.group_id is not None:
        found = owner_groups.by_id(connection, scope.group_id)
        if found is None or found.domain_id != scope.domain_id:
            raise NotFoundError("the domain has no such group")
    return scope
