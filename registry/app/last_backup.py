# SPDX-License-Identifier: Apache-2.0
"""When the last backup was made, in a file beside the database: a database that is copied isn't written to."""

import contextlib
from datetime import datetime
from pathlib import Path

_FILE = "last-backup"


def note_backup(data_dir: Path, made_at: datetime) -> None:
    """Write it down; where that isn't possible the backup is as good without."""
    with contextlib.suppress(OSError):
        (data_dir / _FILE).write_text(made_at.isoformat() + "\n", "ascii")


def last_backup(data_dir: Path) -> datetime | None:
    """None where none is known."""
    try:
        return datetime.fromisoformat((data_dir / _FILE).read_text("ascii").strip())
    except (OSError, ValueError):
        return None
