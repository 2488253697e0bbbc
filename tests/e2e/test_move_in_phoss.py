# SPDX-License-Identifier: Apache-2.0
"""A phoss SMP moves in while clients look up all the time, what is written here goes back, and it takes over again."""

import base64
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import create_engine

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.errors import ConflictError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceGroup
from registry.move_in.replay.published import published
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.signing import verify_document
from tests.e2e.move_in_stories import Commands
from tests.simulators import phoss_database
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.mariadb import MariaDb
from tests.simulators.old_phoss import old_phoss
from tests.simulators.public_name import PublicName, Throughout, fetched, public_name

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4_000)]
INVOICE = DocumentTypeIdentifier(phoss_database.DOCUMENT_SCHEME, phoss_database.INVOICE)
DIALECT = DIALECTS["busdox"]
CHANGED = 3
"""The participant that is changed meanwhile, and that clients leave alone."""
PARTICIPANTS = int(os.environ.get("REGISTRY_STORY_PARTICIPANTS", "200"))
ACCESS_POINTS = 40


def participant(number: int) -> ParticipantIdentifier:
    return ParticipantIdentifier(ISO6523, f"9915:{number:08d}")


@dataclass
class Story:
    """An old phoss, ours beside it, and the name that leads to the former."""

    live: LiveInstance
    name: PublicName
    old_url: str
    commands: Commands
    count: int

    @property
    def old_at(self) -> str:
        return self.old_url.removeprefix("http://")

    @property
    def ours_at(self) -> str:
        return self.live.addresses.public.removeprefix("http://")

    @property
    def cutover(self) -> list[str | Path]:
        secret = self.commands.home / "secret"
        secret.write_text("admin@example.org:old-password\n")
        sides = ("--old-at", self.old_at, "--ours-at", self.ours_at)
        old = ("--old-api", self.old_url, "--old-secret-file", secret)
        return ["cutover", "--domain", "demo", "--old-ttl", "1s", *sides, *old, "--freeze-command", "true"]

    def metadata(self, who: ParticipantIdentifier, at: int) -> str | None:
        """The address of the participant's endpoint at a port; None where it isn't there."""
        status, body = fetched(at, service_path(who, INVOICE))
        if status == 404:
            return None
        assert status == 200
        metadata = verify_document(body, dialect=DIALECT).parsed.metadata
        assert metadata is not None
        assert metadata.participant == who
        return metadata.process_metadata[0].endpoints[0].address

    def look_up(self, turn: int) -> str:
        """A client: what is wrong with the answer about some participant."""
        number = 1 + (turn * 7919) % self.count
        number += number == CHANGED
        expected = f"https://ap{number % ACCESS_POINTS}.example/as4"
        found = self.metadata(participant(number), self.name.port)
        return "" if found == expected else f"{participant(number)}: {found} instead of {expected}"

    def port(self, at: str) -> int:
        return int(at.rpartition(":")[2])


@pytest.fixture
def story(tmp_path: Path, pki: DemoPki, mariadb: MariaDb) -> Iterator[Story]:
    url = mariadb.new_database()
    engine = create_engine(url)
    ders = [key.certificate.public_bytes(Encoding.DER) for key in pki.access_points]
    with engine.connect() as connection:
        phoss_database.create(connection)
        certificates = [base64.b64encode(der).decode() for der in ders]
        phoss_database.fill(
            connection, participants=PARTICIPANTS, certificates=certificates, access_points=ACCESS_POINTS
        )
    engine.dispose()
    with (
        live_instance(tmp_path / "ours", pki, register_smp=False) as live,
        old_phoss(url, pki.smp) as old_url,
        public_name(tmp_path, int(old_url.rpartition(":")[2])) as name,
    ):
        change_domain(live.instance, ACTOR, "demo", {"smp": {"base_url": name.url}, "sml": {"enabled": False}})
        live.stored = live.instance.directory.get("demo")
        live.run(live.serving.refresh())
        yield Story(live, name, old_url, Commands(tmp_path, live.settings, url), PARTICIPANTS)
    mariadb.drop(url)


def test_phoss_moves_in_and_back_without_one_lost_look_up(story: Story) -> None:
    timed = story.commands.timed
    source = ("--from", "phoss-sql", "--domain", "demo")
    publishing, stored = story.live.instance.publishing, story.live.stored
    removed, kept, new = participant(2), participant(CHANGED), participant(99_999_999)
    with Throughout().asking(story.look_up) as clients:
        for name in ("plan", "load", "load"):
            timed(name, *source)
        switch = ("--switch-command", story.name.command_to(story.port(story.ours_at)))
        steps = json.loads(timed(*story.cutover, *switch, "--json"))["steps"]
        assert [step["name"] for step in steps][-3:] == ["switch", "reached", "old-ttl"]
        asked = clients.looked_up

        # Ours has the say: a new one, one less, one without a service.
        held = published(story.live.instance.database, stored, kept)
        assert held is not None
        publishing.put_service_group(ACTOR, stored, ServiceGroup(new))
        publishing.delete_service_metadata(ACTOR, stored, kept, held.services[0].document_type)
        timed("replay", "--domain", "demo")
        assert fetched(story.port(story.old_at), participant_path(new))[0] == 200
        gone = service_path(kept, held.services[0].document_type)
        assert fetched(story.port(story.old_at), gone)[0] == 404
        publishing.put_service_metadata(ACTOR, stored, held.services[0])
        publishing.delete_service_group(ACTOR, stored, new)

        back = ("back", "--domain", "demo", "--old-at", story.old_at, "--ours-at", story.ours_at)
        timed(*back, "--switch-command", story.name.command_to(story.port(story.old_at)))
        assert story.metadata(kept, story.name.port) is not None
        assert fetched(story.port(story.old_at), participant_path(new))[0] == 404
        after = clients.looked_up
        while clients.looked_up < after + 20:
            time.sleep(0.05)
    assert asked > 0
    assert not clients.wrong, clients.wrong[:5]
    print(json.dumps({"participants": story.count, "looked_up": clients.looked_up, "seconds": story.commands.seconds}))
    with pytest.raises(ConflictError, match="moving in"):
        publishing.delete_service_group(ACTOR, stored, removed)
