# SPDX-License-Identifier: Apache-2.0
"""Tokens: shown once, kept as a hash, good for what they were made for and for as long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from registry.accounts.tokens import Grant, authenticate, create_token
from registry.errors import AlreadyExistsError, UnauthorizedError, ValidationError
from registry.storage.engine import Actor, Database, sqlite_url
from registry.storage.queries import domains, events
from registry.storage.tables import metadata, token

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTOR = Actor("cli:admin", "request-7")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "tokens.sqlite3"), lambda: NOW)
    metadata.create_all(opened.engine)
    yield opened
    opened.dispose()


def test_token_authenticates_its_bearer(database: Database) -> None:
    secret = create_token(database, ACTOR, "erp")
    assert authenticate(database, secret, NOW) == Grant("erp", None)


def test_token_is_long_random_and_recognisable(database: Database) -> None:
    secrets = {create_token(database, ACTOR, f"t{number}") for number in range(20)}
    assert len(secrets) == 20
    assert all(secret.startswith("edr_") and len(secret) >= 46 and secret.isascii() for secret in secrets)


def test_database_and_audit_hold_no_token(database: Database) -> None:
    secret = create_token(database, ACTOR, "erp", lasts=timedelta(days=1))
    with database.read() as connection:
        (row,) = connection.execute(select(token)).all()
        (told,) = events.about(connection, "token:erp")
    assert secret not in repr(row)
    assert secret.removeprefix("edr_") not in repr(row)
    assert secret not in repr(told)
    assert (told.tag, told.actor, told.request_id) == ("accounts:token:create", "cli:admin", "request-7")
    ends = "2026-11-23T12:00:00+00:00"
    assert told.after == {"name": "erp", "domain_id": None, "expires_at": ends, "management": "native"}


@pytest.mark.parametrize(
    "secret",
    ["", "edr_", "edr_unknown", "x" * 200, "x" * 201, "x" * 1_000_000, "\u00e9", "\x00", "' OR '1'='1"],
    ids=lambda secret: repr(secret[:12]),
)
def test_unknown_token_is_refused_without_a_hint(database: Database, secret: str) -> None:
    create_token(database, ACTOR, "erp")
    with pytest.raises(UnauthorizedError, match=r"^the token is not known$"):
        authenticate(database, secret, NOW)


def test_token_in_another_spelling_is_another_token(database: Database) -> None:
    secret = create_token(database, ACTOR, "erp")
    for other in (secret.swapcase(), secret + " ", secret[:-1], secret.removeprefix("edr_")):
        with pytest.raises(UnauthorizedError):
            authenticate(database, other, NOW)


def test_token_expires_at_its_instant_and_not_before(database: Database) -> None:
    secret = create_token(database, ACTOR, "short", lasts=timedelta(hours=1))
    instant = NOW + timedelta(hours=1)
    assert authenticate(database, secret, instant - timedelta(microseconds=1)).name == "short"
    with pytest.raises(UnauthorizedError, match="expired"):
        authenticate(database, secret, instant)


def test_token_without_an_end_is_good_for_ever(database: Database) -> None:
    secret = create_token(database, ACTOR, "long")
    assert authenticate(database, secret, NOW + timedelta(days=100_000)).name == "long"


def test_revoked_token_is_as_unknown_as_any(database: Database) -> None:
    secret = create_token(database, ACTOR, "erp")
    with database.write(ACTOR) as work:
        work.connection.execute(update(token).values(revoked_at=NOW))
    with pytest.raises(UnauthorizedError, match=r"^the token is not known$"):
        authenticate(database, secret, NOW)


def test_token_of_a_domain_allows_that_domain_only(database: Database) -> None:
    with database.write(ACTOR) as work:
        one, other = (domains.add(work, name, "demo", {}) for name in ("one", "other"))
    grant = authenticate(database, create_token(database, ACTOR, "erp", domain_id=one), NOW)
    assert grant.allows(one)
    assert not grant.allows(other)


def test_token_without_a_domain_allows_every_domain() -> None:
    assert Grant("admin", None).allows(1)
    assert Grant("admin", None).allows(2)


def test_name_is_used_once_and_the_first_token_stays(database: Database) -> None:
    first = create_token(database, ACTOR, "erp")
    with pytest.raises(AlreadyExistsError, match="'erp' exists already"):
        create_token(database, ACTOR, "erp")
    assert authenticate(database, first, NOW).name == "erp"
    with database.read() as connection:
        assert len(events.about(connection, "token:erp")) == 1


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\x00b", "a\x7fb", "x" * 65, "\u202eevil"])
def test_name_that_would_spoil_an_audit_log_is_refused(database: Database, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_token(database, ACTOR, name)
    assert [reason.id for reason in refused.value.reasons] == ["TOKEN-NAME"]
    with database.read() as connection:
        assert connection.execute(select(token)).all() == []


@pytest.mark.parametrize("name", ["x", "x" * 64, "ERP of Caf\u00e9 (test)", "a:b/c"])
def test_name_may_be_what_people_write(database: Database, name: str) -> None:
    assert authenticate(database, create_token(database, ACTOR, name), NOW).name == name
