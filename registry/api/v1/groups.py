# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/groups`: participants that belong together, so that somebody can be given them to look after."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from registry.accounts.groups import change_group, create_group, delete_group, list_groups
from registry.accounts.permissions import Action, Scope
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.context import ApiContext
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model, Moment, Page, Word
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs, Within
from registry.errors import NotFoundError
from registry.identifiers.text import shorten
from registry.storage.queries import owner_groups
from registry.storage.queries.owner_groups import OwnerGroupRow

resource = Resource("groups", "Participants of a domain that belong together, for those who look after them.")
GROUPS = f"{DOMAIN}/groups"
GROUP = f"{GROUPS}/{{group}}"
_AT_ONCE = 200
GroupName = Annotated[str, Field(max_length=64, description="A group's name.", examples=["retail"])]
_Description = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]


class GroupModel(Model):
    """A group of participants."""

    name: Word
    description: _Description
    modified_at: Moment


class GroupInput(Model):
    """A group as it is to be."""

    description: _Description = ""


class GroupChange(Model):
    """What is to change of a group; what is left out stays."""

    name: Word | None = None
    description: _Description | None = None


def group_at(context: ApiContext, path: Mapping[str, str]) -> Scope:
    """The group that the path names. Raises NotFoundError."""
    stored = context.domain(path["domain"])
    return Scope(stored.id, _found(context, stored.id, path["group"]).id)


@resource.get(GROUPS, Within(Action.GROUP_READ, rules.domain), {200: Page[GroupModel]})
def list_domain_groups(call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None) -> Page[GroupModel]:
    """List the groups of a domain that the caller may read, in order of their making."""
    stored = call.context.domain(domain)
    (after,) = read_cursor(cursor, int) or (0,)
    seen: list[OwnerGroupRow] = []
    call.narrowed = True
    while len(seen) <= limit:
        rows = list_groups(call.context.database, stored.id, after_id=after, size=_AT_ONCE)
        seen += [row for row in rows if call.may(Action.GROUP_READ, Scope(stored.id, row.id))]
        if len(rows) < _AT_ONCE:
            break
        after = rows[-1].id
    part, following = paged(seen[: limit + 1], limit, lambda row: (row.id,))
    return Page[GroupModel](items=[_shown(row) for row in part], next_cursor=following)


@resource.get(GROUP, Needs(Action.GROUP_READ, group_at), {200: GroupModel})
def read_group(call: Call, domain: DomainName, group: GroupName) -> GroupModel:
    """Read a group."""
    return _shown(_found(call.context, call.context.domain(domain).id, group))


@resource.put(GROUP, Needs(Action.GROUP_WRITE, rules.domain), {200: GroupModel, 201: GroupModel})
def put_group(call: Call, domain: DomainName, group: GroupName, body: GroupInput) -> Answer:
    """Make a group, or replace its description."""
    stored = call.context.domain(domain)
    database = call.context.database
    held = _locked(call, stored.id, group)
    call.match(lambda: None if held is None else _shown(held))
    if held is None:
        made = create_group(database, call.actor, stored.id, group, body.description)
        return Answer(_shown(made), 201, {"location": url(GROUP, domain, group)})
    return Answer(_shown(change_group(database, call.actor, held.id, description=body.description)))


@resource.patch(GROUP, Needs(Action.GROUP_WRITE, rules.domain), {200: GroupModel})
def change_group_in_part(call: Call, domain: DomainName, group: GroupName, body: GroupChange) -> GroupModel:
    """Rename a group, or change its description."""
    stored = call.context.domain(domain)
    held = _locked(call, stored.id, group)
    call.match(lambda: None if held is None else _shown(held))
    if held is None:
        raise no_group(group)
    return _shown(
        change_group(call.context.database, call.actor, held.id, name=body.name, description=body.description)
    )


@resource.delete(GROUP, Needs(Action.GROUP_WRITE, rules.domain), {204: None})
def remove_group(call: Call, domain: DomainName, group: GroupName) -> None:
    """Remove a group in which there are no participants, with the permissions that were given for it."""
    held = _locked(call, call.context.domain(domain).id, group)
    call.match(lambda: None if held is None else _shown(held))
    if held is None:
        raise no_group(group)
    delete_group(call.context.database, call.actor, held.id)


def no_group(name: str) -> NotFoundError:
    """The same for one that there isn't and one that the caller must not know of."""
    return NotFoundError(f"there is no group {shorten(name)} in this domain")


def _found(context: ApiContext, domain_id: int, name: str) -> OwnerGroupRow:
    with context.database.read() as connection:
        row = owner_groups.by_name(connection, domain_id, name)
    if row is None:
        raise no_group(name)
    return row


def _locked(call: CallState, domain_id: int, name: str) -> OwnerGroupRow | None:
    with call.context.database.write(call.actor) as work:
        row = owner_groups.by_name(work.connection, domain_id, name)
        return None if row is None else owner_groups.lock(work, row.id)


def _shown(row: OwnerGroupRow) -> GroupModel:
    return GroupModel(name=row.name, description=row.description, modified_at=row.modified_at)
