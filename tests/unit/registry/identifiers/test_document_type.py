# SPDX-License-Identifier: Apache-2.0
"""Document type and process identifiers as values."""

import pytest

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier, DocumentTypeParts
from registry.identifiers.process import ProcessIdentifier

INVOICE = (
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice"
    "##urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
)


def test_parse_splits_at_the_first_double_colon() -> None:
    identifier = DocumentTypeIdentifier.parse(f"busdox-docid-qns::{INVOICE}")
    assert identifier == DocumentTypeIdentifier("busdox-docid-qns", INVOICE)
    assert str(identifier) == f"busdox-docid-qns::{INVOICE}"


def test_messages_say_which_kind_is_malformed() -> None:
    with pytest.raises(ValidationError, match="no document type identifier"):
        DocumentTypeIdentifier.parse("x")
    with pytest.raises(ValidationError, match="no process identifier"):
        ProcessIdentifier.parse("x")


def test_parts_end_at_the_first_hashes_and_the_last_double_colon() -> None:
    parts = DocumentTypeIdentifier("busdox-docid-qns", INVOICE).parts
    assert parts == DocumentTypeParts(
        "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice",
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
        "2.1",
    )
    assert str(parts) == INVOICE


@pytest.mark.parametrize("value", ["", "a", "a##b", "a::b", "##b::c", "a##::c", "a##b::", "urn:no:einnsyn::kvittering"])
def test_a_value_of_another_form_has_no_parts(value: str) -> None:
    identifier = DocumentTypeIdentifier("busdox-docid-qns", value)
    assert identifier.parts is None
    assert identifier.customization_id is None


def test_customization_id_is_one_of_the_parts() -> None:
    assert DocumentTypeIdentifier("s", "a::b##c@d*::1").customization_id == "c@d*"


def test_being_a_wildcard_is_a_matter_of_the_scheme() -> None:
    assert DocumentTypeIdentifier("peppol-doctype-wildcard", INVOICE).is_wildcard
    assert not DocumentTypeIdentifier("busdox-docid-qns", "a::b##c*::1").is_wildcard


def test_identifiers_of_different_kinds_are_never_equal() -> None:
    assert len({DocumentTypeIdentifier("a", "b"), ProcessIdentifier("a", "b")}) == 2
