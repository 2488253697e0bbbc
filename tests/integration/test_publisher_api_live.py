# SPDX-License-Identifier: Apache-2.0
"""The publisher API over the SML listener itself: mutual TLS, raw paths, beside SOAP."""

import json
from urllib.parse import quote

import httpx2
import pytest

from registry.sml.publisher_api import MAX_BYTES
from tests.simulators.live import SMP_ID, LiveInstance
from tests.simulators.offline import participant

ONE = "iso6523-actorid-upis::0088:1"


def ask(live: LiveInstance, method: str, path: str, *, known: bool = True, **options: object) -> httpx2.Response:
    context = live.client_context(live.files.smp if known else None)
    with httpx2.Client(verify=context) as client:
        return client.request(method, f"{live.addresses.sml}/edelivery-sml/v1/{path}", **options)


def test_client_certificate_says_who_calls(live: LiveInstance) -> None:
    answer = ask(live, "GET", "publishers")
    assert answer.status_code == 200
    assert [item["smp_id"] for item in answer.json()["items"]] == [SMP_ID]
    unknown = ask(live, "GET", "publishers", known=False)
    assert (unknown.status_code, unknown.json()["detail"][:9]) == (403, "[ERR-101]")


def test_life_of_a_migration(live: LiveInstance) -> None:
    path = f"migrations/{quote(ONE, safe='')}"
    with live.sml_client() as soap:
        soap.create_participants(SMP_ID, [participant("0088:1")])
        prepared = ask(live, "POST", "migrations", json={"participant": ONE})
        assert prepared.status_code == 201
        assert ask(live, "GET", path).json()["status"] == "open"
        assert ask(live, "DELETE", path).status_code == 204
        soap.delete_participants(SMP_ID, [participant("0088:1")])
    assert ask(live, "GET", path).json()["status"] == "cancelled"


def test_soap_is_still_beside_it(live: LiveInstance) -> None:
    context = live.client_context(live.files.smp)
    with httpx2.Client(verify=context) as client:
        answer = client.get(f"{live.addresses.sml}/edelivery-sml/manageservicemetadata?wsdl")
    assert (answer.status_code, answer.headers["content-type"][:8]) == (200, "text/xml")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "", 404), ("GET", "nothing", 404), ("PUT", "migrations", 405), ("POST", "migrations", 413)],
    ids=["root", "unknown", "method", "size"],
)
def test_what_http_refuses_is_a_problem(live: LiveInstance, method: str, path: str, status: int) -> None:
    options = {"json": {"participant": "x" * MAX_BYTES}} if status == 413 else {}
    answer = ask(live, method, path, **options)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(answer.content)["status"] == status
