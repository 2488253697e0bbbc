# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key` at the publisher API: the routes of other parts, each carried out once for a key.

What is kept is the JSON of the answer, so the second one has the same bytes. A secret may not be kept: a route that
answers with one takes no key.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from registry.errors import ValidationError
from registry.sml.calls import Calls
from registry.sml.publisher_api import ApiRequest, Handler, Route
from registry.sml.repeats import once_for
from registry.storage.engine import Database, retried
from registry.storage.kept_answers import HEADER

_SAFE = "GET"
_SECRETIVE = {("POST", "migrations")}
"""Answers with the key of a migration, of which nobody but its SMP may know."""


def repeated_routes(calls: Calls, routes: Iterable[Route]) -> list[Route]:
    """The routes, with those that write kept."""
    return [route if route.method == _SAFE else replace(route, handle=_Kept(calls, route).handle) for route in routes]


class _Kept:
    """One route that writes."""

    def __init__(self, calls: Calls, route: Route) -> None:
        self._calls = calls
        self._database: Database = calls.database
        self._route = route

    @retried
    def handle(self, request: ApiRequest) -> Any:
        """What the route answers, or answered the last time. Raises SmlError (ERR-106), ValidationError."""
        key = request.headers.get(HEADER, "")
        if not key:
            return self._route.handle(request)
        if (self._route.method, self._route.path) in _SECRETIVE:
            message = "this request takes no Idempotency-Key: prepare again, and the former key means nothing any more"
            raise ValidationError.of("SML-API-IDEMPOTENCY-KEY", message)
        caller = replace(request.caller, idempotency_key=key)
        asked = [self._route.method, self._route.path, sorted(request.path.items()), sorted(request.query.items())]
        identity = json.dumps([*asked, request.body]).encode()
        with self._calls.open(request.caller) as (work, authorized):
            answer = once_for(work, authorized, caller, identity, _as_json(self._route.handle, request))
        return json.loads(answer)


def _as_json(handle: Handler, request: ApiRequest) -> Callable[[], bytes]:
    return lambda: json.dumps(handle(request), ensure_ascii=False, default=_instant).encode()


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"JSON has no {type(value).__name__}")
