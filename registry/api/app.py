# SPDX-License-Identifier: Apache-2.0
"""The FastAPI application of the management listener: health and metrics; all other paths are published documents."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel

from registry import __version__
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
    app = FastAPI(title="edelivery-registry management", version=__version__, docs_url="/api/docs", redoc_url=None)

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

    app.mount("/", publishing)
    return app
