# SPDX-License-Identifier: Apache-2.0
"""Everything that we write is valid by the official schema, canonical, and read back equal, whatever it says.

Clauses: OASIS SMP 2.0 (OASIS Standard, 14 February 2021) with its schemas (xsdrt).
"""

import base64
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import EBCORE_PREFIX, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.documents.bdxr2.dialect import BDXR2
from registry.smp.documents.bdxr2.names import EXTENSION_PROPERTIES
from registry.smp.documents.extensions import occurs
from registry.smp.documents.lexical import collapse, is_uri
from tests.simulators.self_signed import new_keys, self_signed
from trust_lists.certificates.parsing import SigningKey, load_certificate, subject_text
from trust_lists.errors import TrustListError
from trust_lists.signatures.profiles import C14N_11, ENVELOPED, RSA_SHA256, SHA256
from trust_lists.signatures.xmldsig import VerifiedDocument, sign_enveloped, verify_enveloped
from trust_lists.xml import canonicalise

BASE = "https://smp.example.org"
SM = "{http://docs.oasis-open.org/bdxr/ns/SMP/2/ServiceMetadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
KINDS = ["rsa", "p-256", "p-384", "p-521", "ed25519"]


@pytest.fixture(scope="module")
def schemas(corpus: Path) -> dict[str, etree.XMLSchema]:
    """Root's local name -> schema. Nothing is loaded from elsewhere, and no DTD."""
    folder = corpus / "smp/xsd/bdxr2/xsdrt"
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    return {
        name: etree.XMLSchema(etree.parse(folder / f"{name}-2.0.xsd", parser))
        for name in ("ServiceGroup", "ServiceMetadata")
    }


@pytest.fixture(scope="module")
def keys() -> dict[str, SigningKey]:
    return new_keys()


@cache
def _certificates() -> list[bytes]:
    generated = (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate())
    return [self_signed(key).certificate.public_bytes(Encoding.DER) for key in generated]


def verify(signed: bytes) -> VerifiedDocument:
    return verify_enveloped(signed, profile=BDXR2.signature, root_tags=BDXR2.signed_roots)


# What a model may say: any text that XML can carry; identifiers without white space but blanks, and none around them.
CHARACTERS = st.one_of(
    st.sampled_from("&#13;]<!->{%'\" smbsma:ext/\u0085\u2028\U0001f600"),
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
)
TEXTS = st.text(st.one_of(CHARACTERS, st.sampled_from("\r\n\t")), max_size=12)
NORMALIZED = st.text(CHARACTERS, max_size=12).map(lambda text: text.strip(" "))
NAMES = NORMALIZED.map(lambda text: text or "x")
URIS = st.one_of(
    st.sampled_from(["", "https://ap.example.org/a?b=c&d#e", "mailto:a@b", "urn:a"]),
    TEXTS.map(collapse).map(lambda text: text if is_uri(text) else "uri"),
)
DATES = st.one_of(st.none(), st.dates().map(lambda day: datetime.combine(day, time(), UTC)))

# Extensions whose prefixes are bound inside, outside, or to what our own elements are usually called.
PREFIXES = ["", "sg", "sm", "sma", "smb", "ext", "ext1", "p", "é"]
NAMESPACES = ["http://docs.oasis-open.org/bdxr/ns/SMP/2/BasicComponents", "urn:a", "urn:b'c"]
# The schema is lax: it looks into what it knows, wherever that is.
SIGNATURE = (
    "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'>"
    "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm='a'/><ds:SignatureMethod Algorithm='b'/>"
    "<ds:Reference><ds:DigestMethod Algorithm='c'/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>"
    "</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>"
)
PIECES = [
    "smb: sma ext:q",
    "<![CDATA[</ext:ExtensionContent>&]]>",
    "<!-- - -->",
    "<?p i?>",
    "&#13;&amp;",
    "\r\n",
    "<n xmlns=''/>",
    SIGNATURE,
]
APEX = "urn:test:apex"


@st.composite
def extensions(draw: st.DrawFn) -> Extension:
    outside = draw(st.dictionaries(st.sampled_from(PREFIXES), st.sampled_from(NAMESPACES), max_size=4))
    inner = "".join(draw(st.lists(st.sampled_from(PIECES), max_size=4)))
    inner = f"<m xmlns='urn:test:inner'>{inner}</m>"
    quote = draw(st.sampled_from("'\""))
    around = draw(st.sampled_from(["", "\n\t", "<!-- c -->"]))
    content = f"{around}<x:e xmlns:x = '{APEX}' a={quote}smb ext1:q{quote}>{inner}</x:e >{around}".encode()
    needed = {prefix: uri for prefix, uri in outside.items() if not prefix or occurs(prefix, content)}
    known = draw(st.sets(st.sampled_from(sorted(EXTENSION_PROPERTIES))))
    properties = tuple((name, draw(NORMALIZED)) for name in EXTENSION_PROPERTIES if name in known)
    return Extension(content, tuple(sorted(needed.items())), properties)


def as_tuple(items: st.SearchStrategy[object], least: int, most: int) -> st.SearchStrategy[object]:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


EXTENSIONS = as_tuple(extensions(), 0, 2)
DER = st.deferred(lambda: st.sampled_from(_certificates()))
PARTICIPANTS = st.one_of(
    st.builds(ParticipantIdentifier, NORMALIZED, NAMES),
    st.builds(ParticipantIdentifier, st.just(f"{EBCORE_PREFIX}iso6523:0088"), st.just("test")),
)
DOCUMENT_TYPES = st.builds(DocumentTypeIdentifier, NORMALIZED, NAMES)
CERTIFICATES = st.builds(EndpointCertificate, DER, NORMALIZED, NAMES, TEXTS, DATES, DATES)


def redirect(href: str, der: bytes | None, extensions: tuple[Extension, ...]) -> Redirect:
    """A redirect as a reader gives it back: the certificate's subject is its UID."""
    return Redirect(href, "" if der is None else subject_text(load_certificate(der)), extensions, der)


def service_metadata(extension: st.SearchStrategy[object]) -> st.SearchStrategy[ServiceMetadata]:
    identifiers = st.builds(ProcessIdentifier, NORMALIZED, NAMES)
    processes = as_tuple(st.builds(Process, identifiers, as_tuple(NAMES, 0, 2), extension), 0, 2)
    endpoints = st.builds(
        Endpoint,
        transport_profile=NAMES,
        address=URIS,
        certificates=as_tuple(CERTIFICATES, 0, 2),
        activation=DATES,
        expiration=DATES,
        description=TEXTS,
        technical_contact=TEXTS.map(lambda text: text.strip(" \t\r\n")),
        extensions=extension,
    )
    redirects = st.builds(
        redirect, st.sampled_from([BASE, f"{BASE}/a/b", "http://h"]), st.one_of(st.none(), DER), extension
    )
    entries = st.one_of(
        st.builds(ProcessMetadata, processes, as_tuple(endpoints, 1, 2), extensions=extension),
        st.builds(ProcessMetadata, processes, redirect=redirects, extensions=extension),
    )
    return st.builds(ServiceMetadata, PARTICIPANTS, DOCUMENT_TYPES, as_tuple(entries, 1, 2), extension)


METADATA = service_metadata(EXTENSIONS)
GROUPS = st.builds(
    ServiceGroup,
    PARTICIPANTS,
    st.sets(DOCUMENT_TYPES, max_size=3).map(lambda names: tuple(sorted(names))),
    EXTENSIONS,
)
thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(metadata=METADATA)
def test_smp2_xsd_any_service_metadata_is_written_valid_and_read_back_equal(
    schemas: dict[str, etree.XMLSchema], metadata: ServiceMetadata
) -> None:
    written = BDXR2.write_service_metadata(metadata)
    schemas["ServiceMetadata"].assertValid(etree.fromstring(written))
    parsed = BDXR2.read(written)
    assert parsed.metadata == metadata
    assert parsed.kind == ("redirect" if metadata.redirect else "service_metadata")
    assert BDXR2.write_service_metadata(metadata) == written


@thorough
@given(group=GROUPS)
def test_smp2_xsd_any_service_group_is_written_valid_and_read_back_equal(
    schemas: dict[str, etree.XMLSchema], group: ServiceGroup
) -> None:
    written = BDXR2.write_service_group(group, BASE)
    schemas["ServiceGroup"].assertValid(etree.fromstring(written))
    assert BDXR2.read(written).service_group == group


@thorough
@given(metadata=METADATA)
def test_smp2_extension_bytes_survive_every_writing(metadata: ServiceMetadata) -> None:
    written = BDXR2.write_service_metadata(metadata)
    for extension in metadata.extensions:
        assert extension.content in written


@thorough
@given(metadata=service_metadata(st.just(())))
def test_smp2_3_6_2_documents_are_canonical_from_the_start(metadata: ServiceMetadata) -> None:
    written = BDXR2.write_service_metadata(metadata)
    assert canonicalise(etree.fromstring(written)) == written.removeprefix(DECLARATION)


@settings(thorough, max_examples=25)
@given(metadata=METADATA, kind=st.sampled_from(KINDS))
def test_smp2_3_6_2_any_signed_service_metadata_is_valid_and_verifies(
    schemas: dict[str, etree.XMLSchema], keys: dict[str, SigningKey], metadata: ServiceMetadata, kind: str
) -> None:
    signed = sign_enveloped(BDXR2.write_service_metadata(metadata), keys[kind], BDXR2.signature)
    schemas["ServiceMetadata"].assertValid(etree.fromstring(signed))
    assert (BDXR2.read(signed).metadata, BDXR2.read(signed).signed) == (metadata, True)
    assert verify(signed).certificate == keys[kind].certificate


@settings(thorough, max_examples=25)
@given(group=GROUPS, kind=st.sampled_from(KINDS))
def test_smp2_3_6_2_any_signed_service_group_is_valid_and_verifies(
    schemas: dict[str, etree.XMLSchema], keys: dict[str, SigningKey], group: ServiceGroup, kind: str
) -> None:
    signed = sign_enveloped(BDXR2.write_service_group(group, BASE), keys[kind], BDXR2.signature)
    schemas["ServiceGroup"].assertValid(etree.fromstring(signed))
    assert BDXR2.read(signed).service_group == group
    assert verify(signed).certificate == keys[kind].certificate


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    certificate = EndpointCertificate(_certificates()[0], mime_code="application/pkix-cert")
    endpoint = Endpoint("bdxr-transport-ebms3-as4-v2p0", "https://ap.example.org/as4", (certificate,))
    process = Process(ProcessIdentifier("bdx-procid-transport", "bdx:noprocess"))
    return ServiceMetadata(
        ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "test"),
        DocumentTypeIdentifier("bdx-docid-qns", "urn:a::invoice##urn:b::2.1"),
        (ProcessMetadata((process,), (endpoint,)),),
    )


@pytest.fixture(scope="module")
def signed(metadata: ServiceMetadata, keys: dict[str, SigningKey]) -> dict[str, bytes]:
    unsigned = BDXR2.write_service_metadata(metadata)
    return {kind: sign_enveloped(unsigned, key, BDXR2.signature) for kind, key in keys.items()}


def test_smp2_3_documents_begin_with_an_xml_1_0_declaration_in_utf_8(
    metadata: ServiceMetadata, signed: dict[str, bytes]
) -> None:
    group = BDXR2.write_service_group(ServiceGroup(metadata.participant, (metadata.document_type,)), BASE)
    for document in (*signed.values(), group):
        assert document.startswith(DECLARATION + b"<")
        assert document.decode("utf-8")


def test_smp2_3_6_2_the_signature_is_the_last_child_of_the_root_and_of_one_transform(
    signed: dict[str, bytes], keys: dict[str, SigningKey]
) -> None:
    root = etree.fromstring(signed["rsa"])
    assert root.tag == f"{SM}ServiceMetadata"
    assert root[-1].tag == f"{DS}Signature"
    algorithms = [element.get("Algorithm") for element in root[-1].iter() if element.get("Algorithm")]
    assert algorithms == [C14N_11, RSA_SHA256, ENVELOPED, SHA256]
    assert [reference.get("URI") for reference in root[-1].iter(f"{DS}Reference")] == [""]
    (certificate,) = root[-1].iterfind(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")
    assert base64.b64decode(certificate.text or "") == keys["rsa"].certificate.public_bytes(Encoding.DER)


def test_smp2_xsd_forbids_foreign_elements_in_no_namespace(
    schemas: dict[str, etree.XMLSchema], metadata: ServiceMetadata
) -> None:
    """Which is why the rules do (`xs:any ##other`)."""
    extension = Extension(b"<x:e xmlns:x='urn:x'></x:e>")
    written = BDXR2.write_service_metadata(replace(metadata, extensions=(extension,)))
    assert schemas["ServiceMetadata"].validate(etree.fromstring(written))
    bare = written.replace(extension.content, b"<e></e>")
    assert not schemas["ServiceMetadata"].validate(etree.fromstring(bare))
    assert [reason.id for reason in BDXR2.check_service_metadata(replace(metadata, extensions=(Extension(b"<e/>"),)))]


def test_smp2_xsd_the_draft_order_of_identifiers_is_not_ours(
    schemas: dict[str, etree.XMLSchema], metadata: ServiceMetadata
) -> None:
    """Drafts had the participant before the service; OASIS Standard has it behind."""
    written = BDXR2.write_service_metadata(metadata)
    root = etree.fromstring(written)
    root.insert(1, root[2])
    assert not schemas["ServiceMetadata"].validate(root)
    assert BDXR2.read(etree.tostring(root)).metadata == metadata


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_smp2_3_6_2_no_change_of_a_bit_gives_another_document(
    data: st.DataObject, signed: dict[str, bytes], metadata: ServiceMetadata
) -> None:
    document = signed[data.draw(st.sampled_from(KINDS))]
    at, bit = data.draw(st.integers(0, len(document) - 1)), data.draw(st.integers(0, 7))
    altered = document[:at] + bytes([document[at] ^ 1 << bit]) + document[at + 1 :]
    try:
        found = verify(altered)
    except TrustListError:
        return
    assert BDXR2.read(etree.tostring(found.root, encoding="UTF-8")).metadata == metadata


def test_smp2_3_6_2_a_signature_inside_an_extension_is_content(
    metadata: ServiceMetadata, signed: dict[str, bytes], keys: dict[str, SigningKey]
) -> None:
    """A whole signed document inside of an extension keeps its own signature intact."""
    inner = signed["ed25519"].removeprefix(DECLARATION)
    outer = replace(metadata, extensions=(Extension(b"<n:national xmlns:n='urn:n'>%b</n:national>" % inner),))
    document = sign_enveloped(BDXR2.write_service_metadata(outer), keys["p-256"], BDXR2.signature)
    assert verify(document).certificate == keys["p-256"].certificate
    (extension,) = (BDXR2.read(document).metadata or metadata).extensions
    kept = extension.content[extension.content.index(b">") + 1 : extension.content.rindex(b"</")]
    assert verify(kept).certificate == keys["ed25519"].certificate
