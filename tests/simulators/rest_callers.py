# SPDX-License-Identifier: Apache-2.0
"""The REST interface on an instance without listeners, and people with roles who call it."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

from registry.accounts.accounts import Kind, create_account
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.accounts.tokens import create_token
from registry.api.v1.app import ApiV1
from registry.api.v1.routing import PREFIX
from registry.app.api_context import api_context
from registry.settings import Settings
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import ACTOR, OfflineInstance

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class RestCaller:
    """Somebody with an account and a token."""

    account_id: int
    name: str
    secret: str = field(repr=False)


class RestOffice:
    """The interface, and short ways to call it. Paths are given without /api/v1, their segments encoded."""

    def __init__(self, offline: OfflineInstance, settings: Settings | None = None) -> None:
        self.offline = offline
        self.database = offline.instance.database
        self.context = api_context(offline.instance, settings=settings)
        self.app = ApiV1(self.context)

    def caller(
        self,
        role: Role | None = None,
        scope: Scope = SYSTEM,
        *,
        kind: Kind = Kind.PERSON,
        limit: Role = Role.ADMIN,
        domain_id: int | None = None,
        lasts: timedelta | None = None,
    ) -> RestCaller:
        """A new account with a role at a place, and a token for it that may be for less."""
        name = f"caller-{next(_numbers)}"
        account = create_account(self.database, ACTOR, kind, name)
        if role is not None:
            give_grant(self.database, ACTOR, account.id, role, scope)
        secret = create_token(
            self.database, ACTOR, name, account_id=account.id, role=limit, domain_id=domain_id, lasts=lasts
        )
        return RestCaller(account.id, name, secret)

    def ask(
        self,
        method: str,
        path: str,
        by: RestCaller | str | None = None,
        body: Any = None,
        *,
        scheme: str = "http",
        **headers: str,
    ) -> Reply:
        """Call as somebody: with a token, or with a session cookie given as `name=value`.

        `headers` have underscores for hyphens. Every problem must be one in form.
        """
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if isinstance(by, RestCaller):
            sent.append((b"authorization", f"Bearer {by.secret}".encode()))
        elif by is not None:
            sent += [(b"cookie", by.encode()), (b"sec-fetch-site", b"same-origin")]
        content = b""
        if body is not None:
            content = json.dumps(body).encode()
            sent.append((b"content-type", b"application/json"))
        reply = call(self.app, method, f"{PREFIX}{path}".encode(), headers=sent, body=[content], scheme=scheme)
        if reply.status >= 400:
            assert reply.headers["content-type"] == "application/problem+json", reply
            assert reply.json()["status"] == reply.status
            assert reply.status != 500, reply.body
        return reply

    def items(self, path: str, by: RestCaller) -> list[Any]:
        """Every item of a list, page by page."""
        found: list[Any] = []
        cursor = None
        while True:
            asked = path if cursor is None else f"{path}{'&' if '?' in path else '?'}cursor={cursor}"
            page = self.ask("GET", asked, by)
            assert page.status == 200, page.body
            found += page.json()["items"]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                return found

    def everything(self) -> str:
        """Every value of every row that a caller's own request doesn't change by itself (its last use)."""
        from tests.simulators.databases import everything_in

        return everything_in(self.database)


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def reasons(reply: Reply) -> set[str]:
    """The ids of the reasons in a problem."""
    return {reason["id"] for reason in reply.json().get("reasons", ())}
