# SPDX-License-Identifier: Apache-2.0
"""@n42/edelivery, a client for Node.js that we did not write, finds a participant through our DNS and our SMP.

It asks the zone of the European Commission's acceptance network and no other (interop.md §1b), so a domain of the
running instance has that zone.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.demo.content import BILLING, INVOICE, ORDER, PARTICIPANTS, demo_metadata
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.storage.domain_directory import StoredDomain
from tests.simulators.live import ACTOR, LiveInstance, demo_trust
from trust_lists.certificates.parsing import load_certificate

MODULES = Path(__file__).parents[2] / ".venv-interop-node" / "node_modules"
SCRIPT = Path(__file__).parent / "node" / "n42_lookup.mjs"
ZONE = "acc.edelivery.tech.ec.europa.eu"
SMP_NOT_FOUND = 6128
Lookup = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def acceptance(shared_live: LiveInstance) -> StoredDomain:
    """A domain with the client's zone, in which the demonstration's participants are published."""
    live = shared_live
    settings = {
        "name": "acceptance",
        "default": False,
        "smp": {"base_url": f"{live.addresses.public}/acceptance", "smp_id": "SMP-ACCEPTANCE"},
        "dns": {"zone": ZONE},
        "trust": demo_trust(live.pki),
    }
    stored = add_domain(live.instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(live.files.smp))
    live.run(live.serving.refresh())
    for metadata in demo_metadata(live.pki.access_points):
        live.instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
    live.wait_for_dns()
    return stored


@pytest.fixture
def look_up(acceptance: StoredDomain, shared_live: LiveInstance, tool: Any) -> Lookup:
    """Run the client; its answer, with its exit status under `status`."""
    node = tool.path("node")
    tool.path(str(MODULES / ".bin" / "n42-edelivery"))  # `make interop-node` installs it

    def run(participant: str, *document_type: str) -> dict[str, Any]:
        asked = [shared_live.addresses.dns, f"{ISO6523}::{participant}", *document_type]
        done = subprocess.run(
            [node, str(SCRIPT), str(MODULES), *asked], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer | {"status": done.returncode}

    return run


def test_n42_finds_group_references_endpoint_and_certificate(
    look_up: Lookup, acceptance: StoredDomain, shared_live: LiveInstance
) -> None:
    participant, services = PARTICIPANTS[0]
    assert services[0] == (INVOICE, BILLING)
    found = look_up(participant.value, INVOICE.value)

    assert found["status"] == 0, found
    assert found["group"] == f"{acceptance.domain.smp.base_url}/{quote(str(participant), safe='')}"
    references = {unquote(url).partition("/services/")[2] for url in found["references"]}
    assert references == {str(document_type) for document_type, _ in services}
    assert (found["profile"], found["url"]) == ("peppol-transport-as4-v2_0", "https://ap1.demo.example/as4")
    assert load_certificate(found["cert"]) == shared_live.pki.access_points[0].certificate


def test_n42_finds_a_participant_in_any_spelling(look_up: Lookup) -> None:
    found = look_up("9915:TEST-hospital", ORDER.value)
    assert (found["status"], found["url"]) == (0, "https://ap1.demo.example/as4")


def test_n42_takes_the_first_reference_where_it_is_told_no_document_type(look_up: Lookup) -> None:
    found = look_up(PARTICIPANTS[1][0].value)
    assert (found["status"], found["url"]) == (0, "https://ap2.demo.example/as4")


def test_n42_sees_that_a_participant_is_not_registered(look_up: Lookup) -> None:
    answer = look_up("0088:0000000000000")
    assert (answer["status"], answer["dns"]) == (1, "ENOTFOUND")


def test_n42_sees_that_a_document_type_is_not_received(look_up: Lookup) -> None:
    answer = look_up(PARTICIPANTS[1][0].value, ORDER.value)
    assert (answer["status"], answer["error"], answer["retryable"]) == (1, SMP_NOT_FOUND, False)


def test_n42_sees_that_a_participant_receives_nothing(
    look_up: Lookup, acceptance: StoredDomain, shared_live: LiveInstance
) -> None:
    empty = ServiceGroup(ParticipantIdentifier(ISO6523, "0088:7300010000999"))
    shared_live.instance.publishing.put_service_group(ACTOR, acceptance, empty)
    shared_live.wait_for_dns()
    answer = look_up("0088:7300010000999")
    assert (answer["status"], answer["error"], answer["retryable"]) == (1, SMP_NOT_FOUND, False)
