# SPDX-License-Identifier: Apache-2.0
"""A client of the REST interface of the same process, for one visitor.

It asks as the visitor's browser would: with its cookies and its client certificate, from its address, and with what it
says of the page that a request came from. So who may what, what is refused and what is noted in the audit is decided
by the REST interface alone. The id of the request is a context variable, and so the same.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from registry.identifiers.url_form import encode_segment

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
PREFIX = "/api/v1"
_FORWARDED = frozenset({b"cookie", b"host", b"origin", b"sec-fetch-site", b"user-agent"})


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is no JSON."""

    media_type: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the REST interface answered; names of headers are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first value of a header; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class RestError(Exception):
    """The REST interface refused."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"REST answered {answer.status}")
        self.answer = answer
        self.status = answer.status
        problem = answer.json()
        self.problem: Mapping[str, Any] = problem if isinstance(problem, dict) else {}

    @property
    def type(self) -> str:
        """What kind of problem it is; stable."""
        return str(self.problem.get("type", ""))

    @property
    def messages(self) -> list[str]:
        """Everything that is wrong, in words."""
        reasons = [str(reason["message"]) for reason in self.problem.get("reasons", ())]
        detail = str(self.problem.get("detail", ""))
        return reasons or ([detail] if detail else [])


class Rest:
    """The interface, asked on behalf of whoever sent the request with this ASGI scope."""

    def __init__(self, app: AsgiApp, scope: Scope) -> None:
        self._app = app
        self._scope = scope
        self._headers = [(name, value) for name, value in scope["headers"] if name in _FORWARDED]
        self.cookies: list[str] = []
        """The Set-Cookie headers of all answers, for the browser."""

    async def ask(
        self,
        method: str,
        path: str,
        *segments: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; each `{}` in `path` stands for one of `segments`, which may hold anything.

        `body` is a Content, or sent as JSON. Raises RestError for every status from 400 on.
        """
        raw = PREFIX + path.format(*map(encode_segment, segments))
        sent = [*self._headers, *((k.encode(), v.encode("latin-1", "replace")) for k, v in (headers or {}).items())]
        content = b""
        if body is not None:
            given = body if isinstance(body, Content) else Content("application/json", json.dumps(body).encode())
            content = given.octets
            sent.append((b"content-type", given.media_type.encode()))
            sent.append((b"content-length", str(len(content)).encode()))
        scope = {
            **{key: self._scope[key] for key in ("type", "asgi", "http_version", "scheme")},
            **{key: self._scope.get(key) for key in ("client", "server")},
            "extensions": self._scope.get("extensions") or {},
            "method": method,
            "path": raw,
            "raw_path": raw.encode("ascii"),
            "query_string": urlencode(query or {}).encode("ascii"),
            "root_path": "",
            "headers": sent,
            "state": {},
        }
        answer = await _answer(self._app, scope, content)
        self.cookies += answer.all("set-cookie")
        if answer.status >= 400:
            raise RestError(answer)
        return answer

    async def get(self, path: str, *segments: str, query: Mapping[str, str] | None = None) -> Any:
        """What a GET answers, from JSON. Raises RestError."""
        return (await self.ask("GET", path, *segments, query=query)).json()

    async def find(self, path: str, *segments: str, query: Mapping[str, str] | None = None) -> Any:
        """As `get`; None for what isn't there, or not for this visitor."""
        try:
            return await self.get(path, *segments, query=query)
        except RestError as error:
            if error.status not in {403, 404}:
                raise
            return None


async def _answer(app: AsgiApp, scope: Scope, content: bytes) -> Answer:
    incoming = iter([{"type": "http.request", "body": content, "more_body": False}])
    status, parts = 500, []
    found: list[tuple[str, str]] = []

    async def receive() -> MutableMapping[str, Any]:
        return next(incoming, {"type": "http.disconnect"})

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            found.extend(
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]
            )
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, tuple(found), b"".join(parts))
