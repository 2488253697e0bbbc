# SPDX-License-Identifier: Apache-2.0
"""Trust decisions on the management listener of a running instance: ours, and AuthZEN's beside it."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from registry.accounts.permissions import Role
from registry.accounts.tokens import create_token
from registry.demo.pki import DemoPki
from tests.simulators.certificate_chains import Authority
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.trust_http import common_name, pem, question, steps_of

DECISIONS = "/api/v1/domains/demo/trust/decisions"
EVALUATION = "/access/v1/evaluation"
_Answer = tuple[int, http.client.HTTPMessage, bytes]


@pytest.fixture(scope="module")
def token(shared_live: LiveInstance) -> str:
    database = shared_live.instance.database
    return create_token(database, ACTOR, "asks", role=Role.VIEWER, domain_id=shared_live.stored.id)


def ask(live: LiveInstance, method: str, path: str, token: str = "", body: Any = None, **headers: str) -> _Answer:
    connection = http.client.HTTPConnection(urlsplit(live.addresses.manage).netloc, timeout=60)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["authorization"] = f"Bearer {token}"
    if body is not None:
        sent["content-type"] = "application/json"
    try:
        connection.request(method, path, None if body is None else json.dumps(body).encode(), sent)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_both_endpoints_say_the_same(shared_live: LiveInstance, token: str) -> None:
    for certificate in (shared_live.pki.access_points[0].certificate, shared_live.pki.smp.certificate):
        for role in ("ap-encrypt", "smp-sign"):
            status, headers, body = ask(
                shared_live, "POST", DECISIONS, token, {"role": role, "certificate": pem(certificate), "trace": True}
            )
            ours = json.loads(body)
            assert (status, ours["role"], bool(headers["x-request-id"])) == (200, role, True)
            assert any(step["ref"] == "RFC 5280" for step in steps_of(ours["trace"]))
            asked = question(common_name(certificate), certificate, action=role)
            status, headers, body = ask(shared_live, "POST", EVALUATION, token, asked, x_request_id="one/two")
            theirs = json.loads(body)
            assert (status, headers["x-request-id"]) == (200, "one/two")
            assert headers.get_all("x-request-id") == ["one/two"]
            assert theirs["decision"] == (ours["outcome"] == "ACCEPT")
            assert theirs["context"]["configuration"] == ours["configuration"]


def test_decision_cites_a_configuration_that_can_be_read(shared_live: LiveInstance, token: str) -> None:
    _, headers, document = ask(shared_live, "GET", "/api/v1/domains/demo/trust/configuration", token)
    address = headers["etag"].strip('"')
    everywhere = create_token(shared_live.instance.database, ACTOR, "reads", role=Role.VIEWER)
    status, _, cited = ask(shared_live, "GET", f"/api/v1/trust/configurations/{address}", everywhere)
    assert (status, cited) == (200, document)
    assert ask(shared_live, "GET", f"/api/v1/trust/configurations/{address}", token)[0] == 403
    assert ask(shared_live, "GET", f"/api/v1/trust/configurations/{'0' * 64}", everywhere)[0] == 404


def test_nobody_asks_without_being_known(shared_live: LiveInstance) -> None:
    for path in (DECISIONS, EVALUATION, "/access/v1/evaluations"):
        status, headers, _ = ask(shared_live, "POST", path, body={})
        assert (status, headers["www-authenticate"]) == (401, "Bearer")


def test_metadata_need_an_address_in_the_settings(shared_live: LiveInstance) -> None:
    status, headers, body = ask(shared_live, "GET", "/.well-known/authzen-configuration")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert b"manage_public_url" in body


def test_metadata_say_where_clients_reach_the_listener(tmp_path: Path, pki: DemoPki) -> None:
    url = "https://registry.example.org"
    with live_instance(tmp_path, pki, manage_public_url=url) as live:
        status, headers, body = ask(live, "GET", "/.well-known/authzen-configuration")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["policy_decision_point"] == url
    assert json.loads(body)["access_evaluation_endpoint"] == url + EVALUATION


def test_hard_questions_leave_the_listener_in_reach(shared_live: LiveInstance, token: str) -> None:
    """Certificates that all issued each other: each question is answered in bounded time, and others meanwhile."""
    ring = [Authority("ring") for _ in range(10)]
    crossed = [one.issue(other.name, key=other.key) for one in ring for other in ring]
    leaf = ring[0].issue()
    body = {
        "role": "smp-sign",
        "certificate": pem(leaf),
        "intermediates": [pem(each) for each in crossed],
        "trace": True,
        "counterfactual": True,
    }
    with ThreadPoolExecutor(2) as pool:  # as many as may search for counterfactuals at a time
        hard = [pool.submit(ask, shared_live, "POST", DECISIONS, token, body) for _ in range(4)]
        waits = []
        while not all(each.done() for each in hard):
            begin = time.monotonic()
            assert ask(shared_live, "GET", "/livez")[0] == 200
            waits.append(time.monotonic() - begin)
    assert max(waits, default=0.0) < 5
    for each in hard:
        status, _, answer = each.result()
        assert (status, json.loads(answer)["outcome"] in {"REJECT", "INDETERMINATE"}) == (200, True)
