# SPDX-License-Identifier: Apache-2.0
"""peppol-py, a client that we did not write, finds a participant through our DNS and our SMP (interop.md §1b)."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from registry.demo.content import BILLING, INVOICE, ORDER, PARTICIPANTS, demo_metadata
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from tests.simulators.live import ACTOR, LiveInstance
from trust_lists.certificates.parsing import load_certificate

SCRIPT = Path(__file__).with_name("peppol_py_lookup.py")
Lookup = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def network(shared_live: LiveInstance) -> LiveInstance:
    """An instance that publishes the demonstration's participants."""
    for metadata in demo_metadata(shared_live.pki.access_points):
        shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, metadata, create_group=True)
    shared_live.wait_for_dns()
    return shared_live


@pytest.fixture
def look_up(network: LiveInstance, tool: Any) -> Lookup:
    """Run the client; its answer, with its exit status under `status`."""
    python = tool.interop_python()
    host, _, port = network.addresses.dns.rpartition(":")

    def run(*arguments: str) -> dict[str, Any]:
        command = [python, str(SCRIPT), host, port, network.stored.domain.dns.zone, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer | {"status": done.returncode}

    return run


def test_peppol_py_finds_endpoint_and_certificate(look_up: Lookup, network: LiveInstance) -> None:
    participant, services = PARTICIPANTS[0]
    assert services[0] == (INVOICE, BILLING)
    found = look_up(participant.value, INVOICE.value)

    assert found["status"] == 0
    assert found["group_url"] == f"{network.addresses.public}/{ISO6523}::{participant.value}"
    assert found["transport_profile"] == "peppol-transport-as4-v2_0"
    assert found["address"] == "https://ap1.demo.example/as4"
    assert load_certificate(found["certificate"]) == network.pki.access_points[0].certificate


def test_peppol_py_takes_our_references_for_invoices_and_credit_notes(look_up: Lookup) -> None:
    participant, services = PARTICIPANTS[0]
    found = look_up(participant.value)

    assert found["receives_bis_billing"] is True
    ends = {unquote(url).partition("/services/")[2] for url in found["references"]}
    assert ends == {str(document_type) for document_type, _ in services}


def test_peppol_py_finds_a_participant_in_any_spelling(look_up: Lookup) -> None:
    found = look_up("9915:TEST-hospital", ORDER.value)
    assert (found["status"], found["address"]) == (0, "https://ap1.demo.example/as4")


def test_peppol_py_sees_that_a_participant_is_not_registered(look_up: Lookup) -> None:
    answer = look_up("0088:0000000000000")
    assert (answer["status"], answer["error"], answer["temporary"]) == (1, "dns-error", False)


def test_peppol_py_sees_that_a_document_type_is_not_received(look_up: Lookup) -> None:
    answer = look_up(PARTICIPANTS[1][0].value, ORDER.value)
    assert (answer["status"], answer["error"], answer["temporary"]) == (1, "not-found-in-smp", False)


def test_peppol_py_sees_that_a_participant_receives_nothing(look_up: Lookup, network: LiveInstance) -> None:
    empty = ServiceGroup(ParticipantIdentifier(ISO6523, "0088:7300010000999"))
    network.instance.publishing.put_service_group(ACTOR, network.stored, empty)
    network.wait_for_dns()
    found = look_up("0088:7300010000999")
    assert (found["status"], found["references"], found["receives_bis_billing"]) == (0, [], "Receiver not found")
