# SPDX-License-Identifier: Apache-2.0
"""A running resolver before a running registry: found over real DNS and HTTP, and what it won't ask."""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

import dns.message
import dns.query
import pytest

from registry.demo.content import demo_metadata
from registry.errors import ConfigurationError
from registry.identifiers.dns_names import participant_name
from registry.metadata import ServiceMetadata
from tests.simulators.hostile import request, send
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.live_resolver import live_resolver
from trust_lists.certificates.parsing import fingerprint


@pytest.fixture(scope="module")
def metadata(shared_live: LiveInstance) -> ServiceMetadata:
    """A published service."""
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, metadata, create_group=True)
    shared_live.wait_for_dns()
    return metadata


@pytest.fixture(scope="module")
def url(shared_live: LiveInstance, metadata: ServiceMetadata) -> Iterator[str]:
    with live_resolver(shared_live) as url:
        yield url


def fetch(url: str, path: str, context: ssl.SSLContext | None = None, **query: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    if context is None:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    else:
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=30, context=context)
    with closing(connection):
        connection.request("GET", f"{path}?{urlencode(query)}")
        reply = connection.getresponse()
        return reply.status, reply.read()


def get(url: str, path: str, **query: str) -> tuple[int, dict[str, Any]]:
    status, body = fetch(url, path, **query)
    return status, json.loads(body)


def test_a_published_participant_is_found(url: str, metadata: ServiceMetadata, shared_live: LiveInstance) -> None:
    status, answer = get(
        url, "/resolve", participant=str(metadata.participant), document_type=str(metadata.document_type)
    )
    assert status == 200
    assert answer["endpoint"]["url"] == metadata.process_metadata[0].endpoints[0].address
    assert answer["endpoint"]["certificate_sha256"] == fingerprint(shared_live.pki.access_points[0].certificate)
    assert answer["smp_url"].startswith(shared_live.addresses.public)
    assert [step["outcome"] for step in answer["explanation"]] == ["ok"] * len(answer["explanation"])


def test_the_kinds_of_no_are_told_apart(url: str, metadata: ServiceMetadata) -> None:
    who = str(metadata.participant)
    assert get(url, "/resolve", participant="0088:nobody")[1]["outcome"] == "not-registered"
    assert get(url, "/resolve", participant=who, transport="pigeon")[1]["outcome"] == "no-matching-service"


def test_smps_at_private_addresses_are_refused_unless_they_are_allowed(
    shared_live: LiveInstance, metadata: ServiceMetadata
) -> None:
    with live_resolver(shared_live, resolver_allowed_networks="10.0.0.0/8") as url:
        status, answer = get(url, "/resolve", participant=str(metadata.participant))
    assert (status, answer["outcome"], answer["reason"]) == (503, "technical-failure", "address-refused")
    assert "127.0.0.1 is loopback" in answer["detail"]


def test_many_at_a_time_get_the_same_answer(url: str, metadata: ServiceMetadata) -> None:
    found: list[Any] = []

    def ask() -> None:
        found.append(get(url, "/resolve", participant=str(metadata.participant), explain="0"))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert all(one == found[0] for one in found)
    assert found[0][0] == 200


def test_dns_over_https_says_what_dns_says(url: str, metadata: ServiceMetadata, shared_live: LiveInstance) -> None:
    domain = shared_live.stored.domain
    name = participant_name(metadata.participant, domain.dns.zone, domain.dns.name_form)
    host, _, port = shared_live.addresses.dns.rpartition(":")
    direct = dns.query.udp(dns.message.make_query(name, "NAPTR"), host, port=int(port), timeout=5)
    status, answer = get(url, "/dns-query", name=name, type="NAPTR")
    assert status == 200
    assert answer["Answer"] == [
        {"name": f"{name}.", "type": 35, "TTL": direct.answer[0].ttl, "data": direct.answer[0][0].to_text()}
    ]
    asking = [("Content-Type", "application/dns-message")]
    raw = send(url, request("POST", "/dns-query", asking, dns.message.make_query(name, "NAPTR").to_wire()))
    assert dns.message.from_wire(raw.partition(b"\r\n\r\n")[2]).answer == direct.answer


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (request("POST", "/dns-query", [("Content-Type", "application/dns-message")], b"x" * 100_000), 413),
        (request("POST", "/dns-query", [("Content-Type", "application/dns-message")], b"\xff" * 40), 400),
        (request("GET", "/resolve?participant=" + "%00" * 200), 404),
        (request("GET", "/resolve?" + "&".join(f"a{n}=1" for n in range(2000))), 400),
        (request("GET", "/resolve?participant=" + "x" * 40_000), 431),
        (request("GET", b"/resolve?participant=\xff\xfe"), 400),
        (request("DELETE", "/resolve"), 405),
        (request("GET", "/../etc/passwd"), 404),
    ],
)
def test_bad_input_is_refused_and_gives_nothing_away(url: str, raw: bytes, status: int) -> None:
    answer = send(url, raw)
    assert answer.split(b" ", 2)[1] == str(status).encode(), answer[:300]
    assert b"Traceback" not in answer
    assert b".py" not in answer


def test_one_half_of_a_tls_pair_is_a_configuration_error(shared_live: LiveInstance) -> None:
    half = live_resolver(shared_live, resolver_tls_cert=shared_live.files.tls_certificate)
    with pytest.raises(ConfigurationError, match="RESOLVER_TLS"), half:
        pass


def test_it_speaks_tls_where_it_has_a_certificate(shared_live: LiveInstance, metadata: ServiceMetadata) -> None:
    files = shared_live.files
    tls = {"resolver_tls_cert": files.tls_certificate, "resolver_tls_key": files.tls_key}
    with live_resolver(shared_live, **tls) as url:
        assert url.startswith("https://")
        status, _ = fetch(url, "/resolve", shared_live.client_context(), participant=str(metadata.participant))
    assert status == 200


def test_metrics_and_health_are_served(url: str) -> None:
    assert b"registry_resolver_answers_total" in fetch(url, "/metrics")[1]
    assert get(url, "/health")[1]["ready"] is True
