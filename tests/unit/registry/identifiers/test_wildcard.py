# SPDX-License-Identifier: Apache-2.0
"""Wildcard document types: which are well-formed, and which one a client picks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.identifiers.document_type import BUSDOX, PEPPOL_WILDCARD, DocumentTypeIdentifier
from registry.identifiers.wildcard import match_document_type, validate_wildcard


def wildcard(customization_id: str, *, name: str = "N::L", version: str = "1") -> DocumentTypeIdentifier:
    return DocumentTypeIdentifier(PEPPOL_WILDCARD, f"{name}##{customization_id}::{version}")


def picked(asked: str, *offered: str) -> str | None:
    match = match_document_type(wildcard(asked), [wildcard(customization_id) for customization_id in offered])
    return None if match is None else match.customization_id


@pytest.mark.parametrize("customization_id", ["a*", "a@b*", "a", "a@b", "a#b:c@d*"])
def test_star_after_a_part_at_the_end_is_well_formed(customization_id: str) -> None:
    assert validate_wildcard(f"N::L##{customization_id}::1") == ()


@pytest.mark.parametrize(
    ("customization_id", "ids"),
    [
        ("*", ["WILDCARD-EMPTY-PART"]),
        ("a**", ["WILDCARD-PLACE"]),
        ("a@*", ["WILDCARD-EMPTY-PART"]),
        ("a*@b", ["WILDCARD-PLACE"]),
        ("a@b@*", ["WILDCARD-EMPTY-PART"]),
        ("a@@b", ["WILDCARD-EMPTY-PART"]),
        ("@*@*", ["WILDCARD-PLACE", "WILDCARD-EMPTY-PART"]),
    ],
)
def test_star_elsewhere_is_refused_with_every_reason(customization_id: str, ids: list[str]) -> None:
    assert [reason.id for reason in validate_wildcard(f"N::L##{customization_id}::1")] == ids


@pytest.mark.parametrize("value", ["N::L*##a::1", "N::L##a::*"])
def test_star_outside_the_customization_id_is_refused(value: str) -> None:
    assert [reason.id for reason in validate_wildcard(value)] == ["WILDCARD-PLACE"]


def test_value_of_another_form_is_refused() -> None:
    assert [reason.id for reason in validate_wildcard("x" * 10_000)] == ["DOCUMENT-TYPE-FORM"]


@pytest.mark.parametrize("asked", ["a", "a@b", "a@b@c@d"])
def test_whole_parts_match_from_the_left(asked: str) -> None:
    assert picked(asked, "a*") == "a*"


@pytest.mark.parametrize("asked", ["b@a", "ab", "b"])
def test_other_parts_do_not_match(asked: str) -> None:
    assert picked(asked, "a*") is None


def test_two_parts_match_both() -> None:
    assert picked("a@b", "a@b*") == "a@b*"
    assert picked("a@b@c", "a@b*") == "a@b*"
    assert picked("a", "a@b*") is None
    assert picked("a@c", "a@b*") is None


def test_more_parts_win() -> None:
    assert picked("a@b@c", "a*", "a@b*") == "a@b*"
    assert picked("a@c", "a*", "a@b*") == "a*"


def test_the_same_without_star_wins() -> None:
    assert picked("a@b", "a@b*", "a*", "a@b") == "a@b"
    assert picked("a@b@c", "a*", "a@b") == "a*"


def test_star_in_what_is_asked_is_found_literally_or_ignored() -> None:
    assert picked("a@b*", "a@b", "a@b*") == "a@b*"
    assert picked("a@b*", "a*", "a@b") == "a@b"
    assert picked("a@b*", "a*") == "a*"
    assert picked("a*@b", "a*") is None


def test_malformed_offers_never_match() -> None:
    assert picked("a@b", "*", "a@*", "a**") is None


def test_name_and_version_must_be_the_same() -> None:
    offered = [wildcard("a*", name="N::M"), wildcard("a*", version="2")]
    assert match_document_type(wildcard("a"), offered) is None


def test_busdox_is_matched_by_the_same_only() -> None:
    exact = DocumentTypeIdentifier(BUSDOX, "N::L##a::1")
    assert match_document_type(exact, [wildcard("a*"), wildcard("a")]) is None
    assert match_document_type(exact, [wildcard("a*"), exact]) == exact
    assert match_document_type(wildcard("a"), [exact]) is None


def test_values_of_other_forms_match_the_same_only() -> None:
    odd = DocumentTypeIdentifier(PEPPOL_WILDCARD, "odd")
    assert match_document_type(odd, [wildcard("a*"), odd]) == odd
    assert match_document_type(odd, [wildcard("a*")]) is None


@given(st.text(alphabet="ab@*#:"), st.lists(st.text(alphabet="ab@*#:")))
def test_a_match_is_always_one_of_the_offers(asked: str, offers: list[str]) -> None:
    offered = [wildcard(offer) for offer in offers]
    match = match_document_type(wildcard(asked), offered)
    assert match is None or match in offered
