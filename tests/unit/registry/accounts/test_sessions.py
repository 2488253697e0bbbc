# SPDX-License-Identifier: Apache-2.0
"""Logins: lock-out, sessions that end, and nothing that tells which names there are."""

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from registry.accounts import sessions as module
from registry.accounts.accounts import disable_account, erase_account
from registry.accounts.authentication import Authenticator, PasswordChangeRequiredError
from registry.accounts.credentials import change_own_password, set_password, unlock_account
from registry.accounts.lockout import FREE
from registry.accounts.sessions import NewSession, Sessions
from registry.audit.events import about
from registry.errors import NotFoundError, TooManyRequestsError, UnauthorizedError
from registry.storage.tables import credential, login_failure, session
from tests.simulators.accounts import ACTOR, House

pytestmark = pytest.mark.database
PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"


def sessions_of(house: House) -> Sessions:
    return Sessions(house.database, timedelta(hours=12), timedelta(hours=1))


def login(house: House, name: str = "anna", password: str = PASSWORD) -> NewSession:
    return sessions_of(house).login(name, password, address="192.0.2.1", user_agent="test")


def fail(house: House, name: str = "anna", times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(UnauthorizedError, match=r"^the name or the password is wrong$"):
            login(house, name, WRONG)


def wait_of(house: House, name: str = "anna", password: str = PASSWORD) -> float:
    with pytest.raises(TooManyRequestsError) as refused:
        login(house, name, password)
    return refused.value.retry_after_s


def test_login_gives_a_session_of_the_person(house: House) -> None:
    anna = house.person(password=PASSWORD)
    begun = login(house)
    principal = house.authenticator.by_session(begun.secret)
    assert (principal.actor, principal.name, principal.kind) == (f"person:{anna.id}", "anna", "person")
    assert (principal.method, principal.account_id, principal.session_id) == ("session", anna.id, begun.id)
    assert begun.expires_at == house.clock.now + timedelta(hours=12)
    assert not begun.must_change


def test_name_is_known_in_whatever_case(house: House) -> None:
    house.person("Stra\u00dfe", PASSWORD)
    assert login(house, "STRASSE").secret


def test_neither_database_nor_audit_nor_words_hold_the_secret(house: House) -> None:
    anna = house.person(password=PASSWORD)
    begun = login(house)
    with house.database.read() as connection:
        rows = repr(connection.execute(select(session)).all()) + repr(connection.execute(select(credential)).all())
    told = repr(about(house.database, f"person:{anna.id}"))
    for secret in (begun.secret, PASSWORD):
        assert secret not in rows + told + repr(begun)
    assert "accounts:session:create" in told


def test_each_login_has_a_secret_of_its_own(house: House) -> None:
    """Who knows a session from before the login knows nothing of the one after it (fixation)."""
    house.person(password=PASSWORD)
    first, second = login(house), login(house)
    assert first.secret != second.secret
    assert len(first.secret) >= 43


@pytest.mark.parametrize("state", ["unknown", "wrong", "without a password", "disabled", "erased", "program"])
def test_every_failure_says_the_same_and_verifies_a_hash(
    house: House, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.admin()
    match state:
        case "wrong":
            house.person(password="another one " * 2)
        case "without a password":
            house.person()
        case "disabled":
            disable_account(house.database, ACTOR, house.person(password=PASSWORD).id)
        case "erased":
            erase_account(house.database, ACTOR, house.person(password=PASSWORD).id)
        case "program":
            house.program("anna")
    verified: list[str | None] = []
    real = module.matches

    def spy(hash_: str | None, password: str) -> bool:
        verified.append(hash_)
        return real(hash_, password)

    monkeypatch.setattr(module, "matches", spy)
    with pytest.raises(UnauthorizedError, match=r"^the name or the password is wrong$"):
        login(house)
    assert len(verified) == 1


@pytest.mark.parametrize("known", [True, False])
def test_five_failures_lock_a_name_whether_somebody_has_it_or_not(house: House, known: bool) -> None:
    if known:
        house.person(password=PASSWORD)
    fail(house, times=FREE)
    assert wait_of(house) == 30
    house.clock.forward(seconds=29)
    assert wait_of(house) == 1
    house.clock.forward(seconds=1)
    if known:
        assert login(house).secret
    else:
        fail(house)


@pytest.mark.parametrize("known", [True, False])
def test_wait_doubles_up_to_an_hour(house: House, known: bool) -> None:
    if known:
        house.person(password=PASSWORD)
    fail(house, times=FREE)
    waits = []
    for _ in range(10):
        waits.append(wait_of(house))
        house.clock.forward(seconds=waits[-1])
        fail(house)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_lock_holds_for_every_process_and_name_in_whatever_case(house: House) -> None:
    house.person(password=PASSWORD)
    fail(house, "ANNA", FREE)
    other_process = Sessions(house.database)
    with pytest.raises(TooManyRequestsError):
        other_process.login("anna", PASSWORD)


def test_success_forgets_the_failures(house: House) -> None:
    house.person(password=PASSWORD)
    for _ in range(3):
        fail(house, times=FREE - 1)
        assert login(house).secret


def test_fifth_attempt_with_the_right_password_gets_in(house: House) -> None:
    house.person(password=PASSWORD)
    fail(house, times=FREE - 1)
    assert login(house).secret
    fail(house, times=FREE)


def test_lock_of_one_name_is_not_that_of_another(house: House) -> None:
    house.person(password=PASSWORD)
    house.person("bert", PASSWORD)
    fail(house, times=FREE)
    assert login(house, "bert").secret


def test_attempts_count_before_the_password_is_looked_at(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """So of many at a time no more get through than of many in a row."""
    house.person(password=PASSWORD)
    counted: list[int] = []

    def look(hash_: str | None, password: str) -> bool:
        with house.database.read() as connection:
            counted.append(connection.execute(select(login_failure.c.failures)).scalar_one())
        return False

    monkeypatch.setattr(module, "matches", look)
    fail(house, times=3)
    assert counted == [1, 2, 3]


def test_lock_is_audited_and_a_name_that_nobody_has_is_not_written_down(house: House) -> None:
    anna = house.person(password=PASSWORD)
    fail(house, times=FREE)
    assert "accounts:login:lock" in house.tags(f"person:{anna.id}")
    fail(house, "my secret passphrase", FREE)
    (event,) = about(house.database, "login")
    assert (event.tag, event.after) == ("accounts:login:lock", {"failures": FREE})
    with house.database.read() as connection:
        assert "passphrase" not in repr(connection.execute(select(login_failure)).all())


def test_unlocked_account_may_try_at_once(house: House) -> None:
    anna = house.person(password=PASSWORD)
    fail(house, times=FREE)
    assert unlock_account(house.database, ACTOR, anna.id)
    assert login(house).secret
    assert not unlock_account(house.database, ACTOR, anna.id)
    assert house.tags(f"person:{anna.id}").count("accounts:account:unlock") == 1


def test_first_password_lets_do_nothing_but_change_it(house: House) -> None:
    anna = house.person()
    set_password(house.database, ACTOR, anna.id, PASSWORD)
    begun = login(house)
    assert begun.must_change
    with pytest.raises(PasswordChangeRequiredError):
        house.authenticator.by_session(begun.secret)
    assert house.authenticator.by_session(begun.secret, changes_password=True).account_id == anna.id
    change_own_password(house.database, anna.id, PASSWORD, "my very own words")
    with pytest.raises(UnauthorizedError, match="has ended"):
        house.authenticator.by_session(begun.secret, changes_password=True)
    again = login(house, password="my very own words")
    assert house.authenticator.by_session(again.secret).account_id == anna.id


def test_session_of_a_provider_needs_no_change_of_a_password(house: House) -> None:
    anna = house.person()
    set_password(house.database, ACTOR, anna.id, PASSWORD)
    begun = sessions_of(house).begin(anna.id, "oidc")
    assert house.authenticator.by_session(begun.secret).account_id == anna.id


def test_session_ends_with_its_time(house: House) -> None:
    house.person(password=PASSWORD)
    begun = login(house)
    authenticator = Authenticator(house.database, timedelta(hours=1))
    for _ in range(12 * 60 // 59):
        assert authenticator.by_session(begun.secret)
        house.clock.forward(minutes=59)
    assert authenticator.by_session(begun.secret)
    house.clock.now = begun.expires_at - timedelta(microseconds=1)
    assert authenticator.by_session(begun.secret)
    house.clock.now = begun.expires_at
    with pytest.raises(UnauthorizedError, match="has ended"):
        authenticator.by_session(begun.secret)


def test_session_ends_without_use(house: House) -> None:
    house.person(password=PASSWORD)
    begun = login(house)
    authenticator = Authenticator(house.database, timedelta(hours=1))
    house.clock.forward(minutes=59)
    assert authenticator.by_session(begun.secret)
    house.clock.forward(minutes=59)
    assert authenticator.by_session(begun.secret)
    house.clock.forward(minutes=60)
    with pytest.raises(UnauthorizedError, match="has ended"):
        authenticator.by_session(begun.secret)


@pytest.mark.parametrize(
    "end",
    [
        lambda house, begun: sessions_of(house).logout(begun.secret),
        lambda house, begun: sessions_of(house).revoke(begun.id, ACTOR),
        lambda house, begun: sessions_of(house).revoke_all(begun.account_id, ACTOR),
        lambda house, begun: set_password(house.database, ACTOR, begun.account_id, "other words again"),
        lambda house, begun: change_own_password(house.database, begun.account_id, PASSWORD, "other words again"),
        lambda house, begun: disable_account(house.database, ACTOR, begun.account_id),
        lambda house, begun: erase_account(house.database, ACTOR, begun.account_id),
    ],
    ids=["logout", "revoke", "revoke all", "password set", "password changed", "disable", "erase"],
)
def test_session_is_over_at_once(house: House, end: Any) -> None:
    house.admin()
    house.person(password=PASSWORD)
    begun, authenticator = login(house), house.authenticator
    assert authenticator.by_session(begun.secret)
    end(house, begun)
    with pytest.raises(UnauthorizedError):
        authenticator.by_session(begun.secret)


def test_revoking_one_session_leaves_the_others(house: House) -> None:
    anna = house.person(password=PASSWORD)
    first, second = login(house), login(house)
    sessions_of(house).revoke(first.id, ACTOR)
    assert house.authenticator.by_session(second.secret)
    assert [row.id for row in sessions_of(house).page(account_id=anna.id, size=10)] == [second.id]
    with pytest.raises(NotFoundError):
        sessions_of(house).revoke(9_999)


def test_logout_with_an_unknown_secret_does_nothing(house: House) -> None:
    sessions_of(house).logout("nothing")
    sessions_of(house).logout("\ud800")


@pytest.mark.parametrize("secret", ["", "x", "x" * 201, "\ud800", "edr_x", "' OR 1=1 --"])
def test_unknown_session_is_refused(house: House, secret: str) -> None:
    with pytest.raises(UnauthorizedError):
        house.authenticator.by_session(secret)


def test_last_use_is_written_now_and_then_only(house: House) -> None:
    anna = house.person(password=PASSWORD)
    begun, begin = login(house), house.clock.now
    for seconds, seen in ((30, 0), (30, 60), (59, 60), (1, 120)):
        house.clock.forward(seconds=seconds)
        house.authenticator.by_session(begun.secret)
        (row,) = sessions_of(house).page(account_id=anna.id, size=2)
        assert row.last_seen_at == begin + timedelta(seconds=seen)


def test_session_of_a_disabled_account_does_not_begin(house: House) -> None:
    house.admin()
    anna = house.person()
    disable_account(house.database, ACTOR, anna.id)
    with pytest.raises(UnauthorizedError, match="disabled"):
        sessions_of(house).begin(anna.id, "oidc")
    with pytest.raises(NotFoundError):
        sessions_of(house).begin(9_999, "oidc")


def test_hash_of_old_parameters_is_made_anew_at_the_login(house: House) -> None:
    anna = house.person(password=PASSWORD)
    old = PasswordHasher(time_cost=3, memory_cost=64, parallelism=1).hash(PASSWORD)
    with house.database.write(ACTOR) as work:
        work.connection.execute(credential.update().values(secret=old))
    login(house)
    with house.database.read() as connection:
        new = connection.execute(select(credential.c.secret).where(credential.c.account_id == anna.id)).scalar_one()
    assert new != old
    assert "t=1" in new
    assert login(house).secret


def test_wrong_old_password_counts_as_a_failure(house: House) -> None:
    anna = house.person(password=PASSWORD)
    for _ in range(FREE):
        with pytest.raises(UnauthorizedError, match="old password is wrong"):
            change_own_password(house.database, anna.id, WRONG, "other words again")
    with pytest.raises(TooManyRequestsError):
        change_own_password(house.database, anna.id, PASSWORD, "other words again")


@pytest.mark.parametrize("name", ["", "x" * 100_000, "\ud800", "a\x00b", "\ufdfa" * 200])
def test_odd_names_are_wrong_names(house: House, name: str) -> None:
    fail(house, name)
