# SPDX-License-Identifier: Apache-2.0
"""SAML metadata signed by xmlsec1, which we verify, and the other way: saml-core-2.0 §5.4."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from registry.demo.pki import certificates_pem
from tests.simulators.certificate_chains import Authority
from tests.simulators.jades_keys import new_key
from tests.simulators.saml_metadata import MD, NODE, by_certificate, entities, entity, key, service_list, signed
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.documents.metadata_service_list import ROOT as SERVICE_LIST
from trust_lists.documents.metadata_service_list import SERVICE_LIST as NAMESPACE
from trust_lists.documents.saml_metadata import ROOTS, read_saml_metadata
from trust_lists.errors import SignatureInvalidError
from trust_lists.signatures import profiles
from trust_lists.signatures.saml import verify_saml

CERTIFICATE = Authority("authority").issue("node")
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
TYPED = '<md:Extensions><v xmlns="urn:example" xsi:type="xs:string">text</v></md:Extensions>'
ONE = entity(NODE, key(by_certificate(CERTIFICATE))).replace("<md:EntityDescriptor ", f"<md:EntityDescriptor {XS} ", 1)
DOCUMENTS = {
    "EntityDescriptor": ONE.replace("<md:IDPSSO", f"{TYPED}<md:IDPSSO", 1),
    "EntitiesDescriptor": entities(ONE),
    "MetadataServiceList": service_list(),
}
METHODS = {
    "RSA-2048": (profiles.RSA_SHA256, profiles.RSA_SHA512),
    "P-256": (profiles.ECDSA_SHA256,),
    "P-384": (profiles.ECDSA_SHA384,),
}
CASES = [(kind, method) for kind, methods in METHODS.items() for method in methods]
CHANGES = [
    (b"</ds:Signature>", b"</ds:Signature> "),
    (b'xs="http://www.w3.org/2001', b'xs="http://www.w3.org/2002'),
    (b'entityID="https', b'entityID="http'),
    (b"<ds:KeyName>", b"<ds:KeyName>x"),
]
"""Some of which are in what isn't signed, so that both accept them."""
IDS = [f"{kind}-{method.rpartition('#')[2]}" for kind, method in CASES]


def template(document: str, method: str, prefixes: str | None) -> str:
    """A document with an empty signature for xmlsec1 to fill."""
    name = document.partition(' ID="')[2].partition('"')[0]
    inclusive = f'<ec:InclusiveNamespaces xmlns:ec="{profiles.C14N_EXCLUSIVE}" PrefixList="{prefixes}"/>'
    signature = f"""<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="{profiles.C14N_EXCLUSIVE}"/><ds:SignatureMethod Algorithm="{method}"/>
<ds:Reference URI="#{name}"><ds:Transforms><ds:Transform Algorithm="{profiles.ENVELOPED}"/>
<ds:Transform Algorithm="{profiles.C14N_EXCLUSIVE}">{inclusive if prefixes else ""}</ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="{profiles.SHA256}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
<ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"""
    end = document.index(">") + 1
    return document[:end] + signature + document[end:]


class Xmlsec1:
    """The program, with one key."""

    def __init__(self, program: str, folder: Path, signer: SigningKey) -> None:
        self._program, self._folder = program, folder
        self._key, self._certificate = folder / "key.pem", folder / "certificate.pem"
        pem = signer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._key.write_bytes(pem)
        self._certificate.write_bytes(certificates_pem(signer.certificate))

    def sign(self, text: str) -> bytes:
        """The document with its signature."""
        done = self._run(text.encode(), "--sign", "--privkey-pem", f"{self._key},{self._certificate}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def verifies(self, data: bytes) -> bool:
        """Whether the signature is of the key."""
        done = self._run(data, "--verify", "--enabled-key-data", "x509", "--pubkey-cert-pem", str(self._certificate))
        return done.returncode == 0

    def _run(self, data: bytes, *options: str) -> "subprocess.CompletedProcess[bytes]":
        file = self._folder / "document.xml"
        file.write_bytes(data)
        roots = (f"{MD}:EntityDescriptor", f"{MD}:EntitiesDescriptor", f"{NAMESPACE}:MetadataServiceList")
        ids = [each for root in roots for each in ("--id-attr:ID", root)]
        command = [self._program, *options, *ids, str(file)]
        return subprocess.run(command, capture_output=True, timeout=60, check=False)


def we_verify(data: bytes, signer: SigningKey) -> bool:
    """Whether the signature is of the key."""
    try:
        verify_saml(data, signers=[listed(signer.certificate)], root_tags=(*ROOTS, SERVICE_LIST))
    except SignatureInvalidError:
        return False
    return True


@pytest.mark.parametrize(("kind", "method"), CASES, ids=IDS)
@pytest.mark.parametrize("prefixes", [None, "xs xsi"], ids=["plain", "prefixes"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_we_verify_metadata_that_xmlsec1_signed(
    name: str, prefixes: str | None, kind: str, method: str, tool: Any, tmp_path: Path
) -> None:
    signer = new_key(kind, "metadata operator")
    xmlsec1 = Xmlsec1(tool.path("xmlsec1"), tmp_path, signer)
    data = xmlsec1.sign(template(DOCUMENTS[name], method, prefixes))
    found = verify_saml(data, signers=[listed(signer.certificate)], root_tags=(*ROOTS, SERVICE_LIST))
    if name != "MetadataServiceList":
        ((entity_found,),) = read_saml_metadata(found.root).entities.values()
        assert entity_found.id == NODE
    for old, new in CHANGES:
        changed = data.replace(old, new)
        assert we_verify(changed, signer) is xmlsec1.verifies(changed)
    assert xmlsec1.verifies(data)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("prefixes", [None, "xs"], ids=["plain", "prefixes"])
def test_xmlsec1_verifies_the_metadata_of_our_tests(name: str, prefixes: str | None, tool: Any, tmp_path: Path) -> None:
    signer = new_key("P-256", "metadata operator")
    data = signed(DOCUMENTS[name], signer, prefixes=prefixes)
    xmlsec1 = Xmlsec1(tool.path("xmlsec1"), tmp_path, signer)
    assert xmlsec1.verifies(data)
    assert not xmlsec1.verifies(data.replace(b"</ds:Signature>", b"</ds:Signature> "))
    other = Xmlsec1(tool.path("xmlsec1"), tmp_path, new_key("P-384", "somebody else"))
    assert not other.verifies(data)
