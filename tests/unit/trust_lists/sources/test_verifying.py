# SPDX-License-Identifier: Apache-2.0
"""A list of any form is verified before it is read, and what is no list is called by its name."""

import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.signed_lists import ISSUED, operator_key, resigned, signed_list, unsigned_list
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.documents.lote.xml_writer import write_xml
from trust_lists.documents.model import Dialect, Scheme, Text, TrustedList
from trust_lists.documents.ts119612.reader import read
from trust_lists.errors import ListRefusedError, SignatureInvalidError, TrustListError, XmlRefusedError
from trust_lists.signatures.jades import sign_compact
from trust_lists.signatures.xades import sign_xades
from trust_lists.signatures.xades_elements import xades
from trust_lists.sources.verifying import verify_announced, verify_list
from trust_lists.xml import to_utf8

LOTE = TrustedList(
    Dialect.LOTE_JSON,
    Scheme(
        version=1,
        sequence=7,
        list_type="https://lists.example/type",
        operator_names=(Text("en", "Example Agency"),),
        issued_at=ISSUED,
        next_update=ISSUED.replace(year=2027),
        territory="XX",
    ),
)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return operator_key()


@pytest.fixture(scope="module")
def signed(key: SigningKey) -> bytes:
    return signed_list(key)


def test_a_list_of_ts_119_612(signed: bytes, key: SigningKey) -> None:
    found = verify_list(signed, signers=[listed(key.certificate)], verification_time=ISSUED)
    assert found.document == read(unsigned_list([listed(key.certificate)]))
    assert found.signer == listed(key.certificate)
    assert found.signing_time == ISSUED
    assert found.signature == "XAdES ecdsa-sha256"
    assert found.warnings == ()
    assert found.data == signed
    assert found.sha256 == hashlib.sha256(signed).hexdigest()


def test_a_list_of_ts_119_602_in_xml(key: SigningKey) -> None:
    found = verify_list(sign_xades(write_xml(LOTE), key, ISSUED), signers=[listed(key.certificate)])
    assert found.document.dialect is Dialect.LOTE_XML
    assert found.document.scheme == LOTE.scheme
    assert found.signature == "XAdES ecdsa-sha256"


def test_a_list_of_ts_119_602_in_a_compact_jws(key: SigningKey) -> None:
    data = sign_compact(write_json(LOTE), key, ISSUED)
    found = verify_list(data, signers=[listed(key.certificate)], verification_time=ISSUED)
    assert found.document.scheme == LOTE.scheme
    assert found.signature == "JAdES ES256"
    assert found.signing_time == ISSUED
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    with pytest.raises(SignatureInvalidError) as caught:
        verify_list(data, signers=[listed(operator_key().certificate)])
    assert caught.value.reason_id == "SIGNER_NOT_EXPECTED"


@pytest.mark.parametrize(
    ("data", "reason_id"),
    [
        (b"", "LIST_EMPTY"),
        (b" \n", "LIST_EMPTY"),
        (b"<!DOCTYPE html><html><body><p>502</html>", "LIST_NOT_A_LIST"),
        (b"<html><head/></html>", "LIST_NOT_A_LIST"),
        (b"<other/>", "LIST_NOT_A_LIST"),
        (b"%PDF-1.7 a.b.c", "LIST_NOT_A_LIST"),
        (b"hello", "LIST_NOT_A_LIST"),
        (b"PK\x03\x04", "LIST_NOT_A_LIST"),
        (b"<a", "XML_NOT_WELL_FORMED"),
        (b"\xff\xfe<\x00a\x00", "XML_NOT_WELL_FORMED"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "XML_DOCTYPE"),
        (to_utf8(unsigned_list()), "NO_SIGNATURE"),
        (write_json(LOTE), "NO_SIGNATURE"),
    ],
)
def test_what_is_no_signed_list_is_called_by_its_name(data: bytes, reason_id: str) -> None:
    with pytest.raises((ListRefusedError, XmlRefusedError, SignatureInvalidError)) as caught:
        verify_list(data, signers=None)
    assert caught.value.reason_id == reason_id


def test_a_hundred_million_bytes_are_refused_before_they_are_looked_at() -> None:
    for unit in (b"<", b"A", b"A."):
        data = unit * (100_000_000 // len(unit))  # one after the other: together they take what a worker has
        started = time.thread_time()
        with pytest.raises(ListRefusedError) as caught:
            verify_list(data, signers=None)
        assert caught.value.reason_id == "LIST_TOO_LARGE"
        assert time.thread_time() - started < 20
        del data, caught  # the error's traceback has the bytes, too


def test_a_list_cut_off_is_not_well_formed(signed: bytes) -> None:
    for end in (100, len(signed) // 2, len(signed) - 20):
        with pytest.raises(XmlRefusedError) as caught:
            verify_list(signed[:end], signers=None)
        assert caught.value.reason_id == "XML_NOT_WELL_FORMED"


def test_a_list_that_is_signed_and_unreadable_is_refused(key: SigningKey) -> None:
    root = unsigned_list()
    root.remove(root[0])
    with pytest.raises(ListRefusedError):
        verify_list(sign_xades(root, key, ISSUED), signers=None)


def test_the_signature_is_verified_before_the_list_is_read(key: SigningKey) -> None:
    root = unsigned_list()
    root.remove(root[0])
    changed = sign_xades(root, key, ISSUED).replace(b"Example Provider", b"Another Provider")
    with pytest.raises(SignatureInvalidError) as caught:
        verify_list(changed, signers=None)
    assert caught.value.reason_id == "DIGEST_MISMATCH"


def test_version_and_form_of_the_signing_certificate_belong_together(signed: bytes, key: SigningKey) -> None:
    def to_first_form(signature: object) -> None:
        found = next(signature.iter(xades("SigningCertificateV2")))  # type: ignore[attr-defined]
        found.tag = xades("SigningCertificate")

    (warning,) = verify_list(resigned(signed, key, to_first_form), signers=None).warnings
    assert "version 6 has to name its signer by SigningCertificateV2" in warning
    old = unsigned_list()
    old[0][0].text = "5"
    (warning,) = verify_list(sign_xades(old, key, ISSUED), signers=None).warnings
    assert "version 5 has to name its signer by SigningCertificate " in warning


def test_a_signer_of_another_organization_is_a_warning(key: SigningKey) -> None:
    root = unsigned_list()
    operator = root[0][3][0]
    operator.text = "  EXAMPLE   agency "
    assert verify_list(sign_xades(root, key, ISSUED), signers=None).warnings == ()
    operator.text = "Another Agency"
    (warning,) = verify_list(sign_xades(root, key, ISSUED), signers=None).warnings
    assert "'Example Agency', not the operator" in warning


# Announced by a list of lists


def test_a_list_is_verified_by_the_pointer_for_its_territory(signed: bytes, key: SigningKey) -> None:
    """A list of lists has a pointer to itself; here it is the list."""
    document = verify_list(signed, signers=None).document
    assert verify_announced(signed, document).document == document
    with pytest.raises(SignatureInvalidError, match="does not announce for XX") as caught:
        verify_announced(signed_list(operator_key()), document)
    assert caught.value.reason_id == "SIGNER_NOT_EXPECTED"
    with pytest.raises(SignatureInvalidError, match="no pointer to a list of 'YY'") as caught:
        verify_announced(signed_list(key, territory="YY"), document)
    assert caught.value.reason_id == "NOT_ANNOUNCED"


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=100) | st.from_regex(rb"[A-Za-z0-9_-]{0,30}\.[A-Za-z0-9_-]{0,30}\.[A-Za-z0-9_-]{0,30}"))
def test_any_bytes_are_refused_by_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(TrustListError):
        verify_list(data, signers=None)
