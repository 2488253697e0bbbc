# SPDX-License-Identifier: Apache-2.0
"""The model into JSON: nothing is lost, equal lists are equal bytes, and what has no form is refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.simulators.lote_documents import LIST, documents, with_scheme, with_state
from trust_lists.documents.lote.json_reader import read_json
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Dialect,
    DigitalIdentity,
    Extension,
    Pointer,
    Text,
    TrustedList,
    UnknownExtension,
)
from trust_lists.errors import ListRefusedError


@settings(max_examples=80)
@given(documents(Dialect.LOTE_JSON))
def test_what_is_written_is_read_again(document: TrustedList) -> None:
    data = write_json(document)
    assert read_json(data) == document
    assert write_json(read_json(data)) == data


def test_bytes_are_utf8_without_white_space_and_without_what_is_not_said() -> None:
    data = write_json(with_scheme(LIST, operator_names=(Text("el", "Διαχειριστής"),), distribution_points=()))
    assert '[{"lang":"el","value":"Διαχειριστής"}]'.encode() in data
    assert b"\n" not in data
    assert b"DistributionPoints" not in data
    assert b"ServiceStatus" not in data


def test_a_closed_list_has_a_next_update_of_null() -> None:
    data = write_json(with_scheme(LIST, next_update=None))
    assert json.loads(data)["LoTE"]["ListAndSchemeInformation"]["NextUpdate"] is None
    assert read_json(data).scheme.next_update is None


def test_zero_days_of_history_are_said() -> None:
    data = write_json(with_scheme(LIST, historical_period=0))
    assert json.loads(data)["LoTE"]["ListAndSchemeInformation"]["HistoricalInformationPeriod"] == 0


def test_legal_notices_are_strings_as_in_the_schema() -> None:
    data = write_json(with_scheme(LIST, policies=(), legal_notices=(Text("en", "A notice"),)))
    notices = json.loads(data)["LoTE"]["ListAndSchemeInformation"]["PolicyOrLegalNotice"]
    assert notices == [{"LoTELegalNotice": "A notice"}]


@pytest.mark.parametrize(
    "document",
    [
        with_state(LIST, extensions=(Extension(False, AdditionalServiceInformation("urn:x")),)),
        with_state(LIST, extensions=(Extension(False, UnknownExtension("{urn:x}y", "<y xmlns='urn:x'/>")),)),
        with_state(LIST, extensions=(Extension(False, UnknownExtension("", "just a text")),)),
        with_state(LIST, identity=DigitalIdentity(key_values=("<KeyValue/>",))),
        with_scheme(LIST, pointers=(Pointer("urn:x", (), texts=(Text("en", "see there"),)),)),
        with_scheme(LIST, pointers=(Pointer("urn:x", (), other=("<x/>",)),)),
    ],
)
def test_what_has_no_form_in_json_is_refused(document: TrustedList) -> None:
    with pytest.raises(ListRefusedError) as refused:
        write_json(document)
    assert refused.value.reason_id == "LIST_UNWRITABLE"


def test_a_list_of_xml_is_written_if_it_can_be() -> None:
    document = replace(LIST, dialect=Dialect.LOTE_XML, tag="http://example.org/tag", id="list-1")
    assert read_json(write_json(document)) == LIST
