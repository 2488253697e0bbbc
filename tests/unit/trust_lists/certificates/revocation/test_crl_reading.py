# SPDX-License-Identifier: Apache-2.0
"""CRLs by position: as `cryptography` reads them where it does, and bounded where it doesn't."""

import base64
import contextlib
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, Authority, der
from tests.simulators.revocation_evidence import LONG_AGO, crl, entry
from trust_lists.certificates.der import GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME
from trust_lists.certificates.names import comparable_name
from trust_lists.certificates.revocation.crl import CrlEntries, read_crl
from trust_lists.certificates.revocation.model import CrlReason
from trust_lists.errors import CertificateError

ROOT = Authority("root")
NAME = comparable_name(ROOT.name)
DATE = der(UTC_TIME, b"200101000000Z")
WHOLE = crl(ROOT, entry(3), entry(4, LONG_AGO, x509.ReasonFlags.key_compromise), number=5, scope={"indirect_crl": True})


def numbered(content: bytes) -> bytes:
    return der(SEQUENCE, content)


def test_the_lists_of_pkits_are_read_as_cryptography_reads_them(corpus: Path) -> None:
    compared = 0
    for file in sorted((corpus / "trust_models" / "nist_pkits" / "crls").iterdir()):
        data = file.read_bytes()
        theirs, ours = x509.load_der_x509_crl(data), read_crl(data)
        assert (ours.this_update, ours.next_update) == (theirs.last_update_utc, theirs.next_update_utc)
        assert ours.issuer == comparable_name(theirs.issuer)
        assert ours.data.signed == theirs.tbs_certlist_bytes
        assert len(ours.entries) == len(theirs)
        for each in theirs:
            codes = [value.value.reason for value in each.extensions if isinstance(value.value, x509.CRLReason)]
            # those of an indirect list may be of other issuers
            for found in ours.entries.find(each.serial_number, ours.issuer):
                assert found.date == each.revocation_date_utc
                assert found.reason.name.lower() == (codes[0].name if codes else "unspecified")
                compared += 1
    assert compared > 30


def test_pem_is_read_too() -> None:
    text = "\n".join(textwrap.wrap(base64.b64encode(WHOLE).decode(), 64))
    pem = f"-----BEGIN X509 CRL-----\n{text}\n-----END X509 CRL-----\n".encode()
    assert read_crl(pem).data == read_crl(WHOLE).data


@pytest.mark.parametrize(
    "data",
    [b"", b"CRL", b"\x30\x00", b"-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----", WHOLE[:-1], WHOLE[:60]],
    ids=["nothing", "text", "an empty sequence", "PEM of nothing", "cut at the end", "cut at the beginning"],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateError):
        read_crl(data)


def test_two_signature_algorithms_are_refused() -> None:
    other = WHOLE.replace(bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303"), 1)
    assert other != WHOLE
    with pytest.raises(CertificateError, match="two different"):
        read_crl(other)


def test_serial_numbers_may_be_negative_or_long_and_entries_may_repeat() -> None:
    numbers = [b"\xff", b"\x00\xff", b"\x7f" * 200, b"\xff"]
    entries = CrlEntries(b"".join(numbered(der(INTEGER, each) + DATE) for each in numbers), NAME)
    assert len(entries) == 4
    assert [len(entries.find(number, NAME)) for number in (-1, 255, int.from_bytes(b"\x7f" * 200), 1)] == [2, 1, 1, 0]
    assert entries.find(-1, NAME)[0].date == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_reason_without_a_meaning_is_unspecified() -> None:
    code = numbered(bytes.fromhex("0603551d15") + der(0x04, b"\x0a\x01\x07"))
    entries = CrlEntries(numbered(der(INTEGER, b"\x05") + DATE + numbered(code)), NAME)
    assert entries.find(5, NAME)[0].reason is CrlReason.UNSPECIFIED


@pytest.mark.parametrize("content", [b"\x30", b"\x30\x05\x02\x01\x05", b"\x02\x01\x05\x00", b"\x30\x02\x05\x00"])
def test_entries_that_end_inside_of_one_are_refused_every_time(content: bytes) -> None:
    entries = CrlEntries(numbered(der(INTEGER, b"\x05") + DATE) + content, NAME)
    for _ in range(2):
        with pytest.raises(CertificateError):
            entries.find(5, NAME)


def test_a_hundred_thousand_entries_are_looked_through_once_and_then_found_at_once() -> None:
    content = b"".join(numbered(b"\x02\x08" + (1 << 60 | each).to_bytes(8, "big") + DATE) for each in range(100_000))
    entries = CrlEntries(content, NAME)
    assert len(entries) == 100_000
    begin = time.thread_time()
    for each in range(10_000):
        assert len(entries.find(1 << 60 | each, NAME)) == 1
    assert time.thread_time() - begin < 20


def test_entries_that_look_special_are_taken_apart_in_linear_time() -> None:
    issuer = numbered(bytes.fromhex("0603551d1d0101ff") + der(0x04, der(SEQUENCE, der(0xA4, ROOT.name.public_bytes()))))
    content = b"".join(
        numbered(b"\x02\x04" + (1 << 24 | each).to_bytes(4, "big") + DATE + numbered(issuer)) for each in range(20_000)
    )
    begin = time.thread_time()
    assert len(CrlEntries(content, ()).find(1 << 24, NAME)) == 1
    assert time.thread_time() - begin < 50


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, b"\x30" + data, der(SEQUENCE, data)):
        with contextlib.suppress(CertificateError):
            read_crl(each).entries.find(5, NAME)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=3))
def test_any_change_of_a_list_is_read_or_refused(place: int, other: bytes) -> None:
    changed = WHOLE[:place] + other + WHOLE[place + len(other) :]
    try:
        found = read_crl(changed)
        _ = (found.entries.unknown_critical, found.entries.find(3, NAME), found.entries.find(4, NAME))
    except CertificateError:
        pass


def test_a_list_without_an_end_or_with_generalized_times_is_read() -> None:
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    told = der(SEQUENCE, algorithm + ROOT.name.public_bytes() + der(GENERALIZED_TIME, b"20261120120000Z"))
    found = read_crl(der(SEQUENCE, told + algorithm + b"\x03\x02\x00\x00"))
    assert (found.this_update, found.next_update, len(found.entries)) == (NOW, None, 0)
    assert not found.is_delta
    assert not found.indirect
