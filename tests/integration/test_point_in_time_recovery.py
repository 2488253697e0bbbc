# SPDX-License-Identifier: Apache-2.0
"""The recipe of docs/howto/backup-and-restore.md: base backup and WAL archive of PostgreSQL, back to a point in time.

What PostgreSQL brings back is adopted (`registry database adopt`), and served.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from registry.app.after_restore import Wishes, adopt
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.serials import is_greater
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.postgresql import Cluster, new_cluster
from tests.simulators.restoring import PATHS, ZONE, rows_of, served, settings_for, zone_of

pytestmark = pytest.mark.slow


@pytest.fixture
def archiving(tool: Any) -> Iterator[Cluster]:
    """A server of its own that archives its WAL."""
    with new_cluster(tool.path) as cluster:
        cluster.start()
        archive = cluster.folder / "archive"
        archive.mkdir()
        shutil.chown(archive, cluster.folder.owner(), cluster.folder.group())
        cluster.execute("ALTER SYSTEM SET archive_mode = on")
        cluster.execute(f"ALTER SYSTEM SET archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'")
        cluster.stop("fast")
        cluster.start()
        yield cluster


def publish(live: LiveInstance, *values: str) -> None:
    for value in values:
        group = ServiceGroup(ParticipantIdentifier(ISO6523, value))
        live.instance.publishing.put_service_group(ACTOR, live.stored, group)
        live.wait_for_dns()


def take_base_backup(cluster: Cluster) -> Path:
    base = cluster.folder / "base"
    program = [*cluster._as_owner, str(cluster.programs / "pg_basebackup")]
    where = ["--host", str(cluster.folder), "--username", "registry", "--pgdata", str(base), "--checkpoint", "fast"]
    subprocess.run([*program, *where], check=True, cwd=cluster.folder, timeout=60)
    return base


def finish_archive(cluster: Cluster) -> None:
    """Return once everything that is committed is in the archive."""
    ((name,),) = cluster.execute("SELECT pg_walfile_name(pg_switch_wal())")
    until((cluster.folder / "archive" / str(name)).exists)


def recover(cluster: Cluster, base: Path, target: str) -> None:
    """Go back to a point in time; the server's files are lost."""
    cluster.stop("immediate")
    data = cluster.folder / "data"
    shutil.rmtree(data)
    base.rename(data)
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {cluster.folder}/archive/%f %p'\n")
        settings.write(f"recovery_target_time = '{target}'\nrecovery_target_action = 'promote'\n")
    (data / "recovery.signal").touch()
    cluster.start()
    until(lambda: cluster.execute("SELECT pg_is_in_recovery()") == [(False,)])


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def test_database_comes_back_as_it_was_at_a_point_in_time_and_serves(
    archiving: Cluster, tmp_path: Path, pki: DemoPki
) -> None:
    url = archiving.new_database()
    with live_instance(tmp_path, pki, database_url=url) as live:
        for metadata in demo_metadata(pki.access_points):
            live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
        base = take_base_backup(archiving)
        publish(live, "0088:after-base-backup")
        ((target,),) = archiving.execute("SELECT clock_timestamp()")
        assert isinstance(target, datetime)
        publish(live, "0088:lost-1", "0088:lost-2")
        lost_serial, _ = zone_of(live.instance.database)
        finish_archive(archiving)
    recover(archiving, base, target.isoformat())
    settings = settings_for(tmp_path, url)
    done = adopt(settings, ACTOR, target, Wishes({}))
    values = {row[3] for row in rows_of(url)["service_group"]}
    assert "0088:after-base-backup" in values
    assert not {"0088:lost-1", "0088:lost-2"} & values
    (zone,) = done.zones
    assert zone.held < lost_serial
    assert is_greater(zone.serial, lost_serial)
    with served(settings) as running:
        assert running.serial(ZONE) == zone.serial
        for path in PATHS:
            running.get(path)
