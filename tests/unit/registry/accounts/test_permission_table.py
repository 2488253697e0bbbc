# SPDX-License-Identifier: Apache-2.0
"""Decisions: what widens a grant never takes a permission away, what narrows it never adds one, and each says why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.accounts.permissions import (
    SYSTEM,
    Action,
    Grant,
    Level,
    Principal,
    Role,
    Scope,
    decide,
    require,
    visible,
)
from registry.errors import UnauthorizedError

PLACES = [
    SYSTEM,
    *(Scope(domain) for domain in (1, 2)),
    *(Scope(domain, group) for domain, group in ((1, 11), (1, 12), (2, 21))),
    *(Scope(domain, None, ("s", value)) for domain in (1, 2) for value in ("a", "b")),
]
ASKED = [*PLACES, Scope(1, 11, ("s", "a")), Scope(1, 12, ("s", "b")), Scope(2, 21, ("s", "a"))]

roles = st.sampled_from(list(Role))
places = st.sampled_from(PLACES)
grants = st.builds(Grant, roles, places)
limits = st.none() | st.builds(Grant, roles, st.sampled_from(PLACES[:3]))
principals = st.builds(
    Principal,
    actor=st.just("person:1"),
    name=st.just("anna"),
    kind=st.just("person"),
    method=st.just("token"),
    grants=st.lists(grants, max_size=4).map(tuple),
    limit=limits,
)
actions = st.sampled_from(list(Action))
asked = st.sampled_from(ASKED)


def wider(grant: Grant) -> list[Grant]:
    """Every grant that gives at least as much."""
    return [
        Grant(role, scope)
        for role in Role
        if role.rank >= grant.role.rank
        for scope in PLACES
        if scope.covers(grant.scope)
    ]


@given(principals, grants, actions, asked)
def test_one_more_grant_never_takes_a_permission_away(
    principal: Principal, grant: Grant, action: Action, scope: Scope
) -> None:
    if decide(principal, action, scope):
        assert decide(replace(principal, grants=(grant, *principal.grants)), action, scope)


@given(principals, st.data(), actions, asked)
def test_wider_grant_allows_whatever_the_narrower_one_does(
    principal: Principal, data: st.DataObject, action: Action, scope: Scope
) -> None:
    if not principal.grants:
        return
    position = data.draw(st.integers(0, len(principal.grants) - 1))
    other = data.draw(st.sampled_from(wider(principal.grants[position])))
    widened = replace(principal, grants=(*principal.grants[:position], other, *principal.grants[position + 1 :]))
    if decide(principal, action, scope):
        assert decide(widened, action, scope)


@given(principals, limits, actions, asked)
def test_limit_never_adds_a_permission(principal: Principal, limit: Grant | None, action: Action, scope: Scope) -> None:
    if decide(replace(principal, limit=limit), action, scope):
        assert decide(replace(principal, limit=None), action, scope)


@given(principals, st.data(), actions, asked)
def test_what_is_allowed_at_a_place_is_allowed_inside_of_it(
    principal: Principal, data: st.DataObject, action: Action, scope: Scope
) -> None:
    inside = data.draw(st.sampled_from([other for other in ASKED if scope.covers(other)]))
    if decide(principal, action, scope):
        assert decide(principal, action, inside)


@given(principals, actions, asked)
def test_every_decision_says_why(principal: Principal, action: Action, scope: Scope) -> None:
    decision = decide(principal, action, scope)
    assert decision.reasons
    assert all(decision.reasons)
    if decision:
        require(principal, action, scope)
    else:
        with pytest.raises(UnauthorizedError):
            require(principal, action, scope)


@given(principals, actions, st.sampled_from([1, 2]))
def test_visible_places_are_those_in_which_it_is_allowed(principal: Principal, action: Action, domain_id: int) -> None:
    seen = visible(principal, action, domain_id)
    if isinstance(seen, Scope):
        assert decide(principal, action, Scope(domain_id))
        return
    assert not decide(principal, action, Scope(domain_id))
    for scope in seen:
        assert scope.domain_id == domain_id
        assert decide(principal, action, scope)


def test_grants_of_one_domain_mean_nothing_in_another() -> None:
    principal = Principal("person:1", "anna", "person", "session", grants=(Grant(Role.ADMIN, Scope(1)),))
    for action in Action:
        assert not decide(principal, action, Scope(2))
        assert not decide(principal, action, Scope(2, 21, ("s", "a")))
        assert not decide(principal, action, SYSTEM)


def test_editor_of_a_participant_writes_its_services_and_nothing_else() -> None:
    here = Scope(1, 11, ("s", "a"))
    grant = Grant(Role.EDITOR, Scope(1, None, ("s", "a")))
    principal = Principal("person:1", "anna", "person", "session", grants=(grant,))
    writes = {action for action in Action if action.role is not Role.VIEWER and decide(principal, action, here)}
    assert writes == {Action.SERVICE_WRITE}
    assert not decide(principal, Action.SERVICE_WRITE, Scope(1, 11, ("s", "b")))


def test_viewer_writes_nothing_anywhere() -> None:
    principal = Principal("person:1", "anna", "person", "session", grants=(Grant(Role.VIEWER),))
    assert {action.role for action in Action if decide(principal, action, SYSTEM)} == {Role.VIEWER}


def test_titles_are_unique_and_name_source_and_verb() -> None:
    titles = [action.title for action in Action]
    assert len(set(titles)) == len(titles)
    assert all(title.count(":") == 1 for title in titles)


def test_levels_and_roles_are_in_order() -> None:
    assert [role.rank for role in (Role.VIEWER, Role.EDITOR, Role.ADMIN)] == [0, 1, 2]
    assert [level.rank for level in Level] == [0, 1, 2, 3]
