# SPDX-License-Identifier: Apache-2.0
"""Refusals as SOAP faults and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from registry.sml.envelope import EnvelopeError, envelope, read_response
from registry.sml.errors import (
    FaultKind,
    SmlError,
    bad_request,
    participant_exists,
    participants_not_found,
    publisher_exists,
    publisher_not_found,
)
from registry.sml.faults import INTERNAL_ERROR, fault_status, is_fault, read_fault, write_fault
from registry.sml.wsdl import LOCATOR

# What SMP servers compare the start of a faultstring with, to take a repeated call for a success.
PARSED = {
    publisher_exists("SMP-1"): "[ERR-106] The SMP 'SMP-1' already exists",
    publisher_not_found("SMP-1"): "[ERR-100] The SMP 'SMP-1' doesn't exist",
    participants_not_found([]): "[ERR-110] At least one of the participants doesn't exist in the list",
    participant_exists("0088:1", "iso6523-actorid-upis"): (
        "[ERR-106] The participant identifier '0088:1' with scheme: 'iso6523-actorid-upis' already exist"
    ),
}


def fault_of(data: bytes) -> etree._Element:
    fault = read_response(data)
    assert fault is not None
    assert is_fault(fault)
    return fault


def foreign_fault(detail: str, text: str) -> etree._Element:
    return fault_of(
        envelope(
            f"<S:Fault><faultcode>S:Server</faultcode><faultstring>{text}</faultstring>"
            f"<detail>{detail}</detail></S:Fault>"
        )
    )


@pytest.mark.parametrize(("error", "prefix"), PARSED.items())
def test_parsed_texts_are_the_start_of_faultstring_and_message(error: SmlError, prefix: str) -> None:
    fault = fault_of(write_fault(error, "0123abcd"))
    assert fault.findtext("faultstring") == f"{prefix} [0123abcd]"
    assert fault.findtext(f".//{{{LOCATOR}}}FaultMessage") == prefix


@pytest.mark.parametrize("kind", FaultKind)
def test_detail_is_the_element_of_the_fault_kind(kind: FaultKind) -> None:
    fault = fault_of(write_fault(SmlError(kind, 199, "text"), "0123abcd"))
    assert fault.findtext("faultcode") == "S:Server"
    detail = fault.find("detail")
    assert detail is not None
    assert [element.tag for element in detail] == [f"{{{LOCATOR}}}{kind.value}"]


@pytest.mark.parametrize("code", ["MustUnderstand", "VersionMismatch"])
def test_envelope_error_is_a_fault_without_detail(code: str) -> None:
    fault = fault_of(write_fault(EnvelopeError(code, "text"), "0123abcd"))
    assert fault.findtext("faultcode") == f"S:{code}"
    assert fault.findtext("faultstring") == "text [0123abcd]"
    assert fault.find("detail") is None


def test_status_is_500_unless_icd_codes_are_asked_for() -> None:
    errors = {kind: SmlError(kind, 199, "text") for kind in FaultKind}
    assert {fault_status(error, icd_status_codes=False) for error in errors.values()} == {500}
    assert {kind: fault_status(error, icd_status_codes=True) for kind, error in errors.items()} == {
        FaultKind.BAD_REQUEST: 400,
        FaultKind.NOT_FOUND: 404,
        FaultKind.UNAUTHORIZED: 401,
        FaultKind.INTERNAL_ERROR: 500,
    }
    assert fault_status(EnvelopeError("VersionMismatch", "text"), icd_status_codes=True) == 500


def test_internal_error_tells_nothing() -> None:
    assert str(INTERNAL_ERROR) == "[ERR-105] technical error"


@given(
    st.sampled_from(FaultKind),
    st.integers(0, 999_999),
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1),
)
def test_fault_is_read_as_the_refusal_that_was_written(kind: FaultKind, code: int, text: str) -> None:
    error = read_fault(fault_of(write_fault(SmlError(kind, code, text), "0123abcd")))
    assert (error.kind, error.code, str(error)) == (kind, code, f"[ERR-{code}] {text}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[ERR-100] x", FaultKind.NOT_FOUND),
        ("[ERR-101] x", FaultKind.UNAUTHORIZED),
        ("[ERR-102] x", FaultKind.UNAUTHORIZED),
        ("[ERR-105] x", FaultKind.INTERNAL_ERROR),
        ("[ERR-106] x", FaultKind.BAD_REQUEST),
        ("[ERR-110] x", FaultKind.NOT_FOUND),
        ("[ERR-111] x", FaultKind.NOT_FOUND),
        ("[ERR-114] x", FaultKind.BAD_REQUEST),
        ("[ERR-999] x", FaultKind.INTERNAL_ERROR),
    ],
)
def test_without_known_detail_the_code_in_the_text_gives_the_kind(text: str, kind: FaultKind) -> None:
    for detail in ("", "<stackTrace>at org.example</stackTrace>"):
        error = read_fault(foreign_fault(detail, text))
        assert (error.kind, str(error)) == (kind, text)


def test_detail_beats_the_code_in_the_text() -> None:
    detail = f'<UnauthorizedFault xmlns="{LOCATOR}"/>'
    error = read_fault(foreign_fault(detail, "[ERR-106] who are you [1234]"))
    assert (error.kind, error.code) == (FaultKind.UNAUTHORIZED, 106)
    assert str(error) == "[ERR-106] who are you [1234]"


def test_fault_message_beats_the_faultstring() -> None:
    detail = f'<NotFoundFault xmlns="{LOCATOR}"><FaultMessage>[ERR-100] gone</FaultMessage></NotFoundFault>'
    assert str(read_fault(foreign_fault(detail, "Fault occurred while processing."))) == "[ERR-100] gone"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("BadRequestFault", "[ERR-106] Server error"),
        ("NotFoundFault", "[ERR-100] Server error"),
        ("UnauthorizedFault", "[ERR-101] Server error"),
        ("InternalErrorFault", "[ERR-105] Server error"),
        ("SomethingElse", "[ERR-105] Server error"),
    ],
)
def test_text_without_code_gets_the_usual_one_of_its_kind(kind: str, text: str) -> None:
    assert str(read_fault(foreign_fault(f'<{kind} xmlns="{LOCATOR}"/>', "Server error"))) == text


def test_fault_without_any_text_is_still_a_refusal() -> None:
    error = read_fault(fault_of(envelope("<S:Fault/>")))
    assert (error.kind, str(error)) == (FaultKind.INTERNAL_ERROR, "[ERR-105] no reason given")


def test_text_of_a_foreign_fault_is_cut() -> None:
    assert len(str(read_fault(foreign_fault("", "x" * 100_000)))) < 5_000


def test_other_elements_are_no_faults() -> None:
    other = read_response(envelope('<Fault xmlns="urn:other"/>'))
    assert other is not None
    assert not is_fault(other)


def test_written_text_is_escaped() -> None:
    fault = fault_of(write_fault(bad_request("<b> & \x00 '\u20ac'"), "0123"))
    assert fault.findtext("faultstring") == "[ERR-106] <b> & \ufffd '\u20ac' [0123]"
