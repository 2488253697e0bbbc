# SPDX-License-Identifier: Apache-2.0
"""AuthZEN on the management listener: trust decisions in the form of the OpenID Authorization API 1.0 (§10.1).

`POST /access/v1/evaluation` and `/access/v1/evaluations`, with the metadata that leads to them. A no is 200 with
`"decision": false`; 4xx says that there was no question (§10.1.2), and its body is our problem document, whose text a
client may take for the message that the specification wants.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from registry.accounts.permissions import Principal
from registry.api.authzen_evaluation import Answer, Evaluator
from registry.api.authzen_requests import read_batch, read_json
from registry.api.v1.answers import JSON, Sent
from registry.api.v1.callers import caller_of
from registry.api.v1.context import ApiContext
from registry.api.v1.refusals import refusal
from registry.api.v1.routing import response_of
from registry.errors import NotFoundError, Reason, ValidationError
from registry.telemetry import request_id

EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
METADATA = "/.well-known/authzen-configuration"
PATHS = frozenset(path.encode() for path in (EVALUATION, EVALUATIONS, METADATA))
MAX_BODY = 2_000_000
_HEADER = "x-request-id"
_METHODS: Mapping[str, tuple[str, ...]] = {EVALUATION: ("POST",), EVALUATIONS: ("POST",), METADATA: ("GET", "HEAD")}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class AuthzenApp:
    """The three paths. Everybody who asks for a decision is known, and may read the domain that they ask."""

    def __init__(self, context: ApiContext, public_url: str = "") -> None:
        """`public_url` is where clients reach the listener, without a slash at the end; metadata need it."""
        self._context = context
        self._public_url = public_url.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        try:
            sent = await self._answer(scope["raw_path"].decode("latin-1"), request)
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller gets a problem and the log the rest
            sent = refusal(error)
        response = response_of(sent)
        # §10.1.3: the caller's own id comes back; the log and the problem have ours.
        response.headers[_HEADER] = request.headers.get(_HEADER, request_id.get())
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _answer(self, path: str, request: Request) -> Sent:
        allowed = _METHODS.get(path)
        if allowed is None:
            raise HTTPException(404)
        if request.method not in allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        if path == METADATA:
            return _sent(self._metadata())
        caller = await asyncio.to_thread(self._caller, request)
        body = await _body(request)
        return _sent(await asyncio.to_thread(self._evaluated, path, caller, body))

    def _evaluated(self, path: str, caller: Principal, body: bytes) -> Answer:
        value = read_json(body, max_bytes=MAX_BODY)
        evaluator = Evaluator(self._context, caller)
        batch = read_batch(value) if path == EVALUATIONS else None
        return evaluator.one(value) if batch is None else evaluator.every(batch)

    def _caller(self, request: Request) -> Principal:
        chain = ((request.scope.get("extensions") or {}).get("tls") or {}).get("client_cert_chain") or (None,)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in reversed(request.scope["headers"])
        }
        return caller_of(self._context.authenticator, request.method, request.scope["scheme"], headers, chain[0])

    def _metadata(self) -> Answer:
        """§9.1.1. Addresses come from the settings, never from a header of the request."""
        base = self._public_url
        if not base:
            raise NotFoundError("where this listener is reached isn't set (manage_public_url)")
        return {
            "policy_decision_point": base,
            "access_evaluation_endpoint": base + EVALUATION,
            "access_evaluations_endpoint": base + EVALUATIONS,
        }


async def _body(request: Request) -> bytes:
    """The whole body; the listener bounds it, too. A wrong media type is 400 (§10.1 with §10.1.2)."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != JSON:
        raise ValidationError((Reason("AUTHZEN-INPUT", f"the body is to be {JSON}", pointer="header/Content-Type"),))
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise HTTPException(413, f"the body has more than {MAX_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


def _sent(answer: Answer) -> Sent:
    return Sent(200, {"content-type": JSON}, json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
