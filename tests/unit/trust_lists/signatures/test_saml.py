# SPDX-License-Identifier: Apache-2.0
"""Signatures of SAML metadata: what the root's signer signed, and nothing that somebody moved around it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from lxml import etree

from tests.simulators.certificate_chains import Authority
from tests.simulators.jades_keys import new_key
from tests.simulators.saml_metadata import AT, MD, NODE, OTHER, by_certificate, entities, entity, key, signed
from tests.simulators.signed_lists import operator_key
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SignatureInvalidError, XmlRefusedError
from trust_lists.signatures import profiles
from trust_lists.signatures.elements import ds
from trust_lists.signatures.profiles import C14N_10, C14N_EXCLUSIVE, ENVELOPED, RSA_SHA256
from trust_lists.signatures.saml import VerifiedSaml, verify_saml
from trust_lists.xml import parse_xml, to_utf8

SIGNER = new_key("P-256", "metadata operator")
ATTACKER = new_key("P-256", "attacker")
RSA = new_key("RSA-2048", "metadata operator")
ROOTS = (f"{{{MD}}}EntityDescriptor", f"{{{MD}}}EntitiesDescriptor")
CERTIFICATE = Authority("authority").issue("node")
EVIL = Authority("attacker").issue("node")
GOOD = entity(NODE, key(by_certificate(CERTIFICATE)), until=AT + timedelta(days=1))
BAD = entity(NODE, key(by_certificate(EVIL)), until=AT + timedelta(days=1))


def verify(data: bytes, *signers: SigningKey) -> VerifiedSaml:
    expected = [listed(each.certificate) for each in signers or (SIGNER,)]
    return verify_saml(data, signers=expected, root_tags=ROOTS)


def reason(data: bytes, *signers: SigningKey) -> str:
    with pytest.raises((SignatureInvalidError, XmlRefusedError)) as caught:
        verify(data, *signers)
    return caught.value.reason_id


def certificates_in(found: VerifiedSaml) -> list[str]:
    return ["".join((each.text or "").split()) for each in found.root.iter(ds("X509Certificate"))]


# What is accepted


def test_the_root_is_what_was_signed_without_its_signature() -> None:
    found = verify(signed(GOOD, SIGNER))
    assert found.signer == listed(SIGNER.certificate)
    assert found.root.find(ds("Signature")) is None
    assert found.root.get("entityID") == NODE


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA-2048", "Ed25519"])
def test_keys_of_all_kinds_sign(kind: str) -> None:
    methods = {"RSA-2048": profiles.PSS_SHA256, "Ed25519": profiles.ED25519}
    signer = new_key(kind, "metadata operator")
    assert verify(signed(GOOD, signer, method=methods.get(kind, profiles.ECDSA_SHA256)), signer)


def test_a_reference_to_the_whole_document_is_one_to_the_root() -> None:
    assert verify(signed(GOOD, SIGNER, uri=""))


@pytest.mark.parametrize("at", [0, 1])
def test_the_signature_may_stand_anywhere_in_the_root(at: int) -> None:
    assert verify(signed(entities(GOOD), SIGNER, at=at))


def test_entities_may_have_signatures_of_their_own() -> None:
    inner = signed(GOOD, ATTACKER).decode()
    found = verify(signed(entities(inner), SIGNER))
    assert len(list(found.root.iter(ds("Signature")))) == 1


def test_prefixes_that_are_canonicalised_inclusively_are_hashed() -> None:
    """As OpenSAML writes them, where only an attribute's value uses a prefix (`xsi:type="xs:string"`)."""
    typed = GOOD.replace("<md:EntityDescriptor ", '<md:EntityDescriptor xmlns:xs="http://www.w3.org/2001/XMLSchema" ')
    document = signed(typed, SIGNER, prefixes="xs")
    assert verify(document)
    assert reason(document.replace(b"2001/XMLSchema", b"2001/XMLschema")) == "DIGEST_MISMATCH"
    assert verify(signed(typed, SIGNER)).root.nsmap["xs"]  # nobody signs it then, and nobody needs it


def test_comments_do_not_split_what_is_read() -> None:
    encoded = by_certificate(CERTIFICATE)
    inside = encoded.index("Certificate>") + 40
    document = signed(GOOD, SIGNER).decode()
    commented = document.replace(encoded, f"{encoded[:inside]}<!-- x -->{encoded[inside:]}")
    assert commented != document
    assert certificates_in(verify(commented.encode())) == certificates_in(verify(document.encode()))


def test_another_certificate_of_the_signers_key_is_the_signer_all_the_same() -> None:
    """The key is what is trusted; KeyInfo isn't even there."""
    renewed = operator_key(SIGNER.private_key)
    assert verify(signed(GOOD, renewed), ATTACKER, SIGNER).signer == listed(SIGNER.certificate)


def test_key_info_has_no_say() -> None:
    def with_key_info(data: bytes) -> bytes:
        root = parse_xml(data)
        signature = root.find(ds("Signature"))
        assert signature is not None
        signature.append(
            parse_xml(f'<ds:KeyInfo xmlns:ds="{ds("")[1:-1]}">{by_certificate(EVIL)}</ds:KeyInfo>'.encode())
        )
        return to_utf8(root)

    assert verify(with_key_info(signed(GOOD, SIGNER)))
    assert reason(with_key_info(signed(GOOD, ATTACKER))) == "SIGNATURE_MISMATCH"


# Signature wrapping


def signature_of(data: bytes) -> str:
    text = data.decode()
    return text[text.index("<ds:Signature") : text.index("</ds:Signature>") + len("</ds:Signature>")]


def wrapped(kind: str) -> str:
    """The signed entity somewhere, and the attacker's in its place."""
    good = signed(GOOD, SIGNER)
    signature = signature_of(good)
    own = GOOD.replace('ID="e-', 'ID="x-')
    bad = BAD.replace('ID="e-', 'ID="x-')
    inside = bad.index(">") + 1
    moved = good.decode()
    return {
        "beside it": entities(moved, bad),
        "in a group that has its ID": entities(GOOD, BAD.replace('ID="e-', 'ID="y-'), name="root").replace(
            "<md:EntityDescriptor", f"{signature}<md:EntityDescriptor", 1
        ),
        "in extensions": bad[:inside] + f"<md:Extensions>{moved}</md:Extensions>" + bad[inside:],
        "in extensions, its signature outside": bad[:inside]
        + signature
        + f"<md:Extensions>{GOOD}</md:Extensions>"
        + bad[inside:],
        "in the signature": bad[:inside]
        + signature.replace("</ds:Signature>", f"<ds:Object>{GOOD}</ds:Object></ds:Signature>")
        + bad[inside:],
        "with the same ID": BAD[: BAD.index(">") + 1]
        + signature
        + f"<md:Extensions>{GOOD}</md:Extensions>"
        + BAD[BAD.index(">") + 1 :],
        "under another root": f'<x xmlns="urn:x">{moved}{own}</x>',
    }[kind]


WRAPPINGS = {
    "beside it": "NO_SIGNATURE",
    "in a group that has its ID": "REFERENCE",
    "in extensions": "NO_SIGNATURE",
    "in extensions, its signature outside": "REFERENCE",
    "in the signature": "STRUCTURE",
    "with the same ID": "DUPLICATE_ID",
    "under another root": "ROOT",
}


@pytest.mark.parametrize(("kind", "expected"), list(WRAPPINGS.items()))
def test_a_signed_entity_that_was_moved_signs_nothing(kind: str, expected: str) -> None:
    assert verify(signed(GOOD, SIGNER))
    assert reason(wrapped(kind).encode()) == expected


def test_one_of_two_signatures_is_not_enough() -> None:
    good, bad = signed(GOOD, SIGNER), signed(GOOD, ATTACKER)
    first, second = signature_of(good), signature_of(bad)
    for both in (first + second, second + first, first + first):
        assert reason(good.decode().replace(first, both).encode()) == "SEVERAL_SIGNATURES"


def test_content_behind_or_before_the_signature_is_signed() -> None:
    good = signed(GOOD, SIGNER).decode()
    for changed in (
        good.replace("</ds:Signature>", f"</ds:Signature>{BAD.replace('ID=', 'x=')}"),
        good.replace("<ds:Signature", "text<ds:Signature", 1),
        good.replace("</ds:Signature>", "</ds:Signature>text"),
        good.replace(NODE, OTHER),
        good.replace('use="', 'Use="').replace("<md:KeyDescriptor>", '<md:KeyDescriptor use="encryption">'),
    ):
        assert changed != good
        assert reason(changed.encode()) == "DIGEST_MISMATCH"


def test_a_comment_in_an_entity_id_is_no_xml() -> None:
    assert reason(signed(GOOD, SIGNER).replace(NODE.encode(), b"https://node<!---->.example")) == "XML_NOT_WELL_FORMED"


def test_what_stands_outside_of_the_root_is_refused() -> None:
    assert reason(b"<?x y?>" + signed(GOOD, SIGNER)) == "OUTSIDE_ROOT"
    assert reason(b"<!DOCTYPE x>" + signed(GOOD, SIGNER)) == "XML_DOCTYPE"


# Form, algorithms and keys


def set_algorithm(tag: str, uri: str) -> Callable[[etree._Element], None]:
    def change(signed_info: etree._Element) -> None:
        next(signed_info.iter(ds(tag))).set("Algorithm", uri)

    return change


def add_reference(signed_info: etree._Element) -> None:
    signed_info.append(parse_xml(to_utf8(signed_info[2])))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"uri": f"#{'x' * 5}"}, "REFERENCE"),
        ({"uri": "https://example.org/elsewhere"}, "REFERENCE"),
        ({"uri": "#xpointer(/)"}, "REFERENCE"),
        ({"transforms": (ENVELOPED,)}, "TRANSFORM"),
        ({"transforms": (C14N_EXCLUSIVE,)}, "TRANSFORM"),
        ({"transforms": (ENVELOPED, C14N_10)}, "TRANSFORM"),
        ({"transforms": (ENVELOPED, f"{C14N_EXCLUSIVE}WithComments")}, "TRANSFORM"),
        ({"transforms": (ENVELOPED, C14N_EXCLUSIVE, "http://www.w3.org/TR/1999/REC-xslt-19991116")}, "TRANSFORM"),
        ({"prefixes": "a:b"}, "TRANSFORM"),
        ({"prefixes": " ".join(f"p{n}" for n in range(40))}, "TRANSFORM"),
        ({"change": set_algorithm("CanonicalizationMethod", C14N_10)}, "ALGORITHM"),
        ({"change": set_algorithm("SignatureMethod", profiles.RSA_SHA1)}, "ALGORITHM"),
        ({"change": set_algorithm("DigestMethod", profiles.SHA1)}, "ALGORITHM"),
        (
            {"change": set_algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")},
            "ALGORITHM",
        ),
        ({"change": set_algorithm("SignatureMethod", RSA_SHA256)}, "KEY"),
        ({"change": set_algorithm("SignatureMethod", profiles.ECDSA_SHA384)}, "SIGNATURE_MISMATCH"),
        ({"change": add_reference}, "STRUCTURE"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_everything_else_than_the_prescribed_form_is_refused(options: dict[str, object], expected: str) -> None:
    assert reason(signed(GOOD, SIGNER, **options)) == expected  # type: ignore[arg-type]


def test_unsigned_documents_and_strangers_are_refused() -> None:
    assert reason(GOOD.encode()) == "NO_SIGNATURE"
    assert reason(signed(GOOD, ATTACKER)) == "SIGNATURE_MISMATCH"
    assert reason(signed(GOOD, SIGNER), RSA) == "KEY"


def test_nobody_expected_is_nobody() -> None:
    unreadable = ListedCertificate(b"no certificate")
    for signers in ([], [unreadable]):
        with pytest.raises(SignatureInvalidError) as caught:
            verify_saml(signed(GOOD, SIGNER), signers=signers, root_tags=ROOTS)
        assert caught.value.reason_id == "KEY"


def test_a_root_without_an_id_is_referred_to_by_nobody() -> None:
    without = GOOD.replace(' ID="e-', ' x="e-')
    assert reason(signed(without, SIGNER, uri="#")) == "REFERENCE"
    assert reason(signed(without, SIGNER, uri="#None")) == "REFERENCE"
    assert verify(signed(without, SIGNER, uri=""))
