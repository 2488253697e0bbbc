# SPDX-License-Identifier: Apache-2.0
"""`trust-lists collect`: fetches what decisions of a model about certificates need, into a snapshot of evidence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import NO, AsJson, At, fail, moment, print_json, read_file
from trust_lists.cli.model_files import load_model
from trust_lists.cli.networks import AllowNetwork, own_networks

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.sources.addresses import AddressPolicy
    from trust_lists.sources.attempts import Fetcher
    from trust_lists.sources.collecting import CollectReport
    from trust_lists.sources.evidence_manifest import Attempt, Kind
    from trust_lists.sources.ports import Source


def collect(
    model: Annotated[
        str, typer.Option("--model", metavar="MODEL", help="A file (YAML or JSON), or the name of a shipped model.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of snapshots; made if it is missing.")],
    certificates: Annotated[
        Path | None,
        typer.Option("--certificates", metavar="DIR", help="Where the model's certificates are; by default beside it."),
    ] = None,
    certificate: Annotated[
        list[Path] | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            help="Certificates that will be decided about: PEM, DER, PKCS#7, or a folder of them; repeatable.",
        ),
    ] = None,
    party: Annotated[
        list[str] | None,
        typer.Option("--party", metavar="URL", help="An entity of a federation, or of a list of metadata; repeatable."),
    ] = None,
    lists: Annotated[
        Path | None,
        typer.Option("--lists", metavar="DIR", help="Take trusted lists from this folder, not from the web."),
    ] = None,
    allow_network: AllowNetwork = None,
    plain_http: Annotated[
        bool,
        typer.Option("--plain-http", help="Ask for metadata and statements over http, too: in one's own network."),
    ] = False,
    max_requests: Annotated[int, typer.Option("--max-requests", metavar="N", help="Ask for no more documents.")] = 5000,
    keep: Annotated[int, typer.Option("--keep", metavar="N", min=1, help="Keep so many snapshots.")] = 10,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Fetch CRLs, OCSP responses, issuers, lists, metadata and statements that decisions need.

    Decisions are then made offline, with --evidence DIR. Exit code 1: not everything could be had; the snapshot is
    there all the same, with what could.
    """
    from trust_lists.errors import SourceError
    from trust_lists.evaluation.trust_configuration.model import ListKind
    from trust_lists.sources.attempts import Bounds
    from trust_lists.sources.collecting import collect as run

    configuration = load_model(model, certificates)
    folder = certificates or (Path(model).parent if Path(model).exists() else Path())
    asked = [each for path in certificate or () for each in _certificates(path)]
    networks = own_networks(allow_network)
    try:
        lotl = next((each.location.url for each in configuration.stores.lists if each.kind is ListKind.LOTL), None)
        with _fetcher(networks, lists, lotl or "", plain_http=plain_http) as fetcher, _bar() as progress:
            report = run(
                configuration,
                asked,
                fetcher,
                out,
                moment(at),
                progress,
                parties=party or (),
                files=_files_in(folder),
                bounds=Bounds(requests=max_requests),
                keep=keep,
            )
    except SourceError as error:
        fail(f"{error} [{error.reason_id}]")
    if as_json:
        print_json(_to_json(report))
    else:
        _print(report)
    if report.failures:
        raise typer.Exit(NO)


def _certificates(path: Path) -> "list[ListedCertificate]":
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

    try:
        files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        return [each for file in files for each in certificates_in(read_file(file))]
    except (CertificateError, OSError) as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--certificate") from None


def _files_in(folder: Path) -> Callable[[str], bytes | None]:
    from trust_lists.xml import MAX_LIST_BYTES

    def read(name: str) -> bytes | None:
        try:
            with (folder / name).open("rb") as stream:
                return stream.read(MAX_LIST_BYTES + 1)
        except OSError:
            return None

    return read


@dataclass(frozen=True)
class _WithLists:
    """A fetcher whose lists come from somewhere else."""

    web: "Fetcher"
    lists: "Source"

    def fetch(self, kind: "Kind", url: str, body: bytes | None = None) -> bytes:
        return self.web.fetch(kind, url, body)


@contextmanager
def _fetcher(networks: "AddressPolicy", lists: Path | None, lotl: str, *, plain_http: bool) -> "Iterator[Fetcher]":
    from trust_lists.sources.evidence_fetching import WebFetcher
    from trust_lists.sources.folder import FolderSource

    with WebFetcher(networks, plain_http=plain_http) as web:
        yield _WithLists(web, FolderSource(lists, lotl)) if lists is not None else web


@contextmanager
def _bar() -> Iterator[Callable[[int, int, str], None]]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("evidence", total=None)
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total, description=what[-60:] or "evidence"
        )


def _print(report: "CollectReport") -> None:
    from trust_lists.sources.evidence_manifest import Kind, State

    for kind in Kind:
        found = [each for each in report.manifest.attempts if each.kind is kind]
        if found:
            counted = (f"{number} {state.value}" for state in State if (number := _count(found, state)))
            typer.echo(f"{kind.value:22} {', '.join(counted)}")
    for each in report.failures:
        typer.echo(f"{each.state.value}: {each.url}: {each.detail or each.reason} [{each.reason}]", err=True)
    typer.echo(f"{report.requests:,} requests, {report.downloaded:,} bytes")
    typer.echo(f"Snapshot {report.snapshot}")


def _count(found: "list[Attempt]", state: str) -> int:
    return sum(each.state.value == state for each in found)


def _to_json(report: "CollectReport") -> dict[str, Any]:
    from trust_lists.sources.evidence_manifest import to_json

    return {
        "snapshot": report.snapshot,
        "at": report.manifest.at.isoformat(),
        "configuration": report.manifest.configuration,
        "changed": report.changed,
        "complete": not report.failures,
        "requests": report.requests,
        "downloaded": report.downloaded,
        "attempts": [to_json(each) for each in report.manifest.attempts],
    }
