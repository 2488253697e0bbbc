# SPDX-License-Identifier: Apache-2.0
"""The whole product in one process: what is published is found, and what is withdrawn is not."""

import httpx2
import pytest

from registry.demo.content import INVOICE, demo_metadata
from registry.discovery.errors import NotRegisteredError
from registry.identifiers.url_form import participant_path
from tests.simulators.live import ACTOR, LiveInstance


def test_published_participant_is_found_and_withdrawn_one_is_not(live: LiveInstance) -> None:
    metadata = demo_metadata(live.pki.access_points)[0]
    live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
    live.wait_for_dns()
    with live.lookup_client() as client:
        found = client.resolve(metadata.participant, metadata.document_type)
        assert found.endpoint.address == metadata.process_metadata[0].endpoints[0].address

        live.instance.publishing.delete_service_group(ACTOR, live.stored, metadata.participant)
        live.wait_for_dns()
        with pytest.raises(NotRegisteredError):
            client.resolve(metadata.participant, INVOICE)


def test_health_says_what_a_domain_has(live: LiveInstance) -> None:
    answer = httpx2.get(f"{live.addresses.manage}/api/v1/health")
    assert answer.status_code == 200
    (domain,) = answer.json()["domains"]
    assert domain["lacks"] == []
    assert domain["zone"] == "sml.test"


def test_unknown_participant_is_404_without_a_body_that_is_xml(live: LiveInstance) -> None:
    metadata = demo_metadata(live.pki.access_points)[0]
    answer = httpx2.get(live.addresses.public + participant_path(metadata.participant))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_renewed_certificate_is_shown_without_a_restart(live: LiveInstance) -> None:
    import socket
    import ssl

    from registry.clock import system_clock
    from registry.demo.pki import build_demo_pki

    host, port = live.addresses.sml.removeprefix("https://").split(":")

    def shown() -> bytes | None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain) as connection:
            return connection.getpeercert(binary_form=True)

    before = shown()
    build_demo_pki(system_clock()).write(live.settings.data_dir / "pki")
    live.loop.call_soon_threadsafe(live.serving.reload_certificates)
    live.wait_for_dns()  # the loop has done the other thing before this one
    assert shown() != before

    live.files.tls_key.write_text("no key")
    live.loop.call_soon_threadsafe(live.serving.reload_certificates)
    live.wait_for_dns()
    assert shown() is not None, "a bad file leaves the old one in place"


def test_management_listener_reads_a_domain_by_its_name_as_well(live: LiveInstance) -> None:
    metadata = demo_metadata(live.pki.access_points)[0]
    live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
    path = participant_path(metadata.participant)
    public = httpx2.get(live.addresses.public + path)
    named = httpx2.get(f"{live.addresses.manage}/domains/demo{path}")
    assert (named.status_code, named.content) == (200, public.content)
    unknown = httpx2.get(f"{live.addresses.manage}/domains/other{path}")
    assert unknown.status_code == 404
    assert "www-authenticate" not in unknown.headers


def test_refusal_does_not_repeat_an_endless_identifier(live: LiveInstance) -> None:
    answer = httpx2.get(f"{live.addresses.public}/iso6523-actorid-upis::0088:{'1' * 10_000}")
    assert answer.status_code == 404
    assert len(answer.content) < 1_000
