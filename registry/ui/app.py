# SPDX-License-Identifier: Apache-2.0
"""The ASGI application of `/ui`: pages for administrators, rendered here, in which nothing needs JavaScript."""

from collections.abc import Iterable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from registry.clock import Clock, system_clock
from registry.ui.labels import ERRORS, OIDC_REFUSED
from registry.ui.multipart import MultipartError
from registry.ui.pages import (
    access_points,
    accounts,
    alerts,
    api_docs,
    audit,
    audit_checks,
    business_cards,
    campaigns,
    certificates,
    code_lists,
    consistency,
    dashboard,
    directory,
    dns_tools,
    domain_changes,
    domains,
    entrance,
    grants,
    groups,
    intervention_asking,
    interventions,
    jobs,
    me,
    migrations,
    participant_changes,
    participants,
    permissions,
    plan_changes,
    plan_reviews,
    plans,
    preferences,
    problems,
    publisher_certificates,
    publisher_changes,
    publishers,
    registration_changes,
    registrations,
    replacements,
    resolution,
    services,
    settings,
    trust,
    trust_comparison,
    trust_decisions,
    zone_records,
    zones,
)
from registry.ui.rendering import ROOT, make_environment, path_of
from registry.ui.rest import PREFIX, AsgiApp, Receive, Rest, RestError, Scope, Send
from registry.ui.routing import NoPageError, Pages, Router
from registry.ui.static_files import StaticFiles
from registry.ui.visit import FormTooLargeError, Shell, Visit, is_own

PAGES = (
    *(dashboard.pages, entrance.pages, me.pages, preferences.pages, participants.pages, participant_changes.pages),
    *(publishers.pages, registrations.pages, zones.pages, audit.pages, accounts.pages),
    *(problems.pages, plans.pages, plan_changes.pages, plan_reviews.pages, certificates.pages),
    *(jobs.pages, trust.pages, interventions.pages, resolution.pages, dns_tools.pages),
    *(settings.pages, directory.pages, api_docs.pages, alerts.pages, replacements.pages),
    *(campaigns.pages, trust_decisions.pages, trust_comparison.pages, audit_checks.pages),
    *(consistency.pages, zone_records.pages),
    *(intervention_asking.pages, migrations.pages, registration_changes.pages),
    *(publisher_changes.pages, publisher_certificates.pages),
    *(services.pages, access_points.pages, business_cards.pages),
    *(domains.pages, domain_changes.pages, code_lists.pages, groups.pages, grants.pages, permissions.pages),
)
_PASSWORD_CHANGE = "urn:edelivery-registry:problem:password-change-required"  # noqa: S105  # a name, no secret
_STATIC = f"{ROOT}/static/"
_OIDC_MESSAGES = 1
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not no-referrer: with that a form of ours would be sent with `Origin: null` (Fetch §3.2).
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
log = structlog.get_logger(__name__)


class Ui:
    """Everything at `/ui` and below, and logins at a provider as a browser sees them.

    `rest` answers at `/api/v1/`, `oidc` says whether a provider is set up there.
    """

    def __init__(
        self, rest: AsgiApp, *, oidc: bool = False, parts: Iterable[Pages] = PAGES, clock: Clock = system_clock
    ) -> None:
        self._rest = rest
        self._oidc = oidc
        self._clock = clock
        self._static = StaticFiles(ROOT)
        self._templates = make_environment(self._static.url)
        self.router = Router(parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        response = await self._answer(request)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        response.headers.setdefault("cache-control", "no-store")
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        raw: str = request.scope["raw_path"].decode("latin-1")
        method = "GET" if request.method == "HEAD" else request.method
        if raw.startswith(_STATIC) and method == "GET":
            found = self._static.answer(raw.removeprefix(_STATIC), request.headers.get("accept-encoding", ""))
            if found is not None:
                return found
        visit = Visit(request, Rest(self._rest, request.scope), self._templates, oidc=self._oidc, now=self._clock())
        try:
            if raw.startswith(f"{PREFIX}/"):
                return await _login_elsewhere(visit, raw.removeprefix(PREFIX))
            return await self._page(request, visit, method, raw.removeprefix(ROOT) or "/")
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:  # whatever it is, the visitor gets a page and the log the rest
            log.exception("page_failed")
            return await _error_page(visit, 500)

    async def _page(self, request: Request, visit: Visit, method: str, path: str) -> Response:
        try:
            page, named = self.router.find(method, path)
            if method == "POST":
                if not is_own(request):
                    return await _error_page(visit, 403)
                if not page.uploads:
                    await visit.read_form()
            return await page.handler(visit, **named)
        except RestError as error:
            return await _refused(visit, error)
        except FormTooLargeError:
            return await _error_page(visit, 413)
        except MultipartError:
            return await _error_page(visit, 400)
        except NoPageError as error:
            response = await _error_page(visit, 405 if error.allowed else 404)
            if error.allowed:
                response.headers["allow"] = ", ".join([*error.allowed, *(["HEAD"] if "GET" in error.allowed else [])])
            return response


async def _login_elsewhere(visit: Visit, path: str) -> Response:
    """To the provider or back from it, as REST says; where it refuses, a page that says so."""
    visit.here = path_of("/login")  # a page doesn't repeat what the provider has sent
    try:
        answer = await visit.rest.ask("GET", path, query=visit.query)
    except RestError as error:
        title, text = OIDC_REFUSED if error.status == 401 else ERRORS.get(error.status, ERRORS[500])
        return visit.render(
            "oidc_failed.html", status=error.status, title=title, text=text, wrong=error.messages[:_OIDC_MESSAGES]
        )
    return visit.go(answer.header("location"))


async def _refused(visit: Visit, error: RestError) -> Response:
    if error.status == 401:
        return visit.to_login()
    if error.type == _PASSWORD_CHANGE:
        return visit.go(path_of("/password"))
    if error.status >= 500 and error.status != 503:
        return await _error_page(visit, 500)
    messages = error.messages if error.status in {400, 409, 422} else []
    response = await _error_page(visit, error.status, messages)
    if waiting := error.answer.header("retry-after"):
        response.headers["retry-after"] = waiting
    return response


async def _error_page(visit: Visit, status: int, messages: Iterable[str] = ()) -> Response:
    title, text = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
    shell: Shell | None = None
    if status != 500:
        try:
            shell = await visit.shell()
        except RestError:
            shell = None
    return visit.render("error.html", status=status, shell=shell, title=title, text=text, messages=list(messages))
