# SPDX-License-Identifier: Apache-2.0
"""Files of an installation, as an examination sees them."""

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from registry.app.doctor.database import file_system_of
from registry.app.doctor.files import check_disk, check_secrets, check_tls, may_read
from registry.app.doctor.findings import Finding, Level
from registry.app.doctor.limits import check_listeners
from registry.app.last_backup import last_backup, note_backup
from registry.app.privileges import Identity
from registry.settings import Settings, load_settings
from tests.simulators.server_certificates import ServerAuthority

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("REGISTRY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def settings_of(folder: Path, **given: Any) -> Settings:
    return load_settings(data_dir=folder, **given)


def ids(found: Iterable[Finding]) -> set[str]:
    return {finding.id for finding in found}


def test_secrets_that_others_can_read_are_an_error(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    settings.master_key_file.write_text("00")
    settings.master_key_file.chmod(0o600)
    assert "DOCTOR-SECRET-OPEN" not in ids(check_secrets(settings))
    settings.master_key_file.chmod(0o644)
    found = [finding for finding in check_secrets(settings) if finding.id == "DOCTOR-SECRET-OPEN"]
    assert [finding.level for finding in found] == [Level.ERROR]
    assert str(settings.master_key_file) in found[0].remedy


def test_keys_in_a_folder_of_certificates_are_looked_at_too(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    ServerAuthority().write(folder, "smp", "smp.example.org")
    (folder / "smp.key").chmod(0o604)
    settings = settings_of(tmp_path, public_tls=folder)
    (found,) = [finding for finding in check_secrets(settings) if finding.id == "DOCTOR-SECRET-OPEN"]
    assert "smp.key" in found.what


def test_root_without_a_user_to_become_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "DOCTOR-ROOT" in ids(check_secrets(settings_of(tmp_path)))
    assert "DOCTOR-ROOT" not in ids(check_secrets(settings_of(tmp_path, run_as="nobody")))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "DOCTOR-ROOT" not in ids(check_secrets(settings_of(tmp_path)))
    assert "DOCTOR-RUN-AS" in ids(check_secrets(settings_of(tmp_path, run_as="no-such-user")))


def test_files_that_the_user_can_not_read_are_an_error(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, run_as="nobody")
    tmp_path.chmod(0o700)
    assert "DOCTOR-RUN-AS-FILE" in ids(check_secrets(settings))


class Seen(NamedTuple):
    """What `stat` tells."""

    st_mode: int
    st_uid: int
    st_gid: int


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "allowed"),
    [
        (0o400, 65534, 0, True),
        (0o400, 0, 0, False),
        (0o040, 0, 65534, True),
        (0o040, 0, 0, False),
        (0o004, 0, 0, True),
        (0o044, 65534, 0, False),  # the owner's bits count, though others may
    ],
)
def test_permission_bits_say_who_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, uid: int, gid: int, allowed: bool
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    real = Path.stat

    def seen(path: Path, **given: Any) -> Any:
        return Seen(mode | stat.S_IFREG, uid, gid) if path == file else Seen(0o755 | stat.S_IFDIR, 0, 0)

    monkeypatch.setattr(Path, "resolve", lambda path: path)
    monkeypatch.setattr(Path, "stat", seen)
    assert may_read(file, Identity("nobody", 65534, 65534, (65534,))) is allowed
    monkeypatch.setattr(Path, "stat", real)


def test_folder_that_can_not_be_entered_hides_what_is_in_it(tmp_path: Path) -> None:
    entry = pwd.getpwnam("nobody")
    nobody = Identity("nobody", entry.pw_uid, entry.pw_gid, (entry.pw_gid,))
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    (folder / "file").write_text("")
    (folder / "file").chmod(0o644)
    if folder.stat().st_uid != entry.pw_uid:
        assert not may_read(folder / "file", nobody)


def test_certificates_that_end_are_told_before_and_after(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    ServerAuthority().write(folder, "smp", "smp.example.org")
    settings = settings_of(tmp_path, public_tls=folder)
    assert "DOCTOR-TLS-EXPIRED" in ids(check_tls(settings, NOW + timedelta(days=10_000)))
    assert "DOCTOR-TLS-EARLY" in ids(check_tls(settings, NOW - timedelta(days=10_000)))
    (folder / "broken.pem").write_text("nothing")
    assert "DOCTOR-TLS" in ids(check_tls(settings, NOW))
    assert ids(check_tls(settings_of(tmp_path, public_tls=tmp_path / "nowhere"), NOW)) == {"DOCTOR-TLS"}
    assert ids(check_tls(settings_of(tmp_path, tls_ciphers="AES128-SHA"), NOW)) == {"DOCTOR-TLS-POLICY"}


def test_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    authority = ServerAuthority()
    authority.write(folder, "one", "one.example.org")
    authority.write(folder, "two", "two.example.org")
    (folder / "two.key").replace(folder / "one.key")
    found = list(
        check_tls(settings_of(tmp_path, public_tls_cert=folder / "one.crt", public_tls_key=folder / "one.key"), NOW)
    )
    assert ids(found) == {"DOCTOR-TLS"}


class Usage(NamedTuple):
    """What `disk_usage` tells."""

    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "total", "level"),
    [
        (500_000_000_000, 1_000_000_000_000, None),
        (1_500_000_000, 1_000_000_000_000, Level.ERROR),
        (1_500_000_000, 20_000_000_000, Level.WARNING),
        (15_000_000_000, 1_000_000_000_000, Level.WARNING),
        (100_000_000, 1_000_000_000, Level.ERROR),
    ],
)
def test_little_room_on_the_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, total: int, level: Level | None
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total, total - free, free))
    assert [finding.level for finding in check_disk(settings_of(tmp_path))] == ([level] if level else [])


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /srv/data nfs4 rw 0 0
/dev/sdb1 /srv/data/local xfs rw 0 0
//server/share /mnt/with\\040space cifs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/var/lib/registry.sqlite3", "ext4"),
        ("/srv/data/registry.sqlite3", "nfs4"),
        ("/srv/data/local/registry.sqlite3", "xfs"),
        ("/srv/database/registry.sqlite3", "ext4"),
        ("/mnt/with space/registry.sqlite3", "cifs"),
    ],
)
def test_file_system_is_that_of_the_deepest_mount(file: str, kind: str) -> None:
    assert file_system_of(Path(file), MOUNTS) == kind


def test_limits_that_are_off_are_told_where_others_can_reach_the_listener(tmp_path: Path) -> None:
    off = {"public_rate_per_s": 0, "dns_rate_per_s": 0, "client_connections": 0, "dns_tcp_client_connections": 0}
    assert "DOCTOR-LIMIT-OFF" not in ids(check_listeners(settings_of(tmp_path, **off)))
    reachable = {"public_bind": "0.0.0.0:80", "dns_bind": "192.0.2.1:53"}
    assert "DOCTOR-LIMIT-OFF" not in ids(check_listeners(settings_of(tmp_path, **reachable)))
    found = [f for f in check_listeners(settings_of(tmp_path, **off, **reachable)) if f.id == "DOCTOR-LIMIT-OFF"]
    told = " ".join(finding.remedy for finding in found)
    assert all(f"REGISTRY_{name.upper()}" in told for name in off)
    assert "DOCTOR-NO-TLS" in ids(check_listeners(settings_of(tmp_path, **reachable)))


def test_last_backup_is_remembered_beside_the_database(tmp_path: Path) -> None:
    assert last_backup(tmp_path) is None
    note_backup(tmp_path, NOW)
    assert last_backup(tmp_path) == NOW
    (tmp_path / "last-backup").write_text("yesterday")
    assert last_backup(tmp_path) is None
    note_backup(tmp_path / "nowhere", NOW)
