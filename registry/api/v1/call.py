# SPDX-License-Identifier: Apache-2.0
"""One request to `/api/v1`, as a handler sees it: who calls, what they may, and what they believe to change."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel

from registry.accounts.permissions import Action, Principal, Scope, decide, visible
from registry.api.v1 import rules
from registry.api.v1.answers import Raw, etag_of, matches, to_bytes
from registry.api.v1.context import ApiContext
from registry.errors import NotFoundError, PreconditionError
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.unit_of_work import UnitOfWork


class CallState:
    """A request that was admitted. Handlers take it as `call: Call`."""

    def __init__(
        self, context: ApiContext, principal: Principal | None, path: Mapping[str, str], headers: Mapping[str, str]
    ) -> None:
        self.context = context
        self.path = path
        self.headers = headers
        self.body = b""
        self.scheme = "http"
        self.address = ""
        self.work: UnitOfWork
        """The transaction of a write: for what shall be no part of its own."""
        self.narrowed = False
        """Whether the handler of a `Within` rule has asked what the caller may."""
        self.compared = False
        """Whether the handler has looked at If-Match and If-None-Match."""
        self.waiting: list[Callable[[], None]] = []
        self.request_id = ""
        self.query: tuple[tuple[str, str], ...] = ()
        self._principal = principal

    @property
    def principal(self) -> Principal:
        """Who calls; an open route must not ask."""
        assert self._principal is not None  # noqa: S101  # every other rule has authenticated
        return self._principal

    @property
    def actor(self) -> Actor:
        """Who calls, for the audit."""
        return Actor(self.principal.actor if self._principal else "anonymous", self.request_id)

    @property
    def domain(self) -> StoredDomain:
        """The domain that the path names as `{domain}`."""
        return self.context.domain(self.path["domain"])

    def require(self, action: Action, scope: Scope, missing: Callable[[], NotFoundError] | None = None) -> None:
        """Raises UnauthorizedError where the role is too small; NotFoundError where the place isn't seen at all."""
        self.narrowed = True
        rules.require(self.principal, action, scope, missing or rules.missing_at(self.path))

    def may(self, action: Action, scope: Scope) -> bool:
        """Whether the caller may do it there."""
        self.narrowed = True
        return bool(decide(self.principal, action, scope))

    def visible(self, action: Action, domain_id: int) -> Scope | tuple[Scope, ...]:
        """The part of a domain in which the caller may do it: the whole as one scope, or the narrower ones."""
        self.narrowed = True
        return visible(self.principal, action, domain_id)

    def match(self, current: Callable[[], BaseModel | Raw | None]) -> None:
        """Compare what is stored with what the caller believes (If-Match, If-None-Match).

        `current` makes what a GET would answer, None where there is nothing. To be called inside the transaction, and
        behind a lock on what is to be changed. Raises PreconditionError.
        """
        self.compared = True
        wanted, unwanted = self.headers.get("if-match"), self.headers.get("if-none-match")
        if wanted is None and unwanted is None:
            return
        shown = current()
        etag = None if shown is None else etag_of(to_bytes(shown))
        if wanted is not None and (etag is None or not matches(wanted, etag)):
            raise PreconditionError("it is not what If-Match says" if etag else "there is nothing that could match")
        if unwanted is not None and etag is not None and matches(unwanted, etag):
            raise PreconditionError("it exists, and If-None-Match says that it must not")

    def after(self, callback: Callable[[], None]) -> None:
        """Run `callback` once the transaction is committed, before the answer."""
        self.waiting.append(callback)


async def _call_of(request: Request) -> CallState:
    state: CallState = request.state.call
    return state


Call = Annotated[CallState, Depends(_call_of)]
