# SPDX-License-Identifier: Apache-2.0
"""Documents that others made: recorded answers of real SMPs, and the positive and negative cases of other programs."""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from registry.errors import ValidationError
from registry.metadata import ServiceMetadata
from registry.smp.documents.busdox import ParsedDocument, read, write_service_group, write_service_metadata
from registry.smp.documents.dialects import detect
from registry.smp.documents.signing import verify_document

BASE = "https://smp.example.org"
SMP = "http://busdox.org/serviceMetadata/publishing/1.0/"
NOT_READABLE = {
    "peppol-smp/invalid.xml": ["BUSDOX-PARTICIPANT"],
    "peppol-smp/no_docid.xml": ["BUSDOX-DOCUMENT-TYPE"],
    "peppol-smp/no_ep_tprofile.xml": ["BUSDOX-PARTICIPANT", "BUSDOX-TRANSPORT-PROFILE"],
    "peppol-smp/no_partid.xml": ["BUSDOX-PARTICIPANT"],
    "peppol-smp/redirection.xml": ["BUSDOX-REDIRECT-HREF"],
    "phoss-rest-files/peppol-service-metadata.xml": ["BUSDOX-CERTIFICATE"],
}
NOT_WRITABLE = {
    "peppol-smp/noprocess.xml": ["BUSDOX-ONE-CERTIFICATE"],
    "peppol-smp/unsignedsmd.xml": ["BUSDOX-ONE-CERTIFICATE"],
}


@pytest.fixture(scope="module")
def schema(corpus: Path) -> etree.XMLSchema:
    # The schema of XML Signature has a DOCTYPE, which must not be loaded.
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(corpus / "smp/xsd/peppol/peppol-smp-types-v1.xsd", parser))


@pytest.fixture(scope="module")
def documents(corpus: Path) -> dict[str, bytes]:
    """All documents of the corpus, by `folder/name`."""
    paths = [*(corpus / "smp/samples").rglob("*.xml"), *(corpus / "smp/samples-generated").glob("*.xml")]
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def busdox(documents: dict[str, bytes]) -> dict[str, bytes]:
    """Those whose root is of the busdox namespace."""
    return {name: data for name, data in documents.items() if _is_busdox(data)}


def _is_busdox(data: bytes) -> bool:
    try:
        return etree.fromstring(data).tag.startswith(f"{{{SMP}}}")
    except etree.XMLSyntaxError:
        return False


def _readable(busdox: dict[str, bytes]) -> Iterator[tuple[str, ParsedDocument]]:
    for name, data in sorted(busdox.items()):
        if name not in NOT_READABLE:
            yield name, read(data)


def _write(parsed: ParsedDocument) -> bytes:
    if parsed.service_group is not None:
        return write_service_group(parsed.service_group, BASE)
    assert parsed.metadata is not None
    return write_service_metadata(parsed.metadata)


def test_the_corpus_holds_what_these_tests_are_about(busdox: dict[str, bytes]) -> None:
    assert len(busdox) >= 35
    assert NOT_READABLE.keys() | NOT_WRITABLE.keys() <= busdox.keys()


@pytest.mark.parametrize("name", sorted(NOT_READABLE))
def test_p14_xsd_incomplete_documents_are_refused_with_their_reasons(busdox: dict[str, bytes], name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read(busdox[name])
    assert [reason.id for reason in refused.value.reasons] == NOT_READABLE[name]


def test_p14_every_other_busdox_document_is_read(busdox: dict[str, bytes]) -> None:
    kinds = {name: parsed.kind for name, parsed in _readable(busdox)}
    assert len(kinds) == len(busdox) - len(NOT_READABLE)
    assert set(kinds.values()) == {"service_group", "service_metadata", "redirect"}


@pytest.mark.parametrize("name", sorted(NOT_WRITABLE))
def test_p14_xsd_endpoints_without_certificate_are_not_published(busdox: dict[str, bytes], name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _write(read(busdox[name]))
    assert [reason.id for reason in refused.value.reasons] == NOT_WRITABLE[name]


def test_p14_xsd_what_is_read_is_written_valid_and_read_back_equal(
    busdox: dict[str, bytes], schema: etree.XMLSchema
) -> None:
    for name, parsed in _readable(busdox):
        if name in NOT_WRITABLE:
            continue
        written = _write(parsed)
        root = etree.fromstring(written)
        again = read(written)
        if parsed.service_group is not None:
            assert again.service_group is not None, name
            assert set(again.service_group.document_types) == set(parsed.service_group.document_types), name
            schema.assertValid(root)
        else:
            assert again.metadata == parsed.metadata, name
            schema.assertValid(root[0])
        assert again.notes == (), name


def test_p14_certificates_of_real_answers_keep_their_bytes(busdox: dict[str, bytes]) -> None:
    for name, parsed in _readable(busdox):
        found = [
            certificate.der
            for entry in (parsed.metadata.process_metadata if parsed.metadata else ())
            for endpoint in entry.endpoints
            for certificate in endpoint.certificates
        ]
        texts = (element.text for element in etree.fromstring(busdox[name]).iter(f"{{{SMP}}}Certificate"))
        assert found == [b64decode(text) for text in texts if text], name


def test_p14_extension_bytes_of_a_foreign_publisher_survive(busdox: dict[str, bytes]) -> None:
    original = busdox["samples-generated/peppol-1.4-extension-no-namespace.xml"]
    match = re.search(rb"<Extension>(.*)</Extension>", original)
    assert match is not None
    parsed = read(original)
    written = _write(parsed)
    assert b">" + match[1] + b"</smp:Extension>" in written
    element = next(etree.fromstring(written).iter(f"{{{SMP}}}Extension"))[0]
    assert element.tag == "foo"
    assert read(written).metadata == parsed.metadata


def test_pfuoi_padding_of_the_wildcard_sample_is_trimmed(busdox: dict[str, bytes]) -> None:
    parsed = read(busdox["vefa-peppol/peppol-doctype-wildcard-servicemetadata-9901-pint_c4_jp_sb.xml"])
    assert parsed.document_type is not None
    assert parsed.document_type.is_wildcard
    assert parsed.document_type.value.startswith("urn:oasis:")
    assert f">{parsed.document_type.value}<".encode() in _write(parsed)


def test_p14_dates_of_elma_2013_are_read_and_published_as_date_times(
    busdox: dict[str, bytes], schema: etree.XMLSchema
) -> None:
    # The Norwegian ELMA wrote xs:date into these fields until 2017, and signed that.
    original = busdox["vefa-peppol/busdox-servicemetadata-9933-061828591.xml"]
    elma = re.sub(rb"(<ns3:ServiceActivationDate>)[^<]*", rb"\g<1>2013-03-01Z", original)
    assert not schema.validate(etree.fromstring(elma))
    parsed = read(elma)
    assert parsed.metadata is not None
    activations = {e.activation for entry in parsed.metadata.process_metadata for e in entry.endpoints}
    assert activations == {datetime(2013, 3, 1, tzinfo=UTC)}
    assert any("ServiceActivationDate" in note for note in parsed.notes)
    written = _write(parsed)
    assert b"<smp:ServiceActivationDate>2013-03-01T00:00:00Z</smp:ServiceActivationDate>" in written
    schema.assertValid(etree.fromstring(written)[0])


def test_ta06_redirect_pair_names_the_same_participant_and_document_type(busdox: dict[str, bytes]) -> None:
    redirect = read(busdox["vefa-peppol/busdox-servicemetadata-redirect-0192-991825827.xml"])
    target = read(busdox["vefa-peppol/busdox-servicemetadata-redirected-0192-991825827.xml"])
    assert (redirect.kind, target.kind) == ("redirect", "service_metadata")
    assert redirect.participant == target.participant
    assert redirect.document_type == target.document_type
    assert redirect.metadata is not None
    assert redirect.metadata.redirect is not None
    assert redirect.metadata.redirect.certificate_uid.endswith("CN=PNO000179")


def test_p14_references_with_encoded_slashes_are_understood(busdox: dict[str, bytes]) -> None:
    group = read(busdox["vefa-peppol/busdox-servicegroup-docslogistics.xml"])
    assert group.service_group is not None
    count = busdox["vefa-peppol/busdox-servicegroup-docslogistics.xml"].count(b"<ServiceMetadataReference ")
    assert len(group.service_group.document_types) == count
    assert group.notes == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vefa-peppol/bdxr201407-servicegroup-9908-991825827.xml", "OASIS BDXR SMP 1.0 draft 2014/07: not a Peppol"),
        ("vefa-peppol/bdxr201605-servicegroup-9908-991825827.xml", "OASIS BDXR SMP 1.0: not a Peppol"),
        ("samples-generated/bdxr2-servicegroup-c14n11.xml", "OASIS SMP 2.0: not a Peppol"),
        ("phoss-rest-files/peppol-business-card-v3.xml", "no SMP document"),
        ("oasis-smp2-os-examples/simpleGroupExampleFailSyntax.xml", "not well-formed"),
    ],
)
def test_other_dialects_are_refused_by_name(documents: dict[str, bytes], name: str, message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        read(documents[name])


def test_every_sample_is_of_the_dialect_that_its_folder_says(documents: dict[str, bytes]) -> None:
    folders = {
        "peppol-smp": "busdox",
        "oasis-smp": "bdxr1",
        "oasis-smp2-group": "bdxr2",
        "oasis-smp2-metadata": "bdxr2",
        "ec-federated-infrastructure": "bdxr1",
    }
    found = {
        (name.partition("/")[0], detect(data).dialect)
        for name, data in documents.items()
        if name.partition("/")[0] in folders
    }
    assert found == set(folders.items())


def test_p14_signature_today_form_of_the_jdk_verifies(busdox: dict[str, bytes]) -> None:
    for name in ("servicemetadata", "redirect", "wildcard", "extension-no-namespace"):
        data = busdox[f"samples-generated/peppol-1.4-{name}.xml"]
        verified, parsed = verify_document(data), read(data)
        assert _without_extensions(verified.parsed) == _without_extensions(parsed), name
        assert verified.parsed.signed, name


def test_p14_signatures_of_real_answers_verify_as_archived_documents(busdox: dict[str, bytes], corpus: Path) -> None:
    # The corpus says which recorded answers are intact, by a verifier that is not ours.
    lines = (corpus / "smp/samples-verification.csv").read_text().splitlines()
    intact = [
        f"vefa-peppol/{Path(line.partition(',')[0]).name}"
        for line in lines
        if line.startswith("samples/vefa-peppol/") and "servicemetadata" in line and line.endswith("sig-ok+digest-ok")
    ]
    intact = [name for name in intact if name in busdox]
    assert len(intact) >= 16
    for name in intact:
        verified = verify_document(busdox[name], archive=True)
        assert _without_extensions(verified.parsed) == _without_extensions(read(busdox[name])), name


def _without_extensions(parsed: ParsedDocument) -> ServiceMetadata | None:
    assert parsed.metadata is not None
    entries = tuple(
        replace(
            entry,
            processes=tuple(replace(process, extensions=()) for process in entry.processes),
            endpoints=tuple(replace(endpoint, extensions=()) for endpoint in entry.endpoints),
        )
        for entry in parsed.metadata.process_metadata
    )
    return replace(parsed.metadata, extensions=(), process_metadata=entries)
