# SPDX-License-Identifier: Apache-2.0
"""Tokens: shown once, kept as a hash, good for what they were made for and for as long."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from registry.accounts.accounts import disable_account
from registry.accounts.permissions import SYSTEM, Action, Grant, Principal, Role, Scope, decide
from registry.accounts.tokens import MAX_OVERLAP, create_token, find_token, list_tokens, revoke_token, rotate_token
from registry.audit.events import about
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, UnauthorizedError, ValidationError
from registry.storage.tables import token
from tests.simulators.accounts import ACTOR, House

pytestmark = pytest.mark.database
UNKNOWN = r"^the token is not known$"


def bearer(house: House, secret: str, name: str | None = None) -> Principal:
    return house.authenticator.by_token(secret, name=name)


def row_of(house: House, name: str = "erp") -> int:
    return find_token(house.database, name).id


# A token without an account: a program by itself


def test_token_is_its_bearers(house: House) -> None:
    principal = bearer(house, house.token("erp"))
    assert (principal.actor, principal.name, principal.kind) == ("token:erp", "erp", "program")
    assert (principal.method, principal.account_id, principal.management) == ("token", None, "native")
    assert principal.grants == (Grant(Role.EDITOR),)


def test_token_is_long_random_and_recognisable(house: House) -> None:
    secrets = {house.token(f"t{number}") for number in range(20)}
    assert len(secrets) == 20
    assert all(secret.startswith("edr_") and len(secret) >= 46 and secret.isascii() for secret in secrets)


def test_database_and_audit_hold_no_token(house: House) -> None:
    secret = house.token("erp", lasts=timedelta(days=1))
    rotated = rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=1))
    with house.database.read() as connection:
        rows = repr(connection.execute(select(token)).all())
    told = about(house.database, "token:erp")
    for each in (secret, rotated):
        assert each not in rows + repr(told)
        assert each.removeprefix("edr_") not in rows + repr(told)
    assert (told[0].tag, told[0].actor, told[0].request_id) == ("accounts:token:create", "cli:admin", "request-7")
    assert told[0].after == {
        "name": "erp",
        "account": None,
        "role": "editor",
        "domain_id": None,
        "expires_at": "2026-11-23T12:00:00+00:00",
        "management": "native",
    }


@pytest.mark.parametrize(
    "secret",
    ["", "edr_", "edr_unknown", "x" * 200, "x" * 201, "x" * 1_000_000, "\u00e9", "\x00", "\ud800", "' OR '1'='1"],
    ids=lambda secret: repr(secret[:12]),
)
def test_unknown_token_is_refused_without_a_hint(house: House, secret: str) -> None:
    house.token("erp")
    with pytest.raises(UnauthorizedError, match=UNKNOWN):
        bearer(house, secret)


def test_token_in_another_spelling_is_another_token(house: House) -> None:
    secret = house.token("erp")
    for other in (secret.swapcase(), secret + " ", secret[:-1], secret.removeprefix("edr_")):
        with pytest.raises(UnauthorizedError):
            bearer(house, other)


def test_token_expires_at_its_instant_and_not_before(house: House) -> None:
    secret = house.token("short", lasts=timedelta(hours=1))
    house.clock.forward(hours=1, microseconds=-1)
    assert bearer(house, secret).name == "short"
    house.clock.forward(microseconds=1)
    with pytest.raises(UnauthorizedError, match="expired"):
        bearer(house, secret)


def test_token_without_an_end_is_good_for_ever(house: House) -> None:
    secret = house.token("long")
    house.clock.forward(days=100_000)
    assert bearer(house, secret).name == "long"


def test_revoked_token_is_as_unknown_as_any_at_once(house: House) -> None:
    secret, authenticator = house.token("erp"), house.authenticator
    assert authenticator.by_token(secret)
    revoke_token(house.database, ACTOR, row_of(house))
    with pytest.raises(UnauthorizedError, match=UNKNOWN):
        authenticator.by_token(secret)
    assert house.tags("token:erp")[-1] == "accounts:token:revoke"
    with pytest.raises(ConflictError, match="revoked"):
        revoke_token(house.database, ACTOR, row_of(house))
    with pytest.raises(AlreadyExistsError):
        house.token("erp")


def test_token_of_a_domain_allows_that_domain_only(house: House) -> None:
    one, other = house.domain("one"), house.domain("other")
    principal = bearer(house, house.token("erp", domain_id=one))
    assert decide(principal, Action.PARTICIPANT_CREATE, Scope(one))
    assert not decide(principal, Action.PARTICIPANT_CREATE, Scope(other))
    assert not decide(principal, Action.SYSTEM_READ, SYSTEM)


def test_token_without_a_domain_edits_in_every_domain_and_administers_none(house: House) -> None:
    principal = bearer(house, house.token("erp"))
    for domain_id in (1, 2):
        assert decide(principal, Action.SERVICE_WRITE, Scope(domain_id))
        assert not decide(principal, Action.DOMAIN_CHANGE, Scope(domain_id))
    with pytest.raises(ValidationError, match="TOKEN-ROLE"):
        house.token("root", role=Role.ADMIN)
    assert not decide(bearer(house, house.token("v", role=Role.VIEWER)), Action.SERVICE_WRITE, Scope(1))


def test_name_is_used_once_and_the_first_token_stays(house: House) -> None:
    first = house.token("erp")
    with pytest.raises(AlreadyExistsError, match="'erp' exists already"):
        house.token("erp")
    assert bearer(house, first).name == "erp"
    assert len(about(house.database, "token:erp")) == 1


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\x00b", "a\x7fb", "x" * 65, "\u202eevil"])
def test_name_that_would_spoil_an_audit_log_is_refused(house: House, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        house.token(name)
    assert [reason.id for reason in refused.value.reasons] == ["TOKEN-NAME"]
    assert list_tokens(house.database, size=1) == []


def test_every_reason_is_told_at_once(house: House) -> None:
    with pytest.raises(ValidationError) as refused:
        house.token("", management="holodeck", role=Role.ADMIN)
    assert [reason.id for reason in refused.value.reasons] == ["TOKEN-NAME", "TOKEN-MANAGEMENT", "TOKEN-ROLE"]


@pytest.mark.parametrize("name", ["x", "x" * 64, "ERP of Caf\u00e9 (test)", "a:b/c"])
def test_name_may_be_what_people_write(house: House, name: str) -> None:
    assert bearer(house, house.token(name), name).name == name


def test_token_beside_another_name_is_unknown(house: House) -> None:
    secret = house.token("erp")
    house.token("other")
    for name in ("other", "ERP", "", "nobody"):
        with pytest.raises(UnauthorizedError, match=UNKNOWN):
            bearer(house, secret, name)


# A token of an account


def test_token_may_what_its_account_may_up_to_its_role_and_domain(house: House) -> None:
    root, one, other = house.admin(), house.domain("one"), house.domain("other")
    principal = bearer(house, house.token("t", account_id=root.id, role=Role.EDITOR, domain_id=one))
    assert (principal.account_id, principal.limit) == (root.id, Grant(Role.EDITOR, Scope(one)))
    assert decide(principal, Action.PARTICIPANT_CREATE, Scope(one))
    assert not decide(principal, Action.DOMAIN_CHANGE, Scope(one))
    assert not decide(principal, Action.PARTICIPANT_CREATE, Scope(other))
    assert decide(bearer(house, house.token("a", account_id=root.id, role=Role.ADMIN)), Action.DOMAIN_CREATE, SYSTEM)


def test_token_of_an_account_that_may_nothing_may_nothing(house: House) -> None:
    erp = house.program()
    principal = bearer(house, house.token("t", account_id=erp.id, role=Role.ADMIN))
    assert not any(decide(principal, action, SYSTEM) for action in Action)
    assert (principal.actor, principal.name) == ("token:t", "erp")


def test_grant_counts_for_the_next_request(house: House) -> None:
    erp, authenticator = house.program(), house.authenticator
    secret = house.token("t", account_id=erp.id)
    assert authenticator.by_token(secret).grants == ()
    house.grant(erp, Role.EDITOR)
    assert authenticator.by_token(secret).grants == (Grant(Role.EDITOR),)


def test_person_acts_as_themselves_with_a_token_of_theirs(house: House) -> None:
    anna = house.person()
    principal = bearer(house, house.token("my script", account_id=anna.id))
    assert (principal.actor, principal.kind) == (f"person:{anna.id}", "person")


@pytest.mark.parametrize("name", ["t", "erp", "ERP"])
def test_password_beside_the_name_of_token_or_account(house: House, name: str) -> None:
    secret = house.token("t", account_id=house.program().id, management="phoss")
    assert bearer(house, secret, name).management == "phoss"
    with pytest.raises(UnauthorizedError, match=UNKNOWN):
        bearer(house, secret, "other")


def test_token_of_no_or_a_disabled_account_is_not_made(house: House) -> None:
    with pytest.raises(NotFoundError):
        create_token(house.database, ACTOR, "t", account_id=99)
    erp = house.program()
    disable_account(house.database, ACTOR, erp.id)
    with pytest.raises(ConflictError):
        create_token(house.database, ACTOR, "t", account_id=erp.id)
    assert list_tokens(house.database, size=1) == []


# Rotation


def test_rotated_token_has_a_new_secret_and_the_old_one_ends(house: House) -> None:
    old = house.token("erp", management="phoss")
    new = rotate_token(house.database, ACTOR, row_of(house))
    assert bearer(house, new, "erp").management == "phoss"
    with pytest.raises(UnauthorizedError, match=UNKNOWN):
        bearer(house, old)
    assert house.tags("token:erp")[-1] == "accounts:token:rotate"


def test_old_secret_is_good_for_the_overlap(house: House) -> None:
    old = house.token("erp")
    new = rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=2))
    house.clock.forward(hours=2, microseconds=-1)
    assert bearer(house, old, "erp").actor == bearer(house, new, "erp").actor == "token:erp"
    house.clock.forward(microseconds=1)
    with pytest.raises(UnauthorizedError, match="expired"):
        bearer(house, old)
    assert bearer(house, new)


def test_second_rotation_ends_the_first_secret(house: House) -> None:
    secrets = [house.token("erp")]
    for _ in range(2):
        secrets.append(rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=2)))
    with pytest.raises(UnauthorizedError, match=UNKNOWN):
        bearer(house, secrets[0])
    assert bearer(house, secrets[1])
    assert bearer(house, secrets[2])
    rotate_token(house.database, ACTOR, row_of(house))
    for secret in secrets:
        with pytest.raises(UnauthorizedError):
            bearer(house, secret)


def test_revoking_ends_both_secrets(house: House) -> None:
    old = house.token("erp")
    new = rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=2))
    revoke_token(house.database, ACTOR, row_of(house))
    for secret in (old, new):
        with pytest.raises(UnauthorizedError, match=UNKNOWN):
            bearer(house, secret)
    with pytest.raises(ConflictError):
        rotate_token(house.database, ACTOR, row_of(house))


def test_rotation_moves_the_end_only_when_told(house: House) -> None:
    old = house.token("erp", lasts=timedelta(hours=1))
    same = rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=5))
    longer = rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=5), lasts=timedelta(days=1))
    house.clock.forward(hours=1)
    for secret in (old, same):
        with pytest.raises(UnauthorizedError):
            bearer(house, secret)
    assert bearer(house, longer)


def test_expired_token_needs_a_new_end(house: House) -> None:
    old = house.token("erp", lasts=timedelta(hours=1))
    house.clock.forward(hours=1)
    with pytest.raises(ConflictError, match="expired"):
        rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=1))
    new = rotate_token(house.database, ACTOR, row_of(house), overlap=timedelta(hours=1), lasts=timedelta(days=1))
    assert bearer(house, new)
    with pytest.raises(UnauthorizedError):
        bearer(house, old)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), MAX_OVERLAP + timedelta(seconds=1)])
def test_overlap_has_bounds(house: House, overlap: timedelta) -> None:
    house.token("erp")
    with pytest.raises(ValidationError, match="TOKEN-OVERLAP"):
        rotate_token(house.database, ACTOR, row_of(house), overlap=overlap)


def test_unknown_token_is_not_found(house: House) -> None:
    for use_case in (revoke_token, rotate_token):
        with pytest.raises(NotFoundError):
            use_case(house.database, ACTOR, 99)
    with pytest.raises(NotFoundError):
        find_token(house.database, "nothing")


def test_tokens_come_in_pages(house: House) -> None:
    erp = house.program()
    for number in range(3):
        house.token(f"t{number}", account_id=erp.id if number else None)
    first = list_tokens(house.database, size=2)
    assert [row.name for row in first] == ["t0", "t1"]
    assert [row.name for row in list_tokens(house.database, after_id=first[-1].id, size=2)] == ["t2"]
    assert [row.name for row in list_tokens(house.database, account_id=erp.id, size=9)] == ["t1", "t2"]
