# SPDX-License-Identifier: Apache-2.0
"""XAdES signatures of lists: what is accepted, and the reason for which each of the others is refused."""

import base64
import hashlib
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from tests.simulators.signed_lists import ISSUED, operator_key, resigned, signed_list, unsigned_list
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SignatureInvalidError, XmlRefusedError
from trust_lists.signatures import profiles
from trust_lists.signatures.elements import ds
from trust_lists.signatures.xades import ARCHIVE, CURRENT, ListPolicy, VerifiedXades, sign_xades, verify_xades
from trust_lists.signatures.xades_elements import xades
from trust_lists.xml import canonicalise, parse_xml, to_utf8

Change = Callable[[etree._Element], object]
TSL = "{http://uri.etsi.org/02231/v2#}"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return operator_key()


@pytest.fixture(scope="module")
def signed(key: SigningKey) -> bytes:
    return signed_list(key)


def verify(
    data: bytes, key: SigningKey, policy: ListPolicy = CURRENT, *, at: datetime | None = ISSUED
) -> VerifiedXades:
    return verify_xades(data, signers=[listed(key.certificate)], policy=policy, verification_time=at)


def reason(data: bytes, key: SigningKey, policy: ListPolicy = CURRENT) -> str:
    with pytest.raises((SignatureInvalidError, XmlRefusedError)) as caught:
        verify(data, key, policy)
    return caught.value.reason_id


# What was signed, and by whom


def test_who_signed_what_and_how(signed: bytes, key: SigningKey) -> None:
    found = verify(signed, key)
    assert found.signer == listed(key.certificate)
    assert found.signing_time == ISSUED
    assert found.signature_algorithm == profiles.ECDSA_SHA256
    assert found.digest_algorithm == profiles.SHA256
    assert found.signing_certificate == "V2"
    assert found.warnings == ()


def test_the_root_is_exactly_what_was_hashed(signed: bytes, key: SigningKey) -> None:
    found = verify(signed.replace(b"Example Provider", b"Example <!-- no -->Provider"), key)
    unsigned = unsigned_list([listed(key.certificate)])
    assert canonicalise(found.root, exclusive=True) == canonicalise(unsigned, exclusive=True)
    assert found.root.findtext(f".//{TSL}TSPName/{TSL}Name") == "Example Provider"


def test_text_behind_the_signature_is_content(signed: bytes, key: SigningKey) -> None:
    assert reason(signed.replace(b"</ds:Signature>", b"</ds:Signature>x"), key) == "DIGEST_MISMATCH"
    assert reason(signed.replace(b"<ds:Signature ", b"x<ds:Signature "), key) == "DIGEST_MISMATCH"
    assert reason(signed.replace(b"</ds:Signature>", b"</ds:Signature> "), key) == "DIGEST_MISMATCH"


def test_a_signature_before_other_elements_covers_the_text_around_it(signed: bytes, key: SigningKey) -> None:
    """Not valid by the schema; but what is signed stays the same wherever the Signature stands."""
    start, end = signed.index(b"<ds:Signature "), signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    rest = signed[:start] + signed[end:]
    for place in (rest.index(b"<SchemeInformation>"), rest.index(b"<TrustServiceProviderList>") - 1):
        moved = rest[:place] + signed[start:end] + rest[place:]
        assert canonicalise(verify(moved, key).root) == canonicalise(verify(signed, key).root)


def test_an_unexpected_signer_is_named(signed: bytes, key: SigningKey) -> None:
    other = listed(operator_key().certificate)
    with pytest.raises(SignatureInvalidError, match=listed(key.certificate).sha256) as caught:
        verify_xades(signed, signers=[other])
    assert caught.value.reason_id == "SIGNER_NOT_EXPECTED"


def test_another_certificate_of_the_same_key_is_another_signer(signed: bytes, key: SigningKey) -> None:
    renewed = operator_key(key.private_key)
    assert reason(signed, renewed) == "SIGNER_NOT_EXPECTED"


def test_nobody_expected_is_nobody(signed: bytes) -> None:
    with pytest.raises(SignatureInvalidError) as caught:
        verify_xades(signed, signers=())
    assert caught.value.reason_id == "SIGNER_NOT_EXPECTED"


def test_anybody_may_sign_where_no_signers_are_given(signed: bytes, key: SigningKey) -> None:
    assert verify_xades(signed, signers=None).signer == listed(key.certificate)


# Times


@pytest.mark.parametrize(("days", "valid"), [(-1, False), (0, True), (729, True), (731, False)])
def test_the_certificate_must_be_valid_at_the_time_of_verification(days: int, valid: bool, signed: bytes) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)
    try:
        verify_xades(signed, signers=None, verification_time=at)
        found = ""
    except SignatureInvalidError as error:
        found = error.reason_id
    assert found == ("" if valid else "SIGNER_NOT_VALID")


def test_without_a_time_an_expired_signer_is_a_warning() -> None:
    old = operator_key(start=datetime(2020, 1, 1, tzinfo=UTC), days=10)
    signed = sign_xades(unsigned_list(), old, datetime(2020, 1, 5, tzinfo=UTC))
    assert verify(signed, old, at=None).warnings == ()
    late = resigned(signed, old, set_text(xades("SigningTime"), "2021-01-01T00:00:00Z"))
    assert verify(late, old, at=None).warnings == ("the signer's certificate was not valid at the signing time",)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-02", "2026-11-02T08:00:00", "0001-01-01T00:00:00+14:00"])
def test_an_unreadable_signing_time_is_none_and_a_warning(text: str, signed: bytes, key: SigningKey) -> None:
    found = verify(resigned(signed, key, set_text(xades("SigningTime"), text)), key)
    assert found.signing_time is None
    assert found.warnings == ("there is no readable signing time (EN 319 132-1 §6.3)",)


def test_a_signing_time_with_zone_and_fraction_is_read(signed: bytes, key: SigningKey) -> None:
    odd = resigned(signed, key, set_text(xades("SigningTime"), " 2026-11-02T10:00:00.500+02:00\n"))
    assert verify(odd, key).signing_time == ISSUED + timedelta(milliseconds=500)


# What everybody can change


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"Example Provider", b"Examples Provider", "DIGEST_MISMATCH"),
        (b'TSLTag="http:', b'TSLTag="https:', "DIGEST_MISMATCH"),
        (b'Id="list"', b'Id="tsil"', "DIGEST_MISMATCH"),
        (b"<TSPServices>", b"<?pi?><TSPServices>", "DIGEST_MISMATCH"),
        (b"00Z</xades:SigningTime>", b"01Z</xades:SigningTime>", "DIGEST_MISMATCH"),
        (b"ecdsa-sha256", b"ecdsa-sha384", "SIGNATURE_MISMATCH"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", "SIGNATURE_MISMATCH"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", "SIGNATURE_MISMATCH"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>!", "STRUCTURE"),
        (b"<ds:X509Certificate>", b"<ds:X509Certificate>=", "STRUCTURE"),
        (b"ecdsa-sha256", b"rsa-sha256", "KEY"),
        (b"ecdsa-sha256", b"hmac-sha256", "ALGORITHM"),
        (b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1", "ALGORITHM"),
        (b'xml-exc-c14n#"', b'xml-exc-c14n#WithComments"', "ALGORITHM"),
        (b"<ds:X509Certificate>", b"<ds:X509Certificate>AAAA", "SIGNING_CERTIFICATE"),
        (b"?>\n<", b"?>\n<?pi?><", "OUTSIDE_ROOT"),
        (b"</TrustServiceStatusList>\n", b"</TrustServiceStatusList><?pi?>", "OUTSIDE_ROOT"),
        (b"?>\n<", b"?>\n<!DOCTYPE a><", "XML_DOCTYPE"),
        (b"02231/v2#", b"02231/v3#", "ROOT"),
        (b'-list" URI=""', b'-list" URI="#other"', "REFERENCE"),
        (b'-list" URI=""', b'-list" URI="#xpointer(/)"', "REFERENCE"),
        (b'-list" URI=""', b'-list" URI="file:///etc/passwd"', "REFERENCE"),
        (b'-list" URI=""', b'-list"', "REFERENCE"),
        (b'-list" URI=""', b'-list" URI="" Type="http://www.w3.org/2000/09/xmldsig#Manifest"', "REFERENCE"),
        (b'Type="http://uri.etsi.org/01903#SignedProperties" ', b"", "REFERENCE"),
        (b"<TSPInformation>", b'<TSPInformation Id="list">', "DUPLICATE_ID"),
        (b"<TSPInformation>", b'<TSPInformation xml:id="list">', "DUPLICATE_ID"),
        (b' Target="#', b' Target="#x', "STRUCTURE"),
    ],
)
def test_each_change_is_refused_for_its_reason(
    old: bytes, new: bytes, expected: str, signed: bytes, key: SigningKey
) -> None:
    assert old in signed
    assert reason(signed.replace(old, new, 1), key) == expected


def altered(data: bytes, change: Change) -> bytes:
    root = parse_xml(data)
    change(root[-1])
    return to_utf8(root)


def parent_of(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    assert parent is not None
    return parent


def removed(tag: str) -> Change:
    def change(signature: etree._Element) -> None:
        found = next(signature.iter(tag))
        parent_of(found).remove(found)

    return change


def added(tag: str, *inside: str, **attributes: str) -> Change:
    """An element at the end of the one to which the tags `inside` lead."""

    def change(signature: etree._Element) -> None:
        parent = signature
        for each in inside:
            parent = next(parent.iter(each))
        etree.SubElement(parent, tag, attributes)

    return change


def doubled(tag: str) -> Change:
    def change(signature: etree._Element) -> None:
        found = next(signature.iter(tag))
        found.addnext(deepcopy(found))

    return change


def moved_into_content(signature: etree._Element) -> None:
    root = parent_of(signature)
    next(root.iter(f"{TSL}SchemeInformation")).append(signature)


def list_inside(signature: etree._Element) -> None:
    """What is called "enveloped fake content": the genuine list hidden in the signature, another one outside."""
    genuine = deepcopy(parent_of(signature))
    etree.SubElement(signature, ds("Object")).append(genuine)


def without_id(element: etree._Element) -> etree._Element:
    del element.attrib["Id"]
    return element


def move_last_to_front(element: etree._Element) -> None:
    element.insert(0, element[-1])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda signature: parent_of(signature).remove(signature), "NO_SIGNATURE"),
        (lambda signature: signature.addnext(deepcopy(signature)), "SEVERAL_SIGNATURES"),
        (added(ds("Signature"), xades("SignedDataObjectProperties")), "SEVERAL_SIGNATURES"),
        (moved_into_content, "MISPLACED"),
        (list_inside, "NESTED_LIST"),
        (added(f"{TSL}TrustServiceStatusList", ds("Object")), "NESTED_LIST"),
        (removed(ds("Object")), "NOT_XADES"),
        (removed(xades("QualifyingProperties")), "STRUCTURE"),
        (removed(xades("SignedProperties")), "STRUCTURE"),
        (doubled(xades("SignedProperties")), "DUPLICATE_ID"),
        (doubled(xades("SignedSignatureProperties")), "STRUCTURE"),
        (doubled(xades("SigningTime")), "STRUCTURE"),
        (added(ds("Object")), "STRUCTURE"),
        (added(ds("Manifest"), ds("Object")), "STRUCTURE"),
        (removed(ds("KeyInfo")), "STRUCTURE"),
        (removed(ds("SignatureMethod")), "STRUCTURE"),
        (lambda signature: signature[0].clear(), "STRUCTURE"),
        (removed(ds("DigestValue")), "STRUCTURE"),
        (removed(xades("CertDigest")), "STRUCTURE"),
        (added("{urn:x}Parameter", ds("SignatureMethod")), "ALGORITHM"),
        (added("{urn:x}Parameter", ds("CanonicalizationMethod")), "ALGORITHM"),
        (removed(ds("Reference")), "REFERENCE"),
        (lambda signature: signature[0].remove(signature[0][3]), "REFERENCE"),
        (lambda signature: signature[0].append(deepcopy(signature[0][3])), "REFERENCE"),
        (lambda signature: signature[0].append(deepcopy(signature[0][2])), "DUPLICATE_ID"),
        (lambda signature: signature[0].append(without_id(deepcopy(signature[0][2]))), "REFERENCE"),
        (removed(ds("Transforms")), "TRANSFORM"),
        (removed(ds("Transform")), "TRANSFORM"),
        (doubled(ds("Transform")), "TRANSFORM"),
        (lambda signature: move_last_to_front(next(signature.iter(ds("Transforms")))), "TRANSFORM"),
        (added(ds("XPath"), ds("Transform")), "TRANSFORM"),
        (removed(ds("X509Certificate")), "CERTIFICATE"),
        (removed(ds("X509Data")), "CERTIFICATE"),
        (removed(xades("SigningCertificateV2")), "SIGNING_CERTIFICATE"),
        (removed(xades("Cert")), "SIGNING_CERTIFICATE"),
    ],
)
def test_each_other_structure_is_refused_for_its_reason(
    change: Change, expected: str, signed: bytes, key: SigningKey
) -> None:
    assert reason(altered(signed, change), key) == expected
    assert reason(altered(signed, change), key, ARCHIVE) == expected


def test_a_transform_by_xpath_is_called_non_conformant(signed: bytes, key: SigningKey) -> None:
    """TS 119 612 B.1 against what a Cypriot list of 2016 and DSS's sample of a LoTE have."""
    xpath = altered(signed, set_algorithm(ds("Transform"), "http://www.w3.org/2002/06/xmldsig-filter2"))
    with pytest.raises(SignatureInvalidError, match=r"non-conformant transform.*filter2") as caught:
        verify(xpath, key, ARCHIVE)
    assert caught.value.reason_id == "TRANSFORM"


def test_too_many_certificates_are_refused(signed: bytes, key: SigningKey) -> None:
    def fill(signature: etree._Element) -> None:
        for _ in range(10):
            doubled(ds("X509Certificate"))(signature)

    assert reason(altered(signed, fill), key) == "CERTIFICATE"


# What the holder of a key can write


def set_text(tag: str, text: str) -> Change:
    def change(signature: etree._Element) -> None:
        next(signature.iter(tag)).text = text

    return change


def set_algorithm(tag: str, uri: str, number: int = 0) -> Change:
    def change(signature: etree._Element) -> None:
        list(signature.iter(tag))[number].set("Algorithm", uri)

    return change


def test_signing_again_gives_a_good_signature(signed: bytes, key: SigningKey) -> None:
    assert verify(resigned(signed, key, lambda _: None), key).warnings == ()


def test_a_reference_to_key_info_is_verified(signed: bytes, key: SigningKey) -> None:
    def refer(signature: etree._Element) -> None:
        signature[2].set("Id", "key-info")
        reference = deepcopy(signature[0][3])
        reference.attrib.clear()
        reference.set("URI", "#key-info")
        signature[0].append(reference)

    referred = resigned(signed, key, refer)
    assert verify(referred, key).warnings == ()
    assert reason(referred.replace(b'Id="key-info"', b'Id="key-info" a="b"'), key) == "DIGEST_MISMATCH"


def test_a_reference_by_the_id_of_the_root_is_as_good(signed: bytes, key: SigningKey) -> None:
    by_id = resigned(signed, key, lambda signature: signature[0][2].set("URI", "#list"))
    assert verify(by_id, key).warnings == ()


def test_more_certificates_in_key_info_are_a_warning_and_the_signer_is_the_one_that_was_signed(
    signed: bytes, key: SigningKey
) -> None:
    other = operator_key()

    def add_other(signature: etree._Element) -> None:
        certificate = etree.Element(ds("X509Certificate"))
        certificate.text = base64.b64encode(listed(other.certificate).der).decode()
        signature[2][0].insert(0, certificate)

    two = resigned(signed, key, add_other)
    found = verify(two, key)
    assert found.signer == listed(key.certificate)
    assert found.warnings == ("KeyInfo has more than the signer's certificate (TS 119 612 B.1)",)
    assert reason(two, other) == "SIGNER_NOT_EXPECTED"


def test_the_signer_must_be_the_one_that_the_signed_properties_name(signed: bytes, key: SigningKey) -> None:
    """Whoever has a second certificate of the key can't put it into KeyInfo."""
    second = operator_key(key.private_key)
    text = base64.b64encode(listed(second.certificate).der).decode()
    assert reason(resigned(signed, key, set_text(ds("X509Certificate"), text)), second) == "SIGNING_CERTIFICATE"


def test_both_forms_of_the_signing_certificate_must_name_the_signer(signed: bytes, key: SigningKey) -> None:
    def add_first_form(signature: etree._Element) -> None:
        found = next(signature.iter(xades("SigningCertificateV2")))
        first = deepcopy(found)
        first.tag = xades("SigningCertificate")
        found.addprevious(first)

    both = resigned(signed, key, add_first_form)
    assert verify(both, key).signing_certificate == "V2"

    def spoil(signature: etree._Element) -> None:
        next(next(signature.iter(xades("SigningCertificate"))).iter(ds("DigestValue"))).text = "AAAA"

    assert reason(resigned(both, key, spoil), key) == "SIGNING_CERTIFICATE"
    assert verify(resigned(both, key, removed(xades("SigningCertificateV2"))), key).signing_certificate == "V1"


def test_signed_info_may_be_canonicalised_inclusively_with_a_warning(signed: bytes, key: SigningKey) -> None:
    odd = resigned(signed, key, set_algorithm(ds("CanonicalizationMethod"), profiles.C14N_10))
    assert [warning[:26] for warning in verify(odd, key).warnings] == ["SignedInfo is canonicalise"]
    assert reason(odd.replace(b' Id="list"', b' Id="list" xml:lang="en"'), key) == "XML_ATTRIBUTE"


def test_signed_properties_without_transforms_are_canonicalised_inclusively(signed: bytes, key: SigningKey) -> None:
    plain = resigned(signed, key, lambda signature: signature[0][3].remove(signature[0][3][0]))
    assert verify(plain, key).warnings == ()
    assert reason(plain.replace(b' Id="list"', b' Id="list" xml:lang="en"'), key) == "XML_ATTRIBUTE"


@pytest.mark.parametrize("uri", [None, profiles.C14N_10, profiles.C14N_11])
def test_lists_that_are_canonicalised_inclusively_are_for_the_archive(
    uri: str | None, signed: bytes, key: SigningKey
) -> None:
    def change(signature: etree._Element) -> None:
        transform = list(signature.iter(ds("Transform")))[1]
        if uri:
            transform.set("Algorithm", uri)
        else:
            parent_of(transform).remove(transform)

    old = resigned(signed, key, change)
    assert reason(old, key) == "TRANSFORM"
    assert len(verify(old, key, ARCHIVE).warnings) == 1


def test_a_sha1_digest_of_the_list_is_for_the_archive(signed: bytes, key: SigningKey) -> None:
    old = resigned(signed, key, set_algorithm(ds("DigestMethod"), profiles.SHA1))
    assert reason(old, key) == "ALGORITHM"
    assert verify(old, key, ARCHIVE).digest_algorithm == profiles.SHA1


def test_a_sha1_digest_of_the_certificate_is_a_warning(signed: bytes, key: SigningKey) -> None:
    def change(signature: etree._Element) -> None:
        method, value = next(signature.iter(xades("CertDigest")))
        method.set("Algorithm", profiles.SHA1)
        value.text = base64.b64encode(hashlib.sha1(listed(key.certificate).der).digest()).decode()  # noqa: S324

    found = verify(resigned(signed, key, change), key)
    assert found.warnings == ("the signed properties name the signer by a SHA-1 digest (TS 119 312)",)


def rsa_of(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@pytest.mark.parametrize("method", [profiles.PSS_SHA256, profiles.PSS_SHA512, profiles.RSA_SHA384])
def test_rsa_in_all_its_forms(method: str) -> None:
    rsa_key = operator_key(rsa_of(2048))
    data = resigned(signed_list(rsa_key), rsa_key, set_algorithm(ds("SignatureMethod"), method))
    assert verify(data, rsa_key).signature_algorithm == method
    assert reason(data.replace(method.encode(), profiles.RSA_SHA256.encode()), rsa_key) == "SIGNATURE_MISMATCH"


@pytest.mark.parametrize(
    ("bits", "current", "archive"),
    [(1024, "KEY", ("bits",)), (2032, ("bits",), ("bits",)), (2048, (), ())],
)
def test_short_rsa_keys(bits: int, current: str | tuple[str, ...], archive: tuple[str, ...], signed: bytes) -> None:
    """Five real lists are signed with 2032 bits; 1024 bits were in use until 2017."""
    short = operator_key(rsa_of(bits))

    def as_if_by_the_short_key(signature: etree._Element) -> None:
        set_algorithm(ds("SignatureMethod"), profiles.RSA_SHA256)(signature)
        der = listed(short.certificate).der
        set_text(ds("X509Certificate"), base64.b64encode(der).decode())(signature)
        next(signature.iter(xades("CertDigest")))[1].text = base64.b64encode(hashlib.sha256(der).digest()).decode()

    data = resigned(signed, short, as_if_by_the_short_key)
    if isinstance(current, str):
        assert reason(data, short) == current
    else:
        assert len(verify(data, short).warnings) == len(current)
    assert len(verify(data, short, ARCHIVE).warnings) == len(archive)


@pytest.mark.parametrize("usages", [None, ("content_commitment",), ("key_cert_sign",)])
def test_the_key_usage_of_an_announced_signer_does_not_decide(usages: tuple[str, ...] | None, signed: bytes) -> None:
    """71 of 175 real signers have nonRepudiation only, 15 no key usage at all."""
    odd = operator_key(usages=usages, purposes=(), subject_key_identifier=False)

    def as_if_by_the_odd_key(signature: etree._Element) -> None:
        der = listed(odd.certificate).der
        set_text(ds("X509Certificate"), base64.b64encode(der).decode())(signature)
        next(signature.iter(xades("CertDigest")))[1].text = base64.b64encode(hashlib.sha256(der).digest()).decode()

    found = verify(resigned(signed, odd, as_if_by_the_odd_key), odd)
    assert all("TS 119 612 §5.7.1" in warning for warning in found.warnings)
    assert len(found.warnings) == (2 if usages == ("content_commitment",) else 3)


def test_a_signer_whose_certificate_cannot_be_loaded_is_as_good_as_any(signed: bytes, key: SigningKey) -> None:
    """Real lists announce such certificates; key and dates are cut out of the bytes (here: an unknown version)."""
    der = listed(key.certificate).der
    broken = ListedCertificate(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05", 1))
    assert broken.certificate is None

    def change(signature: etree._Element) -> None:
        set_text(ds("X509Certificate"), base64.b64encode(broken.der).decode())(signature)
        digest = hashlib.sha256(broken.der).digest()
        next(signature.iter(xades("CertDigest")))[1].text = base64.b64encode(digest).decode()

    data = resigned(signed, key, change)
    found = verify_xades(data, signers=[broken], verification_time=ISSUED)
    assert found.signer == broken
    assert len(found.warnings) == 1


# Limits


def test_the_size_is_bounded_by_the_policy(signed: bytes, key: SigningKey) -> None:
    assert reason(signed, key, replace(CURRENT, max_bytes=len(signed) - 1)) == "XML_TOO_LARGE"


@pytest.mark.parametrize(
    ("old", "filler"),
    [
        (b'-list" URI="', "\u009b[2J&#10;"),
        (b"xmlenc#sha256", "\u009b[2J&#10;"),
        (b"xml-exc-c14n#", "\u009b[2J&#10;"),
        (b"ecdsa-sha256", "\u009b[2J&#10;"),
        (b"TrustServiceStatusList", "x"),
    ],
)
def test_messages_are_of_one_line_and_bounded_whatever_the_list_says(old: bytes, filler: str, signed: bytes) -> None:
    with pytest.raises(SignatureInvalidError) as caught:
        verify_xades(signed.replace(old, old + filler.encode() * 10_000), signers=None)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_many_ids_are_compared_quickly(key: SigningKey) -> None:
    """A million of pairs would take minutes."""
    root = unsigned_list()
    for number in range(30_000):
        etree.SubElement(root[0], f"{TSL}Extra", Id=f"n{number}")
    started = time.thread_time()
    sign_xades(root, key, ISSUED)
    assert time.thread_time() - started < 50
