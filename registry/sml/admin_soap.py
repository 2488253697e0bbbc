# SPDX-License-Identifier: Apache-2.0
"""The admin service over SOAP (sml.md §1.1 D): which shapes its messages have, and how refusals are told.

An operation that declares no NotFoundFault tells what is missing as a BadRequestFault, so that every fault is one that
callers' tools know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from lxml import etree

from registry.errors import (
    NotFoundError,
    RegistryError,
    TechnicalError,
    UnauthorizedError,
)
from registry.sml.admin_model import (
    AdminOperations,
    Alias,
    DnsName,
    DnsRecord,
    NewPublisherCertificate,
    NewSubDomainCertificate,
    Nothing,
    Property,
    ReportRequest,
    ReportStatus,
    SubDomain,
    SubDomainCertificate,
    SubDomainCertificateChange,
    SubDomainCertificateFilter,
    SubDomainName,
    TruststoreCertificate,
)
from registry.sml.envelope import EMPTY, envelope, escape, request_element
from registry.sml.errors import FaultKind, SmlError, bad_request, unauthorized
from registry.sml.model import Caller
from registry.sml.shapes import BYTES, FLAG, NUMBER, Field, Several, Shape, text
from registry.sml.soap import SoapApp
from registry.sml.wsdl import ADMIN_DATA, BDMSL_ADMIN, LOCATOR, Operation, Service

Q = TypeVar("Q")
R = TypeVar("R")
_R_contra = TypeVar("_R_contra", contravariant=True)

_NAME = Field("SubDomainName", "name", text(255))
_ALIAS = Field("Alias", "alias", text(255))


def _settings(*, required: bool) -> tuple[Field, ...]:
    return (
        Field("ParticipantRegularExpression", "participants", text(1024), required),
        Field("DNSRecordType", "records", text(128), required),
        Field("SmpUrlScheme", "url_schemes", text(128), required),
        Field("CertSubjectRegularExpression", "subjects", text(1024), required=False),
        Field("CertPolicyOIDs", "policies", text(1024), required=False),
        Field("MaxParticipantCountForDomain", "max_participants", NUMBER, required=False),
        Field("MaxParticipantCountForSMP", "max_participants_per_publisher", NUMBER, required=False),
    )


def _shape(make: Callable[..., Q], *fields: Field) -> Shape[Q]:
    return Shape(make, ADMIN_DATA, fields)


_SUB_DOMAIN = _shape(
    SubDomain,
    _NAME,
    Field("SubDomainDescription", "description", text(1024), required=False),
    Field("DNSZone", "zone", text(512)),
    *_settings(required=True),
)
_SUB_DOMAIN_CHANGE = _shape(SubDomain, _NAME, *_settings(required=False))
_SUB_DOMAIN_NAME = _shape(SubDomainName, _NAME)
_OF_SUB_DOMAIN = Field("SubDomainName", "sub_domain", text(255))
_IDENTIFIER = Field("CertificateDomainId", "identifier", text(255))
_SUB_DOMAIN_CERTIFICATE = _shape(
    SubDomainCertificate,
    _OF_SUB_DOMAIN,
    Field("IsRootCertificate", "is_root", FLAG),
    Field("IsAdminCertificate", "is_admin", FLAG),
    _IDENTIFIER,
    Field("Alias", "alias", text(255), required=False),
    Field("CRLDistributionPointsUrl", "crl_url", text(2000), required=False),
)
_TRUSTSTORE_CERTIFICATE = _shape(
    TruststoreCertificate,
    Field("Alias", "alias", text(255), required=False),
    Field("CertificatePublicKey", "certificate", BYTES),
)
_DNS_ZONE = Field("DNSZone", "zone", text(253))
_DNS_RECORD = _shape(
    DnsRecord,
    Field("Type", "rdtype", text(16)),
    Field("Name", "name", text(253)),
    _DNS_ZONE,
    Field("Value", "value", text(4000)),
    Field("Service", "service", text(253), required=False),
)
_PROPERTY_KEY = Field("Key", "key", text(512))
_PROPERTY = _shape(
    Property,
    _PROPERTY_KEY,
    Field("Value", "value", text(4000)),
    Field("Description", "description", text(4000), required=False),
)
_NOTHING = _shape(Nothing)


class _Written(Protocol[_R_contra]):
    """How an answer becomes the content of its element."""

    def write(self, record: _R_contra, /) -> str: ...


@dataclass(frozen=True, slots=True)
class _Texts:
    """Answers that are texts in elements of one name."""

    element: str

    def write(self, records: Sequence[Alias], /) -> str:
        return "".join(f"<{self.element}>{escape(record.alias or '')}</{self.element}>" for record in records)


@dataclass(frozen=True, slots=True)
class _Text:
    """An answer that is a text itself."""

    def write(self, record: ReportStatus, /) -> str:
        return escape(record.text)


@dataclass(frozen=True, slots=True)
class _Exchange(Generic[Q, R]):
    """A request as it is read, who answers it, and the answer as it is written."""

    request: Shape[Q]
    perform: Callable[[Caller, Q], R]
    response: _Written[R]

    def answer(self, caller: Caller, operation: Operation, body: etree._Element) -> bytes:
        """Carry out what an element asks for."""
        found = self.response.write(self.perform(caller, self.request.read(body)))
        if operation.response is None:
            return EMPTY
        return envelope(f'<{operation.response} xmlns="{ADMIN_DATA}">{found}</{operation.response}>')


def _exchanges(admin: AdminOperations) -> dict[str, _Exchange[Any, Any]]:
    """By the name of the operation."""
    certificate = Field("newCertificatePublicKey", "certificate", BYTES)
    smp_id = Field("ServiceMetadataPublisherID", "smp_id", text(253), namespace=LOCATOR)
    alias, property_key = _shape(Alias, _ALIAS), _shape(Property, _PROPERTY_KEY)
    part = _shape(Alias, Field("ContainsStringInAlias", "alias", text(255), required=False))
    return {
        "ChangeCertificate": _Exchange(
            _shape(NewPublisherCertificate, smp_id, certificate), admin.change_certificate, _NOTHING
        ),
        "GenerateInconsistencyReport": _Exchange(
            _shape(ReportRequest, Field("ReceiverEmailAddress", "mail_address", text(254))),
            admin.generate_inconsistency_report,
            _Text(),
        ),
        "CreateSubDomain": _Exchange(_SUB_DOMAIN, admin.create_sub_domain, _SUB_DOMAIN),
        "UpdateSubDomain": _Exchange(_SUB_DOMAIN_CHANGE, admin.update_sub_domain, _SUB_DOMAIN),
        "DeleteSubDomain": _Exchange(_SUB_DOMAIN_NAME, admin.delete_sub_domain, _SUB_DOMAIN),
        "GetSubDomain": _Exchange(_SUB_DOMAIN_NAME, admin.get_sub_domain, _SUB_DOMAIN),
        "AddSubDomainCertificate": _Exchange(
            _shape(
                NewSubDomainCertificate,
                _OF_SUB_DOMAIN,
                Field("IsRootCertificate", "is_root", FLAG),
                Field("IsAdminCertificate", "is_admin", FLAG),
                Field("CertificatePublicKey", "certificate", BYTES),
                Field("Alias", "alias", text(255), required=False),
            ),
            admin.add_sub_domain_certificate,
            _SUB_DOMAIN_CERTIFICATE,
        ),
        "UpdateSubDomainCertificate": _Exchange(
            _shape(
                SubDomainCertificateChange,
                _IDENTIFIER,
                Field("IsAdminCertificate", "is_admin", FLAG, required=False),
                Field("SubDomainName", "sub_domain", text(255), required=False),
                Field("CrlDistributionPoint", "crl_url", text(2000), required=False),
            ),
            admin.update_sub_domain_certificate,
            _SUB_DOMAIN_CERTIFICATE,
        ),
        "ListSubDomainCertificate": _Exchange(
            _shape(
                SubDomainCertificateFilter,
                Field("CertificateDomainId", "identifier", text(255), required=False),
                Field("SubDomainName", "sub_domain", text(255), required=False),
            ),
            admin.list_sub_domain_certificates,
            Several("DomainCertificateType", _SUB_DOMAIN_CERTIFICATE),
        ),
        "AddTruststoreCertificate": _Exchange(
            _TRUSTSTORE_CERTIFICATE, admin.add_truststore_certificate, _TRUSTSTORE_CERTIFICATE
        ),
        "GetTruststoreCertificate": _Exchange(alias, admin.get_truststore_certificate, _TRUSTSTORE_CERTIFICATE),
        "DeleteTruststoreCertificate": _Exchange(alias, admin.delete_truststore_certificate, _TRUSTSTORE_CERTIFICATE),
        "ListTruststoreCertificateAliases": _Exchange(part, admin.list_truststore_aliases, _Texts("Alias")),
        "AddDNSRecord": _Exchange(_DNS_RECORD, admin.add_dns_record, _DNS_RECORD),
        "DeleteDNSRecord": _Exchange(
            _shape(DnsName, Field("Name", "name", text(253)), _DNS_ZONE),
            admin.delete_dns_records,
            Several("DNSRecord", _DNS_RECORD),
        ),
        "SetProperty": _Exchange(_PROPERTY, admin.set_property, _PROPERTY),
        "GetProperty": _Exchange(property_key, admin.get_property, _PROPERTY),
        "DeleteProperty": _Exchange(property_key, admin.delete_property, _PROPERTY),
        "ClearCache": _Exchange(_NOTHING, admin.clear_cache, _NOTHING),
    }


class AdminSoapApp(SoapApp):
    """The admin service, for a listener of its own."""

    def __init__(self, admin: AdminOperations, *, public_url: str, **options: Any) -> None:
        """`options` as those of `SoapApp`."""
        exchanges = _exchanges(admin)
        by_request = {operation.request: operation for operation in BDMSL_ADMIN.operations}

        def carry_out(service: Service, data: bytes, caller: Caller) -> bytes:
            body = request_element(service, data)
            operation = by_request[etree.QName(body).localname]
            try:
                return exchanges[operation.name].answer(caller, operation, body)
            except TechnicalError:
                raise  # nobody's fault; its cause belongs in the log
            except RegistryError as error:
                raise told(error, operation) from error

        super().__init__([BDMSL_ADMIN], carry_out, public_url=public_url, **options)


def told(error: RegistryError, operation: Operation) -> SmlError:
    """A refusal of the tree as a fault that the operation declares."""
    match error:
        case SmlError():
            found = error
        case UnauthorizedError():
            found = unauthorized(str(error))
        case NotFoundError():
            found = SmlError(FaultKind.NOT_FOUND, 106, str(error))
        case _:
            found = bad_request(str(error))
    if found.kind not in operation.faults:
        return SmlError(FaultKind.BAD_REQUEST, found.code, str(found).partition("] ")[2])
    return found
