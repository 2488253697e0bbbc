# SPDX-License-Identifier: Apache-2.0
"""Lists of trusted entities of several makers (TS 119 602 V1.1.1): the schemas of ETSI, and files good and bad.

Clauses: §6 and Annex A (both bindings), 6.3.0 Table 1 (explicit schemes), Annexes D to I.
"""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest
from lxml import etree

from tests.simulators.lote_documents import LIST
from trust_lists.documents.lote.checks import check_lote
from trust_lists.documents.lote.json_reader import read_json
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.documents.lote.xml_reader import read_xml
from trust_lists.documents.lote.xml_writer import write_xml
from trust_lists.documents.model import Dialect, TrustedList
from trust_lists.errors import ListRefusedError
from trust_lists.xml import parse_xml

SIROS = (
    *("pid_providers_lote-EU", "pubeaa_providers_lote-EU", "registrars_registers_lote-EU"),
    *("wallet_providers_lote-EU", "wrpac_providers_lote-EU", "wrprc_providers_lote-EU"),
)
VALID_JSON = (
    *(f"community-siros-v3/{name}.json" for name in SIROS),
    "examples-json/Mock_PID_Provider_List_v0.0.1-fixed.json",
    "examples-json/Mock_PID_Provider_List_v0.0.2.json",
    "examples-json/valid-emptyTE.json",
    "examples-json/valid.json",
)
REFUSED_JSON = (
    ("examples-json/invalid.json", "LIST_NOT_A_LIST", "no object named LoTE"),
    ("examples-json/empty-only-schema-extensions.json", "LIST_STRUCTURE", "ListAndSchemeInformation is missing"),
    ("examples-json/Mock_PID_Provider_List_v0.0.1.json", "LIST_NOT_WELL_FORMED", "line 66"),
    ("community-siros-v3/list_of_trusted_lists_signed.json", "LIST_NOT_A_LIST", "no object named LoTE"),
)
VALID_XML = ("valid-emptyTE.xml", "valid-full.xml", "valid-signed.xml", "valid.xml")


@pytest.fixture(scope="module")
def lote(corpus: Path) -> Path:
    return corpus / "trust_lists" / "lote"


@pytest.fixture(scope="module")
def json_schema(lote: Path) -> jsonschema_rs.Draft7Validator:
    folder = lote / "schema-json"
    keys = json.loads((folder / "rfc7517.json").read_text())
    registry = jsonschema_rs.Registry([("json-schema:///rfcs/rfc7517.json", keys)])
    return jsonschema_rs.Draft7Validator(
        json.loads((folder / "1960201_json_schema.json").read_text()), registry=registry
    )


class _Offline(etree.Resolver):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        file = self._folder / system_url.rpartition("/")[2]
        return self.resolve_string(file.read_bytes(), context, base_url=system_url)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def xml_schema(corpus: Path, lote: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, load_dtd=False)
    parser.resolvers.add(_Offline(corpus / "trust_lists" / "xsd" / "xmldsig"))
    return etree.XMLSchema(etree.fromstring((lote / "schema-xml" / "1960201_xsd_schema.xsd").read_bytes(), parser))


def test_no_json_file_is_left_out(lote: Path) -> None:
    found = {str(file.relative_to(lote)) for file in lote.rglob("*.json") if "schema" not in file.parent.name}
    others = {"examples-json/valid-full.json", "community-siros-v3/eu_lotl_list_of_trusted_lists-EU.json"}
    assert found == {*VALID_JSON, *others, *(name for name, _, _ in REFUSED_JSON)}


@pytest.mark.parametrize("name", VALID_JSON)
def test_valid_json_is_read_and_written_without_a_loss(
    lote: Path, json_schema: jsonschema_rs.Draft7Validator, name: str
) -> None:
    data = (lote / name).read_bytes()
    document = read_json(data)
    written = write_json(document)
    assert document.unread == ()
    assert json.loads(written) == json.loads(data)
    assert json_schema.is_valid(json.loads(written))
    assert read_json(written) == document
    assert write_json(read_json(written)) == written


def test_the_full_example_keeps_even_what_is_no_base64(lote: Path) -> None:
    document = read_json((lote / "examples-json" / "valid-full.json").read_bytes())
    identity = document.scheme.pointers[0].identities[0]
    assert identity.forms[0].specification == "ETSI TS 119 612"
    assert identity.subject_names == ("CN=TrustService, O=Other LoTE",)
    assert identity.other == ("1234567890",)
    assert '"kty":"RSA"' in identity.key_values[0]
    assert identity.skis == (b"MII12345678BASE64==",)
    service = document.services[0]
    assert service.current.identity.certificates[0].der == b"MIIFazCCA1OgAwIBAgISA7H+gAAAA..."
    assert service.history[0].extensions[0].content.name == "audit"  # type: ignore[union-attr]
    assert document.unread == ()
    assert read_json(write_json(document)) == document


def test_pointers_whose_signers_are_null_are_read_and_told(lote: Path) -> None:
    document = read_json((lote / "community-siros-v3" / "eu_lotl_list_of_trusted_lists-EU.json").read_bytes())
    assert [pointer.identities for pointer in document.scheme.pointers] == [()] * 6
    assert [found.rule for found in check_lote(document)].count("TS119602-6.3.13") == 6


@pytest.mark.parametrize(("name", "reason_id", "message"), REFUSED_JSON)
def test_other_json_is_refused_for_the_reason_it_deserves(lote: Path, name: str, reason_id: str, message: str) -> None:
    with pytest.raises(ListRefusedError, match=message) as refused:
        read_json((lote / name).read_bytes())
    assert refused.value.reason_id == reason_id


@pytest.mark.parametrize("name", VALID_XML)
def test_valid_xml_is_read_and_written_without_a_loss(lote: Path, xml_schema: etree.XMLSchema, name: str) -> None:
    root = parse_xml((lote / "examples-xml" / name).read_bytes())
    assert xml_schema.validate(root)
    document = read_xml(root)
    written = write_xml(document)
    assert document.unread == ()
    assert xml_schema.validate(written), xml_schema.error_log
    assert read_xml(written) == document
    if document.providers:
        assert _texts(written) == _texts(root)


def _texts(root: etree._Element) -> list[str]:
    """Every text of a document that isn't white space, without its signature, in no order."""
    signature = root.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    signed = set() if signature is None else set(signature.iter())
    return sorted(
        " ".join(each.text.split()) for each in root.iter() if each not in signed and (each.text or "").strip()
    )


def test_xml_without_scheme_information_is_refused(lote: Path) -> None:
    with pytest.raises(ListRefusedError, match="has no ListAndSchemeInformation"):
        read_xml(parse_xml((lote / "examples-xml" / "invalid.xml").read_bytes()))


def test_an_empty_container_of_extensions_is_told(lote: Path) -> None:
    document = read_xml(parse_xml((lote / "examples-xml" / "empty-scheme-extensions.xml").read_bytes()))
    assert document.unread == ("ListOfTrustedEntities/ListAndSchemeInformation/SchemeExtensions is empty",)
    assert "LIST-NOT-READ" in [found.rule for found in check_lote(document)]


@pytest.mark.parametrize("name", [*SIROS, "eu_lotl_list_of_trusted_lists-EU"])
def test_xml_off_the_schema_is_read_and_says_what_json_says(lote: Path, xml_schema: etree.XMLSchema, name: str) -> None:
    root = parse_xml((lote / "community-siros-v3" / f"{name}.xml").read_bytes())
    assert not xml_schema.validate(root)
    document = read_xml(root)
    other = read_json((lote / "community-siros-v3" / f"{name}.json").read_bytes())
    assert document.unread == ()
    assert replace(document.scheme, pointers=()) == replace(other.scheme, pointers=())
    assert [each.names for each in document.providers] == [each.names for each in other.providers]
    for service, twin in zip(document.services, other.services, strict=True):
        assert service.current.identity.certificates == twin.current.identity.certificates
        assert service.current.identity.other == twin.current.identity.key_values
        assert (service.current.type, service.current.status) == (twin.current.type, twin.current.status)


def test_a_right_list_is_valid_in_both_bindings(
    json_schema: jsonschema_rs.Draft7Validator, xml_schema: etree.XMLSchema
) -> None:
    assert json_schema.is_valid(json.loads(write_json(LIST)))
    assert xml_schema.validate(write_xml(LIST)), xml_schema.error_log


@pytest.mark.parametrize(
    ("name", "annex"),
    [
        *(("pid_providers", "D"), ("wallet_providers", "E"), ("wrpac_providers", "F"), ("wrprc_providers", "G")),
        *(("pubeaa_providers", "H"), ("registrars_registers", "I")),
    ],
)
def test_lists_of_a_community_break_the_rules_that_they_break(lote: Path, name: str, annex: str) -> None:
    document = read_json((lote / "community-siros-v3" / f"{name}_lote-EU.json").read_bytes())
    broken = {found.rule for found in check_lote(document)}
    missing = {f"TS119602-6.3.{clause}" for clause in (5, 7, 8, 9, 11)}
    assert broken >= missing | {"TS119602-6.3.6", "TS119602-6.3.15", f"TS119602-{annex}.1", f"TS119602-{annex}.3"}


def test_the_mock_list_of_the_commission_conforms_but_for_its_name_and_pointer(lote: Path) -> None:
    document = read_json((lote / "examples-json" / "Mock_PID_Provider_List_v0.0.2.json").read_bytes())
    broken = {found.rule for found in check_lote(document) if found.level == "error"}
    assert broken == {"TS119602-6.3.6", "TS119602-D.1"}


def test_a_small_implicit_list_conforms(lote: Path) -> None:
    document: TrustedList = read_json((lote / "examples-json" / "valid-emptyTE.json").read_bytes())
    assert document.dialect is Dialect.LOTE_JSON
    assert document.providers == ()
    assert check_lote(document) == []
