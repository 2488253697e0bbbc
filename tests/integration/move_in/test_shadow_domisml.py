# SPDX-License-Identifier: Apache-2.0
"""An old DomiSML and ours are asked the same over DNS: nothing differs after a load, and what does is found."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import pytest

from registry.app import move_in
from registry.app.move_in_sources import SourceChoice
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.model import SourceKind
from registry.move_in.replay.domisml import IdentityHeader
from registry.move_in.report import Limits
from registry.move_in.shadow.run import Wanted, compare_smls
from registry.move_in.shadow.watch import ShadowReport
from registry.sml.client import SmlClient
from registry.sml.errors import SmlError
from registry.sml.model import Publisher
from registry.storage.queries import move_ins
from tests.simulators.domisml_database import MIGRATION_KEY, SCHEME, ZONE, DomiSml, fill, participant_value
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.mariadb import MariaDb
from tests.simulators.old_domisml import OldSml, old_domisml
from trust_lists.certificates.parsing import SigningKey

if TYPE_CHECKING:
    from tests.conftest import ToolFinder

PARTICIPANTS = 20


class _Proxy(httpx2.HTTPTransport):
    """A proxy that says who has called it."""

    def __init__(self, header: str, said: str) -> None:
        super().__init__(trust_env=False)
        self._said = {header: said}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers.update(self._said)
        return super().handle_request(request)


@dataclass
class _Both:
    live: LiveInstance
    url: str
    old: OldSml
    key: SigningKey

    def load(self) -> None:
        moving = move_in.Moving(SourceChoice(SourceKind.DOMISML_SQL, self.url), None)
        move_in.load(
            self.live.instance, self.live.settings, ACTOR, moving, Limits(100, 100), lambda _what, _number: None
        )
        self.live.run(self.live.serving.refresh())
        self.live.wait_for_dns()

    def compare(self) -> ShadowReport:
        instance = self.live.instance
        instance.directory.refresh()
        stored = next(each for each in instance.directory.all() if each.domain.dns.zone == ZONE)
        with instance.database.read() as connection:
            move = move_ins.active_in(connection, stored.id)
        assert move is not None
        wanted = Wanted(sample=None, threads=2)
        return compare_smls(instance.database, stored, move.id, {ZONE}, self.old.dns, self.live.addresses.dns, wanted)

    @contextmanager
    def client(self, header: IdentityHeader = IdentityHeader.CERTIFICATE) -> Iterator[SmlClient]:
        """Calls the old SML in the name of the SMP whose certificate it knows."""
        transport = _Proxy(header, header.value_for(self.key.certificate))
        with SmlClient(self.old.base_url, None, transport=transport) as client:
            yield client


@pytest.fixture(scope="module")
def both(
    mariadb: MariaDb, pki: DemoPki, tool: "type[ToolFinder]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Both]:
    """A DomiSML with two SMPs and twenty participants, which was loaded."""
    url = mariadb.new_database()
    with DomiSml(url) as database:
        database.create()
        fill(database, participants=PARTICIPANTS, smps=2, certificates=[pki.smp.certificate])
    folder = tmp_path_factory.mktemp("shadow-sml")
    with ExitStack() as stack:
        old = stack.enter_context(old_domisml(tool, folder / "old", url))
        live = stack.enter_context(live_instance(folder / "ours", pki))
        made = _Both(live, url, old, pki.smp)
        made.load()
        yield made


def _participant(number: int) -> ParticipantIdentifier:
    return ParticipantIdentifier(SCHEME, participant_value(number))


def test_nothing_differs_after_a_load(both: _Both) -> None:
    report = both.compare()

    assert report.to_json()["examples"] == []
    assert report.agrees
    assert report.asked >= 2 * PARTICIPANTS


@pytest.mark.parametrize("header", list(IdentityHeader))
def test_a_change_at_the_old_sml_is_found_and_gone_after_the_next_load(both: _Both, header: IdentityHeader) -> None:
    with both.client(header) as client:
        client.update_publisher(Publisher("SMP-0", f"https://new-{header.name.lower()}.example.com/", "1.1.1.1"))

    assert set(both.compare().differences) == {"other-record"}
    both.load()
    assert both.compare().agrees


def test_the_old_sml_registers_migrates_and_removes(both: _Both) -> None:
    new = ParticipantIdentifier(SCHEME, "0088:new")
    with both.client() as client:
        client.create_participants("SMP-0", [new])
        client.prepare_migration("SMP-0", new, MIGRATION_KEY)
        with pytest.raises(SmlError, match="ERR-114"):
            client.delete_participants("SMP-0", [new])
        client.migrate("SMP-1", new, MIGRATION_KEY)
        assert not client.exists_participant("SMP-0", new)
        assert client.exists_participant("SMP-1", new)
        both.load()
        assert both.compare().agrees
        client.delete_participants("SMP-1", [new])
        with pytest.raises(SmlError, match="ERR-110"):
            client.delete_participants("SMP-1", [new])
        assert len(client.list_participants("SMP-0").participants) == PARTICIPANTS // 2
        assert client.read_publisher("smp-1").smp_id == "SMP-1"
    assert set(both.compare().differences) == {"extra-record"}
    both.load()
    assert both.compare().agrees
