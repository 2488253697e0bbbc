# SPDX-License-Identifier: Apache-2.0
"""Calls an ASGI application without a server: one request in, one answer out."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Reply:
    """What the application sent; header names in lower case."""

    status: int
    header_list: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.header_list)

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.header_list if key == name]

    def json(self) -> Any:
        return json.loads(self.body)


def call(
    app: Any,
    method: str,
    raw_path: bytes,
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: Sequence[bytes] = (b"",),
    complete: bool = True,
    scheme: str = "http",
) -> Reply:
    """The answer to one request, whose body comes in these parts; without `complete` the client leaves after them.

    An error that the application raises behind its answer is left aside, as a server does that logs it.
    """
    path, _, query = raw_path.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(path.decode()),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"test"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    if complete:
        parts[-1]["more_body"] = False
    incoming = iter([*parts, {"type": "http.disconnect"}])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    try:
        asyncio.run(app(scope, receive, send))
    except Exception:
        if not sent:
            raise
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert all(message["type"] == "http.response.body" for message in rest)
    listed = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"])
    return Reply(start["status"], listed, b"".join(message.get("body", b"") for message in rest))
