# SPDX-License-Identifier: Apache-2.0
"""The SML listener: HTTP around the messages, callers, faults, WSDL."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from lxml import etree

from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.envelope import EMPTY, MAX_BYTES, read_response
from registry.sml.errors import FaultKind
from registry.sml.faults import is_fault, read_fault
from registry.sml.messages import (
    CreateParticipants,
    CreatePublisher,
    DeleteParticipants,
    DeletePublisher,
    ListParticipants,
    Migrate,
    PrepareMigration,
    ReadPublisher,
    Request,
    UpdatePublisher,
    read_page,
    read_publisher,
    write_request,
)
from registry.sml.model import Caller, ParticipantPage, Publisher
from registry.sml.soap import SmlSoapApp, tls_caller
from registry.sml.wsdl import SERVICES
from tests.simulators.sml_operations import BROKEN_SMP, MOVING_SMP, InMemoryLocator, caller_by_header, certificate, pem

BASE = "/edelivery-sml"
METADATA = f"{BASE}/manageservicemetadata"
IDENTIFIER = f"{BASE}/manageparticipantidentifier"
PUBLIC = "https://sml.example.org/edelivery-sml"
XML = "text/xml; charset=utf-8"
ONE, TWO = (ParticipantIdentifier("iso6523-actorid-upis", f"0088:{number}") for number in (1, 2))
SMP = Publisher("SMP-1", "https://smp.example.org/", "192.0.2.1")
READ = write_request(ReadPublisher("SMP-1"))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    received: int
    """How many chunks of the request were asked for."""

    @property
    def element(self) -> etree._Element | None:
        return read_response(self.body)


def locator_app(locator: InMemoryLocator | None = None, **options: Any) -> SmlSoapApp:
    options.setdefault("caller_of", caller_by_header)
    return SmlSoapApp(locator or InMemoryLocator(), public_url=PUBLIC, **options)


def send(
    app: SmlSoapApp,
    path: str,
    body: bytes | Iterable[bytes] = b"",
    *,
    method: str = "POST",
    query: bytes = b"",
    headers: dict[str, str] | None = None,
    ended: bool = True,
    **scope: Any,
) -> Answer:
    """One request without a server; `body` as chunks comes in chunks, and `ended=False` hangs up before the end."""
    chunks = iter([body] if isinstance(body, bytes) else body)
    sent: list[dict[str, Any]] = []
    received = 0
    default = {"content-type": XML, "x-test-caller": "one"}

    async def receive() -> dict[str, Any]:
        nonlocal received
        chunk = next(chunks, None)
        if chunk is None:
            return {"type": "http.request"} if ended else {"type": "http.disconnect"}
        received += 1
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def keep(message: Any) -> None:
        sent.append(message)

    request = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in (headers or default).items()],
        "client": ("192.0.2.7", 1234),
        **scope,
    }
    asyncio.run(app(request, receive, keep))
    start, content = sent
    answered = {name.decode(): value.decode() for name, value in start["headers"]}
    assert answered["content-length"] == str(len(content["body"]))
    assert re.fullmatch("[0-9a-f]{32}", answered["x-request-id"])
    return Answer(start["status"], answered, content["body"], received)


def ask(app: SmlSoapApp, request: Request, caller: str = "one") -> Answer:
    paths = {operation.request: f"{BASE}/{service.path}" for service in SERVICES for operation in service.operations}
    return send(
        app,
        paths[request.element],
        write_request(request),
        headers={"content-type": XML, "x-test-caller": caller},
    )


def fault(answer: Answer) -> tuple[FaultKind, str]:
    element = answer.element
    assert element is not None
    assert is_fault(element)
    error = read_fault(element)
    assert element.findtext("faultstring") == f"{error} [{answer.headers['x-request-id']}]"
    return error.kind, str(error)


def protocol_fault(answer: Answer) -> str:
    element = answer.element
    assert element is not None
    assert element.find("detail") is None
    return element.findtext("faultcode") or ""


# Operations.


def test_every_operation_reaches_the_locator() -> None:
    locator = InMemoryLocator()
    app = locator_app(locator)
    moved = Publisher("SMP-1", "https://moved.example.org/", "192.0.2.2")
    for request, caller in (
        (CreatePublisher(SMP), "one"),
        (UpdatePublisher(moved), "one"),
        (CreateParticipants("SMP-1", (ONE, TWO)), "one"),
        (DeleteParticipants("SMP-1", (TWO,)), "one"),
        (CreatePublisher(Publisher("SMP-2", "https://b.example.org/", "")), "other"),
        (PrepareMigration("SMP-1", ONE, "11AAbb$$"), "one"),
        (Migrate("SMP-2", ONE, "11AAbb$$"), "other"),
    ):
        answer = ask(app, request, caller)
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, XML, EMPTY), request
    read = ask(app, ReadPublisher("SMP-1")).element
    assert read is not None
    assert read_publisher(read) == moved
    listed = ask(app, ListParticipants("SMP-2", None), "other").element
    assert listed is not None
    assert read_page(listed, "SMP-2") == ParticipantPage("SMP-2", (ONE,), None)
    ask(app, DeletePublisher("SMP-1"))
    assert list(locator.publishers) == ["SMP-2"]


@pytest.mark.parametrize(
    "action",
    [
        None,
        "",
        '""',
        '"http://busdox.org/serviceMetadata/ManageServiceMetadataService/1.0/:readIn"',
        '"http://busdox.org/serviceMetadata/ManageServiceMetadataService/1.0/         :readIn"',
        "http://busdox.org/serviceMetadata/ManageServiceMetadataService/1.0/:deleteIn",
        '"urn:nonsense"',
    ],
)
def test_soap_action_never_decides(action: str | None) -> None:
    app = locator_app()
    ask(app, CreatePublisher(SMP))
    headers = {"content-type": XML, "x-test-caller": "one"} | ({} if action is None else {"soapaction": action})
    element = send(app, METADATA, READ, headers=headers).element
    assert element is not None
    assert read_publisher(element) == SMP


def test_request_id_is_that_of_the_caller_and_new_for_each_call() -> None:
    locator = InMemoryLocator()
    app = locator_app(locator)
    answers = [ask(app, ReadPublisher("SMP-1")) for _ in range(2)]
    assert locator.calls == [answer.headers["x-request-id"] for answer in answers]
    assert len(set(locator.calls)) == 2


def test_operations_run_where_the_application_says() -> None:
    places: list[str] = []

    async def run_here(function: Callable[[], bytes]) -> bytes:
        places.append("here")
        return function()

    assert ask(locator_app(run_blocking=run_here), CreatePublisher(SMP)).body == EMPTY
    assert places == ["here"]


# Faults.


def test_refusal_is_a_fault_with_status_500() -> None:
    answer = ask(locator_app(), ReadPublisher("SMP-1"))
    assert (answer.status, answer.headers["content-type"]) == (500, XML)
    assert fault(answer) == (FaultKind.NOT_FOUND, "[ERR-100] The SMP 'SMP-1' doesn't exist")


def test_refusal_has_the_status_of_the_icd_when_asked_for() -> None:
    app = locator_app(icd_status_codes=True)
    assert ask(app, ReadPublisher("SMP-1")).status == 404
    assert ask(app, ReadPublisher("SMP-1"), caller="").status == 401
    assert send(app, METADATA, b"<x/>").status == 400
    assert ask(app, ReadPublisher(BROKEN_SMP)).status == 500


def test_refusal_by_the_domain_says_why(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(locator_app(), ReadPublisher(MOVING_SMP))
    assert (answer.status, fault(answer)) == (500, (FaultKind.INTERNAL_ERROR, "[ERR-105] the domain is moving in"))
    assert caplog.records == []


def test_unforeseen_error_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = ask(locator_app(), ReadPublisher(BROKEN_SMP))
    assert answer.status == 500
    assert fault(answer) == (FaultKind.INTERNAL_ERROR, "[ERR-105] technical error")
    assert b"secret detail" not in answer.body
    (record,) = caplog.records
    assert answer.headers["x-request-id"] in record.getMessage()
    assert record.exc_info is not None
    assert "secret detail" in str(record.exc_info[1])


def test_malformed_message_is_a_bad_request() -> None:
    kind, text = fault(send(locator_app(), METADATA, b"not xml"))
    assert kind is FaultKind.BAD_REQUEST
    assert text.startswith("[ERR-106] The message is refused: ")


def test_request_of_the_other_service_is_a_bad_request() -> None:
    assert "manageparticipantidentifier does not know" in fault(send(locator_app(), IDENTIFIER, READ))[1]


def test_other_soap_version_is_a_version_mismatch() -> None:
    data = READ.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope")
    answer = send(locator_app(), METADATA, data)
    assert (answer.status, protocol_fault(answer)) == (500, "S:VersionMismatch")


def test_header_that_must_be_understood_is_a_must_understand_fault() -> None:
    header = b'<S:Header><t:Tx xmlns:t="urn:t" S:mustUnderstand="1"/></S:Header><S:Body>'
    answer = send(locator_app(), METADATA, READ.replace(b"<S:Body>", header))
    assert (answer.status, protocol_fault(answer)) == (500, "S:MustUnderstand")


# Callers.


def test_caller_without_certificate_is_refused_before_the_message_is_read() -> None:
    locator = InMemoryLocator()
    answer = send(locator_app(locator), METADATA, b"not even xml", headers={"content-type": XML})
    assert fault(answer) == (FaultKind.UNAUTHORIZED, "[ERR-101] The caller showed no client certificate")
    assert locator.calls == []


def test_caller_is_the_first_certificate_of_the_tls_extension() -> None:
    scope = {
        "extensions": {"tls": {"client_cert_chain": [pem("one"), pem("issuer")]}},
        "client": ("192.0.2.7", 1234),
    }
    assert tls_caller(scope, "0123") == Caller(certificate("one"), "0123", "192.0.2.7")


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"extensions": None, "client": None},
        {"extensions": {}},
        {"extensions": {"tls": None}},
        {"extensions": {"tls": {"client_cert_chain": []}}},
        {"extensions": {"tls": {"client_cert_chain": None}}},
    ],
)
def test_connection_without_certificate_has_a_caller_without_one(scope: dict[str, Any]) -> None:
    assert tls_caller(scope, "0123") == Caller(None, "0123", "")


def test_certificate_that_can_not_be_read_is_err_102() -> None:
    answer = send(
        locator_app(caller_of=tls_caller), METADATA, READ, extensions={"tls": {"client_cert_chain": ["garbage"]}}
    )
    assert fault(answer) == (FaultKind.UNAUTHORIZED, "[ERR-102] The client certificate can't be read")


def test_default_caller_is_the_one_of_the_tls_extension() -> None:
    locator = InMemoryLocator()
    app = SmlSoapApp(locator, public_url=PUBLIC)
    tls = {"tls": {"client_cert_chain": [pem("one")]}}
    assert send(app, METADATA, write_request(CreatePublisher(SMP)), extensions=tls).status == 200
    assert locator.owners["SMP-1"] == certificate("one")


# HTTP.


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(method: str) -> None:
    answer = send(locator_app(), METADATA, READ, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_post_to_the_base_path_is_not_allowed() -> None:
    answer = send(locator_app(), BASE, READ)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/other", f"{BASE}x", f"{METADATA}/x", "/manageservicemetadata"])
def test_other_paths_are_not_found(path: str) -> None:
    assert send(locator_app(), path, READ).status == 404
    assert send(locator_app(), path, method="GET").status == 404


def test_trailing_slash_is_tolerated() -> None:
    assert ask(locator_app(), CreatePublisher(SMP)).status == 200
    assert send(locator_app(), f"{METADATA}/", write_request(CreatePublisher(SMP))).status == 200


def test_base_path_can_be_another_or_none() -> None:
    for base, path in (("/sml/", "/sml/manageservicemetadata"), ("", "/manageservicemetadata")):
        app = locator_app(base_path=base)
        assert send(app, path, write_request(CreatePublisher(SMP))).status == 200
        assert send(app, base or "/", method="GET").status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "TEXT/XML; Charset=UTF-8",
        'text/xml; charset="utf-8"',
        "text/xml;charset=us-ascii",
        "application/xml",
        'text/xml; action="urn:x"',
    ],
)
def test_xml_in_utf_8_is_accepted(content_type: str) -> None:
    headers = {"content-type": content_type, "x-test-caller": "one"}
    assert send(locator_app(), METADATA, write_request(CreatePublisher(SMP)), headers=headers).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/soap+xml",
        "application/json",
        "multipart/related; type=text/xml",
        "text/xml; charset=utf-16",
        "text/xml; charset=iso-8859-1",
    ],
)
def test_other_content_is_an_unsupported_media_type(content_type: str) -> None:
    headers = {"content-type": content_type, "x-test-caller": "one"}
    answer = send(locator_app(), METADATA, READ, headers=headers)
    assert (answer.status, answer.headers["accept"]) == (415, "text/xml")


def test_missing_content_type_is_an_unsupported_media_type() -> None:
    assert send(locator_app(), METADATA, READ, headers={"x-test-caller": "one"}).status == 415


def test_announced_length_over_the_limit_is_refused_unread() -> None:
    headers = {"content-type": XML, "content-length": str(MAX_BYTES + 1)}
    answer = send(locator_app(), METADATA, READ, headers=headers)
    assert (answer.status, answer.received, answer.headers["connection"]) == (413, 0, "close")


@pytest.mark.parametrize("announced", [{}, {"content-length": "5"}, {"content-length": "x"}])
def test_body_is_counted_while_it_comes(announced: dict[str, str]) -> None:
    chunk = b" " * 100_000
    headers = {"content-type": XML, "x-test-caller": "one", **announced}
    answer = send(locator_app(), METADATA, (chunk for _ in range(1000)), headers=headers)
    assert answer.status == 413
    assert answer.received == MAX_BYTES // len(chunk) + 1


def test_body_of_exactly_the_limit_is_read() -> None:
    padded = write_request(CreatePublisher(SMP)).ljust(MAX_BYTES)
    assert send(locator_app(), METADATA, padded).status == 200


def test_body_in_chunks_is_put_together() -> None:
    data = write_request(CreatePublisher(SMP))
    assert send(locator_app(), METADATA, [data[:100], b"", data[100:]]).status == 200


def test_message_that_ends_early_changes_nothing() -> None:
    locator = InMemoryLocator()
    answer = send(locator_app(locator), METADATA, write_request(CreatePublisher(SMP)), ended=False)
    assert answer.status == 400
    assert locator.calls == []


def test_other_protocols_than_http_are_not_served() -> None:
    async def nothing(*_: Any) -> Any:
        return {}

    with pytest.raises(NotImplementedError):
        asyncio.run(locator_app()({"type": "lifespan"}, nothing, nothing))


# Descriptions.


@pytest.mark.parametrize("path", [METADATA, IDENTIFIER])
@pytest.mark.parametrize("query", [b"wsdl", b"WSDL"])
def test_wsdl_names_the_configured_address_and_never_the_host_header(path: str, query: bytes) -> None:
    answer = send(locator_app(), path, method="GET", query=query, headers={"host": "evil.example"})
    assert (answer.status, answer.headers["content-type"]) == (200, XML)
    assert b"evil.example" not in answer.body
    addresses = etree.fromstring(answer.body).iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")
    assert [address.get("location") for address in addresses] == [PUBLIC + path.removeprefix(BASE)]


@pytest.mark.parametrize("path", [METADATA, IDENTIFIER])
def test_schemas_are_where_the_wsdl_says(path: str) -> None:
    query, seen = "wsdl", []
    while query:
        document = etree.fromstring(send(locator_app(), path, method="GET", query=query.encode()).body)
        imported = document.find(".//{http://www.w3.org/2001/XMLSchema}import")
        location = "" if imported is None else imported.get("schemaLocation", "")
        assert not location or location.startswith(PUBLIC + path.removeprefix(BASE) + "?")
        query = location.partition("?")[2]
        seen.append(query)
    assert seen == ["xsd=locator", "xsd=identifiers", ""]


@pytest.mark.parametrize("query", [b"xsd=other", b"xsd", b"xsd=../wsdl.py", b"xsd=%6cocator"])
def test_unknown_schema_is_not_found(query: bytes) -> None:
    assert send(locator_app(), METADATA, method="GET", query=query).status == 404


@pytest.mark.parametrize("path", [BASE, f"{BASE}/", METADATA, IDENTIFIER])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_page_names_both_services_and_their_wsdls(path: str, method: str) -> None:
    answer = send(locator_app(), path, method=method, headers={"host": "evil.example"})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    for service in SERVICES:
        assert f"{PUBLIC}/{service.path}?wsdl" in answer.body.decode()
    assert b"evil.example" not in answer.body
