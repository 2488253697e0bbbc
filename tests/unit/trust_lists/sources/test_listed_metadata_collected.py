# SPDX-License-Identifier: Apache-2.0
"""What a list of metadata services has for a party is fetched with the list, and decides."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.certificate_chains import Authority, ec_key
from tests.simulators.evidence_world import EvidenceWorld
from tests.simulators.jades_keys import new_key
from tests.simulators.saml_metadata import (
    AT,
    NODE,
    OTHER,
    by_certificate,
    entity,
    key,
    location,
    service_list,
    signed,
)
from tests.simulators.trust_models import configuration, rule
from trust_lists.certificates.listed import listed
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.model import Case, Decision, Outcome
from trust_lists.evaluation.trust_configuration.model import Context, Role, TrustConfiguration
from trust_lists.sources.collecting import CollectReport, collect
from trust_lists.sources.evidence import load_evidence
from trust_lists.sources.evidence_manifest import State

LIST = "https://example.org/list.xml"
SIGNER, NODE_SIGNER = new_key("P-256", "operator"), new_key("P-256", "node")
CERTIFICATE = Authority("authority").issue("node", key=ec_key())
DAY = timedelta(days=1)


@pytest.fixture
def world() -> EvidenceWorld:
    found = EvidenceWorld()
    points = [location(url, [listed(NODE_SIGNER.certificate)]) for url in (NODE, OTHER)]
    found.documents = {
        LIST: signed(service_list(*points), SIGNER),
        NODE: signed(entity(NODE, key(by_certificate(CERTIFICATE)), until=AT + 3 * DAY), NODE_SIGNER),
        OTHER: signed(entity(OTHER, until=AT + 3 * DAY), NODE_SIGNER),
    }
    return found


def trusting(entities: str | list[str] = "any") -> TrustConfiguration:
    signer = listed(SIGNER.certificate)
    source = {
        "id": "nodes",
        "location": {"url": LIST},
        "signers": [{"sha256": signer.sha256}],
        "entities": entities,
        "uses": ["signing"],
        "max_age": "any",
        "on_expired": "reject",
    }
    return configuration({"ap-sign": rule({"saml_metadata": ["nodes"]})}, {"saml_metadata": [source]}, [signer])


def run(world: EvidenceWorld, folder: Path, *parties: str, days: int = 0, **more: Any) -> CollectReport:
    return collect(trusting(), (), world, folder, AT + days * DAY, parties=parties, **more)


def decide(folder: Path) -> Decision:
    case = Case(Role.AP_SIGN, CERTIFICATE, AT, context={Context.PARTY: NODE})
    return DecisionEngine(trusting()).decide(case, load_evidence(folder, trusting(), AT))


def test_what_a_list_has_for_the_party_is_fetched_and_decides(world: EvidenceWorld, tmp_path: Path) -> None:
    assert run(world, tmp_path, NODE).failures == ()
    assert [url for _, url in world.asked] == [LIST, NODE]
    assert decide(tmp_path).outcome is Outcome.ACCEPT
    found = load_evidence(tmp_path, trusting(), AT).saml_metadata
    assert found["nodes"] == found[LIST]
    assert found[NODE].document == world.documents[NODE]


def test_without_the_party_only_the_list_is_fetched(world: EvidenceWorld, tmp_path: Path) -> None:
    assert run(world, tmp_path, "https://unknown.example").failures == ()
    assert [url for _, url in world.asked] == [LIST]
    assert decide(tmp_path).outcome is Outcome.INDETERMINATE


def test_metadata_that_cannot_be_had_are_told_and_the_last_ones_stay(world: EvidenceWorld, tmp_path: Path) -> None:
    run(world, tmp_path, NODE)
    world.documents[NODE] = b"<html>busy</html>"
    [kept] = run(world, tmp_path, NODE, days=1).failures
    assert (kept.url, kept.source, kept.state, kept.reason) == (NODE, "nodes", State.KEPT, "NOT_METADATA")
    assert decide(tmp_path).outcome is Outcome.ACCEPT


def test_a_list_that_is_gone_leads_where_the_last_one_did(world: EvidenceWorld, tmp_path: Path) -> None:
    run(world, tmp_path, NODE)
    del world.documents[LIST]
    report = run(world, tmp_path, NODE, days=1)
    assert {each.url: each.state for each in report.manifest.attempts} == {LIST: State.KEPT, NODE: State.FETCHED}


def test_a_list_that_cannot_be_read_is_told(world: EvidenceWorld, tmp_path: Path) -> None:
    world.documents[LIST] = service_list("<ser:MetadataLocation/>").encode()
    [failed] = run(world, tmp_path, NODE).failures
    assert (failed.state, failed.reason) == (State.FAILED, "METADATA_LOCATION")


def test_a_list_leads_to_no_file(world: EvidenceWorld, tmp_path: Path) -> None:
    asked: list[str] = []
    world.documents[LIST] = signed(service_list(location("file:secret.xml", [], NODE)), SIGNER)
    [failed] = run(world, tmp_path, NODE, files=asked.append).failures
    assert (failed.url, asked) == ("file:secret.xml", [])
