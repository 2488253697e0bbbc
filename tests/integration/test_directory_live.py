# SPDX-License-Identifier: Apache-2.0
"""A running instance tells a directory by itself, which fetches cards from its public listener."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName
from tests.simulators.directory import Directory, running_directory, settings_for, write_keys
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.name_servers import until
from tests.simulators.server_certificates import ServerAuthority


@dataclass
class Rig:
    live: LiveInstance
    directory: Directory

    def publish(self, value: str, name: str) -> str:
        participant = ParticipantIdentifier(ISO6523, value)
        instance, stored = self.live.instance, self.live.instance.directory.get("demo")
        instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(participant))
        entity = BusinessEntity((EntityName(name),), "BE")
        instance.business_cards.publish(ACTOR, stored, BusinessCard(participant, (entity,)))
        return str(participant)

    def told(self) -> str:
        """For a test that waits in vain."""
        return f"told {self.directory.calls}, holds {sorted(self.directory.held)}"

    def remove(self, value: str) -> None:
        stored = self.live.instance.directory.get("demo")
        self.live.instance.publishing.delete_service_group(ACTOR, stored, ParticipantIdentifier(ISO6523, value))


@pytest.fixture
def rig(tmp_path: Path, pki: DemoPki) -> Iterator[Rig]:
    authority = ServerAuthority()
    with live_instance(tmp_path, pki, directory_networks="127.0.0.0/8") as live:

        def fetch(participant: str) -> bytes | None:
            address = f"{live.addresses.public}/businesscard/{quote(participant, safe='')}"
            answer = httpx2.get(address, trust_env=False)
            return answer.content if answer.status_code == 200 else None

        with running_directory(tmp_path / "directory-tls", pki, authority, fetch) as directory:
            write_keys(live.settings.directory_key_dir, pki, authority)
            change_domain(live.instance, ACTOR, "demo", {"directory": settings_for(directory)})
            live.run(live.serving.refresh())
            yield Rig(live, directory)


def test_what_is_published_changed_and_removed_comes_to_the_directory(rig: Rig) -> None:
    one = rig.publish("0088:one", "ACME")
    until(lambda: b"ACME" in rig.directory.held.get(one, b""), rig.told)
    rig.publish("0088:one", "Renamed")
    until(lambda: b"Renamed" in rig.directory.held.get(one, b""), rig.told)
    rig.remove("0088:one")
    until(lambda: one not in rig.directory.held, rig.told)
