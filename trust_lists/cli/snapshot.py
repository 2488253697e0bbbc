# SPDX-License-Identifier: Apache-2.0
"""`trust-lists snapshot`: what refreshes have kept, to look at, to pin, to check and to carry elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, AsJson, At, fail, moment, print_json
from trust_lists.cli.stores import StoreFolder, print_table, rows, store_folder

if TYPE_CHECKING:
    from trust_lists.sources.store import Store

snapshot = typer.Typer(no_args_is_help=True, help="Snapshots of all lists, which answers cite by their digest.")

Name = Annotated[
    str,
    typer.Argument(metavar="[SNAPSHOT]", help="A digest, its beginning, or a pin; the newest without it."),
]


@snapshot.command("list", epilog="Example: trust-lists snapshot list --store lists")
def list_snapshots(store: StoreFolder = None, as_json: AsJson = False) -> None:
    """Show all snapshots, newest first."""
    with _store(store) as opened:
        current, pins = opened.current, opened.pins()
        manifests = {digest: opened.read_manifest(digest) for digest in opened.digests()}
    names = {digest: sorted(name for name, pinned in pins.items() if pinned == digest) for digest in manifests}
    order = sorted(manifests, key=lambda digest: manifests[digest].at, reverse=True)
    if as_json:
        print_json(
            [
                {
                    "digest": digest,
                    "at": manifests[digest].at.isoformat(),
                    "lotl": manifests[digest].lotl.sequence,
                    "lists": sum(each.good for each in manifests[digest].lists),
                    "current": digest == current,
                    "pins": names[digest],
                }
                for digest in order
            ]
        )
        return
    lines: list[tuple[str, ...]] = [("SNAPSHOT", "AT", "LIST OF LISTS", "LISTS", "")]
    for digest in order:
        manifest = manifests[digest]
        good = f"{sum(each.good for each in manifest.lists)} of {len(manifest.lists)}"
        notes = ["current"] * (digest == current) + names[digest]
        lines.append((digest, f"{manifest.at:%Y-%m-%d %H:%M}", str(manifest.lotl.sequence), good, ", ".join(notes)))
    print_table(lines)


@snapshot.command("show", epilog="Example: trust-lists snapshot show 5ce1f0 --at 2026-12-01")
def show(name: Name = "", store: StoreFolder = None, at: At = "", as_json: AsJson = False) -> None:
    """Show a snapshot: how its lists stand at a time."""
    from trust_lists.sources.manifest import to_json

    asked = moment(at)
    with _store(store) as opened:
        digest = opened.resolve(name)
        manifest = opened.read_manifest(digest)
    entries = [each.at(asked) for each in (manifest.lotl, *manifest.lists)]
    if as_json:
        print_json({"digest": digest, "manifest": to_json(manifest), "states": {e.territory: e.state for e in entries}})
        return
    typer.echo(f"Snapshot {digest} of {manifest.at:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"Official Journal {manifest.oj_url}, {len(manifest.oj_certificates)} certificates")
    typer.echo(f"List of lists {manifest.lotl_url}, over {len(manifest.pivots)} pivots\n")
    print_table(rows((entry, entry.sha256[:12]) for entry in entries))


@snapshot.command("pin", epilog="Example: trust-lists snapshot pin audit-2026 5ce1f0")
def pin(
    pin_name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    name: Name = "",
    store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Keep a snapshot for good, under a name."""
    with _store(store) as opened, opened.lock():
        digest = opened.resolve(name)
        opened.pin(pin_name, digest)
    _say({"pin": pin_name, "digest": digest}, f"{pin_name} is snapshot {digest}", as_json=as_json)


@snapshot.command("unpin", epilog="Example: trust-lists snapshot unpin audit-2026")
def unpin(
    pin_name: Annotated[str, typer.Argument(metavar="NAME", help="The name to take away.")],
    store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take a name away; the snapshot stays until the next prune."""
    with _store(store) as opened, opened.lock():
        opened.unpin(pin_name)
    _say({"unpinned": pin_name}, f"{pin_name} is no pin any more", as_json=as_json)


@snapshot.command("verify", epilog="Example: trust-lists snapshot verify audit-2026")
def verify(name: Name = "", store: StoreFolder = None, as_json: AsJson = False) -> None:
    """Check every digest, and authenticate every list again from the Official Journal's certificates."""
    from trust_lists.sources.snapshots import open_snapshot, verify_snapshot

    with _store(store) as opened:
        found = open_snapshot(opened, opened.resolve(name))
        problems = verify_snapshot(found)
    good = sum(each.good for each in found.manifest.lists)
    if as_json:
        print_json({"digest": found.digest, "valid": not problems, "lists": good, "problems": list(problems)})
    else:
        for problem in problems:
            typer.echo(problem, err=True)
        if not problems:
            typer.echo(f"Snapshot {found.digest} is whole, and its {good} lists are authentic.")
    if problems:
        raise typer.Exit(NO)


@snapshot.command("export", epilog="Example: trust-lists snapshot export usb/lists audit-2026")
def export(
    folder: Annotated[Path, typer.Argument(help="The folder to write to; it is a store then.")],
    name: Name = "",
    store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write one snapshot into a folder of its own, to carry it elsewhere; its digest stays the same."""
    from trust_lists.sources.snapshots import export_snapshot, open_snapshot

    with _store(store) as opened:
        found = open_snapshot(opened, opened.resolve(name))
        export_snapshot(found, folder)
    _say({"digest": found.digest, "folder": str(folder)}, f"{folder} holds snapshot {found.digest}", as_json=as_json)


@snapshot.command("prune", epilog="Example: trust-lists snapshot prune --keep 30")
def prune(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest snapshots stay, besides pinned ones.")],
    store: StoreFolder = None,
    as_json: AsJson = False,
) -> None:
    """Delete old snapshots, and documents that none refers to."""
    with _store(store) as opened, opened.lock():
        snapshots, objects = opened.prune(keep)
    _say(
        {"snapshots": snapshots, "objects": objects},
        f"{snapshots} snapshots and {objects} documents are gone",
        as_json=as_json,
    )


@contextmanager
def _store(folder: Path | None) -> "Iterator[Store]":
    from trust_lists.errors import SourceError
    from trust_lists.sources.store import Store

    path = store_folder(folder)
    if not (path / "snapshots").is_dir():
        fail(f"{path} holds no snapshots; make one with trust-lists refresh, or name another --store")
    try:
        yield Store(path)
    except SourceError as error:
        fail(f"{error} [{error.reason_id}]")


def _say(facts: dict[str, str | int], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        typer.echo(text)
