# SPDX-License-Identifier: Apache-2.0
"""The model into XML: nothing is lost, and what has no form is refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from lxml import etree

from tests.simulators.lote_documents import LIST, documents, with_scheme, with_state
from trust_lists.documents.lote.xml_reader import read_xml
from trust_lists.documents.lote.xml_writer import LOTE_TAG, write_xml
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    CertificateForm,
    Dialect,
    DigitalIdentity,
    Extension,
    Pointer,
    Text,
    TrustedList,
    UnknownExtension,
)
from trust_lists.errors import ListRefusedError
from trust_lists.xml import parse_xml

KEY_VALUE = (
    '<ds:KeyValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:RSAKeyValue><ds:Modulus>AQ==</ds:Modulus>'
    "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
)


@settings(max_examples=80)
@given(documents(Dialect.LOTE_XML))
def test_what_is_written_is_read_again(document: TrustedList) -> None:
    assert read_xml(parse_xml(etree.tostring(write_xml(document)))) == document


def test_a_list_of_json_gets_a_tag() -> None:
    written = write_xml(LIST)
    assert written.get("LOTETag") == LOTE_TAG
    assert read_xml(written) == replace(LIST, dialect=Dialect.LOTE_XML, tag=LOTE_TAG)


def test_foreign_xml_keeps_its_prefixes_and_namespaces() -> None:
    content = '<a:x xmlns:a="urn:a"><y xmlns="urn:y">1</y><z>2</z></a:x>'
    document = replace(
        with_state(
            LIST,
            identity=DigitalIdentity(key_values=(KEY_VALUE,), other=('<o xmlns="urn:o"></o>', "a < b & c")),
            extensions=(Extension(True, UnknownExtension("{urn:a}x", f"mixed {content} content")),),
        ),
        dialect=Dialect.LOTE_XML,
        tag="urn:tag",
    )
    document = with_scheme(document, pointers=(Pointer("urn:list", (), other=(content,)),))
    assert read_xml(write_xml(document)) == document


@pytest.mark.parametrize(
    "document",
    [
        with_state(LIST, extensions=(Extension(False, AdditionalServiceInformation("urn:x")),)),
        with_state(LIST, extensions=(Extension(False, UnknownExtension("note", '{"note":"<b>"}')),)),
        with_state(LIST, identity=DigitalIdentity(key_values=('{"kty":"EC"}',))),
        with_state(LIST, identity=DigitalIdentity(key_values=("<x/>",))),
        with_state(LIST, identity=DigitalIdentity(forms=(CertificateForm("0" * 64, "urn:encoding"),))),
        with_scheme(LIST, territory="\x00"),
        with_scheme(LIST, names=(Text("en", "\x1b"),)),
    ],
)
def test_what_has_no_form_in_xml_is_refused(document: TrustedList) -> None:
    with pytest.raises(ListRefusedError) as refused:
        write_xml(document)
    assert refused.value.reason_id == "LIST_UNWRITABLE"
