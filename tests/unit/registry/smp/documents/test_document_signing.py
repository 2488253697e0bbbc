# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from registry.errors import ValidationError
from registry.metadata import Extension, ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox import read, write_service_group, write_service_metadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document, verify_document
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SignatureInvalidError

EXTENSION = Extension(b"<f xmlns:p='urn:p'>\r\n<![CDATA[<>]]>&#13;<!-- c --></f>")


@pytest.fixture(scope="module")
def unsigned(metadata: ServiceMetadata) -> bytes:
    return write_service_metadata(replace(metadata, extensions=(EXTENSION,)))


@pytest.fixture(scope="module")
def signed(unsigned: bytes, signing_key: SigningKey) -> bytes:
    return sign_document(unsigned, signing_key, BUSDOX)


def test_a_signature_changes_no_other_byte(unsigned: bytes, signed: bytes) -> None:
    end = b"</smp:SignedServiceMetadata>"
    assert signed.startswith(unsigned.removesuffix(end) + b"<ds:Signature")
    assert signed.endswith(b"</ds:Signature>" + end)
    metadata = read(signed).metadata
    assert metadata is not None
    assert metadata.extensions == (EXTENSION,)


def test_what_was_signed_is_verified_and_read(
    metadata: ServiceMetadata, signed: bytes, signing_key: SigningKey
) -> None:
    verified = verify_document(signed)
    assert verified.certificate == signing_key.certificate
    assert verified.parsed.signed
    assert verified.parsed.metadata is not None
    assert replace(verified.parsed.metadata, extensions=()) == metadata
    assert verified.algorithms.signature.endswith("#rsa-sha256")
    assert verified.algorithms.digest.endswith("#sha256")


def test_a_redirect_is_signed_and_verified(redirect: ServiceMetadata, signing_key: SigningKey) -> None:
    verified = verify_document(sign_document(write_service_metadata(redirect), signing_key, BUSDOX))
    assert verified.parsed.kind == "redirect"
    assert verified.parsed.metadata == redirect


def test_a_changed_document_does_not_verify(signed: bytes) -> None:
    changed = signed.replace(b"https://ap.example.org", b"https://ap.example.net")
    with pytest.raises(SignatureInvalidError) as refused:
        verify_document(changed)
    assert refused.value.reason_id == "DIGEST_MISMATCH"


def test_what_stands_outside_the_signed_root_is_never_read(signed: bytes, unsigned: bytes) -> None:
    # The signed document as a part of another one of the same kind: the classic wrapping attack.
    evil = unsigned.replace(b"9915:Test", b"9915:Evil")
    inner = signed.partition(b"?>")[2]
    wrapped = evil.replace(b"</smp:SignedServiceMetadata>", inner + b"</smp:SignedServiceMetadata>")
    with pytest.raises(SignatureInvalidError):
        verify_document(wrapped)
    signature = signed[signed.index(b"<ds:Signature") : signed.rindex(b"</smp:SignedServiceMetadata>")]
    with pytest.raises(SignatureInvalidError):
        verify_document(evil.replace(b"</smp:SignedServiceMetadata>", signature + b"</smp:SignedServiceMetadata>"))


def test_an_unsigned_document_does_not_verify(unsigned: bytes) -> None:
    with pytest.raises(SignatureInvalidError) as refused:
        verify_document(unsigned)
    assert refused.value.reason_id == "NO_SIGNATURE"


@pytest.mark.parametrize("document", [b"<a", b"<a/>", b'<ServiceGroup xmlns="urn:x"/>'])
def test_what_is_no_smp_document_is_refused_by_both(document: bytes, signing_key: SigningKey) -> None:
    with pytest.raises(ValidationError):
        verify_document(document)
    with pytest.raises(ValidationError):
        sign_document(document, signing_key, BUSDOX)


def test_only_unsigned_service_metadata_is_signed(signed: bytes, group: ServiceGroup, signing_key: SigningKey) -> None:
    for document in (signed, write_service_group(group, "https://smp.example.org")):
        with pytest.raises(ValidationError) as refused:
            sign_document(document, signing_key, BUSDOX)
        assert refused.value.reasons[0].id == "SMP-NOT-SIGNABLE"


def test_an_elliptic_key_does_not_sign_for_peppol(unsigned: bytes, ec_signing_key: SigningKey) -> None:
    with pytest.raises(ValidationError) as refused:
        sign_document(unsigned, ec_signing_key, BUSDOX)
    assert refused.value.reasons[0].id == "SMP-NOT-SIGNABLE"


def test_what_has_no_canonical_form_is_refused_by_both(unsigned: bytes, signed: bytes, signing_key: SigningKey) -> None:
    # Canonical XML 1.0 §1.3 forbids relative names of namespaces.
    with pytest.raises(ValidationError, match="canonical"):
        sign_document(unsigned.replace(b"'urn:p'", b"'relative'"), signing_key, BUSDOX)
    with pytest.raises(ValidationError, match="canonical"):
        verify_document(signed.replace(b"'urn:p'", b"'relative'"))
