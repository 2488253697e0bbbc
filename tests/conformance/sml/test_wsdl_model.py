# SPDX-License-Identifier: Apache-2.0
"""Our own WSDLs and schemas say the same as the genuine ones: ICD 1.30 annex, and the set that peppol-commons uses."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from registry.sml.wsdl import BDMSL_ADMIN, SCHEMAS, SERVICES, Service, schema_document, wsdl_document

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XS = "{http://www.w3.org/2001/XMLSchema}"
SETS = {
    "wsdl-icd-1.30": {
        "locator": "ServiceMetadataLocatorTypes-1.0.xsd",
        "identifiers": "Identifiers-1.0.xsd",
        "bdmsl": "BDMSLService-1.0.xsd",
        "admin": "BDMSLAdminService-1.0.xsd",
    },
    "wsdl-peppol-commons": {
        "locator": "peppol-sml-types-v1.xsd",
        "identifiers": "peppol-identifiers-v1.xsd",
        "bdmsl": "BDMSLService-1.0.xsd",
    },
}
ALL = (*SERVICES, BDMSL_ADMIN)
SINCE_4 = {"ExistsParticipantIdentifier"}
"""What the older of the two sets doesn't know."""

either_set = pytest.mark.parametrize("wsdl_set", SETS)
either_service = pytest.mark.parametrize("service", ALL, ids=lambda service: service.path)
described = pytest.mark.parametrize(
    ("wsdl_set", "service"),
    [(wsdl_set, service) for wsdl_set, schemas in SETS.items() for service in ALL if service.schema in schemas],
    ids=lambda item: item if isinstance(item, str) else item.path,
)


def expanded(element: Any, name: str) -> str:
    """A prefixed name in `{namespace}local` form, by the declarations in scope."""
    prefix, colon, local = name.rpartition(":")
    return f"{{{element.nsmap[prefix if colon else None]}}}{local}"


@dataclass
class Interface:
    """What a WSDL says, free of its prefixes, its order and its documentation."""

    names: dict[str, str]
    transport: str
    operations: dict[str, dict[str, Any]]
    bound: dict[str, dict[str, Any]]
    bound_faults: dict[str, set[str]]


def interface(data: bytes) -> Interface:
    root: Any = etree.fromstring(data)
    (port_type,), (binding,) = root.findall(f"{WSDL}portType"), root.findall(f"{WSDL}binding")
    (service,) = root.findall(f"{WSDL}service")
    (port,) = service.findall(f"{WSDL}port")
    messages = {
        message.get("name"): [
            (part.get("name"), expanded(part, part.get("element"))) for part in message.findall(f"{WSDL}part")
        ]
        for message in root.findall(f"{WSDL}message")
    }

    def parts(element: Any) -> tuple[str, Any]:
        name = expanded(element, element.get("message")).rpartition("}")[2]
        return name, messages[name]

    operations = {
        operation.get("name"): {
            "input": parts(operation.find(f"{WSDL}input")),
            "output": parts(operation.find(f"{WSDL}output")),
            "faults": {fault.get("name"): parts(fault) for fault in operation.findall(f"{WSDL}fault")},
        }
        for operation in port_type.findall(f"{WSDL}operation")
    }
    bound = {
        operation.get("name"): {
            "action": operation.find(f"{SOAP}operation").get("soapAction"),
            "style": operation.find(f"{SOAP}operation").get("style"),
            "use": {body.get("use") for body in operation.iter(f"{SOAP}body", f"{SOAP}fault")},
        }
        for operation in binding.findall(f"{WSDL}operation")
    }
    return Interface(
        names={
            "target": root.get("targetNamespace"),
            "definitions": root.get("name"),
            "port type": port_type.get("name"),
            "binding": binding.get("name"),
            "bound type": expanded(binding, binding.get("type")),
            "service": service.get("name"),
            "port": port.get("name"),
            "bound port": expanded(port, port.get("binding")),
            "imports": root.find(f".//{XS}import").get("namespace"),
        },
        transport=binding.find(f"{SOAP}binding").get("transport"),
        operations=operations,
        bound=bound,
        bound_faults={
            operation.get("name"): {fault.get("name") for fault in operation.findall(f"{WSDL}fault")}
            for operation in binding.findall(f"{WSDL}operation")
        },
    )


def data_model(*schemas: bytes) -> dict[str, Any]:
    """Elements and types by expanded name, with the order and the number of what they hold."""
    model: dict[str, Any] = {}

    def content(holder: Any, target: str) -> Any:
        if (extension := holder.find(f".//{XS}extension")) is not None:
            attributes = [
                (attribute.get("name"), expanded(attribute, attribute.get("type")), attribute.get("use", "optional"))
                for attribute in extension.findall(f"{XS}attribute")
            ]
            return expanded(extension, extension.get("base")), attributes
        return [
            (
                expanded(item, item.get("ref")) if item.get("ref") else f"{{{target}}}{item.get('name')}",
                item.get("type") and expanded(item, item.get("type")),
                item.get("minOccurs", "1"),
                item.get("maxOccurs", "1"),
            )
            for item in holder.findall(f"{XS}sequence/{XS}element")
        ]

    for data in schemas:
        root: Any = etree.fromstring(data)
        target = root.get("targetNamespace")
        assert root.get("elementFormDefault") == "qualified"
        for element in root.findall(f"{XS}element"):
            model[f"element {{{target}}}{element.get('name')}"] = expanded(element, element.get("type"))
        for kind in root.findall(f"{XS}complexType"):
            model[f"type {{{target}}}{kind.get('name')}"] = content(kind, target)
    return model


def genuine_interface(corpus: Path, wsdl_set: str, service: Service) -> Interface:
    return interface((corpus / "sml" / wsdl_set / f"{service.name}-1.0.wsdl").read_bytes())


@described
def test_icd_annex_wsdl_has_the_genuine_names_messages_and_faults(
    corpus: Path, wsdl_set: str, service: Service
) -> None:
    genuine = genuine_interface(corpus, wsdl_set, service)
    ours = interface(wsdl_document(service, "https://sml.example.org/x"))
    known = {name for name in ours.operations if wsdl_set != "wsdl-peppol-commons" or name not in SINCE_4}
    assert ours.names == genuine.names
    assert {name: ours.operations[name] for name in known} == genuine.operations


@described
def test_icd_annex_wsdl_has_the_genuine_binding_and_soap_actions(corpus: Path, wsdl_set: str, service: Service) -> None:
    genuine = genuine_interface(corpus, wsdl_set, service)
    ours = interface(wsdl_document(service, "https://sml.example.org/x"))
    known = {name for name in ours.bound if wsdl_set != "wsdl-peppol-commons" or name not in SINCE_4}
    assert (ours.transport, {name: ours.bound[name] for name in known}) == (genuine.transport, genuine.bound)
    for operation, faults in genuine.bound_faults.items():
        # Some genuine bindings forget faults that their port types declare; ours don't.
        assert faults <= ours.bound_faults[operation] == set(ours.operations[operation]["faults"])


@either_set
def test_icd_annex_schemas_have_the_genuine_elements_types_and_cardinalities(corpus: Path, wsdl_set: str) -> None:
    folder, names = corpus / "sml" / wsdl_set, SETS[wsdl_set]
    genuine = data_model(*((folder / name).read_bytes() for name in names.values()))
    ours = data_model(*(schema_document(name, "https://sml.example.org/x") for name in SCHEMAS if name in names))
    later = {name for name in ours if "ExistsParticipant" in name} - genuine.keys()
    assert {name: ours[name] for name in ours if name not in later} == {
        name: genuine[name] for name in ours if name not in later
    }
    # Other services of the family use the rest of the identifier schema, and nothing uses some types of the others.
    unused = {"ListParticipantsType", "GenerateReport", "GenerateReportResponse", "GenerateReportType"}
    unused |= {"CreateDomainCertificateRequest"}
    left = {name for name in genuine.keys() - ours.keys() if "transport/identifiers" not in name}
    assert {name.rpartition("}")[2] for name in left} <= unused
    assert not any("}ParticipantIdentifier" in name for name in genuine.keys() - ours.keys())


@either_service
def test_icd_3_operation_table_equals_the_one_of_the_corpus(corpus: Path, service: Service) -> None:
    listed = json.loads((corpus / "sml" / "operations.json").read_text(encoding="utf-8"))[service.name]
    elements = f"{{{service.elements}}}"
    ours = [
        {
            "op": operation.name,
            "soapAction": service.soap_action(operation),
            "input": elements + operation.request,
            "output": operation.response and elements + operation.response,
        }
        for operation in sorted(service.operations, key=lambda operation: operation.name)
    ]
    assert ours == [{name: value for name, value in each.items() if name != "faults"} for each in listed]
    # It lists faults by bindings, which forget some of those that port types declare.
    faults = {operation.name: {kind.value for kind in operation.faults} for operation in service.operations}
    assert all(set(each["faults"]) <= faults[each["op"]] for each in listed)
