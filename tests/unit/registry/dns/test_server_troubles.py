# SPDX-License-Identifier: Apache-2.0
"""A server that doesn't serve what it should is an event once, and so is its recovery, however often it is asked."""

from typing import Any

import pytest

from registry.app.domain_setup import change_domain
from registry.audit.events import EventFilter, search
from registry.dns.asking import ShownSoa
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.observation import observe
from registry.errors import TechnicalError
from registry.storage.queries import zones
from tests.simulators.offline import ACTOR, OfflineInstance

SERVER = "ns1.example.org:53"


@pytest.fixture
def watched(offline: OfflineInstance) -> OfflineInstance:
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": {"observed_servers": [SERVER]}})
    publish(offline)
    return offline


def publish(offline: OfflineInstance) -> int:
    """Publish a change, now; returns the serial."""
    zone_id = offline.stored.zone_id
    assert zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        offline.instance.journal.write(work, zone_id, [NewState("x", "TXT", f'60 "{offline.clock.now}"')])
    ZonePublisher(offline.instance.database, "test", 0).tick(serve=False)
    with offline.instance.database.read() as connection:
        return zones.by_id(connection, zone_id).serial


def look(offline: OfflineInstance, serial: int | None, *, after_s: float) -> None:
    """Some seconds later, ask the server, which serves this serial, or is silent."""

    def ask(_server: str, _zone: str) -> ShownSoa:
        if serial is None:
            raise TechnicalError("no answer")
        return ShownSoa(serial)

    offline.clock.forward(seconds=after_s)
    observe(offline.instance.database, [offline.stored], ask)


def told(offline: OfflineInstance) -> list[tuple[str, Any]]:
    """The events, oldest first: what happened, and the trouble that began or ended."""
    found = search(offline.instance.database, EventFilter(tag="dns:server:*")).events[::-1]
    assert {event.subject for event in found} <= {f"{offline.stored.domain.dns.zone} {SERVER}"}
    return [(event.tag.rpartition(":")[2], (event.after.get("trouble") or event.before["trouble"])) for event in found]


def test_server_that_stays_behind_is_told_of_once_and_so_is_its_recovery(watched: OfflineInstance) -> None:
    first = publish(watched)
    look(watched, first, after_s=1)
    last = publish(watched)
    for _ in range(5):
        look(watched, first, after_s=59)
    assert told(watched) == []
    for _ in range(5):
        look(watched, first, after_s=60)
    assert told(watched) == [("fail", "behind")]
    for _ in range(3):
        look(watched, last, after_s=60)
    assert told(watched) == [("fail", "behind"), ("recover", "behind")]


def test_server_that_follows_late_but_follows_is_no_event(watched: OfflineInstance) -> None:
    before = publish(watched)
    for _ in range(10):
        serial = publish(watched)
        look(watched, before, after_s=60)
        before = serial
    assert told(watched) == []


def test_server_that_is_silent_now_and_then_is_no_event(watched: OfflineInstance) -> None:
    serial = publish(watched)
    for _ in range(3):
        look(watched, serial, after_s=60)
        look(watched, None, after_s=60)
    assert told(watched) == []
    for _ in range(10):
        look(watched, None, after_s=60)
    assert told(watched) == [("fail", "silent")]
    look(watched, serial, after_s=60)
    assert told(watched) == [("fail", "silent"), ("recover", "silent")]


def test_server_that_never_answered_is_told_of_at_once(watched: OfflineInstance) -> None:
    for _ in range(3):
        look(watched, None, after_s=60)
    assert told(watched) == [("fail", "silent")]


def test_server_that_is_ahead_is_told_of_at_once(watched: OfflineInstance) -> None:
    serial = publish(watched)
    for _ in range(3):
        look(watched, serial + 5, after_s=60)
    assert told(watched) == [("fail", "ahead")]


def test_server_that_takes_over_what_is_published_while_it_is_asked_is_not_ahead(watched: OfflineInstance) -> None:
    observe(watched.instance.database, [watched.stored], lambda _server, _zone: ShownSoa(publish(watched)))
    assert told(watched) == []
