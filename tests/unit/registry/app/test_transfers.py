# SPDX-License-Identifier: Apache-2.0
"""Who may have which zone, who is told of it, and how many are sent at a time."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog.testing

from registry.app.domain_setup import change_domain
from registry.app.transfers import MOST_WAITING, Transfers
from registry.domains.zone_servers import Secondary
from registry.settings import load_settings
from registry.storage.queries import zones
from registry.telemetry import METRICS
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.zone_transfers import Taken, request, stamp

SECONDARIES = [
    {"server": "192.0.2.1:53", "key": "one.test"},
    {"server": "192.0.2.2:5353", "key": "two.test", "notify": False},
]


@pytest.fixture
def transfers(offline: OfflineInstance, tmp_path: Path) -> Iterator[Transfers]:
    dns = {"secondaries": SECONDARIES, "publish_interval_ms": 2500}
    change_domain(offline.instance, ACTOR, "demo", {"dns": dns})
    settings = load_settings(data_dir=tmp_path, dns_transfers=1)
    instance, others = offline.instance, {"catalog.test": [Secondary("192.0.2.9:53", "cat.test")]}
    made = Transfers(instance.database, instance.directory, settings, lambda: 0, others=others)
    yield made
    made.stop()


def allows(transfers: Transfers, zone: str, key: str, host: str = "127.0.0.1") -> bool:
    return transfers.allows(replace(request("AXFR", zone), key=key, host=host))


def test_a_zone_goes_by_the_rules_of_its_domain(transfers: Transfers) -> None:
    assert allows(transfers, "sml.test", "one.test")
    assert not allows(transfers, "sml.test", "cat.test")
    assert not allows(transfers, "sml.test", "")
    assert not allows(transfers, "unknown.test", "one.test")


def test_the_catalog_goes_by_the_settings(transfers: Transfers) -> None:
    assert allows(transfers, "catalog.test", "cat.test")
    assert not allows(transfers, "catalog.test", "one.test")
    assert transfers.notified()["catalog.test"] == (Secondary("192.0.2.9:53", "cat.test"),)


def test_another_name_of_a_zone_goes_by_the_rules_of_the_zone(offline: OfflineInstance, transfers: Transfers) -> None:
    with offline.instance.database.write(ACTOR) as work:
        zones.add(work, None, "former.test", 1, alias_of=offline.stored.zone_id)
        zones.add(work, None, "stray.test", 1)
    assert not allows(transfers, "former.test", "one.test")
    offline.instance.directory.refresh()
    transfers.refresh()
    assert allows(transfers, "former.test", "one.test")
    assert not allows(transfers, "stray.test", "one.test")
    assert [each.server for each in transfers.notified()["former.test"]] == ["192.0.2.1:53"]


def test_a_look_at_domains_of_which_none_changed_reads_nothing(
    offline: OfflineInstance, transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(offline.instance.database), "read", None)
    transfers.refresh()
    assert allows(transfers, "sml.test", "one.test")


def test_only_who_wants_it_is_told(transfers: Transfers) -> None:
    assert transfers.notified()["sml.test"] == (Secondary("192.0.2.1:53", "one.test"),)


def test_the_interval_is_that_of_the_domain(offline: OfflineInstance, transfers: Transfers) -> None:
    assert offline.stored.zone_id is not None
    assert transfers.publish_interval_s(offline.stored.zone_id) == 2.5
    assert transfers.publish_interval_s(12345) == 0


class Held(Taken):
    """A stream that takes nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on, self.ended, self.gone = threading.Event(), threading.Event(), threading.Event(), False

    def send(self, message: bytes) -> None:
        self.begun.set()
        assert self.go_on.wait(20)
        super().send(message)

    def end(self, *, cut_off: bool) -> None:
        super().end(cut_off=cut_off)
        self.ended.set()

    def is_awaited(self) -> bool:
        return not self.gone


@pytest.fixture
def desk(offline: OfflineInstance, tmp_path: Path) -> Iterator[Transfers]:
    """With four places."""
    stamp(offline.instance.database)
    settings = load_settings(data_dir=tmp_path, dns_transfers=4)
    made = Transfers(offline.instance.database, offline.instance.directory, settings, lambda: 0)
    yield made
    made.stop()


def asked(desk: Transfers, host: str, key: str = "") -> Held:
    """The stream of a request that isn't refused."""
    stream = Held()
    assert desk.start(replace(request("AXFR", "sml.test"), host=host, key=key), stream)
    return stream


def test_what_has_no_place_waits_for_one_in_order(offline: OfflineInstance, transfers: Transfers) -> None:
    stamp(offline.instance.database)
    streams = [asked(transfers, f"192.0.2.{number}") for number in range(4)]
    for place, stream in enumerate(streams):
        assert stream.begun.wait(20)
        assert not any(later.begun.is_set() for later in streams[place + 1 :]), "there is one place"
        stream.go_on.set()
        assert stream.ended.wait(20)
    assert all(stream.ends == [False] and stream.messages for stream in streams)


def test_a_name_server_with_many_zones_gets_them_all(desk: Transfers) -> None:
    before = counted("busy")
    streams = [asked(desk, "192.0.2.1") for _ in range(MOST_WAITING)]
    for stream in streams:
        stream.go_on.set()
    assert all(stream.ended.wait(20) for stream in streams)
    assert all(stream.ends == [False] for stream in streams)
    assert counted("busy") == before


def test_a_name_server_with_many_zones_leaves_places_to_others(desk: Transfers) -> None:
    first = [asked(desk, "192.0.2.1") for _ in range(5)]
    second = [asked(desk, "192.0.2.2") for _ in range(2)]
    third = asked(desk, "192.0.2.2", "its.test")
    fourth = asked(desk, "192.0.2.9")
    begun = [*first[:2], second[0], third]
    assert all(stream.begun.wait(20) for stream in begun)
    first[0].go_on.set()
    assert fourth.begun.wait(20), "the other ones of the first wait until it has less"
    waiting = [*first[2:], second[1]]
    assert not any(stream.begun.is_set() for stream in waiting)
    for stream in (*first, *second, third, fourth):
        stream.go_on.set()
    assert all(stream.ended.wait(20) for stream in waiting)


def test_too_many_that_wait_are_refused_and_those_of_others_are_not(desk: Transfers) -> None:
    before = counted("busy")
    streams = [asked(desk, "192.0.2.1") for _ in range(2 + MOST_WAITING)]
    assert not desk.start(replace(request("AXFR", "sml.test"), host="192.0.2.1"), Taken())
    assert counted("busy") == before + 1
    other = asked(desk, "192.0.2.2")
    assert other.begun.wait(20)
    for stream in (*streams, other):
        stream.go_on.set()
    assert all(stream.ended.wait(20) for stream in streams)


def test_who_waited_no_longer_is_left_out(desk: Transfers) -> None:
    before = counted("busy")
    streams = [asked(desk, "192.0.2.1") for _ in range(4)]
    assert all(stream.begun.wait(20) for stream in streams[:2])
    streams[2].gone = True
    for stream in streams:
        stream.go_on.set()
    assert streams[3].ended.wait(20)
    assert (streams[2].ends, streams[2].messages) == ([True], [])
    assert counted("busy") == before + 1


def test_an_end_of_the_instance_begins_nothing_that_waits(offline: OfflineInstance, transfers: Transfers) -> None:
    stamp(offline.instance.database)
    streams = [asked(transfers, "192.0.2.1") for _ in range(3)]
    assert streams[0].begun.wait(20)
    stopping = threading.Thread(target=transfers.stop)
    stopping.start()
    while transfers._waiting:
        pass
    streams[0].go_on.set()
    stopping.join(20)
    assert [stream.ends for stream in streams] == [[False], [], []]


def test_a_failure_that_nobody_expects_makes_room_too(offline: OfflineInstance, transfers: Transfers) -> None:
    ended = threading.Event()

    class Broken(Taken):
        def send(self, message: bytes) -> None:
            raise RuntimeError("broken")

        def end(self, *, cut_off: bool) -> None:
            ended.set()

    stamp(offline.instance.database)
    assert transfers.start(request("AXFR", "sml.test"), Broken())
    assert ended.wait(20)
    later = asked(transfers, "192.0.2.1")
    later.go_on.set()
    assert later.begun.wait(20)


def counted(reason: str) -> float:
    labels = {"zone": "sml.test", "reason": reason}
    return METRICS.get_sample_value("registry_zone_transfers_refused_total", labels) or 0.0


def test_refusals_are_all_counted_but_not_all_logged(transfers: Transfers) -> None:
    before = counted("rules")
    with structlog.testing.capture_logs() as logs:
        for number in range(50):
            assert not allows(transfers, "sml.test", "", f"192.0.2.{number}")
    (said,) = [each for each in logs if each["event"] == "zone_transfer_refused"]
    assert (said["zone"], said["client"], said["reason"], said["unsaid"]) == ("sml.test", "192.0.2.0", "rules", 0)
    assert counted("rules") == before + 50
