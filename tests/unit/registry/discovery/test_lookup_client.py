# SPDX-License-Identifier: Apache-2.0
"""Lookups from end to end in memory: what is found, and that no attack or accident passes for an answer."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import dns.rcode
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.discovery import smp_reader
from registry.discovery.client import MAX_DOCUMENT_TYPES, Resolution
from registry.discovery.errors import (
    DiscoveryError,
    NoMatchingServiceError,
    NotRegisteredError,
    NotTrustedError,
    TechnicalFailureError,
)
from registry.discovery.explanation import Outcome
from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import EndpointCertificate, Process, ProcessMetadata, Redirect, ServiceMetadata
from registry.smp.documents.busdox import write_service_metadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document, verify_document
from tests.simulators.authorities import NOW, Authority
from tests.simulators.network import BILLING, INVOICE, PARTICIPANT, Network
from trust_lists.certificates.parsing import fingerprint, subject_text

OTHER_PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "0088:9999999999999")
ORDER = DocumentTypeIdentifier("busdox-docid-qns", "urn:x::Order##urn:order::2.1")
ORDERING = ProcessIdentifier("cenbii-procid-ubl", "urn:ordering")


def refused(
    network: Network,
    kind: type[DiscoveryError],
    reason_id: str,
    document_type: DocumentTypeIdentifier | None = INVOICE,
    process: ProcessIdentifier | None = None,
    transport: str | None = None,
) -> DiscoveryError:
    """The lookup ends with this kind of no; its last step is the failing one."""
    with pytest.raises(kind) as caught:
        network.client().resolve(PARTICIPANT, document_type, process, transport)
    assert caught.value.reason_id == reason_id
    assert caught.value.explanation.steps[-1].outcome is Outcome.FAILED
    return caught.value


def found(network: Network, document_type: DocumentTypeIdentifier | None = INVOICE) -> Resolution:
    return network.client().resolve(PARTICIPANT, document_type)


# --- what is found ---


def test_an_endpoint_is_found_with_its_certificate_and_every_step(network: Network) -> None:
    resolution = network.client().resolve(PARTICIPANT, INVOICE, BILLING)
    assert resolution.endpoint.address == "https://ap.test/as4"
    assert fingerprint(resolution.certificate) == fingerprint(network.access_point.certificate)
    assert resolution.smp_url == "https://smp.test/root/"
    assert resolution.process == BILLING
    assert resolution.service_group is None
    assert [decision.role for decision in resolution.decisions] == ["smp-sign", "ap-encrypt"]
    assert [step.step for step in resolution.explanation.steps] == [
        *["name", "dns", "smp", "metadata", "signature", "trust-smp-sign", "identifiers"],
        *["process", "endpoint", "certificate", "trust-ap-encrypt"],
    ]
    assert {step.outcome for step in resolution.explanation.steps} == {Outcome.OK}
    assert resolution.warnings == ()


def test_the_url_keeps_the_path_of_the_smp_and_encodes_each_segment(network: Network) -> None:
    found(network)
    (url,) = network.asked
    assert url == (
        "https://smp.test/root/iso6523-actorid-upis%3A%3A0088%3A4035811991021/services/"
        "busdox-docid-qns%3A%3Aurn%3Aoasis%3Anames%3Aspecification%3Aubl%3Aschema%3Axsd%3AInvoice-2"
        "%3A%3AInvoice%23%23urn%3Acen.eu%3Aen16931%3A2017%3A%3A2.1"
    )


def test_a_participant_is_found_whatever_its_case() -> None:
    network = Network()
    upper = ParticipantIdentifier(PARTICIPANT.scheme, "9915:ABC")
    lower = ParticipantIdentifier(PARTICIPANT.scheme, "9915:abc")
    network.register(lower, network.smp.base_url)
    url = network.smp.metadata_url(upper, INVOICE)
    network.replace(url, network.smp.signed(network.metadata(participant=lower)))
    assert network.client().resolve(upper, INVOICE).metadata.participant == lower


def test_without_a_document_type_the_first_that_works_is_taken(network: Network) -> None:
    expired = network.endpoint(expiration=NOW - timedelta(days=1))
    network.smp.publish(network.metadata(expired, document_type=ORDER))
    last = DocumentTypeIdentifier("busdox-docid-qns", "urn:z::Last##urn:z::1")
    network.smp.publish_group(PARTICIPANT, last, ORDER, INVOICE)
    resolution = found(network, None)
    assert resolution.metadata.document_type == INVOICE
    assert resolution.service_group is not None
    assert len(resolution.service_group.document_types) == 3
    tried = [step.detail for step in resolution.explanation.steps if step.step == "document-type"]
    assert len(tried) == 1
    assert "number 1 of 3" in tried[0]
    assert str(INVOICE) in tried[0]


def test_a_document_type_without_a_usable_endpoint_is_passed_over(network: Network) -> None:
    first = DocumentTypeIdentifier("busdox-docid-qns", "a::A##a::1")
    network.smp.publish(network.metadata(network.endpoint("mailto:x@y.test"), document_type=first))
    network.smp.publish_group(PARTICIPANT, first, INVOICE)
    assert found(network, None).metadata.document_type == INVOICE


def test_only_so_many_document_types_are_tried(network: Network) -> None:
    expired = network.endpoint(expiration=NOW)
    types = [DocumentTypeIdentifier("busdox-docid-qns", f"a::A{number:03}##a::1") for number in range(30)]
    for document_type in types:
        network.smp.publish(network.metadata(expired, document_type=document_type))
    network.smp.publish_group(PARTICIPANT, *types)
    with pytest.raises(NoMatchingServiceError, match="30 document types"):
        found(network, None)
    assert len(network.asked) == 1 + MAX_DOCUMENT_TYPES


def test_a_participant_that_receives_nothing_has_no_matching_service(network: Network) -> None:
    network.smp.publish_group(PARTICIPANT)
    with pytest.raises(NoMatchingServiceError):
        found(network, None)


def wildcard(customization: str) -> DocumentTypeIdentifier:
    return DocumentTypeIdentifier("peppol-doctype-wildcard", f"urn:x::Invoice##{customization}::2.1")


def test_a_wildcard_of_the_group_is_used_when_the_exact_document_type_is_missing(network: Network) -> None:
    for offered in (wildcard("a*"), wildcard("a@b*")):
        network.smp.publish(network.metadata(document_type=offered))
    network.smp.publish_group(PARTICIPANT, wildcard("a*"), wildcard("a@b*"))
    resolution = found(network, wildcard("a@b@c"))
    assert resolution.metadata.document_type == wildcard("a@b*")
    steps = [step.step for step in resolution.explanation.steps]
    assert steps[3:6] == ["metadata", "service-group", "document-type"]


def test_the_exact_document_type_wins_without_a_look_at_the_group(network: Network) -> None:
    network.smp.publish(network.metadata(document_type=wildcard("a@b")))
    network.smp.publish_group(PARTICIPANT, wildcard("a*"), wildcard("a@b"))
    assert found(network, wildcard("a@b")).metadata.document_type == wildcard("a@b")
    assert len(network.asked) == 1


def test_the_process_that_was_asked_for_is_taken(network: Network) -> None:
    groups = tuple(
        ProcessMetadata((Process(process),), (network.endpoint(f"https://ap.test/{number}"),))
        for number, process in enumerate((BILLING, ORDERING))
    )
    network.smp.publish(ServiceMetadata(PARTICIPANT, INVOICE, groups))
    client = network.client()
    assert client.resolve(PARTICIPANT, INVOICE, ORDERING).endpoint.address == "https://ap.test/1"
    assert client.resolve(PARTICIPANT, INVOICE).process == BILLING


def test_one_client_may_be_used_by_several_threads(network: Network) -> None:
    client = network.client()
    addresses: list[str] = []
    threads = [
        threading.Thread(target=lambda: addresses.append(client.resolve(PARTICIPANT, INVOICE).endpoint.address))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert addresses == ["https://ap.test/as4"] * 8


# --- not registered ---


def test_a_name_that_isn_t_in_dns_is_not_registered() -> None:
    network = Network()
    network.name_server.rrsets.clear()
    error = refused(network, NotRegisteredError, "dns-nxdomain")
    assert [step.step for step in error.explanation.steps] == ["name", "dns"]


def test_a_participant_that_its_smp_does_not_know_is_not_registered() -> None:
    error = refused(Network(), NotRegisteredError, "smp-participant-unknown")
    assert "HTTP 404" in str(error)


def test_an_identifier_that_dns_can_t_hold_is_an_error_of_the_caller(network: Network) -> None:
    with pytest.raises(ValidationError):
        network.client().resolve(ParticipantIdentifier("no label!", "1"), INVOICE)


def test_an_identifier_against_policy_is_looked_up_with_a_warning() -> None:
    network = Network()
    network.configure({"identifiers": {"strict": True}})
    odd = ParticipantIdentifier("iso6523-actorid-upis", "no-icd")
    network.register(odd, network.smp.base_url)
    network.smp.publish(network.metadata(participant=odd))
    resolution = network.client().resolve(odd, INVOICE)
    assert len(resolution.warnings) == 1
    assert "PARTICIPANT-FORM" in resolution.warnings[0]


# --- no matching service ---


def test_a_document_type_that_isn_t_offered_names_those_that_are(network: Network) -> None:
    error = refused(network, NoMatchingServiceError, "document-type-not-offered", ORDER)
    assert str(INVOICE) in str(error)


def test_a_process_that_isn_t_offered_names_those_that_are(network: Network) -> None:
    error = refused(network, NoMatchingServiceError, "process-not-offered", process=ORDERING)
    assert str(BILLING) in str(error)


def test_a_transport_profile_that_isn_t_offered_is_no_matching_service(network: Network) -> None:
    refused(network, NoMatchingServiceError, "no-usable-endpoint", transport="busdox-transport-as2-ver1p0")


@pytest.mark.parametrize(
    ("dates", "why"),
    [
        ({"expiration": NOW}, "expired on 2026-11-20"),
        ({"activation": NOW + timedelta(seconds=1)}, "active only from 2026-11-20"),
    ],
)
def test_an_endpoint_outside_its_dates_is_ignored(network: Network, dates: dict[str, datetime], why: str) -> None:
    network.smp.publish(
        network.metadata(network.endpoint(activation=dates.get("activation"), expiration=dates.get("expiration")))
    )
    error = refused(network, NoMatchingServiceError, "no-usable-endpoint")
    assert why in str(error)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://smp.test/", "https://user@smp.test/"])
def test_a_naptr_record_that_leads_elsewhere_than_to_a_web_server_is_not_followed(url: str) -> None:
    network = Network()
    network.name_server.rrsets.clear()
    network.register(PARTICIPANT, url)
    refused(network, NoMatchingServiceError, "naptr-none-usable")
    assert network.asked == []


def test_a_network_with_https_only_does_not_follow_http() -> None:
    network = Network()
    network.configure({"sml": {"url_schemes": ["https"]}})
    network.name_server.rrsets.clear()
    network.register(PARTICIPANT, "http://smp.test/")
    refused(network, NoMatchingServiceError, "naptr-none-usable")


# --- technical failures ---


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_name_server_that_fails_is_a_technical_failure(network: Network, rcode: dns.rcode.Rcode) -> None:
    network.name_server.rcode = rcode
    refused(network, TechnicalFailureError, "dns-server-failure")


def test_an_smp_that_is_down_is_a_technical_failure(network: Network) -> None:
    network.down.add("https://smp.test")
    refused(network, TechnicalFailureError, "http-failure")


@pytest.mark.parametrize("status", [204, 400, 401, 403, 410, 429, 500, 503])
def test_any_other_status_than_200_and_404_is_a_technical_failure(network: Network, status: int) -> None:
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), b"<html/>", status)
    refused(network, TechnicalFailureError, "http-status")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_http_redirect_is_not_followed(network: Network, status: int) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    network.replace(url, status=status, location="https://elsewhere.test/")
    error = refused(network, TechnicalFailureError, "http-redirect")
    assert "https://elsewhere.test/" in str(error)
    assert network.asked == [url]


def test_a_document_that_ends_too_early_is_a_technical_failure(network: Network) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    network.replace(url, network.responses[url].body[:-100])
    refused(network, TechnicalFailureError, "smp-malformed")


@pytest.mark.parametrize("body", [b"", b"<html><body>Welcome</body></html>", b"{}", b"<a>" * 200 + b"</a>" * 200])
def test_something_else_than_metadata_is_a_technical_failure(network: Network, body: bytes) -> None:
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), body)
    refused(network, TechnicalFailureError, "smp-malformed")


def test_a_document_type_declaration_is_refused(network: Network) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + network.responses[url].body.partition(b"?>")[2]
    network.replace(url, bomb)
    refused(network, TechnicalFailureError, "smp-malformed")


def test_a_huge_document_is_refused(network: Network) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    network.replace(url, network.responses[url].body + b" " * 2_000_000)
    refused(network, TechnicalFailureError, "smp-malformed")


def test_a_group_where_metadata_belong_is_a_failure(network: Network) -> None:
    group = network.responses[network.smp.group_url(PARTICIPANT)].body
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), group)
    refused(network, NotTrustedError, "signature-root")


def test_metadata_where_a_group_belongs_are_a_technical_failure(network: Network) -> None:
    network.replace(network.smp.group_url(PARTICIPANT), network.smp.signed(network.metadata()))
    refused(network, TechnicalFailureError, "smp-wrong-document", None)


def test_a_group_that_lists_what_the_smp_does_not_have_is_a_technical_failure(network: Network) -> None:
    network.smp.publish_group(PARTICIPANT, INVOICE, ORDER)
    refused(network, TechnicalFailureError, "smp-inconsistent", ORDER)


def test_a_listed_document_type_without_metadata_is_a_technical_failure(network: Network) -> None:
    network.smp.publish_group(PARTICIPANT, DocumentTypeIdentifier("busdox-docid-qns", "a::A##a::1"))
    with pytest.raises(TechnicalFailureError) as caught:
        found(network, None)
    assert caught.value.reason_id == "smp-inconsistent"


def test_a_group_that_can_t_be_read_is_a_technical_failure(network: Network) -> None:
    network.replace(network.smp.group_url(PARTICIPANT), b"<ServiceGroup/>")
    refused(network, TechnicalFailureError, "smp-malformed", None)


# --- not trusted ---


def test_a_tampered_document_is_not_trusted(network: Network) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    network.replace(url, network.responses[url].body.replace(b"https://ap.test/as4", b"https://evil.test/as"))
    refused(network, NotTrustedError, "signature-digest-mismatch")


def test_a_document_without_signature_is_not_trusted(network: Network) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    body = network.responses[url].body
    start, end = body.index(b"<ds:Signature"), body.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    network.replace(url, body[:start] + body[end:])
    refused(network, NotTrustedError, "signature-no-signature")


def test_a_signed_document_wrapped_into_another_is_not_trusted(network: Network) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    signed = network.responses[url].body.partition(b"?>")[2]
    evil = network.smp.signed(network.metadata(network.endpoint("https://evil.test/as4"))).partition(b"?>")[2]
    shell = evil[: evil.index(b"<ds:Signature")] + signed + b"</smp:SignedServiceMetadata>"
    network.replace(url, shell)
    with pytest.raises((NotTrustedError, TechnicalFailureError)):
        found(network)


def test_a_signer_of_another_authority_is_not_trusted(network: Network) -> None:
    stranger = network.add_smp(network.smp.base_url, Authority("Test Root").issue("SMP-1"))
    stranger.publish(network.metadata())
    refused(network, NotTrustedError, "untrusted-smp-sign")


def test_a_signer_whose_certificate_has_expired_is_not_trusted(network: Network) -> None:
    key = network.authority.issue("SMP-1", expires=NOW - timedelta(seconds=1))
    network.add_smp(network.smp.base_url, key).publish(network.metadata())
    refused(network, NotTrustedError, "untrusted-smp-sign")


def test_a_domain_without_anchors_trusts_nobody(network: Network) -> None:
    network.configure({"trust": {"smp-sign": {}}})
    refused(network, NotTrustedError, "untrusted-smp-sign")


def test_a_certificate_that_expires_soon_is_a_warning(network: Network) -> None:
    key = network.authority.issue("SMP-1", expires=NOW + timedelta(days=1))
    network.add_smp(network.smp.base_url, key).publish(network.metadata())
    (warning,) = found(network).warnings
    assert "expires on 2026-11-21" in warning


def test_a_domain_that_only_warns_about_signers_goes_on_with_a_warning(network: Network) -> None:
    settings = {"anchors": [Authority("Another").pem], "on_untrusted": "warn"}
    network.configure({"trust": {"smp-sign": settings, "ap-encrypt": settings}})
    resolution = found(network)
    assert len(resolution.warnings) == 2
    assert "not trusted in the role smp-sign" in resolution.warnings[0]
    assert "not trusted in the role ap-encrypt" in resolution.warnings[1]
    assert not any(decision.accepted for decision in resolution.decisions)


def test_another_participant_s_document_is_not_trusted(network: Network) -> None:
    other = network.smp.signed(network.metadata(participant=OTHER_PARTICIPANT))
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), other)
    error = refused(network, NotTrustedError, "identifiers-differ")
    assert str(OTHER_PARTICIPANT) in str(error)


def test_another_document_type_s_document_is_not_trusted(network: Network) -> None:
    other = network.smp.signed(network.metadata(document_type=ORDER))
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), other)
    refused(network, NotTrustedError, "identifiers-differ")


def test_a_document_type_in_other_letter_case_is_another_one(network: Network) -> None:
    upper = replace(INVOICE, value=INVOICE.value.upper())
    other = network.smp.signed(network.metadata(document_type=upper))
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), other)
    refused(network, NotTrustedError, "identifiers-differ")


def test_another_participant_s_group_is_not_trusted(network: Network) -> None:
    other = network.smp.publish_group(OTHER_PARTICIPANT, INVOICE)
    network.responses[network.smp.group_url(PARTICIPANT)] = network.responses[other]
    refused(network, NotTrustedError, "identifiers-differ", None)


def test_an_endpoint_certificate_of_another_authority_is_not_trusted(network: Network) -> None:
    network.access_point = Authority("Another").issue("AP-1")
    network.smp.publish(network.metadata())
    error = refused(network, NotTrustedError, "untrusted-ap-encrypt")
    assert error.explanation.steps[-1].step == "trust-ap-encrypt"


@pytest.mark.parametrize(
    ("certificates", "reason_id"),
    [
        ((), "endpoint-certificate-missing"),
        ((EndpointCertificate(b"0\x03\x02\x01\x01"),), "endpoint-certificate-unreadable"),
    ],
)
def test_an_endpoint_without_a_certificate_that_can_be_read_is_not_trusted(
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
    certificates: tuple[EndpointCertificate, ...],
    reason_id: str,
) -> None:
    # The busdox reader refuses such documents; the model, and so other dialects, allow them.
    verified = verify_document(network.smp.signed(network.metadata()))
    metadata = network.metadata(network.endpoint(certificates=certificates))
    verified = replace(verified, parsed=replace(verified.parsed, metadata=metadata))
    monkeypatch.setattr(smp_reader, "verify_document", lambda body, dialect, profile: verified)
    refused(network, NotTrustedError, reason_id)


def test_a_signed_document_with_a_broken_certificate_can_t_be_read(network: Network) -> None:
    der = network.access_point.certificate.public_bytes(Encoding.DER)
    broken = network.endpoint(certificates=(EndpointCertificate(der[:-40]),))
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), network.smp.signed(network.metadata(broken)))
    refused(network, TechnicalFailureError, "smp-malformed")


def test_a_document_type_that_is_not_trusted_is_not_passed_over(network: Network) -> None:
    first = DocumentTypeIdentifier("busdox-docid-qns", "a::A##a::1")
    stranger = network.add_smp(network.smp.base_url, Authority("Another").issue("SMP-1"))
    stranger.publish(network.metadata(document_type=first))
    network.smp.publish_group(PARTICIPANT, first, INVOICE)
    refused(network, NotTrustedError, "untrusted-smp-sign", None)


# --- redirects ---


@pytest.fixture
def redirecting(network: Network) -> Network:
    """The participant's metadata live at a second SMP of the same authority."""
    second = network.add_smp("https://second.test", network.authority.issue("SMP-2"))
    target = second.publish(network.metadata(network.endpoint("https://ap2.test/as4")))
    network.smp.publish_redirect(PARTICIPANT, INVOICE, target, subject_text(second.key.certificate))
    return network


TARGET = (
    "https://second.test/iso6523-actorid-upis%3A%3A0088%3A4035811991021/services/busdox-docid-qns%3A%3A"
    "urn%3Aoasis%3Anames%3Aspecification%3Aubl%3Aschema%3Axsd%3AInvoice-2%3A%3AInvoice%23%23"
    "urn%3Acen.eu%3Aen16931%3A2017%3A%3A2.1"
)


def test_one_redirect_is_followed_and_both_signers_are_decided_on(redirecting: Network) -> None:
    resolution = found(redirecting)
    assert resolution.endpoint.address == "https://ap2.test/as4"
    assert [decision.role for decision in resolution.decisions] == ["smp-sign", "smp-sign", "ap-encrypt"]
    assert redirecting.asked[-1] == TARGET
    assert resolution.warnings == ()


def test_the_certificate_of_the_target_is_compared_part_by_part(redirecting: Network) -> None:
    uid = "C=BE, O=Testers\\, Inc. , CN=smp-2"
    redirecting.smp.publish_redirect(PARTICIPANT, INVOICE, TARGET, uid)
    assert found(redirecting).endpoint.address == "https://ap2.test/as4"


def test_a_target_that_another_certificate_has_signed_is_not_trusted(redirecting: Network) -> None:
    redirecting.smp.publish_redirect(PARTICIPANT, INVOICE, TARGET, "CN=SMP-3,O=Testers\\, Inc.,C=BE")
    refused(redirecting, NotTrustedError, "redirect-certificate")


def test_a_redirect_to_another_authority_s_smp_is_not_trusted(redirecting: Network) -> None:
    stranger = redirecting.add_smp("https://second.test", Authority("Another").issue("SMP-2"))
    stranger.publish(redirecting.metadata())
    refused(redirecting, NotTrustedError, "untrusted-smp-sign")


def test_a_redirect_by_an_untrusted_signer_is_not_even_followed(redirecting: Network) -> None:
    stranger = redirecting.add_smp(redirecting.smp.base_url, Authority("Another").issue("SMP-1"))
    url = stranger.publish_redirect(PARTICIPANT, INVOICE, TARGET, "CN=SMP-2,O=Testers\\, Inc.,C=BE")
    refused(redirecting, NotTrustedError, "untrusted-smp-sign")
    assert redirecting.asked == [url]


def test_a_redirect_that_names_no_certificate_is_a_warning(redirecting: Network) -> None:
    redirect = ProcessMetadata(redirect=Redirect(TARGET, "CN=to be removed"))
    unsigned = write_service_metadata(ServiceMetadata(PARTICIPANT, INVOICE, (redirect,)))
    body = sign_document(unsigned.replace(b"CN=to be removed", b""), redirecting.smp.key, BUSDOX)
    redirecting.replace(redirecting.smp.metadata_url(PARTICIPANT, INVOICE), body)
    (warning,) = found(redirecting).warnings
    assert "CertificateUID" in warning


def test_a_second_redirect_is_refused(redirecting: Network) -> None:
    second = redirecting.add_smp("https://second.test", redirecting.authority.issue("SMP-2"))
    second.publish_redirect(PARTICIPANT, INVOICE, TARGET, subject_text(second.key.certificate))
    refused(redirecting, TechnicalFailureError, "redirect-twice")
    assert len(redirecting.asked) == 2


def test_a_redirect_to_nothing_is_no_matching_service(redirecting: Network) -> None:
    del redirecting.responses[TARGET]
    with pytest.raises(NoMatchingServiceError) as caught:
        found(redirecting)
    assert caught.value.reason_id == "redirect-target-unknown"


def test_a_redirect_to_something_else_than_a_web_server_is_not_followed(redirecting: Network) -> None:
    href = TARGET.replace("https:", "ftp:")
    redirecting.smp.publish_redirect(PARTICIPANT, INVOICE, href, "CN=SMP-2")
    refused(redirecting, TechnicalFailureError, "redirect-url")
    assert len(redirecting.asked) == 1


def test_a_target_about_somebody_else_is_not_trusted(redirecting: Network) -> None:
    second = redirecting.add_smp("https://second.test", redirecting.authority.issue("SMP-2"))
    redirecting.replace(TARGET, second.signed(redirecting.metadata(participant=OTHER_PARTICIPANT)))
    refused(redirecting, NotTrustedError, "identifiers-differ")


# --- the record ---


def test_a_failing_lookup_keeps_the_steps_so_far(network: Network) -> None:
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), b"x", 500)
    error = refused(network, TechnicalFailureError, "http-status")
    assert [step.step for step in error.explanation.steps] == ["name", "dns", "smp", "metadata"]
    assert error.explanation.steps[-1].detail == str(error)


def test_what_strangers_write_can_t_move_the_cursor(network: Network) -> None:
    network.replace(network.smp.metadata_url(PARTICIPANT, INVOICE), status=302, location="\x1b[2J\x9b1A\n")
    error = refused(network, TechnicalFailureError, "http-redirect")
    assert str(error).isprintable()
    assert all(step.detail.isprintable() for step in error.explanation.steps)
