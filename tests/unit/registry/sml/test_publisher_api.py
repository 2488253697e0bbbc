# SPDX-License-Identifier: Apache-2.0
"""The publisher API as HTTP: routes, bodies, problems; and what an SMP sees of itself by it."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from registry.app.publisher_api import publisher_api
from registry.errors import ConflictError, TechnicalError
from registry.jobs.queue import enqueue
from registry.sml.bulk import FOLLOW
from registry.sml.errors import publisher_not_found
from registry.sml.model import Caller, Publisher
from registry.sml.publisher_api import MAX_BYTES, PREFIX, ApiRequest, PublisherApi, Route
from registry.storage.queries import publishers
from tests.simulators.asgi import Reply, call
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.sml_operations import caller_by_header

JSON = (b"content-type", b"application/json")
CALLER = (b"x-test-caller", b"one")


def fails(error: Exception) -> Any:
    def handle(request: ApiRequest) -> Any:
        raise error

    return handle


def echo(request: ApiRequest) -> Any:
    return {"path": dict(request.path), "query": dict(request.query), "body": request.body}


API = PublisherApi(
    [
        Route("GET", "things", echo),
        Route("POST", "things", echo, 201),
        Route("GET", "things/special", lambda request: "the literal one"),
        Route("GET", "things/{name}", echo),
        Route("DELETE", "things/{name}", lambda request: None),
        Route("GET", "fails/sml", fails(publisher_not_found("SMP-1"))),
        Route("GET", "fails/state", fails(ConflictError("not now"))),
        Route("GET", "fails/technical", fails(TechnicalError("the database failed"))),
        Route("GET", "fails/unforeseen", fails(RuntimeError("secret detail"))),
    ],
    caller_of=caller_by_header,
)


def ask(method: str, path: str, body: bytes = b"", *headers: tuple[bytes, bytes], known: bool = True) -> Reply:
    sent = [*headers, *([JSON] if body else []), *([CALLER] if known else [])]
    return call(API, method, PREFIX.encode() + path.encode(), headers=sent, body=[body])


def test_segments_are_decoded_after_the_path_was_taken_apart() -> None:
    reply = ask("GET", "things/iso6523-actorid-upis%3A%3A0088%3Aa%2Fb%23c?x=1&y=")
    assert reply.json() == {
        "path": {"name": "iso6523-actorid-upis::0088:a/b#c"},
        "query": {"x": "1", "y": ""},
        "body": None,
    }


def test_first_route_that_fits_counts() -> None:
    assert ask("GET", "things/special").json() == "the literal one"


@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_whatever_a_name_holds_it_arrives_as_it_was(name: str) -> None:
    assert ask("GET", f"things/{quote(name, safe='')}").json()["path"] == {"name": name}


def test_answer_without_content_is_204() -> None:
    reply = ask("DELETE", "things/1")
    assert (reply.status, reply.body) == (204, b"")


def test_head_is_get_without_the_bytes() -> None:
    reply = ask("HEAD", "things")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 2


def test_unknown_path_is_404_and_unknown_method_names_the_others() -> None:
    assert ask("GET", "nothing").status == 404
    assert ask("GET", "things/").status == 404, "an empty segment names nothing"
    reply = ask("PUT", "things")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")


def test_caller_without_a_certificate_is_refused_before_the_body_is_read() -> None:
    reply = ask("POST", "things", b"{", known=False)
    assert (reply.status, reply.json()["detail"]) == (403, "[ERR-101] The caller showed no client certificate")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"a": 1, "a": 2}', [JSON], 400),
        (b"{", [JSON], 400),
        (b"\xff", [JSON], 400),
        (b"{}", [(b"content-type", b"text/plain")], 415),
        (b"[" + b" " * MAX_BYTES + b"]", [JSON], 413),
    ],
    ids=["member twice", "cut off", "not UTF-8", "another type", "too long"],
)
def test_body_that_cannot_be_read_is_refused(body: bytes, headers: list[tuple[bytes, bytes]], status: int) -> None:
    reply = call(API, "POST", f"{PREFIX}things".encode(), headers=[CALLER, *headers], body=[body])
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")


def test_request_that_ends_early_is_refused() -> None:
    path = f"{PREFIX}things".encode()
    assert call(API, "POST", path, headers=[CALLER, JSON], body=[b"{"], complete=False).status == 400


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("fails/sml", 404, "[ERR-100] The SMP 'SMP-1' doesn't exist"),
        ("fails/state", 409, "not now"),
        ("fails/technical", 503, "the database failed"),
        ("fails/unforeseen", 500, None),
    ],
)
def test_refusal_is_a_problem_that_tells_no_secret(path: str, status: int, detail: str | None) -> None:
    reply = ask("GET", path)
    assert (reply.status, reply.json().get("detail")) == (status, detail)
    assert b"secret" not in reply.body


def test_wrong_members_are_all_named() -> None:
    request = ApiRequest(Caller(None, ""), {}, body={"key": 1, "other": "x"})
    with pytest.raises(Exception, match=r"other.*participant.*key") as caught:
        request.members("participant", optional=["key"])
    assert len(caught.value.reasons) == 3  # type: ignore[attr-defined]


@given(body=st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_body_that_is_no_object_is_refused_with_what_is_wanted(body: Any) -> None:
    with pytest.raises(Exception, match="a JSON object is wanted, with key"):
        ApiRequest(Caller(None, ""), {}, body=body).members("key")


# What an SMP sees of itself


def own(offline: OfflineInstance, path: str, certificate: x509.Certificate | None = None) -> Reply:
    app = publisher_api(offline.instance, caller_of=lambda scope, request_id: offline.caller(certificate))
    return call(app, "GET", PREFIX.encode() + path.encode())


@pytest.fixture(scope="session")
def stranger(pki) -> x509.Certificate:
    """The certificate of another SMP of the same network."""
    mine = pki.smp.certificate
    validity = {"not_before": mine.not_valid_before_utc, "not_after": mine.not_valid_after_utc}
    return pki.smp_ca.issue("SMP_STRANGER", "PEPPOL TEST SMP", **validity).certificate


def test_caller_sees_its_own_smps_and_no_others(offline: OfflineInstance, stranger: x509.Certificate) -> None:
    sml = offline.instance.sml
    sml.create_publisher(offline.caller(stranger), Publisher("STRANGER", "https://s.example.org/", "1.1.1.1"))
    assert [item["smp_id"] for item in own(offline, "publishers").json()["items"]] == [SMP_ID]
    assert [item["smp_id"] for item in own(offline, "publishers", stranger).json()["items"]] == ["STRANGER"]
    assert own(offline, "publishers/STRANGER").status == 403
    assert own(offline, "publishers/NOBODY").json()["detail"] == "[ERR-100] The SMP 'NOBODY' doesn't exist"


def test_smp_sees_its_certificates_with_their_windows(offline: OfflineInstance) -> None:
    shown = own(offline, f"publishers/{SMP_ID.lower()}").json()
    assert (shown["smp_id"], shown["domain"], shown["suspended"]) == (SMP_ID, "demo", False)
    (certificate,) = shown["certificates"]
    assert certificate["usable_from"].endswith("Z")
    assert certificate["usable_until"] is None
    assert "CN=" in certificate["subject"]
    assert json.dumps(shown).count("BEGIN") == 0


def test_smp_sees_how_far_the_jobs_are_that_change_what_it_has(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        (row,) = publishers.find(work.connection, [offline.stored.id], SMP_ID)
        job_id = enqueue(work, FOLLOW, {"publisher": row.id, "every": True}, total=9, domain_id=offline.stored.id)
        enqueue(work, FOLLOW, {"publisher": row.id + 1, "every": True}, domain_id=offline.stored.id)
        enqueue(work, "sign-documents", {"publisher": row.id}, domain_id=offline.stored.id)
    (job,) = own(offline, f"publishers/{SMP_ID}").json()["jobs"]
    assert job == {"id": job_id, "kind": FOLLOW, "state": "waiting", "done": 0, "total": 9}
