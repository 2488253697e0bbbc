# SPDX-License-Identifier: Apache-2.0
"""Code lists in JSON, XML and Genericode: one content, and refusals of what is none."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.code_list_files import MAX_BYTES, read_code_list
from registry.identifiers.code_lists import CodeList, Kind, State

XML = b"""\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>
<!--A list.-->
<participant-identifier-schemes version="9.7" entry-count="2"><?note x?>
  <participant-identifier-scheme iso6523="0088" scheme-name="Global Location Number" state="active">
    <validation-rules>Check Digit: mod10 (weights 1, 3)</validation-rules>
    <registrable>true</registrable>
  </participant-identifier-scheme>
  <participant-identifier-scheme iso6523="0205" scheme-name="Other" state="deprecated">
    <registrable>false</registrable>
  </participant-identifier-scheme>
</participant-identifier-schemes>"""
GENERICODE = b"""<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/">
  <Identification><Version>9.7</Version></Identification>
  <SimpleCodeList>%s</SimpleCodeList>
</gc:CodeList>"""
DOCUMENT_TYPES = b"""<document-types version="2">
  <document-type name="N" scheme="s" value="v" state="removed" abstract="true">
    <process-id scheme="p" value="q"/>
  </document-type>
</document-types>"""


def row(**cells: str) -> bytes:
    inner = "".join(
        f'<Value ColumnRef="{name.replace("_", "-")}"><SimpleValue>{text}</SimpleValue></Value>'
        for name, text in cells.items()
    )
    return f"<Row>{inner}</Row>".encode()


def test_xml_says_what_json_says() -> None:
    item, content = read_code_list(XML)
    assert (item.kind, item.version) == (Kind.PARTICIPANT, "9.7")
    gln = item.entry("iso6523-actorid-upis", "0088")
    other = item.entry("iso6523-actorid-upis", "0205")
    assert gln is not None
    assert other is not None
    assert (gln.state, gln.registrable, gln.check_digits, gln.name) == (
        State.ACTIVE,
        True,
        True,
        "Global Location Number",
    )
    assert (other.state, other.registrable, other.check_digits) == (State.DEPRECATED, False, False)
    assert CodeList.from_json(content.encode()) == item


def test_utf_16_with_a_byte_order_mark_is_read() -> None:
    text = XML.decode("utf-8-sig").replace("UTF-8", "UTF-16")
    assert read_code_list(text.encode("utf-16"))[0] == read_code_list(XML)[0]


def test_genericode_says_the_same() -> None:
    rules = "Check Digit: mod10 (weights 1, 3)"
    gln = row(
        iso6523="0088", scheme_name="Global Location Number", state="active", validation_rules=rules, registrable="true"
    )
    other = row(iso6523="0205", scheme_name="Other", state="deprecated", registrable="false")
    assert read_code_list(GENERICODE % (gln + other))[0] == read_code_list(XML)[0]


def test_abstract_document_types_are_told_from_processes() -> None:
    item, _ = read_code_list(DOCUMENT_TYPES)
    assert item.kind is Kind.DOCUMENT_TYPE
    entry = item.entry("s", "v")
    assert entry is not None
    assert (entry.abstract, entry.state, entry.name) == (True, State.REMOVED, "N")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "neither JSON nor XML"),
        (b"\xff", "neither JSON nor XML"),
        (b"[" * 100_000, "neither JSON nor XML"),
        (b"<a", "well"),
        (b"<!DOCTYPE a []><a/>", "document type"),
        (b"<a/>", "no version"),
        (b'<a version="1"/>', "no version with a list of values"),
        (b'<a version="1"><b state="active"/></a>', "but neither iso6523"),
        (b'<a version="1"><b iso6523="1" state="new"/></a>', "not a valid State"),
        (GENERICODE % b"", "no version with a list of values"),
        (b'<spis-use-case version="9.7"><item use-case-id="MLS" state="active"/></spis-use-case>', "use-case-id"),
        (b" " * (MAX_BYTES + 1), "bytes"),
    ],
)
def test_what_is_no_code_list_is_refused_with_the_reason(data: bytes, what: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_code_list(data)
    assert [reason.id for reason in caught.value.reasons] == ["CODE-LIST-FORM"]
    assert what in str(caught.value)
    assert "participant identifier schemes, document types, processes, transport profiles" in str(caught.value)


@given(st.binary() | st.text().map(lambda text: f"<a version='1'>{text}</a>".encode()))
def test_any_bytes_give_a_list_or_a_validation_error(data: bytes) -> None:
    with suppress(ValidationError):
        read_code_list(data)


@given(st.dictionaries(st.sampled_from(["iso6523", "state", "registrable"]), st.text()))
def test_any_row_gives_a_list_or_a_validation_error(cells: dict[str, str]) -> None:
    with suppress(ValidationError):
        item, content = read_code_list(json.dumps({"version": "1", "values": [cells]}).encode())
        assert CodeList.from_json(content.encode()) == item
