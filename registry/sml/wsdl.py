# SPDX-License-Identifier: Apache-2.0
"""The services of the locator as data, and the WSDL and XSD that describe them to other people's tools.

The names, namespaces and cardinalities are those of SML 1.30 (sml.md §1.1); the documents are our own. The nine
blanks in the SOAPActions of ManageBusinessIdentifierService belong to the interface: callers send them, and other
locators may compare them, so a client must send them too.
"""

import html
from dataclasses import dataclass
from functools import cache
from importlib import resources

from registry.sml.errors import FaultKind

LOCATOR = "http://busdox.org/serviceMetadata/locator/1.0/"
IDENTIFIERS = "http://busdox.org/transport/identifiers/1.0/"
BDMSL_DATA = "ec:services:wsdl:BDMSL:data:1.0"
ADMIN_DATA = "ec:services:wsdl:BDMSL:admin:data:1.0"

_MANAGE_METADATA = "http://busdox.org/serviceMetadata/ManageServiceMetadataService/1.0/"
_MANAGE_IDENTIFIER = "http://busdox.org/serviceMetadata/ManageBusinessIdentifierService/1.0/"
_BDMSL = "ec:services:wsdl:BDMSL:1.0"
_ADMIN = "ec:services:wsdl:BDMSL:admin:1.0"
_FAULTS = (
    FaultKind.NOT_FOUND,
    FaultKind.UNAUTHORIZED,
    FaultKind.INTERNAL_ERROR,
    FaultKind.BAD_REQUEST,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `request` and `response` are local names in the namespace `elements` of its service.

    `message` is the stem of the WSDL messages (`create` -> `createIn`), `part` and `response_part` the names of their
    only parts, which generated clients turn into parameter names. `action` is there where the SOAPAction is not made
    of the message.
    """

    name: str
    message: str
    request: str
    response: str | None = None
    part: str = "messagePart"
    response_part: str = "messagePart"
    faults: tuple[FaultKind, ...] = _FAULTS
    action: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One service: `path` is its last URL segment, `action` what its SOAPActions start with."""

    name: str
    path: str
    namespace: str
    action: str
    operations: tuple[Operation, ...]
    elements: str = LOCATOR
    """The namespace of its requests and responses; faults are always the locator's."""
    schema: str = "locator"
    """The one of `SCHEMAS` that has them."""

    def soap_action(self, operation: Operation) -> str:
        """The SOAPAction of one of its operations, without the quotes of the header."""
        return operation.action or f"{self.action}:{operation.message}In"


MANAGE_SERVICE_METADATA = Service(
    "ManageServiceMetadataService",
    "manageservicemetadata",
    _MANAGE_METADATA,
    _MANAGE_METADATA,
    (
        # What does not exist yet can't be missing: Create alone has no NotFoundFault.
        Operation("Create", "create", "CreateServiceMetadataPublisherService", faults=_FAULTS[1:]),
        Operation("Read", "read", "ReadServiceMetadataPublisherService", response="ServiceMetadataPublisherService"),
        Operation("Update", "update", "UpdateServiceMetadataPublisherService"),
        Operation("Delete", "delete", "ServiceMetadataPublisherID"),
    ),
)
MANAGE_PARTICIPANT_IDENTIFIER = Service(
    "ManageBusinessIdentifierService",
    "manageparticipantidentifier",
    _MANAGE_IDENTIFIER,
    _MANAGE_IDENTIFIER + " " * 9,
    (
        Operation("Create", "create", "CreateParticipantIdentifier"),
        Operation("Delete", "delete", "DeleteParticipantIdentifier"),
        Operation("CreateList", "createList", "CreateList", part="createListIn"),
        Operation("DeleteList", "deleteList", "DeleteList", part="deleteListIn"),
        Operation("List", "list", "PageRequest", response="ParticipantIdentifierPage"),
        Operation("PrepareToMigrate", "prepareMigrate", "PrepareMigrationRecord", part="prepareMigrateIn"),
        Operation("Migrate", "migrate", "CompleteMigrationRecord", part="migrateIn"),
    ),
)
BDMSL = Service(
    "BDMSLService",
    "bdmslservice",
    _BDMSL,
    _BDMSL,
    (
        Operation("PrepareChangeCertificate", "prepareChangeCertificate", "PrepareChangeCertificate"),
        Operation(
            "CreateParticipantIdentifier", "createParticipantIdentifier", "SMPAdvancedServiceForParticipantService"
        ),
        # Its port type declares the fault. Bindings in the ICD forget it here, and NotFoundFault in the admin service.
        Operation("IsAlive", "isAlive", "IsAlive", faults=(FaultKind.INTERNAL_ERROR,)),
        Operation(
            "ExistsParticipantIdentifier",
            "existsParticipantIdentifier",
            "ExistsParticipant",
            "ExistsParticipantResponse",
        ),
    ),
    BDMSL_DATA,
    "bdmsl",
)


def _administers(stem: str, *, not_found: bool = False, **parts: str) -> Operation:
    """An operation of the admin service whose names follow its pattern."""
    return Operation(
        stem[0].upper() + stem[1:],
        stem,
        f"{stem[0].upper()}{stem[1:]}Request",
        f"{stem[0].upper()}{stem[1:]}Response",
        faults=_FAULTS if not_found else _FAULTS[1:],
        action=f"{_ADMIN}:{stem}",
        **parts,
    )


BDMSL_ADMIN = Service(
    "BDMSLAdminService",
    "bdmsladminservice",
    _ADMIN,
    _ADMIN,
    (
        # Its SOAPAction is that of the service in which it was before SML 4.0.
        Operation(
            "ChangeCertificate",
            "changeCertificate",
            "ChangeCertificate",
            faults=_FAULTS[1:],
            action=f"{_BDMSL}:changeCertificateIn",
        ),
        Operation(
            "GenerateInconsistencyReport",
            "generateInconsistencyReport",
            "GenerateInconsistencyReport",
            "GenerateInconsistencyResponse",
            faults=_FAULTS[1:],
            action=f"{_ADMIN}:generateInconsistencyReport",
        ),
        _administers("createSubDomain"),
        _administers("updateSubDomain", not_found=True),
        _administers("deleteSubDomain", not_found=True, part="DeleteSubDomain", response_part="DeletedSubDomain"),
        _administers("getSubDomain", not_found=True),
        _administers("addSubDomainCertificate", not_found=True),
        _administers("updateSubDomainCertificate", not_found=True),
        _administers("listSubDomainCertificate", not_found=True),
        _administers("addTruststoreCertificate"),
        _administers("getTruststoreCertificate", not_found=True),
        _administers("deleteTruststoreCertificate", not_found=True),
        _administers("listTruststoreCertificateAliases"),
        _administers("addDNSRecord", not_found=True),
        _administers("deleteDNSRecord", not_found=True),
        _administers("setProperty", not_found=True),
        _administers("getProperty", not_found=True),
        _administers("deleteProperty", not_found=True),
        Operation("ClearCache", "clearCache", "ClearCache", faults=_FAULTS[1:]),
    ),
    ADMIN_DATA,
    "admin",
)
SERVICES = (MANAGE_SERVICE_METADATA, MANAGE_PARTICIPANT_IDENTIFIER, BDMSL)
"""Those for SMPs; the admin service has a listener of its own."""

SCHEMAS = ("locator", "identifiers", "bdmsl", "admin")
"""The names that `?xsd=` takes."""


def schema_document(name: str, service_url: str) -> bytes:
    """One of `SCHEMAS` as XSD; what it imports is found at the same service."""
    text = _schema_text(name)
    for other in SCHEMAS:
        text = text.replace(f'"{other}.xsd"', _quoted(f"{service_url}?xsd={other}"))
    return text.encode()


def wsdl_document(service: Service, service_url: str) -> bytes:
    """The WSDL 1.1 of one service that answers at `service_url` (SOAP 1.1, document/literal)."""
    schemas = {service.schema: service.elements, "locator": LOCATOR}
    fault_kinds = sorted({kind for operation in service.operations for kind in operation.faults}, key=_fault_message)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:l="{LOCATOR}" xmlns:d="{service.elements}"
    xmlns:tns="{service.namespace}" targetNamespace="{service.namespace}" name="{service.name}">
  <wsdl:types>
    <xs:schema targetNamespace="{service.namespace}Schema/" elementFormDefault="qualified">
{"".join(_import(name, namespace, service_url) for name, namespace in schemas.items())}\
    </xs:schema>
  </wsdl:types>
{"".join(_messages(operation) for operation in service.operations)}\
{"".join(_message(_fault_message(kind), "fault", f"l:{kind.value}") for kind in fault_kinds)}\
  <wsdl:portType name="{service.name}Soap">
{"".join(_port_operation(operation) for operation in service.operations)}\
  </wsdl:portType>
  <wsdl:binding name="{service.name}Soap" type="tns:{service.name}Soap">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
{"".join(_bound_operation(service, operation) for operation in service.operations)}\
  </wsdl:binding>
  <wsdl:service name="{service.name}">
    <wsdl:port name="{service.name}Port" binding="tns:{service.name}Soap">
      <soap:address location={_quoted(service_url)}/>
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>
""".encode()


@cache
def _schema_text(name: str) -> str:
    return (resources.files("registry.sml") / "schemas" / f"{name}.xsd").read_text(encoding="utf-8")


def _import(name: str, namespace: str, service_url: str) -> str:
    return f'      <xs:import namespace="{namespace}" schemaLocation={_quoted(f"{service_url}?xsd={name}")}/>\n'


def _quoted(text: str) -> str:
    return f'"{html.escape(text)}"'


def _fault_message(kind: FaultKind) -> str:
    return kind.value[0].lower() + kind.value[1:]


def _messages(operation: Operation) -> str:
    response = operation.response and f"d:{operation.response}"
    return _message(f"{operation.message}In", operation.part, f"d:{operation.request}") + _message(
        f"{operation.message}Out", operation.response_part, response
    )


def _message(name: str, part: str, element: str | None) -> str:
    if element is None:
        return f'  <wsdl:message name="{name}"/>\n'
    return f'  <wsdl:message name="{name}">\n    <wsdl:part name="{part}" element="{element}"/>\n  </wsdl:message>\n'


def _port_operation(operation: Operation) -> str:
    faults = "".join(
        f'      <wsdl:fault name="{kind.value}" message="tns:{_fault_message(kind)}"/>\n' for kind in operation.faults
    )
    return f"""    <wsdl:operation name="{operation.name}">
      <wsdl:input message="tns:{operation.message}In"/>
      <wsdl:output message="tns:{operation.message}Out"/>
{faults}    </wsdl:operation>
"""


def _bound_operation(service: Service, operation: Operation) -> str:
    faults = "".join(
        f'      <wsdl:fault name="{kind.value}"><soap:fault name="{kind.value}" use="literal"/></wsdl:fault>\n'
        for kind in operation.faults
    )
    return f"""    <wsdl:operation name="{operation.name}">
      <soap:operation soapAction="{service.soap_action(operation)}" style="document"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
{faults}    </wsdl:operation>
"""
