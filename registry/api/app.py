# SPDX-License-Identifier: Apache-2.0
"""The FastAPI application of the management listener: probes, metrics, the REST interface, AuthZEN and pages.

All other paths are published documents.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from registry import __version__
from registry.api.authzen import PATHS as AUTHZEN_PATHS
from registry.errors import RegistryError
from registry.problems import MEDIA_TYPE, NOT_READY, Problem, problem_for
from registry.telemetry import AskedGauges, render_metrics

_UNCACHED = {"cache-control": "no-store"}
_UI = b"/ui"
_OIDC = frozenset({b"/api/v1/session/oidc", b"/api/v1/session/oidc/callback"})
"""Where browsers are sent to and come back to; a person is to see a page where that fails."""


class DomainHealth(BaseModel):
    """How one domain is: what it publishes and what it lacks."""

    name: str
    participants: int
    zone: str | None
    zone_serial: int | None
    unpublished_changes: int
    lacks: list[str]


class Health(BaseModel):
    """How the instance is; `ready` is false where something that a domain needs is missing."""

    version: str
    ready: bool
    domains: list[DomainHealth]


@dataclass(frozen=True, slots=True)
class Unready:
    """Why a process should get no requests: a stable `id`, what is wrong, and what to do about it."""

    id: str
    message: str
    remedy: str


def management_app(
    publishing: Any,
    health: Callable[[], list[DomainHealth]],
    *,
    readiness: Callable[[], Sequence[Unready]] = tuple,
    gauges: AskedGauges = tuple,
    rest: Any = None,
    authzen: Any = None,
    ui: Callable[[Any], Any] | None = None,
) -> FastAPI:
    """The application of the management listener.

    `rest` is the ASGI application below `/api/v1/`, `authzen` the one at the paths of AuthZEN, `publishing` the one for
    everything that isn't named here. `ui` makes the one of the pages at `/ui`, and is given what it asks: this.
    `health`, `readiness` and `gauges` are called in worker threads.
    """
    app = FastAPI(
        title="edelivery-registry management",
        version=__version__,
        docs_url=None,  # its pages would load scripts from elsewhere; /openapi.json is enough for tools
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _refused, RegistryError: _failed, Exception: _failed},
    )

    @app.get("/api/v1/health", response_model=Health)
    async def read_health(response: Response) -> Health:
        """What each domain has and lacks; 503 where something is missing."""
        domains = await asyncio.to_thread(health)
        ready = not any(domain.lacks for domain in domains)
        response.status_code = 200 if ready else 503
        return Health(version=__version__, ready=ready, domains=domains)

    @app.get("/livez", include_in_schema=False)
    async def read_liveness() -> Response:
        """200 as long as the event loop of this process answers: whoever gets nothing may restart it."""
        return _said({"alive": True, "version": __version__})

    @app.get("/readyz", include_in_schema=False)
    async def read_readiness() -> Response:
        """200 where this process can do its work; 503 with the reasons why not."""
        reasons = await asyncio.to_thread(readiness)
        if not reasons:
            return _said({"ready": True, "version": __version__})
        told = NOT_READY | {"reasons": [asdict(reason) for reason in reasons]}
        return Response(json.dumps(told, ensure_ascii=False), 503, _UNCACHED, MEDIA_TYPE)

    @app.get("/metrics", include_in_schema=False)
    async def read_metrics() -> Response:
        """Prometheus metrics, of all worker processes together."""
        body, media_type = await asyncio.to_thread(render_metrics, gauges)
        return Response(body, media_type=media_type)

    pages = None if ui is None else ui(app)

    # Not mounts: those would look for a pattern in the decoded path, and identifiers may hold anything.
    async def others(scope: Any, receive: Any, send: Any) -> None:
        below = publishing
        if pages is not None and scope["raw_path"] in _OIDC and _is_browser(scope):
            below = pages
        elif rest is not None and scope["raw_path"].startswith(b"/api/v1/"):
            below = rest
        elif authzen is not None and scope["raw_path"] in AUTHZEN_PATHS:
            below = authzen
        elif pages is not None and (scope["raw_path"] == _UI or scope["raw_path"].startswith(_UI + b"/")):
            below = pages
        elif pages is not None and scope["raw_path"] == b"/" and _is_browser(scope):
            below = Response(status_code=303, headers={"location": f"{_UI.decode()}/", **_UNCACHED, "vary": "accept"})
        await below(scope, receive, send)

    app.router.default = others
    return app


def _is_browser(scope: Any) -> bool:
    """Whether a page is wanted: programs that ask for `/` ask for JSON, or for anything."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] in {"GET", "HEAD"} and b"text/html" in accepted


def _said(content: Mapping[str, Any]) -> Response:
    return Response(json.dumps(content), 200, _UNCACHED, "application/json")


async def _refused(_request: Request, error: Exception) -> Response:
    """What the framework refuses by itself, such as a method, in the form of everything else that is refused."""
    assert isinstance(error, HTTPException)  # noqa: S101  # that is what it is registered for
    return _answer(Problem(error.status_code, "about:blank", HTTPStatus(error.status_code).phrase), error.headers)


async def _failed(_request: Request, error: Exception) -> Response:
    return _answer(problem_for(error))


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(problem.to_bytes(), problem.status, headers, MEDIA_TYPE)
