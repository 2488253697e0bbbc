# SPDX-License-Identifier: Apache-2.0
"""The files that phoss SMP's own tests and documentation give (corpus `smp/samples/phoss-*`), moved in by an export.

They are what its REST interface takes, and the templates of the CEF conformance tests. Where they have a word in the
place of a certificate, or of anything else, they get a real one.
"""

import re
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.demo.pki import DemoPki
from registry.metadata import CustomProperty, Extension, ServiceGroup
from registry.move_in.model import Kind, Verdict
from registry.move_in.participants import Participants
from registry.move_in.sources.phoss_xml import PhossXml
from registry.smp.documents.business_card import read as read_business_card
from registry.smp.documents.catalogue import read_document
from registry.smp.exchange import Exporter
from registry.smp.exchange.json_lines import read_json_lines
from tests.simulators.offline import ACTOR, offline_instance
from tests.simulators.phoss_export import Exported, phoss_export

PLACEHOLDERS = {
    "ID_SCHEME": "iso6523-actorid-upis",
    "ID_REDIRECT": "9915:test",
    "ID": "9915:test",
    "DOCUMENT_SCHEME": "busdox-docid-qns",
    "DOCUMENT_ID_REDIRECT": "urn%3Aa%3A%3Ab%23%23c%3A%3A2.1",
    "DOCUMENT_ID": "urn:b::c##d::2.1",
    "PROCESS_IDENTIFIER_TYPE": "cenbii-procid-ubl",
    "PROCESS_IDENTIFIER": "urn:p",
    "TRANSPORT_PROFILE": "bdxr-transport-ebms3-as4-v1p0",
    "ENDPOINT_REFERENCE": "https://ap.example.org/as4",
    "REQUIRE_BUSINESSLEVEL_SIGNATURE": "true",
    "SERVICE_ACTIVATION_DATE": "2024-01-01T00:00:00Z",
    "SERVICE_EXPIRATION_DATE": "2034-01-01T00:00:00Z",
    "SERVICE_DESCRIPTION": "here",
    "TECHNICAL_CONTACT_URL": "https://contact.example.org",
    "EXTENSION": "<x xmlns='urn:x'>&#13;</x>",
    "CERTIFICATE_UID_REDIRECT": "CN=OTHER",
    "SMP_SERVER_URL_REDIRECT": "https://other.example.org",
    "SMP_SERVER_URL": "https://smp.example.org",
}
NO_CERTIFICATES = ("CERTIFICATE", "blacert", "YmxhY2VydA==")
PROPERTIES = (CustomProperty("tier", "gold", public=True),)
REST, CEF = "phoss-rest-files", "phoss-cef-conformance"


def filled(file: Path, pki: DemoPki) -> bytes:
    """A sample with something sensible in the place of each placeholder."""
    certificate = b64encode(pki.access_points[0].certificate.public_bytes(Encoding.DER)).decode()
    every = PLACEHOLDERS | dict.fromkeys(NO_CERTIFICATES, certificate)
    names = "|".join(sorted(every, key=len, reverse=True))
    return re.sub(
        rf"(?<=[>/\"\s])({names})(?=[</%\"\s])|(?<=%3A%3A)({names})", lambda m: every[m[0]], file.read_text()
    ).encode()


def alone(extensions: tuple[Extension, ...]) -> tuple[Extension, ...]:
    """Without the namespaces around them, none of which these need: phoss SMP keeps an extension by itself."""
    return tuple(replace(item, namespaces=()) for item in extensions)


@pytest.mark.parametrize(
    ("dialect", "group_file", "metadata_files"),
    [
        ("busdox", f"{REST}/peppol-service-group.xml", (f"{REST}/peppol-service-metadata.xml",)),
        ("busdox", f"{REST}/sg-9999-test1.xml", (f"{REST}/peppol-service-metadata.xml",)),
        ("bdxr1", f"{REST}/bdxr1-service-group.xml", (f"{REST}/bdxr1-service-metadata.xml",)),
        (
            "bdxr1",
            f"{CEF}/ServiceGroup-template.xml",
            (f"{CEF}/Redirect-template.xml", f"{CEF}/SignedServiceMetadata-template.xml"),
        ),
    ],
    ids=["peppol", "busdox", "bdxr1", "cef"],
)
def test_what_phoss_takes_comes_here_in_its_export(
    corpus: Path, tmp_path: Path, pki: DemoPki, dialect: str, group_file: str, metadata_files: tuple[str, ...]
) -> None:
    folder = corpus / "smp" / "samples"
    group = read_document(filled(folder / group_file, pki))[1].service_group
    assert group is not None
    who = group.participant
    said = (read_document(filled(folder / name, pki))[1].metadata for name in metadata_files)
    services = tuple(
        replace(item, participant=who, extensions=alone(item.extensions)) for item in said if item is not None
    )
    assert len(services) == len(metadata_files)
    card = replace(read_business_card((folder / REST / "peppol-business-card-v3.xml").read_bytes()), participant=who)
    group = ServiceGroup(who, extensions=alone(group.extensions), properties=PROPERTIES)
    file = tmp_path / "export.xml"
    file.write_bytes(phoss_export([Exported(group, services, card)]))

    lax = {"identifiers": {"strict": False}, "transport_profiles": [], "sml": {"enabled": False}}
    smp = {"base_url": "https://smp.example.org", "smp_id": "SMP-X", "dialects": [dialect]}
    with offline_instance(tmp_path / "here", pki, smp=smp, endpoint_certificates="warn", **lax) as offline:
        instance = offline.instance
        receiver = Participants(
            instance.database, instance.registrar, instance.publishing, instance.trust_models.of, offline.stored
        )
        source = PhossXml(file)
        source.check()
        records = [record for record in source.records(None) if record.kind is Kind.PARTICIPANT]
        with instance.database.write(ACTOR) as work:
            (result,) = receiver.apply(work, records, [])
        assert (result.verdict, result.reasons) == (Verdict.CREATED, ())
        assert source.unhoused() == ()
        exported = tmp_path / "export.jsonl"
        list(Exporter(instance.database, instance.signer, offline.stored).run_json_lines(exported))
        found = [statement.content for statement in read_json_lines(exported)]
    assert found == [group, *services, card]
