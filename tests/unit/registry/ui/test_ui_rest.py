# SPDX-License-Identifier: Apache-2.0
"""Pages ask REST as their visitor's browser would, and with nothing besides."""

import asyncio
import json
from typing import Any

import pytest

from registry.ui.rest import Content, Rest, RestError

SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "POST",
    "scheme": "https",
    "path": "/ui/x",
    "raw_path": b"/ui/x",
    "query_string": b"a=b",
    "client": ("192.0.2.7", 4711),
    "server": ("192.0.2.1", 443),
    "extensions": {"tls": {"client_cert_chain": ["PEM"]}},
    "headers": [
        (b"host", b"registry.example"),
        (b"cookie", b"session=1"),
        (b"origin", b"https://registry.example"),
        (b"sec-fetch-site", b"same-origin"),
        (b"user-agent", b"browser"),
        (b"content-length", b"5"),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"authorization", b"Bearer of-somebody"),
        (b"idempotency-key", b"1"),
        (b"if-match", b"*"),
    ],
}


class Interface:
    """Keeps what it was asked, and answers."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self.status, self.body = status, body
        self.scope: Any = None
        self.content = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.content = scope, (await receive())["body"]
        headers = [(b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body[:3], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[3:]})


def test_visitor_is_who_asks_and_nothing_else_of_the_request_comes_along() -> None:
    interface = Interface()
    asyncio.run(Rest(interface, SCOPE).ask("PUT", "/a/{}", "x::y/z#é", query={"q": "ä&b"}, body={"n": 1}))
    scope = interface.scope
    assert (scope["method"], scope["raw_path"], scope["query_string"]) == (
        "PUT",
        b"/api/v1/a/x%3A%3Ay%2Fz%23%C3%A9",
        b"q=%C3%A4%26b",
    )
    assert {name: scope[name] for name in ("scheme", "client", "server", "extensions")} == {
        name: SCOPE[name] for name in ("scheme", "client", "server", "extensions")
    }
    assert dict(scope["headers"]) == {
        **dict(SCOPE["headers"][:5]),
        b"content-type": b"application/json",
        b"content-length": b"8",
    }
    assert json.loads(interface.content) == {"n": 1}


def test_files_are_sent_as_they_are() -> None:
    interface = Interface()
    asyncio.run(Rest(interface, SCOPE).ask("POST", "/a", body=Content("text/csv", b"\xff,\r\n")))
    assert interface.content == b"\xff,\r\n"
    assert dict(interface.scope["headers"])[b"content-type"] == b"text/csv"
    assert dict(interface.scope["headers"])[b"content-length"] == b"4"


def test_cookies_of_answers_are_kept_for_the_browser() -> None:
    rest = Rest(Interface(), SCOPE)
    assert asyncio.run(rest.get("/a")) == {}
    assert rest.cookies == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b'{"reasons": [{"message": "one"}, {"message": "two"}], "detail": "all"}', ["one", "two"]),
        (b'{"detail": "all"}', ["all"]),
        (b"no json", []),
        (b"[]", []),
    ],
)
def test_refusal_tells_every_reason(body: bytes, messages: list[str]) -> None:
    with pytest.raises(RestError) as caught:
        asyncio.run(Rest(Interface(400, body), SCOPE).get("/a"))
    assert caught.value.messages == messages


@pytest.mark.parametrize("status", [403, 404])
def test_what_is_not_for_the_visitor_is_not_there_where_that_is_asked(status: int) -> None:
    assert asyncio.run(Rest(Interface(status), SCOPE).find("/a")) is None


def test_what_fails_otherwise_is_no_absence() -> None:
    with pytest.raises(RestError):
        asyncio.run(Rest(Interface(503), SCOPE).find("/a"))
