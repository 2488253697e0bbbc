# SPDX-License-Identifier: Apache-2.0
"""Signatures against the JDK: it verifies what we sign in every dialect, and signs the same content the same way.

The JDK does it by JSR 105 with secure validation on and builds the signer's path by PKIX (interop.md §4a). The twins
are samples that a JDK signed: what they say, signed by us, has the same SignedInfo down to the digest.
"""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from registry.demo.pki import DemoPki, certificates_pem, new_root
from registry.smp.documents.catalogue import DIALECTS, dialect_of
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.signing import sign_document
from tests.interop.signed_documents import BASE, altered, signed_documents, signing_keys

PROGRAM = Path(__file__).parent / "java" / "VerifySignature.java"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
Verify = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def verify(pki: DemoPki, tool: Any, tmp_path_factory: pytest.TempPathFactory) -> Verify:
    """What the JDK says of each document; all in one process, which takes seconds to start."""
    java = tool.path("java")
    tool.path("javac")  # the program is compiled as it starts, which a mere runtime can't
    folder = tmp_path_factory.mktemp("jdk")
    files = pki.write(folder / "pki")

    def ask(documents: dict[str, bytes], root: Path = files.root) -> dict[str, str]:
        paths = [folder / f"{number}.xml" for number in range(len(documents))]
        for path, document in zip(paths, documents.values(), strict=True):
            path.write_bytes(document)
        command = [java, str(PROGRAM), str(root), str(files.smp_ca), *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        return dict(zip(documents, done.stdout.split(), strict=True))

    return ask


@pytest.fixture(scope="module")
def signed(pki: DemoPki) -> dict[str, bytes]:
    return signed_documents(pki)


def test_jdk_verifies_every_dialect_and_kind_of_key_up_to_our_root(verify: Verify, signed: dict[str, bytes]) -> None:
    assert {name.partition("/")[0] for name in signed} == set(DIALECTS)
    assert verify(signed) == dict.fromkeys(signed, "valid")


def test_jdk_refuses_altered_documents(verify: Verify, signed: dict[str, bytes]) -> None:
    assert verify({name: altered(document) for name, document in signed.items()}) == dict.fromkeys(signed, "digest")


def test_jdk_refuses_another_signature_value(verify: Verify, signed: dict[str, bytes]) -> None:
    rsa = {name: document for name, document in signed.items() if name.endswith("metadata/rsa")}
    value = re.compile(b"(?<=<ds:SignatureValue>)([^<]{8})([^<]{8})")
    changed = {name: value.sub(rb"\2\1", document, count=1) for name, document in rsa.items()}
    assert all(changed[name] != document for name, document in rsa.items())
    assert verify(changed) == dict.fromkeys(rsa, "signature")


def test_jdk_refuses_them_under_another_root(verify: Verify, signed: dict[str, bytes], tmp_path: Path) -> None:
    other = tmp_path / "other-root.pem"
    other.write_bytes(certificates_pem(new_root(datetime.now(UTC)).certificate))
    assert verify(signed, other) == dict.fromkeys(signed, "untrusted")


TWINS = {
    "peppol-1.4-servicemetadata": "rsa",
    "peppol-1.4-extension-no-namespace": "rsa",
    "peppol-1.4-redirect": "rsa",
    "peppol-1.4-wildcard": "rsa",
    "bdxr1-servicemetadata": "rsa",
    "bdxr2-servicegroup-c14n11": "rsa",
    "bdxr2-servicemetadata-c14n11": "rsa",
    "bdxr2-servicemetadata-c14n11-ecdsa": "p-256",
}


def unsigned(document: bytes) -> bytes:
    """Without the one signature, byte for byte."""
    start, end = document.rindex(b"<Signature "), document.rindex(b"</Signature>")
    return document[:start] + document[end + len(b"</Signature>") :]


def form(element: etree._Element) -> list[Any]:
    """Name, attributes, text and children, in order; prefixes don't count."""
    return [element.tag, dict(element.attrib), (element.text or "").strip(), [form(child) for child in element]]


def test_the_jdk_signed_samples_of_every_dialect(corpus: Path) -> None:
    found = {path.stem for path in (corpus / "smp/samples-generated").glob("*.xml")}
    assert found == TWINS.keys() | {"peppol-exc-c14n-legacy"}  # of a form that nobody signs with any more
    read = [dialect_of((corpus / "smp/samples-generated" / f"{name}.xml").read_bytes()).name for name in TWINS]
    assert set(read) == set(DIALECTS)


@pytest.mark.parametrize("sample", TWINS)
def test_our_signature_of_the_same_content_is_the_twin_of_the_jdks(sample: str, corpus: Path, pki: DemoPki) -> None:
    original = (corpus / "smp/samples-generated" / f"{sample}.xml").read_bytes()
    ours = sign_document(unsigned(original), signing_keys(pki)[TWINS[sample]], dialect_of(original))
    theirs_root, ours_root = etree.fromstring(original), etree.fromstring(ours)
    theirs, twin = theirs_root[-1], ours_root[-1]

    assert [child.tag for child in twin] == [child.tag for child in theirs]
    assert form(twin[0]) == form(theirs[0])  # algorithms, the one Transform, and the digest itself
    (data,) = twin[2]
    assert data.tag == f"{DS}X509Data"
    assert [child.tag for child in data] == [f"{DS}X509Certificate"]
    assert theirs.find(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate") is not None
    for root in (theirs_root, ours_root):
        root.remove(root[-1])
    assert etree.tostring(ours_root, method="c14n") == etree.tostring(theirs_root, method="c14n")


def test_what_we_read_and_write_of_a_sample_has_its_form_too_and_the_jdk_verifies_it(
    corpus: Path, pki: DemoPki, verify: Verify
) -> None:
    keys = signing_keys(pki)
    made = {}
    for sample, kind in TWINS.items():
        original = (corpus / "smp/samples-generated" / f"{sample}.xml").read_bytes()
        dialect = dialect_of(original)
        made[sample] = sign_document(rewritten(original, dialect), keys[kind], dialect)
        theirs, ours = (etree.fromstring(document)[-1][0] for document in (original, made[sample]))
        for signed_info in (theirs, ours):  # the digest is of our own bytes
            signed_info.findall(f"{DS}Reference/{DS}DigestValue")[0].text = ""
        assert form(ours) == form(theirs), sample
    assert verify(made) == dict.fromkeys(made, "valid")


def rewritten(document: bytes, dialect: Dialect) -> bytes:
    """What the document says, in our words."""
    parsed = dialect.read(document)
    if parsed.metadata is not None:
        return dialect.write_service_metadata(parsed.metadata)
    assert parsed.service_group is not None
    return dialect.write_service_group(parsed.service_group, BASE)
