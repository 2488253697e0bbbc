# SPDX-License-Identifier: Apache-2.0
"""What tests of a running instance share: a manager with a token, published services, and another SMP."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from registry.app.domain_setup import add_domain
from registry.clock import system_clock
from registry.demo.content import demo_metadata
from registry.demo.pki import SMP_UNIT, certificates_pem, identity_pem, new_ec_key
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.model import Publisher
from tests.simulators.hostile import Manager
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.publications import Published, documents


@pytest.fixture(scope="module")
def manager(shared_live: LiveInstance) -> Manager:
    return Manager(shared_live)


@pytest.fixture(scope="module")
def published(shared_live: LiveInstance, manager: Manager) -> Published:
    """A service that is published, and that every test of this module leaves as it is."""
    made = documents(demo_metadata(shared_live.pki.access_points)[0])
    assert manager.put(made.group_path, made.group).status == 201
    assert manager.put(made.path, made.document).status == 201
    return made


@pytest.fixture
def fresh(shared_live: LiveInstance, manager: Manager, request: pytest.FixtureRequest) -> Published:
    """A participant of the test's own, with a service group and no service yet."""
    value = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:100]
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    made = documents(replace(metadata, participant=ParticipantIdentifier(ISO6523, f"0088:{value}")))
    assert manager.put(made.group_path, made.group).status == 201
    return made


@pytest.fixture(scope="module")
def second(shared_live: LiveInstance) -> Path:
    """The identity of another SMP in the same SML, whose id is SMP-SECOND and whose address `second.example.org`."""
    now = system_clock()
    day = timedelta(days=1)
    identity = shared_live.pki.smp_ca.issue(
        "SMP_DEMO000002", SMP_UNIT, not_before=now - day, not_after=now + day, key=new_ec_key()
    )
    file = shared_live.settings.data_dir / "second-smp.pem"
    file.write_bytes(identity_pem(identity))
    with shared_live.sml_client(file) as sml:
        sml.create_publisher(Publisher("SMP-SECOND", "https://second.example.org", "192.0.2.1"))
    return file


@pytest.fixture(scope="module")
def strict(shared_live: LiveInstance) -> str:
    """The name of a second domain, with Peppol's policies and without SML."""
    root, ap_ca = (
        certificates_pem(c).decode() for c in (shared_live.pki.root.certificate, shared_live.pki.ap_ca.certificate)
    )
    settings = {
        "name": "strict",
        "smp": {"base_url": "https://strict.example.org"},
        "dns": {"zone": "strict.test"},
        "sml": {"enabled": False},
        "trust": {"ap-encrypt": {"anchors": [root], "intermediates": [ap_ca], "subject_patterns": []}},
    }
    add_domain(shared_live.instance, ACTOR, "peppol-test", settings, register_smp=False)
    shared_live.run(shared_live.serving.refresh())
    return "strict"
