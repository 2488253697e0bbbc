# SPDX-License-Identifier: Apache-2.0
"""The program as a user has it: subprocesses with an environment of their own, and a demonstration that serves."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.databases import ON_POSTGRESQL, database_url

TIMEOUT = 60  # seconds, for whatever a subprocess has to do

Registry = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(home: Path, **settings: str) -> dict[str, str]:
    """An environment without anybody's settings; `settings` are `REGISTRY_*` variables without the prefix."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    folder = settings.get("DATA_DIR")
    if ON_POSTGRESQL and folder and not (Path(folder) / "registry.sqlite3").exists():  # a demonstration's is SQLite
        settings = {"DATABASE_URL": database_url(Path(folder))} | settings
    kept |= {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "TMPDIR": str(home), "COLUMNS": "120"}
    return kept | {f"REGISTRY_{name}": value for name, value in settings.items()}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "registry", *map(str, arguments)]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory in which nobody has worked yet."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def registry(home: Path) -> Registry:
    """Run `registry ARGUMENTS`; keyword arguments are settings, such as DATA_DIR."""

    def run(*arguments: str | Path, **settings: str | Path) -> "subprocess.CompletedProcess[str]":
        variables = environment(home, **{name: str(value) for name, value in settings.items()})
        return subprocess.run(
            command(*arguments),
            cwd=home,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    return run


@dataclass
class RunningDemo:
    """A demonstration that serves; `manifest` is its demo.json, `shown` what it printed until then."""

    folder: Path
    process: "subprocess.Popen[str]"
    shown: list[str]
    manifest: dict[str, Any]

    @property
    def domain(self) -> str:
        return str(self.manifest["domain"])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end; gives its exit code and what it printed afterwards and to stderr."""
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, rest + errors


@contextmanager
def running_demo(home: Path, folder: Path, *options: str, ready: str = "Serving") -> Iterator[RunningDemo]:
    """Run `registry demo --data FOLDER` while the block lasts; begins when a line with `ready` was printed."""
    process = subprocess.Popen(
        command("demo", "--data", folder, *options),
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        shown: list[str] = []
        while not shown or ready not in shown[-1]:
            line = process.stdout.readline()
            assert line, f"it ended early: {process.communicate()[1]}"
            shown.append(line.rstrip("\n"))
        watchdog.cancel()
        yield RunningDemo(folder, process, shown, json.loads((folder / "demo.json").read_text()))
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate(timeout=TIMEOUT)


@pytest.fixture(scope="module")
def demo(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """A demonstration for all tests of a module."""
    with running_demo(home, tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


def until(holds: Callable[[], bool], what: str) -> None:
    """Ask again and again; what is published reaches DNS a moment after its commit."""
    deadline = time.monotonic() + TIMEOUT / 2
    while not holds():
        assert time.monotonic() < deadline, f"in vain: {what}"
