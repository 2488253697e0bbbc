# SPDX-License-Identifier: Apache-2.0
"""DER by position: what is read, what is let pass, and what is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.certificates import der
from trust_lists.errors import CertificateError


def value(tag: int, content: bytes) -> der.Element:
    return der.Element(tag, content, b"")


def test_an_element_has_tag_content_and_encoding() -> None:
    found, after = der.element(b"\xff\x02\x01\x05\x00", 1)
    assert found == der.Element(0x02, b"\x05", b"\x02\x01\x05")
    assert after == 4


@pytest.mark.parametrize("data", [b"\x04\x81\x01A", b"\x04\x82\x00\x01A", b"\x04\x84\x00\x00\x00\x01A"])
def test_lengths_may_be_longer_than_necessary(data: bytes) -> None:
    assert der.element(data)[0].content == b"A"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x04", b"\x04\x02A", b"\x04\x80A\x00\x00", b"\x04\x85\x00\x00\x00\x00\x01A", b"\x1f\x81\x01\x00"],
)
def test_what_does_not_fit_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateError):
        der.element(data)


def test_a_sequence_gives_its_elements() -> None:
    assert [each.content for each in der.sequence(b"\x30\x05\x02\x01\x07\x05\x00")] == [b"\x07", b""]
    with pytest.raises(CertificateError, match="0x31"):
        der.sequence(b"\x31\x00")


def test_numbers_have_a_sign() -> None:
    assert der.integer(value(der.INTEGER, b"\x01\x00")) == 256
    assert der.integer(value(der.INTEGER, b"\xff")) == -1


def test_any_truth_value_but_zero_is_true() -> None:
    assert [der.boolean(value(der.BOOLEAN, content)) for content in (b"\xff", b"\x01", b"\x00", b"")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("content", "dotted"),
    [("550403", "2.5.4.3"), ("2a864886f70d010101", "1.2.840.113549.1.1.1"), ("00", "0.0"), ("883703", "2.999.3")],
)
def test_identifiers_are_dotted(content: str, dotted: str) -> None:
    assert der.oid(value(der.OID, bytes.fromhex(content))) == dotted


@pytest.mark.parametrize("content", [b"", b"\x55\x84", b"\x55" + bytes(100)])
def test_identifiers_that_are_cut_off_or_endless_are_refused(content: bytes) -> None:
    with pytest.raises(CertificateError):
        der.oid(value(der.OID, content))


@pytest.mark.parametrize(
    ("tag", "content"),
    [(0x0C, "Čaj".encode()), (0x14, "Caf\xe9".encode("latin-1")), (0x1E, "Ω".encode("utf-16-be")), (0x13, b"plain")],
)
def test_strings_of_all_kinds_are_text(tag: int, content: bytes) -> None:
    assert der.text(value(tag, content)) in {"Čaj", "Café", "Ω", "plain"}


@pytest.mark.parametrize(("tag", "content"), [(0x0C, b"\xff"), (0x1E, b"\xd8\x00"), (0x13, b"\xe9"), (0x04, b"x")])
def test_what_is_no_string_or_badly_encoded_is_no_text(tag: int, content: bytes) -> None:
    assert der.text(value(tag, content)) is None


@pytest.mark.parametrize(
    ("tag", "content", "expected"),
    [
        (der.UTC_TIME, b"991231235959Z", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (der.UTC_TIME, b"500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (der.UTC_TIME, b"491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (der.UTC_TIME, b"2001010000Z", datetime(2020, 1, 1, tzinfo=UTC)),
        (der.UTC_TIME, b"200101000000+0200", datetime(2019, 12, 31, 22, tzinfo=UTC)),
        (der.UTC_TIME, b"200101000000-0130", datetime(2020, 1, 1, 1, 30, tzinfo=UTC)),
        (der.GENERALIZED_TIME, b"20500101000000Z", datetime(2050, 1, 1, tzinfo=UTC)),
        (der.GENERALIZED_TIME, b"20500101000000.5Z", datetime(2050, 1, 1, tzinfo=UTC)),
        (der.GENERALIZED_TIME, b"99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_in_utc(tag: int, content: bytes, expected: datetime) -> None:
    assert der.instant(value(tag, content)) == expected


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (der.UTC_TIME, b"20200101000000Z"),
        (der.GENERALIZED_TIME, b"200101000000Z"),
        (der.UTC_TIME, b"201301000000Z"),
        (der.UTC_TIME, b"200101000000"),
        (der.UTC_TIME, b""),
        (der.GENERALIZED_TIME, b"99991231235959-2359"),
        (der.GENERALIZED_TIME, b"00000101000000Z"),
        (der.OCTET_STRING, b"200101000000Z"),
    ],
)
def test_what_is_no_time_is_refused(tag: int, content: bytes) -> None:
    with pytest.raises(CertificateError):
        der.instant(value(tag, content))


@given(st.binary(max_size=200), st.sampled_from([0x01, 0x02, 0x03, 0x04, 0x06, 0x0C, 0x17, 0x18, 0x1C, 0x1E, 0x30]))
def test_no_bytes_raise_anything_else(data: bytes, tag: int) -> None:
    for read in (der.integer, der.boolean, der.bits, der.oid, der.text, der.instant):
        try:
            read(value(tag, data))
        except CertificateError:
            continue
    try:
        found = der.elements(data)
    except CertificateError:
        return
    assert b"".join(each.encoded for each in found) == data
