# SPDX-License-Identifier: Apache-2.0
"""`/permissions`: the one table of who may do what, and why somebody may or may not."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from registry.accounts.explaining import explain
from registry.accounts.permissions import ACTIONS, Action
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.grants import RoleName
from registry.api.v1.models import Model, Page
from registry.api.v1.places import scope_of
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Authenticated, Needs
from registry.errors import Reason, ValidationError

resource = Resource("permissions", "Who may do what, and why.")
_Domain = Annotated[str | None, Query(max_length=64, description="Absent: in the whole system.")]
_Group = Annotated[str | None, Query(max_length=64, description="A group in the domain.")]
_Participant = Annotated[str | None, Query(max_length=1100, description="A participant in the domain.")]


class ActionModel(Model):
    """What can be done: the least role for it, and the narrowest level at which that role is enough."""

    action: Annotated[str, Field(examples=["service:write"])]
    role: RoleName
    level: Annotated[str, Field(examples=["participant"])]


class DecisionModel(Model):
    """Whether something is allowed, and every grant that was looked at, with what it gave."""

    action: str
    allowed: bool
    reasons: list[str]


@resource.get("/permissions", Authenticated(), {200: Page[ActionModel]})
def list_permissions(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[ActionModel]:  # noqa: ARG001
    """List the table of permissions: it is the same for everybody."""
    (after,) = read_cursor(cursor, str) or ("",)
    rows = [ACTIONS[title] for title in sorted(ACTIONS) if title > after]
    part, following = paged(rows[: limit + 1], limit, lambda action: (action.title,))
    items = [ActionModel(action=row.title, role=row.role.value, level=row.level.value) for row in part]
    return Page[ActionModel](items=items, next_cursor=following)


@resource.get("/permissions/explain", Needs(Action.ACCOUNT_READ, rules.system), {200: DecisionModel})
def explain_permission(
    call: Call,
    account: Annotated[str, Query(min_length=1, max_length=140, description="Its name, or token:NAME.")],
    action: Annotated[str, Query(max_length=64, description="An action of the table.")],
    domain: _Domain = None,
    group: _Group = None,
    participant: _Participant = None,
) -> DecisionModel:
    """Say whether an account may do something at a place, and why."""
    if action not in ACTIONS:
        raise ValidationError((Reason("PERMISSION-ACTION", "there is no such action", pointer="query/action"),))
    scope = scope_of(call, domain, group, participant)
    decision = explain(call.context.database, account, ACTIONS[action], scope)
    return DecisionModel(action=action, allowed=decision.allowed, reasons=list(decision.reasons))
