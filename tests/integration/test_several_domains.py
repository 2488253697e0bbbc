# SPDX-License-Identifier: Apache-2.0
"""Several domains in one running instance: each with its own base URL, links, signing key, zone and SML."""

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.demo.content import demo_metadata
from registry.demo.pki import identity_pem
from registry.discovery.client import LookupClient
from registry.discovery.fetcher import HttpFetcher
from registry.discovery.locator import DnsLocator
from registry.domains.domain import Domain
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceMetadata
from registry.smp.documents.signing import verify_document
from registry.storage.domain_directory import StoredDomain
from registry.trust import TrustModel
from tests.simulators.live import ACTOR, LiveInstance, demo_trust


def added(live: LiveInstance, name: str, base_url: str, **settings: Any) -> StoredDomain:
    """A further domain with a key of its own, taken over by the running instance."""
    own = live.pki.smp.certificate
    identity = live.pki.smp_ca.issue(
        f"SMP_{name}", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    )
    file = live.settings.data_dir / f"{name}.pem"
    file.write_bytes(identity_pem(identity))
    values = {
        "name": name,
        "default": False,
        "smp": {"base_url": base_url, "smp_id": f"SMP-{name}"},
        "dns": {"zone": f"{name}.test"},
        "trust": demo_trust(live.pki),
    } | settings
    stored = add_domain(live.instance, ACTOR, "demo", values, signing_key=SigningKeyFile(file))
    live.run(live.serving.refresh())
    return stored


@pytest.fixture
def metadata(live: LiveInstance) -> ServiceMetadata:
    return demo_metadata(live.pki.access_points)[0]


def publish(live: LiveInstance, stored: StoredDomain, metadata: ServiceMetadata) -> None:
    live.instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)


def with_address(metadata: ServiceMetadata, address: str) -> ServiceMetadata:
    (group,) = metadata.process_metadata
    endpoint = replace(group.endpoints[0], address=address)
    return replace(metadata, process_metadata=(replace(group, endpoints=(endpoint,)),))


def test_same_participant_in_two_domains_is_found_in_each_by_its_own_zone_and_path(
    live: LiveInstance, metadata: ServiceMetadata
) -> None:
    second = added(live, "second", f"{live.addresses.public}/second")
    publish(live, live.stored, with_address(metadata, "https://one.example.org/as4"))
    publish(live, second, with_address(metadata, "https://two.example.org/as4"))
    live.wait_for_dns()
    for stored, address in ((live.stored, "https://one.example.org/as4"), (second, "https://two.example.org/as4")):
        with HttpFetcher() as fetcher:
            locator = DnsLocator(live.addresses.dns)
            client = LookupClient(stored.domain, TrustModel.for_domain(stored.domain), locator, fetcher)
            found = client.resolve(metadata.participant, metadata.document_type)
            assert found.endpoint.address == address
            assert found.smp_url == stored.domain.smp.base_url


def test_each_domain_links_to_its_own_base_url_and_signs_with_its_own_key(
    live: LiveInstance, metadata: ServiceMetadata
) -> None:
    second = added(live, "second", f"{live.addresses.public}/second")
    publish(live, second, metadata)
    url = f"{live.addresses.public}/second"
    group = httpx2.get(url + participant_path(metadata.participant))
    assert f'href="{url}/'.encode() in group.content
    document = httpx2.get(url + service_path(metadata.participant, metadata.document_type))
    signer = verify_document(document.content).certificate
    assert "SMP_second" in signer.subject.rfc4514_string()
    assert httpx2.get(live.addresses.public + participant_path(metadata.participant)).status_code == 404


def test_domain_is_chosen_by_host_where_base_urls_differ_by_host_only(
    live: LiveInstance, metadata: ServiceMetadata
) -> None:
    second = added(live, "second", "http://smp.second.example")
    publish(live, second, metadata)
    path = participant_path(metadata.participant)
    by_host = httpx2.get(live.addresses.public + path, headers={"Host": "smp.second.example"})
    assert by_host.status_code == 200
    assert b'href="http://smp.second.example/' in by_host.content
    assert httpx2.get(live.addresses.public + path).status_code == 404, "the default domain does not have it"


def test_domain_that_was_added_while_running_is_served_in_dns(live: LiveInstance) -> None:
    added(live, "second", f"{live.addresses.public}/second")
    live.wait_for_dns()
    from dns import message, query

    host, _, port = live.addresses.dns.rpartition(":")
    answer = query.udp(message.make_query("second.test.", "SOA"), host, port=int(port), timeout=5)
    assert answer.rcode() == 0
    assert answer.answer


def test_sml_caller_whom_two_domains_accept_has_to_be_added_by_the_operator(live: LiveInstance) -> None:
    from registry.sml.errors import SmlError
    from registry.sml.model import Publisher

    added(live, "second", f"{live.addresses.public}/second")
    own = live.pki.smp.certificate
    identity = live.pki.smp_ca.issue(
        "SMP_THIRD", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    )
    file = live.settings.data_dir / "third.pem"
    file.write_bytes(identity_pem(identity))
    with live.sml_client(file) as client, pytest.raises(SmlError, match="demo, second"):
        client.create_publisher(Publisher("THIRD", "https://third.example.org", "1.1.1.1"))


def test_whoever_refreshes_second_returns_no_sooner_than_the_listeners_know_the_domain(
    live: LiveInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = live.serving
    preparing, go_on = threading.Event(), threading.Event()
    prepare, told = serving.instance.trust_models.prepare, list[str]()

    def slowly(domains: Iterable[Domain]) -> None:
        preparing.set()
        assert go_on.wait(20)
        prepare(domains)

    def reload() -> None:
        told.append("listeners know")

    monkeypatch.setattr(serving.instance.trust_models, "prepare", slowly)
    monkeypatch.setattr(serving, "reload_certificates", reload)
    add_domain(live.instance, ACTOR, "demo", {"name": "late", "default": False, "dns": {"zone": "late.test"}})

    async def refresh() -> None:
        await serving.refresh()
        told.append("returned")

    both = [asyncio.run_coroutine_threadsafe(refresh(), live.loop) for _ in range(2)]
    assert preparing.wait(20)
    go_on.set()
    for each in both:
        each.result(20)
    assert told == ["listeners know", "returned", "returned"]
