# SPDX-License-Identifier: Apache-2.0
"""Lists that we sign against xmlsec1, and against the schema of ETSI: TS 119 612 B.1."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

from registry.demo.pki import certificates_pem
from tests.simulators.signed_lists import ISSUED, operator_key, signed_list, unsigned_list
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.documents.schemas import Schemas
from trust_lists.signatures.elements import ds
from trust_lists.signatures.xades import sign_xades, verify_xades
from trust_lists.signatures.xades_elements import XADES
from trust_lists.xml import parse_xml, to_utf8

Xmlsec1 = Callable[[bytes, SigningKey], bool]
KEYS = {
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa-4096": lambda: rsa.generate_private_key(65537, 4096),
    "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP384R1()),
}


@pytest.fixture
def xmlsec1(tool: Any, tmp_path: Path) -> Xmlsec1:
    """Whether xmlsec1 verifies a list with a certificate."""
    program = tool.path("xmlsec1")

    def verify(data: bytes, key: SigningKey) -> bool:
        (tmp_path / "list.xml").write_bytes(data)
        (tmp_path / "signer.pem").write_bytes(certificates_pem(key.certificate))
        options = ["--verify", "--enabled-key-data", "x509", "--trusted-pem", str(tmp_path / "signer.pem")]
        options += ["--verification-gmt-time", f"{ISSUED:%Y-%m-%d %H:%M:%S}"]
        options += ["--id-attr:Id", f"{XADES}:SignedProperties", str(tmp_path / "list.xml")]
        done = subprocess.run([program, *options], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 or "FAIL" in done.stdout + done.stderr or "Error" in done.stdout + done.stderr
        return done.returncode == 0

    return verify


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return operator_key()


@pytest.mark.parametrize("kind", KEYS)
def test_xmlsec1_verifies_what_keys_of_all_kinds_sign(kind: str, xmlsec1: Xmlsec1) -> None:
    signer = operator_key(KEYS[kind]())
    assert xmlsec1(signed_list(signer), signer)


def test_xmlsec1_and_we_refuse_the_same_changes(xmlsec1: Xmlsec1, key: SigningKey) -> None:
    signed = signed_list(key)
    for old, new in [
        (b"Example Provider", b"Another Provider"),
        (b"00Z</xades:SigningTime>", b"01Z</xades:SigningTime>"),
        (b"</ds:Signature>", b"</ds:Signature> "),
        (b"ecdsa-sha256", b"ecdsa-sha384"),
    ]:
        assert old in signed
        assert not xmlsec1(signed.replace(old, new), key)
    assert not xmlsec1(signed, operator_key())
    assert xmlsec1(signed, key)


def prefixed(text: bytes) -> bytes:
    """The list's own elements under a prefix of their own."""
    return re.sub(rb"<(/?)(?=[A-Z])", rb"<\1t:", text).replace(b"xmlns=", b"xmlns:t=")


LAYOUTS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda text: text,
    "prefixed": prefixed,
    "signatures in the default namespace": lambda text: prefixed(text).replace(b"xmlns:ns2=", b"xmlns="),
    "prefixes of signatures taken": lambda text: text.replace(b" Id=", b' xmlns:ds="urn:a" xmlns:xades="urn:b" Id='),
    "carriage returns": lambda text: text.replace(b"Example Provider", b"Example&#13;\nProvider"),
    "comments and instructions": lambda text: text.replace(b"Example Provider", b"a<!-- b -->c<?d e?>f"),
    "characters outside of ASCII": lambda text: text.replace(b"Example Provider", "𝄞 é €".encode()),
    "language of the whole list": lambda text: text.replace(b" Id=", b' xml:lang="en" Id='),
    "no Id": lambda text: text.replace(b' Id="list"', b""),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_xmlsec1_verifies_lists_of_all_layouts(layout: str, xmlsec1: Xmlsec1, key: SigningKey) -> None:
    plain = to_utf8(unsigned_list([listed(key.certificate)]))
    root = etree.fromstring(LAYOUTS[layout](plain))
    assert (layout == "as it is") == (to_utf8(root) == plain)
    assert xmlsec1(sign_xades(root, key, ISSUED), key)


@pytest.mark.parametrize(
    "name", ["gen-2026/BE_sn81_v6", "gen-2023-10/SE_sn48", "gen-2023-10/IT_sn194", "lote/examples-xml/valid"]
)
def test_real_lists_signed_anew_verify_and_are_valid_by_the_schema(
    name: str, corpus: Path, xmlsec1: Xmlsec1, key: SigningKey
) -> None:
    lists = corpus / "trust_lists"
    root = parse_xml((lists / f"{name}.xml").read_bytes(), max_bytes=10_000_000)
    for found in root.findall(ds("Signature")):
        root.remove(found)
    signed = sign_xades(root, key, ISSUED)
    assert xmlsec1(signed, key)
    assert Schemas(lists / "xsd", lists / "lote").check(parse_xml(signed, max_bytes=10_000_000)) == []


def test_our_small_list_is_valid_by_the_schema_of_version_6(corpus: Path, key: SigningKey) -> None:
    schemas = Schemas(corpus / "trust_lists" / "xsd")
    assert schemas.check(parse_xml(signed_list(key))) == []
    assert schemas.check(parse_xml(signed_list(key).replace(b"xades:SigningTime>", b"xades:SigningTimes>"))) != []
    assert verify_xades(signed_list(key), signers=[listed(key.certificate)]).warnings == ()
