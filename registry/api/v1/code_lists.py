# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/code-lists/{kind}`: the codes that a domain knows, and what may be done with each."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs
from registry.errors import NotFoundError
from registry.identifiers.code_lists import Kind, State

resource = Resource("code lists", "The codes that identifiers of a domain may have, as far as it has lists of them.")
KindName = Literal["participant", "document-type", "process", "transport-profile"]
StateName = Literal["active", "deprecated", "removed"]


class ListedCode(Model):
    """A code of the list in force."""

    scheme: Annotated[str, Field(description="Empty for transport profiles, which have none.")]
    value: str
    name: Annotated[str, Field(description="What people call it.")]
    state: Annotated[StateName, Field(description="Nothing new may have a deprecated code, nothing a removed one.")]
    registrable: bool


@resource.get(f"{DOMAIN}/code-lists/{{kind}}", Needs(Action.DOMAIN_READ, rules.domain), {200: Page[ListedCode]})
def list_codes(
    call: Call,
    domain: DomainName,
    kind: KindName,
    limit: Limit = 50,
    cursor: Cursor = None,
    search: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Only those whose name or code hold all its words.")
    ] = None,
    state: Annotated[StateName | None, Query(description="Only those of this state.")] = None,
) -> Page[ListedCode]:
    """List the codes of the list in force, by name."""
    held = call.context.domain(domain).domain.identifiers.code_lists.get(Kind(kind.replace("-", " ")))
    if held is None:
        raise NotFoundError(f"{domain} has no list of {kind} codes")
    after = read_cursor(cursor, str, str, str)
    entries = held.matching(search or "", None if state is None else State(state))
    rows = sorted((entry.name, *code, entry) for code, entry in entries)
    rest = [row for row in rows if after is None or row[:3] > after]
    part, following = paged(rest[: limit + 1], limit, lambda row: row[:3])
    items = [
        ListedCode(scheme=scheme, value=value, name=name, state=entry.state.value, registrable=entry.registrable)
        for name, scheme, value, entry in part
    ]
    return Page[ListedCode](items=items, next_cursor=following)
