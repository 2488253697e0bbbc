# SPDX-License-Identifier: Apache-2.0
"""A domain that is changed while it runs: its documents and its DNS records follow, or the change is refused."""

from dataclasses import replace

import httpx2
import pytest
from dns import message, query, rdatatype

from registry.app.domain_setup import change_domain, changed_domain
from registry.demo.content import demo_metadata
from registry.errors import ConfigurationError, ConflictError, ValidationError
from registry.identifiers.dns_names import participant_name
from registry.identifiers.url_form import service_path
from registry.metadata import ServiceMetadata
from tests.simulators.live import ACTOR, LiveInstance


@pytest.fixture
def published(live: LiveInstance) -> ServiceMetadata:
    metadata = demo_metadata(live.pki.access_points)[0]
    live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
    live.wait_for_dns()
    return metadata


def services(live: LiveInstance, metadata: ServiceMetadata) -> list[str]:
    host, _, port = live.addresses.dns.rpartition(":")
    name = participant_name(metadata.participant, live.stored.domain.dns.zone)
    answer = query.udp(message.make_query(name, "NAPTR"), host, port=int(port), timeout=5)
    records = [record for rrset in answer.answer for record in rrset if record.rdtype == rdatatype.NAPTR]
    return [record.service.decode() for record in sorted(records, key=lambda record: record.preference)]


def change(live: LiveInstance, **settings: object) -> None:
    change_domain(live.instance, ACTOR, "demo", settings)
    live.run(live.serving.refresh())
    live.wait_for_dns()


def test_records_of_all_participants_follow_the_naptr_services(live: LiveInstance, published: ServiceMetadata) -> None:
    change(live, dns={"naptr_services": ["oasis-bdxr-smp-2", "Meta:SMP"]}, smp={"dialects": ["busdox", "bdxr2"]})
    assert services(live, published) == ["oasis-bdxr-smp-2", "Meta:SMP"]
    live.instance.publishing.delete_service_group(ACTOR, live.instance.directory.get("demo"), published.participant)
    live.wait_for_dns()
    assert services(live, published) == []


def test_participants_stay_registered_when_the_first_service_changes(
    live: LiveInstance, published: ServiceMetadata
) -> None:
    change(live, dns={"naptr_services": ["ERACUN:meta"]})
    stored = live.instance.directory.get("demo")
    again = live.instance.publishing.put_service_metadata(ACTOR, stored, published)
    assert again.outcome.value == "unchanged"
    assert services(live, published) == ["ERACUN:meta"]


@pytest.mark.parametrize("names", [{"zone": "other.test"}, {"name_form": {"scheme_as_label": False}}])
def test_names_of_registered_participants_can_not_change(
    live: LiveInstance, published: ServiceMetadata, names: dict[str, object]
) -> None:
    with pytest.raises(ConflictError):
        change_domain(live.instance, ACTOR, "demo", {"dns": names})
    assert services(live, published) == ["Meta:SMP"]


def test_what_a_new_dialect_can_not_say_is_said_and_the_old_one_goes_on(
    live: LiveInstance, published: ServiceMetadata
) -> None:
    (group,) = published.process_metadata
    endpoint = replace(group.endpoints[0], minimum_authentication_level="urn:epSOS:loa:1")
    leveled = replace(published, process_metadata=(replace(group, endpoints=(endpoint,)),))
    live.instance.publishing.put_service_metadata(ACTOR, live.stored, leveled)
    change(live, smp={"dialects": ["busdox", "bdxr2"]})
    path = service_path(published.participant, published.document_type)
    assert httpx2.get(live.addresses.public + path).status_code == 200
    answer = httpx2.get(live.addresses.public + "/bdxr-smp-2" + path)
    assert answer.status_code == 404
    assert "minimum authentication level" in answer.json()["detail"].lower()
    with pytest.raises(ValidationError):
        live.instance.publishing.put_service_metadata(ACTOR, live.instance.directory.get("demo"), leveled)


def test_algorithms_that_a_dialect_does_not_know_are_refused_when_the_domain_is_changed(live: LiveInstance) -> None:
    with pytest.raises(ConfigurationError, match="busdox does not allow to sign with ed25519"):
        change_domain(live.instance, ACTOR, "demo", {"smp": {"signature_algorithms": ["ed25519"]}})


def test_a_signing_key_that_no_algorithm_suits_is_refused_when_the_domain_is_changed(live: LiveInstance) -> None:
    smp = {"dialects": ["bdxr2"], "signature_algorithms": ["ecdsa-sha256"]}
    with pytest.raises(ConfigurationError, match=r"the signing key does not fit OASIS SMP 2\.0"):
        change_domain(live.instance, ACTOR, "demo", {"smp": smp})


def test_a_plan_shows_the_domain_as_it_would_be_and_changes_nothing(live: LiveInstance) -> None:
    planned = changed_domain(live.instance, "demo", {"smp": {"dialects": ["bdxr1"]}})
    live.instance.directory.refresh()
    assert planned.smp.dialects == ("bdxr1",)
    assert live.instance.directory.get("demo").domain.smp.dialects == ("busdox",)
