# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpcore2
import httpx2
import pytest
from joserfc.jwk import OctKey, RSAKey

from registry.accounts.oidc import OidcProvider, OidcSettings
from registry.errors import ConfigurationError, TechnicalError, UnauthorizedError
from tests.simulators.oidc import CLIENT_ID, ISSUER, REDIRECT_URI, FakeProvider

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETTINGS = OidcSettings(ISSUER, CLIENT_ID, REDIRECT_URI, "a secret")


@pytest.fixture(scope="module")
def key() -> Any:
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def fake(key: Any) -> FakeProvider:
    return FakeProvider(NOW, key=key)


def provider_at(fake: FakeProvider, now: datetime = NOW) -> OidcProvider:
    return OidcProvider(SETTINGS, lambda: now, fake.transport)


def refused(fake: FakeProvider, **answer: str) -> str:
    provider = provider_at(fake)
    login = provider.begin()
    with pytest.raises(UnauthorizedError) as caught:
        provider.finish(fake.log_in(login.url, **answer), login.nonce, login.code_verifier)
    return str(caught.value)


def test_login_gives_who_the_provider_says_it_is(fake: FakeProvider) -> None:
    provider = provider_at(fake)
    login = provider.begin()
    identity = provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier)
    assert (identity.issuer, identity.subject, identity.name) == (ISSUER, "alice-1", "alice")
    assert (identity.display_name, identity.email) == ("Alice Example", "alice@example.org")
    assert identity.groups == {"registry-admins"}


def test_request_is_for_a_code_with_pkce_s256_state_and_nonce(fake: FakeProvider) -> None:
    login = provider_at(fake).begin()
    parameters = parse_qs(urlsplit(login.url).query)
    assert parameters["response_type"] == ["code"]
    assert parameters["code_challenge_method"] == ["S256"]
    assert parameters["state"] == [login.state]
    assert parameters["nonce"] == [login.nonce]
    assert login.code_verifier not in login.url
    assert "openid" in parameters["scope"][0].split(" ")


def test_two_logins_share_nothing(fake: FakeProvider) -> None:
    provider = provider_at(fake)
    one, two = provider.begin(), provider.begin()
    assert not {one.state, one.nonce, one.code_verifier} & {two.state, two.nonce, two.code_verifier}


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"iss": "https://other.example"}, {}),
        ({"aud": "another-client"}, {}),
        ({"aud": [CLIENT_ID, "another-client"]}, {}),  # without azp: RFC says who it was issued to
        ({"aud": ["another-client", CLIENT_ID], "azp": "another-client"}, {}),
        ({"exp": int(NOW.timestamp()) - 61}, {}),
        ({"exp": None}, {}),
        ({"iat": None}, {}),
        ({"nonce": "of another login"}, {}),
        ({"nonce": None}, {}),
        ({"sub": None}, {}),
        ({"sub": ""}, {}),
        ({"sub": 7}, {}),
        ({"sub": "x" * 256}, {}),
        ({}, {"alg": "none"}),
    ],
)
def test_id_token_that_is_not_for_this_login_is_refused(
    fake: FakeProvider, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    fake.claims, fake.header = claims, header
    assert refused(fake)


def test_signature_with_the_client_secret_is_refused(fake: FakeProvider) -> None:
    fake.header, fake.signing_key = {"alg": "HS256"}, OctKey.import_key("a secret that is long enough for SHA-256")
    assert "can't be believed" in refused(fake)


def test_signature_of_a_stranger_is_refused(fake: FakeProvider) -> None:
    fake.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert "can't be believed" in refused(fake)


def test_answer_of_another_provider_is_refused_before_the_code_is_sent_anywhere(fake: FakeProvider) -> None:
    assert refused(fake, iss="https://other.example") == "the answer is of another provider"
    assert "/token" not in fake.asked


def test_provider_that_promises_to_name_itself_has_to(fake: FakeProvider) -> None:
    fake.metadata = {"authorization_response_iss_parameter_supported": True}
    assert refused(fake) == "the answer doesn't say which provider it is of"
    provider = provider_at(fake)
    login = provider.begin()
    assert provider.finish(fake.log_in(login.url, iss=ISSUER), login.nonce, login.code_verifier).subject == "alice-1"


def test_code_of_another_login_is_refused_by_pkce(fake: FakeProvider) -> None:
    provider = provider_at(fake)
    mine, theirs = provider.begin(), provider.begin()
    answer = fake.log_in(theirs.url)
    with pytest.raises(UnauthorizedError, match="invalid_grant"):
        provider.finish(answer, mine.nonce, mine.code_verifier)


def test_code_counts_once(fake: FakeProvider) -> None:
    provider = provider_at(fake)
    login = provider.begin()
    answer = fake.log_in(login.url)
    provider.finish(answer, login.nonce, login.code_verifier)
    with pytest.raises(UnauthorizedError, match="invalid_grant"):
        provider.finish(answer, login.nonce, login.code_verifier)


def test_refusal_of_the_provider_is_told(fake: FakeProvider) -> None:
    assert refused(fake, error="access_denied") == "the provider refused: access_denied"


def test_answer_without_a_code_or_a_token_is_refused(fake: FakeProvider) -> None:
    provider = provider_at(fake)
    login = provider.begin()
    with pytest.raises(UnauthorizedError, match="no code"):
        provider.finish({"state": login.state}, login.nonce, login.code_verifier)
    fake.answer = {"access_token": "x", "token_type": "Bearer"}
    assert refused(fake) == "the provider sent no ID token"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "localhost"]
)
@pytest.mark.parametrize("name", ["jwks_uri", "token_endpoint"])
def test_metadata_lead_to_no_address_that_is_not_public(
    fake: FakeProvider, host: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []
    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", lambda _, host, *__, **___: connected.append(host))
    fake.metadata = {name: f"https://{host}:1/inside"}
    provider = provider_at(fake)
    login = provider.begin()
    with pytest.raises(TechnicalError):
        provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier)
    assert "/inside" not in fake.asked
    assert connected == []


def test_metadata_lead_to_networks_that_are_allowed(fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    def connect(_: object, host: str, *__: object, **___: object) -> None:
        connected.append(host)
        raise httpcore2.ConnectError

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    fake.metadata = {"jwks_uri": "https://10.0.0.1/keys"}
    provider = OidcProvider(replace(SETTINGS, networks=("10.0.0.0/8",)), lambda: NOW, fake.transport)
    login = provider.begin()
    with pytest.raises(TechnicalError, match="can't be read"):
        provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier)
    assert connected == ["10.0.0.1"]
    with pytest.raises(ConfigurationError, match="oidc_networks"):
        OidcProvider(replace(SETTINGS, networks=("10.0.0.1/8",)), lambda: NOW)


def test_new_key_of_the_provider_is_fetched_but_not_at_every_attempt(fake: FakeProvider) -> None:
    provider = provider_at(fake)
    login = provider.begin()
    provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier)
    fake.key = RSAKey.generate_key(2048, {"kid": "one"})
    for _ in range(3):
        login = provider.begin()
        with pytest.raises(UnauthorizedError):
            provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier)
    assert fake.asked.count("/keys") == 1
    now = [NOW]
    provider = OidcProvider(SETTINGS, lambda: now[0], fake.transport)
    login = provider.begin()
    provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier)
    fake.key = RSAKey.generate_key(2048, {"kid": "one"})
    now[0] += timedelta(minutes=2)
    login = provider.begin()
    assert provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier).subject == "alice-1"


def test_provider_that_says_it_is_another_is_not_asked(fake: FakeProvider) -> None:
    fake.metadata = {"issuer": "https://other.example"}
    with pytest.raises(ConfigurationError, match=r"it is 'https://other.example'"):
        provider_at(fake).begin()


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_provider_without_an_endpoint_or_with_a_plain_one_is_refused(fake: FakeProvider, name: str) -> None:
    for wrong in (None, "http://login.example/x", "ftp://login.example/x"):
        fake.metadata = {name: wrong}
        with pytest.raises(ConfigurationError, match=name):
            provider_at(fake).begin()


@pytest.mark.parametrize(
    "issuer", ["http://login.example", "login.example", "", "https://", "https://[bad", "file:///x"]
)
def test_issuer_has_to_be_https_but_on_this_machine(issuer: str) -> None:
    with pytest.raises(ConfigurationError, match="must be an https address"):
        OidcProvider(OidcSettings(issuer, CLIENT_ID, REDIRECT_URI), lambda: NOW)
    OidcProvider(OidcSettings("http://127.0.0.1:9400", CLIENT_ID, "http://localhost:8081/x"), lambda: NOW)


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(500),
        httpx2.Response(200, content=b"<html>"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, content=b" " * 1_000_001),
    ],
)
def test_provider_that_can_not_be_read_is_a_technical_error(answer: httpx2.Response) -> None:
    provider = OidcProvider(SETTINGS, lambda: NOW, httpx2.MockTransport(lambda _: answer))
    with pytest.raises(TechnicalError):
        provider.begin()


def test_name_falls_back_to_mail_and_subject_and_groups_may_be_one_text(fake: FakeProvider) -> None:
    fake.claims = {"preferred_username": None, "email": None, "name": 7, "groups": "one"}
    provider = provider_at(fake)
    login = provider.begin()
    identity = provider.finish(fake.log_in(login.url), login.nonce, login.code_verifier)
    assert (identity.name, identity.email, identity.display_name) == ("alice-1", "", "")
    assert identity.groups == {"one"}


def test_secrets_are_not_in_what_is_printed(fake: FakeProvider) -> None:
    login = provider_at(fake).begin()
    assert "a secret" not in repr(SETTINGS)
    assert login.code_verifier not in repr(login)
