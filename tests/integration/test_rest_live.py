# SPDX-License-Identifier: Apache-2.0
"""The REST interface on the management listener of a running instance: raw paths, and what stands beside it."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from registry.accounts.permissions import Role
from registry.accounts.tokens import create_token
from registry.identifiers.participant import ISO6523
from registry.identifiers.url_form import encode_segment
from tests.simulators.live import ACTOR, LiveInstance

PREFIX = "/api/v1"
_Answer = tuple[int, http.client.HTTPMessage, bytes]


@pytest.fixture(scope="module")
def token(shared_live: LiveInstance) -> str:
    database = shared_live.instance.database
    return create_token(database, ACTOR, "rest", role=Role.EDITOR, domain_id=shared_live.stored.id)


def ask(live: LiveInstance, method: str, path: str, token: str = "", body: Any = None, **headers: str) -> _Answer:
    """One request with the path as it is given."""
    connection = http.client.HTTPConnection(urlsplit(live.addresses.manage).netloc, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["authorization"] = f"Bearer {token}"
    content = None
    if body is not None:
        content = json.dumps(body).encode()
        sent["content-type"] = "application/json"
    try:
        connection.request(method, path, content, sent)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def path_of(participant: str) -> str:
    return f"{PREFIX}/domains/demo/participants/{encode_segment(participant)}"


@pytest.mark.parametrize("value", ["0088:1", "0088:a/b", "0088:a#b", "0088:a?b=c&d", "0088:%2F", "0088:..", "0088:+"])
def test_identifier_of_any_form_survives_the_path(shared_live: LiveInstance, token: str, value: str) -> None:
    path = path_of(f"{ISO6523}::{value}")
    status, headers, body = ask(shared_live, "PUT", path, token, {"registered": False})
    assert status == 201, body
    assert headers["location"] == path
    status, headers, body = ask(shared_live, "GET", headers["location"], token)
    assert (status, json.loads(body)["participant"]) == (200, f"{ISO6523}::{value}")
    assert headers["x-request-id"]
    assert ask(shared_live, "DELETE", path, token, if_match=headers["etag"])[0] == 204


def test_audit_names_the_token_and_the_request(shared_live: LiveInstance, token: str) -> None:
    _, headers, _ = ask(shared_live, "PUT", path_of(f"{ISO6523}::0088:7300018888881"), token, {})
    with shared_live.instance.database.read() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT DISTINCT actor FROM event WHERE request_id = '{headers['x-request-id']}'"  # noqa: S608
        )
        assert [row[0] for row in rows] == ["token:rest"]


def test_what_stands_beside_the_interface_is_still_there(shared_live: LiveInstance) -> None:
    for path in ("/livez", "/metrics", f"{PREFIX}/openapi.json"):
        assert ask(shared_live, "GET", path)[0] == 200, path
    assert ask(shared_live, "GET", f"{PREFIX}/domains")[0] == 401
    assert ask(shared_live, "GET", f"{PREFIX}x/domains")[0] == 404


def test_head_has_no_body_and_the_connection_goes_on(shared_live: LiveInstance, token: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(shared_live.addresses.manage).netloc, timeout=10)
    for method in ("HEAD", "GET", "HEAD"):
        connection.request(method, f"{PREFIX}/domains/demo", headers={"authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200
        assert (len(body) > 0) is (method == "GET")
    connection.close()


def test_body_beyond_the_limit_is_refused_by_whoever_sees_it_first(shared_live: LiveInstance, token: str) -> None:
    body = {"extensions": [{"content": "A" * 2_100_000}]}
    status, _, _ = ask(shared_live, "PUT", path_of(f"{ISO6523}::0088:big"), token, body)
    assert status == 413
