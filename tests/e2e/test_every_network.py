# SPDX-License-Identifier: Apache-2.0
"""In each network that has an SMP and an SML: a participant is registered, published, found in DNS, and resolved."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.demo.pki import DemoPki
from registry.discovery.client import open_client
from registry.domains.loader import load_domain, profile_names
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import EBCORE_PREFIX, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, EndpointCertificate, Process, ProcessMetadata, ServiceMetadata
from tests.simulators.live import ACTOR, LiveInstance, demo_trust


@dataclass(frozen=True, slots=True)
class Network:
    """What is exchanged in a network, in the forms that it uses."""

    participant: ParticipantIdentifier
    document_type: DocumentTypeIdentifier
    process: ProcessIdentifier | None
    transport_profile: str
    root: str
    """A piece of the root element that its documents have."""


_ISO = "iso6523-actorid-upis"
_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_BUSDOX = "http://busdox.org/serviceMetadata/publishing/1.0/"
_BDXR1 = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
_BDXR2 = "http://docs.oasis-open.org/bdxr/ns/SMP/2/ServiceMetadata"
_PEPPOL = Network(
    ParticipantIdentifier(_ISO, "0088:7300010000001"),
    DocumentTypeIdentifier(
        "busdox-docid-qns",
        f"{_UBL}:Invoice-2::Invoice##urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1",
    ),
    ProcessIdentifier("cenbii-procid-ubl", "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"),
    "peppol-transport-as4-v2_0",
    _BUSDOX,
)
NETWORKS = {
    "peppol": _PEPPOL,
    "peppol-test": _PEPPOL,
    "demo": _PEPPOL,
    "ehdsi": Network(
        ParticipantIdentifier("ehealth-participantid-qns", "urn:ehealth:pt:ncp-idp"),
        DocumentTypeIdentifier(
            "ehealth-resid-qns",
            "urn:ehealth:PatientIdentificationAndAuthentication::XCPD::CrossGatewayPatientDiscovery##ITI-55",
        ),
        ProcessIdentifier("ehealth-procid-qns", "urn:XCPD::CrossGatewayPatientDiscovery"),
        "urn:ihe:iti:2013:xcpd",
        _BDXR1,
    ),
    "toop": Network(
        ParticipantIdentifier(_ISO, "9999:elonia"),
        DocumentTypeIdentifier(
            "toop-doctypeid-qns",
            "RegisteredOrganization::REGISTERED_ORGANIZATION_TYPE::CONCEPT##CCCEV::toop-edm:v2.1",
        ),
        ProcessIdentifier("toop-procid-agreement", "urn:eu.toop.process.dataquery"),
        "bdxr-transport-ebms3-as4-v1p0",
        _BDXR1,
    ),
    "de4a": Network(
        ParticipantIdentifier(_ISO, "9999:at000000271"),
        DocumentTypeIdentifier("urn:de4a-eu:CanonicalEvidenceType", "CompanyRegistration:1.0"),
        ProcessIdentifier("urn:de4a-eu:MessageType", "request"),
        "bdxr-transport-ebms3-as4-v1p0",
        _BDXR1,
    ),
    "dbnalliance": Network(
        ParticipantIdentifier("GLN", "1234567890123"),
        DocumentTypeIdentifier("bdx-docid-qns", f"{_UBL}:Invoice-2::Invoice##dbnalliance-1.0::2.3"),
        ProcessIdentifier("bdx-procid-transport", "bdx:noprocess"),
        "bdxr-as4-1.0#dbnalliance-1.0",
        _BDXR2,
    ),
    "hr-eracun": Network(
        ParticipantIdentifier(_ISO, "9934:18683136487"),
        DocumentTypeIdentifier(
            "busdox-docid-qns",
            f"{_UBL}:Invoice-2::Invoice##urn:cen.eu:en16931:2017#compliant#urn:mfin.gov.hr:cius-2025:1.0"
            "#conformant#urn:mfin.gov.hr:ext-2025:1.0::2.1",
        ),
        ProcessIdentifier("cenbii-procid-ubl", "urn:fdc:eracun.hr:poacc:en16931:any"),
        "eracun-transport-as4-v1_0",
        _BDXR1,
    ),
    "e-sens": Network(
        ParticipantIdentifier(_ISO, "0088:4035811991021"),
        DocumentTypeIdentifier(
            "busdox-docid-qns",
            "urn:www.peppol.eu:schema:xsd:VirtualCompanyDossier-1::VirtualCompanyDossier"
            "##urn:www.cenbii.eu:transaction:biicoretrdm991:ver0.1:#urn:www.peppol.eu:bis:peppol991a:ver1.0::0.1",
        ),
        ProcessIdentifier("bdx-procid-transport", "bdx:noprocess"),
        "bdxr-transport-ebms3-as4-v1p0",
        _BDXR1,
    ),
    "we-build": Network(
        ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0208", "0123456789"),
        DocumentTypeIdentifier("bdx-docid-qns", "urn:example:wallet-attestation::1.0"),
        None,
        "bdxr-transport-ebms3-as4-v2p0",
        _BDXR2,
    ),
}


def on_loopback(live: LiveInstance, profile: str, pki: DemoPki) -> dict[str, Any]:
    """What must differ from the profile on one machine: addresses, anchors, and the rule about port 443."""
    roles = {role: settings | {"subject_patterns": [], "key_usage": []} for role, settings in demo_trust(pki).items()}
    return {
        "name": f"{profile}-here",
        "default": False,
        "smp": {
            "base_url": f"{live.addresses.public}/{profile}",
            "smp_id": f"SMP-{profile}",
            "https_443_only": False,
        },
        "dns": {"zone": f"{profile}.test", "name_servers": ["localhost"]},
        "sml": {"enabled": True, "url_schemes": ["http", "https"]},
        "trust": roles,
    }


def test_every_profile_that_has_an_smp_is_tried_here() -> None:
    dynamic = {name for name in profile_names() if load_domain(name).kind == "dynamic"}
    assert dynamic == set(NETWORKS)


@pytest.mark.parametrize("profile", NETWORKS)
def test_a_participant_of_the_network_is_registered_published_and_resolved(
    shared_live: LiveInstance, pki: DemoPki, profile: str
) -> None:
    live, network = shared_live, NETWORKS[profile]
    files: Path = live.files.smp
    stored = add_domain(
        live.instance, ACTOR, profile, on_loopback(live, profile, pki), signing_key=SigningKeyFile(files)
    )
    live.run(live.serving.refresh())
    certificate = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    endpoint = Endpoint(
        transport_profile=network.transport_profile,
        address="https://ap.example.org/as4",
        certificates=(
            EndpointCertificate(certificate, mime_code="application/base64" if network.root == _BDXR2 else ""),
        ),
        description="Where documents go",
        technical_contact="mailto:ap@example.org",
    )
    processes = () if network.process is None else (Process(network.process),)
    metadata = ServiceMetadata(network.participant, network.document_type, (ProcessMetadata(processes, (endpoint,)),))
    published = live.instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
    live.wait_for_dns()
    with open_client(stored.domain, live.addresses.dns) as client:
        found = client.resolve(network.participant, network.document_type, network.process)
        listed = client.resolve(network.participant)
    assert published.warnings == ()
    assert found.endpoint.address == "https://ap.example.org/as4"
    assert found.certificate == pki.access_points[0].certificate
    assert found.warnings == ()
    assert listed.endpoint == found.endpoint
    assert [decision.accepted for decision in found.decisions] == [True] * len(found.decisions)
    fetched = next(step for step in found.explanation.steps if step.step == "metadata")
    assert network.root.encode() in httpx2.get(fetched.detail.partition(": HTTP")[0]).content


def test_one_domain_serves_smp_1_and_smp_2_of_the_same_data(shared_live: LiveInstance, pki: DemoPki) -> None:
    live, network = shared_live, NETWORKS["toop"]
    values = on_loopback(live, "toop", pki)
    values |= {"name": "both", "smp": values["smp"] | {"base_url": f"{live.addresses.public}/both"}}
    values["smp"] |= {"dialects": ["bdxr1", "bdxr2"], "smp_id": "SMP-both"}
    values["dns"] = {
        "zone": "both.test",
        "name_servers": ["localhost"],
        "naptr_services": ["Meta:SMP", "oasis-bdxr-smp-2"],
    }
    stored = add_domain(live.instance, ACTOR, "toop", values, signing_key=SigningKeyFile(live.files.smp))
    live.run(live.serving.refresh())
    certificate = EndpointCertificate(pki.access_points[0].certificate.public_bytes(Encoding.DER))
    endpoint = Endpoint(network.transport_profile, "https://ap.example.org/as4", (certificate,))
    assert network.process is not None
    group = ProcessMetadata((Process(network.process),), (endpoint,))
    metadata = ServiceMetadata(network.participant, network.document_type, (group,))
    live.instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
    live.wait_for_dns()
    for service in stored.domain.dns.naptr_services:
        one = replace(stored.domain, dns=replace(stored.domain.dns, naptr_services=(service,)))
        with open_client(one, live.addresses.dns) as client:
            found = client.resolve(network.participant, network.document_type)
        assert found.endpoint.address == endpoint.address
        assert f'"{service}"' in next(step.detail for step in found.explanation.steps if step.step == "dns")
    url = f"{live.addresses.public}/both/bdxr-smp-2/iso6523-actorid-upis%3A%3A9999%3Aelonia"
    answer = httpx2.get(url)
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert b"SMP/2/ServiceGroup" in answer.content
    assert b"Signature" in answer.content
    again = httpx2.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
