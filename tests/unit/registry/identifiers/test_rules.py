# SPDX-License-Identifier: Apache-2.0
"""Identifier rules: keys, sameness, and all reasons at once."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domains.loader import load_domain
from registry.identifiers.code_lists import CodeList
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.document_type import BUSDOX, PEPPOL_WILDCARD, DocumentTypeIdentifier
from registry.identifiers.participant import EBCORE_PREFIX, ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.rules import IdentifierRules, SchemeRule, stops_new_entries_only

PEPPOL = load_domain("peppol").identifiers
LAX = replace(PEPPOL, strict=False)
INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##urn:cen.eu:en16931:2017::2.1"
PROCESS = "cenbii-procid-ubl"


def participant_ids(value: str, scheme: str = ISO6523, *, strict: bool = True) -> list[str]:
    rules = PEPPOL if strict else LAX
    return [reason.id for reason in rules.validate_participant(ParticipantIdentifier(scheme, value))]


def document_type_ids(value: str, scheme: str = BUSDOX, *, strict: bool = True) -> list[str]:
    rules = PEPPOL if strict else LAX
    return [reason.id for reason in rules.validate_document_type(DocumentTypeIdentifier(scheme, value))]


def process_ids(value: str, scheme: str = PROCESS, *, strict: bool = True) -> list[str]:
    rules = PEPPOL if strict else LAX
    return [reason.id for reason in rules.validate_process(ProcessIdentifier(scheme, value))]


class TestSameness:
    def test_participant_values_have_no_case_in_peppol(self) -> None:
        one, other = ParticipantIdentifier(ISO6523, "9915:ABC"), ParticipantIdentifier(ISO6523, "9915:abc")
        assert PEPPOL.participant_key(one) == PEPPOL.participant_key(other) == "9915:abc"
        assert PEPPOL.same_participant(one, other)

    def test_scheme_names_have_case(self) -> None:
        one = ParticipantIdentifier(ISO6523, "9915:a")
        assert not PEPPOL.same_participant(one, ParticipantIdentifier(ISO6523.upper(), "9915:a"))

    def test_document_types_and_processes_have_case_in_peppol(self) -> None:
        one, other = DocumentTypeIdentifier(BUSDOX, "A"), DocumentTypeIdentifier(BUSDOX, "a")
        assert PEPPOL.document_type_key(one) == "A"
        assert not PEPPOL.same_document_type(one, other)
        assert PEPPOL.same_document_type(one, DocumentTypeIdentifier(BUSDOX, "A"))
        assert PEPPOL.process_key(ProcessIdentifier(PROCESS, "A")) == "A"
        assert not PEPPOL.same_process(ProcessIdentifier(PROCESS, "A"), ProcessIdentifier(PROCESS, "a"))

    def test_case_is_a_matter_of_the_scheme(self) -> None:
        rules = load_domain(
            "peppol", {"identifiers": {"document_type": {"schemes": {"bdx-docid-qns": {"case_sensitive": False}}}}}
        ).identifiers
        assert rules.same_document_type(
            DocumentTypeIdentifier("bdx-docid-qns", "A"), DocumentTypeIdentifier("bdx-docid-qns", "a")
        )
        assert rules.document_type_key(DocumentTypeIdentifier(BUSDOX, "A")) == "A"

    def test_strength_does_not_change_keys(self) -> None:
        identifier = ParticipantIdentifier("unknown-scheme", "A")
        assert LAX.participant_key(identifier) == PEPPOL.participant_key(identifier) == "a"

    def test_keys_fold_ascii_only(self) -> None:
        assert PEPPOL.participant_key(ParticipantIdentifier(ISO6523, "İK\u212a")) == "İk\u212a"

    @given(st.text(), st.text())
    def test_every_identifier_has_a_key_that_is_its_own_key(self, scheme: str, value: str) -> None:
        identifier = ParticipantIdentifier(scheme, value)
        key = PEPPOL.participant_key(identifier)
        assert PEPPOL.participant_key(replace(identifier, value=key)) == key


class TestParticipants:
    @pytest.mark.parametrize("value", ["0088:4035811991021", "9915:setcce-test", "0088:a.b_c~D", "0192:" + "1" * 130])
    def test_icd_and_up_to_130_characters_are_accepted(self, value: str) -> None:
        assert participant_ids(value) == []

    @pytest.mark.parametrize(
        "value", ["4035811991021", "088:1", "00888:1", "0088:", "0088:a/b", "0088:a:b", "\u0660\u066088:1"]
    )
    def test_other_forms_are_refused_where_rules_are_strict(self, value: str) -> None:
        assert "PARTICIPANT-FORM" in participant_ids(value)

    def test_length(self) -> None:
        assert participant_ids("0088:" + "1" * 131) == ["PARTICIPANT-LENGTH"]
        assert participant_ids("0088:" + "1" * 131, strict=False) == ["PARTICIPANT-LENGTH"]

    def test_all_reasons_come_at_once_with_their_clause(self) -> None:
        reasons = PEPPOL.validate_participant(ParticipantIdentifier("other scheme", "ä " * 200))
        assert [reason.id for reason in reasons] == [
            "PARTICIPANT-SCHEME-FORM",
            "PARTICIPANT-LENGTH",
            "PARTICIPANT-CHARACTERS",
            "PARTICIPANT-ASCII",
        ]
        assert PEPPOL.validate_participant(ParticipantIdentifier(ISO6523, ""))[0].clause == "PFUOI 4.4.0 POLICY 1"

    def test_unknown_scheme_is_refused_where_rules_are_strict_only(self) -> None:
        assert participant_ids("0088:1", "other-actorid-upis") == ["PARTICIPANT-SCHEME-UNKNOWN"]
        assert participant_ids("anything!", "other-actorid-upis", strict=False) == []
        assert participant_ids("test02", f"{EBCORE_PREFIX}iso6523:0088", strict=False) == []

    def test_scheme_in_another_case_would_share_the_dns_name_of_its_twin(self) -> None:
        assert participant_ids("0088:1", ISO6523.title()) == ["PARTICIPANT-SCHEME-UNKNOWN", "PARTICIPANT-SCHEME-CASE"]
        assert participant_ids("0088:1", ISO6523.title(), strict=False) == ["PARTICIPANT-SCHEME-CASE"]

    def test_lax_rules_refuse_what_breaks_wire_formats(self) -> None:
        assert participant_ids("", strict=False) == ["PARTICIPANT-EMPTY"]
        assert participant_ids("a b", strict=False) == ["PARTICIPANT-CHARACTERS"]
        assert participant_ids("a\x00", strict=False) == ["PARTICIPANT-CHARACTERS"]
        assert participant_ids("ä", strict=False) == ["PARTICIPANT-ASCII"]
        assert participant_ids("a", "", strict=False) == ["PARTICIPANT-SCHEME-EMPTY"]
        assert participant_ids("a", "a::b", strict=False) == ["PARTICIPANT-SCHEME-FORM"]
        assert participant_ids("a", "a:", strict=False) == ["PARTICIPANT-SCHEME-FORM"]
        assert participant_ids("a", "a" * 201, strict=False) == ["PARTICIPANT-SCHEME-FORM"]

    def test_wildcard_participant_is_for_the_sml_only(self) -> None:
        star = ParticipantIdentifier(ISO6523, "*")
        assert participant_ids("*") == ["PARTICIPANT-FORM", "PARTICIPANT-WILDCARD"]
        assert participant_ids("*", strict=False) == ["PARTICIPANT-WILDCARD"]
        assert PEPPOL.validate_participant(star, allow_wildcard_participant=True) == ()
        elsewhere = replace(star, scheme="other-actorid-upis")
        (reason,) = PEPPOL.validate_participant(elsewhere, allow_wildcard_participant=True)
        assert reason.id == "PARTICIPANT-SCHEME-UNKNOWN"
        (reason,) = LAX.validate_participant(replace(star, scheme=ISO6523.upper()), allow_wildcard_participant=True)
        assert reason.id == "PARTICIPANT-SCHEME-CASE"

    @given(st.from_regex(r"[abAB](-[aA]){2}", fullmatch=True), st.from_regex(r"[aAbB]{1,2}", fullmatch=True))
    def test_accepted_participants_with_one_dns_name_are_one_participant(self, scheme: str, value: str) -> None:
        one = ParticipantIdentifier(scheme, value)
        other = ParticipantIdentifier("a-a-a", "ab")
        if not LAX.validate_participant(one) and participant_owner(one) == participant_owner(other):
            assert LAX.same_participant(one, other)

    @given(st.text(), st.text())
    def test_accepted_identifiers_survive_their_uri_form(self, scheme: str, value: str) -> None:
        identifier = ParticipantIdentifier(scheme, value)
        if not LAX.validate_participant(identifier):
            assert ParticipantIdentifier.parse(str(identifier)) == identifier


class TestDocumentTypes:
    @pytest.mark.parametrize(
        "value", [INVOICE, "urn:peppol:doctype:pdf+xml##urn:cen.eu:en16931:2017#conformant#x::D22B"]
    )
    def test_the_forms_in_use_are_accepted(self, value: str) -> None:
        assert document_type_ids(value) == []

    @pytest.mark.parametrize(
        "value",
        [
            "a::b",
            "a::b##::1",
            "a::b##c",
            "##c::1",
            "a::b##c::",
            "urn:no:difi:xsd::status",
            "a::b##c*::1",
            "a*::b##c::1",
        ],
    )
    def test_other_forms_are_refused_where_rules_are_strict_only(self, value: str) -> None:
        assert document_type_ids(value) == ["DOCUMENT-TYPE-FORM"]
        assert document_type_ids(value, strict=False) == []

    def test_length_and_white_space_are_refused_always(self) -> None:
        for strict in (True, False):
            assert document_type_ids(INVOICE + "1" * 500, strict=strict) == ["DOCUMENT-TYPE-LENGTH"]
            assert document_type_ids(INVOICE + " 1", strict=strict) == ["DOCUMENT-TYPE-CHARACTERS"]

    def test_wildcard_scheme_has_its_own_rules(self) -> None:
        assert document_type_ids("a::b##c@d*::1", PEPPOL_WILDCARD) == []
        assert document_type_ids("a::b##c@*::1", PEPPOL_WILDCARD) == ["WILDCARD-EMPTY-PART"]
        assert document_type_ids("a::b", PEPPOL_WILDCARD) == ["DOCUMENT-TYPE-FORM"]
        assert document_type_ids("a::b##c@*::1", PEPPOL_WILDCARD, strict=False) == []

    def test_unknown_scheme_is_refused_where_rules_are_strict_only(self) -> None:
        assert document_type_ids(INVOICE, "bdx-docid-qns") == ["DOCUMENT-TYPE-SCHEME-UNKNOWN"]
        assert document_type_ids(INVOICE, "bdx-docid-qns", strict=False) == []


class TestProcesses:
    def test_length_and_characters(self) -> None:
        assert process_ids("urn:fdc:peppol.eu:2017:poacc:billing:01:1.0") == []
        assert process_ids("é" * 200) == []
        assert process_ids("é" * 201) == ["PROCESS-LENGTH"]
        assert process_ids("€") == ["PROCESS-FORM"]
        assert process_ids("€", strict=False) == []
        assert process_ids("a b") == ["PROCESS-CHARACTERS", "PROCESS-FORM"]

    def test_a_process_without_scheme_is_for_lax_domains(self) -> None:
        assert process_ids("bdx:noprocess", "") == ["PROCESS-SCHEME-EMPTY"]
        assert process_ids("bdx:noprocess", "", strict=False) == []


class TestTransportProfiles:
    def test_only_those_of_the_domain_are_accepted(self) -> None:
        assert PEPPOL.validate_transport_profile("peppol-transport-as4-v2_0") == ()
        (reason,) = PEPPOL.validate_transport_profile("busdox-transport-as2-ver1p0")
        assert reason.id == "TRANSPORT-PROFILE-NOT-ALLOWED"
        assert load_domain("demo").identifiers.validate_transport_profile("busdox-transport-start") == ()

    def test_length_and_characters(self) -> None:
        rules = load_domain("demo").identifiers
        assert [reason.id for reason in rules.validate_transport_profile("a " * 26)] == [
            "TRANSPORT-PROFILE-LENGTH",
            "TRANSPORT-PROFILE-CHARACTERS",
        ]
        assert [reason.id for reason in rules.validate_transport_profile("")] == ["TRANSPORT-PROFILE-EMPTY"]


class TestCodeLists:
    @staticmethod
    def rows(*rows: dict[str, object]) -> CodeList:
        return CodeList.from_json(json.dumps({"version": "1", "values": rows}).encode())

    @pytest.mark.parametrize(
        ("row", "reason_id"),
        [
            ({"iso6523": "0088", "state": "active"}, None),
            ({"iso6523": "0088", "state": "deprecated"}, "PARTICIPANT-DEPRECATED"),
            ({"iso6523": "0088", "state": "removed"}, "PARTICIPANT-REMOVED"),
            ({"iso6523": "0088", "state": "active", "registrable": False}, "PARTICIPANT-NOT-REGISTRABLE"),
            ({"iso6523": "0089", "state": "active"}, "PARTICIPANT-NOT-LISTED"),
        ],
    )
    def test_a_participants_icd_must_be_listed_and_active(self, row: dict[str, object], reason_id: str | None) -> None:
        identifier = ParticipantIdentifier(ISO6523, "0088:1")
        codes = self.rows(row)
        reasons = PEPPOL.with_code_lists(codes).validate_participant(identifier)
        assert [reason.id for reason in reasons] == ([reason_id] if reason_id else [])
        assert all(stops_new_entries_only(reason) for reason in reasons) == (row["state"] != "removed")
        assert LAX.with_code_lists(codes).validate_participant(identifier) == ()

    def test_wildcards_are_listed_without_their_star(self) -> None:
        row = {"scheme": PEPPOL_WILDCARD, "value": "a::b##c::1", "state": "active", "abstract": True}
        rules = PEPPOL.with_code_lists(self.rows(row))
        assert rules.validate_document_type(DocumentTypeIdentifier(PEPPOL_WILDCARD, "a::b##c*::1")) == ()
        (reason,) = rules.validate_document_type(DocumentTypeIdentifier(PEPPOL_WILDCARD, "a::b##c::1"))
        assert reason.id == "DOCUMENT-TYPE-ABSTRACT"
        (reason,) = rules.validate_document_type(DocumentTypeIdentifier(PEPPOL_WILDCARD, "a::b##c@d*::1"))
        assert reason.id == "DOCUMENT-TYPE-NOT-LISTED"

    def test_what_is_malformed_may_not_stay_either(self) -> None:
        for reason in PEPPOL.validate_participant(ParticipantIdentifier("other scheme", "ä " * 200)):
            assert not stops_new_entries_only(reason)
        (reason,) = PEPPOL.validate_transport_profile("busdox-transport-as2-ver1p0")
        assert not stops_new_entries_only(reason)

    def test_lists_of_several_kinds_hold_together(self) -> None:
        process = self.rows({"scheme": PROCESS, "value": "p", "state": "removed"})
        transport = self.rows({"profile-id": "peppol-transport-as4-v2_0", "state": "deprecated"})
        rules = PEPPOL.with_code_lists(process).with_code_lists(transport)
        (reason,) = rules.validate_process(ProcessIdentifier(PROCESS, "p"))
        assert reason.id == "PROCESS-REMOVED"
        (reason,) = rules.validate_transport_profile("peppol-transport-as4-v2_0")
        assert reason.id == "TRANSPORT-PROFILE-DEPRECATED"


@pytest.mark.parametrize("unit", ["::", "##", "#", "*", "@", "a", ":", " ", "::a##", "a@"])
def test_identifiers_of_any_length_are_judged_in_linear_time(unit: str) -> None:
    text = unit * (100_000 // len(unit)) + "*"
    began = time.thread_time()
    assert "PARTICIPANT-LENGTH" in participant_ids(text)
    assert "DOCUMENT-TYPE-LENGTH" in document_type_ids(text)
    assert "DOCUMENT-TYPE-LENGTH" in document_type_ids(text, PEPPOL_WILDCARD)
    assert "PROCESS-LENGTH" in process_ids(text)
    assert time.thread_time() - began < 20


@given(st.text(), st.text())
def test_messages_can_be_written_as_utf8(scheme: str, value: str) -> None:
    for reason in (
        *PEPPOL.validate_participant(ParticipantIdentifier(scheme, value)),
        *PEPPOL.validate_document_type(DocumentTypeIdentifier(scheme, value)),
    ):
        str(reason).encode()


class TestCheckDigits:
    RIGHT = ParticipantIdentifier(ISO6523, "0088:1548079098355")
    WRONG = ParticipantIdentifier(ISO6523, "0088:1548079098356")
    EBCORE_WRONG = ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "1548079098356")

    def rules(self, says: str = "mod10 (weights 1, 3)", **changes: Any) -> IdentifierRules:
        row = {"iso6523": "0088", "state": "active", "validation-rules": says}
        codes = CodeList.from_json(json.dumps({"version": "1", "values": [row]}).encode())
        return replace(PEPPOL.with_code_lists(codes), **changes)

    def test_by_default_wrong_ones_are_a_warning(self) -> None:
        rules = self.rules()
        assert rules.validate_participant(self.WRONG) == ()
        assert [reason.id for reason in rules.participant_warnings(self.WRONG)] == ["PARTICIPANT-CHECK-DIGIT"]
        assert rules.participant_warnings(self.RIGHT) == ()

    def test_refusing_stops_new_participants_only(self) -> None:
        rules = self.rules(check_digits="refuse")
        (reason,) = rules.validate_participant(self.WRONG)
        assert reason.id == "PARTICIPANT-CHECK-DIGIT"
        assert stops_new_entries_only(reason)
        assert rules.validate_participant(self.RIGHT) == rules.participant_warnings(self.WRONG) == ()

    @pytest.mark.parametrize("changes", [{"check_digits": "off"}, {"strict": False}, {"code_lists": {}}])
    def test_off_lax_or_without_a_list_they_are_not_looked_at(self, changes: dict[str, Any]) -> None:
        rules = self.rules(**changes)
        assert rules.validate_participant(self.WRONG) == rules.participant_warnings(self.WRONG) == ()

    def test_a_list_that_states_no_rule_asks_for_none(self) -> None:
        assert self.rules("RegEx: [0-9]{13}").participant_warnings(self.WRONG) == ()

    def test_an_ebcore_party_id_has_the_same_number(self) -> None:
        assert [reason.id for reason in self.rules().participant_warnings(self.EBCORE_WRONG)] == [
            "PARTICIPANT-CHECK-DIGIT"
        ]


class TestSchemes:
    def test_an_ebcore_scheme_is_known_by_its_catalogue_with_any_agency(self) -> None:
        named = SchemeRule(f"{EBCORE_PREFIX}iso6523", case_sensitive=True, max_length=3)
        rules = replace(PEPPOL, participant=replace(PEPPOL.participant, schemes={named.scheme: named}))
        identifier = ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "1")
        assert rules.validate_participant(identifier) == ()
        assert rules.participant.rule(identifier.scheme) is named
        (reason,) = rules.validate_participant(ParticipantIdentifier(f"{EBCORE_PREFIX}duns:x", "1"))
        assert reason.id == "PARTICIPANT-SCHEME-UNKNOWN"

    def test_the_code_list_finds_the_agency_of_an_ebcore_party_id(self) -> None:
        codes = CodeList.from_json(b'{"version": "1", "values": [{"iso6523": "0088", "state": "removed"}]}')
        any_scheme = replace(PEPPOL, participant=replace(PEPPOL.participant, schemes={})).with_code_lists(codes)
        (reason,) = any_scheme.validate_participant(ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "1"))
        assert reason.id == "PARTICIPANT-REMOVED"

    def test_a_scheme_with_capitals_is_accepted_where_the_domain_names_it(self) -> None:
        gln = SchemeRule("GLN", case_sensitive=False, max_length=13)
        rules = replace(PEPPOL, participant=replace(PEPPOL.participant, schemes={"GLN": gln}))
        assert rules.validate_participant(ParticipantIdentifier("GLN", "1")) == ()

    def test_identifiers_without_a_scheme_need_a_domain_that_allows_them(self) -> None:
        alone, document = ParticipantIdentifier("", "1"), DocumentTypeIdentifier("", "1")
        for rules in (PEPPOL, LAX):
            assert [reason.id for reason in rules.validate_participant(alone)] == ["PARTICIPANT-SCHEME-EMPTY"]
            assert [reason.id for reason in rules.validate_document_type(document)] == ["DOCUMENT-TYPE-SCHEME-EMPTY"]
        allowing = replace(
            PEPPOL,
            participant=replace(PEPPOL.participant, allow_no_scheme=True),
            document_type=replace(PEPPOL.document_type, allow_no_scheme=True),
        )
        assert allowing.validate_participant(alone) == allowing.validate_document_type(document) == ()
