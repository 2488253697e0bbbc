# SPDX-License-Identifier: Apache-2.0
"""`trust-lists diff`: what changed between two issues of a list, or between two snapshots."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, AsJson, print_json, read_file
from trust_lists.cli.reading import read_list, read_snapshot

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.changes import ListChanges, SnapshotChanges


class Format(StrEnum):
    """How changes are written."""

    TEXT = "text"
    HTML = "html"


def diff(
    old: Annotated[Path, typer.Argument(help="A list, or the folder of a snapshot.")],
    new: Annotated[Path, typer.Argument(help="A later one of the same sort.")],
    written: Annotated[Format, typer.Option("--format", help="Text, or a page to look at.")] = Format.TEXT,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two issues of a list, or between two snapshots.

    Of lists in files it is told who signed them, not whether they may. Exit code 0: they say the same; 1: they differ.
    """
    if old.is_file() != new.is_file():
        raise typer.BadParameter("compare two lists, or two snapshots", param_hint="OLD NEW")
    found = _compare_files(old, new) if old.is_file() else _compare_folders(old, new)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(_render(found, written), nl=written is Format.TEXT)
    if found.changes or getattr(found, "lists", ()):
        raise typer.Exit(NO)


def _compare_files(old: Path, new: Path) -> "ListChanges":
    from trust_lists.changes import compare_lists

    before, after = read_list(old), read_list(new)
    if before.scheme.territory != after.scheme.territory:
        typer.echo(
            f"These are lists of different territories: {before.scheme.territory}, {after.scheme.territory}", err=True
        )
    return compare_lists(before, after, signers=(_signer(old), _signer(new)))


def _signer(file: Path) -> "ListedCertificate | None":
    """Whoever signed a list, if the signature holds."""
    from trust_lists.errors import TrustListError
    from trust_lists.signatures.list_policies import ARCHIVE
    from trust_lists.sources.verifying import verify_list

    try:
        return verify_list(read_file(file), signers=None, policy=ARCHIVE).signer
    except TrustListError:
        return None


def _compare_folders(old: Path, new: Path) -> "SnapshotChanges":
    from trust_lists.changes import compare_snapshots

    return compare_snapshots(read_snapshot(old), read_snapshot(new))


def _render(found: "ListChanges | SnapshotChanges", written: Format) -> str:
    from trust_lists.changes import ListChanges
    from trust_lists.changes.page import list_page, snapshot_page
    from trust_lists.changes.text import list_text, snapshot_text

    if isinstance(found, ListChanges):
        return list_page(found) if written is Format.HTML else list_text(found)
    return snapshot_page(found) if written is Format.HTML else snapshot_text(found)
