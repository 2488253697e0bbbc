# SPDX-License-Identifier: Apache-2.0
"""What the commands that look into lists have in common: reading one, one territory's name, columns for people."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trust_lists.cli.common import NO, fail, read_file

if TYPE_CHECKING:
    from trust_lists.documents.model import Text, TrustedList
    from trust_lists.sources.snapshots import Snapshot

NOT_VERIFIED = "not verified: trust-lists verify tells who signed it"


def read_list(path: Path) -> "TrustedList":
    """What a file says, unverified; ends the program where it is no list that can be read."""
    from trust_lists.documents.reading import read_unverified
    from trust_lists.errors import ListRefusedError, XmlRefusedError

    data = read_file(path)
    try:
        return read_unverified(data)
    except (ListRefusedError, XmlRefusedError) as error:
        fail(f"{path}: {error} [{error.reason_id}]", NO)


def read_snapshot(reference: Path) -> "Snapshot":
    """The snapshot in a folder; ends the program where there is none, or a damaged one."""
    from trust_lists.errors import SourceError
    from trust_lists.sources.snapshots import load_snapshot

    try:
        return load_snapshot(reference)
    except SourceError as error:
        fail(f"{reference}: {error} [{error.reason_id}]")


def first_text(texts: "Sequence[Text]") -> str:
    """The English text on one line, or the first one; "" where there is none."""
    preferred = next((each for each in texts if each.lang.lower().startswith("en")), None)
    found = preferred or next(iter(texts), None)
    return " ".join(found.value.split()) if found else ""


def print_columns(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Rows under headings: a table on a terminal, else a line each with tabs between, for other programs."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            typer.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Cell

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Cell(cell, _STYLES.get(cell, "")) for cell in row))
    Console().print(table)


_STYLES = {
    "error": "bold red",
    "warning": "yellow",
    "granted": "green",
    "recognisedatnationallevel": "green",
    "withdrawn": "red",
    "deprecatedatnationallevel": "red",
}
