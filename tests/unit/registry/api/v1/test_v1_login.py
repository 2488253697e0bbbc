# SPDX-License-Identifier: Apache-2.0
"""Logging in and out over REST: nobody learns who there is, nobody gets somebody else's session, guessing gets slow."""

from http.cookies import SimpleCookie

import pytest

from registry.accounts.accounts import Kind, create_account
from registry.accounts.credentials import set_password
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role
from tests.simulators.asgi import Reply
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestOffice, reasons

PASSWORD = "long enough for a test"
OTHER = "another one, long enough"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def anna(office: RestOffice) -> int:
    account = create_account(office.database, ACTOR, Kind.PERSON, "anna", display_name="Anna")
    set_password(office.database, ACTOR, account.id, PASSWORD, must_change=False)
    return account.id


def log_in(office: RestOffice, name: str = "anna", password: str = PASSWORD, **options: str) -> Reply:
    return office.ask("POST", "/session", None, {"name": name, "password": password}, **options)


def session_of(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    return reply.headers["set-cookie"].partition(";")[0]


def test_login_gives_a_session_that_scripts_can_not_read(office: RestOffice, anna: int) -> None:
    reply = log_in(office)
    (cookie,) = SimpleCookie(reply.headers["set-cookie"]).values()
    assert (cookie.key, cookie["path"], cookie["samesite"]) == ("registry_session", "/", "Lax")
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert reply.json()["account"] == anna
    assert cookie.value not in reply.body.decode()
    me = office.ask("GET", "/me", session_of(reply)).json()
    assert (me["account"], me["display_name"], me["method"], me["limit"]) == (anna, "Anna", "session", None)


def test_session_over_tls_is_bound_to_this_host(office: RestOffice, anna: int) -> None:
    kept = log_in(office, scheme="https").headers["set-cookie"]
    assert kept.startswith("__Host-registry_session=")
    assert "; Secure" in kept
    assert "Path=/;" in kept
    assert "Domain" not in kept
    plain = kept.partition(";")[0].removeprefix("__Host-")
    assert office.ask("GET", "/me", plain, scheme="https").status == 401, "what a plain page may have set is nothing"


@pytest.mark.parametrize(("name", "password"), [("anna", OTHER), ("nobody", PASSWORD), ("ANNA\x01", PASSWORD)])
def test_wrong_name_and_wrong_password_are_answered_alike(
    office: RestOffice, anna: int, name: str, password: str
) -> None:
    reply = log_in(office, name, password)
    assert (reply.status, reply.json()["detail"]) == (401, "the name or the password is wrong")
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_guessing_has_to_wait_whether_the_name_exists_or_not(office: RestOffice, anna: int, name: str) -> None:
    statuses = [log_in(office, name, f"guess number {number}").status for number in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    locked = log_in(office, name, PASSWORD)
    assert locked.status == 429, "not even the right one gets in"
    assert int(locked.headers["retry-after"]) >= 1
    office.offline.clock.forward(hours=1)
    assert log_in(office, name, PASSWORD).status == (200 if name == "anna" else 401)


def test_session_is_a_new_one_at_each_login_whatever_the_browser_sent(office: RestOffice, anna: int) -> None:
    planted = "registry_session=known-to-somebody-else"
    first = session_of(log_in(office, cookie=planted))
    second = session_of(log_in(office, cookie=first))
    assert len({planted, first, second}) == 3
    assert office.ask("GET", "/me", planted).status == 401


def test_login_can_not_be_replayed_by_a_key(office: RestOffice, anna: int) -> None:
    """Whoever isn't known yet would share one name with everybody else."""
    for _ in range(2):
        refused = log_in(office, idempotency_key="k")
        assert (refused.status, reasons(refused)) == (400, {"REST-PRECONDITION"})
    log_in(office)
    assert log_in(office, "nobody", idempotency_key="k").status == 400


def test_page_of_somebody_else_logs_nobody_in(office: RestOffice, anna: int) -> None:
    assert log_in(office, sec_fetch_site="cross-site").status == 403
    assert log_in(office, origin="https://evil.example").status == 403
    assert log_in(office, origin="http://test").status == 200


def test_session_of_a_browser_counts_only_from_our_own_pages(office: RestOffice, anna: int) -> None:
    cookie = session_of(log_in(office))
    foreign = office.ask("DELETE", "/session", None, cookie=cookie, sec_fetch_site="cross-site")
    silent = office.ask("DELETE", "/session", None, cookie=cookie)
    assert (foreign.status, silent.status) == (403, 403)
    assert office.ask("GET", "/me", cookie).status == 200


def test_logged_out_session_is_dead_at_once(office: RestOffice, anna: int) -> None:
    cookie = session_of(log_in(office))
    gone = office.ask("DELETE", "/session", cookie)
    assert gone.status == 204
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert office.ask("GET", "/me", cookie).status == 401


def test_first_password_has_to_be_changed_before_anything_else(office: RestOffice, anna: int) -> None:
    give_grant(office.database, ACTOR, anna, Role.ADMIN, SYSTEM)
    set_password(office.database, ACTOR, anna, PASSWORD, must_change=True)
    reply = log_in(office)
    cookie = session_of(reply)
    assert reply.json()["must_change_password"]
    assert office.ask("GET", "/accounts", cookie).status == 403
    weak = office.ask("PUT", "/me/password", cookie, {"old": PASSWORD, "new": "short"})
    assert reasons(weak) == {"PASSWORD-SHORT"}
    assert office.ask("PUT", "/me/password", cookie, {"old": OTHER, "new": OTHER}).status == 403
    assert office.ask("PUT", "/me/password", cookie, {"old": PASSWORD, "new": OTHER}).status == 204
    assert office.ask("GET", "/me", cookie).status == 401, "every session has ended"
    again = log_in(office, password=OTHER)
    assert not again.json()["must_change_password"]
    assert office.ask("GET", "/accounts", session_of(again)).status == 200


def test_own_sessions_are_seen_and_ended_those_of_others_are_not(office: RestOffice, anna: int) -> None:
    here, there = session_of(log_in(office)), session_of(log_in(office, user_agent="elsewhere"))
    listed = office.ask("GET", "/me/sessions", here).json()["items"]
    assert [(item["current"], item["user_agent"]) for item in listed] == [(True, ""), (False, "elsewhere")]
    other = office.caller()
    assert office.ask("DELETE", f"/me/sessions/{listed[1]['id']}", other).status == 404
    assert office.ask("GET", "/me", there).status == 200
    assert office.ask("DELETE", f"/me/sessions/{listed[1]['id']}", here).status == 204
    assert office.ask("GET", "/me", there).status == 401


def test_administrator_ends_sessions_of_others(office: RestOffice, anna: int) -> None:
    admin = office.caller(Role.ADMIN)
    cookies = [session_of(log_in(office)) for _ in range(3)]
    first = office.items(f"/accounts/{anna}/sessions", admin)[0]["id"]
    assert office.ask("DELETE", f"/accounts/{anna}/sessions/{first}", admin).status == 204
    assert office.ask("DELETE", f"/accounts/{admin.account_id}/sessions/{first}", admin).status == 404
    assert [office.ask("GET", "/me", cookie).status for cookie in cookies] == [401, 200, 200]
    assert office.ask("DELETE", f"/accounts/{anna}/sessions", admin).status == 204
    assert {office.ask("GET", "/me", cookie).status for cookie in cookies} == {401}


def test_what_one_may_do_is_told_with_reasons(office: RestOffice) -> None:
    viewer = office.caller(Role.VIEWER)
    found = {item["action"]: item for item in office.items("/me/permissions?domain=demo&limit=7", viewer)}
    assert found["domain:read"]["allowed"]
    assert not found["domain:change"]["allowed"]
    assert "is not admin" in " ".join(found["domain:change"]["reasons"])
    assert office.ask("GET", "/me/permissions?domain=demo", office.caller()).status == 404
    assert office.ask("GET", "/me/permissions?group=x", viewer).status == 400
    (grant,) = office.items("/me/grants", viewer)
    assert (grant["role"], grant["place"]) == ("viewer", {"domain": None, "group": None, "participant": None})


def test_permission_of_others_is_explained_to_administrators(office: RestOffice) -> None:
    admin, viewer = office.caller(Role.ADMIN), office.caller(Role.VIEWER)
    asked = f"/permissions/explain?account={viewer.name}&action=service:write&domain=demo"
    said = office.ask("GET", asked, admin).json()
    assert (said["action"], said["allowed"]) == ("service:write", False)
    assert said["reasons"]
    assert office.ask("GET", asked, viewer).status == 403
    unknown = office.ask("GET", f"/permissions/explain?account={viewer.name}&action=x", admin)
    assert reasons(unknown) == {"PERMISSION-ACTION"}
    assert len(office.items("/permissions?limit=9", viewer)) > 20
