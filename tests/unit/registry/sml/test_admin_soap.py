# SPDX-License-Identifier: Apache-2.0
"""Refusals of the admin service are faults that its operations declare, and answers fit the genuine schema."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from registry.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    Reason,
    RegistryError,
    TechnicalError,
    UnauthorizedError,
    ValidationError,
)
from registry.sml.admin_model import (
    Alias,
    DnsRecord,
    Nothing,
    Property,
    ReportStatus,
    SubDomain,
    SubDomainCertificate,
    TruststoreCertificate,
)
from registry.sml.admin_soap import AdminSoapApp, told
from registry.sml.envelope import envelope, read_response
from registry.sml.errors import FaultKind, SmlError
from registry.sml.faults import is_fault, read_fault
from registry.sml.wsdl import ADMIN_DATA, BDMSL_ADMIN, LOCATOR
from tests.simulators.asgi import call
from tests.simulators.sml_operations import caller_by_header

OPERATIONS = {operation.name: operation for operation in BDMSL_ADMIN.operations}
PATH = b"/edelivery-sml/bdmsladminservice"
FULL = SubDomain("a.b", "d <&>", "b", "^.*$", "naptr", "all", "CN=.*", "1.2,1.3", 7, 8)
CERTIFICATE = SubDomainCertificate(
    "a.b", is_root=True, is_admin=False, identifier="CN=x:1", alias="a", crl_url="http://c"
)
RECORD = DnsRecord("NAPTR", "x.a.b", "a.b", "!.*!https://a!", "Meta:SMP")
TRUSTSTORE = TruststoreCertificate(b"\x01", "a")
ANSWERS: dict[str, Any] = {
    "ChangeCertificate": Nothing(),
    "GenerateInconsistencyReport": ReportStatus("<text> & more"),
    **dict.fromkeys(("CreateSubDomain", "UpdateSubDomain", "DeleteSubDomain", "GetSubDomain"), FULL),
    **dict.fromkeys(("AddSubDomainCertificate", "UpdateSubDomainCertificate"), CERTIFICATE),
    "ListSubDomainCertificate": [CERTIFICATE, CERTIFICATE],
    **dict.fromkeys(
        ("AddTruststoreCertificate", "GetTruststoreCertificate", "DeleteTruststoreCertificate"), TRUSTSTORE
    ),
    "ListTruststoreCertificateAliases": [Alias("a"), Alias("b&c")],
    "AddDNSRecord": RECORD,
    "DeleteDNSRecord": [RECORD],
    **dict.fromkeys(("SetProperty", "GetProperty", "DeleteProperty"), Property("k", "v", "d")),
    "ClearCache": Nothing(),
}
NAME = "<SubDomainName>a.b</SubDomainName>"
KEY = "<Key>k</Key>"
REQUESTS = {
    "ChangeCertificate": f'<ServiceMetadataPublisherID xmlns="{LOCATOR}">S</ServiceMetadataPublisherID>'
    "<newCertificatePublicKey>AQ==</newCertificatePublicKey>",
    "GenerateInconsistencyReport": "<ReceiverEmailAddress>a@b</ReceiverEmailAddress>",
    "CreateSubDomain": f"{NAME}<DNSZone>b</DNSZone><ParticipantRegularExpression>.*</ParticipantRegularExpression>"
    "<DNSRecordType>naptr</DNSRecordType><SmpUrlScheme>all</SmpUrlScheme>",
    **dict.fromkeys(("UpdateSubDomain", "DeleteSubDomain", "GetSubDomain"), NAME),
    "AddSubDomainCertificate": f"{NAME}<IsRootCertificate>1</IsRootCertificate><IsAdminCertificate>0"
    "</IsAdminCertificate><CertificatePublicKey>AQ==</CertificatePublicKey>",
    "UpdateSubDomainCertificate": "<CertificateDomainId>x</CertificateDomainId>",
    "ListSubDomainCertificate": "",
    "AddTruststoreCertificate": "<CertificatePublicKey>AQ==</CertificatePublicKey>",
    **dict.fromkeys(("GetTruststoreCertificate", "DeleteTruststoreCertificate"), "<Alias>a</Alias>"),
    "ListTruststoreCertificateAliases": "",
    "AddDNSRecord": "<Type>A</Type><Name>x.b</Name><DNSZone>b</DNSZone><Value>192.0.2.1</Value>",
    "DeleteDNSRecord": "<Name>x.b</Name><DNSZone>b</DNSZone>",
    "SetProperty": f"{KEY}<Value>v</Value>",
    **dict.fromkeys(("GetProperty", "DeleteProperty"), KEY),
    "ClearCache": "",
}


class Answering:
    """Implements every operation by one function."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer

    def __getattr__(self, _name: str) -> Any:
        return lambda _caller, _request: self._answer()


def ask(operation: str, answer: Callable[[], Any], *, caller: str = "one", **options: Any) -> tuple[int, Any]:
    """The status, and the element in the body of the answer."""
    element = OPERATIONS[operation].request
    body = envelope(f'<{element} xmlns="{ADMIN_DATA}">{REQUESTS[operation]}</{element}>')
    app = AdminSoapApp(Answering(answer), public_url="https://a.example", caller_of=caller_by_header, **options)
    headers = [(b"content-type", b"text/xml"), *([(b"x-test-caller", caller.encode())] if caller else [])]
    reply = call(app, "POST", PATH, headers=headers, body=[body])
    return reply.status, read_response(reply.body)


def failing(error: Exception) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


@pytest.mark.parametrize("operation", OPERATIONS)
def test_answer_is_valid_by_the_genuine_schema(corpus: Path, operation: str) -> None:
    status, body = ask(operation, lambda: ANSWERS[operation])
    assert status == 200
    if OPERATIONS[operation].response is None:
        assert body is None
        return
    genuine = etree.XMLSchema(file=str(corpus / "sml" / "wsdl-icd-1.30" / "BDMSLAdminService-1.0.xsd"))
    genuine.assertValid(etree.fromstring(etree.tostring(body)))
    assert etree.QName(body).localname == OPERATIONS[operation].response


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            ValidationError([Reason("A", "one"), Reason("B", "two")]),
            FaultKind.BAD_REQUEST,
            "[ERR-106] one [A]; two [B]",
        ),
        (AlreadyExistsError("there"), FaultKind.BAD_REQUEST, "[ERR-106] there"),
        (ConflictError("not now"), FaultKind.BAD_REQUEST, "[ERR-106] not now"),
        (ConfigurationError("settings"), FaultKind.BAD_REQUEST, "[ERR-106] settings"),
        (NotFoundError("nothing"), FaultKind.NOT_FOUND, "[ERR-106] nothing"),
        (UnauthorizedError("no"), FaultKind.UNAUTHORIZED, "[ERR-101] no"),
        (SmlError(FaultKind.NOT_FOUND, 115, "none"), FaultKind.NOT_FOUND, "[ERR-115] none"),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, RegistryError) else None,
)
def test_each_refusal_is_a_declared_fault(error: RegistryError, kind: FaultKind, text: str) -> None:
    for operation in BDMSL_ADMIN.operations:
        found = told(error, operation)
        assert found.kind in operation.faults
        assert found.kind == (kind if kind in operation.faults else FaultKind.BAD_REQUEST)
        assert str(found) == text


@pytest.mark.parametrize(
    "error", [TechnicalError("a secret"), RuntimeError("a secret")], ids=["technical", "unforeseen"]
)
def test_of_what_failed_here_nothing_is_told(error: Exception) -> None:
    status, body = ask("GetSubDomain", failing(error))
    assert status == 500
    assert is_fault(body)
    assert str(read_fault(body)) == "[ERR-105] technical error"


def test_who_shows_no_certificate_is_refused_before_anything_is_read() -> None:
    status, body = ask("ClearCache", failing(AssertionError("asked")), caller="")
    assert status == 500
    assert read_fault(body).kind is FaultKind.UNAUTHORIZED


def test_codes_of_the_icd_are_an_option() -> None:
    assert ask("GetSubDomain", failing(NotFoundError("x")), icd_status_codes=True)[0] == 404


def test_services_for_smps_are_not_there() -> None:
    app = AdminSoapApp(Answering(lambda: None), public_url="https://a.example", caller_of=caller_by_header)
    assert call(app, "GET", b"/edelivery-sml/manageservicemetadata?wsdl").status == 404
    assert call(app, "GET", PATH + b"?wsdl").status == 200
    assert call(app, "GET", PATH + b"?xsd=admin").status == 200
