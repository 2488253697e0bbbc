# SPDX-License-Identifier: Apache-2.0
"""Login at a real OpenID Connect provider that we did not write (oidc-provider-mock), as a browser does it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from registry.demo.pki import DemoPki
from tests.simulators.live import LiveInstance, live_instance
from tests.simulators.programs import free_ports, running

pytestmark = pytest.mark.slow
USERS = (
    {"sub": "alice", "preferred_username": "alice", "name": "Alice", "groups": ["registry-admins"]},
    {"sub": "mallory", "preferred_username": "mallory", "groups": ["visitors"]},
)


@pytest.fixture(scope="module")
def issuer(tool: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    (port,) = free_ports(1)
    program = Path(tool.interop_python()).with_name("oidc-provider-mock")
    users = [argument for user in USERS for argument in ("--user-claims", json.dumps(user))]
    log = tmp_path_factory.mktemp("oidc") / "log"
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    with running([program, "--port", str(port), "--require-nonce", "true", *users], log, [port], environment):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def registry(issuer: str, tmp_path: Path, pki: DemoPki) -> Iterator[LiveInstance]:
    (port,) = free_ports(1)
    settings = {
        "manage_bind": f"127.0.0.1:{port}",
        "manage_public_url": f"http://127.0.0.1:{port}",
        "oidc_issuer": issuer,
        "oidc_client_id": "registry",
        "oidc_client_secret": "any will do there",
        "oidc_roles": "registry-admins=admin@system",
    }
    with live_instance(tmp_path, pki, **settings) as live:
        yield live


def at_provider(browser: httpx2.Client, live: LiveInstance, subject: str, **form: str) -> httpx2.Response:
    """Log in there; gives the redirect back to us, not followed yet."""
    begun = browser.get(f"{live.addresses.manage}/api/v1/session/oidc?return_to=/somewhere")
    assert begun.status_code == 303, begun.text
    answer = browser.post(begun.headers["location"], data={"sub": subject} | form)
    assert answer.status_code in {302, 303}, answer.text
    assert answer.headers["location"].startswith(f"{live.addresses.manage}/api/v1/session/oidc/callback?")
    return answer


def test_login_at_the_provider_gives_a_session_with_the_role_of_the_group(registry: LiveInstance) -> None:
    with httpx2.Client() as browser:
        back = at_provider(browser, registry, "alice").headers["location"]
        finished = browser.get(back)
        assert (finished.status_code, finished.headers["location"]) == (303, "/somewhere")
        assert "HttpOnly" in finished.headers["set-cookie"]
        me = browser.get(f"{registry.addresses.manage}/api/v1/me")
        assert me.status_code == 200, me.text
        assert me.json()["name"] == "alice"
        assert browser.get(f"{registry.addresses.manage}/api/v1/accounts").status_code == 200
        # The same answer again, in the same browser.
        assert browser.get(back).status_code == 401


def test_who_has_no_role_or_refuses_or_steals_an_answer_gets_no_session(registry: LiveInstance) -> None:
    with httpx2.Client() as browser:
        refused = browser.get(at_provider(browser, registry, "mallory").headers["location"])
        assert refused.status_code == 401
        assert "none of your groups" in refused.json()["detail"]
        denied = browser.get(at_provider(browser, registry, "alice", action="deny").headers["location"])
        assert denied.status_code == 401
        assert browser.get(f"{registry.addresses.manage}/api/v1/me").status_code == 401
        stolen = at_provider(browser, registry, "alice").headers["location"]
    with httpx2.Client() as other:
        assert other.get(stolen).status_code == 401


def test_provider_that_is_not_there_is_503(tmp_path: Path, pki: DemoPki) -> None:
    port, closed = free_ports(2)
    settings = {
        "manage_bind": f"127.0.0.1:{port}",
        "manage_public_url": f"http://127.0.0.1:{port}",
        "oidc_issuer": f"http://127.0.0.1:{closed}",
        "oidc_client_id": "registry",
    }
    with live_instance(tmp_path, pki, **settings) as live:
        assert httpx2.get(f"{live.addresses.manage}/api/v1/session/oidc").status_code == 503


def test_without_a_provider_there_is_no_such_login(live: LiveInstance) -> None:
    assert httpx2.get(f"{live.addresses.manage}/api/v1/session/oidc").status_code == 404
