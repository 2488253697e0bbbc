# SPDX-License-Identifier: Apache-2.0
"""Everything that we write is valid by the official schema, canonical, and read back equal, whatever it says."""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import service_path
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
from registry.smp.documents.busdox import check_service_group, read, write_service_group, write_service_metadata
from registry.smp.documents.extensions import occurs
from registry.smp.documents.lexical import collapse, is_uri
from registry.smp.documents.signing import sign_service_metadata, verify_service_metadata
from trust_lists.certificates.parsing import SigningKey
from trust_lists.xml import canonicalise

BASE = "https://smp.example.org"
SMP = "http://busdox.org/serviceMetadata/publishing/1.0/"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


@pytest.fixture(scope="module")
def schema(corpus: Path) -> etree.XMLSchema:
    # The schema of XML Signature has a DOCTYPE, which must not be loaded.
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(corpus / "smp/xsd/peppol/peppol-smp-types-v1.xsd", parser))


def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name.from_rfc4514_string("CN=POP000001,O=Example,C=BE")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(start).not_valid_after(start + timedelta(days=3650)).sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def signing_key() -> SigningKey:
    key = rsa.generate_private_key(65537, 2048)
    return SigningKey(key, _certificate(key))


@cache
def _certificates() -> list[EndpointCertificate]:
    keys = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    return [EndpointCertificate(_certificate(key).public_bytes(Encoding.DER)) for key in keys]


# What a model may say: any text that XML can carry, identifiers and URIs without white space around them.
CHARACTERS = st.one_of(
    st.sampled_from("&#13;]<!->\r\n{%'\"\t smpids:/\u0085\u2028\U0001f600"),
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
)
TEXTS = st.text(CHARACTERS, max_size=12)
NAMES = st.text(CHARACTERS, min_size=1, max_size=12).map(lambda text: text.strip(" \t\r\n") or "x")
COMMON_URIS = ["https://ap.example.org/a?b=c&d#e", "mailto:a@b", "sander at example.org"]
URIS = st.one_of(st.sampled_from(COMMON_URIS), TEXTS.map(collapse).map(lambda text: text if is_uri(text) else "uri"))
MOMENTS = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))

# Extensions whose prefixes are bound inside, outside, or to what our own elements are usually called.
PREFIXES = ["", "smp", "ids", "wsa", "smp1", "p", "é"]
NAMESPACES = [SMP, "http://busdox.org/transport/identifiers/1.0/", "urn:a", "urn:b'c"]
PIECES = [
    "smp: ids wsa:q",
    "<![CDATA[</smp:Extension>&]]>",
    "<!-- - -->",
    "<?p i?>",
    "&#13;&amp;",
    "\r\n",
    "<n xmlns=''/>",
]


@st.composite
def extensions(draw: st.DrawFn) -> Extension:
    outside = draw(st.dictionaries(st.sampled_from(PREFIXES), st.sampled_from(NAMESPACES), max_size=4))
    prefix = draw(st.sampled_from(sorted({"", *outside})))
    tag = f"{prefix}:e" if prefix else "e"
    inner = "".join(draw(st.lists(st.sampled_from(PIECES), max_size=4)))
    quote = draw(st.sampled_from("'\""))
    around = draw(st.sampled_from(["", "\n\t", "<!-- c -->"]))
    content = f"{around}<{tag} a={quote}wsa smp1:q{quote}>{inner}</{tag} >{around}".encode()
    needed = {prefix: uri for prefix, uri in outside.items() if not prefix or occurs(prefix, content)}
    return Extension(content, tuple(sorted(needed.items())))


NO_EXTENSION: st.SearchStrategy[tuple[Extension, ...]] = st.just(())
PARTICIPANTS = st.builds(ParticipantIdentifier, NAMES, NAMES)
DOCUMENT_TYPES = st.builds(DocumentTypeIdentifier, NAMES, NAMES)


def service_metadata(extension: st.SearchStrategy[tuple[Extension, ...]]) -> st.SearchStrategy[ServiceMetadata]:
    process = st.builds(Process, st.builds(ProcessIdentifier, TEXTS.map(str.strip), NAMES), extensions=extension)
    endpoint = st.builds(
        Endpoint,
        transport_profile=NAMES,
        address=URIS.map(lambda uri: uri or "uri"),
        certificates=st.deferred(lambda: st.sampled_from([(certificate,) for certificate in _certificates()])),
        require_business_level_signature=st.booleans(),
        minimum_authentication_level=st.one_of(st.none(), TEXTS),
        activation=MOMENTS,
        expiration=MOMENTS,
        description=TEXTS,
        technical_contact=URIS,
        technical_information=st.one_of(st.none(), URIS),
        extensions=extension,
    )
    endpoints = st.lists(endpoint, min_size=1, max_size=2, unique_by=lambda endpoint: endpoint.transport_profile)
    entry = st.builds(ProcessMetadata, st.tuples(process), endpoints.map(tuple))
    entries = st.lists(entry, min_size=1, max_size=2).map(tuple)
    return st.builds(ServiceMetadata, PARTICIPANTS, DOCUMENT_TYPES, entries, extension)


OPTIONAL_EXTENSION = st.one_of(NO_EXTENSION, st.tuples(extensions()))
METADATA = service_metadata(OPTIONAL_EXTENSION)


@st.composite
def groups(draw: st.DrawFn) -> ServiceGroup:
    """A group whose identifiers can be told from URLs, which are all that it holds of document types."""
    group = ServiceGroup(draw(PARTICIPANTS), tuple(sorted(draw(st.sets(DOCUMENT_TYPES, max_size=3)))))
    assume(not check_service_group(group))
    return replace(group, extensions=draw(OPTIONAL_EXTENSION))


@st.composite
def redirects(draw: st.DrawFn) -> ServiceMetadata:
    """A redirect whose identifiers can be told from its URL, which is all that it holds of them."""
    participant, document_type = draw(PARTICIPANTS), draw(DOCUMENT_TYPES)
    assume(not check_service_group(ServiceGroup(participant, (document_type,))))
    href = BASE + draw(st.sampled_from(["", "/prefix"])) + service_path(participant, document_type)
    redirect = Redirect(href, draw(NAMES), draw(OPTIONAL_EXTENSION))
    return ServiceMetadata(participant, document_type, (ProcessMetadata(redirect=redirect),))


thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(metadata=METADATA)
def test_p14_xsd_any_service_metadata_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, metadata: ServiceMetadata
) -> None:
    written = write_service_metadata(metadata)
    schema.assertValid(etree.fromstring(written)[0])
    assert read(written).metadata == metadata


@thorough
@given(redirect=redirects())
def test_p14_xsd_any_redirect_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, redirect: ServiceMetadata
) -> None:
    written = write_service_metadata(redirect)
    schema.assertValid(etree.fromstring(written)[0])
    parsed = read(written)
    assert (parsed.kind, parsed.metadata) == ("redirect", redirect)


@thorough
@given(group=groups())
def test_p14_xsd_any_service_group_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, group: ServiceGroup
) -> None:
    written = write_service_group(group, BASE)
    schema.assertValid(etree.fromstring(written))
    assert read(written).service_group == group


@thorough
@given(metadata=METADATA)
def test_p14_extension_bytes_survive_every_writing(metadata: ServiceMetadata) -> None:
    written = write_service_metadata(metadata)
    for extension in metadata.extensions:
        assert extension.content in written
    again = read(written).metadata
    assert again is not None
    assert write_service_metadata(again) == written


@thorough
@given(metadata=service_metadata(NO_EXTENSION))
def test_p14_signature_documents_are_canonical_from_the_start(metadata: ServiceMetadata) -> None:
    written = write_service_metadata(metadata)
    assert canonicalise(etree.fromstring(written)) == written.removeprefix(DECLARATION)


@settings(thorough, max_examples=10)
@given(metadata=st.one_of(METADATA, redirects()))
def test_ta22_any_signed_document_is_valid_and_verifies(
    schema: etree.XMLSchema, signing_key: SigningKey, metadata: ServiceMetadata
) -> None:
    signed = sign_service_metadata(write_service_metadata(metadata), signing_key)
    schema.assertValid(etree.fromstring(signed))
    assert read(signed).metadata == metadata
    assert verify_service_metadata(signed).certificate == signing_key.certificate


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    endpoint = Endpoint("peppol-transport-as4-v2_0", "https://ap.example.org/as4", (_certificates()[0],))
    process = Process(ProcessIdentifier("cenbii-procid-ubl", "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"))
    return ServiceMetadata(
        ParticipantIdentifier("iso6523-actorid-upis", "9915:test"),
        DocumentTypeIdentifier("busdox-docid-qns", "urn:a::Invoice##urn:b::2.1"),
        (ProcessMetadata((process,), (endpoint,)),),
    )


@pytest.fixture(scope="module")
def signed(metadata: ServiceMetadata, signing_key: SigningKey) -> bytes:
    return sign_service_metadata(write_service_metadata(metadata), signing_key)


def test_ta20_ta21_documents_begin_with_an_xml_1_0_declaration_in_utf_8(
    metadata: ServiceMetadata, signed: bytes
) -> None:
    group = write_service_group(ServiceGroup(metadata.participant, (metadata.document_type,)), BASE)
    for document in (signed, group):
        assert document.startswith(DECLARATION + b"<")
        assert document.decode("utf-8")


def test_ta22_the_signature_is_the_last_child_of_signed_service_metadata(signed: bytes) -> None:
    root = etree.fromstring(signed)
    assert [child.tag for child in root] == [f"{{{SMP}}}ServiceMetadata", f"{DS}Signature"]


def test_ta23_signature_has_the_form_that_peppol_asks_for(signed: bytes, signing_key: SigningKey) -> None:
    signature = etree.fromstring(signed)[-1]
    algorithms = {
        name: [element.get("Algorithm") for element in signature.iter(f"{DS}{name}")]
        for name in ("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod")
    }
    assert algorithms == {
        "CanonicalizationMethod": ["http://www.w3.org/TR/2001/REC-xml-c14n-20010315"],
        "SignatureMethod": ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"],
        "Transform": ["http://www.w3.org/2000/09/xmldsig#enveloped-signature"],
        "DigestMethod": ["http://www.w3.org/2001/04/xmlenc#sha256"],
    }
    texts = [element.text or "" for element in signature.iter(f"{DS}X509Certificate")]
    der = signing_key.certificate.public_bytes(Encoding.DER)
    assert ["".join(text.split()) for text in texts] == [b64encode(der).decode()]


def test_ta07_identifiers_are_written_as_they_were_given(metadata: ServiceMetadata, signed: bytes) -> None:
    assert f">{metadata.participant.value}<".encode() in signed
    assert f">{metadata.document_type.value}<".encode() in signed


def test_ta08_two_endpoints_with_one_transport_profile_are_refused(metadata: ServiceMetadata) -> None:
    (entry,) = metadata.process_metadata
    twice = ProcessMetadata(entry.processes, entry.endpoints * 2)
    with pytest.raises(ValidationError) as refused:
        write_service_metadata(ServiceMetadata(metadata.participant, metadata.document_type, (twice,)))
    (reason,) = refused.value.reasons
    assert reason.id == "BUSDOX-TRANSPORT-PROFILE-TWICE"
    assert "TA08" in reason.clause


def test_tab2_references_are_percent_encoded_by_segment(metadata: ServiceMetadata) -> None:
    document = write_service_group(ServiceGroup(metadata.participant, (metadata.document_type,)), BASE)
    (href,) = re.findall(rb'href="([^"]*)"', document)
    assert href == (
        b"https://smp.example.org/iso6523-actorid-upis%3A%3A9915%3Atest/services/"
        b"busdox-docid-qns%3A%3Aurn%3Aa%3A%3AInvoice%23%23urn%3Ab%3A%3A2.1"
    )
