# SPDX-License-Identifier: Apache-2.0
"""Look-ups in SMP 2.0: signed service groups, redirects of some processes only, certificates by their type."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.discovery.client import Resolution
from registry.discovery.errors import DiscoveryError, NotTrustedError, TechnicalFailureError
from registry.metadata import EndpointCertificate, Process, ProcessMetadata, Redirect, ServiceMetadata
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.bdxr2.dialect import BDXR2
from registry.smp.documents.signing import sign_document
from tests.simulators.authorities import NOW, Authority
from tests.simulators.network import BILLING, INVOICE, PARTICIPANT, Network
from tests.simulators.smp_server import SimulatedSmp
from trust_lists.certificates.parsing import SigningKey

ORDERING = replace(BILLING, value="urn:fdc:peppol.eu:poacc:bis:ordering:3")
EXCHANGE = "http://www.w3.org/2002/03/xkms#Exchange"
SIGNATURE = "http://www.w3.org/2002/03/xkms#Signature"


@pytest.fixture
def network() -> Network:
    network = Network()
    network.configure({"smp": {"dialects": ["bdxr2"]}})
    network.smp = network.add_smp("https://smp.test/root", network.smp.key, BDXR2)
    return network


@pytest.fixture
def second(network: Network) -> SimulatedSmp:
    return network.add_smp("https://second.test", network.authority.issue("SMP-2"), BDXR2)


def found(network: Network, process: object = BILLING) -> Resolution:
    return network.client().resolve(PARTICIPANT, INVOICE, process)  # type: ignore[arg-type]


def refused(network: Network, kind: type[DiscoveryError], reason_id: str) -> None:
    with pytest.raises(kind) as error:
        found(network)
    assert error.value.reason_id == reason_id


def der(key: SigningKey) -> bytes:
    return key.certificate.public_bytes(Encoding.DER)


def redirecting(network: Network, target: SimulatedSmp, **changes: object) -> ServiceMetadata:
    """Billing is with another SMP, ordering is here."""
    redirect = Redirect("https://second.test/", certificate=der(target.key))
    return ServiceMetadata(
        PARTICIPANT,
        INVOICE,
        (
            ProcessMetadata((Process(BILLING),), redirect=replace(redirect, **changes)),  # type: ignore[arg-type]
            ProcessMetadata((Process(ORDERING),), (network.endpoint("https://here.test/as4"),)),
        ),
    )


def test_documents_are_asked_for_below_bdxr_smp_2(network: Network) -> None:
    url = network.smp.publish(network.metadata())
    assert url.startswith("https://smp.test/root/bdxr-smp-2/")
    assert found(network).endpoint.address == "https://ap.test/as4"
    assert network.asked == [url]


def test_smp2_5_5_ids_are_asked_for_in_lower_case_where_case_means_nothing(network: Network) -> None:
    mixed = replace(PARTICIPANT, value="9915:MiXed")
    network.register(mixed, network.smp.base_url)
    network.smp.publish(network.metadata(participant=replace(mixed, value="9915:mixed")))
    assert network.client().resolve(mixed, INVOICE).endpoint.address == "https://ap.test/as4"


def test_a_signed_group_is_verified_and_its_signer_decided_on(network: Network) -> None:
    network.smp.publish_group(PARTICIPANT, INVOICE)
    network.smp.publish(network.metadata())
    resolution = network.client().resolve(PARTICIPANT)
    steps = [step.step for step in resolution.explanation.steps]
    assert steps.index("service-group") < steps.index("signature") < steps.index("document-type")
    assert resolution.warnings == ()


def test_a_group_that_a_stranger_has_signed_is_not_trusted(network: Network) -> None:
    stranger = network.add_smp(network.smp.base_url, Authority("Another").issue("SMP-1"), BDXR2)
    stranger.publish_group(PARTICIPANT, INVOICE)
    with pytest.raises(NotTrustedError) as error:
        network.client().resolve(PARTICIPANT)
    assert error.value.reason_id == "untrusted-smp-sign"


def test_a_group_that_was_changed_is_not_trusted(network: Network) -> None:
    url = network.smp.publish_group(PARTICIPANT, INVOICE)
    network.replace(url, network.responses[url].body.replace(b"Invoice-2", b"Invoice-3"))
    with pytest.raises(NotTrustedError) as error:
        network.client().resolve(PARTICIPANT)
    assert error.value.reason_id == "signature-digest-mismatch"


def test_a_group_without_a_signature_is_a_warning_since_what_it_leads_to_is_signed(network: Network) -> None:
    network.smp.publish_group(PARTICIPANT, INVOICE, signed=False)
    network.smp.publish(network.metadata())
    (warning,) = network.client().resolve(PARTICIPANT).warnings
    assert "not signed" in warning


def test_a_document_of_another_dialect_is_a_technical_failure(network: Network) -> None:
    other = network.add_smp(network.smp.base_url, network.smp.key, BDXR1)
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), other.signed(network.metadata()))
    refused(network, TechnicalFailureError, "smp-wrong-dialect")


def test_smp2_2_3_8_a_process_that_is_redirected_is_looked_up_at_the_other_publisher(
    network: Network, second: SimulatedSmp
) -> None:
    network.smp.publish(redirecting(network, second))
    second.publish(network.metadata(network.endpoint("https://there.test/as4")))
    resolution = found(network)
    assert resolution.endpoint.address == "https://there.test/as4"
    assert [decision.role for decision in resolution.decisions] == ["smp-sign", "smp-sign", "ap-encrypt"]
    assert network.asked[-1].startswith("https://second.test/bdxr-smp-2/")
    assert found(network, ORDERING).endpoint.address == "https://here.test/as4"


def test_a_target_that_is_signed_with_another_certificate_of_the_same_name_is_not_trusted(
    network: Network, second: SimulatedSmp
) -> None:
    network.smp.publish(redirecting(network, second))
    renewed = network.add_smp("https://second.test", network.authority.issue("SMP-2"), BDXR2)
    renewed.publish(network.metadata())
    refused(network, NotTrustedError, "redirect-certificate")


def test_a_redirect_behind_a_redirect_is_not_followed(network: Network, second: SimulatedSmp) -> None:
    network.smp.publish(redirecting(network, second))
    second.publish(redirecting(network, second))
    refused(network, TechnicalFailureError, "redirect-twice")
    assert len(network.asked) == 2


@pytest.mark.parametrize("href", ["ftp://second.test", "https://user@second.test", "https://second.test/#a", "urn:x"])
def test_a_redirect_to_what_is_no_address_of_an_smp_is_not_asked(
    network: Network, second: SimulatedSmp, href: str
) -> None:
    # Our writer would not write some of these.
    metadata = redirecting(network, second)
    unsigned = BDXR2.write_service_metadata(metadata).replace(b"https://second.test/", href.encode())
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    network.replace(url, sign_document(unsigned, network.smp.key, BDXR2))
    refused(network, TechnicalFailureError, "redirect-url")
    assert len(network.asked) == 1


def test_edelivery_2_0_the_certificate_for_key_exchange_is_taken_of_several(network: Network) -> None:
    other, wanted = network.authority.issue("AP-2"), network.authority.issue("AP-3")
    items = (EndpointCertificate(der(other), SIGNATURE), EndpointCertificate(der(wanted), EXCHANGE))
    network.smp.publish(network.metadata(network.endpoint(certificates=items)))
    assert found(network).certificate == wanted.certificate


def test_a_certificate_counts_only_while_it_is_active(network: Network) -> None:
    midnight = NOW.replace(hour=0)
    other, wanted = network.authority.issue("AP-2"), network.authority.issue("AP-3")
    items = (
        EndpointCertificate(der(other), EXCHANGE, activation=midnight + timedelta(days=1)),
        EndpointCertificate(der(other), EXCHANGE, expiration=midnight),
        EndpointCertificate(der(wanted), EXCHANGE, activation=midnight, expiration=midnight + timedelta(days=1)),
    )
    network.smp.publish(network.metadata(network.endpoint(certificates=items)))
    assert found(network).certificate == wanted.certificate


def test_an_endpoint_whose_certificates_are_all_inactive_is_not_trusted(network: Network) -> None:
    item = EndpointCertificate(der(network.access_point), expiration=NOW.replace(hour=0))
    network.smp.publish(network.metadata(network.endpoint(certificates=(item,))))
    refused(network, NotTrustedError, "endpoint-certificate-missing")
