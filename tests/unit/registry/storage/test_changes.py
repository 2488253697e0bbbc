# SPDX-License-Identifier: Apache-2.0
"""What is committed is told to a listener at once, on both databases, and everything after a gap."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert

from registry.clock import system_clock
from registry.storage import changes
from registry.storage.changes import EVERYTHING, ChangeListener
from registry.storage.engine import CHANNEL, Actor, Database, sqlite_url
from registry.storage.migrate import migrate
from registry.storage.tables import domain
from registry.storage.unit_of_work import Topic
from tests.simulators.postgresql import Cluster

WAIT = 20.0
LISTENERS = "application_name = 'edelivery-registry changes'"


class Heard:
    """What a listener has told, in order."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[frozenset[Topic]] = queue.SimpleQueue()

    def __call__(self, topics: frozenset[Topic]) -> None:
        self._told.put(topics)

    def next(self) -> frozenset[Topic]:
        return self._told.get(timeout=WAIT)

    def forget(self) -> None:
        while not self._told.empty():
            self._told.get()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


@contextmanager
def listening(database: Database, told: Callable[[frozenset[Topic]], None]) -> Iterator[ChangeListener]:
    listener = ChangeListener(database, told, poll_s=0.02)
    assert not listener.connected
    listener.start()
    try:
        wait_until(lambda: listener.connected)
        yield listener
    finally:
        listener.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "registry.sqlite3")
    else:
        url = request.getfixturevalue("cluster").migrated_database()
    opened = Database(url, system_clock)
    migrate(opened)
    yield opened
    opened.dispose()


def write(database: Database, name: str, *topics: Topic) -> None:
    values = {"name": name, "profile": "", "settings": {}, "version": 1, "modified_at": database.now()}
    with database.write(Actor("test")) as work:
        work.connection.execute(insert(domain).values(values))
        work.tell(*topics)


def test_a_commit_is_told_at_once_with_its_topics(database: Database) -> None:
    heard, took = Heard(), []
    with listening(database, heard):
        heard.forget()
        for number in range(9):
            began = time.monotonic()
            write(database, f"d{number}", Topic.DOCUMENTS, Topic.EVENTS)
            assert heard.next() == (EVERYTHING if database.is_sqlite else {Topic.DOCUMENTS, Topic.EVENTS})
            took.append(time.monotonic() - began)
    assert sorted(took)[4] < 0.1


def test_everything_is_told_before_it_counts_as_connected(database: Database) -> None:
    heard = Heard()
    with listening(database, heard):
        assert heard.next() == EVERYTHING


def test_it_stops_at_once_and_is_silent_then(database: Database) -> None:
    heard = Heard()
    with listening(database, heard) as listener:
        began = time.monotonic()
        listener.stop()
        assert time.monotonic() - began < 5
        heard.forget()
        write(database, "later", Topic.DOMAINS)
        with pytest.raises(queue.Empty):
            heard._told.get(timeout=0.1)


def test_who_fails_to_take_a_change_gets_the_next(database: Database) -> None:
    heard = Heard()

    def failing(topics: frozenset[Topic]) -> None:
        heard(topics)
        raise ZeroDivisionError

    with listening(database, failing):
        heard.forget()
        for number in range(2):
            write(database, f"d{number}", Topic.DOMAINS)
            assert Topic.DOMAINS in heard.next()


def test_after_a_lost_connection_everything_is_told_and_then_the_next_change(cluster: Cluster) -> None:
    url = cluster.migrated_database()
    database, heard = Database(url, system_clock), Heard()
    with listening(database, heard) as listener:
        for number in range(3):
            heard.forget()
            assert cluster.terminate(url, where=LISTENERS) == 1
            assert heard.next() == EVERYTHING
            wait_until(lambda: listener.connected)
            heard.forget()
            write(database, f"d{number}", Topic.JOBS)
            assert heard.next() == {Topic.JOBS}
    database.dispose()


def test_while_nothing_can_be_heard_everything_is_told_again_and_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a pooler that takes LISTEN and keeps the notifications."""
    monkeypatch.setattr(changes, "_SILENCE_S", 0.1)
    monkeypatch.setattr(changes, "_BEAT_S", 0.05)
    monkeypatch.setattr(ChangeListener, "_take", lambda *_: None)
    url = cluster.migrated_database()
    database, heard = Database(url, system_clock), Heard()
    listener = ChangeListener(database, heard)
    listener.start()
    for _ in range(3):
        assert heard.next() == EVERYTHING
        assert not listener.connected
    listener.stop()
    database.dispose()


def test_topics_of_a_newer_version_are_left_out(cluster: Cluster) -> None:
    database, heard = Database(cluster.migrated_database(), system_clock), Heard()
    with listening(database, heard):
        heard.forget()
        for payload in ("weather", "weather,zones"):
            with database.write(Actor("test")) as work:
                work.connection.exec_driver_sql("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
        assert heard.next() == {Topic.ZONES}
    database.dispose()
