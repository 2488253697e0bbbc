# SPDX-License-Identifier: Apache-2.0
"""The management application: health, metrics, and refusals in one form; all other paths belong to publishing."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog.testing

from registry.api.app import DomainHealth, management_app
from registry.errors import ConfigurationError, TechnicalError
from tests.simulators.asgi import Reply, call

GOOD = DomainHealth(name="demo", participants=3, zone="sml.test", zone_serial=7, unpublished_changes=0, lacks=[])
BAD = GOOD.model_copy(update={"name": "other", "lacks": ["there is no signing key"]})


class Publishing:
    """Answers 299, and keeps the scopes."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scopes.append(dict(scope))
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def ask(
    method: str, path: bytes, health: Callable[[], list[DomainHealth]] = lambda: [GOOD]
) -> tuple[Reply, list[dict[str, Any]]]:
    publishing = Publishing()
    return call(management_app(publishing, health), method, path), publishing.scopes


def test_health_is_200_where_nothing_is_missing() -> None:
    reply, _ = ask("GET", b"/api/v1/health")
    assert reply.status == 200
    body = reply.json()
    assert body["ready"] is True
    assert body["domains"] == [GOOD.model_dump()]
    assert body["version"]


def test_health_is_503_where_any_domain_lacks_something_and_says_what() -> None:
    reply, _ = ask("GET", b"/api/v1/health", lambda: [GOOD, BAD])
    assert reply.status == 503
    assert reply.json()["ready"] is False
    assert reply.json()["domains"][1]["lacks"] == ["there is no signing key"]


def test_instance_without_domains_is_ready() -> None:
    reply, _ = ask("GET", b"/api/v1/health", list)
    assert (reply.status, reply.json()["domains"]) == (200, [])


def test_paths_of_authzen_are_its_own() -> None:
    publishing, authzen = Publishing(), Publishing()
    app = management_app(publishing, list, authzen=authzen)
    for path in (b"/access/v1/evaluation", b"/access/v1/evaluations", b"/.well-known/authzen-configuration"):
        assert call(app, "POST", path).status == 299
        assert authzen.scopes.pop()["raw_path"] == path
        assert call(management_app(publishing, list), "POST", path).status == 299
        assert publishing.scopes.pop()["raw_path"] == path
    for path in (b"/access/v1/", b"/access/v1/evaluation/", b"/.well-known/other"):
        call(app, "POST", path)
        assert publishing.scopes.pop()["raw_path"] == path
    assert authzen.scopes == []


def test_health_runs_off_the_event_loop() -> None:
    def blocking() -> list[DomainHealth]:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return []

    assert ask("GET", b"/api/v1/health", blocking)[0].status == 200


def test_failing_database_is_a_problem_that_says_try_again() -> None:
    def failing() -> list[DomainHealth]:
        raise TechnicalError("the database failed: disk full")

    reply, _ = ask("GET", b"/api/v1/health", failing)
    assert reply.status == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["type"] == "urn:edelivery-registry:problem:unavailable"


@pytest.mark.parametrize("error", [ConfigurationError("/secret/path"), KeyError("secret"), RuntimeError("secret")])
def test_other_failures_tell_nothing(error: Exception) -> None:
    def failing() -> list[DomainHealth]:
        raise error

    with structlog.testing.capture_logs():
        reply, _ = ask("GET", b"/api/v1/health", failing)
    assert reply.status == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert b"secret" not in reply.body
    assert "detail" not in reply.json()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [b"/api/v1/health", b"/metrics"])
def test_other_methods_on_its_own_paths_are_405_and_not_publishing(method: str, path: bytes) -> None:
    reply, scopes = ask(method, path)
    assert reply.status == 405
    assert reply.headers["content-type"] == "application/problem+json"
    assert "GET" in reply.headers["allow"]
    assert reply.json() == {"type": "about:blank", "title": "Method Not Allowed", "status": 405}
    assert scopes == []


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"//",
        b"/iso6523-actorid-upis%3A%3A0088%3A1",
        b"/iso6523-actorid-upis%3A%3A0088%3A1/services/a%2Fb%23%23c%3A%3Ad",
        b"/a%0Ab",
        b"/a%0D%0Ab/services/%0A",
        b"/api/v1/health/",
        b"/api/v1/other",
        b"/metrics/",
        b"/API/V1/HEALTH",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_every_other_path_reaches_publishing_as_it_came(method: str, path: bytes) -> None:
    reply, (scope,) = ask(method, path)
    assert reply.status == 299
    assert (scope["method"], scope["raw_path"]) == (method, path)


def test_metrics_are_text_for_prometheus() -> None:
    reply, _ = ask("GET", b"/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    assert b"registry_requests_total" in reply.body


def test_openapi_describes_what_is_there() -> None:
    reply, _ = ask("GET", b"/openapi.json")
    assert set(reply.json()["paths"]) == {"/api/v1/health"}
