# SPDX-License-Identifier: Apache-2.0
"""Signing and verifying: the form of what we sign, and the reasons for what we refuse."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.demo.pki import DemoPki, new_ec_key
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SignatureInvalidError, SigningError, TrustListError, XmlRefusedError
from trust_lists.signatures.profiles import C14N_10, C14N_EXCLUSIVE, ENVELOPED, RSA_SHA256, RSA_SHA512, SHA256, SHA512
from trust_lists.signatures.xmldsig import (
    ARCHIVE,
    PEPPOL_1_4,
    VerifiedDocument,
    create_signature,
    sign_enveloped,
    verify_enveloped,
)

TAG = "{urn:smp}Signed"
DOCUMENT = b'<?xml version="1.0" encoding="UTF-8"?>\n<Signed xmlns="urn:smp"><Any a="1">text</Any></Signed >\n'
DS = "http://www.w3.org/2000/09/xmldsig#"


@pytest.fixture(scope="module")
def signed(pki: DemoPki) -> bytes:
    return sign_enveloped(DOCUMENT, pki.smp, PEPPOL_1_4)


def verify(document: bytes) -> VerifiedDocument:
    return verify_enveloped(document, profile=PEPPOL_1_4, root_tags={TAG})


def refusal(document: bytes) -> str:
    with pytest.raises(SignatureInvalidError) as refused:
        verify(document)
    assert str(refused.value)
    return refused.value.reason_id


def test_only_the_signature_is_added_to_the_bytes(signed: bytes) -> None:
    start, end = signed.index(b"<ds:Signature"), signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert signed[:start] + signed[end:] == DOCUMENT
    assert signed[end:] == b"</Signed >\n"


def test_signature_has_the_form_that_peppol_wants(signed: bytes) -> None:
    """Peppol SMP 1.4.0 "Message signature": one Transform, inclusive c14n, rsa-sha256, sha256, one certificate."""
    root = etree.fromstring(signed)
    algorithms = [element.get("Algorithm") for element in root.iter() if element.get("Algorithm")]
    assert algorithms == [C14N_10, RSA_SHA256, ENVELOPED, SHA256]
    assert [reference.get("URI") for reference in root.iter(f"{{{DS}}}Reference")] == [""]
    assert len(list(root.iter(f"{{{DS}}}X509Certificate"))) == 1
    assert root.find(f"{{{DS}}}Signature/{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate") is not None


def test_signature_stands_on_its_own(pki: DemoPki) -> None:
    signature = create_signature(DOCUMENT, pki.smp, PEPPOL_1_4)
    assert etree.fromstring(signature).nsmap == {"ds": DS}
    assert verify(DOCUMENT.replace(b"</Signed", signature + b"</Signed")).certificate == pki.smp.certificate


def test_signing_is_deterministic(pki: DemoPki, signed: bytes) -> None:
    assert sign_enveloped(DOCUMENT, pki.smp, PEPPOL_1_4) == signed


def test_verified_document_tells_what_was_signed_and_how(signed: bytes, pki: DemoPki) -> None:
    found = verify(signed)
    assert etree.tostring(found.root) == b'<Signed xmlns="urn:smp"><Any a="1">text</Any></Signed>'
    assert found.certificate == pki.smp.certificate
    assert found.other_certificates == ()
    assert found.signature_algorithm == RSA_SHA256
    assert found.digest_algorithm == SHA256
    assert found.canonicalization == C14N_10
    assert found.transforms == (ENVELOPED,)


@pytest.mark.parametrize(
    ("old", "new", "reason_id"),
    [
        (b"text", b"other", "DIGEST_MISMATCH"),
        (b'a="1"', b'a="2"', "DIGEST_MISMATCH"),
        (b"</ds:Signature>", b"</ds:Signature>\n", "DIGEST_MISMATCH"),
        (b"<Any", b"<?pi?><Any", "DIGEST_MISMATCH"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", "SIGNATURE_MISMATCH"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", "SIGNATURE_MISMATCH"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>!", "STRUCTURE"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue><?pi?>", "STRUCTURE"),
        (b"<ds:KeyInfo>", b"<ds:KeyInfo/><ds:KeyInfo>", "STRUCTURE"),
        (b"<ds:SignedInfo>", b"<ds:SignedInfo><?pi?>", "STRUCTURE"),
        (b"</ds:KeyInfo>", b"</ds:KeyInfo><ds:Object/>", "STRUCTURE"),
        (b"<ds:Signature ", b"<ds:Signature Foreign='1' ", "STRUCTURE"),
        (b"<ds:X509Certificate>", b"<ds:X509Certificate>AAAA", "CERTIFICATE"),
        (b"X509Certificate>", b"X509CRL>", "CERTIFICATE"),
        (b'URI=""', b'URI="#a"', "REFERENCE"),
        (b"rsa-sha256", b"rsa-sha512", "ALGORITHM"),
        (b"REC-xml-c14n-20010315", b"REC-xml-c14n-20010315#WithComments", "ALGORITHM"),
        (b"enveloped-signature", b"base64", "ALGORITHM"),
        (b"xmlenc#sha256", b"xmlenc#sha512", "ALGORITHM"),
        (b"<Signed ", b'<Signed xml:lang="en" ', "XML_ATTRIBUTE"),
        (b"?>\n", b"?><?pi?>", "OUTSIDE_ROOT"),
        (b"Signed", b"Singed", "ROOT"),
        (b"<ds:Signature ", b"<Any><ds:Signature ", "NO_SIGNATURE"),
    ],
)
def test_each_change_is_refused_for_its_reason(old: bytes, new: bytes, reason_id: str, signed: bytes) -> None:
    assert old in signed
    altered = signed.replace(old, new, -1 if old in (b"X509Certificate>", b"Signed") else 1)
    if reason_id == "NO_SIGNATURE":
        altered = altered.replace(b"</ds:Signature>", b"</ds:Signature></Any>")
    assert refusal(altered) == reason_id


def test_parameters_of_algorithms_are_refused(signed: bytes) -> None:
    """XMLDSig 1.1 §6.5, §6.6: an InclusiveNamespaces or an XPath below would change what is signed."""
    start = signed.index(b"<ds:CanonicalizationMethod")
    end = signed.index(b"/>", start)
    altered = signed[:end] + b"><Parameter/></ds:CanonicalizationMethod>" + signed[end + 2 :]
    assert refusal(altered) == "ALGORITHM"


def test_comments_are_neither_signed_nor_returned(signed: bytes) -> None:
    root = verify(signed.replace(b"text", b"te<!-- forged -->xt")).root
    assert [child.text for child in root] == ["text"]


def test_documents_that_the_parser_refuses_are_refused_by_it(pki: DemoPki) -> None:
    bomb = b"<!DOCTYPE a><a></a>"
    with pytest.raises(XmlRefusedError):
        verify(bomb)
    with pytest.raises(XmlRefusedError):
        sign_enveloped(bomb, pki.smp, PEPPOL_1_4)


def test_a_signature_elsewhere_is_content(pki: DemoPki) -> None:
    nested = f'<Signature xmlns="{DS}"><SignedInfo/></Signature>'.encode()
    signed = sign_enveloped(DOCUMENT.replace(b"text", nested), pki.smp, PEPPOL_1_4)
    assert verify(signed).root.find(f".//{{{DS}}}Signature") is not None
    assert refusal(signed.replace(b"<SignedInfo/>", b"<SignedInfo a=''/>")) == "DIGEST_MISMATCH"


def test_the_id_of_a_root_does_not_matter(pki: DemoPki) -> None:
    signed = sign_enveloped(DOCUMENT.replace(b"<Signed ", b"<Signed Id='a' "), pki.smp, PEPPOL_1_4)
    assert b'URI=""' in signed
    assert verify(signed).root.get("Id") == "a"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (b'<Signed xmlns="urn:smp"/>', "no place for a signature"),
        (DOCUMENT + b"<!-- comment -->", "no place for a signature"),
        ('\ufeff<Signed xmlns="urn:smp">a</Signed>'.encode("utf-16-le"), "no place for a signature"),
        (DOCUMENT + b"<?pi?>", "no place for a signature"),
        (DOCUMENT.replace(b"?>\n", b"?><?pi?>"), "processing instructions outside"),
        (DOCUMENT.replace(b"<Signed ", b"<Signed xml:id='a' "), "attribute like xml:lang"),
        (b"<a--/><!-- </a-->", "reads differently"),
        (b"<a--><b/></a--><!-- </a-->", "reads differently"),
    ],
)
def test_documents_that_cannot_be_signed_are_refused(document: bytes, text: str, pki: DemoPki) -> None:
    with pytest.raises(SigningError, match=text):
        sign_enveloped(document, pki.smp, PEPPOL_1_4)


def test_a_signed_document_is_not_signed_again(signed: bytes, pki: DemoPki) -> None:
    with pytest.raises(SigningError, match="signed already"):
        sign_enveloped(signed, pki.smp, PEPPOL_1_4)


def test_two_signatures_are_refused(signed: bytes) -> None:
    start, end = signed.index(b"<ds:Signature"), signed.index(b"</Signed")
    assert refusal(signed[:end] + signed[start:end] + signed[end:]) == "SEVERAL_SIGNATURES"


def test_peppol_neither_signs_nor_accepts_ec_keys(pki: DemoPki) -> None:
    with pytest.raises(SigningError, match="key of this kind"):
        sign_enveloped(DOCUMENT, pki.tls, PEPPOL_1_4)
    by_ec = sign_enveloped(DOCUMENT, pki.tls, ARCHIVE)
    assert refusal(by_ec) == "ALGORITHM"
    assert verify_enveloped(by_ec, profile=ARCHIVE, root_tags={TAG}).signature_algorithm.endswith("#ecdsa-sha256")


def test_short_rsa_keys_are_refused(pki: DemoPki, now: datetime) -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505
    weak = pki.smp_ca.issue("weak", not_before=now, not_after=now + timedelta(days=1), key=short)
    with pytest.raises(SigningError, match="size"):
        sign_enveloped(DOCUMENT, weak, PEPPOL_1_4)
    by_weak = sign_enveloped(DOCUMENT, weak, ARCHIVE)
    assert refusal(by_weak) == "KEY"
    assert verify_enveloped(by_weak, profile=ARCHIVE, root_tags={TAG}).certificate == weak.certificate


def test_a_certificate_of_another_kind_is_refused(signed: bytes, pki: DemoPki) -> None:
    other = create_signature(DOCUMENT, pki.tls, ARCHIVE)
    certificate = other[other.index(b"<ds:KeyInfo") : other.index(b"</ds:KeyInfo>")]
    start, end = signed.index(b"<ds:KeyInfo"), signed.index(b"</ds:KeyInfo>")
    assert refusal(signed[:start] + certificate + signed[end:]) == "KEY"


def test_the_signer_is_found_among_several_certificates(signed: bytes, pki: DemoPki) -> None:
    """XMLDSig 1.1 §4.5.4: no ordering is implied by X509Data."""
    issuer = create_signature(DOCUMENT, pki.smp_ca.identity, ARCHIVE)
    start, end = issuer.index(b"<ds:X509Certificate"), issuer.index(b"</ds:X509Data>")
    both = signed.replace(b"<ds:X509Data>", b"<ds:X509Data>" + issuer[start:end])
    found = verify(both)
    assert found.certificate == pki.smp.certificate
    assert found.other_certificates == (pki.smp_ca.certificate,)


def test_too_many_certificates_are_refused(signed: bytes) -> None:
    start, end = signed.index(b"<ds:X509Certificate"), signed.index(b"</ds:X509Data>")
    assert refusal(signed[:end] + signed[start:end] * 10 + signed[end:]) == "CERTIFICATE"


@pytest.mark.parametrize("days", [(-20, -10), (10, 20)], ids=["expired", "not yet valid"])
def test_dates_of_the_certificate_are_not_judged(days: tuple[int, int], pki: DemoPki, now: datetime) -> None:
    window = {"not_before": now + timedelta(days=days[0]), "not_after": now + timedelta(days=days[1])}
    signer = pki.smp_ca.issue("any time", key=pki.smp.private_key, **window)
    assert verify(sign_enveloped(DOCUMENT, signer, PEPPOL_1_4)).certificate == signer.certificate


@pytest.mark.parametrize("transforms", [(ENVELOPED,), (ENVELOPED, C14N_10), (ENVELOPED, C14N_EXCLUSIVE)])
@pytest.mark.parametrize("canonicalization", [C14N_10, C14N_EXCLUSIVE])
def test_a_profile_is_only_data(canonicalization: str, transforms: tuple[str, ...], pki: DemoPki) -> None:
    profile = replace(
        PEPPOL_1_4,
        canonicalizations=(canonicalization,),
        signature_methods=(RSA_SHA512,),
        digest_methods=(SHA512,),
        transforms=(transforms,),
    )
    document = DOCUMENT.replace(b"<Any ", b'<Any xmlns:unused="urn:unused" ')
    signed = sign_enveloped(document, pki.smp, profile)
    found = verify_enveloped(signed, profile=profile, root_tags={TAG})
    assert (found.canonicalization, found.transforms) == (canonicalization, transforms)
    assert found.signature_algorithm == RSA_SHA512
    assert refusal(signed) == "ALGORITHM"


@settings(max_examples=150)
@given(data=st.data())
def test_no_change_of_a_byte_gives_another_content(data: st.DataObject, signed: bytes) -> None:
    at = data.draw(st.integers(0, len(signed) - 1))
    byte = data.draw(st.integers(0, 255))
    altered = signed[:at] + bytes([byte]) + signed[at + 1 :]
    try:
        found = verify(altered)
    except TrustListError:
        return
    assert etree.tostring(found.root, method="c14n") == etree.tostring(verify(signed).root, method="c14n")


names = st.sampled_from(["a", "b", "ds", "Signature", "x"])
prefixes = st.sampled_from(["", "ds", "p"])
uris = st.sampled_from(["", "urn:smp", "urn:other", DS])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Documents with namespaces declared anywhere and in every combination."""

    def element(depth: int, known: dict[str, str]) -> str:
        drawn = draw(st.dictionaries(prefixes, uris, max_size=2))
        declared = {prefix: uri for prefix, uri in drawn.items() if uri or not prefix}
        scope = known | declared
        prefix = draw(st.sampled_from([known for known, uri in scope.items() if uri or not known]))
        name = draw(names) if depth else "Root"
        tag = f"{prefix}:{name}" if prefix else name
        text = "".join(f' xmlns{":" if p else ""}{p}="{uri}"' for p, uri in declared.items())
        inner = draw(st.sampled_from(["", "text", "\r\n", "é&amp;"]))
        if depth < 3:
            inner += "".join(element(depth + 1, scope) for _ in range(draw(st.integers(0, 2))))
        return f"<{tag}{text}>{inner}</{tag}>"

    return element(0, {"": ""})


@settings(max_examples=100)
@given(document=documents())
def test_whatever_is_signed_verifies(document: str, pki: DemoPki) -> None:
    source = document.encode()
    root = etree.fromstring(source)
    if root.find(f"{{{DS}}}Signature") is not None:
        return
    signed = sign_enveloped(source, pki.smp, PEPPOL_1_4)
    found = verify_enveloped(signed, profile=PEPPOL_1_4, root_tags={root.tag})
    assert etree.tostring(found.root, method="c14n") == etree.tostring(root, method="c14n")


def test_a_key_object_is_enough(pki: DemoPki) -> None:
    """The chain that came along with a key is not published."""
    bare = SigningKey(pki.smp.private_key, pki.smp.certificate)
    assert sign_enveloped(DOCUMENT, bare, PEPPOL_1_4) == sign_enveloped(DOCUMENT, pki.smp, PEPPOL_1_4)


def test_an_ec_key_signs_for_its_own_certificate_only(pki: DemoPki, now: datetime) -> None:
    first = pki.root.issue("one", not_before=now, not_after=now + timedelta(days=1), key=new_ec_key())
    signed = sign_enveloped(DOCUMENT, first, ARCHIVE)
    other = create_signature(DOCUMENT, pki.tls, ARCHIVE)
    start, end = signed.index(b"<ds:KeyInfo"), signed.index(b"</ds:KeyInfo>")
    foreign = other[other.index(b"<ds:KeyInfo") : other.index(b"</ds:KeyInfo>")]
    with pytest.raises(SignatureInvalidError) as refused:
        verify_enveloped(signed[:start] + foreign + signed[end:], profile=ARCHIVE, root_tags={TAG})
    assert refused.value.reason_id == "SIGNATURE_MISMATCH"
