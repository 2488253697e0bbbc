# SPDX-License-Identifier: Apache-2.0
"""The FastAPI application of the management listener: health and metrics; all other paths are published documents."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from registry import __version__
from registry.errors import RegistryError
from registry.problems import MEDIA_TYPE, Problem, problem_for
from registry.telemetry import render_metrics


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


def management_app(publishing: Any, health: Callable[[], list[DomainHealth]]) -> FastAPI:
    """The application; `publishing` is the ASGI application for everything that isn't named here."""
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

    @app.get("/metrics", include_in_schema=False)
    async def read_metrics() -> Response:
        """Prometheus metrics."""
        body, media_type = render_metrics()
        return Response(body, media_type=media_type)

    # Not a mount: that would look for a pattern in the decoded path, and identifiers may hold anything.
    app.router.default = publishing
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    """What the framework refuses by itself, such as a method, in the form of everything else that is refused."""
    assert isinstance(error, HTTPException)  # noqa: S101  # that is what it is registered for
    return _answer(Problem(error.status_code, "about:blank", HTTPStatus(error.status_code).phrase), error.headers)


async def _failed(_request: Request, error: Exception) -> Response:
    return _answer(problem_for(error))


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(problem.to_bytes(), problem.status, headers, MEDIA_TYPE)
