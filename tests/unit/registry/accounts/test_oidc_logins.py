# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from registry.accounts import accounts as use_cases
from registry.accounts.authentication import Authenticator
from registry.accounts.grants import give_grant
from registry.accounts.oidc import OidcProvider, OidcSettings
from registry.accounts.oidc_logins import FinishedLogin, OidcLogins
from registry.accounts.permissions import SYSTEM, Grant, Principal, Role, Scope
from registry.accounts.role_mapping import RoleMapping
from registry.accounts.sessions import Sessions
from registry.errors import UnauthorizedError
from registry.storage.engine import Actor
from tests.simulators.offline import OfflineInstance
from tests.simulators.oidc import CLIENT_ID, ISSUER, REDIRECT_URI, FakeProvider

ACTOR = Actor("test")
MAPPINGS = ("registry-admins=admin@system", "demo-editors=editor@demo", "lost=admin@nowhere")


@pytest.fixture(scope="module")
def key() -> Any:
    return RSAKey.generate_key(2048, {"kid": "one"})


class Desk:
    """A registry with a provider, and somebody with a browser."""

    def __init__(self, offline: OfflineInstance, key: Any) -> None:
        self.database = offline.instance.database
        self.offline = offline
        self.fake = FakeProvider(offline.clock(), key=key)
        provider = OidcProvider(OidcSettings(ISSUER, CLIENT_ID, REDIRECT_URI), offline.clock, self.fake.transport)
        self.sessions = Sessions(self.database)
        mappings = [RoleMapping.parse(text) for text in MAPPINGS]
        self.logins = OidcLogins(self.database, provider, mappings, self.sessions)

    def log_in(self, *, return_to: str = "/", **claims: Any) -> FinishedLogin:
        self.fake.claims = claims
        login = self.logins.begin(return_to)
        return self.finish(login.state, self.fake.log_in(login.url))

    def finish(self, cookie: str, answer: dict[str, str]) -> FinishedLogin:
        return self.logins.finish(cookie, answer, address="192.0.2.7", user_agent="a browser")

    def who(self, login: FinishedLogin) -> Principal:
        return Authenticator(self.database).by_session(login.session.secret)


@pytest.fixture
def desk(offline: OfflineInstance, key: Any) -> Desk:
    return Desk(offline, key)


def test_first_login_makes_an_account_with_the_roles_of_the_groups(desk: Desk) -> None:
    who = desk.who(desk.log_in(groups=["registry-admins", "demo-editors"]))
    assert (who.name, who.kind, who.method) == ("alice", "person", "session")
    assert set(who.grants) == {Grant(Role.ADMIN, SYSTEM), Grant(Role.EDITOR, Scope(desk.offline.stored.id))}
    row = use_cases.find_account_named(desk.database, "alice")
    assert (row.display_name, row.email) == ("Alice Example", "alice@example.org")


def test_next_login_finds_the_same_account_by_issuer_and_subject(desk: Desk) -> None:
    first = desk.who(desk.log_in())
    again = desk.who(desk.log_in(preferred_username="renamed", email="new@example.org"))
    assert again.account_id == first.account_id
    other = desk.who(desk.log_in(sub="bob-1", preferred_username="bob"))
    assert other.account_id != first.account_id


def test_roles_follow_the_groups_and_local_ones_stay(desk: Desk) -> None:
    first = desk.log_in(groups=["registry-admins"])
    account_id = desk.who(first).account_id
    assert account_id is not None
    give_grant(desk.database, ACTOR, account_id, Role.VIEWER, Scope(desk.offline.stored.id))
    again = desk.who(desk.log_in(groups=[]))
    assert again.grants == (Grant(Role.VIEWER, Scope(desk.offline.stored.id)),)


def test_who_lost_every_role_is_refused_and_open_sessions_end(desk: Desk) -> None:
    first = desk.log_in()
    with pytest.raises(UnauthorizedError, match="none of your groups"):
        desk.log_in(groups=["something else"])
    with pytest.raises(UnauthorizedError):
        desk.who(first)


def test_stranger_without_a_role_leaves_no_account(desk: Desk) -> None:
    with pytest.raises(UnauthorizedError, match="none of your groups"):
        desk.log_in(groups=["lost", "others"])
    with pytest.raises(Exception, match="no account"):
        use_cases.find_account_named(desk.database, "alice")


def test_local_account_of_the_same_name_is_somebody_else(desk: Desk) -> None:
    local = use_cases.create_account(desk.database, ACTOR, use_cases.Kind.PERSON, "Alice")
    who = desk.who(desk.log_in())
    assert who.account_id != local.id
    assert who.name == "alice-2"


def test_disabled_account_can_not_log_in(desk: Desk) -> None:
    account_id = desk.who(desk.log_in(groups=["demo-editors"])).account_id
    assert account_id is not None
    use_cases.disable_account(desk.database, ACTOR, account_id)
    with pytest.raises(UnauthorizedError, match="begin again"):
        desk.log_in()


def test_answer_counts_once_even_when_it_failed(desk: Desk) -> None:
    login = desk.logins.begin()
    answer = desk.fake.log_in(login.url)
    desk.finish(login.state, answer)
    with pytest.raises(UnauthorizedError, match="begin again"):
        desk.finish(login.state, answer)
    login = desk.logins.begin()
    with pytest.raises(UnauthorizedError, match="access_denied"):
        desk.finish(login.state, {"state": login.state, "error": "access_denied"})
    with pytest.raises(UnauthorizedError, match="begin again"):
        desk.finish(login.state, desk.fake.log_in(login.url))


def test_answer_in_another_browser_is_refused(desk: Desk) -> None:
    mine, theirs = desk.logins.begin(), desk.logins.begin()
    for cookie in ("", theirs.state):
        with pytest.raises(UnauthorizedError, match="begin again"):
            desk.finish(cookie, desk.fake.log_in(mine.url))
    with pytest.raises(UnauthorizedError, match="begin again"):
        desk.finish("never begun", {"state": "never begun", "code": "x"})
    with pytest.raises(UnauthorizedError, match="begin again"):
        desk.finish("", {"code": "x"})


def test_login_that_takes_too_long_is_refused(desk: Desk) -> None:
    login = desk.logins.begin()
    desk.offline.clock.forward(minutes=11)
    with pytest.raises(UnauthorizedError, match="begin again"):
        desk.finish(login.state, desk.fake.log_in(login.url))


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "", "/x\r\nSet-Cookie: y"]
)
def test_browser_is_sent_to_no_other_host(desk: Desk, path: str) -> None:
    assert desk.log_in(return_to=path).return_to == "/"
    assert desk.log_in(return_to="/domains?x=1").return_to == "/domains?x=1"


def test_what_the_provider_says_and_we_can_not_keep_is_left_out(desk: Desk) -> None:
    who = desk.who(desk.log_in(preferred_username="erased-1", name="x\u0007", email="nobody"))
    assert who.name == "person"
    row = use_cases.find_account_named(desk.database, who.name)
    assert (row.display_name, row.email) == ("", "")
