# SPDX-License-Identifier: Apache-2.0
"""The application of the public listener: the documents of the SMP and, beside them, the page of each domain.

The page is at `/lookup/participant` below a domain's base URL. No path of an SMP has two segments, unless its first is
a word of `registry.smp.routes`; so no identifier, with a scheme or without one, can be meant by it. What isn't the page
goes to the SMP as it came, behind one search for octets.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from registry.discovery.explanation import Explanation
from registry.errors import RegistryError, TechnicalError, ValidationError
from registry.lookups.resolving import Inside, Resolved
from registry.public_page.asking import Asked, TooLongError, query_of, read_query
from registry.public_page.services import SIZE, ShownServices, services_of
from registry.rates import Rates
from registry.smp.http import router_of
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Database
from registry.ui.locales import LANGUAGES, wanted_language
from registry.ui.rendering import make_environment, with_query
from registry.ui.static_files import StaticFiles

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ROOT = "/lookup"
PAGE = f"{ROOT}/participant"
AT_A_TIME = 4
"""Look-ups: each verifies signatures, and documents come first."""
_MARK, _PAGE = f"{ROOT}/".encode(), PAGE.encode()
_STATIC = f"{ROOT}/static/"
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
log = structlog.get_logger(__name__)


class PublicApp:
    """The SMP, and the page where a domain has one; `refresh_domains` after domains changed. For one event loop."""

    def __init__(
        self, reader: App, database: Database, directory: DomainDirectory, inside: Inside, rates: Rates | None
    ) -> None:
        """Each client may look up as often as `rates` says; None stands for no limit."""
        self._reader = reader
        self._database = database
        self._directory = directory
        self._inside = inside
        self._rates = rates
        self._running = 0
        self._static = StaticFiles(ROOT)
        # Relative, as a proxy may have the page under another path.
        self._templates = make_environment(lambda name: self._static.url(name).removeprefix(f"{ROOT}/"))
        self.refresh_domains()

    def refresh_domains(self) -> None:
        """Take over the domains of the directory."""
        stored = self._directory.all()
        self._stored = {each.domain.name: each for each in stored}
        self._router = router_of(stored)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One request. Not a coroutine of its own: a document would pay for that."""
        if _MARK in scope.get("raw_path", b""):
            return self._beside(scope, receive, send)
        return self._reader(scope, receive, send)

    async def _beside(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
        matched = self._router.match(host, scope["raw_path"])
        if matched is None or not matched[0].public_page or not matched[1].startswith(_MARK):
            await self._reader(scope, receive, send)
            return
        request = Request(scope)
        below = matched[1].decode("latin-1")
        static = None
        if below.startswith(_STATIC) and request.method in {"GET", "HEAD"}:
            name = below.removeprefix(_STATIC)
            static = self._static.answer(name, request.headers.get("accept-encoding", ""))
        if static is None and matched[1] != _PAGE:
            await self._reader(scope, receive, send)
            return
        response = static or await self._page(request, self._stored[matched[0].name])
        for name, value in _HEADERS.items():
            response.headers[name] = value
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)  # type: ignore[arg-type]  # Starlette's own names for the same

    async def _page(self, request: Request, stored: StoredDomain) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return Response(status_code=405, headers={"allow": "GET, HEAD"})
        language = wanted_language("", request.headers.get("accept-language", ""))
        try:
            asked = read_query(request.scope["query_string"], stored.domain)
        except TooLongError:
            return self._render(stored, Asked(), language, status=400, problem="too-long")
        language = asked.language if asked.language in LANGUAGES else language
        if asked.is_empty:
            return self._render(stored, asked, language)
        if asked.question is None:
            return self._render(stored, asked, language, status=400)
        client = request.client.host if request.client else ""
        wait_s = self._rates.take(client, time.monotonic()) if self._rates is not None else 0.0
        if wait_s:
            return self._render(stored, asked, language, status=429, problem="too-often", wait_s=wait_s)
        if self._running >= AT_A_TIME:
            return self._render(stored, asked, language, status=503, problem="busy", wait_s=1)
        self._running += 1
        try:
            found, services = await asyncio.to_thread(self._look_up, stored, asked)
        except ValidationError as error:
            return self._render(stored, asked, language, status=400, wrong=[each.message for each in error.reasons])
        except RegistryError as error:
            log.error("public_look_up_failed", exc_info=not isinstance(error, TechnicalError))  # noqa: TRY400
            return self._render(stored, asked, language, status=503, problem="failed", wait_s=1)
        except Exception:
            log.exception("public_look_up_failed")
            return self._render(stored, asked, language, status=500, problem="failed")
        finally:
            self._running -= 1
        return self._render(stored, asked, language, found=found, services=services)

    def _look_up(self, stored: StoredDomain, asked: Asked) -> tuple[Resolved, ShownServices | None]:
        assert asked.question is not None  # noqa: S101  # whoever calls has looked
        found = self._inside.resolve(stored, asked.question, public=True)
        return found, services_of(self._database, stored, asked.question.participant, asked.start)

    def _render(
        self,
        stored: StoredDomain,
        asked: Asked,
        language: str,
        *,
        status: int = 200,
        problem: str | None = None,
        wait_s: float = 0,
        wrong: list[str] | None = None,
        found: Resolved | None = None,
        services: ShownServices | None = None,
    ) -> Response:
        body = self._templates.get_template("public.html").render(
            language=language,
            domain=stored.domain,
            asked=asked,
            wrong=[*asked.wrong, *(wrong or ())],
            problem=problem,
            found=None if found is None else told(found),
            services=services,
            size=SIZE,
            link=lambda **changed: with_query("participant", query_of(asked, **changed)),
        )
        headers: Mapping[str, str] = {"cache-control": "no-store"}
        if status == 200:
            headers = {"cache-control": "public, max-age=60", "vary": "accept-language"}
        elif wait_s:
            headers = {**headers, "retry-after": str(max(1, round(wait_s + 0.5)))}
        return Response(body, status, {**headers, "content-language": language}, media_type="text/html")


def told(found: Resolved) -> Resolved:
    """The same without what nobody else knows: which sources a domain trusts, and the digest of its configuration."""
    steps = tuple(
        replace(step, detail=_bare(step.detail)) if step.step.startswith("trust-") else step
        for step in found.explanation.steps
    )
    by_trust = (found.reason or "").startswith("untrusted-")
    message = _bare(found.message) if by_trust and found.message else found.message
    return replace(found, explanation=Explanation(steps), message=message)


def _bare(detail: str) -> str:
    """A trust decision without its grounds."""
    for words in (" is trusted", " is not trusted"):
        subject, separator, _ = detail.partition(words)
        if separator:
            return subject + separator
    return ""
