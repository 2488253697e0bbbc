# SPDX-License-Identifier: Apache-2.0
"""How long one waits for `registry --help`."""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RUNS = 10


def run() -> dict[str, Any]:
    """The median of some runs, after one that fills the caches."""
    command = [str(Path(sys.executable).with_name("registry")), "--help"]
    walls, cpus = [], []
    for _ in range(RUNS + 1):
        wall, cpu = time.monotonic(), _children()
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        walls.append(time.monotonic() - wall)
        cpus.append(_children() - cpu)
    return {
        "name": "cli_help",
        "seconds": round(statistics.median(walls[1:]), 3),
        "cpu_seconds": round(statistics.median(cpus[1:]), 3),
        "runs": RUNS,
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
