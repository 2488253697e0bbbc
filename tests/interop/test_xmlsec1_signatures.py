# SPDX-License-Identifier: Apache-2.0
"""Signatures against xmlsec1: it verifies what we sign, in every namespace layout, and we accept nothing it refuses."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from registry.demo.pki import DemoPki, DemoPkiFiles, build_demo_pki, certificates_pem, new_root
from trust_lists.errors import SignatureInvalidError, SigningError, XmlRefusedError
from trust_lists.signatures.xmldsig import ARCHIVE, PEPPOL_1_4, sign_enveloped, verify_enveloped

ROOT_TAG = "{urn:test:smp}SignedServiceMetadata"
NESTED = (
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference URI=""/></SignedInfo></Signature>'
)
NESTED_PREFIXED = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"><ds:Any/></ds:Signature>'
)


def document(inner: str = "<Any>text</Any>", *, declarations: str = "", prefix: str = "") -> str:
    """A document in the default namespace, or with `prefix` on the elements of the network."""
    mark = f"{prefix}:" if prefix else ""
    declared = f"xmlns:{prefix}" if prefix else "xmlns"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{mark}SignedServiceMetadata {declared}="urn:test:smp"{declarations}>'
        f"<{mark}ServiceMetadata><{mark}Extension>{inner}</{mark}Extension></{mark}ServiceMetadata>"
        f"</{mark}SignedServiceMetadata>"
    )


LAYOUTS = {
    "default namespace": document(),
    "prefixed": document(prefix="smp"),
    "prefixed, other default namespace": document(prefix="ns2", declarations=' xmlns="urn:other"'),
    "extension without namespace": document('<Any xmlns="" a="1"><Deep><Deeper/></Deep></Any>'),
    "extension with foreign default namespace": document('<Any xmlns="urn:foreign"><Deep><Deeper/></Deep></Any>'),
    "extension with foreign prefix": document('<f:Any xmlns:f="urn:foreign" f:a="1"><Deep/></f:Any>'),
    "prefixed, extension in no namespace": document("<Any><Deep><Deeper/></Deep></Any>", prefix="smp"),
    "nested signature": document(NESTED),
    "nested signature with prefix and a special id": document(NESTED_PREFIXED),
    "nested signature, prefixed document": document(NESTED, prefix="smp"),
    "ds declared by the root": document(declarations=' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'),
    "signature namespace under another prefix": document(
        declarations=' xmlns:sig="http://www.w3.org/2000/09/xmldsig#"'
    ),
    "ds prefix taken by another namespace": document(declarations=' xmlns:ds="urn:other"'),
    "signature namespace is the default one": document(
        prefix="smp", declarations=' xmlns="http://www.w3.org/2000/09/xmldsig#"'
    ),
    "many declarations, some unused": document(
        declarations=' xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:x="urn:x"'
    ),
    "Id on the root": document(declarations=' Id="root"'),
    "white space everywhere": document("\n\t<Any \n a='1'\tb='2' >  \n</Any >\n")
    .replace("</Extension>", "\n  </Extension>\n ")
    .replace("</Signed", "\n  </Signed"),
    "carriage returns": document("<Any>a\r\nb&#13;c</Any>").replace("><", ">\r\n<"),
    "character data of all kinds": document("<Any>é &amp; &lt; &#x20AC; <![CDATA[<b>&amp;]]> 𝄞</Any>"),
    "comments and instructions inside": document("<Any>a<!-- c -->b<?pi data?>c</Any>"),
    "attributes that need normalisation": document("<Any b='&#9;&#10;&#13;\" &lt;' a=' x  y '/>"),
    "xml:lang inside": document('<Any xml:lang="en" xml:space="preserve"><Deep xml:base="urn:x"/></Any>'),
    "line feed at the end": document() + "\n",
    "byte order mark": "\ufeff" + document(),
    "comment in front": document().replace("?>\n", "?>\n<!-- a comment -->\n"),
}


@pytest.fixture(scope="module")
def pki() -> DemoPki:
    return build_demo_pki(datetime.now(UTC), access_points=0)


@pytest.fixture(scope="module")
def files(pki: DemoPki, tmp_path_factory: pytest.TempPathFactory) -> DemoPkiFiles:
    return pki.write(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def xmlsec1(tool: "type[object]", tmp_path: Path) -> Callable[..., bool]:
    program = tool.path("xmlsec1")  # type: ignore[attr-defined]

    def accepts(signed: bytes, *options: str | Path) -> bool:
        path = tmp_path / "signed.xml"
        path.write_bytes(signed)
        # a nested signature may stand in front of the one that counts
        own = ("--node-xpath", "/*/*[local-name()='Signature']")
        command = (program, "--verify", "--enabled-key-data", "x509", *own, *options, path)
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0

    return accepts


@pytest.mark.parametrize("layout", LAYOUTS)
def test_xmlsec1_verifies_what_we_sign_up_to_our_root(
    layout: str, pki: DemoPki, files: DemoPkiFiles, xmlsec1: Callable[..., bool]
) -> None:
    unsigned = LAYOUTS[layout].encode()
    signed = sign_enveloped(unsigned, pki.smp, PEPPOL_1_4)

    assert xmlsec1(signed, "--trusted-pem", files.root, "--untrusted-pem", files.smp_ca)
    assert verify_enveloped(signed, profile=PEPPOL_1_4, root_tags={ROOT_TAG}).certificate == pki.smp.certificate


@pytest.mark.parametrize("layout", LAYOUTS)
def test_both_refuse_a_change(layout: str, pki: DemoPki, xmlsec1: Callable[..., bool]) -> None:
    signed = sign_enveloped(LAYOUTS[layout].encode(), pki.smp, PEPPOL_1_4)
    altered = signed.replace(b"Extension", b"Extensiom")

    assert altered != signed
    assert not xmlsec1(altered, "--insecure")
    with pytest.raises(SignatureInvalidError):
        verify_enveloped(altered, profile=PEPPOL_1_4, root_tags={ROOT_TAG})


def test_xmlsec1_refuses_another_root(
    pki: DemoPki, files: DemoPkiFiles, xmlsec1: Callable[..., bool], tmp_path: Path
) -> None:
    other = tmp_path / "other-root.pem"
    other.write_bytes(certificates_pem(new_root(datetime.now(UTC)).certificate))
    signed = sign_enveloped(LAYOUTS["default namespace"].encode(), pki.smp, PEPPOL_1_4)

    assert not xmlsec1(signed, "--trusted-pem", other, "--untrusted-pem", files.smp_ca)


def test_archive_profile_signs_with_ec_keys_too(
    pki: DemoPki, files: DemoPkiFiles, xmlsec1: Callable[..., bool]
) -> None:
    signed = sign_enveloped(LAYOUTS["default namespace"].encode(), pki.tls, ARCHIVE)

    assert xmlsec1(signed, "--trusted-pem", files.root)
    assert verify_enveloped(signed, profile=ARCHIVE, root_tags={ROOT_TAG}).certificate == pki.tls.certificate


@pytest.mark.parametrize(
    "layout",
    {
        "instruction in front": LAYOUTS["default namespace"].replace("?>\n", "?>\n<?pi?>\n"),
        "xml:lang on the root": document(declarations=' xml:lang="en"'),
        "xml:base on the root": document(declarations=' xml:base="urn:x"'),
    }.items(),
    ids=lambda item: item[0],
)
def test_what_verifiers_read_differently_is_not_signed(layout: tuple[str, str], pki: DemoPki) -> None:
    with pytest.raises(SigningError):
        sign_enveloped(layout[1].encode(), pki.smp, PEPPOL_1_4)


SIGNED_SAMPLES = (
    "samples-generated/peppol-1.4-servicemetadata.xml",
    "samples-generated/peppol-1.4-extension-no-namespace.xml",
    "samples-generated/peppol-1.4-redirect.xml",
    "samples-generated/peppol-1.4-wildcard.xml",
    "samples-generated/peppol-exc-c14n-legacy.xml",
    "samples-generated/bdxr1-servicemetadata.xml",
    "samples-generated/bdxr2-servicegroup-c14n11.xml",
    "samples-generated/bdxr2-servicemetadata-c14n11.xml",
    "samples-generated/bdxr2-servicemetadata-c14n11-ecdsa.xml",
    "samples/bdxr-smp-client/generic-client/signed_result.xml",
    "samples/bdxr-smp-client/generic-client/inv_signed_result.xml",
    "samples/bdxr-smp-client/peppol-smp/signedsmd.xml",
    "samples/vefa-peppol/busdox-servicemetadata-0192-991825827.xml",
    "samples/vefa-peppol/busdox-servicemetadata-redirect-0192-991825827.xml",
    "samples/vefa-peppol/bdxr201407-servicemetadata-9908-810418052.xml",
)

ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: data,
    "comment inside": lambda data: data.replace(b"</", b"<!-- c --></", 1),
    "comment behind": lambda data: data + b"<!-- c -->",
    "instruction inside": lambda data: data.replace(b"</", b"<?pi?></", 1),
    "instruction in front": lambda data: data.replace(b"?>", b"?><?pi?>", 1),
    "instruction behind": lambda data: data + b"<?pi?>",
    "white space in the root": lambda data: (
        data.replace(b"<", b"<", 1)[: data.rindex(b"</")] + b"\n" + data[data.rindex(b"</") :]
    ),
    "white space behind": lambda data: data + b"\n",
    "empty element written out": lambda data: data.replace(b"/>", b" />"),
    "quotes of attributes": lambda data: data.replace(b'scheme="', b"scheme='", 1).replace(b'">', b"'>", 1),
    "unused declaration": lambda data: data.replace(b' xmlns="', b' xmlns:unused="urn:unused" xmlns="', 1),
    "xml:lang on the root": lambda data: data.replace(b" xmlns", b' xml:lang="en" xmlns', 1),
    "digest": lambda data: data.replace(b"DigestValue>", b"DigestValue>A", 1),
    "signature value": lambda data: data.replace(b"SignatureValue>", b"SignatureValue>A", 1),
    "transform": lambda data: data.replace(b"#enveloped-signature", b"#base64"),
    "reference": lambda data: data.replace(b'URI=""', b'URI="#x"'),
    "no reference URI": lambda data: data.replace(b' URI=""', b""),
    "canonicalisation": lambda data: data.replace(b"REC-xml-c14n-20010315", b"REC-xml-c14n-20010315#WithComments"),
    "digest method": lambda data: data.replace(b"xmlenc#sha256", b"xmlenc#sha512"),
    "namespace": lambda data: data.replace(b"identifiers/1.0/", b"identifiers/1.1/"),
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
@pytest.mark.parametrize("sample", SIGNED_SAMPLES, ids=lambda name: name.rsplit("/", 1)[1])
def test_we_accept_nothing_that_xmlsec1_refuses(
    sample: str, alteration: str, corpus: Path, xmlsec1: Callable[..., bool]
) -> None:
    original = (corpus / "smp" / sample).read_bytes()
    altered = ALTERATIONS[alteration](original)
    tag = etree.fromstring(original).tag
    try:
        verify_enveloped(altered, profile=ARCHIVE, root_tags={tag})
    except (SignatureInvalidError, XmlRefusedError):
        accepted = False
    else:
        accepted = True
    judge = xmlsec1(altered, "--insecure")

    assert judge or not accepted
    if alteration in ("nothing", "comment inside", "comment behind", "white space behind", "empty element written out"):
        assert accepted == judge
