# SPDX-License-Identifier: Apache-2.0
"""OCSP responses by position: as `cryptography` reads them, several in one, and bounded for any bytes."""

import contextlib

import pytest
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, Authority, der
from tests.simulators.revocation_evidence import DAY, HOUR, LONG_AGO, Said, refusal, responder_of, response
from trust_lists.certificates.der import SEQUENCE
from trust_lists.certificates.names import comparable_name
from trust_lists.certificates.revocation.model import CrlReason
from trust_lists.certificates.revocation.ocsp import MAX_OCSP_BYTES, OcspStatus, read_response
from trust_lists.errors import CertificateError

ROOT = Authority("root")
RESPONDER = responder_of(ROOT)
WHOLE = response(
    ROOT,
    Said(-5),
    Said(300, "revoked", reason=1, next_update=None, algorithm="sha256"),
    Said(7, "unknown", archive_cutoff=LONG_AGO),
    responder=RESPONDER,
)


def test_a_response_is_read_as_cryptography_reads_it() -> None:
    theirs, ours = ocsp.load_der_ocsp_response(WHOLE), read_response(WHOLE)
    assert theirs.responder_name is not None
    assert ours.responder_name == comparable_name(theirs.responder_name)
    assert ours.produced_at == theirs.produced_at_utc
    assert (ours.data.signed, ours.data.signature) == (theirs.tbs_response_bytes, theirs.signature)
    assert [each.certificate for each in ours.certificates] == theirs.certificates
    for single, other in zip(ours.singles, theirs.responses, strict=True):
        assert single.status.name == other.certificate_status.name
        assert single.cert_id.serial == other.serial_number
        assert single.cert_id.name_hash == other.issuer_name_hash
        assert single.cert_id.key_hash == other.issuer_key_hash
        assert (single.this_update, single.next_update) == (other.this_update_utc, other.next_update_utc)
        assert single.revoked_at == other.revocation_time_utc
    assert len(ours.singles) == 3


def test_everything_that_matters_about_a_certificate_is_read() -> None:
    _, revoked, unknown = read_response(WHOLE).singles
    assert (revoked.revoked_at, revoked.reason, revoked.next_update) == (LONG_AGO, CrlReason.KEY_COMPROMISE, None)
    assert (unknown.status, unknown.archive_cutoff) == (OcspStatus.UNKNOWN, LONG_AGO)
    assert (unknown.this_update, unknown.next_update) == (NOW - HOUR, NOW + DAY)


def test_a_responder_may_be_named_by_key() -> None:
    theirs = ocsp.load_der_ocsp_response(data := response(ROOT, Said(1), by_key=True))
    ours = read_response(data)
    assert (ours.responder_name, ours.responder_key_hash) == (None, theirs.responder_key_hash)


@pytest.mark.parametrize(
    ("status", "told"), [(1, "malformedRequest"), (3, "tryLater"), (6, "unauthorized"), (4, ": 4$")]
)
def test_a_refusal_is_told_by_its_name(status: int, told: str) -> None:
    with pytest.raises(CertificateError, match=told):
        read_response(refusal(status))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        b"\x30\x03\x0a\x01\x00",
        WHOLE[:-1],
        WHOLE.replace(bytes.fromhex("2b0601050507300101"), bytes.fromhex("2b0601050507300102")),
        b"\x30" * (MAX_OCSP_BYTES + 1),
    ],
    ids=["nothing", "no status", "no content", "cut off", "other kind", "too large"],
)
def test_what_is_no_response_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateError):
        read_response(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, der(SEQUENCE, data), der(SEQUENCE, b"\x0a\x01\x00" + data)):
        with contextlib.suppress(CertificateError):
            read_response(each)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=3))
def test_any_change_of_a_response_is_read_or_refused(place: int, other: bytes) -> None:
    with contextlib.suppress(CertificateError):
        read_response(WHOLE[:place] + other + WHOLE[place + len(other) :])
