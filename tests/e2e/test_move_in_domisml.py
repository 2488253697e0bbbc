# SPDX-License-Identifier: Apache-2.0
"""A DomiSML moves in while clients look up names, what is written here goes back, and it takes over again."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.dns.tsig_keys import TsigKeys
from registry.errors import ConflictError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.model import Caller
from registry.storage.domain_directory import StoredDomain
from tests.e2e.move_in_stories import Commands
from tests.simulators.domisml_database import SCHEME, ZONE, DomiSml, fill, participant_value
from tests.simulators.live import ACTOR, LiveInstance, demo_trust, live_instance
from tests.simulators.mariadb import MariaDb
from tests.simulators.old_domisml import OldSml, old_domisml
from tests.simulators.public_name import PublicName, Throughout
from tests.simulators.public_zone import public_zone

if TYPE_CHECKING:
    from tests.conftest import ToolFinder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4_000)]
PARTICIPANTS = int(os.environ.get("REGISTRY_STORY_PARTICIPANTS", "200"))
SMPS = 4
LAST_SERIAL = 2_026_112_301


def participant(number: int) -> ParticipantIdentifier:
    return ParticipantIdentifier(SCHEME, participant_value(number))


@dataclass
class Story:
    """An old DomiSML, ours beside it, and a resolver that leads to the former."""

    live: LiveInstance
    old: OldSml
    name: PublicName
    commands: Commands
    count: int

    def look_up(self, turn: int) -> str:
        """A client: what is wrong with the answer about some participant."""
        number = (turn * 7919) % self.count
        found = self.smp_of(participant(number), self.name.port)
        expected = f"https://smp-{number % SMPS}.example.com/"
        return "" if found == expected else f"{participant(number)}: {found} instead of {expected}"

    def smp_of(self, who: ParticipantIdentifier, port: int) -> str | None:
        """Where the NAPTR record of a participant leads, as a server says; None where there is no such name."""
        name = dns.name.from_text(f"{participant_owner(who)}.{ZONE}.")
        answer = dns.query.udp(dns.message.make_query(name, dns.rdatatype.NAPTR), "127.0.0.1", timeout=20, port=port)
        if answer.rcode() == dns.rcode.NXDOMAIN:
            return None
        assert answer.rcode() == dns.rcode.NOERROR
        found = [rdata.regexp.decode() for rrset in answer.answer for rdata in rrset]
        return found[0].split("!")[2] if found else None

    @property
    def old_port(self) -> int:
        return int(self.old.dns.rpartition(":")[2])

    @property
    def our_port(self) -> int:
        return int(self.live.addresses.dns.rpartition(":")[2])


def refreshed(live: LiveInstance) -> list[StoredDomain]:
    live.instance.directory.refresh()
    return live.instance.directory.all()


@pytest.fixture
def story(tmp_path: Path, pki: DemoPki, mariadb: MariaDb, tool: "type[ToolFinder]") -> Iterator[Story]:
    url = mariadb.new_database()
    with DomiSml(url) as database:
        database.create()
        fill(database, participants=PARTICIPANTS, smps=SMPS, certificates=[pki.smp.certificate])
    with ExitStack() as stack:
        old = stack.enter_context(old_domisml(tool, tmp_path / "old", url, serial=LAST_SERIAL))
        live = stack.enter_context(live_instance(tmp_path / "ours", pki))
        TsigKeys(live.settings.dns_key_dir).generate("made-there")
        name = stack.enter_context(public_zone(tmp_path, int(old.dns.rpartition(":")[2])))
        yield Story(live, old, name, Commands(tmp_path, live.settings, url), PARTICIPANTS)
    mariadb.drop(url)


def test_domisml_moves_in_and_back_without_one_lost_look_up(story: Story, pki: DemoPki) -> None:
    commands, live = story.commands, story.live
    caller = Caller(pki.smp.certificate, "request-1")
    new, gone = participant(9_999_999), participant(story.count + 1)
    with Throughout().asking(story.look_up) as clients:
        for name in ("plan", "load", "load"):
            commands.timed(name, "--from", "domisml-sql")
        # DomiSML has only the names of those whose certificates let in.
        made = next(each for each in refreshed(live) if each.domain.dns.zone == ZONE)
        change_domain(live.instance, ACTOR, made.domain.name, {"trust": demo_trust(pki)})
        live.run(live.serving.refresh())
        live.wait_for_dns()
        with pytest.raises(ConflictError, match="moving in"):
            live.instance.sml.create_participants(caller, "SMP-0", [new])
        names = ("--old-dns", story.old.dns, "--resolver", f"127.0.0.1:{story.name.port}")
        said = commands.timed(
            "cutover",
            *("--old-ttl", "1s", "--freeze-command", "true", "--old-api", story.old.base_url, *names),
            *("--switch-command", story.name.command_to(story.our_port), "--json"),
        )
        steps = {step["name"]: step for step in json.loads(said)["steps"]}
        assert steps["reached"]["told"][ZONE] > LAST_SERIAL
        assert steps["compare"]["told"]["zones"][ZONE]["agrees"]

        # Ours has the say: one that comes and goes, one more, which another SMP takes over.
        sml, key = live.instance.sml, "11AAbb$$11AAbb$$"
        sml.create_participants(caller, "SMP-0", [new, gone])
        commands.timed("replay")
        assert story.smp_of(new, story.old_port) == "https://smp-0.example.com/"
        sml.delete_participants(caller, "SMP-0", [gone])
        sml.prepare_migration(caller, "SMP-0", new, key)
        sml.migrate(caller, "SMP-1", new, key)
        commands.timed("back", "--old-dns", story.old.dns, "--switch-command", story.name.command_to(story.old_port))
        assert story.smp_of(new, story.name.port) == "https://smp-1.example.com/"
        assert story.smp_of(gone, story.name.port) is None
        after = clients.looked_up
        while clients.looked_up < after + 20:
            time.sleep(0.05)
    assert not clients.wrong, clients.wrong[:5]
    print(json.dumps({"participants": story.count, "looked_up": clients.looked_up, "seconds": commands.seconds}))
    with pytest.raises(ConflictError, match="moving in"):
        sml.delete_participants(caller, "SMP-1", [new])
