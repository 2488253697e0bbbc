# SPDX-License-Identifier: Apache-2.0
"""`registry backup`: one file from which an installation can be restored."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from registry.app.archive import Manifest

PASSPHRASE_OPTION = typer.Option(
    None, "--passphrase-file", help="File whose first line is the passphrase; by default it is asked for."
)


class CreatesByDefault(TyperGroup):
    """`registry backup FILE` is `registry backup create FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word in where no command is named."""
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args.insert(0, "create")
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=CreatesByDefault,
    help="Make a backup, or look at one. `registry backup FILE` makes one.",
    epilog="Example: registry backup /var/backups/registry.backup --passphrase-file backup.pass",
    no_args_is_help=True,
)


@app.command(
    "create",
    epilog="Example: registry backup create registry.backup --passphrase-file backup.pass; the word create may be left "
    "out",
)
def create(
    file: Path = typer.Argument(help="The file to make; one that exists is never written over."),
    passphrase_file: Path | None = PASSPHRASE_OPTION,
    without_secrets: bool = typer.Option(
        False, "--without-secrets", help="Leave out master key, signing keys and TLS files: keep them elsewhere."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Write the database and the secret files into one file, also while the instance is running.

    Master key, signing keys and TLS files are encrypted with a passphrase. The database is not: it holds names of
    people, and hashes of passwords and tokens.
    """
    from registry.app.backup import make_backup
    from registry.cli.common import prepared_settings, print_json

    settings = prepared_settings()
    passphrase = None if without_secrets else read_passphrase(passphrase_file, confirm=True)
    with shown_progress() as progress:
        manifest = make_backup(settings, file, passphrase, progress=progress)
    if json_output:
        print_json({"file": str(file), "bytes": file.stat().st_size, **_as_json(manifest)})
        return
    typer.echo(f"{file}: {file.stat().st_size:,} bytes, as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC")
    for path in manifest.lacks:
        typer.echo(f"not in it, and needed for a restore: {path}", err=True)


@app.command("verify", epilog="Example: registry backup verify /var/backups/registry.backup")
def verify(
    file: Path = typer.Argument(help="The backup."),
    passphrase_file: Path | None = typer.Option(
        None, "--passphrase-file", help="File with the passphrase, to look at the secret files, too."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Read a backup as a restore would, open the database in it, and say what is inside."""
    from registry.app.backup import verify_backup
    from registry.cli.common import print_json

    passphrase = read_passphrase(passphrase_file) if passphrase_file else None
    with shown_progress() as progress:
        found = verify_backup(file, passphrase, progress)
    if json_output:
        print_json(_as_json(found.manifest) | {"secret_files": found.secret_files})
        return
    typer.echo(f"The backup is whole: {found.manifest.database_kind}, made by {found.manifest.product}.")
    for line in description(found.manifest):
        typer.echo(line)
    for path in found.secret_files or ():
        typer.echo(f"  secret file   {path}")
    if found.secret_files is None and found.manifest.key_derivation is not None:
        typer.echo("  secret files  not looked at without their passphrase")


def description(manifest: "Manifest") -> Iterator[str]:
    """What a backup holds, in lines for people."""
    yield f"  as of         {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"  installation  {manifest.instance_id or 'made by a version that gave no ids'}"
    yield f"  schema        {manifest.schema_revision}"
    held = ", ".join(f"{rows} {name}" for name, rows in manifest.tables.items() if rows)
    yield f"  rows          {held or 'none'}"
    for name, serial in manifest.zones.items():
        yield f"  zone          {name}, serial {serial}"
    if manifest.audit_head is not None:
        yield f"  audit         up to position {manifest.audit_head.position}, hash {manifest.audit_head.hash}"
    for path in manifest.lacks:
        yield f"  not in it     {path}"


def _as_json(manifest: "Manifest") -> dict[str, Any]:
    import json

    described: dict[str, Any] = json.loads(manifest.to_json())
    return described


def read_passphrase(file: Path | None, *, confirm: bool = False) -> str:
    """The passphrase from a file, or from whoever sits at the terminal. Raises ConfigurationError."""
    from registry.errors import ConfigurationError

    if file is None:
        if not sys.stdin.isatty():
            raise ConfigurationError("say --passphrase-file FILE, or --without-secrets")
        return str(
            typer.prompt("Passphrase of the secret files", hide_input=True, confirmation_prompt=confirm, err=True)
        )
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}") from error
    if not lines or not lines[0]:
        raise ConfigurationError(f"{file} has no passphrase in its first line")
    return lines[0]


@contextmanager
def shown_progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """Shows on a terminal how far it is; nowhere else."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield show
