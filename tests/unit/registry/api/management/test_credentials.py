# SPDX-License-Identifier: Apache-2.0
"""A token stands where clients of other SMPs have a bearer's token, or a user with a password."""

import base64
import functools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.accounts.authentication import Authenticator
from registry.accounts.permissions import Principal
from registry.accounts.tokens import MANAGEMENT, create_token
from registry.api.management.credentials import principal_of
from registry.api.publishing import DIALECTS
from registry.errors import UnauthorizedError, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from tests.simulators.databases import database_url

ACTOR = Actor("test")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("tokens")
    opened = Database(database_url(folder), lambda: datetime(2026, 11, 22, tzinfo=UTC))
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def secret(database: Database) -> str:
    return create_token(database, ACTOR, "érp:1", management="phoss")


def caller(database: Database, headers: dict[bytes, bytes]) -> Principal:
    return principal_of(authenticator(database), headers)


@functools.lru_cache(maxsize=1)
def authenticator(database: Database) -> Authenticator:
    return Authenticator(database)


def sent(value: str | bytes) -> dict[bytes, bytes]:
    return {b"authorization": value.encode() if isinstance(value, str) else value}


def basic(text: str | bytes, scheme: str = "Basic") -> dict[bytes, bytes]:
    data = text.encode() if isinstance(text, str) else text
    return sent(f"{scheme} {base64.b64encode(data).decode()}")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_token_is_a_bearers(database: Database, secret: str, scheme: str) -> None:
    assert caller(database, sent(f"{scheme} {secret}")).management == "phoss"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC "])
def test_token_is_the_password_of_its_name(database: Database, secret: str, scheme: str) -> None:
    assert caller(database, basic(f"érp:1:{secret}", scheme)).management == "phoss"


@pytest.mark.parametrize("name", ["", "érp", "erp:1", "ÉRP:1", "érp:1 ", "érp:1\x00"])
def test_password_beside_another_name_is_unknown(database: Database, secret: str, name: str) -> None:
    with pytest.raises(UnauthorizedError, match=r"^the token is not known$"):
        caller(database, basic(f"{name}:{secret}"))


@pytest.mark.parametrize("headers", [{}, sent(""), sent("Digest x"), sent("edr_x"), sent("Bearer"), sent("Basic")])
def test_nothing_that_is_understood_is_refused(database: Database, headers: dict[bytes, bytes]) -> None:
    with pytest.raises(UnauthorizedError):
        caller(database, headers)


@settings(deadline=None)  # a database that others use, too, answers when it can
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(base64.b64encode)))
def test_whatever_is_sent_is_refused_and_nothing_else(database: Database, value: bytes) -> None:
    for scheme in (b"", b"Bearer ", b"Basic "):
        with pytest.raises(UnauthorizedError):
            caller(database, sent(scheme + value))


def test_expired_password_is_refused(database: Database) -> None:
    expired = create_token(database, ACTOR, "old", lasts=timedelta(seconds=-1))
    with pytest.raises(UnauthorizedError, match="expired"):
        caller(database, basic(f"old:{expired}"))


def test_every_way_of_management_has_its_dialect() -> None:
    assert tuple(DIALECTS) == MANAGEMENT


def test_token_for_a_way_that_there_is_not_is_not_made(database: Database) -> None:
    with pytest.raises(ValidationError, match="TOKEN-MANAGEMENT"):
        create_token(database, ACTOR, "other", management="holodeck")
