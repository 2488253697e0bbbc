# SPDX-License-Identifier: Apache-2.0
"""Grants: nobody gives more than they have, and places are what is there."""

import pytest

from registry.accounts.accounts import erase_account, find_account
from registry.accounts.explaining import explain
from registry.accounts.grants import MAX_GRANTS, give_grant, list_grants, sync_oidc_grants, take_grant
from registry.accounts.groups import create_group, move_participant
from registry.accounts.permissions import SYSTEM, Action, Grant, Level, Principal, Role, Scope
from registry.accounts.scopes import grant_of, place_of, scope_of_participant
from registry.accounts.tokens import revoke_token
from registry.audit.events import about
from registry.errors import ConflictError, NotFoundError, UnauthorizedError, ValidationError
from registry.storage.queries import grants as queries
from registry.storage.queries.accounts import AccountRow
from registry.storage.queries.grants import Place
from tests.simulators.accounts import ACTOR, House

pytestmark = pytest.mark.database


def held(house: House, account: AccountRow) -> set[Grant]:
    return {grant_of(row.role, row.place) for row in list_grants(house.database, account_id=account.id, size=9)}


def caller(*grants: Grant, limit: Grant | None = None) -> Principal:
    return Principal("person:99", "granter", "person", "session", 99, grants, limit)


def give(house: House, account: AccountRow, grant: Grant, by: Principal | None = None) -> None:
    give_grant(house.database, ACTOR, account.id, grant.role, grant.scope, by=by)


def test_role_at_a_place_replaces_the_one_before(house: House) -> None:
    erp, domain = house.program(), house.domain()
    for role in (Role.VIEWER, Role.ADMIN, Role.EDITOR):
        give(house, erp, Grant(role, Scope(domain)))
    assert held(house, erp) == {Grant(Role.EDITOR, Scope(domain))}
    give(house, erp, Grant(Role.EDITOR, Scope(domain)))
    told = [tag for tag in house.tags("program:erp") if tag.startswith("accounts:grant:")]
    assert told == ["accounts:grant:create", "accounts:grant:update", "accounts:grant:update"]


def test_each_level_is_kept_as_it_was_given(house: House) -> None:
    erp, domain = house.program(), house.domain()
    group = create_group(house.database, ACTOR, domain, "hospitals")
    participant = house.participant(domain)
    wanted = {
        Grant(Role.VIEWER),
        Grant(Role.EDITOR, Scope(domain)),
        Grant(Role.ADMIN, Scope(domain, group.id)),
        Grant(Role.EDITOR, Scope(domain, None, participant)),
    }
    for grant in wanted:
        give(house, erp, grant)
    assert held(house, erp) == wanted
    house.token("t", account_id=erp.id)


@pytest.mark.parametrize("scope", [Scope(99), Scope(1, 99), Scope(1, None, ("iso6523-actorid-upis", "0088:9"))])
def test_place_that_there_is_not_is_not_found(house: House, scope: Scope) -> None:
    house.domain()
    with pytest.raises(NotFoundError):
        give(house, house.program(), Grant(Role.VIEWER, scope))


def test_group_of_another_domain_is_not_found(house: House) -> None:
    one, other = house.domain("one"), house.domain("other")
    group = create_group(house.database, ACTOR, other, "hospitals")
    with pytest.raises(NotFoundError):
        give(house, house.program(), Grant(Role.VIEWER, Scope(one, group.id)))


def test_unknown_account_or_grant_is_not_found(house: House) -> None:
    with pytest.raises(NotFoundError):
        give_grant(house.database, ACTOR, 99, Role.VIEWER, SYSTEM)
    with pytest.raises(NotFoundError):
        take_grant(house.database, ACTOR, 99)


def test_who_administers_a_domain_gives_in_it_and_nowhere_else(house: House) -> None:
    one, other, erp = house.domain("one"), house.domain("other"), house.program()
    by = caller(Grant(Role.ADMIN, Scope(one)))
    give(house, erp, Grant(Role.ADMIN, Scope(one)), by)
    for scope in (Scope(other), SYSTEM):
        with pytest.raises(UnauthorizedError):
            give(house, erp, Grant(Role.VIEWER, scope), by)


def test_who_administers_a_group_gives_for_its_participants(house: House) -> None:
    domain, erp = house.domain(), house.program()
    group = create_group(house.database, ACTOR, domain, "hospitals")
    inside, outside = house.participant(domain, "0088:1"), house.participant(domain, "0088:2")
    move_participant(house.database, ACTOR, domain, *inside, group.id)
    by = caller(Grant(Role.ADMIN, Scope(domain, group.id)))
    give(house, erp, Grant(Role.EDITOR, Scope(domain, None, inside)), by)
    give(house, erp, Grant(Role.VIEWER, Scope(domain, group.id)), by)
    for scope in (Scope(domain, None, outside), Scope(domain)):
        with pytest.raises(UnauthorizedError):
            give(house, erp, Grant(Role.VIEWER, scope), by)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_does_not_administer_gives_nothing(house: House, role: Role) -> None:
    domain = house.domain()
    with pytest.raises(UnauthorizedError):
        give(house, house.program(), Grant(Role.VIEWER, Scope(domain)), caller(Grant(role)))


def test_credential_that_is_for_less_gives_no_more(house: House) -> None:
    domain, erp = house.domain(), house.program()
    root = Grant(Role.ADMIN)
    for limit in (Grant(Role.EDITOR), Grant(Role.ADMIN, Scope(domain))):
        with pytest.raises(UnauthorizedError):
            give(house, erp, Grant(Role.VIEWER), caller(root, limit=limit))
    give(house, erp, Grant(Role.ADMIN, Scope(domain)), caller(root, limit=Grant(Role.ADMIN, Scope(domain))))


def test_taking_needs_what_giving_does(house: House) -> None:
    one, other, erp = house.domain("one"), house.domain("other"), house.program()
    grant_id = house.grant(erp, Role.EDITOR, Scope(one))
    with pytest.raises(UnauthorizedError):
        take_grant(house.database, ACTOR, grant_id, by=caller(Grant(Role.ADMIN, Scope(other))))
    take_grant(house.database, ACTOR, grant_id, by=caller(Grant(Role.ADMIN, Scope(one))))
    assert held(house, erp) == set()
    assert house.tags("program:erp")[-1] == "accounts:grant:delete"


def test_last_administrator_keeps_the_role(house: House) -> None:
    root = house.admin()
    (row,) = list_grants(house.database, account_id=root.id, size=1)
    with pytest.raises(ConflictError, match="last administrator"):
        take_grant(house.database, ACTOR, row.id)
    with pytest.raises(ConflictError, match="last administrator"):
        give(house, root, Grant(Role.VIEWER))
    house.admin("second")
    take_grant(house.database, ACTOR, row.id)


def test_event_of_a_grant_names_no_participant_but_that_of_the_participant_does(house: House) -> None:
    domain, erp = house.domain(), house.program()
    scheme, value = house.participant(domain, "0088:secret")
    house.grant(erp, Role.EDITOR, Scope(domain, None, (scheme, value)))
    assert "secret" not in repr(about(house.database, "program:erp"))
    (event,) = about(house.database, f"{scheme}::{value}")
    assert (event.tag, event.after) == ("smp:service-group:grant-create", {"account": "program:erp", "role": "editor"})


def test_account_has_no_endless_number_of_grants(house: House) -> None:
    domain, erp = house.domain(), house.program()
    with house.database.write(ACTOR) as work:
        for number in range(MAX_GRANTS):
            queries.put(work, erp.id, "viewer", Place("participant", domain, None, "s", str(number)), "local")
    with pytest.raises(ValidationError, match="GRANT-MANY"):
        give(house, erp, Grant(Role.VIEWER, Scope(domain)))


# What a provider gives


def sync(house: House, account: AccountRow, *grants: Grant) -> None:
    with house.database.write(ACTOR) as work:
        sync_oidc_grants(work, account.id, grants)


def test_grants_of_a_provider_follow_it_and_leave_local_ones_alone(house: House) -> None:
    anna, one, other = house.person(), house.domain("one"), house.domain("other")
    house.grant(anna, Role.VIEWER, Scope(one))
    sync(house, anna, Grant(Role.EDITOR, Scope(one)), Grant(Role.VIEWER, Scope(other)))
    assert len(list_grants(house.database, account_id=anna.id, size=9)) == 3
    sync(house, anna, Grant(Role.ADMIN, Scope(other)), Grant(Role.VIEWER, Scope(other)))
    assert held(house, anna) == {Grant(Role.VIEWER, Scope(one)), Grant(Role.ADMIN, Scope(other))}
    before = len(house.tags(f"person:{anna.id}"))
    sync(house, anna, Grant(Role.ADMIN, Scope(other)))
    assert len(house.tags(f"person:{anna.id}")) == before, "nothing changed"
    sync(house, anna)
    assert held(house, anna) == {Grant(Role.VIEWER, Scope(one))}


def test_grant_of_a_provider_is_not_taken_here(house: House) -> None:
    anna = house.person()
    sync(house, anna, Grant(Role.VIEWER))
    (row,) = list_grants(house.database, account_id=anna.id, size=1)
    with pytest.raises(ConflictError, match="provider"):
        take_grant(house.database, ACTOR, row.id)


# Places and explanations


@pytest.mark.parametrize(
    "scope", [SYSTEM, Scope(1), Scope(1, 2), Scope(1, None, ("s", "v")), Scope(1, None, ("", "a:b"))]
)
def test_place_says_what_the_scope_does(scope: Scope) -> None:
    assert grant_of("editor", place_of(scope)) == Grant(Role.EDITOR, scope)
    assert place_of(scope).level == scope.level


def test_keys_of_different_places_differ() -> None:
    places = [
        Place(Level.SYSTEM),
        Place(Level.DOMAIN, 1),
        Place(Level.DOMAIN, 12),
        Place(Level.GROUP, 1, 2),
        Place(Level.PARTICIPANT, 1, None, "s", "v"),
        Place(Level.PARTICIPANT, 1, None, "s", "v:w"),
    ]
    assert len({place.key for place in places}) == len(places)


def test_scope_of_a_participant_has_its_group(house: House) -> None:
    domain = house.domain()
    scheme, value = house.participant(domain)
    group = create_group(house.database, ACTOR, domain, "hospitals")
    with house.database.read() as connection:
        assert scope_of_participant(connection, domain, scheme, value) == Scope(domain, None, (scheme, value))
    move_participant(house.database, ACTOR, domain, scheme, value, group.id)
    with house.database.read() as connection:
        assert scope_of_participant(connection, domain, scheme, value) == Scope(domain, group.id, (scheme, value))


def test_explanation_names_every_grant_that_was_looked_at(house: House) -> None:
    one, other, erp = house.domain("one"), house.domain("other"), house.program()
    house.grant(erp, Role.VIEWER, Scope(one))
    house.grant(erp, Role.ADMIN, Scope(other))
    refused = explain(house.database, "ERP", Action.SERVICE_WRITE, Scope(one))
    assert not refused
    assert len(refused.reasons) == 3
    allowed = explain(house.database, "erp", Action.SERVICE_WRITE, Scope(other))
    assert allowed
    assert "admin of a domain is enough" in allowed.reasons[-1]


def test_token_explains_its_limit_and_its_end(house: House) -> None:
    root = house.admin()
    house.token("t", account_id=root.id, role=Role.VIEWER)
    assert explain(house.database, "token:t", Action.DOMAIN_READ, SYSTEM)
    refused = explain(house.database, "token:t", Action.DOMAIN_CREATE, SYSTEM)
    assert "the token is for less" in refused.reasons[0]
    house.token("lone")
    assert explain(house.database, "token:lone", Action.SERVICE_WRITE, SYSTEM)
    assert not explain(house.database, "token:lone", Action.DOMAIN_CREATE, SYSTEM)
    revoke_token(house.database, ACTOR, 1)
    assert explain(house.database, "token:t", Action.DOMAIN_READ, SYSTEM).reasons == (
        "the token is revoked or has expired",
    )


def test_who_may_nothing_is_told_why(house: House) -> None:
    anna = house.person()
    erase_account(house.database, ACTOR, anna.id)
    name = find_account(house.database, anna.id).name
    assert explain(house.database, name, Action.DOMAIN_READ, SYSTEM).reasons == ("the account is erased",)
    for unknown in ("nobody", "token:nothing"):
        with pytest.raises(NotFoundError):
            explain(house.database, unknown, Action.DOMAIN_READ, SYSTEM)
