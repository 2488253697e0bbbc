# SPDX-License-Identifier: Apache-2.0
"""What every route of `/api/v1` has: problems in one form, strict input, bounded bodies, conditions, headers."""

import json
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Query

from registry.accounts.permissions import Action, Role
from registry.api.v1 import rules
from registry.api.v1.app import ApiV1
from registry.api.v1.call import Call
from registry.api.v1.models import Model, Moment, Word
from registry.api.v1.routing import MAX_BODY, Resource, url
from registry.api.v1.rules import Authenticated, Needs, Open
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, TechnicalError, TooManyRequestsError
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import offline_instance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment


class Thing(Model):
    """Something."""

    name: Word
    at: Moment | None = None


resource = Resource("things", "")


@resource.get("/things/{thing}", Open(), {200: Thing})
def read_thing(call: Call, thing: str, flag: Annotated[bool, Query()] = False) -> Thing:
    """Read."""
    match thing:
        case "secret":
            raise ConfigurationError("/etc/secret is missing")
        case "down":
            raise TechnicalError("the database failed")
        case "busy":
            raise TooManyRequestsError("wait", 7.2)
        case "bug":
            raise ZeroDivisionError
    return Thing(name=thing)


@resource.put("/things/{thing}", Authenticated(), {200: Thing})
def put_thing(call: Call, thing: str, body: Thing) -> Thing:
    """Write."""
    return body


@resource.delete("/things/{thing}", Needs(Action.SYSTEM_READ, rules.system), {204: None})
def delete_thing(call: Call, thing: str) -> None:
    """Delete."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[RestOffice]:
    """Shared: nothing here changes what the others look at."""
    with offline_instance(tmp_path_factory.mktemp("kernel"), pki) as offline:
        office = RestOffice(offline)
        office.app = ApiV1(office.context, [resource])
        yield office


@pytest.fixture(scope="module")
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def raw(office: RestOffice, method: str, path: bytes, by: RestCaller | None = None, **options: object) -> Reply:
    headers = [] if by is None else [(b"authorization", f"Bearer {by.secret}".encode())]
    headers += options.pop("headers", [])  # type: ignore[arg-type]
    return call(office.app, method, b"/api/v1" + path, headers=headers, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a/b", "a#b::c", "%", "ä", "a b", "..", "100%", "a%2Fb", "日本"])
def test_segment_of_a_path_is_decoded_once_and_only_behind_the_route(office: RestOffice, text: str) -> None:
    assert office.ask("GET", f"/things/{segment(text)}").json()["name"] == text


@pytest.mark.parametrize("path", [b"/things/%zz", b"/things/%ff", b"/things/%00", b"/things/%0a"])
def test_segment_that_can_not_be_decoded_is_refused(office: RestOffice, path: bytes) -> None:
    assert raw(office, "GET", path).status == 400


@pytest.mark.parametrize("path", ["/", "/nix", "/things", "/things/", "/things/a/b", "/things/a/", "//things/a"])
def test_unknown_path_is_a_problem(office: RestOffice, path: str) -> None:
    reply = office.ask("GET", path)
    assert (reply.status, reply.json()["type"]) == (404, "urn:edelivery-registry:problem:not-found")


def test_method_that_a_path_does_not_have_names_those_that_it_has(office: RestOffice) -> None:
    reply = office.ask("POST", "/things/a")
    assert (reply.status, reply.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")


def test_head_is_get_without_the_body(office: RestOffice) -> None:
    get, head = (office.ask(method, "/things/a") for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (200, b"")
    assert {**head.headers} == {**get.headers}


def test_every_answer_says_whose_it_is_and_is_not_stored(office: RestOffice) -> None:
    for path in ("/things/a", "/nix", "/things/bug"):
        reply = call(office.app, "GET", f"/api/v1{path}".encode())
        assert reply.headers["cache-control"] == "no-store"
        assert "x-request-id" in reply.headers


@pytest.mark.parametrize(
    ("thing", "status", "told"),
    [("secret", 500, False), ("bug", 500, False), ("down", 503, True), ("busy", 429, True)],
)
def test_failure_is_a_problem_that_tells_nothing_of_our_inside(
    office: RestOffice, thing: str, status: int, told: bool
) -> None:
    reply = call(office.app, "GET", f"/api/v1/things/{thing}".encode())
    assert reply.status == status
    assert ("detail" in reply.json()) is told
    assert b"secret" not in reply.body.replace(b"/things/secret", b"")
    assert reply.headers.get("retry-after") == {429: "7", 503: "1"}.get(status)


def test_unknown_and_repeated_query_parameters_are_refused_by_name(office: RestOffice) -> None:
    reply = office.ask("GET", "/things/a?flag=true&flag=false&x=1&y=2")
    assert reply.status == 400
    assert sorted(reason["pointer"] for reason in reply.json()["reasons"]) == ["query/flag", "query/x", "query/y"]


def test_query_parameter_of_another_type_is_refused(office: RestOffice) -> None:
    reply = office.ask("GET", "/things/a?flag=perhaps")
    assert (reply.status, reply.json()["reasons"][0]["pointer"]) == (400, "query/flag")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/name"),
        ({"name": ""}, "#/name"),
        ({"name": 1}, "#/name"),
        ({"name": "x" * 65}, "#/name"),
        ({"name": "a\0"}, "#/name"),
        ({"name": "a", "owner": "me"}, "#/owner"),
        ({"name": "a", "a/b~c": 1}, "#/a~1b~0c"),
        ({"name": "a", "at": 5}, "#/at"),
        ({"name": "a", "at": "2027"}, "#/at"),
        ({"name": "a", "at": "2027-01-31T06:00:00"}, "#/at"),
        ({"name": "a", "at": "0001-01-01T00:00:00+14:00"}, "#/at"),
        ([], "#"),
        ("a", "#"),
        (None, "#"),
    ],
)
def test_body_is_taken_strictly_and_each_reason_says_where(
    office: RestOffice, admin: RestCaller, body: object, pointer: str
) -> None:
    content = json.dumps(body).encode()
    reply = raw(office, "PUT", b"/things/a", admin, headers=[(b"content-type", b"application/json")], body=[content])
    assert (reply.status, reasons(reply)) == (400, {"REST-INPUT"})
    assert [reason["pointer"] for reason in reply.json()["reasons"]] == [pointer]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"nul", b"[" * 100_000, b'{"name": NaN}', b'{"name":"\\ud800"}']
)
def test_body_that_is_no_json_is_refused(office: RestOffice, admin: RestCaller, content: bytes) -> None:
    reply = raw(office, "PUT", b"/things/a", admin, headers=[(b"content-type", b"application/json")], body=[content])
    assert reply.status == 400


@pytest.mark.parametrize("kind", [None, b"text/plain", b"application/xml", b"application/jsonx", b"x"])
def test_body_of_another_media_type_is_415(office: RestOffice, admin: RestCaller, kind: bytes | None) -> None:
    headers = [] if kind is None else [(b"content-type", kind)]
    reply = raw(office, "PUT", b"/things/a", admin, headers=headers, body=[b'{"name":"a"}'])
    assert (reply.status, reply.json()["type"].rpartition(":")[2]) == (415, "unsupported-media-type")


def test_media_type_may_have_parameters(office: RestOffice, admin: RestCaller) -> None:
    headers = [(b"content-type", b"Application/JSON; charset=utf-8")]
    assert raw(office, "PUT", b"/things/a", admin, headers=headers, body=[b'{"name":"a"}']).status == 200


def test_body_that_is_too_large_is_413_however_it_comes(office: RestOffice, admin: RestCaller) -> None:
    parts = [b" " * 500_000] * 4 + [b"  "]
    reply = raw(office, "PUT", b"/things/a", admin, headers=[(b"content-type", b"application/json")], body=parts)
    assert (reply.status, sum(map(len, parts))) == (413, MAX_BODY + 2)


def test_client_that_leaves_is_no_failure_of_ours(office: RestOffice, admin: RestCaller) -> None:
    headers = [(b"content-type", b"application/json")]
    reply = raw(office, "PUT", b"/things/a", admin, headers=headers, body=[b'{"na'], complete=False)
    assert reply.status == 400


def test_body_where_none_belongs_is_refused(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("DELETE", "/things/a", admin, {}).status == 400


def test_who_is_unknown_learns_nothing_of_what_is_wrong_with_the_request(office: RestOffice) -> None:
    reply = raw(office, "PUT", b"/things/a?x=1", body=[b"{"])
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert "reasons" not in reply.json()


def test_condition_on_a_write_that_looks_at_none_is_refused(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("DELETE", "/things/a", admin, if_match='"x"').status == 400


def test_etag_that_is_known_saves_the_body(office: RestOffice) -> None:
    etag = office.ask("GET", "/things/a").headers["etag"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        reply = office.ask("GET", "/things/a", if_none_match=known)
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag)
        assert "content-length" not in reply.headers
    assert office.ask("GET", "/things/a", if_none_match='"x"').status == 200


def test_page_of_openapi_is_for_everybody(office: RestOffice) -> None:
    document = office.ask("GET", "/openapi.json").json()
    assert (document["openapi"], [*document["paths"]]) == ("3.1.0", ["/things/{thing}"])


def test_url_encodes_what_goes_into_it() -> None:
    assert url("/a/{b}/c/{d}", "x/y", "ä::{e}") == "/api/v1/a/x%2Fy/c/%C3%A4%3A%3A%7Be%7D"
