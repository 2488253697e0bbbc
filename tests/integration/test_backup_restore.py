# SPDX-License-Identifier: Apache-2.0
"""A running instance is backed up, lost, and restored into an empty folder and database: what comes back is what was.

Everything runs on SQLite and on PostgreSQL.
"""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from alembic import command
from sqlalchemy import func, select, update

from registry.app.after_restore import Wishes, adopt
from registry.app.archive import reading
from registry.app.backup import make_backup, verify_backup
from registry.app.database_copy import copy_to
from registry.app.instance import Instance
from registry.app.restore import Choices, plan_restore, restore
from registry.audit.chain import seal
from registry.audit.verification import verify
from registry.clock import system_clock
from registry.demo.pki import DemoPki
from registry.dns.journal import ZonePublisher
from registry.errors import ConfigurationError, ConflictError
from registry.identifiers.dns_names import participant_name
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path
from registry.metadata import ServiceGroup
from registry.serials import is_greater
from registry.storage.engine import Database, sqlite_url
from registry.storage.migrate import _configuration, schema_version
from registry.storage.tables import audit_chain, event, installation, job, registration, session, signing_key, token
from tests.simulators.live import ACTOR, live_instance
from tests.simulators.postgresql import Cluster
from tests.simulators.restoring import (
    CHANGED,
    PARTICIPANT,
    PASSPHRASE,
    PATHS,
    ZONE,
    Lost,
    NewUrl,
    lose_installation,
    rows_of,
    served,
    settings_for,
    zone_of,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, cluster: Cluster) -> NewUrl:
    """Gives the URL of a new database of a kind."""
    if request.param == "postgresql":
        return lambda _folder: cluster.new_database()
    return lambda folder: sqlite_url(folder / "registry.sqlite3")


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, new_url: NewUrl) -> Lost:
    """Tests leave it as it is: they work with what they restore."""
    return lose_installation(tmp_path_factory.mktemp("lost"), pki, new_url)


# An empty machine


def test_everything_comes_back_row_by_row(lost: Lost) -> None:
    target = lost.target()
    done = lost.restored_into(target)
    now = rows_of(target.database_url)
    for name in lost.rows.keys() - CHANGED:
        # A restored zone begins anew with its SOA, whose newest change is another one therefore.
        given, held = (
            [row[:4] for row in each] if name == "zone_rrset" else each for each in (lost.rows[name], now[name])
        )
        assert held == given, name
    assert now["event"][: len(lost.rows["event"])] == lost.rows["event"]
    assert set(lost.rows["zone_serial"]) < set(now["zone_serial"]), "since when serials were out, and the one of now"
    added = now["event"][len(lost.rows["event"]) :]
    assert [row[4] for row in added] == ["app:installation:restore"]
    assert done.ended_sessions == done.freed_jobs == done.usable_tokens == done.usable_accounts == 1
    with Instance.open(target) as instance, instance.database.read() as connection:
        assert verify(instance.database).finding is None
        assert connection.execute(select(session.c.revoked_at)).scalar_one() == done.restored_at
        assert connection.execute(select(job.c.state, job.c.claimed_by)).one() == ("waiting", None)
        assert connection.execute(select(token.c.revoked_at)).scalars().all() == [None]
        assert connection.execute(select(installation.c.restored_at)).scalar_one() == done.restored_at
        file = Path(connection.execute(select(signing_key.c.file)).scalar_one())
    assert file.is_relative_to(target.data_dir)


def test_restored_instance_serves_the_same_bytes_and_goes_on(lost: Lost) -> None:
    target = lost.target()
    done = lost.restored_into(target)
    with served(target) as running:
        assert {path: running.get(path) for path in PATHS} == lost.documents
        assert running.ask(participant_name(PARTICIPANT, ZONE), "NAPTR")
        serial = running.serial(ZONE)
        assert is_greater(serial, lost.serial_at_the_end)
        assert serial == done.zones[0].serial
        headers = {"Authorization": f"Bearer {lost.token}"}
        path = participant_path(ParticipantIdentifier(ISO6523, "0088:after-restore"))
        group = (
            '<ServiceGroup xmlns="http://busdox.org/serviceMetadata/publishing/1.0/">'
            '<i:ParticipantIdentifier xmlns:i="http://busdox.org/transport/identifiers/1.0/" '
            f'scheme="{ISO6523}">0088:after-restore</i:ParticipantIdentifier>'
            "<ServiceMetadataReferenceCollection/></ServiceGroup>"
        )
        assert httpx2.put(running.addresses.manage + path, content=group, headers=headers).status_code == 201
    with Instance.open(target) as instance:
        seal(instance.database)
        assert verify(instance.database).finding is None


def test_files_land_in_the_data_folder_for_their_owner_only(lost: Lost) -> None:
    target = lost.target()
    lost.restored_into(target)
    found = list(target.data_dir.rglob("*"))
    assert {path.name for path in found} >= {"master.key", "smp.pem", "tls-key.pem"}
    for path in (target.data_dir, *found):
        assert path.stat().st_mode & 0o077 == 0, path
    assert target.master_key_file.read_bytes() == lost.settings.master_key_file.read_bytes()


def test_files_that_were_elsewhere_go_into_the_data_folder_unless_their_old_place_is_wanted(
    lost: Lost, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "etc" / "tls.key"
    elsewhere.parent.mkdir()
    elsewhere.write_text("key")
    settings = settings_for(
        lost.settings.data_dir, lost.settings.database_url, sml_tls_cert=elsewhere, sml_tls_key=elsewhere
    )
    backup = tmp_path / "second.backup"
    make_backup(settings, backup, PASSPHRASE)
    elsewhere.unlink()
    target = lost.target()
    with reading(backup) as archive:
        plan = plan_restore(archive, target, Choices(PASSPHRASE))
        (placed,) = (item for item in plan.files if item.file.path == str(elsewhere))
        assert placed.place == target.data_dir / "restored" / elsewhere.relative_to("/")
        assert plan.settings["sml_tls_cert"] == str(placed.place)
        plan = plan_restore(archive, target, Choices(PASSPHRASE, original_paths=True))
        restore(archive, target, plan, ACTOR)
    assert elsewhere.read_text() == "key"
    assert elsewhere.stat().st_mode & 0o777 == 0o600


def test_server_that_holds_what_was_published_after_the_backup_takes_the_whole_zone(lost: Lost) -> None:
    target = lost.target()
    ahead = Database(lost.settings.database_url, lambda: datetime.now(UTC))
    follower = ZonePublisher(ahead, "secondary")
    (held,) = follower.tick().begun
    assert held.serial == lost.serial_at_the_end
    done = lost.restored_into(target)
    assert is_greater(done.zones[0].serial, held.serial)
    restored = Database(target.database_url, lambda: datetime.now(UTC))
    follower._database = restored
    news = follower.tick()
    assert news.updates == ()
    (whole,) = news.begun
    assert whole.serial == done.zones[0].serial
    assert zone_of(restored) == (whole.serial, lost.naptr)
    for database in (ahead, restored):
        database.dispose()


def test_two_restores_of_one_backup_never_give_a_serial_twice(lost: Lost) -> None:
    first = lost.target()
    lost.restored_into(first)
    with served(first) as running:
        serial = running.serial(ZONE)
    again = lost.restored_into(lost.target())
    assert is_greater(again.zones[0].serial, serial)


def test_serial_that_somebody_has_seen_is_passed(lost: Lost) -> None:
    seen = lost.serial_at_backup + 10**9
    done = lost.restored_into(lost.target(), Choices(PASSPHRASE, wishes=Wishes({ZONE: seen})))
    assert done.zones[0].serial == seen + 1
    with pytest.raises(ConfigurationError, match=r"there is no zone other\.test"):
        lost.restored_into(lost.target(), Choices(PASSPHRASE, wishes=Wishes({"other.test": 1})))


def test_tokens_are_revoked_where_that_is_wanted(lost: Lost) -> None:
    target = lost.target()
    done = lost.restored_into(target, Choices(PASSPHRASE, wishes=Wishes({}, revoke_tokens=True)))
    assert (done.revoked_tokens, done.usable_tokens) == (1, 0)
    with served(target) as running:
        headers = {"Authorization": f"Bearer {lost.token}"}
        answer = httpx2.put(running.addresses.manage + PATHS[0], content="<x/>", headers=headers)
    assert answer.status_code == 401


def test_verify_tells_what_is_inside(lost: Lost) -> None:
    found = verify_backup(lost.backup, PASSPHRASE)
    assert found.manifest.tables == {name: len(rows) for name, rows in sorted(lost.rows.items())}
    assert found.manifest.zones == {ZONE: lost.serial_at_backup}
    assert found.manifest.audit_head is not None
    assert {Path(name).name for name in found.secret_files or ()} >= {"master.key", "smp.pem"}


# Something is there already


def test_database_that_is_not_empty_is_only_replaced_where_that_is_said(lost: Lost) -> None:
    target = lost.target()
    lost.restored_into(target)
    with served(target) as running:
        published = running.serial(ZONE)
    with Instance.open(target) as instance:
        instance.publishing.delete_service_group(ACTOR, instance.directory.get("demo"), PARTICIPANT)
    with pytest.raises(ConflictError, match="not empty"):
        lost.restored_into(target)
    done = lost.restored_into(target, Choices(PASSPHRASE, replace=True))
    assert is_greater(done.zones[0].serial, published)
    assert rows_of(target.database_url)["service_group"] == lost.rows["service_group"]


def test_serial_of_the_database_that_is_replaced_is_passed_however_far_it_has_gone(lost: Lost) -> None:
    target = lost.target()
    seen = lost.serial_at_backup + 10**9
    first = lost.restored_into(target, Choices(PASSPHRASE, wishes=Wishes({ZONE: seen})))
    again = lost.restored_into(target, Choices(PASSPHRASE, replace=True))
    assert again.zones[0].serial == first.zones[0].serial + 1


def test_plan_says_what_would_be_lost_and_changes_nothing(lost: Lost) -> None:
    target = lost.target()
    lost.restored_into(target)
    before = rows_of(target.database_url)
    with reading(lost.backup) as archive:
        plan = plan_restore(archive, target, Choices(PASSPHRASE, replace=True))
    assert plan.lost is not None
    assert plan.lost.tables["service_group"] == len(before["service_group"])
    assert plan.lost.newest_event == before["event"][-1][1]
    assert rows_of(target.database_url) == before


def test_running_instance_is_not_replaced(lost: Lost) -> None:
    target = lost.target()
    lost.restored_into(target)
    with served(target), pytest.raises(ConflictError, match="stop it first"):
        lost.restored_into(target, Choices(PASSPHRASE, replace=True))


def test_master_key_of_another_installation_is_refused(lost: Lost) -> None:
    target = lost.target()
    target.data_dir.mkdir()
    target.master_key_file.write_text("00" * 32)
    target.master_key_file.chmod(0o600)
    with pytest.raises(ConflictError, match=r"master\.key"):
        lost.restored_into(target)
    with pytest.raises(ConfigurationError, match="not the one of the backup"):
        lost.restored_into(target, Choices(None))


def test_backup_without_secrets_wants_the_master_key_first(lost: Lost, tmp_path: Path) -> None:
    backup = tmp_path / "bare.backup"
    manifest = make_backup(lost.settings, backup, None)
    assert str(lost.settings.master_key_file) in manifest.lacks
    target = lost.target()
    with reading(backup) as archive:
        with pytest.raises(ConfigurationError, match="missing: put it there first"):
            plan_restore(archive, target, Choices(None))
        target.data_dir.mkdir()
        target.master_key_file.write_bytes(lost.settings.master_key_file.read_bytes())
        target.master_key_file.chmod(0o600)
        restore(archive, target, plan_restore(archive, target, Choices(None)), ACTOR)
    assert rows_of(target.database_url)["service"] == lost.rows["service"]


def test_other_kind_of_database_is_refused_with_what_to_do(lost: Lost, tmp_path: Path, cluster: Cluster) -> None:
    sqlite = lost.settings.database_url.startswith("sqlite")
    url = cluster.new_database() if sqlite else sqlite_url(tmp_path / "other.sqlite3")
    with pytest.raises(ConfigurationError, match="registry database copy"):
        lost.restored_into(settings_for(tmp_path / "other", url))


# While others write


def test_backup_of_a_busy_instance_is_one_state_with_all_that_was_acknowledged_before(
    tmp_path: Path, pki: DemoPki, new_url: NewUrl
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    with live_instance(folder, pki, database_url=new_url(folder)) as live:
        acknowledged: list[str] = []
        stop = threading.Event()

        def keep_writing(writer: int) -> None:
            number = 0
            while not stop.is_set():
                value = f"0088:busy-{writer}-{number}"
                group = ServiceGroup(ParticipantIdentifier(ISO6523, value))
                live.instance.publishing.put_service_group(ACTOR, live.stored, group)
                acknowledged.append(value)
                number += 1

        writers = [threading.Thread(target=keep_writing, args=(number,)) for number in range(3)]
        for writer in writers:
            writer.start()
        while len(acknowledged) < 30:
            time.sleep(0.01)
        before = list(acknowledged)
        make_backup(live.settings, tmp_path / "busy.backup", PASSPHRASE)
        during = len(acknowledged) - len(before)
        stop.set()
        for writer in writers:
            writer.join()
    assert during > 0, "nobody wrote during the backup"
    target = settings_for(tmp_path / "new", new_url(tmp_path / "new"))
    with reading(tmp_path / "busy.backup") as archive:
        restore(archive, target, plan_restore(archive, target, Choices(PASSPHRASE)), ACTOR)
    rows = rows_of(target.database_url)
    groups = {row[3] for row in rows["service_group"]}
    assert set(before) <= groups
    registered = {row[3] for row in rows["registration"]}
    naptr = [row for row in rows["zone_rrset"] if row[2] == "NAPTR"]
    created = [row for row in rows["event"] if row[4] == "smp:service-group:create"]
    assert registered == groups
    assert len(naptr) == len(groups) == len(created)


def test_backup_of_an_older_schema_is_brought_to_the_newest(tmp_path: Path, pki: DemoPki, new_url: NewUrl) -> None:
    old = tmp_path / "old"
    old.mkdir()
    with live_instance(old, pki, database_url=new_url(old)) as live:
        live.instance.publishing.put_service_group(ACTOR, live.stored, ServiceGroup(PARTICIPANT))
        live.wait_for_dns()
    database = Database(live.settings.database_url, system_clock)
    command.downgrade(_configuration(database), "0005")
    made = make_backup(live.settings, tmp_path / "old.backup", PASSPHRASE)
    assert schema_version(database) == "0005", "a backup changes nothing"
    database.dispose()
    assert (made.schema_revision, made.instance_id, made.audit_head) == ("0005", None, None)
    assert verify_backup(tmp_path / "old.backup", PASSPHRASE).manifest == made
    target = settings_for(tmp_path / "new", new_url(tmp_path / "new"))
    with reading(tmp_path / "old.backup") as archive:
        done = restore(archive, target, plan_restore(archive, target, Choices(PASSPHRASE)), ACTOR)
    with served(target) as running:
        running.get(PATHS[0])
        assert running.serial(ZONE) == done.zones[0].serial


# Other ways


def test_database_is_copied_to_the_other_kind_and_back(lost: Lost, tmp_path: Path, cluster: Cluster) -> None:
    source = lost.target()
    lost.restored_into(source)
    with Instance.open(source) as instance:
        seal(instance.database)
    before = rows_of(source.database_url)
    other = sqlite_url(tmp_path / "other.sqlite3") if "postgresql" in source.database_url else cluster.new_database()
    counts = copy_to(source, other)
    assert rows_of(other) == before
    assert counts == {name: len(rows) for name, rows in before.items()}
    there = settings_for(source.data_dir, other)
    with pytest.raises(ConflictError, match="not empty"):
        copy_to(source, other)
    with served(there) as running:
        assert {path: running.get(path) for path in PATHS} == lost.documents
    back = lost.target()
    copy_to(there, back.database_url)
    assert rows_of(back.database_url)["service"] == before["service"]


def test_copy_never_gives_out_a_number_again(lost: Lost, tmp_path: Path, cluster: Cluster) -> None:
    source = lost.target()
    lost.restored_into(source)
    with Instance.open(source) as instance:
        stored = instance.directory.get("demo")
        for number in range(3):
            group = ServiceGroup(ParticipantIdentifier(ISO6523, f"0088:gone-{number}"))
            instance.publishing.put_service_group(ACTOR, stored, group)
            instance.publishing.delete_service_group(ACTOR, stored, group.participant)
        with instance.database.write(ACTOR) as work:
            last = work.connection.execute(select(func.max(event.c.sequence))).scalar_one()
    other = sqlite_url(tmp_path / "other.sqlite3") if "postgresql" in source.database_url else cluster.new_database()
    copy_to(source, other)
    with Instance.open(settings_for(source.data_dir, other)) as instance:
        group = ServiceGroup(ParticipantIdentifier(ISO6523, "0088:new"))
        instance.publishing.put_service_group(ACTOR, instance.directory.get("demo"), group)
        with instance.database.read() as connection:
            new = connection.execute(select(func.max(registration.c.id))).scalar_one()
            assert connection.execute(select(func.max(event.c.sequence))).scalar_one() > last
    known = max(row[0] for row in rows_of(source.database_url)["registration"])
    assert new > known + 3, "the numbers of registrations that went are used up"


def test_database_that_came_back_by_other_means_is_adopted(lost: Lost) -> None:
    target = lost.target()
    lost.restored_into(target)
    with served(target) as running:
        published = running.serial(ZONE)
    as_of = datetime.now(UTC)
    done = adopt(target, ACTOR, as_of, Wishes({}))
    assert is_greater(done.zones[0].serial, published)
    assert done.as_of == as_of
    with served(target) as running:
        assert running.serial(ZONE) == done.zones[0].serial
    later = adopt(target, ACTOR, None, Wishes({}))
    assert later.as_of == done.restored_at, "the newest thing in it is the event about the first time"


def test_database_in_use_is_not_adopted(lost: Lost) -> None:
    target = lost.target()
    lost.restored_into(target)
    with served(target), pytest.raises(ConflictError, match="stop it first"):
        adopt(target, ACTOR, None, Wishes({}))


def test_chain_that_is_not_whole_is_not_adopted(lost: Lost) -> None:
    target = lost.target()
    lost.restored_into(target)
    with Instance.open(target) as instance, instance.database.write(ACTOR) as work:
        work.connection.execute(update(audit_chain).values(hash="f" * 64))
    with pytest.raises(ConflictError, match="audit"):
        adopt(target, ACTOR, None, Wishes({}))
