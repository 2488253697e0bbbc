# SPDX-License-Identifier: Apache-2.0
"""OpenPeppol's JSON code lists; the real ones are read in tests/conformance/identifiers."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.code_lists import CodeList, Kind, State


def code_list(*rows: dict[str, object]) -> CodeList:
    return CodeList.from_json(json.dumps({"version": "9.7", "values": rows}).encode())


def test_kind_is_seen_by_the_rows() -> None:
    assert code_list({"iso6523": "0088", "state": "active"}).kind is Kind.PARTICIPANT
    assert code_list({"profile-id": "p", "state": "active"}).kind is Kind.TRANSPORT_PROFILE
    assert code_list({"scheme": "s", "value": "v", "state": "active"}).kind is Kind.PROCESS
    assert code_list({"scheme": "s", "value": "v", "state": "active", "abstract": False}).kind is Kind.DOCUMENT_TYPE
    assert code_list({"scheme": "s", "value": "v", "state": "active", "process-ids": []}).kind is Kind.DOCUMENT_TYPE


def test_state_of_a_code() -> None:
    processes = code_list({"scheme": "s", "value": "v", "state": "deprecated"})
    assert processes.version == "9.7"
    assert processes.state("s", "v") == "deprecated"
    assert processes.state("s", "w") is None


def test_participant_codes_are_found_by_icd() -> None:
    participants = code_list({"iso6523": "0205", "state": "active", "registrable": False})
    assert participants.state("iso6523-actorid-upis", "0205") is State.ACTIVE
    entry = participants.entry("iso6523-actorid-upis", "0205")
    assert entry is not None
    assert not entry.registrable


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"version": "1", "values": []}',
        b'{"version": "1", "values": ["x"]}',
        b'{"version": "1", "values": [{"iso6523": "1", "state": "new"}]}',
        b'{"values": [[]]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_code_list_is_refused(data: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        CodeList.from_json(data)
    assert caught.value.reasons[0].id == "CODE-LIST-FORM"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<CodeList/>", "Expecting value"),
        (b'{"version": "1", "entries": [{}]}', "no version with a list of values"),
        (b'{"version": 1, "values": [{"iso6523": "1", "state": "active"}]}', "no version"),
        (b'{"version": "1\\u0000", "values": [{"iso6523": "1", "state": "active"}]}', "is no version"),
        (b'{"version": "%s", "values": [{"iso6523": "1", "state": "active"}]}' % (b"1" * 33), "is no version"),
        (b'{"version": "1", "values": [{"use-case-id": "MLS", "state": "active"}]}', "'use-case-id, state'"),
        (b'{"version": "1", "values": [{"iso6523": "1"}]}', "no field 'state'"),
        (b'{"version": "1", "values": [{"iso6523": "1", "state": "new"}]}', "'new' is not a valid State"),
    ],
)
def test_refusal_says_what_is_wrong_and_what_was_expected(data: bytes, what: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CodeList.from_json(data)
    assert what in str(caught.value)
    assert "participant identifier schemes, document types, processes, transport profiles" in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["version", "values", "iso6523", "state"]), inner),
)


@given(json_values)
def test_any_json_gives_a_list_or_a_validation_error(value: object) -> None:
    with suppress(ValidationError):
        assert CodeList.from_json(json.dumps(value).encode()).entries


@given(json_values)
def test_any_rows_give_a_list_or_a_validation_error(value: object) -> None:
    with suppress(ValidationError):
        assert CodeList.from_json(json.dumps({"version": "1", "values": [value, value]}).encode()).entries
