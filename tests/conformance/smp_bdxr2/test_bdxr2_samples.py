# SPDX-License-Identifier: Apache-2.0
"""The SMP 2.0 documents of the corpus: the standard's own examples, those of a client's tests, and Java's signatures.

Clauses: OASIS SMP 2.0 (OASIS Standard, 14 February 2021) with its schemas (xsdrt).
"""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.documents.bdxr2.dialect import BDXR2
from registry.smp.documents.parsed import ParsedDocument
from trust_lists.errors import SignatureInvalidError
from trust_lists.signatures.profiles import BDXR_2_0, ECDSA_SHA256, RSA_SHA256, restricted
from trust_lists.signatures.xmldsig import ARCHIVE, verify_enveloped

NS = b"http://docs.oasis-open.org/bdxr/ns/SMP/2/"

REFUSED = {
    "oasis-smp2-group/invalid": ["BDXR2-VERSION"],
    "oasis-smp2-group/no_partid": ["BDXR2-PARTICIPANT"],
    "oasis-smp2-group/no_procid": ["BDXR2-PROCESS"],
    "oasis-smp2-group/no_roleid": ["BDXR2-ROLE"],
    "oasis-smp2-group/no_serviceid": ["BDXR2-DOCUMENT-TYPE"],
    "oasis-smp2-metadata/both_ep_redirect": ["BDXR2-CONTENT"],
    "oasis-smp2-metadata/invalid": ["BDXR2-CERTIFICATE"],
    "oasis-smp2-metadata/no_partid": ["BDXR2-PARTICIPANT"],
    "oasis-smp2-metadata/no_procid": ["BDXR2-PROCESS"],
    "oasis-smp2-metadata/no_roleid": ["BDXR2-ROLE"],
    "oasis-smp2-metadata/no_serviceid": ["BDXR2-DOCUMENT-TYPE"],
    "oasis-smp2-metadata/no_transport_id": ["BDXR2-TRANSPORT-PROFILE"],
    "generic-client/unsigned_result": ["BDXR2-VERSION", "BDXR2-CONTENT", "BDXR2-CONTENT"],
    "generic-client/signed_result": ["BDXR2-VERSION", "BDXR2-CONTENT", "BDXR2-CONTENT"],
    "generic-client/inv_signed_result": ["BDXR2-VERSION", "BDXR2-CONTENT", "BDXR2-CONTENT"],
    "oasis-smp2-os-examples/simpleGroupExampleFailModel": ["BDXR2-VERSION"],
    "oasis-smp2-os-examples/simpleGroupExampleFailSyntax": ["XML_NOT_WELL_FORMED"],
}
"""Folder and name -> why. The names say what is wrong; the version of generic-client's is `SMPVersionID0`."""

ZONED_DATES = {"oasis-smp2-metadata/detailed", "oasis-smp2-metadata/repetition"}
"""Their dates begin at midnight of another zone, which no date of UTC can say again."""


@pytest.fixture(scope="module")
def samples(corpus: Path) -> dict[str, bytes]:
    """Folder and name -> every SMP 2.0 document of the corpus."""
    files = [path for folder in ("samples", "samples-generated") for path in (corpus / "smp" / folder).rglob("*.xml")]
    found = {f"{path.parent.name}/{path.stem}": path.read_bytes() for path in sorted(files)}
    return {name: data for name, data in found.items() if NS in data}


@pytest.fixture(scope="module")
def intact(samples: dict[str, bytes]) -> dict[str, ParsedDocument]:
    return {name: BDXR2.read(data) for name, data in samples.items() if name not in REFUSED}


@pytest.fixture(scope="module")
def schemas(corpus: Path) -> dict[str, etree.XMLSchema]:
    folder = corpus / "smp/xsd/bdxr2/xsdrt"
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    return {
        name: etree.XMLSchema(etree.parse(folder / f"{name}-2.0.xsd", parser))
        for name in ("ServiceGroup", "ServiceMetadata")
    }


def test_smp2_the_corpus_is_whole(samples: dict[str, bytes], intact: dict[str, ParsedDocument]) -> None:
    assert samples.keys() >= REFUSED.keys() | ZONED_DATES
    assert len(samples) >= 31
    assert len(intact) >= 14


@pytest.mark.parametrize("name", REFUSED)
def test_smp2_2_documents_that_lack_what_decides_are_refused(name: str, samples: dict[str, bytes]) -> None:
    with pytest.raises(ValidationError) as refused:
        BDXR2.read(samples[name])
    assert [reason.id for reason in refused.value.reasons] == REFUSED[name]


def write(parsed: ParsedDocument) -> bytes:
    if parsed.metadata is not None:
        return BDXR2.write_service_metadata(parsed.metadata)
    assert parsed.service_group is not None
    return BDXR2.write_service_group(parsed.service_group, "https://smp.example.org")


def test_smp2_2_intact_documents_are_written_valid_and_read_back_equal(
    intact: dict[str, ParsedDocument], schemas: dict[str, etree.XMLSchema]
) -> None:
    for name, parsed in intact.items():
        if name in ZONED_DATES:
            continue
        written = write(parsed)
        root = etree.fromstring(written)
        schemas[etree.QName(root).localname].assertValid(root)
        again = BDXR2.read(written)
        assert again.metadata == parsed.metadata, name
        if parsed.service_group is not None:  # references are written sorted
            ordered = replace(parsed.service_group, document_types=tuple(sorted(parsed.service_group.document_types)))
            assert again.service_group == ordered, name


@pytest.mark.parametrize("name", sorted(ZONED_DATES))
def test_smp2_2_dates_of_other_zones_are_read_and_not_written(name: str, intact: dict[str, ParsedDocument]) -> None:
    metadata = intact[name].metadata
    assert metadata is not None
    endpoint = metadata.process_metadata[0].endpoints[0]
    assert endpoint.activation is not None
    assert endpoint.activation.isoformat() == "2022-02-23T23:00:00+00:00"
    assert {reason.id for reason in BDXR2.check_service_metadata(metadata)} == {"BDXR2-DATE"}


def test_smp2_2_nothing_of_service_metadata_is_left_out(intact: dict[str, ParsedDocument]) -> None:
    for name, parsed in intact.items():
        for note in parsed.notes:
            assert "its processes were left out" in note or "no Certificate" in note, name
        if parsed.metadata is not None and not any(entry.redirect for entry in parsed.metadata.process_metadata):
            assert parsed.notes == (), name


def test_smp2_2_redirects_belong_to_processes(intact: dict[str, ParsedDocument]) -> None:
    metadata = intact["oasis-smp2-metadata/redirections"].metadata
    assert metadata is not None
    specific, default = metadata.process_metadata
    assert [str(process.identifier) for process in specific.processes] == ["urn:cen.eu:en16931:2017"]
    assert specific.redirect is not None
    assert specific.redirect.href == "http://new.smp.for.specific.proc"
    assert (
        specific.redirect.certificate_uid
        == "CN=partya.examples.holodeck-b2b.com,OU=Holodeck B2B Support,O=Chasquis,C=NL"
    )
    assert default.processes == ()
    assert default.redirect is not None
    assert (default.redirect.href, default.redirect.certificate) == ("http://new.default.smp", None)


def test_smp2_2_the_examples_extension_is_kept_byte_for_byte(
    intact: dict[str, ParsedDocument], samples: dict[str, bytes]
) -> None:
    name = "oasis-smp2-os-examples/simpleGroupExampleExtension"
    group = intact[name].service_group
    assert group is not None
    (extension,) = group.extensions
    assert b"<myOtherStuff>Stuff</myOtherStuff>" in extension.content
    assert extension.content in samples[name]
    assert extension.content in write(intact[name])


def test_smp2_ebcore_participants_are_cut_behind_the_agency(intact: dict[str, ParsedDocument]) -> None:
    assert intact["samples-generated/bdxr2-servicemetadata-c14n11"].participant == ParticipantIdentifier(
        "urn:oasis:names:tc:ebcore:partyid-type:iso6523:9915", "test"
    )


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("bdxr2-servicegroup-c14n11", RSA_SHA256),
        ("bdxr2-servicemetadata-c14n11", RSA_SHA256),
        ("bdxr2-servicemetadata-c14n11-ecdsa", ECDSA_SHA256),
    ],
)
def test_smp2_3_6_2_signatures_of_java_verify_and_changed_documents_do_not(
    name: str, method: str, samples: dict[str, bytes], intact: dict[str, ParsedDocument]
) -> None:
    data = samples[f"samples-generated/{name}"]
    verified = verify_enveloped(data, profile=BDXR2.signature, root_tags=BDXR2.signed_roots)
    assert verified.signature_algorithm == method
    parsed = BDXR2.read(etree.tostring(verified.root, encoding="UTF-8"))
    assert parsed == replace(intact[f"samples-generated/{name}"], signed=False)
    with pytest.raises(SignatureInvalidError) as refused:
        verify_enveloped(data.replace(b">test<", b">best<"), profile=BDXR2.signature, root_tags=BDXR2.signed_roots)
    assert refused.value.reason_id == "DIGEST_MISMATCH"


def test_smp2_3_6_2_a_domain_may_allow_fewer_algorithms(samples: dict[str, bytes]) -> None:
    data = samples["samples-generated/bdxr2-servicemetadata-c14n11-ecdsa"]
    narrowed = restricted(BDXR_2_0, ["rsa-sha256", "ed25519"])
    with pytest.raises(SignatureInvalidError) as refused:
        verify_enveloped(data, profile=narrowed, root_tags=BDXR2.signed_roots)
    assert refused.value.reason_id == "ALGORITHM"


def test_smp2_3_6_2_exclusive_canonicalisation_is_for_the_archive_only(samples: dict[str, bytes]) -> None:
    """A Holodeck client's test data; the second was changed after it was signed."""
    data = samples["generic-client/signed_result"]
    with pytest.raises(SignatureInvalidError) as refused:
        verify_enveloped(data, profile=BDXR2.signature, root_tags=BDXR2.signed_roots)
    assert refused.value.reason_id == "ALGORITHM"
    assert verify_enveloped(data, profile=ARCHIVE, root_tags=BDXR2.signed_roots).signature_algorithm == RSA_SHA256
    with pytest.raises(SignatureInvalidError) as refused:
        verify_enveloped(samples["generic-client/inv_signed_result"], profile=ARCHIVE, root_tags=BDXR2.signed_roots)
    assert refused.value.reason_id == "DIGEST_MISMATCH"


def test_smp2_3_6_2_a_signature_without_a_certificate_is_none(samples: dict[str, bytes]) -> None:
    with pytest.raises(SignatureInvalidError):
        verify_enveloped(samples["oasis-smp2-metadata/minimal"], profile=BDXR2.signature, root_tags=BDXR2.signed_roots)
