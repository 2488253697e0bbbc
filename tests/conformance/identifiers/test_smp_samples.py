# SPDX-License-Identifier: Apache-2.0
"""The identifiers of real SMP documents: parsed, judged, and put into URLs and DNS names."""

import html
import re
from pathlib import Path

import pytest

from registry.domains.loader import load_domain
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import SmpPath, parse_service_href, participant_path, service_path, split_smp_path

DEMO = load_domain("demo").identifiers
PEPPOL = load_domain("peppol").identifiers
_IDENTIFIER = re.compile(r'<(?:\w+:)?(Participant|Document)Identifier [^>]*?scheme="([^"]*)"[^>]*>([^<]*)<')
_HREF = re.compile(r'<(?:\w+:)?ServiceMetadataReference [^>]*?href="([^"]*)"')


@pytest.fixture(scope="module")
def documents(corpus: Path) -> list[str]:
    samples = corpus / "smp" / "samples"
    paths = sorted([*samples.glob("vefa-peppol/*.xml"), *samples.glob("ec-federated-infrastructure/*.xml")])
    assert len(paths) > 25
    return [path.read_text("utf-8") for path in paths]


def found(documents: list[str], kind: str) -> set[tuple[str, str]]:
    matches = (match for document in documents for match in _IDENTIFIER.finditer(document))
    return {(match[2], html.unescape(match[3]).strip()) for match in matches if match[1] == kind}


def test_lax_rules_accept_every_real_identifier(documents: list[str]) -> None:
    participants = {ParticipantIdentifier(*pair) for pair in found(documents, "Participant")}
    document_types = {DocumentTypeIdentifier(*pair) for pair in found(documents, "Document")}
    assert len(participants) >= 18
    assert len(document_types) >= 5
    assert [str(one) for one in participants if DEMO.validate_participant(one)] == []
    assert [str(one) for one in document_types if DEMO.validate_document_type(one)] == []


def test_policy_1_real_iso6523_participants_are_well_formed(documents: list[str]) -> None:
    participants = {ParticipantIdentifier(*pair) for pair in found(documents, "Participant")}
    refused = {one.scheme for one in participants if PEPPOL.validate_participant(one)}
    assert all(scheme.startswith("urn:oasis:names:tc:ebcore:partyid-type:iso6523:") for scheme in refused)
    assert len(refused) == 3


def test_ta11_real_identifiers_survive_their_url(documents: list[str]) -> None:
    for pair in found(documents, "Participant"):
        participant = ParticipantIdentifier(*pair)
        path = split_smp_path(participant_path(participant).encode())
        assert path is not None
        assert ParticipantIdentifier.parse(path.participant) == participant


def test_ta11_real_hrefs_give_their_identifiers_and_are_made_again(documents: list[str]) -> None:
    hrefs = {html.unescape(match[1]) for document in documents for match in _HREF.finditer(document)}
    assert len(hrefs) > 20
    for href in hrefs:
        participant, document_type = parse_service_href(href)
        path = service_path(participant, document_type)
        assert split_smp_path(path.encode()) == SmpPath(str(participant), str(document_type))
        assert parse_service_href(f"https://smp.example{path}") == (participant, document_type)


@pytest.mark.parametrize(
    "raw_path",
    [
        b"/iso6523-actorid-upis::9915:Sg1",
        b"/iso6523-actorid-upis::9915:SG1",
        b"/iso6523-actorid-upis%3A%3A9915%3ASg1",
        b"/iso6523-actorid-upis%3a%3a9915%3asg1",
    ],
)
def test_ta10_ta12_participants_have_no_case_and_any_encoding(raw_path: bytes) -> None:
    path = split_smp_path(raw_path)
    assert path is not None
    asked = ParticipantIdentifier.parse(path.participant)
    assert PEPPOL.same_participant(asked, ParticipantIdentifier("iso6523-actorid-upis", "9915:sg1"))


def test_ta24_ta26_schemes_with_case_keep_theirs() -> None:
    schemes = {"cs-docid-qns": {"case_sensitive": True}, "ci-docid-qns": {"case_sensitive": False}}
    rules = load_domain("demo", {"identifiers": {"document_type": {"schemes": schemes}}}).identifiers
    for scheme, same in (("cs-docid-qns", False), ("ci-docid-qns", True)):
        one, other = DocumentTypeIdentifier(scheme, "doc1"), DocumentTypeIdentifier(scheme, "DOC1")
        assert rules.same_document_type(one, other) is same
