# SPDX-License-Identifier: Apache-2.0
"""What callers see: the kinds of "no" apart, validators, strict parameters, and DNS over HTTPS for our zones only."""

import base64
from contextlib import closing
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest
from cryptography import x509

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.resolver.breaker import FAILURES
from tests.simulators.asgi import Reply, call
from tests.simulators.authorities import Authority
from tests.simulators.network import BILLING, INVOICE, PARTICIPANT, Network
from tests.simulators.resolver import SimulatedResolver, resolver_for
from trust_lists.certificates.parsing import fingerprint, subject_text

PROBLEM = "urn:edelivery-registry:problem:"


# --- found ---


def test_the_answer_has_the_endpoint_its_certificate_and_why(resolver: SimulatedResolver) -> None:
    reply = resolver.resolve(process=str(BILLING))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    answer = reply.json()
    certificate = resolver.network.access_point.certificate
    assert answer["outcome"] == "found"
    assert answer["participant"] == str(PARTICIPANT)
    assert answer["domain"] == "demo"
    assert answer["smp_url"] == "https://smp.test/root/"
    assert answer["process"] == str(BILLING)
    assert answer["document_type"] == answer["published_as"] == str(INVOICE)
    assert answer["expires"] == "2026-11-20T12:01:00+00:00"
    endpoint = answer["endpoint"]
    assert endpoint["url"] == "https://ap.test/as4"
    assert endpoint["transport_profile"] == "peppol-transport-as4-v2_0"
    assert endpoint["certificate_sha256"] == fingerprint(certificate)
    assert endpoint["certificate_subject"] == subject_text(certificate)
    assert x509.load_pem_x509_certificate(endpoint["certificate_pem"].encode()) == certificate
    assert [decision["role"] for decision in answer["decisions"]] == ["smp-sign", "ap-encrypt"]
    assert answer["explanation"][0].keys() == {"step", "outcome", "detail", "ms"}


def test_the_explanation_can_be_left_out(resolver: SimulatedResolver) -> None:
    whole, brief = resolver.resolve(explain="1"), resolver.resolve(explain="0")
    assert {**brief.json(), "explanation": whole.json()["explanation"]} == whole.json()
    assert brief.headers["etag"] != whole.headers["etag"]
    assert brief.headers["cache-status"] == "edelivery-resolver; hit"


@pytest.mark.parametrize("explain", ["0", "1"])
def test_a_known_answer_is_not_sent_again(resolver: SimulatedResolver, explain: str) -> None:
    etag = resolver.resolve(explain=explain).headers["etag"].encode()
    query = {"participant": str(PARTICIPANT), "document_type": str(INVOICE), "explain": explain}
    reply = resolver.get("/resolve", headers=[(b"if-none-match", etag)], **query)
    assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag.decode())
    assert resolver.get("/resolve", headers=[(b"if-none-match", b'"x"')], **query).status == 200


def test_head_has_the_headers_alone(resolver: SimulatedResolver) -> None:
    query = {"participant": str(PARTICIPANT), "document_type": str(INVOICE)}
    whole = resolver.get("/resolve", **query)
    reply = resolver.get("/resolve", method="HEAD", **query)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == str(len(whole.body))


# --- the kinds of "no" ---


def no(reply: Reply, status: int, outcome: str, reason: str) -> dict[str, Any]:
    problem: dict[str, Any] = reply.json()
    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.status, problem["status"]) == (status, status)
    assert problem["type"] == PROBLEM + outcome
    assert (problem["outcome"], problem["reason"]) == (outcome, reason)
    assert problem["detail"]
    assert problem["explanation"][-1]["outcome"] == "failed"
    assert ("retry-after" in reply.headers) == (outcome == "technical-failure")
    return problem


def test_not_registered_is_404(resolver: SimulatedResolver) -> None:
    no(resolver.resolve(participant="0088:unknown"), 404, "not-registered", "dns-nxdomain")


def test_no_matching_service_is_404_of_another_type(resolver: SimulatedResolver) -> None:
    problem = no(resolver.resolve(transport="pigeon"), 404, "no-matching-service", "no-usable-endpoint")
    assert problem["title"] != resolver.resolve(participant="0088:unknown").json()["title"]


def test_not_trusted_is_502_without_a_hint_to_try_again(network: Network) -> None:
    network.add_smp(network.smp.base_url, Authority("Another").issue("SMP-1")).publish(network.metadata())
    resolver = resolver_for(network)
    with closing(resolver.lookups):
        no(resolver.resolve(), 502, "not-trusted", "untrusted-smp-sign")


def test_a_technical_failure_is_503_and_a_timeout_504(resolver: SimulatedResolver) -> None:
    resolver.network.down.add("https://smp.test")
    no(resolver.resolve(), 503, "technical-failure", "http-failure")
    resolver.network.name_server.silences = 100
    no(resolver.resolve(), 504, "technical-failure", "dns-timeout")


def test_an_open_circuit_says_when_to_come_back(resolver: SimulatedResolver) -> None:
    resolver.network.down.add("https://smp.test")
    for _ in range(FAILURES):
        resolver.resolve()
    asked = len(resolver.network.asked)
    reply = resolver.resolve()
    no(reply, 503, "technical-failure", "circuit-open")
    assert reply.headers["retry-after"] == "30"
    assert len(resolver.network.asked) == asked
    health = resolver.get("/health")
    assert (health.status, health.json()["open_circuits"]) == (200, ["smp.test"])


def test_smps_that_redirect_in_a_loop_are_asked_once_each(network: Network) -> None:
    other = network.add_smp("https://other.test", network.authority.issue("SMP-2"))
    to_other = other.metadata_url(PARTICIPANT, INVOICE)
    back = network.smp.metadata_url(PARTICIPANT, INVOICE)
    network.smp.publish_redirect(PARTICIPANT, INVOICE, to_other, subject_text(other.key.certificate))
    other.publish_redirect(PARTICIPANT, INVOICE, back, subject_text(network.smp.key.certificate))
    resolver = resolver_for(network)
    with closing(resolver.lookups):
        no(resolver.resolve(), 503, "technical-failure", "redirect-twice")
    assert network.asked == [back, to_other]


def test_http_redirects_are_not_followed(network: Network) -> None:
    url = network.smp.metadata_url(PARTICIPANT, INVOICE)
    network.replace(url, status=302, location=url)
    resolver = resolver_for(network)
    with closing(resolver.lookups):
        no(resolver.resolve(), 503, "technical-failure", "http-redirect")
    assert network.asked == [url]


# --- what is refused ---


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"participant=",
        b"participant=0088:1&participant=0088:2",
        b"participant=0088:1&Document_Type=x",
        b"participant=0088:1&explain=maybe",
        b"participant=0088:1&domain=nowhere",
        b"participant=0088:1&document_type=no-scheme",
        b"participant=0088:1&process=::",
        b"participant=%ff",
        b"participant=0088:1&" + b"x" * 5000,
        b"participant",
        b"participant=0088:" + b"1" * 3000 + b"&transport=" + b"x" * 3000,
        "participant=é".encode(),
    ],
)
def test_a_query_that_breaks_rules_is_400_and_asks_nobody(resolver: SimulatedResolver, query: bytes) -> None:
    reply = call(resolver.app, "GET", b"/resolve?" + query)
    assert reply.status == 400
    assert reply.json()["type"] == PROBLEM + "validation"
    assert resolver.network.name_server.questions == []


def test_other_paths_are_404_and_other_methods_405(resolver: SimulatedResolver) -> None:
    assert resolver.get("/").status == 404
    assert resolver.get("/resolve/x").status == 404
    reply = resolver.get("/resolve", method="POST", participant=str(PARTICIPANT))
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert resolver.get("/dns-query", method="PUT").status == 405


def test_one_of_several_domains_must_be_named(network: Network) -> None:
    resolver = resolver_for(network)
    other = network.configure({"name": "other"})
    first = network.configure()
    with closing(resolver.lookups):
        resolver.app.use([first, other])
        reply = resolver.resolve()
        assert (reply.status, reply.json()["reasons"][0]["id"]) == (400, "RESOLVER-DOMAIN")
        assert resolver.resolve(domain="other").json()["domain"] == "other"


def test_health_is_bad_where_nobody_is_trusted(network: Network) -> None:
    resolver = resolver_for(network)
    with closing(resolver.lookups):
        assert resolver.get("/health").json()["ready"] is True
        resolver.app.use(
            [network.configure({"trust": {"smp-sign": {"anchors": []}, "ap-encrypt": {"pins": ["0" * 64]}}})]
        )
        reply = resolver.get("/health")
    assert reply.status == 503
    assert reply.json()["lacks"] == ["demo: the role smp-sign has no trust anchors"]


def test_metrics_count_answers_by_outcome_and_source(resolver: SimulatedResolver) -> None:
    resolver.resolve()
    resolver.resolve()
    text = resolver.get("/metrics").body.decode()
    assert 'registry_resolver_answers_total{outcome="found",source="cache"}' in text
    assert "registry_resolver_cache_entries 1.0" in text
    assert PARTICIPANT.value not in text


# --- DNS over HTTPS ---


def wire(name: str, rdtype: str = "NAPTR", **options: Any) -> bytes:
    query = dns.message.make_query(name, rdtype, **options)
    query.id = 0
    return query.to_wire()


def post(resolver: SimulatedResolver, body: bytes, kind: bytes = b"application/dns-message") -> Reply:
    return call(resolver.app, "POST", b"/dns-query", headers=[(b"content-type", kind)], body=[body])


@pytest.fixture
def name(network: Network) -> str:
    return network.name_of(PARTICIPANT)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_dns_message_is_answered(resolver: SimulatedResolver, name: str, method: str) -> None:
    if method == "GET":
        parameter = base64.urlsafe_b64encode(wire(name)).rstrip(b"=").decode()
        reply = resolver.get("/dns-query", dns=parameter)
    else:
        reply = post(resolver, wire(name))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/dns-message")
    assert reply.headers["cache-control"] == "max-age=60"
    answer = dns.message.from_wire(reply.body)
    assert answer.id == 0
    assert answer.flags & dns.flags.QR
    assert answer.flags & dns.flags.RA
    assert [rdata.to_text() for rdata in answer.answer[0]] == ['100 10 "U" "Meta:SMP" "!.*!https://smp.test/root/!" .']
    assert answer.edns == -1


def test_the_json_form_has_the_fields_that_clients_read(resolver: SimulatedResolver, name: str) -> None:
    reply = resolver.get("/dns-query", headers=[(b"accept", b"application/dns-json")], name=name, type="NAPTR")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/dns-json")
    assert reply.headers["cache-control"] == "max-age=60"
    assert reply.json() == {
        "Status": 0,
        "TC": False,
        "RD": True,
        "RA": True,
        "AD": False,
        "CD": False,
        "Question": [{"name": f"{name}.", "type": 35}],
        "Answer": [
            {"name": f"{name}.", "type": 35, "TTL": 60, "data": '100 10 "U" "Meta:SMP" "!.*!https://smp.test/root/!" .'}
        ],
    }
    assert resolver.get("/dns-query", name=name, type="35").json() == reply.json()


def test_no_such_name_holds_for_as_long_as_the_zone_says(resolver: SimulatedResolver) -> None:
    reply = resolver.get("/dns-query", name="nobody.sml.test", type="NAPTR")
    assert reply.json()["Status"] == dns.rcode.NXDOMAIN
    assert reply.headers["cache-control"] == "max-age=60"
    assert reply.json()["Authority"][0]["type"] == 6


@pytest.mark.parametrize("name", ["example.com", "sml.test.example", "test", "."])
@pytest.mark.parametrize("rdtype", ["NAPTR", "A"])
def test_other_zones_are_refused_and_nobody_is_asked(resolver: SimulatedResolver, name: str, rdtype: str) -> None:
    reply = resolver.get("/dns-query", name=name, type=rdtype)
    assert (reply.status, reply.json()["Status"]) == (200, dns.rcode.REFUSED)
    assert reply.headers["cache-control"] == "max-age=0"
    assert dns.message.from_wire(post(resolver, wire(name, rdtype)).body).rcode() == dns.rcode.REFUSED
    assert resolver.network.name_server.questions == []


@pytest.mark.parametrize("rdtype", ["ANY", "AXFR"])
def test_transfers_and_collections_are_refused(resolver: SimulatedResolver, name: str, rdtype: str) -> None:
    assert resolver.get("/dns-query", name=name, type=rdtype).json()["Status"] == dns.rcode.REFUSED
    assert resolver.network.name_server.questions == []


def test_a_server_that_fails_is_servfail(resolver: SimulatedResolver, name: str) -> None:
    resolver.network.name_server.rcode = dns.rcode.SERVFAIL
    assert resolver.get("/dns-query", name=name, type="NAPTR").json()["Status"] == dns.rcode.SERVFAIL
    resolver.network.name_server.rcode = None
    resolver.network.name_server.silences = 1
    assert resolver.get("/dns-query", name=name, type="NAPTR").json()["Status"] == dns.rcode.SERVFAIL


def test_an_answer_that_is_cut_is_asked_for_by_tcp(resolver: SimulatedResolver, name: str) -> None:
    resolver.network.name_server.truncates = True
    assert len(resolver.get("/dns-query", name=name, type="NAPTR").json()["Answer"]) == 1
    assert resolver.network.name_server.over_tcp == [False, True]


def test_edns_is_answered_with_edns(resolver: SimulatedResolver, name: str) -> None:
    assert dns.message.from_wire(post(resolver, wire(name, use_edns=0, want_dnssec=True)).body).edns == 0


@pytest.mark.parametrize(
    "body", [b"", b"x", b"\0" * 12, b"\0" * 3000, wire("a.sml.test")[:-3], bytes([0, 0, 0x80, *wire("a.sml.test")[3:]])]
)
def test_what_is_no_question_is_refused(resolver: SimulatedResolver, body: bytes) -> None:
    reply = post(resolver, body)
    assert reply.status == (413 if len(body) > 2048 else 400)
    assert reply.headers["content-type"] == "application/problem+json"
    assert resolver.network.name_server.questions == []


@pytest.mark.parametrize("query", [{}, {"dns": "*"}, {"dns": "AAAA", "name": "x"}, {"name": "a" * 64}, {"name": ""}])
def test_parameters_that_are_no_question_are_refused(resolver: SimulatedResolver, query: dict[str, str]) -> None:
    assert resolver.get("/dns-query", **query).status == 400


@pytest.mark.parametrize("rdtype", ["NOTYPE", "99999", "-1"])
def test_an_unknown_type_is_refused(resolver: SimulatedResolver, name: str, rdtype: str) -> None:
    assert resolver.get("/dns-query", name=name, type=rdtype).status == 400


def test_another_media_type_is_415(resolver: SimulatedResolver, name: str) -> None:
    assert post(resolver, wire(name), b"text/plain").status == 415


def test_a_document_type_with_a_plus_is_percent_encoded(resolver: SimulatedResolver) -> None:
    document_type = DocumentTypeIdentifier("busdox-docid-qns", "a+b::c##d+e::2.1")
    reply = resolver.resolve(document_type=str(document_type))
    assert reply.json()["outcome"] == "no-matching-service"
    assert "a+b" in reply.json()["detail"]
