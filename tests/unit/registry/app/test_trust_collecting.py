# SPDX-License-Identifier: Apache-2.0
"""Evidence is collected for whatever certificates a domain holds, and counts from the next decision on."""

from dataclasses import replace
from typing import Any

import pytest

import trust_lists.sources.collecting
from registry.app import trust_collecting
from registry.app.domain_setup import change_domain
from registry.app.instance import Instance
from registry.app.resolving import Resolving, fixed
from registry.app.trust_collecting import FILES, collect_evidence
from registry.app.trust_models import trust_folder
from registry.demo.content import demo_metadata
from registry.errors import TechnicalError, ValidationError
from registry.metadata import EndpointCertificate, ServiceMetadata
from registry.settings import load_settings
from tests.simulators.certificate_chains import NOW
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.evidence_world import EvidenceWorld
from tests.simulators.offline import ACTOR, OfflineInstance
from trust_lists.evaluation.trust_configuration import to_json
from trust_lists.sources.collecting import CollectReport
from trust_lists.sources.evidence import evidence_folder
from trust_lists.sources.evidence_manifest import Kind


@pytest.fixture
def world(offline: OfflineInstance) -> EvidenceWorld:
    """The domain asks about revocation, and warns; it holds the certificate of an access point of this world."""
    world = EvidenceWorld()

    def for_access_points(tree: dict[str, Any]) -> None:
        tree["roles"] |= {
            "ap-encrypt": tree["roles"]["ap-sign"],
            "smp-metadata": {"endpoint_certificate": "hint"},
        }

    offline.clock.now = NOW
    trust = {"configuration": to_json(world.configuration(for_access_points))}
    use(offline, {"trust": trust, "endpoint_certificates": "warn"})
    publish(offline, world)
    use(offline, {"endpoint_certificates": "refuse"})
    return world


def use(offline: OfflineInstance, settings: dict[str, Any]) -> None:
    offline.stored = change_domain(offline.instance, ACTOR, "demo", settings)


def publish(offline: OfflineInstance, world: EvidenceWorld, number: int = 0) -> None:
    said: ServiceMetadata = demo_metadata(offline.pki.access_points)[number]
    (group,) = said.process_metadata
    endpoint = replace(group.endpoints[0], certificates=(EndpointCertificate(world.leaf.der),))
    said = replace(said, process_metadata=(replace(group, endpoints=(endpoint,)),))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, said, create_group=True)


def collect(offline: OfflineInstance, world: EvidenceWorld) -> CollectReport:
    return collect_evidence(offline.instance, offline.stored, offline.folder, world)


def test_what_the_domain_holds_is_asked_about_and_the_answer_counts(
    offline: OfflineInstance, world: EvidenceWorld
) -> None:
    with pytest.raises(ValidationError, match="no path leads from its issuer"):
        publish(offline, world, 1)
    report = collect(offline, world)
    assert {url for _kind, url in world.asked} >= {world.at("issuing.crl"), world.at("issuing.p7c")}
    publish(offline, world, 1)
    model = offline.instance.trust_models.of(offline.stored.domain)
    assert model.evidence.digest == report.snapshot
    assert offline.instance.trust_models.collected_at(offline.stored.domain) == offline.clock.now
    world.revoked.append(world.leaf)
    world.publish()
    collect(offline, world)
    with pytest.raises(ValidationError, match="REVOKED"):
        publish(offline, world, 2)


def test_evidence_counts_in_other_processes_too(offline: OfflineInstance, world: EvidenceWorld) -> None:
    settings = load_settings(data_dir=offline.folder, database_url=str(offline.instance.database.url))
    with Instance.open(settings, offline.clock) as other:
        stored = other.directory.get("demo")
        assert other.trust_models.of(stored.domain).evidence.digest == ""
        report = collect(offline, world)
        assert other.trust_models.of(stored.domain).evidence.digest == report.snapshot


@pytest.mark.parametrize(("excess", "expected"), [(0, {"fetched"}), (1, {"failed"})], ids=["large", "too large"])
def test_a_file_that_is_too_large_is_refused_and_not_cut(
    offline: OfflineInstance, world: EvidenceWorld, monkeypatch: pytest.MonkeyPatch, excess: int, expected: set[str]
) -> None:
    data = b'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:x"/>'
    for module in (trust_collecting, trust_lists.sources.collecting):
        monkeypatch.setattr(module, "MAX_LIST_BYTES", len(data))
    source = {
        "id": "own",
        "location": {"file": "metadata.xml"},
        "signers": [{"sha256": "ab" * 32}],
        "entities": "any",
        "uses": ["signing"],
        "max_age": "any",
        "on_expired": "reject",
    }
    trusted = world.configuration(lambda tree: tree["stores"].update(saml_metadata=[source]))
    monkeypatch.setattr(trust_collecting, "configuration_of", lambda _domain: trusted)
    files = trust_folder(offline.folder, "demo") / FILES
    files.mkdir(parents=True)
    (files / "metadata.xml").write_bytes(data + b" " * excess)
    report = collect(offline, world)
    assert {each.state.value for each in report.manifest.attempts if each.kind is Kind.SAML_METADATA} == expected


def test_while_another_process_collects_nothing_is_done(offline: OfflineInstance, world: EvidenceWorld) -> None:
    lock = evidence_folder(trust_folder(offline.folder, "demo")).lock()
    with lock, pytest.raises(TechnicalError, match="another process is writing"):
        collect(offline, world)


def test_a_resolver_forgets_its_answers_when_evidence_has_changed(offline: OfflineInstance) -> None:
    use(offline, {"trust": {"configuration": peppol_like(offline.pki, revocation=CRL_REQUIRED)}})
    resolving = Resolving(load_settings(data_dir=offline.folder), fixed([offline.stored.domain]), offline.clock)
    assert resolving._is_new()
    assert not resolving._is_new()
    now = offline.clock.now
    write_evidence(trust_folder(offline.folder, "demo"), now, crl(offline.pki.ap_ca, now))
    assert resolving._is_new()
    assert not resolving._is_new()
