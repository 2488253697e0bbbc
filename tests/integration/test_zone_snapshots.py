# SPDX-License-Identifier: Apache-2.0
"""A running instance keeps snapshots of its large zones, and the next start serves from them what is committed."""

import contextlib
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from registry.app import zone_service
from registry.app.serving import Serving
from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.server import DnsServer
from registry.storage.queries import zones
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.own_loop import in_own_loop

NAMES = 2_000


def write(live: LiveInstance, *states: NewState) -> None:
    assert live.stored.zone_id is not None
    with live.instance.database.write(ACTOR) as work:
        live.instance.journal.write(work, live.stored.zone_id, states)


def participant(number: int, text: str | None = '60 "old"') -> NewState:
    return NewState(f"p{number}.scheme", "TXT", text)


def text_of(address: str, number: int) -> str:
    host, port = address.rsplit(":", 1)
    answer = dns.query.udp(dns.message.make_query(f"p{number}.scheme.sml.test", "TXT"), host, port=int(port), timeout=5)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        return "gone"
    return answer.answer[0][0].to_text().strip('"')


def wait_for_file(folder: Path) -> None:
    end = time.monotonic() + 20
    while not list(folder.glob("*.zone")):
        assert time.monotonic() < end, "no snapshot was made"
        threading.Event().wait(0.02)


def test_start_takes_the_snapshot_and_what_was_committed_since(
    tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zone_service, "WORTH_NAMES", NAMES)
    with live_instance(tmp_path, pki, dns_snapshot_s=0.05) as live:
        write(live, *map(participant, range(NAMES)))
        live.wait_for_dns()
        wait_for_file(tmp_path / "zones")
        settings = live.settings
    with live_instance_again(settings, monkeypatch) as address:
        assert [text_of(address, number) for number in (0, NAMES - 1, NAMES)] == ["old", "old", "gone"]


def live_instance_again(settings: object, monkeypatch: pytest.MonkeyPatch) -> contextlib.AbstractContextManager[str]:
    """The same instance started again, that may not read a whole zone from its database."""
    monkeypatch.setattr(zones, "state", lambda *_: pytest.fail("the zone is read from the database"))

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[str]:
        serving = Serving(settings)  # type: ignore[arg-type]
        async with serving.running() as addresses:
            await serving.wait_until_published()
            yield addresses.dns

    return in_own_loop("again", running)


def test_small_zones_and_instances_without_the_setting_have_none(tmp_path: Path, pki: DemoPki) -> None:
    with live_instance(tmp_path, pki, dns_snapshot_s=0.05) as live:
        live.wait_for_dns()
        assert not (tmp_path / "zones").exists()


def test_questions_are_answered_from_one_version_while_a_great_one_comes(tmp_path: Path, pki: DemoPki) -> None:
    with live_instance(tmp_path, pki, dns_rate_per_s=0) as live:
        write(live, *map(participant, range(NAMES)))
        live.wait_for_dns()
        seen: list[tuple[str, str]] = []
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                first = text_of(live.addresses.dns, 0)
                seen.append((first, text_of(live.addresses.dns, NAMES - 1)))

        asking = threading.Thread(target=ask)
        asking.start()
        write(live, *(participant(number, '60 "new"') for number in range(NAMES)))
        live.wait_for_dns()
        seen.append((text_of(live.addresses.dns, 0), text_of(live.addresses.dns, NAMES - 1)))
        done.set()
        asking.join()
    assert ("new", "old") not in seen, "the first was asked before the last"
    assert seen[0] == ("old", "old")
    assert ("new", "new") in seen


def test_two_servers_on_one_port_answer_alike(tmp_path: Path, pki: DemoPki) -> None:
    """Processes share sockets: whoever takes a datagram answers it."""
    with live_instance(tmp_path, pki, dns_rate_per_s=0) as live:
        write(live, participant(1))
        live.wait_for_dns()
        first = live.serving.dns

        async def join() -> DnsServer:
            second = DnsServer(first._zones.values())
            (udp,) = first._udp
            (tcp,) = first._tcp
            shared = udp.dup()
            shared.setblocking(False)
            await second.start_on(shared, tcp.sockets[0].dup())
            return second

        second = live.run(join())
        try:
            for _ in range(400):
                assert text_of(live.addresses.dns, 1) == "old"
            both = [server.counters.udp_queries for server in (first, second)]
            assert sum(both) >= 400
        finally:
            live.run(second.close())
        assert text_of(live.addresses.dns, 1) == "old", "the other one goes on"
