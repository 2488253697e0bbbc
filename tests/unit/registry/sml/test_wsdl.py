# SPDX-License-Identifier: Apache-2.0
"""The interface table and the documents made from it; equality with the genuine ones is a conformance test."""

from typing import Any

import pytest
from lxml import etree

from registry.sml.messages import CreateParticipants, write_request
from registry.sml.wsdl import (
    BDMSL_ADMIN,
    MANAGE_PARTICIPANT_IDENTIFIER,
    MANAGE_SERVICE_METADATA,
    SCHEMAS,
    SERVICES,
    Service,
    schema_document,
    wsdl_document,
)

SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XS = "{http://www.w3.org/2001/XMLSchema}"
URL = "https://sml.example.org/edelivery-sml/x"


def test_soap_actions_of_the_participant_service_have_nine_blanks() -> None:
    for operation in MANAGE_PARTICIPANT_IDENTIFIER.operations:
        action = MANAGE_PARTICIPANT_IDENTIFIER.soap_action(operation)
        assert action == f"{MANAGE_PARTICIPANT_IDENTIFIER.namespace}{' ' * 9}:{operation.message}In"


def test_soap_actions_of_the_publisher_service_have_no_blank() -> None:
    for operation in MANAGE_SERVICE_METADATA.operations:
        assert " " not in MANAGE_SERVICE_METADATA.soap_action(operation)


@pytest.mark.parametrize("service", [*SERVICES, BDMSL_ADMIN], ids=lambda service: service.path)
def test_wsdl_says_where_the_service_and_its_schema_are(service: Service) -> None:
    root = etree.fromstring(wsdl_document(service, URL))
    assert [address.get("location") for address in root.iter(f"{SOAP}address")] == [URL]
    schemas = dict.fromkeys((service.schema, "locator"))
    found = [imported.get("schemaLocation") for imported in root.iter(f"{XS}import")]
    assert found == [f"{URL}?xsd={schema}" for schema in schemas]


def test_locator_schema_says_where_the_identifier_schema_is() -> None:
    root = etree.fromstring(schema_document("locator", URL))
    assert [imported.get("schemaLocation") for imported in root.iter(f"{XS}import")] == [f"{URL}?xsd=identifiers"]


def test_url_is_escaped() -> None:
    url = 'https://sml.example.org/?a=1&b="2"'
    root = etree.fromstring(wsdl_document(MANAGE_SERVICE_METADATA, url))
    assert [address.get("location") for address in root.iter(f"{SOAP}address")] == [url]
    schema = etree.fromstring(schema_document("locator", url))
    assert [imported.get("schemaLocation") for imported in schema.iter(f"{XS}import")] == [f"{url}?xsd=identifiers"]


class _Served(etree.Resolver):
    """Finds what a schema imports where our listener would serve it."""

    def resolve(self, system_url: str, public_id: object, context: object) -> Any:  # type: ignore[override]
        schema = schema_document(system_url.rpartition("=")[2], URL).decode()
        return self.resolve_string(schema, context, base_url=system_url)


def test_schemas_compile_and_accept_what_we_write() -> None:
    parser = etree.XMLParser()
    parser.resolvers.add(_Served())
    schema = etree.XMLSchema(etree.fromstring(schema_document(SCHEMAS[0], URL), parser))
    body = etree.fromstring(write_request(CreateParticipants("SMP-1", ())))[0][0]
    schema.assertValid(body)
    body[0].tag = "other"
    assert not schema.validate(body)
