# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common: exit codes, options, reading of files and times, output."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate

NO = 1
"""The verdict is negative; the text says why."""
TECHNICAL = 6
"""A file could not be read, a server not be reached."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
At = Annotated[str, typer.Option("--at", metavar="TIME", help="Judge at this time (ISO 8601), not now.")]
_Item = TypeVar("_Item")


def read_file(path: Path) -> bytes:
    """The bytes of a file; ends the program where there is no such file."""
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")


def read_certificates(path: Path, option: str) -> "tuple[ListedCertificate, ...]":
    """The certificates of a file: PEM with one or several, or DER.

    Ends the program where the file can't be read, or holds none.
    """
    from trust_lists.certificates.listed import listed
    from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
    from trust_lists.errors import CertificateError

    data = read_file(path)
    try:
        loaded = load_certificates_pem(data) if b"-----BEGIN" in data else [load_certificate(data)]
    except CertificateError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint=option) from None
    return tuple(map(listed, loaded))


def moment(text: str, option: str = "--at") -> datetime:
    """The instant that an option names, by default now; UTC where no zone is given."""
    if not text:
        return datetime.now(UTC)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time", param_hint=option) from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def fail(message: str, code: int = TECHNICAL) -> NoReturn:
    """End the program with a message on standard error."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """Print a JSON value, its keys as they come."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def with_progress(items: Iterable[_Item], text: str, total: int | None = None) -> Iterator[_Item]:
    """The items, with a bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=text, total=total, console=Console(stderr=True), transient=True)
