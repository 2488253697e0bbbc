# SPDX-License-Identifier: Apache-2.0
"""A snapshot is the zone, or counts for nothing: damaged, of another zone, of another history."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.clock import system_clock
from registry.dns import zone_loading
from registry.dns.journal import NewState, ZoneJournal, ZonePublisher
from registry.dns.served_zone import ServedZone
from registry.dns.snapshot import Snapshots
from registry.errors import TechnicalError
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from registry.storage.queries import zones
from registry.storage.queries.zones import ZoneRow
from tests.simulators.databases import database_url

ACTOR = Actor("test")
APEX = [
    NewState("@", "SOA", "3600 ns.example. hostmaster.sml.test. 0 3600 600 1209600 60"),
    NewState("@", "NS", "3600 ns.example."),
]
NAPTR = '60 100 10 "U" "Meta:SMP" "!.*!https://smp.example!" .'


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(database_url(tmp_path), system_clock)
    migrate(database)
    yield database
    database.dispose()


def row_of(database: Database) -> ZoneRow:
    with database.read() as connection:
        (row,) = zones.all_zones(connection)
    return row


def write(database: Database, *states: NewState) -> ZoneRow:
    """Write and stamp."""
    row = row_of(database)
    with database.write(ACTOR) as work:
        ZoneJournal().write(work, row.id, states)
        zones.stamp(work, row.id)
    return row_of(database)


@pytest.fixture
def held(database: Database) -> Database:
    """A database with a zone that has plain names, and such as are not."""
    with database.write(ACTOR) as work:
        zones.add(work, None, "sml.test", serial=1)
    write(database, *APEX)
    with database.write(ACTOR) as work:
        ZoneJournal().begin_anew(work, row_of(database), 2**32 - 4)
    write(
        database,
        *(NewState(f"p{number}.scheme", "NAPTR", NAPTR) for number in range(50)),
        NewState("p1.scheme", "TXT", '60 "two types"'),
        NewState("smp.publisher", "CNAME", "60 smp.example."),
        NewState("dot\\.ted.scheme", "TXT", '60 "escaped"'),
        NewState("cut", "NS", "60 ns.cut.sml.test."),
        NewState("ns.cut", "A", "60 192.0.2.1"),
        NewState("@", "TXT", '60 "apex"'),
    )
    return database


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "zones", 0.0)


def file_of(snapshots: Snapshots) -> Path:
    (file,) = snapshots.folder.glob("*.zone")
    return file


def load(database: Database, snapshots: Snapshots) -> ServedZone | None:
    with database.read() as connection:
        return snapshots.load(connection, row_of(database))


def content(zone: ServedZone | None) -> object:
    assert zone is not None
    names = zone._names
    held = {**names.nodes, **names.hidden}
    rendered = {name: {code: rrset.tails for code, rrset in node.rrsets.items()} for name, node in held.items()}
    return zone.name, zone.serial, rendered, dict(names.below), set(names.ends)


def from_database(database: Database) -> ServedZone:
    with database.read() as connection:
        return zone_loading.load(connection, row_of(database))


def test_zone_from_its_snapshot_is_the_one_of_the_database(held: Database, snapshots: Snapshots) -> None:
    assert snapshots.write(held, row_of(held).id)
    assert content(load(held, snapshots)) == content(from_database(held))


def test_changes_since_are_added_from_the_journal_also_over_the_wrap_of_serials(
    held: Database, snapshots: Snapshots
) -> None:
    snapshots.write(held, row_of(held).id)
    write(held, NewState("p2.scheme", "NAPTR", None), NewState("cut", "NS", None))
    for number in range(4):
        row = write(held, NewState("new.scheme", "TXT", f'60 "{number}"'))
    assert row.serial < 100
    assert load(held, snapshots) is not None
    with held.read() as connection:
        zone = zone_loading.load(connection, row, snapshots)
    assert content(zone) == content(from_database(held))


def test_changes_without_a_serial_are_in_no_snapshot(held: Database, snapshots: Snapshots) -> None:
    with held.write(ACTOR) as work:
        ZoneJournal().write(work, row_of(held).id, [NewState("late", "TXT", '60 "x"')])
    snapshots.write(held, row_of(held).id)
    zone = load(held, snapshots)
    assert zone is not None
    assert zone.find(b"\x04late") is None


def test_publisher_begins_with_the_snapshot_and_goes_on_with_the_journal(held: Database, snapshots: Snapshots) -> None:
    snapshots.write(held, row_of(held).id)
    write(held, NewState("new.scheme", "TXT", '60 "x"'))
    publisher = ZonePublisher(held, "one", snapshots=snapshots)
    (zone,) = publisher.tick().begun
    assert content(zone) == content(from_database(held))
    assert publisher.served() == {row_of(held).id: zone.size}
    write(held, NewState("newer.scheme", "TXT", '60 "x"'))
    (update,) = publisher.tick().updates
    update.apply()
    assert content(zone) == content(from_database(held))


def cut(data: bytes) -> bytes:
    return data[:-1]


def flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def longer(data: bytes) -> bytes:
    return data + b"x"


def other_head(**said: object) -> Callable[[bytes], bytes]:
    """With a first line that says something else, and is signed for."""

    def change(data: bytes) -> bytes:
        head, _, rest = data[:-32].partition(b"\n")
        body = json.dumps(json.loads(head) | said).encode() + b"\n" + rest
        return body + hashlib.sha256(body).digest()

    return change


@pytest.mark.parametrize(
    "change",
    [
        cut,
        flipped,
        longer,
        lambda _: b"",
        lambda _: b"\n",
        lambda _: b"[]\n",
        lambda _: b"{}\n" + bytes(40),
        lambda _: b'{"serial": "x"}\n' + bytes(40),
        other_head(format=2),
        other_head(zone="other.test"),
        other_head(id=99),
        other_head(serial=7),
        other_head(serial=None),
        other_head(last=[1, 1]),
    ],
    ids=["cut", "flipped", "longer", "empty", "blank", "list", "bare", "text serial", "format", "zone", "id", "serial",
         "null serial", "last change"],
)  # fmt: skip
def test_bad_file_is_ignored_and_the_zone_read_from_the_database(
    held: Database, snapshots: Snapshots, change: Callable[[bytes], bytes]
) -> None:
    snapshots.write(held, row_of(held).id)
    file = file_of(snapshots)
    file.write_bytes(change(file.read_bytes()))
    assert load(held, snapshots) is None
    with held.read() as connection:
        zone = zone_loading.load(connection, row_of(held), snapshots)
    assert content(zone) == content(from_database(held))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_any_damage_is_noticed(held: Database, snapshots: Snapshots, data: st.DataObject) -> None:
    if not snapshots.folder.exists():
        snapshots.write(held, row_of(held).id)
    file = file_of(snapshots)
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.binary(max_size=4).filter(lambda part: part != whole[at : at + len(part)]))
    damaged = whole[:at] + other + whole[at + data.draw(st.integers(0, 8)) :]
    try:
        file.write_bytes(damaged)
        assert load(held, snapshots) is None or damaged == whole
    finally:
        file.write_bytes(whole)


def test_history_that_began_anew_makes_it_useless(held: Database, snapshots: Snapshots) -> None:
    snapshots.write(held, row_of(held).id)
    with held.write(ACTOR) as work:
        ZoneJournal().begin_anew(work, row_of(held), 5000)
    assert load(held, snapshots) is None


def test_zone_of_another_history_with_the_same_serial_is_not_taken(
    held: Database, snapshots: Snapshots, tmp_path: Path
) -> None:
    """As after a copy of an older database was put back, and went its own way since."""
    snapshots.write(held, row_of(held).id)
    with held.write(ACTOR) as work:
        work.connection.exec_driver_sql("UPDATE zone_change SET changed_at = changed_at + 1")
    assert load(held, snapshots) is None


def test_it_is_written_once_for_a_serial_and_not_too_often(held: Database, tmp_path: Path) -> None:
    often, seldom = Snapshots(tmp_path, 0.0), Snapshots(tmp_path, 600.0)
    zone_id = row_of(held).id
    assert [often.write(held, zone_id), often.write(held, zone_id)] == [True, False]
    write(held, NewState("more", "TXT", '60 "x"'))
    assert not seldom.write(held, zone_id)
    old = held.now() - timedelta(seconds=400)
    os.utime(file_of(often), (old.timestamp(), old.timestamp()))
    assert seldom.write(held, zone_id)


def test_two_processes_do_not_write_at_once(held: Database, snapshots: Snapshots) -> None:
    with snapshots._alone() as alone:
        assert alone
        assert not snapshots.write(held, row_of(held).id)
    assert snapshots.write(held, row_of(held).id)


def test_who_is_told_to_stop_leaves_the_file_before(held: Database, snapshots: Snapshots) -> None:
    snapshots.write(held, row_of(held).id)
    before = file_of(snapshots).read_bytes()
    write(held, NewState("more", "TXT", '60 "x"'))
    assert not snapshots.write(held, row_of(held).id, lambda: True)
    assert file_of(snapshots).read_bytes() == before
    assert {path.name for path in snapshots.folder.iterdir()} == {file_of(snapshots).name, "lock"}


def test_folder_that_cannot_be_made_is_an_error_that_says_so(held: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TechnicalError, match="folder of snapshots"):
        Snapshots(tmp_path / "file" / "zones", 0.0).write(held, row_of(held).id)


def test_zone_without_a_change_has_none(database: Database, snapshots: Snapshots) -> None:
    with database.write(ACTOR) as work:
        zone_id = zones.add(work, None, "sml.test", serial=0)
    assert not snapshots.write(database, zone_id)
