# SPDX-License-Identifier: Apache-2.0
"""SMP 2.0 against xmlsec1, and OpenSSL for Ed25519, which Debian's xmlsec1 doesn't know."""

import base64
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import Endpoint, EndpointCertificate, Extension, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.smp.documents.bdxr2.dialect import BDXR2
from tests.simulators.self_signed import new_keys
from trust_lists.certificates.parsing import SigningKey
from trust_lists.signatures.profiles import C14N_11, ENVELOPED
from trust_lists.signatures.xmldsig import sign_enveloped

NESTED = (
    b"<n:national xmlns:n='urn:n'><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignedInfo/></Signature>"
    b"<plain/>\r\n<![CDATA[&]]></n:national>"
)
PARTICIPANT = ParticipantIdentifier("urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088", "tést")
DOCUMENT_TYPE = DocumentTypeIdentifier("bdx-docid-qns", "urn:a::invoice##urn:b::2.1")
Xmlsec1 = Callable[[bytes, SigningKey], bool]


@pytest.fixture(scope="module")
def keys() -> dict[str, SigningKey]:
    return new_keys()


@pytest.fixture(scope="module")
def documents(keys: dict[str, SigningKey]) -> dict[str, bytes]:
    der = keys["p-256"].certificate.public_bytes(Encoding.DER)
    endpoint = Endpoint("bdxr-transport-ebms3-as4-v2p0", "https://ap.example.org", (EndpointCertificate(der),))
    plain = ServiceMetadata(PARTICIPANT, DOCUMENT_TYPE, (ProcessMetadata((), (endpoint,)),))
    return {
        "service metadata": BDXR2.write_service_metadata(plain),
        "extension": BDXR2.write_service_metadata(replace(plain, extensions=(Extension(NESTED),))),
        "service group": BDXR2.write_service_group(ServiceGroup(PARTICIPANT, (DOCUMENT_TYPE,)), ""),
    }


@pytest.fixture
def xmlsec1(tool: "type[object]", tmp_path: Path) -> Xmlsec1:
    program = tool.path("xmlsec1")  # type: ignore[attr-defined]

    def accepts(signed: bytes, signer: SigningKey) -> bool:
        document, trusted = tmp_path / "signed.xml", tmp_path / "signer.pem"
        document.write_bytes(signed)
        trusted.write_bytes(signer.certificate.public_bytes(Encoding.PEM))
        own = ("--node-xpath", "/*/*[local-name()='Signature']")
        command = (program, "--verify", "--enabled-key-data", "x509", *own, "--trusted-pem", trusted, document)
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0

    return accepts


@pytest.mark.parametrize("kind", ["rsa", "p-256", "p-384", "p-521"])
@pytest.mark.parametrize("name", ["service metadata", "extension", "service group"])
def test_xmlsec1_verifies_what_we_sign_and_refuses_a_change(
    kind: str, name: str, keys: dict[str, SigningKey], documents: dict[str, bytes], xmlsec1: Xmlsec1
) -> None:
    signed = sign_enveloped(documents[name], keys[kind], BDXR2.signature)
    assert xmlsec1(signed, keys[kind])
    assert not xmlsec1(signed.replace(b"invoice", b"involve"), keys[kind])
    assert not xmlsec1(signed, keys["p-256" if kind == "rsa" else "rsa"])


def test_xmlsec1_verifies_the_form_with_a_second_transform(
    keys: dict[str, SigningKey], documents: dict[str, bytes], xmlsec1: Xmlsec1
) -> None:
    """What other signers write and we understand."""
    profile = replace(BDXR2.signature, transforms=((ENVELOPED, C14N_11),))
    assert xmlsec1(sign_enveloped(documents["extension"], keys["p-256"], profile), keys["p-256"])


@pytest.mark.parametrize("name", ["service metadata", "extension", "service group"])
def test_openssl_verifies_what_ed25519_signs(
    name: str, keys: dict[str, SigningKey], documents: dict[str, bytes], tool: "type[object]", tmp_path: Path
) -> None:
    """RFC 9231 §2.3.12: the plain signature of SignedInfo, whose canonical form xmllint makes."""
    openssl, xmllint = (tool.path(program) for program in ("openssl", "xmllint"))  # type: ignore[attr-defined]
    signed = sign_enveloped(documents[name], keys["ed25519"], BDXR2.signature)
    signature = etree.fromstring(signed)[-1]
    files = {part: tmp_path / part for part in ("info", "value", "key", "canonical")}
    files["info"].write_bytes(etree.tostring(signature[0]))
    files["value"].write_bytes(base64.b64decode(signature[1].text or ""))
    public_key = keys["ed25519"].certificate.public_key()
    files["key"].write_bytes(public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    canonical = subprocess.run((xmllint, "--c14n11", files["info"]), capture_output=True, check=True, timeout=30).stdout

    def accepts(text: bytes) -> bool:
        files["canonical"].write_bytes(text)
        given = ("-inkey", files["key"], "-sigfile", files["value"], "-in", files["canonical"])
        command = (openssl, "pkeyutl", "-verify", "-pubin", "-rawin", *given)
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0

    assert accepts(canonical)
    assert not accepts(canonical.replace(b"sha256", b"sha512"))
