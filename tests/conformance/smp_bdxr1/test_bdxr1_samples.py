# SPDX-License-Identifier: Apache-2.0
"""Documents of OASIS SMP 1.0 that others made: recorded, generated, and the positive and negative cases of clients."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from registry.errors import ValidationError
from registry.metadata import ServiceMetadata
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.signing import verify_document
from tests.conformance.smp_bdxr1.official_schema import load_schema
from trust_lists.errors import SignatureInvalidError

BASE = "https://smp.example.org"
SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
DRAFT = "http://docs.oasis-open.org/bdxr/ns/SMP/2014/07"
NOT_READABLE = {
    "oasis-smp/invalid.xml": ["BDXR1-PARTICIPANT"],
    "oasis-smp/no_docid.xml": ["BDXR1-DOCUMENT-TYPE"],
    "oasis-smp/no_ep_tprofile.xml": ["BDXR1-TRANSPORT-PROFILE"],
    "oasis-smp/no_partid.xml": ["BDXR1-PARTICIPANT"],
    "oasis-smp/redirection.xml": ["BDXR1-REDIRECT-HREF"],
    "phoss-cef-conformance/SignedServiceMetadata-template.xml": [
        "BDXR1-BOOLEAN",
        "BDXR1-DATE",
        "BDXR1-DATE",
        "BDXR1-CERTIFICATE",
    ],
    "phoss-rest-files/bdxr1-service-metadata.xml": ["BDXR1-CERTIFICATE"],
}
NOT_WRITABLE = {
    "oasis-smp/noprocess.xml": ["BDXR1-ONE-CERTIFICATE"],
    "oasis-smp/unsignedsmd.xml": ["BDXR1-ONE-CERTIFICATE"],
    "phoss-cef-conformance/ServiceGroup-template.xml": ["BDXR1-EXTENSION"],
}


@pytest.fixture(scope="module")
def schema(corpus: Path) -> etree.XMLSchema:
    return load_schema(corpus)


@pytest.fixture(scope="module")
def samples(corpus: Path) -> dict[str, bytes]:
    """Those whose root is of SMP 1.0 or of its draft, by `folder/name`."""
    paths = [*(corpus / "smp/samples").rglob("*.xml"), *(corpus / "smp/samples-generated").glob("*.xml")]
    documents = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}
    return {name: data for name, data in documents.items() if _namespace(data) in (SMP, DRAFT)}


def _namespace(data: bytes) -> str | None:
    try:
        return etree.QName(etree.fromstring(data)).namespace
    except etree.XMLSyntaxError:
        return None


def _write(parsed: ParsedDocument) -> bytes:
    if parsed.service_group is not None:
        return BDXR1.write_service_group(parsed.service_group, BASE)
    assert parsed.metadata is not None
    return BDXR1.write_service_metadata(parsed.metadata)


def test_the_corpus_holds_what_these_tests_of_smp_1_0_are_about(samples: dict[str, bytes]) -> None:
    assert len(samples) >= 32
    assert NOT_READABLE.keys() | NOT_WRITABLE.keys() <= samples.keys()


@pytest.mark.parametrize("name", sorted(NOT_READABLE))
def test_b1_xsd_incomplete_documents_are_refused_with_their_reasons(samples: dict[str, bytes], name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        BDXR1.read(samples[name])
    assert [reason.id for reason in refused.value.reasons] == NOT_READABLE[name]


@pytest.mark.parametrize("name", sorted(NOT_WRITABLE))
def test_b1_xsd_what_lacks_something_is_not_published(samples: dict[str, bytes], name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _write(BDXR1.read(samples[name]))
    assert [reason.id for reason in refused.value.reasons] == NOT_WRITABLE[name]


def test_b1_xsd_every_other_sample_is_written_valid_and_read_back_equal(
    samples: dict[str, bytes], schema: etree.XMLSchema
) -> None:
    kinds = []
    for name in sorted(samples.keys() - NOT_READABLE.keys() - NOT_WRITABLE.keys()):
        parsed = BDXR1.read(samples[name])
        written = _write(parsed)
        again = BDXR1.read(written)
        root = etree.fromstring(written)
        if parsed.service_group is not None:
            assert again.service_group is not None, name
            in_order = tuple(sorted(parsed.service_group.document_types))
            assert again.service_group == replace(parsed.service_group, document_types=in_order), name
            schema.assertValid(root)
        else:
            assert again.metadata == parsed.metadata, name
            schema.assertValid(root[0])
        assert again.notes == (), name
        kinds.append(parsed.kind)
    assert {kind: kinds.count(kind) for kind in kinds} == {"service_group": 18, "service_metadata": 3, "redirect": 1}


def test_a_draft_of_2014_is_read_with_a_note_and_written_in_the_standard_s_namespace(samples: dict[str, bytes]) -> None:
    drafts = {name for name, data in samples.items() if _namespace(data) == DRAFT}
    assert drafts == {
        "vefa-peppol/bdxr201407-servicegroup-9908-991825827.xml",
        "vefa-peppol/bdxr201407-servicemetadata-9908-810418052.xml",
    }
    for name in drafts:
        parsed = BDXR1.read(samples[name])
        assert parsed.notes == ("the document is of the draft 2014/07 of OASIS BDXR SMP 1.0",)
        written = _write(parsed)
        assert _namespace(written) == SMP
        assert DRAFT.encode() not in written


def test_the_draft_group_and_the_group_of_the_standard_say_the_same(samples: dict[str, bytes]) -> None:
    draft, standard = (
        BDXR1.read(samples[f"vefa-peppol/bdxr{version}-servicegroup-9908-991825827.xml"])
        for version in ("201407", "201605")
    )
    assert draft.service_group == standard.service_group


def test_ebcore_party_ids_of_the_federated_infrastructure_keep_their_scheme(samples: dict[str, bytes]) -> None:
    groups = {
        name: BDXR1.read(data).participant
        for name, data in samples.items()
        if name.startswith("ec-federated-infrastructure/urn_")
    }
    assert len(groups) == 6
    for name, participant in groups.items():
        assert str(participant).replace(":", "_") == Path(name).stem
        assert participant.is_ebcore


def test_b1_3_6_the_jdk_signed_document_verifies(samples: dict[str, bytes]) -> None:
    data = samples["samples-generated/bdxr1-servicemetadata.xml"]
    verified = verify_document(data)
    assert verified.dialect is BDXR1
    assert verified.parsed == BDXR1.read(data)


def test_b1_3_6_the_signed_draft_verifies_as_an_archived_document_only(samples: dict[str, bytes]) -> None:
    data = samples["vefa-peppol/bdxr201407-servicemetadata-9908-810418052.xml"]
    assert verify_document(data, archive=True).parsed == BDXR1.read(data)
    with pytest.raises(SignatureInvalidError):
        verify_document(data)


def test_b1_3_6_a_dummy_signature_is_seen_and_does_not_verify(samples: dict[str, bytes]) -> None:
    data = samples["oasis-smp/signedsmd.xml"]
    assert BDXR1.read(data).signed
    with pytest.raises(SignatureInvalidError):
        verify_document(data, archive=True)


def test_ta06_the_redirect_of_the_test_bed_names_its_document(samples: dict[str, bytes]) -> None:
    parsed = BDXR1.read(samples["phoss-cef-conformance/Redirect-template.xml"])
    assert str(parsed.participant) == "ID_SCHEME::ID_REDIRECT"
    assert isinstance(parsed.metadata, ServiceMetadata)
    assert parsed.metadata.redirect is not None
    assert parsed.metadata.redirect.certificate_uid == "CERTIFICATE_UID_REDIRECT"
