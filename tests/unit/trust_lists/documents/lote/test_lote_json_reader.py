# SPDX-License-Identifier: Apache-2.0
"""JSON into the model: what is taken, what is refused, and by which path."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.lote_documents import LIST
from trust_lists.documents.lote import json_reader
from trust_lists.documents.lote.json_reader import read_json
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.documents.model import CertificateForm, Extension, Text, UnknownExtension
from trust_lists.errors import ListRefusedError


@pytest.fixture
def members() -> dict[str, Any]:
    """A right list, to make a wrong one of."""
    found: dict[str, Any] = json.loads(write_json(LIST))
    return found


def refused(members: Any) -> tuple[str, str]:
    data = members if isinstance(members, bytes) else json.dumps(members).encode()
    with pytest.raises(ListRefusedError) as error:
        read_json(data)
    return error.value.reason_id, str(error.value)


def scheme_of(members: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = members["LoTE"]["ListAndSchemeInformation"]
    return found


def service_of(members: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = members["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]["ServiceInformation"]
    return found


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"LoTE":null}', b'{"LoTE":[]}', b'"LoTE"', b"1"])
def test_other_json_is_no_list(data: bytes) -> None:
    assert refused(data)[0] == "LIST_NOT_A_LIST"


@pytest.mark.parametrize(
    ("data", "reason_id"),
    [
        (b"<html>", "LIST_NOT_WELL_FORMED"),
        (b'{"LoTE":{},"LoTE":{}}', "LIST_DUPLICATE_MEMBER"),
        (b'{"LoTE":NaN}', "LIST_NUMBER"),
        (b'{"LoTE":' + b"[" * 5000, "LIST_TOO_DEEP"),
        (b'{"LoTE":"\xff"}', "LIST_ENCODING"),
    ],
)
def test_unfit_json_is_refused_for_its_reason(data: bytes, reason_id: str) -> None:
    assert refused(data)[0] == reason_id


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "MAX_LIST_BYTES", 1000)
    assert refused(write_json(LIST))[0] == "LIST_TOO_LARGE"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LoTESequenceNumber", "7", "is a string, not an integer"),
        ("LoTESequenceNumber", True, "is a boolean, not an integer"),
        ("LoTESequenceNumber", 7.5, "is a number, not an integer"),
        ("LoTESequenceNumber", None, "is missing"),
        ("LoTEVersionIdentifier", [], "is an array, not an integer"),
        ("LoTEType", 1, "is a number, not a string"),
        ("SchemeOperatorName", {"lang": "en", "value": "x"}, "is an object, not an array"),
        ("SchemeOperatorAddress", [], "is an array, not an object"),
        ("ListIssueDateTime", "yesterday", "is no date and time: 'yesterday'"),
        ("ListIssueDateTime", None, "is missing"),
        ("NextUpdate", "2026-02-30T00:00:00Z", "is no date and time"),
        ("HistoricalInformationPeriod", "65535", "is a string, not an integer"),
        ("PolicyOrLegalNotice", [{}], "has neither LoTEPolicy nor LoTELegalNotice"),
        ("PolicyOrLegalNotice", [{"LoTELegalNotice": 5}], "is a number, not a string"),
        ("DistributionPoints", ["https://example.org/", 5], "[1] is a number, not a string"),
        ("SchemeExtensions", [None], "[0] is null"),
        ("PointersToOtherLoTE", [{"ServiceDigitalIdentities": []}], "LoTELocation is missing"),
    ],
)
def test_a_wrong_type_is_refused_with_its_path(members: dict[str, Any], name: str, value: object, problem: str) -> None:
    scheme_of(members)[name] = value
    reason_id, message = refused(members)
    assert reason_id == "LIST_STRUCTURE"
    assert message.startswith(f"$.LoTE.ListAndSchemeInformation.{name}")
    assert problem in message


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (5, ""),
        ({"X509Certificates": [{"encoding": "x"}]}, ".X509Certificates[0].val"),
        ({"X509Certificates": ["abcd"]}, ".X509Certificates[0]"),
        ({"PublicKeyValues": ["abcd"]}, ".PublicKeyValues[0]"),
        ({"X509SKIs": "abcd"}, ".X509SKIs"),
        (None, ""),
    ],
)
def test_a_wrong_identity_is_refused_with_its_path(members: dict[str, Any], value: object, path: str) -> None:
    service_of(members)["ServiceDigitalIdentity"] = value
    reason_id, message = refused(members)
    assert reason_id == "LIST_STRUCTURE"
    place = "$.LoTE.TrustedEntitiesList[0].TrustedEntityServices[0].ServiceInformation.ServiceDigitalIdentity"
    assert message.startswith(f"{place}{path} is")


def test_unknown_members_and_empty_arrays_are_told(members: dict[str, Any]) -> None:
    members["signature"] = "x"
    scheme_of(members)["SchemeExtensions"] = []
    scheme_of(members)["SchemeOperatorAddress"]["Fax"] = "1"
    service_of(members)["ServiceDigitalIdentity"]["DIDs"] = ["did:web:example.org"]
    assert set(read_json(json.dumps(members).encode()).unread) == {
        "$.signature",
        "$.LoTE.ListAndSchemeInformation.SchemeExtensions is empty",
        "$.LoTE.ListAndSchemeInformation.SchemeOperatorAddress.Fax",
        "$.LoTE.TrustedEntitiesList[0].TrustedEntityServices[0].ServiceInformation.ServiceDigitalIdentity.DIDs",
    }


def test_of_very_many_unknown_members_the_beginning_is_told(members: dict[str, Any]) -> None:
    members.update({f"x{number:05}": 1 for number in range(20_000)})
    unread = read_json(json.dumps(members).encode()).unread
    assert len(unread) == 101
    assert (unread[0], unread[-1]) == ("$.x00000", "and more")


def test_null_is_as_good_as_absent(members: dict[str, Any]) -> None:
    scheme_of(members).update(SchemeExtensions=None, DistributionPoints=None, LoTEType=None, NextUpdate=None)
    document = read_json(json.dumps(members).encode())
    assert document.scheme.next_update is None
    assert document.scheme.list_type == ""
    assert document.unread == ()


def test_a_whole_number_may_be_written_with_a_fraction(members: dict[str, Any]) -> None:
    data = json.dumps(members).replace('"LoTESequenceNumber": 7', '"LoTESequenceNumber": 7.0').encode()
    assert read_json(data).scheme.sequence == 7


def test_legal_notices_are_strings_or_multilingual(members: dict[str, Any]) -> None:
    scheme_of(members)["PolicyOrLegalNotice"] = [
        {"LoTELegalNotice": "a string"},
        {"LoTELegalNotice": {"lang": "en", "value": "a text"}},
    ]
    scheme = read_json(json.dumps(members).encode()).scheme
    assert scheme.legal_notices == (Text("", "a string"), Text("en", "a text"))
    assert scheme.policies == ()


def test_identities_keep_everything(members: dict[str, Any]) -> None:
    service_of(members)["ServiceDigitalIdentity"] = {
        "X509Certificates": [{"val": "AAEC", "encoding": "urn:e", "specRef": "s"}, {"val": "no base64!"}],
        "X509SubjectName": "CN=one",
        "X509SubjectNames": ["CN=two"],
        "PublicKeyValues": [{"y": "2", "kty": "EC", "x": "1"}],
        "PublicKeyValue": {"kty": "RSA"},
        "X509SKI": "AQ==",
        "OtherIds": ["a"],
        "OtherId": "b",
    }
    identity = read_json(json.dumps(members).encode()).services[0].current.identity
    assert [each.der for each in identity.certificates] == [b"\x00\x01\x02", b"nobase64!"]
    assert identity.forms == (CertificateForm(identity.certificates[0].sha256, "urn:e", "s"),)
    assert identity.subject_names == ("CN=two", "CN=one")
    assert identity.key_values == ('{"kty":"EC","x":"1","y":"2"}', '{"kty":"RSA"}')
    assert identity.skis == (b"\x01",)
    assert identity.other == ("a", "b")


@pytest.mark.parametrize(
    ("value", "extension"),
    [
        ({"note": "x"}, Extension(False, UnknownExtension("note", '{"note":"x"}'))),
        ({"critical": True, "note": 1}, Extension(True, UnknownExtension("note", '{"critical":true,"note":1}'))),
        ({"critical": False, "note": 1}, Extension(False, UnknownExtension("note", '{"critical":false,"note":1}'))),
        ({"Critical": "yes", "a": 1, "b": 2}, Extension(True, UnknownExtension("", '{"Critical":"yes","a":1,"b":2}'))),
        ("text", Extension(False, UnknownExtension("", '"text"'))),
        ([1], Extension(False, UnknownExtension("", "[1]"))),
    ],
)
def test_extensions_are_any_value(members: dict[str, Any], value: object, extension: Extension) -> None:
    service_of(members)["ServiceInformationExtensions"] = [value]
    assert read_json(json.dumps(members).encode()).services[0].current.extensions == (extension,)


def test_several_qualifiers_of_a_pointer_are_kept(members: dict[str, Any]) -> None:
    scheme_of(members)["PointersToOtherLoTE"] = [
        {
            "LoTELocation": "https://example.org/list",
            "ServiceDigitalIdentities": [{"X509SKIs": ["AQ=="]}],
            "LoTEQualifiers": [{"LoTEType": "urn:one", "MimeType": "a/b"}, {"LoTEType": "urn:two"}],
        }
    ]
    pointer = read_json(json.dumps(members).encode()).scheme.pointers[0]
    assert (pointer.list_type, pointer.mime_type) == ("urn:one", "a/b")
    assert [each.list_type for each in pointer.more_qualifiers] == ["urn:two"]


@given(st.binary(max_size=400))
def test_whatever_bytes_come_in_only_a_refusal_comes_out(data: bytes) -> None:
    with pytest.raises(ListRefusedError):
        read_json(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.just("2026-11-01T12:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.data())
def test_a_right_list_with_any_value_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    members: Any = json.loads(write_json(LIST))
    place = members
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    try:
        document = read_json(json.dumps(members).encode())
    except ListRefusedError:
        return
    assert read_json(write_json(document)).services == document.services
