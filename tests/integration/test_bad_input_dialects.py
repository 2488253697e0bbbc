# SPDX-License-Identifier: Apache-2.0
"""Bad input in the dialects of other SMPs' management, at a listener: refused in their form, and nothing changes."""

import base64

import pytest
from lxml import etree

from tests.simulators.hostile import Manager, assert_discreet, nothing_changed, request, send
from tests.simulators.live import LiveInstance
from tests.simulators.publications import Published

PREFIXES = ["/phoss", "/domismp"]


def basic(text: bytes) -> str:
    return f"Basic {base64.b64encode(text).decode()}"


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic ====",
        "Basic \xff",
        basic(b""),
        basic(b":"),
        basic(b"user"),
        basic(b"user:{token}"),
        basic(b"\xff\xfe:\xff"),
        basic(b"' OR 1=1 --:' OR 1=1 --"),
        basic(b"a" * 20_000),
        "Bearer edr_wrong",
    ],
)
def test_caller_who_is_not_known_is_refused_in_the_form_of_the_dialect(
    shared_live: LiveInstance, manager: Manager, published: Published, prefix: str, authorization: str | None
) -> None:
    if authorization == basic(b"user:{token}"):
        authorization = basic(f"user:{manager.token}".encode())
    headers = () if authorization is None else (("Authorization", authorization.encode("latin-1")),)
    with nothing_changed(shared_live):
        for method, body in (("PUT", b"<a/>"), ("DELETE", None)):
            raw = send(shared_live.addresses.manage, request(method, f"{prefix}{published.group_path}", headers, body))
            assert raw.startswith(b"HTTP/1.1 403 " if prefix == "/phoss" else b"HTTP/1.1 401 ")
            assert (b"www-authenticate: Basic" in raw) == (prefix == "/domismp")
            assert manager.token.encode() not in raw
            assert_discreet(raw)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "//",
        "/complete",
        "/complete/",
        "/complete/%ff",
        "/complete/%00",
        "/complete/x",
        "/list/%0d%0aSet-Cookie:%20a",
        "/list//",
        "/servicegroupids",
        "/businesscard/",
        "/businesscard/%zz",
        "/domains/nix/a%3A%3Ab",
        "/../phoss/a%3A%3Ab",
        "/phoss/phoss/phoss",
        "/%2e%2e/a%3A%3Ab",
        "/a%3A%3Ab/services/c%3A%3Ad/e",
        "/a%3A%3Ab/services/c%3A%3Ad/%ff",
        "/<x>&amp;'\"/y",
        "/" + "a" * 10_000,
        "?create-in-sml=" + "a" * 5_000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_path_that_means_nothing_is_refused(
    shared_live: LiveInstance, manager: Manager, prefix: str, method: str, target: str
) -> None:
    with nothing_changed(shared_live):
        answer = manager.call(method, prefix + target, b"<a/>" if method == "PUT" else None)
    assert answer.status in {400, 403, 404, 405}, answer.body
    assert "set-cookie" not in answer.headers
    assert_discreet(answer.body)
    if prefix == "/domismp" and answer.body and answer.headers["content-type"].startswith("text/xml"):
        etree.fromstring(answer.body)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"<",
        b"<a/>",
        b"[]",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b"<a>" * 5_000,
        b"\xef\xbb\xbf<a/>",
        b"<ServiceGroup xmlns='http://busdox.org/serviceMetadata/publishing/1.0/'/>",
        b"<ServiceGroup xmlns='http://docs.oasis-open.org/bdxr/ns/SMP/2016/05'/>",
    ],
)
def test_body_that_is_no_document_is_refused(
    shared_live: LiveInstance, manager: Manager, published: Published, prefix: str, body: bytes
) -> None:
    with nothing_changed(shared_live):
        for path in (published.group_path, published.path):
            answer = manager.put(prefix + path, body)
            assert answer.status == 400
            assert_discreet(answer.body)


@pytest.mark.parametrize(
    "domain", ["nix", "'; DROP TABLE domain", "<x>&\x01", b"\xff\xfe", "demo,demo", "a" * 5_000, "../demo"]
)
def test_domain_header_that_names_none_is_404_and_quoted_safely(
    shared_live: LiveInstance, manager: Manager, published: Published, domain: str | bytes
) -> None:
    with nothing_changed(shared_live):
        answer = manager.put(f"/domismp{published.group_path}", published.group, (("Domain", domain),))
    assert answer.status in {400, 404}
    if answer.status == 404:
        assert etree.fromstring(answer.body).findtext("{ec:services:SMP:1.0}BusinessCode") == "NOT_FOUND"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_participant_whose_name_is_markup_is_quoted_as_text(manager: Manager, prefix: str) -> None:
    answer = manager.delete(f"{prefix}/iso6523-actorid-upis%3A%3A%3Cscript%3E%26%EF%BF%BE")
    assert answer.status in {400, 404}
    assert b"<script>" not in answer.body or answer.headers["content-type"].startswith("text/plain")
    if prefix == "/domismp":
        etree.fromstring(answer.body)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "query",
    ["create-in-sml", "create-in-sml=", "create-in-sml=no", "%zz=%ff&=&&", "a=b;c=d"],
    ids=["without-equals", "empty", "no", "broken-escapes", "semicolons"],
)
def test_query_that_means_nothing_changes_nothing_about_a_write(
    manager: Manager, fresh: Published, prefix: str, query: str
) -> None:
    assert manager.put(f"{prefix}{fresh.path}?{query}", fresh.document).status in {200, 201}
    assert manager.delete(f"{prefix}{fresh.path}?{query}").status == 200
