# SPDX-License-Identifier: Apache-2.0
"""`registry restore`, killed in the middle: nobody takes half of it for the whole, and it can be run again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry.app.instance import Instance
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError
from registry.settings import Settings
from registry.storage import postgresql_dump
from registry.storage.engine import sqlite_url
from tests.simulators.postgresql import Cluster
from tests.simulators.restoring import PASSPHRASE, Lost, NewUrl, lose_installation, rows_of

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


CHILD = """
import os, signal, sys
from pathlib import Path
import {module} as module
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, "{name}", die)
from registry.cli.main import main
sys.argv = ["registry", "restore", *sys.argv[1:]]
main()
"""
POINTS = (
    ("registry.app.restore", "check_database"),
    ("registry.app.restore", "migrate"),
    ("registry.app.restore", "complete_restore"),
    ("registry.app.secret_files", "write"),
    ("registry.storage.sqlite_copy", "put_in_place"),
    ("registry.storage.postgresql_dump", "finish"),
)


def run(lost: Lost, target: Settings, program: list[str], **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python program with the arguments of a restore."""
    passphrase = lost.folder / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REGISTRY_")}
    named = {"REGISTRY_DATA_DIR": str(target.data_dir), "REGISTRY_DATABASE_URL": target.database_url}
    return subprocess.run(
        [sys.executable, *program, str(lost.backup), "--passphrase-file", str(passphrase), "--yes"],
        env=kept | named | variables,
        cwd=Path(__file__).parents[2],
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("module", "name"), POINTS)
def test_restore_that_was_killed_says_so_and_can_be_run_again(lost: Lost, module: str, name: str) -> None:
    target = lost.target()
    sqlite = target.database_url.startswith("sqlite")
    if name == ("finish" if sqlite else "put_in_place"):
        return  # the other kind's
    killed = run(lost, target, ["-c", CHILD.format(module=module, name=name)])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if sqlite or name != "check_database":  # PostgreSQL hasn't been touched by then
        with pytest.raises(ConfigurationError, match="has not come to its end: run it again"):
            Instance.open(target)
    again = run(lost, target, ["-m", "registry", "restore"])
    assert again.returncode == 0, again.stderr
    assert "Restored installation" in again.stdout
    assert rows_of(target.database_url)["service_group"] == lost.rows["service_group"]
    assert not list(target.data_dir.glob("*restoring*"))


def test_restore_that_was_killed_while_pg_restore_worked_can_be_run_again(lost: Lost) -> None:
    target = lost.target()
    if not target.database_url.startswith("postgresql"):
        return
    folder = lost.folder / "programs"
    folder.mkdir()
    fake = folder / "pg_restore"
    real = postgresql_dump.program("pg_restore")
    fake.write_text(f'#!/bin/sh\ncase "$1" in --list) exec {real} "$@";; esac\nkill -KILL $PPID\n')
    fake.chmod(0o700)
    killed = run(lost, target, ["-m", "registry", "restore"], PATH=f"{folder}:{os.environ['PATH']}")
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(ConfigurationError, match="has not come to its end"):
        Instance.open(target)
    again = run(lost, target, ["-m", "registry", "restore"])
    assert again.returncode == 0, again.stderr
    assert rows_of(target.database_url)["service_group"] == lost.rows["service_group"]
