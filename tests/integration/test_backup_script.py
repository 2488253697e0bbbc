# SPDX-License-Identifier: Apache-2.0
"""`ops/backup/backup.sh`, as the timer of systemd runs it: a verified backup a day, and the oldest ones go."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from registry.app.backup import verify_backup
from tests.simulators.offline import OfflineInstance
from tests.simulators.restoring import PASSPHRASE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class Machine:
    """A machine with the programs that the script calls, and a calendar of its own."""

    def __init__(self, offline: OfflineInstance, folder: Path) -> None:
        self.backups = folder / "backups"
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.passphrase = folder / "backup.pass"
        self.passphrase.write_text(PASSPHRASE + "\n")
        self.settings = {
            "REGISTRY_DATA_DIR": str(offline.folder),
            "REGISTRY_DATABASE_URL": offline.instance.database.url.render_as_string(hide_password=False),
            "BACKUP_FOLDER": str(self.backups),
            "BACKUP_PASSPHRASE_FILE": str(self.passphrase),
            "BACKUP_KEEP": "1",
        }
        self.program("registry", f'exec {sys.executable} -m registry "$@"')

    def program(self, name: str, text: str) -> None:
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def run(self, day: int, **settings: str) -> "subprocess.CompletedProcess[str]":
        self.program("date", f"echo 202611{day:02}T030000Z")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        path = f"{self.programs}:{kept['PATH']}"
        return subprocess.run(
            [ROOT / "ops" / "backup" / "backup.sh"],
            env=kept | self.settings | settings | {"PATH": path},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def names(self) -> list[str]:
        return sorted(path.name for path in self.backups.iterdir())


@pytest.fixture
def machine(offline: OfflineInstance, tmp_path: Path) -> Machine:
    folder = tmp_path / "machine"
    folder.mkdir()
    return Machine(offline, folder)


def test_last_ones_stay_and_nothing_else_is_removed(machine: Machine) -> None:
    machine.backups.mkdir()
    (machine.backups / "registry-by-hand.backup").write_text("precious")
    for day in (1, 2):
        done = machine.run(day)
        assert done.returncode == 0, done.stderr
        assert "The backup is whole" in done.stdout
    newest = "registry-20261102T030000Z.backup"
    assert machine.names() == [newest, "registry-by-hand.backup"]
    assert "removed" in done.stdout
    assert verify_backup(machine.backups / newest, PASSPHRASE).secret_files
    assert (machine.backups / newest).stat().st_mode & 0o077 == 0


def test_backup_that_fails_removes_nothing(machine: Machine) -> None:
    assert machine.run(1).returncode == 0
    before = machine.names()
    machine.passphrase.write_text("short\n")
    failed = machine.run(2)
    assert failed.returncode != 0
    assert "too short" in failed.stderr
    assert machine.names() == before


def test_without_a_passphrase_file_secrets_stay_out(machine: Machine) -> None:
    done = machine.run(1, BACKUP_PASSPHRASE_FILE="")
    assert done.returncode == 0, done.stderr
    assert "not in it, and needed for a restore" in done.stderr
    found = verify_backup(machine.backups / machine.names()[0], None)
    assert found.manifest.lacks
