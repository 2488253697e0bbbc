# SPDX-License-Identifier: Apache-2.0
"""Every envelope of the corpus is understood, and every damaged one is refused.

ICD 1.30 §3: interfaces ManageServiceMetadata, ManageParticipantIdentifier, BDMSL and BDMSLAdmin.
"""

import copy
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.admin_model import DnsRecord, Property, ReportRequest, ReportStatus, SubDomain
from registry.sml.admin_soap import AdminSoapApp
from registry.sml.envelope import EMPTY, EnvelopeError, read_response
from registry.sml.errors import FaultKind, SmlError
from registry.sml.faults import is_fault, read_fault, write_fault
from registry.sml.messages import (
    CreateParticipants,
    CreatePublisher,
    DeleteParticipants,
    DeletePublisher,
    IsAlive,
    ListParticipants,
    Migrate,
    ParticipantExists,
    PrepareCertificate,
    PrepareMigration,
    ReadPublisher,
    Request,
    UpdatePublisher,
    parse_request,
    read_exists,
    read_page,
    read_publisher,
    write_exists,
    write_page,
    write_publisher,
    write_request,
)
from registry.sml.model import Caller, ParticipantPage, Publisher
from registry.sml.wsdl import BDMSL, MANAGE_PARTICIPANT_IDENTIFIER, MANAGE_SERVICE_METADATA, Service
from tests.simulators.asgi import call
from tests.simulators.sml_operations import caller_by_header

SMP = "SMP-EXAMPLE-01"
GLN = ParticipantIdentifier("iso6523-actorid-upis", "0088:1234567890123")
TEST = ParticipantIdentifier("iso6523-actorid-upis", "9915:test")
EBCORE = ParticipantIdentifier("urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088", "123456")
KEY = "11AAbb$$11AAbb$$"

REQUESTS: dict[str, Request] = {
    "ManageServiceMetadata-Create": CreatePublisher(Publisher(SMP, "https://smp.example.org/smp", "192.0.2.10")),
    "ManageServiceMetadata-Read": ReadPublisher(SMP),
    "ManageServiceMetadata-Update": UpdatePublisher(Publisher(SMP, "https://smp2.example.org/smp", "192.0.2.11")),
    "ManageServiceMetadata-Delete": DeletePublisher(SMP),
    "ManageBusinessIdentifier-Create": CreateParticipants(SMP, (GLN,)),
    "ManageBusinessIdentifier-Create-ebcore": CreateParticipants(SMP, (EBCORE,)),
    "ManageBusinessIdentifier-CreateList": CreateParticipants(SMP, (GLN, TEST)),
    "ManageBusinessIdentifier-Delete": DeleteParticipants(SMP, (GLN,)),
    "ManageBusinessIdentifier-DeleteList": DeleteParticipants(SMP, (GLN,)),
    "ManageBusinessIdentifier-List": ListParticipants(SMP, None),
    "ManageBusinessIdentifier-PrepareToMigrate": PrepareMigration(SMP, GLN, KEY),
    "ManageBusinessIdentifier-Migrate": Migrate("SMP-EXAMPLE-02", GLN, KEY),
    "BDMSL-CreateParticipantIdentifier": CreateParticipants(SMP, (GLN,), "Meta:cppa"),
    "BDMSL-ExistsParticipantIdentifier": ParticipantExists(SMP, GLN),
    "BDMSL-IsAlive": IsAlive(),
    "BDMSL-PrepareChangeCertificate": PrepareCertificate(
        "-----BEGIN CERTIFICATE-----\nPLACEHOLDER\n-----END CERTIFICATE-----", date(2027, 1, 15)
    ),
}
ADMIN_REQUESTS = {
    "BDMSLAdmin-AddDNSRecord": DnsRecord(
        "NAPTR", "custom.test.example.eu", "test.example.eu", "!.*!https://smp.example.org/!", "Meta:SMP"
    ),
    "BDMSLAdmin-CreateSubDomain": SubDomain(
        name="ehealth.test.example.eu",
        description="eHealth acceptance",
        zone="test.example.eu",
        participants="^.*$",
        records="naptr",
        url_schemes="https",
        subjects="^.*(CN=SMP_).*$",
        max_participants=100_000,
        max_participants_per_publisher=50_000,
    ),
    "BDMSLAdmin-GenerateInconsistencyReport": ReportRequest("ops@example.org"),
    "BDMSLAdmin-SetProperty": Property("dnsClient.enabled", "true"),
}
FAULTS = {
    "Fault-BadRequestFault": (FaultKind.BAD_REQUEST, "[ERR-106] The SMP 'SMP-EXAMPLE-01' already exists."),
    "Fault-NotFoundFault": (FaultKind.NOT_FOUND, "[ERR-100] The SMP 'SMP-EXAMPLE-01' doesn't exist."),
    "Fault-UnauthorizedFault": (FaultKind.UNAUTHORIZED, "[ERR-101] The user is not authorized."),
    "Fault-InternalErrorFault": (FaultKind.INTERNAL_ERROR, "[ERR-105] Internal error"),
}
# What a request may lack: clients that we know of leave it out, or the schema lets them.
OPTIONAL = {
    ("ManageServiceMetadata-Read", "PublisherEndpoint"),
    ("ManageServiceMetadata-Read", "LogicalAddress"),
    ("ManageServiceMetadata-Read", "PhysicalAddress"),
    ("ManageBusinessIdentifier-CreateList", "ParticipantIdentifier"),
    ("ManageBusinessIdentifier-DeleteList", "ParticipantIdentifier"),
    ("ManageBusinessIdentifier-DeleteList", "ServiceMetadataPublisherID"),
    ("BDMSL-PrepareChangeCertificate", "migrationDate"),
}
# What nobody looks at may be in any namespace.
UNREAD = {
    ("ManageServiceMetadata-Read", "LogicalAddress"),
    ("ManageServiceMetadata-Read", "PhysicalAddress"),
}


@pytest.fixture(scope="session")
def samples(corpus: Path) -> Path:
    return corpus / "sml" / "soap-samples"


def service_of(sample: str) -> Service:
    if sample.startswith("BDMSL"):
        return BDMSL
    metadata = sample.startswith("ManageServiceMetadata")
    return MANAGE_SERVICE_METADATA if metadata else MANAGE_PARTICIPANT_IDENTIFIER


def sample_bytes(samples: Path, name: str) -> bytes:
    return (samples / f"{name}.xml").read_bytes()


def test_icd_3_no_sample_is_left_out(samples: Path) -> None:
    there = {path.stem for path in samples.glob("*.xml")}
    answers = {"ManageServiceMetadata-ReadResponse", "ManageBusinessIdentifier-ListResponse"}
    answers |= {"BDMSL-ExistsParticipantIdentifierResponse"}
    assert there == REQUESTS.keys() | ADMIN_REQUESTS.keys() | FAULTS.keys() | answers


@pytest.mark.parametrize("name", REQUESTS)
def test_icd_3_request_sample_is_understood(samples: Path, name: str) -> None:
    assert parse_request(service_of(name), sample_bytes(samples, name)) == REQUESTS[name]


class Recorder:
    """Answers every operation of the admin service by keeping what it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def __getattr__(self, _name: str) -> Any:
        return self._ask

    def _ask(self, _caller: Caller, request: object) -> Any:
        self.asked.append(request)
        return ReportStatus("asked") if isinstance(request, ReportRequest) else request


@pytest.mark.parametrize("name", ADMIN_REQUESTS)
def test_icd_3_admin_request_sample_is_understood(samples: Path, name: str) -> None:
    admin = Recorder()
    app = AdminSoapApp(admin, public_url="https://sml.example.org/edelivery-sml", caller_of=caller_by_header)
    headers = [(b"content-type", b"text/xml"), (b"x-test-caller", b"one")]
    body = [sample_bytes(samples, name)]
    answer = call(app, "POST", b"/edelivery-sml/bdmsladminservice", headers=headers, body=body)
    assert answer.status == 200, answer.body
    assert admin.asked == [ADMIN_REQUESTS[name]]


def test_icd_3_exists_response_sample_is_understood(samples: Path) -> None:
    body = read_response(sample_bytes(samples, "BDMSL-ExistsParticipantIdentifierResponse"))
    assert body is not None
    assert read_exists(body)


def test_icd_3_read_response_sample_is_understood(samples: Path) -> None:
    body = read_response(sample_bytes(samples, "ManageServiceMetadata-ReadResponse"))
    assert body is not None
    assert read_publisher(body) == Publisher(SMP, "https://smp.example.org/smp", "192.0.2.10")


def test_icd_3_list_response_sample_is_understood(samples: Path) -> None:
    body = read_response(sample_bytes(samples, "ManageBusinessIdentifier-ListResponse"))
    assert body is not None
    assert read_page(body, SMP) == ParticipantPage(SMP, (GLN,), "2")


@pytest.mark.parametrize("name", FAULTS)
def test_icd_3_fault_sample_is_understood(samples: Path, name: str) -> None:
    body = read_response(sample_bytes(samples, name))
    assert body is not None
    assert is_fault(body)
    error = read_fault(body)
    assert (error.kind, str(error)) == FAULTS[name]


def damaged(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """The sample without each of its elements, and with each of them in another namespace."""
    root = etree.fromstring(data)
    for index, element in enumerate(root.iter(etree.Element)):
        local = etree.QName(element).localname
        if local == "Header":
            continue
        if element is not root and (name, local) not in OPTIONAL:
            copied = copy.deepcopy(root)
            lost = list(copied.iter(etree.Element))[index]
            parent = lost.getparent()
            assert parent is not None
            parent.remove(lost)
            yield f"without {local}", etree.tostring(copied)
        if (name, local) not in UNREAD:
            copied = copy.deepcopy(root)
            list(copied.iter(etree.Element))[index].tag = f"{{http://example.org/wrong}}{local}"
            yield f"{local} in a wrong namespace", etree.tostring(copied)


@pytest.mark.parametrize("name", REQUESTS)
def test_icd_3_damaged_request_is_refused_by_a_fault(samples: Path, name: str) -> None:
    for what, data in damaged(sample_bytes(samples, name), name):
        with pytest.raises((SmlError, EnvelopeError)) as caught:
            parse_request(service_of(name), data)
        assert isinstance(caught.value, EnvelopeError) == what.startswith("Envelope"), what
        if isinstance(caught.value, SmlError):
            assert str(caught.value).startswith("[ERR-106] "), what


@pytest.mark.parametrize(("name", "element"), sorted(OPTIONAL))
def test_icd_3_request_without_an_optional_element_is_understood(samples: Path, name: str, element: str) -> None:
    root = etree.fromstring(sample_bytes(samples, name))
    lost = next(root.iter(f"{{*}}{element}"))
    parent = lost.getparent()
    assert parent is not None
    parent.remove(lost)
    assert type(parse_request(service_of(name), etree.tostring(root))) is type(REQUESTS[name])


@pytest.mark.parametrize("wsdl_set", ["wsdl-icd-1.30", "wsdl-peppol-commons"])
def test_icd_3_what_is_written_is_valid_by_the_genuine_schemas(corpus: Path, wsdl_set: str) -> None:
    genuine = etree.XMLSchema(file=str(corpus / "sml" / wsdl_set / "BDMSLService-1.0.xsd"))
    since_4 = wsdl_set == "wsdl-icd-1.30"
    asked = ParticipantExists(SMP, GLN)
    publisher = Publisher(SMP, "https://smp.example.org/?a=1&b=<2>", "")
    written = [
        *(write_request(request) for request in REQUESTS.values() if since_4 or request != asked),
        *([write_exists(asked, exists=False)] if since_4 else []),
        write_request(DeleteParticipants(None, (GLN, TEST))),
        write_request(CreateParticipants(SMP, ())),
        write_request(ListParticipants(SMP, "2")),
        write_publisher(publisher),
        write_page(ParticipantPage(SMP, (GLN, EBCORE), "2")),
        write_page(ParticipantPage(SMP, (), None)),
    ]
    for data in written:
        body = read_response(data)
        assert body is not None
        genuine.assertValid(etree.fromstring(etree.tostring(body)))
    for kind in FaultKind:
        fault = read_response(write_fault(SmlError(kind, 199, "<text> & more"), "0123"))
        assert fault is not None
        genuine.assertValid(etree.fromstring(etree.tostring(next(fault.iterfind("detail/*")))))
    assert read_response(EMPTY) is None
