# SPDX-License-Identifier: Apache-2.0
"""The commands of a move, as an operator runs them, with the time that each took."""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from registry.settings import Settings
from tests.e2e.conftest import command, environment

_TIMEOUT = 1_500


@dataclass
class Commands:
    """Runs `registry move-in` for an instance that runs elsewhere, too; `source` is the old database's URL."""

    home: Path
    settings: Settings
    source: str
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """How it ended."""
        place = {"DATA_DIR": str(self.settings.data_dir), "DATABASE_URL": self.settings.database_url}
        return subprocess.run(
            command("move-in", *arguments),
            env=environment(self.home, **place, MOVE_IN_URL=self.source),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )

    def timed(self, *arguments: str | Path) -> str:
        """What it printed, once it has ended well."""
        began = time.monotonic()
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        name = str(arguments[0])
        self.seconds[f"{name} again" if name in self.seconds else name] = round(time.monotonic() - began, 1)
        return ended.stdout
