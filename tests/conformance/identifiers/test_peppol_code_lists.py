# SPDX-License-Identifier: Apache-2.0
"""The rules of the Peppol profile against OpenPeppol's code lists 9.7 (PFUOI 4.4.0)."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from registry.domains.loader import load_domain
from registry.identifiers.code_lists import CodeList, Kind, State
from registry.identifiers.document_type import BUSDOX, PEPPOL_WILDCARD, DocumentTypeIdentifier
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.rules import IdentifierRules

PEPPOL = load_domain("peppol").identifiers
FILES = {
    Kind.PARTICIPANT: "participant-identifier-schemes",
    Kind.DOCUMENT_TYPE: "document-types",
    Kind.PROCESS: "processes",
    Kind.TRANSPORT_PROFILE: "transport-profiles",
}


@pytest.fixture(scope="module")
def lists(corpus: Path) -> dict[Kind, CodeList]:
    folder = corpus / "smp" / "codelists" / "v9.7"
    return {kind: CodeList.from_json((folder / f"{name}-v9.7.json").read_bytes()) for kind, name in FILES.items()}


@pytest.fixture(scope="module")
def rules(lists: dict[Kind, CodeList]) -> IdentifierRules:
    return PEPPOL.with_code_lists(*lists.values())


def test_every_list_is_recognised_and_complete(lists: dict[Kind, CodeList]) -> None:
    assert {kind: (codes.kind, codes.version, len(codes.entries)) for kind, codes in lists.items()} == {
        Kind.PARTICIPANT: (Kind.PARTICIPANT, "9.7", 105),
        Kind.DOCUMENT_TYPE: (Kind.DOCUMENT_TYPE, "9.7", 321),
        Kind.PROCESS: (Kind.PROCESS, "9.7", 109),
        Kind.TRANSPORT_PROFILE: (Kind.TRANSPORT_PROFILE, "9.7", 5),
    }


def test_states_are_those_of_the_list(lists: dict[Kind, CodeList]) -> None:
    states = {kind: Counter(entry.state for entry in codes.entries.values()) for kind, codes in lists.items()}
    assert states[Kind.PARTICIPANT] == {State.ACTIVE: 84, State.DEPRECATED: 5, State.REMOVED: 16}
    assert states[Kind.DOCUMENT_TYPE] == {State.ACTIVE: 209, State.DEPRECATED: 71, State.REMOVED: 41}
    assert states[Kind.PROCESS] == {State.ACTIVE: 91, State.DEPRECATED: 13, State.REMOVED: 5}
    assert states[Kind.TRANSPORT_PROFILE] == {State.ACTIVE: 1, State.REMOVED: 4}
    assert lists[Kind.DOCUMENT_TYPE].state(PEPPOL_WILDCARD, "nothing") is None


def test_policy_20_every_listed_document_type_is_well_formed(lists: dict[Kind, CodeList]) -> None:
    identifiers = [DocumentTypeIdentifier(*code) for code in lists[Kind.DOCUMENT_TYPE].entries]
    assert {identifier.scheme for identifier in identifiers} == {BUSDOX, PEPPOL_WILDCARD}
    assert [str(identifier) for identifier in identifiers if PEPPOL.validate_document_type(identifier)] == []


def test_policy_1_every_listed_process_is_well_formed(lists: dict[Kind, CodeList]) -> None:
    identifiers = [ProcessIdentifier(*code) for code in lists[Kind.PROCESS].entries]
    assert [str(identifier) for identifier in identifiers if PEPPOL.validate_process(identifier)] == []


def test_policy_1_every_listed_icd_makes_well_formed_participants(lists: dict[Kind, CodeList]) -> None:
    identifiers = [ParticipantIdentifier(scheme, f"{icd}:x-1") for scheme, icd in lists[Kind.PARTICIPANT].entries]
    assert [str(identifier) for identifier in identifiers if PEPPOL.validate_participant(identifier)] == []


def test_the_profile_allows_exactly_the_active_transport_profiles(lists: dict[Kind, CodeList]) -> None:
    entries = lists[Kind.TRANSPORT_PROFILE].entries
    active = {profile for (_, profile), entry in entries.items() if entry.state is State.ACTIVE}
    assert active == set(PEPPOL.transport_profile.allowed)


def test_only_active_document_types_can_be_registered(lists: dict[Kind, CodeList], rules: IdentifierRules) -> None:
    expected = {
        State.ACTIVE: [],
        State.DEPRECATED: ["DOCUMENT-TYPE-DEPRECATED"],
        State.REMOVED: ["DOCUMENT-TYPE-REMOVED"],
    }
    for code, entry in lists[Kind.DOCUMENT_TYPE].entries.items():
        identifier = DocumentTypeIdentifier(*code)
        if entry.abstract:
            parts = identifier.parts
            assert parts is not None
            starred = replace(parts, customization_id=f"{parts.customization_id}*")
            identifier = replace(identifier, value=str(starred))
        assert [reason.id for reason in rules.validate_document_type(identifier)] == expected[entry.state]


def test_br_pdc_abstract_document_types_need_their_star(lists: dict[Kind, CodeList], rules: IdentifierRules) -> None:
    abstract = [code for code, entry in lists[Kind.DOCUMENT_TYPE].entries.items() if entry.abstract]
    assert len(abstract) == 2
    for code in abstract:
        ids = [reason.id for reason in rules.validate_document_type(DocumentTypeIdentifier(*code))]
        assert ids == ["DOCUMENT-TYPE-ABSTRACT"]


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("0088:4035811991021", []),
        ("9915:setcce-test", []),
        ("9908:991825827", ["PARTICIPANT-REMOVED"]),
        ("0205:X", ["PARTICIPANT-NOT-REGISTRABLE"]),
        ("0000:1", ["PARTICIPANT-NOT-LISTED"]),
    ],
)
def test_policy_4_icd_state(rules: IdentifierRules, value: str, ids: list[str]) -> None:
    reasons = rules.validate_participant(ParticipantIdentifier(ISO6523, value))
    assert [reason.id for reason in reasons] == ids
