# SPDX-License-Identifier: Apache-2.0
"""Signed SMP documents that others made (three dialects): every intact one verifies, every altered one is refused.

Clauses: Peppol SMP 1.4.0 "Message signature"; BDXR SMP 1.0 §3.6; SMP 2.0 §3.6.2; XMLDSig 1.1 §3.2 (core validation).
"""

import base64
import csv
import string
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree

from trust_lists.errors import SignatureInvalidError, XmlRefusedError
from trust_lists.signatures.xmldsig import ARCHIVE, PEPPOL_1_4, VerifiedDocument, verify_enveloped

DS = "{http://www.w3.org/2000/09/xmldsig#}"
INTACT = "sig-ok+digest-ok"
PEPPOL_NOW = {
    "samples-generated/bdxr1-servicemetadata.xml",
    "samples-generated/peppol-1.4-extension-no-namespace.xml",
    "samples-generated/peppol-1.4-redirect.xml",
    "samples-generated/peppol-1.4-servicemetadata.xml",
    "samples-generated/peppol-1.4-wildcard.xml",
}


def _samples(corpus: Path) -> Iterator[tuple[str, str, str]]:
    """Name, root and verdict of each sample that has signatures."""
    with (corpus / "smp" / "samples-verification.csv").open(newline="") as file:
        for row in csv.reader(file):
            if len(row) > 4 and row[4].isdigit() and row[4] != "0":
                verdict = row[-1]
                intact = verdict == INTACT or "ecdsa" in row[0]
                yield row[0], f"{{{row[2]}}}{row[1]}", INTACT if intact else verdict


@pytest.fixture(scope="module")
def intact(corpus: Path) -> dict[str, tuple[str, bytes]]:
    return {
        name: (tag, (corpus / "smp" / name).read_bytes())
        for name, tag, verdict in _samples(corpus)
        if verdict == INTACT
    }


def _verify(document: bytes, tag: str) -> VerifiedDocument:
    return verify_enveloped(document, profile=ARCHIVE, root_tags={tag})


def test_core_validation_accepts_every_intact_sample(intact: dict[str, tuple[str, bytes]]) -> None:
    assert len(intact) == 28
    for tag, document in intact.values():
        verified = _verify(document, tag)
        assert verified.root.tag == tag
        assert verified.root.find(f"{DS}Signature") is None


def test_peppol_1_4_profile_accepts_the_samples_of_its_form_and_no_older_ones(
    intact: dict[str, tuple[str, bytes]],
) -> None:
    for name, (tag, document) in intact.items():
        if name in PEPPOL_NOW:
            verify_enveloped(document, profile=PEPPOL_1_4, root_tags={tag})
        else:
            with pytest.raises(SignatureInvalidError) as refusal:
                verify_enveloped(document, profile=PEPPOL_1_4, root_tags={tag})
            assert refusal.value.reason_id == "ALGORITHM", name


def test_core_validation_refuses_every_sample_that_is_marked_invalid(corpus: Path) -> None:
    invalid = [(name, tag) for name, tag, verdict in _samples(corpus) if verdict != INTACT]
    assert len(invalid) == 6
    for name, tag in invalid:
        with pytest.raises((SignatureInvalidError, XmlRefusedError)):
            _verify((corpus / "smp" / name).read_bytes(), tag)


def test_dummy_signatures_are_refused(corpus: Path) -> None:
    found = list((corpus / "smp" / "samples" / "bdxr-smp-client").rglob("signedsmd.xml"))
    assert found
    for path in found:
        document = path.read_bytes()
        with pytest.raises(SignatureInvalidError):
            _verify(document, etree.fromstring(document).tag)


# Alterations: each changes a parsed sample, or gives further versions of it


def _signature(root: etree._Element) -> etree._Element:
    found = root.find(f"{DS}Signature")
    assert found is not None
    return found


def _part(root: etree._Element, name: str) -> etree._Element:
    found = _signature(root).find(f".//{DS}{name}")
    assert found is not None
    return found


def _flip(text: str) -> str:
    """Another text of the same length: the first letter or digit is replaced by its neighbour."""
    alphabet = string.ascii_letters + string.digits
    at = next(position for position, letter in enumerate(text) if letter in alphabet)
    return text[:at] + alphabet[(alphabet.index(text[at]) + 1) % len(alphabet)] + text[at + 1 :]


def _content(root: etree._Element) -> list[etree._Element]:
    """All elements that are signed as content."""
    inside = set(_signature(root).iter())
    return [element for element in root.iter() if element not in inside]


def _each_text(root: etree._Element) -> Iterator[etree._Element]:
    for number, element in enumerate(_content(root)):
        if element.text and element.text.strip():
            altered = deepcopy(root)
            target = _content(altered)[number]
            target.text = _flip(target.text or "")
            yield altered


def _each_attribute(root: etree._Element) -> Iterator[etree._Element]:
    for number, element in enumerate(_content(root)):
        for name in element.attrib:
            altered = deepcopy(root)
            target = _content(altered)[number]
            target.set(name, _flip(target.get(name, "")))
            yield altered


def _each_signed_info_algorithm(root: etree._Element) -> Iterator[etree._Element]:
    for number, element in enumerate(_part(root, "SignedInfo").iter()):
        if element.get("Algorithm"):
            altered = deepcopy(root)
            list(_part(altered, "SignedInfo").iter())[number].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#none")
            yield altered


def _texts(*names: str) -> Callable[[etree._Element], Iterator[etree._Element]]:
    def alter(root: etree._Element) -> Iterator[etree._Element]:
        for name in names:
            altered = deepcopy(root)
            part = _part(altered, name)
            part.text = _flip(part.text or "")
            yield altered

    return alter


def _one(change: Callable[[etree._Element], object]) -> Callable[[etree._Element], Iterator[etree._Element]]:
    def alter(root: etree._Element) -> Iterator[etree._Element]:
        altered = deepcopy(root)
        replacement = change(altered)
        yield replacement if isinstance(replacement, etree._Element) else altered

    return alter


def _remove(name: str) -> Callable[[etree._Element], Iterator[etree._Element]]:
    def change(root: etree._Element) -> None:
        part = _part(root, name)
        parent = part.getparent()
        assert parent is not None
        parent.remove(part)

    return _one(change)


def _swap_certificate(root: etree._Element) -> None:
    part = _part(root, "X509Certificate")
    der = bytearray(base64.b64decode("".join((part.text or "").split())))
    at = (
        der.index(b"\x02\x03\x01\x00\x01") - 20
        if b"\x02\x03\x01\x00\x01" in der
        else der.index(b"\x03\x42\x00\x04") + 20
    )
    der[at] ^= 1  # inside the public key
    part.text = base64.b64encode(bytes(der)).decode()


def _second_signature(root: etree._Element) -> None:
    root.append(deepcopy(_signature(root)))


def _second_reference(root: etree._Element) -> None:
    reference = _part(root, "Reference")
    reference.addnext(deepcopy(reference))


def _wrap_in_new_root(root: etree._Element) -> etree._Element:
    """The signed document becomes a child of a root of the same name, which has other content and the signature."""
    outer = etree.Element(root.tag, nsmap=root.nsmap)
    outer.append(deepcopy(root[0]))
    outer[0].set("forged", "true")
    signature = _signature(root)
    outer.append(root)
    outer.append(signature)
    return outer


def _hide_in_object(root: etree._Element) -> None:
    """The signed document moves into the signature, and the reference points to it there."""
    hidden = deepcopy(root)
    hidden.remove(_signature(hidden))
    hidden.set("Id", "hidden")
    holder = etree.SubElement(_signature(root), f"{DS}Object")
    holder.append(hidden)
    _part(root, "Reference").set("URI", "#hidden")
    root[0].set("forged", "true")


def _move_signature_down(root: etree._Element) -> None:
    root[0].append(_signature(root))


def _space_around_signature(root: etree._Element) -> None:
    _signature(root).tail = "\n" + (_signature(root).tail or "")


ALTERATIONS: dict[str, Callable[[etree._Element], Iterator[etree._Element]]] = {
    "a character in any text": _each_text,
    "any attribute": _each_attribute,
    "any algorithm": _each_signed_info_algorithm,
    "the values of digest and signature": _texts("DigestValue", "SignatureValue"),
    "the key in the certificate": _one(_swap_certificate),
    "an element added": _one(lambda root: root[0].append(etree.Element("Added"))),
    "an element removed": _one(lambda root: root.remove(root[0])),
    "an element renamed": _one(lambda root: setattr(root[0], "tag", f"{root[0].tag}s")),
    "an instruction added": _one(lambda root: root[0].append(etree.ProcessingInstruction("a", "b"))),
    "an instruction in front": _one(lambda root: root.addprevious(etree.ProcessingInstruction("a", "b"))),
    "white space around the signature": _one(_space_around_signature),
    "the signature moved down": _one(_move_signature_down),
    "a second signature": _one(_second_signature),
    "a second reference": _one(_second_reference),
    "a reference to an id": _one(lambda root: _part(root, "Reference").set("URI", "#id")),
    "a reference without URI": _one(lambda root: _part(root, "Reference").attrib.pop("URI")),
    "no signature": _one(lambda root: root.remove(_signature(root))),
    "no transform": _remove("Transform"),
    "no transforms": _remove("Transforms"),
    "no key information": _remove("KeyInfo"),
    "no certificate": _remove("X509Certificate"),
    "no signature value": _remove("SignatureValue"),
    "the root wrapped": _one(_wrap_in_new_root),
    "the signed data hidden in an Object": _one(_hide_in_object),
}


def _serialise(root: etree._Element) -> bytes:
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _accepted(document: bytes, tag: str) -> bool:
    try:
        _verify(document, tag)
    except SignatureInvalidError:
        return False
    return True


def test_serialising_a_sample_again_does_not_break_it(intact: dict[str, tuple[str, bytes]]) -> None:
    """Otherwise the alterations below would be refused for that reason alone."""
    for tag, document in intact.values():
        _verify(_serialise(etree.fromstring(document)), tag)


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_core_validation_refuses_every_sample_after(alteration: str, intact: dict[str, tuple[str, bytes]]) -> None:
    tried = 0
    for name, (tag, document) in intact.items():
        for altered in ALTERATIONS[alteration](etree.fromstring(document)):
            tried += 1
            assert not _accepted(_serialise(altered), tag), name
    assert tried >= len(intact)


def test_comments_are_not_signed_and_not_returned(intact: dict[str, tuple[str, bytes]]) -> None:
    """Canonical XML 1.0 §2.1 without comments: a comment in a text breaks no signature and cuts no text."""
    for tag, document in intact.values():
        text = next(e for e in _content(etree.fromstring(document)) if e.text and e.text.strip() and not len(e)).text
        assert text is not None
        encoded = text.strip().encode()
        commented = document.replace(encoded, encoded[:3] + b"<!-- forged -->" + encoded[3:], 1)
        assert commented != document
        returned = _verify(commented, tag).root
        assert text in [element.text for element in returned.iter()]
        assert not list(returned.iter(etree.Comment))


def test_what_is_returned_holds_the_signed_content_only(intact: dict[str, tuple[str, bytes]]) -> None:
    for tag, document in intact.values():
        expected = etree.fromstring(document, etree.XMLParser(remove_comments=True))
        signature = _signature(expected)
        expected.remove(signature)
        returned = _verify(document, tag).root
        assert [e.tag for e in returned.iter()] == [e.tag for e in expected.iter()]
        assert [dict(e.attrib) for e in returned.iter()] == [dict(e.attrib) for e in expected.iter()]
