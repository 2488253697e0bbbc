# SPDX-License-Identifier: Apache-2.0
"""Tokens over REST: the secret is shown once, kept nowhere, and a token never becomes more than it is."""

from datetime import timedelta

import pytest

from registry.accounts.accounts import Kind
from registry.accounts.permissions import Role, Scope
from registry.accounts.sessions import Sessions
from registry.accounts.tokens import create_token
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def session_of(office: RestOffice, caller: RestCaller) -> str:
    begun = Sessions(office.database).begin(caller.account_id, "oidc")
    return f"registry_session={begun.secret}"


def test_secret_is_shown_once_and_kept_nowhere(office: RestOffice, admin: RestCaller) -> None:
    program = office.caller(Role.EDITOR, Scope(office.offline.stored.id), kind=Kind.PROGRAM)
    body = {"name": "erp", "account": program.account_id, "role": "viewer", "domain": "demo"}
    made = office.ask("POST", "/tokens", admin, body)
    assert made.status == 201, made.body
    secret, path = made.json()["secret"], made.headers["location"].removeprefix("/api/v1")
    assert secret not in office.everything()
    assert secret not in office.ask("GET", path, admin).body.decode()
    me = office.ask("GET", "/me", RestCaller(0, "", secret)).json()
    assert (me["account"], me["limit"]["role"], me["limit"]["place"]["domain"]) == (
        program.account_id,
        "viewer",
        "demo",
    )
    keyed = office.ask("POST", "/tokens", admin, {**body, "name": "two"}, idempotency_key="k")
    assert reasons(keyed) == {"REST-PRECONDITION"}, "or the answer would be kept with the secret"


def test_rotated_token_has_two_secrets_for_a_while(office: RestOffice, admin: RestCaller) -> None:
    made = office.ask("POST", "/tokens", admin, {"name": "erp"}).json()
    path = f"/tokens/{made['token']['id']}"
    rotated = office.ask("POST", f"{path}/rotate", admin, {"overlap_s": 60})
    old, new = RestCaller(0, "", made["secret"]), RestCaller(0, "", rotated.json()["secret"])
    assert (office.ask("GET", "/me", old).status, office.ask("GET", "/me", new).status) == (200, 200)
    office.offline.clock.forward(seconds=61)
    assert (office.ask("GET", "/me", old).status, office.ask("GET", "/me", new).status) == (401, 200)
    etag = office.ask("GET", path, admin).headers["etag"]
    assert office.ask("DELETE", path, admin, if_match='"other"').status == 412
    assert office.ask("DELETE", path, admin, if_match=etag).status == 204
    assert office.ask("GET", "/me", new).status == 401
    assert office.ask("DELETE", path, admin).status == 409
    assert office.ask("POST", f"{path}/rotate", admin, {}).status == 409


def test_token_ends_when_it_was_to_end(office: RestOffice, admin: RestCaller) -> None:
    ends = office.offline.clock.now + timedelta(days=1)
    made = office.ask("POST", "/tokens", admin, {"name": "erp", "expires_at": ends.isoformat()}).json()
    bearer = RestCaller(0, "", made["secret"])
    office.offline.clock.forward(hours=23)
    assert office.ask("GET", "/me", bearer).status == 200
    office.offline.clock.forward(hours=2)
    assert office.ask("GET", "/me", bearer).status == 401
    past = office.ask("POST", "/tokens", admin, {"name": "late", "expires_at": ends.isoformat()})
    assert reasons(past) == {"TOKEN-EXPIRES"}


def test_own_tokens_are_managed_in_a_session_not_with_a_token(office: RestOffice) -> None:
    """A token that was stolen must not become another one that outlives it."""
    editor = office.caller(Role.EDITOR)
    assert office.ask("POST", "/tokens", editor, {"name": "more"}).status == 403
    cookie = session_of(office, editor)
    made = office.ask("POST", "/tokens", cookie, {"name": "more"})
    assert made.status == 201
    assert made.json()["token"]["account"] == editor.account_id
    assert [item["name"] for item in office.items("/tokens", editor)] == [editor.name, "more"]
    path = f"/tokens/{made.json()['token']['id']}"
    assert office.ask("DELETE", path, editor).status == 403
    assert office.ask("DELETE", path, cookie).status == 204


def test_tokens_of_others_are_not_there(office: RestOffice, admin: RestCaller) -> None:
    stranger, owner = office.caller(Role.EDITOR), office.caller(Role.EDITOR)
    owned = office.items(f"/tokens?account={owner.account_id}", admin)[0]["id"]
    cookie = session_of(office, stranger)
    office.ask("GET", "/me", stranger)  # the first use is noted
    before = office.everything()
    for method, path, body in (
        ("GET", f"/tokens/{owned}", None),
        ("DELETE", f"/tokens/{owned}", None),
        ("POST", f"/tokens/{owned}/rotate", {}),
        ("POST", "/tokens", {"name": "mine", "account": owner.account_id}),
    ):
        assert office.ask(method, path, cookie, body).status == 404
    assert office.items(f"/tokens?account={owner.account_id}", stranger) == []
    assert office.everything() == before


def test_program_by_itself_has_no_account_to_make_tokens_for(office: RestOffice) -> None:
    alone = RestCaller(0, "", create_token(office.database, ACTOR, "alone"))
    assert reasons(office.ask("POST", "/tokens", alone, {"name": "x"})) == {"TOKEN-ACCOUNT"}
    assert office.items("/tokens", alone) == []
    assert office.items("/me/grants", alone) == []
    assert office.items("/me/sessions", alone) == []
    assert office.ask("PUT", "/me/password", alone, {"old": "x", "new": "y"}).status == 409


def test_guessed_tokens_are_answered_alike(office: RestOffice) -> None:
    caller = office.caller()
    near = caller.secret[:-1] + ("A" if caller.secret[-1] != "A" else "B")
    answers = {
        (reply.status, reply.body)
        for reply in (
            office.ask("GET", "/me", RestCaller(0, "", guess)) for guess in (near, "edr_x", "x", "é", "x" * 500)
        )
    }
    assert len(answers) == 1
