# SPDX-License-Identifier: Apache-2.0
"""What the commands on snapshots have in common: which store is meant, and how a list is shown."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trust_lists.sources.states import ListEntry

StoreFolder = Annotated[
    Path | None,
    typer.Option(
        "--store",
        envvar="TRUST_LISTS_STORE",
        metavar="DIR",
        help="Where snapshots are kept; without it, trust-lists in the user's folder of data.",
        show_default=False,
    ),
]


def store_folder(given: Path | None) -> Path:
    """The folder of snapshots: that of the option, or the user's (never a cache, which systems empty)."""
    if given is not None:
        return given
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data else Path.home() / ".local" / "share") / "trust-lists"


def rows(entries: "Iterable[tuple[ListEntry, str]]") -> list[tuple[str, ...]]:
    """Lists as lines of a table, each with one more column."""
    found: list[tuple[str, ...]] = [("LIST", "STATE", "NUMBER", "NEXT UPDATE", "", "REASON")]
    for entry, note in entries:
        number = str(entry.sequence) if entry.good else ""
        until = f"{entry.next_update:%Y-%m-%d}" if entry.next_update else ""
        found.append((entry.territory, entry.state.value, number, until, note, _reason(entry)))
    return found


def print_table(lines: "list[tuple[str, ...]]") -> None:
    """Prints columns; the last one may be as long as it likes."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        typer.echo("  ".join((*cells, line[-1])).rstrip())


def _reason(entry: "ListEntry") -> str:
    return f"{entry.reason}: {entry.detail}" if entry.reason else ", ".join(entry.sub_status)
