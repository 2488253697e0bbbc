# SPDX-License-Identifier: Apache-2.0
"""What `build`, `reissue` and `sign` have in common: options, the key with its password, refusals and warnings."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from trust_lists.cli.common import NO, fail, print_json, read_file

if TYPE_CHECKING:
    from trust_lists.certificates.parsing import SigningKey
    from trust_lists.documents.findings import Finding
    from trust_lists.documents.model import TrustedList

_KEY_HELP = "PKCS#12, or PEM with private key and certificate: the operator's key for signing lists."
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help=_KEY_HELP)]
OptionalKey = Annotated[Path | None, typer.Option("--key", metavar="FILE", help=f"{_KEY_HELP} Implies --sign.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="A file with the key's password, or - for standard input."),
]
AskPassword = Annotated[bool, typer.Option("--ask-password", help="Ask for the key's password.")]
IssueAt = Annotated[str, typer.Option("--at", metavar="TIME", help="Issue at this time (ISO 8601), not now.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="The folder of the lists. Default: the source's.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")]


def load_key(path: Path, password_file: Path | None, *, ask: bool) -> "SigningKey":
    """The key of `--key`; ends the program where it can't be read or used."""
    from trust_lists.certificates.parsing import load_signing_key
    from trust_lists.errors import CertificateError

    if password_file is not None and ask:
        raise typer.BadParameter("give only one of the two", param_hint="--password-file/--ask-password")
    data = read_file(path)
    password = None
    if ask:
        password = str(typer.prompt("Password of the key", hide_input=True, err=True)).encode()
    elif password_file is not None and str(password_file) == "-":
        password = sys.stdin.readline().rstrip("\r\n").encode()
    elif password_file is not None:
        password = read_file(password_file).rstrip(b"\r\n")
    try:
        return load_signing_key(data, password)
    except CertificateError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--key") from None


@contextmanager
def refusals(*, as_json: bool) -> Iterator[None]:
    """Ends the program where a list can't be issued: 1 where that is the list's fault, 6 where it is the disk's."""
    from trust_lists.errors import ListSourceError, SourceError, TrustListError

    try:
        yield
    except ListSourceError as error:
        refuse(error.reasons, as_json=as_json)
    except SourceError as error:
        if error.reason_id != "LIST_NOT_THE_PREVIOUS":
            fail(str(error))
        refuse((str(error),), as_json=as_json)
    except TrustListError as error:
        refuse((str(error),), as_json=as_json)


def refuse(reasons: Iterable[str], *, as_json: bool) -> NoReturn:
    """End the program with the reasons why nothing was written."""
    if as_json:
        print_json({"written": False, "reasons": list(reasons)})
    else:
        for reason in reasons:
            typer.echo(reason, err=True)
    raise typer.Exit(NO)


def facts(document: "TrustedList", file: Path, warnings: "Iterable[Finding]") -> dict[str, Any]:
    """A list of ours for `--json`."""
    from trust_lists.instants import write_instant

    scheme = document.scheme
    return {
        "file": str(file),
        "form": document.dialect.value,
        "sequence": scheme.sequence,
        "issued_at": write_instant(scheme.issued_at),
        "next_update": write_instant(scheme.next_update) if scheme.next_update else None,
        "services": len(document.services),
        "warnings": [{"rule": each.rule, "message": each.message, "where": each.where} for each in warnings],
    }


def print_list(document: "TrustedList", file: Path, warnings: "Iterable[Finding]", verb: str = "is") -> None:
    """One line about a list of ours, and what the checks warn of on standard error."""
    scheme = document.scheme
    due = f"next update by {scheme.next_update:%Y-%m-%d}" if scheme.next_update else "closed"
    typer.echo(f"{file}: {verb} issue {scheme.sequence}, {len(document.services)} services, {due}")
    for each in warnings:
        where = f"{each.where}: " if each.where else ""
        typer.echo(f"  warning: {where}{each.message} [{each.rule}]", err=True)
