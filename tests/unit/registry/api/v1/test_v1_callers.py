# SPDX-License-Identifier: Apache-2.0
"""Who calls: by token, session or certificate; what a browser sends by itself counts only for our own pages."""

import ssl
from dataclasses import dataclass, field

import pytest

from registry.accounts.authentication import PasswordChangeRequiredError
from registry.accounts.permissions import Principal
from registry.api.v1.callers import ForeignPageError, UnknownCallerError, caller_of, session_cookie
from registry.errors import UnauthorizedError

PEM = ssl.DER_cert_to_PEM_cert(b"certificate")


@dataclass
class Known:
    """One of each; it keeps what it was asked."""

    asked: list[str] = field(default_factory=list)
    must_change: bool = False

    def by_token(self, secret: str, *, name: str | None = None) -> Principal:
        return self._known("token", secret == "good")

    def by_session(self, secret: str, *, changes_password: bool = False) -> Principal:
        if self.must_change and not changes_password:
            raise PasswordChangeRequiredError("the password has to be changed first")
        return self._known("session", secret == "good")

    def by_certificate(self, der: bytes) -> Principal:
        return self._known("certificate", der == b"certificate")

    def _known(self, method: str, good: bool) -> Principal:
        self.asked.append(method)
        if not good:
            raise UnauthorizedError("unknown")
        return Principal("a", "a", "program", method)


def ask(method: str = "GET", *, certificate: str | None = None, scheme: str = "http", **headers: str) -> Principal:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return caller_of(Known(), method, scheme, sent, certificate)


@pytest.mark.parametrize("value", ["Bearer good", "bearer  good ", "BEARER good"])
def test_bearer_token_is_understood_in_any_case(value: str) -> None:
    assert ask(authorization=value).method == "token"


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer bad", "Basic good", "good"])
def test_anything_else_in_authorization_is_nobody(value: str) -> None:
    with pytest.raises(UnknownCallerError):
        ask(authorization=value)


def test_bad_token_does_not_fall_back_to_the_cookie() -> None:
    with pytest.raises(UnknownCallerError):
        ask(authorization="Bearer bad", cookie="registry_session=good")


@pytest.mark.parametrize("cookie", ["registry_session=good", "a=b; registry_session=good; c=d"])
def test_session_is_found_among_cookies(cookie: str) -> None:
    assert ask(cookie=cookie).method == "session"


@pytest.mark.parametrize(
    "cookie", ["", "registry_session", "registry_session=", "x=good", "__Host-registry_session=good"]
)
def test_no_session_cookie_is_nobody(cookie: str) -> None:
    with pytest.raises(UnknownCallerError):
        ask(cookie=cookie)


def test_over_tls_only_the_cookie_that_no_other_host_can_set_counts() -> None:
    assert session_cookie("https") == "__Host-registry_session"
    assert ask(scheme="https", cookie="__Host-registry_session=good").method == "session"
    with pytest.raises(UnknownCallerError):
        ask(scheme="https", cookie="registry_session=good")


OWN = [{"sec_fetch_site": "same-origin"}, {"origin": "http://us.example", "host": "us.example"}]
FOREIGN = [
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": "none"},
    {"sec_fetch_site": "cross-site", "origin": "http://us.example", "host": "us.example"},
    {"origin": "http://other.example", "host": "us.example"},
    {"origin": "null", "host": "us.example"},
    {"origin": "http://us.example.other.example", "host": "us.example"},
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", OWN)
def test_own_pages_write_with_a_session_or_a_certificate(method: str, headers: dict[str, str]) -> None:
    assert ask(method, cookie="registry_session=good", **headers).method == "session"
    assert ask(method, certificate=PEM, **headers).method == "certificate"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", FOREIGN)
def test_foreign_pages_do_not_write(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(ForeignPageError):
        ask(method, cookie="registry_session=good", **headers)
    with pytest.raises(ForeignPageError):
        ask(method, certificate=PEM, **headers)


def test_write_with_a_session_that_does_not_say_where_it_comes_from_is_refused() -> None:
    with pytest.raises(ForeignPageError):
        ask("POST", cookie="registry_session=good")


def test_programs_write_with_certificates_and_tokens_without_saying_so() -> None:
    assert ask("POST", certificate=PEM).method == "certificate"
    assert ask("POST", authorization="Bearer good", sec_fetch_site="cross-site").method == "token"


@pytest.mark.parametrize("headers", FOREIGN)
def test_reading_is_not_a_matter_of_pages(headers: dict[str, str]) -> None:
    assert ask("GET", cookie="registry_session=good", **headers).method == "session"


def test_password_that_must_change_is_told_apart() -> None:
    known = Known(must_change=True)
    headers = {"cookie": "registry_session=good"}
    with pytest.raises(PasswordChangeRequiredError):
        caller_of(known, "GET", "http", headers, None)
    assert caller_of(known, "GET", "http", headers, None, changes_password=True).method == "session"


def test_nothing_at_all_is_nobody() -> None:
    with pytest.raises(UnknownCallerError):
        ask()
