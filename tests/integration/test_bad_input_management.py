# SPDX-License-Identifier: Apache-2.0
"""Bad paths, tokens and requests at the management listener; what is refused changes nothing."""

import gzip
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from registry.accounts.tokens import create_token
from registry.app.participants import describe, each_participant
from registry.demo.content import INVOICE, ORDER
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import encode_segment, participant_path, service_path
from registry.metadata import Redirect, ServiceGroup
from registry.smp.documents.busdox import write_service_group, write_service_metadata
from registry.smp.documents.signing import verify_document
from tests.simulators.hostile import (
    Manager,
    assert_discreet,
    assert_problem,
    cheap,
    get,
    nothing_changed,
    request,
    send,
)
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.publications import Published


def participants(live: LiveInstance) -> set[str]:
    return {str(participant) for participant, _ in each_participant(live.instance, live.stored)}


# Paths


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (b"/iso6523-actorid-upis%3A%3A0088%3A%zz", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%f", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%ff", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%c0%af", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%ed%a0%80", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%00", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%0a", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%0d%0aSet-Cookie:%20a", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%c2%85", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A1/services/%0a", "URL-CONTROL"),
        (b"/domains/%0a/iso6523-actorid-upis%3A%3A0088%3A1", "URL-CONTROL"),
        (b"/no-scheme", "IDENTIFIER-FORM"),
        (b"/%3A%3Avalue", "IDENTIFIER-FORM"),
        (b"/scheme%3A%3A", "IDENTIFIER-FORM"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_segment_that_cannot_be_decoded_is_refused_with_its_reason(
    shared_live: LiveInstance, manager: Manager, published: Published, method: str, target: bytes, reason: str
) -> None:
    with nothing_changed(shared_live):
        answer = manager.call(method, target, published.group if method == "PUT" else None)
    assert_problem(answer, 400, reason)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "//",
        "//iso6523-actorid-upis%3A%3A0088%3A1",
        "/iso6523-actorid-upis%3A%3A0088%3A1//",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services/",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services//",
        "/iso6523-actorid-upis%3A%3A0088%3A1/Services/a%3A%3Ab",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services/a%3A%3Ab/c",
        "/x/../iso6523-actorid-upis%3A%3A0088%3A1",
        "/./iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/demo",
        "/domains/demo/",
        "/domains//iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/nix/iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/../demo/iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/%2e%2e%2fdemo/iso6523-actorid-upis%3A%3A0088%3A1",
        "/" + "a" * 10_000 + "/x",
        "*",
    ],
)
def test_path_that_is_none_of_an_smp_is_not_found(
    shared_live: LiveInstance, manager: Manager, published: Published, target: str
) -> None:
    with nothing_changed(shared_live):
        assert_problem(manager.put(target, published.group), 404, kind="not-found")


def test_query_string_changes_nothing_about_a_write(manager: Manager, fresh: Published) -> None:
    assert manager.put(f"{fresh.path}?id=other&x=%00", fresh.document).status == 201
    assert manager.delete(f"{fresh.path}?%zz").status == 204


@pytest.mark.parametrize("method", ["POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("target", ["/api/v1/health", "/metrics", "/a%3A%3Ab"])
def test_other_methods_are_refused_with_those_that_are_allowed(
    shared_live: LiveInstance, manager: Manager, method: str, target: str
) -> None:
    with nothing_changed(shared_live):
        answer = manager.call(method, target, b"" if method == "POST" else None)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert_discreet(answer.body)
    if answer.body:
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["status"] == 405


# Tokens


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer edr_wrong",
        "Bearer " + "a" * 10_000,
        b"Bearer \xff\xfe",
        "Basic dXNlcjpwYXNz",
        "Bearer ' OR 1=1 --",
        "Bearer {token} {token}",
        "{token}",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_write_without_a_good_token_is_401(
    shared_live: LiveInstance, manager: Manager, published: Published, method: str, authorization: str | bytes | None
) -> None:
    if isinstance(authorization, str):
        authorization = authorization.replace("{token}", manager.token)
    headers = () if authorization is None else (("Authorization", authorization),)
    body = b"<a/>" if method == "PUT" else None
    with nothing_changed(shared_live):
        raw = send(
            shared_live.addresses.manage,
            request(method, f"{published.path}?access_token={manager.token}", headers, body),
        )
    assert raw.startswith(b"HTTP/1.1 401 ")
    assert b"www-authenticate: Bearer\r\n" in raw
    assert manager.token.encode() not in raw
    assert_discreet(raw)


def test_expired_token_is_401(shared_live: LiveInstance, published: Published) -> None:
    token = create_token(shared_live.instance.database, ACTOR, "expired", lasts=timedelta(seconds=-1))
    with nothing_changed(shared_live):
        assert_problem(Manager(shared_live, token).delete(published.path), 401, kind="unauthenticated")


def test_token_of_another_domain_is_403(shared_live: LiveInstance, published: Published, strict: str) -> None:
    other = shared_live.instance.directory.get(strict)
    token = create_token(shared_live.instance.database, ACTOR, "other-domain", domain_id=other.id)
    stranger = Manager(shared_live, token)
    with nothing_changed(shared_live):
        assert_problem(stranger.put(published.path, published.document), 403, kind="forbidden")
        assert_problem(stranger.delete(published.group_path), 403, kind="forbidden")
        assert_problem(stranger.delete(f"/domains/demo{published.group_path}"), 403, kind="forbidden")


def test_100_megabytes_of_a_stranger_are_not_read(shared_live: LiveInstance, published: Published) -> None:
    chunk = b"%x\r\n%s\r\n" % (500_000, b"x" * 500_000)
    sent = request("PUT", published.path, (("Transfer-Encoding", "chunked"),))
    with nothing_changed(shared_live), cheap():
        raw = send(shared_live.addresses.manage, sent, *[chunk] * 200)
    assert raw.startswith(b"HTTP/1.1 401 ")


# Sloppy integrators


def test_compressed_body_is_not_guessed_at(shared_live: LiveInstance, manager: Manager, published: Published) -> None:
    compressed = gzip.compress(published.document.encode())
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.path, compressed, (("Content-Encoding", "gzip"),)), 400)


def test_multipart_form_is_not_guessed_at(shared_live: LiveInstance, manager: Manager, published: Published) -> None:
    form = f'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n{published.document}\r\n--x--\r\n'
    headers = (("Content-Type", "multipart/form-data; boundary=x"),)
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.path, form, headers), 400, "XML_NOT_WELL_FORMED")


def test_second_delete_is_404_and_changes_nothing(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    assert manager.put(fresh.path, fresh.document).status == 201
    assert manager.delete(fresh.path).status == 204
    with nothing_changed(shared_live):
        assert_problem(manager.delete(fresh.path), 404, kind="not-found")
    assert manager.delete(fresh.group_path).status == 204
    with nothing_changed(shared_live):
        assert_problem(manager.delete(fresh.group_path), 404, kind="not-found")
        assert_problem(manager.delete(fresh.path), 404, kind="not-found")


def test_repeated_put_says_that_nothing_changed_by_leaving_no_trace(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    with nothing_changed(shared_live):
        assert manager.put(published.path, published.document).status == 200
        assert manager.put(published.group_path, published.group).status == 200


def test_document_signed_by_a_stranger_is_taken_for_its_content_and_signed_by_us(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    signature = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/></ds:Signature>'
    end = "</smp:SignedServiceMetadata>"
    assert manager.put(fresh.path, fresh.document.replace(end, signature + end)).status == 201
    verified = verify_document(get(shared_live, fresh.path).body)
    assert verified.certificate == shared_live.pki.smp.certificate


def test_request_that_breaks_off_in_its_body_changes_nothing(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    headers = (("Authorization", f"Bearer {manager.token}"), ("Content-Length", str(len(fresh.document) + 1)))
    with nothing_changed(shared_live):
        broken_off(shared_live.addresses.manage, request("PUT", fresh.path, headers, fresh.document.encode()))
        assert_problem(manager.delete(fresh.path), 404)


def broken_off(url: str, data: bytes) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


# State


def test_participant_of_another_smp_cannot_be_published(
    shared_live: LiveInstance, manager: Manager, second: Path
) -> None:
    taken = ParticipantIdentifier(ISO6523, "0088:of-another")
    with shared_live.sml_client(second) as sml:
        sml.create_participants("SMP-SECOND", [taken])
    group = write_service_group(ServiceGroup(taken), "https://x.example.org")
    with nothing_changed(shared_live):
        assert_problem(manager.put(participant_path(taken), group), 409, kind="conflict")
    assert str(taken) not in participants(shared_live)
    assert describe(shared_live.instance, shared_live.stored, taken)["registered_by"] == "SMP-SECOND"


def test_participant_with_an_open_migration_cannot_be_deleted(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    with shared_live.sml_client() as sml:
        sml.prepare_migration("SMP-TEST", fresh.metadata.participant, "Ab1@Cd2#Ef3!")
    with nothing_changed(shared_live):
        assert_problem(manager.delete(fresh.group_path), 409, kind="conflict")
    assert get(shared_live, fresh.group_path).status == 200


def test_redirect_and_endpoints_replace_each_other_whole(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    (group,) = fresh.metadata.process_metadata
    href = f"https://other.example.org{fresh.path}"
    redirect = replace(group, processes=(), endpoints=(), redirect=Redirect(href, "CN=OTHER,C=BE"))
    redirected = write_service_metadata(replace(fresh.metadata, process_metadata=(redirect,)))
    assert manager.put(fresh.path, fresh.document).status == 201
    assert manager.put(fresh.path, redirected).status == 200
    assert b"<smp:Endpoint" not in get(shared_live, fresh.path).body
    assert manager.put(fresh.path, fresh.document).status == 200
    assert b"Redirect" not in get(shared_live, fresh.path).body


def test_identifier_is_found_under_every_encoding_of_its_path_and_no_other(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    raw = published.path.replace("%3A", ":")
    assert manager.put(raw, published.document).status == 200
    lower = published.path.replace("%3A", "%3a")
    assert get(shared_live, lower).body == get(shared_live, raw).body
    twice = encode_segment(published.path[1:])
    with nothing_changed(shared_live):
        assert_problem(manager.put(f"/{twice}", published.document), 400)
    other = service_path(published.metadata.participant, ORDER)
    assert str(INVOICE) != str(ORDER)
    assert get(shared_live, other).status == 404
