# SPDX-License-Identifier: Apache-2.0
"""Bodies that mix dialects, extensions that are signed themselves, and extensions beyond every measure."""

import re

import pytest
from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Extension, Process, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.signing import sign_document, verify_document
from tests.simulators.smp_models import endpoint_certificates, new_signing_key
from trust_lists.certificates.parsing import SigningKey
from trust_lists.signatures.profiles import PEPPOL_1_4
from trust_lists.signatures.xmldsig import sign_enveloped, verify_enveloped

NAMESPACE = {
    "busdox": b"http://busdox.org/serviceMetadata/publishing/1.0/",
    "bdxr1": b"http://docs.oasis-open.org/bdxr/ns/SMP/2016/05",
}
BOTH = [(BUSDOX, BDXR1), (BDXR1, BUSDOX)]
FOREIGN = Extension(b"<f xmlns='urn:f'/>")


@pytest.fixture(scope="module")
def signing_key() -> SigningKey:
    return new_signing_key()


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    endpoint = Endpoint("tp", "https://ap.example.org/as4", (endpoint_certificates()[0],))
    process = Process(ProcessIdentifier("bdx-procid-transport", "bdx:noprocess"))
    return ServiceMetadata(
        ParticipantIdentifier("iso6523-actorid-upis", "9915:test"),
        DocumentTypeIdentifier("bdx-docid-qns", "urn:a::Invoice##urn:b::2.1"),
        (ProcessMetadata((process,), (endpoint,)),),
        (FOREIGN,),
    )


def _inner(document: bytes, name: str) -> bytes:
    """The element `name` of a document, with all its declarations."""
    return etree.tostring(next(etree.fromstring(document).iter(f"{{*}}{name}")))


def _put(document: bytes, name: bytes, other: bytes) -> bytes:
    """`document` with `other` in the place of its element `name`."""
    mixed, count = re.subn(
        rb"<smp:%b[ >].*</smp:%b>" % (name, name), lambda _: other, document, count=1, flags=re.DOTALL
    )
    assert count == 1
    return mixed


def _reasons(dialect: Dialect, data: bytes) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        dialect.read(data)
    return [reason.id.removeprefix(f"{dialect.name.upper()}-") for reason in refused.value.reasons]


@pytest.mark.parametrize(("outer", "inner"), BOTH)
def test_metadata_of_one_dialect_in_the_wrapper_of_another_is_refused(
    metadata: ServiceMetadata, outer: Dialect, inner: Dialect
) -> None:
    document, other = (dialect.write_service_metadata(metadata) for dialect in (outer, inner))
    mixed = _put(document, b"ServiceMetadata", _inner(other, "ServiceMetadata"))
    assert _reasons(outer, mixed) == ["CONTENT"]
    assert _reasons(inner, mixed) == ["SMP-DIALECT"]


@pytest.mark.parametrize(("outer", "inner"), BOTH)
@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        (b"ServiceInformation", ["CONTENT"]),
        (b"ProcessList", ["PROCESS"]),
        (b"Process", ["PROCESS"]),
        (b"ServiceEndpointList", ["ENDPOINT"]),
        (b"Endpoint", ["ENDPOINT"]),
    ],
)
def test_a_part_of_another_dialect_counts_as_missing(
    metadata: ServiceMetadata, outer: Dialect, inner: Dialect, name: bytes, reasons: list[str]
) -> None:
    document, other = (dialect.write_service_metadata(metadata) for dialect in (outer, inner))
    assert _reasons(outer, _put(document, name, _inner(other, name.decode()))) == reasons


@pytest.mark.parametrize(("outer", "inner"), BOTH)
def test_a_second_part_of_another_dialect_is_noted_and_never_taken(
    metadata: ServiceMetadata, outer: Dialect, inner: Dialect
) -> None:
    document, other = (dialect.write_service_metadata(metadata) for dialect in (outer, inner))
    certificate = b"<c:Certificate xmlns:c='%b'>AAAA</c:Certificate>" % NAMESPACE[inner.name]
    for part in (_inner(other, "Endpoint"), _inner(other, "Process"), certificate):
        mixed = document.replace(b"</smp:Endpoint>", part + b"</smp:Endpoint>")
        parsed = outer.read(mixed)
        assert parsed.metadata == metadata
        assert [note.endswith(" was left out") for note in parsed.notes] == [True]


def test_the_address_of_the_other_dialect_is_not_taken(metadata: ServiceMetadata) -> None:
    wsa = b"<w:EndpointReference xmlns:w='http://www.w3.org/2005/08/addressing'><w:Address>u</w:Address></w:EndpointReference>"
    uri = b"<b:EndpointURI xmlns:b='%b'>u</b:EndpointURI>" % NAMESPACE["bdxr1"]
    bdxr1, busdox = BDXR1.write_service_metadata(metadata), BUSDOX.write_service_metadata(metadata)
    assert _reasons(BDXR1, _put(bdxr1, b"EndpointURI", wsa)) == ["ADDRESS"]
    with_uri = re.sub(rb"<wsa:EndpointReference>.*</wsa:EndpointReference>", uri, busdox)
    assert _reasons(BUSDOX, with_uri) == ["ADDRESS"]


@pytest.mark.parametrize(("outer", "inner"), BOTH)
def test_references_of_another_dialect_are_noted_and_never_taken(
    metadata: ServiceMetadata, outer: Dialect, inner: Dialect
) -> None:
    group = ServiceGroup(metadata.participant, (metadata.document_type,))
    document, other = (dialect.write_service_group(group, "https://smp.example.org") for dialect in (outer, inner))
    parsed = outer.read(_put(document, b"ServiceMetadataReference", _inner(other, "ServiceMetadataReference")))
    assert parsed.service_group == ServiceGroup(metadata.participant)
    assert parsed.notes == ("ServiceMetadataReferenceCollection: ServiceMetadataReference was left out",)


@pytest.mark.parametrize("dialect", [BUSDOX, BDXR1])
@pytest.mark.parametrize("kind", ["ServiceGroup", "ServiceMetadata"])
def test_a_body_of_smp_2_0_is_refused_by_its_name(dialect: Dialect, kind: str) -> None:
    body = f'<{kind} xmlns="http://docs.oasis-open.org/bdxr/ns/SMP/2/{kind}"/>'.encode()
    with pytest.raises(ValidationError, match=r"OASIS SMP 2\.0: not a"):
        dialect.read(body)
    wrapped = b"<s:SignedServiceMetadata xmlns:s='%b'>%b</s:SignedServiceMetadata>" % (NAMESPACE[dialect.name], body)
    assert _reasons(dialect, wrapped) == ["CONTENT"]


@pytest.mark.parametrize("dialect", [BUSDOX, BDXR1])
def test_an_extension_of_ten_megabytes_is_refused_by_the_bound(metadata: ServiceMetadata, dialect: Dialect) -> None:
    document = dialect.write_service_metadata(metadata)
    large = document.replace(b"<f xmlns='urn:f'/>", b"<f xmlns='urn:f'>" + b"x" * 10_000_000 + b"</f>")
    with pytest.raises(ValidationError) as refused:
        dialect.read(large)
    assert [reason.id for reason in refused.value.reasons] == ["XML_TOO_LARGE"]
    oversized = ServiceGroup(
        metadata.participant, extensions=(Extension(b"<f xmlns='urn:f'>%b</f>" % (b"x" * 10_000_000)),)
    )
    assert [reason.id for reason in dialect.check_service_group(oversized)] == [f"{dialect.name.upper()}-EXTENSION"]


@pytest.mark.parametrize("dialect", [BUSDOX, BDXR1])
def test_an_extension_that_is_signed_itself_is_never_indented_anew(
    metadata: ServiceMetadata, dialect: Dialect, signing_key: SigningKey
) -> None:
    national_key = new_signing_key()
    approval = b"<n:Approval xmlns:n='urn:n'>\n\t<n:Number  a='1' >7</n:Number>\r\n  <!-- c --><n:Empty/></n:Approval>"
    signed_inside = sign_enveloped(approval, national_key, PEPPOL_1_4)
    content = signed_inside[signed_inside.index(b"<n:Approval") :]
    extended = ServiceMetadata(
        metadata.participant, metadata.document_type, metadata.process_metadata, (Extension(b"\n  " + content + b"\n"),)
    )
    published = sign_document(dialect.write_service_metadata(extended), signing_key, dialect)
    assert verify_document(published).certificate == signing_key.certificate
    parsed = dialect.read(published)
    assert parsed.metadata == extended
    (extension,) = parsed.metadata.extensions
    verified = verify_enveloped(extension.content.strip(), profile=PEPPOL_1_4, root_tags={"{urn:n}Approval"})
    assert verified.certificate == national_key.certificate


def test_a_described_extension_of_a_foreign_publisher_keeps_its_bytes_and_gains_the_order_of_the_schema() -> None:
    # Some exports put the agency behind the content, where the schema has no place for it.
    content = b"<x:Node a='1'\n  b=\"2\"><![CDATA[<]]>&#13;<x:Leaf/></x:Node>"
    document = (
        b"<ServiceGroup xmlns='%b' xmlns:x='urn:x'><ParticipantIdentifier scheme='s'>v</ParticipantIdentifier>"
        b"<ServiceMetadataReferenceCollection/><Extension>\n  <ExtensionName>n &amp; m</ExtensionName>\n  "
        b"<ExtensionID> 7 </ExtensionID>\n  %b\n  <ExtensionAgencyID/>\n</Extension></ServiceGroup>"
    ) % (NAMESPACE["bdxr1"], content)
    parsed = BDXR1.read(document)
    assert parsed.notes == ("ServiceGroup: the elements that describe the Extension were put in order",)
    assert parsed.service_group is not None
    (extension,) = parsed.service_group.extensions
    assert extension.content.strip() == content
    assert extension.properties == (("ExtensionID", "7"), ("ExtensionName", "n & m"), ("ExtensionAgencyID", ""))
    written = BDXR1.write_service_group(parsed.service_group, "https://smp.example.org")
    assert (
        b"<smp:ExtensionID>7</smp:ExtensionID><smp:ExtensionName>n &amp; m</smp:ExtensionName>"
        b"<smp:ExtensionAgencyID></smp:ExtensionAgencyID>\n  " + content
    ) in written
    assert BDXR1.read(written).service_group == parsed.service_group
