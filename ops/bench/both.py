# SPDX-License-Identifier: Apache-2.0
"""Runs a measurement on an empty SQLite database and on an empty PostgreSQL one, of a server that is made for it.

Both are on the disk of the temporary folder, and a commit waits for it.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processes import ROOT

from registry.storage.engine import sqlite_url


def on_both(name: str, measure: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """What `measure` finds with the URL of each. Raises RuntimeError where PostgreSQL isn't installed."""
    sys.path.insert(0, str(ROOT))
    from tests.simulators.postgresql import new_cluster

    with (
        tempfile.TemporaryDirectory(prefix="registry-bench-") as folder,
        new_cluster(_program, durable=True) as cluster,
    ):
        found = {
            "sqlite": measure(sqlite_url(Path(folder) / "bench.sqlite3")),
            "postgresql": measure(cluster.new_database()),
        }
    return {"name": name, **found}


def _program(name: str, *places: str) -> str:
    found = shutil.which(name) or next((hit for place in places if (hit := shutil.which(name, path=place))), None)
    if found is None:
        raise RuntimeError(f"this benchmark needs PostgreSQL's {name}")
    return found
