# SPDX-License-Identifier: Apache-2.0
"""The ASGI application of `/api/v1`.

It routes by the path as it was sent: identifiers hold `/`, `#` and `::`, so a segment is decoded only once the path has
been taken apart. FastAPI is given the encoded path for this.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from registry import __version__
from registry.api.v1.answers import JSON, Sent
from registry.api.v1.context import ApiContext
from registry.api.v1.openapi import documented, openapi_of
from registry.api.v1.refusals import refusal
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import PREFIX, Resource, RuledRoute, response_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def routes_of(context: ApiContext | None, resources: Iterable[Resource]) -> list[RuledRoute]:
    """The routes of resources; without `context` they can be described only."""
    return [RuledRoute(context, entry, **documented(entry)) for resource in resources for entry in resource.entries]


class ApiV1:
    """Everything below `/api/v1/`."""

    def __init__(self, context: ApiContext, resources: Iterable[Resource] = RESOURCES) -> None:
        self._resources = tuple(resources)
        self._app = FastAPI(
            title="edelivery-registry",
            version=__version__,
            openapi_url=None,  # made below
            redirect_slashes=False,
            exception_handlers={HTTPException: self._refused},
        )
        self.routes = routes_of(context, self._resources)
        for route in self.routes:
            self._app.router.routes.append(route)

    @functools.cached_property
    def openapi(self) -> bytes:
        """The OpenAPI document; made when it is asked for, since that takes a second."""
        return openapi_of(self.routes, self._resources)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path: str = scope["raw_path"].decode("latin-1").removeprefix(PREFIX)
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
            send = _without_body(send)
        if path == "/openapi.json" and scope["method"] == "GET":
            document = await asyncio.to_thread(lambda: self.openapi)
            await response_of(Sent(200, {"content-type": JSON}, document))(scope, receive, send)
            return
        await self._app({**scope, "path": path, "root_path": ""}, receive, send)

    async def _refused(self, request: Request, error: Exception) -> Response:
        """What the router refuses: an unknown path, or a method; then the others of that path are named."""
        if isinstance(error, HTTPException) and error.status_code == 405:
            matched = (route for route in self.routes if route.matches(request.scope)[0] is not Match.NONE)
            allowed = {route.entry.method for route in matched}
            allowed |= {"HEAD"} if "GET" in allowed else set()
            error = HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        return response_of(refusal(error))


def _without_body(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending
