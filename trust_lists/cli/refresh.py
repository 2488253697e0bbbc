# SPDX-License-Identifier: Apache-2.0
"""`trust-lists refresh`: fetches the list of lists and all it points to, and keeps what is good."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import NO, TECHNICAL, AsJson, At, fail, moment, print_json
from trust_lists.cli.networks import AllowNetwork, own_networks
from trust_lists.cli.stores import StoreFolder, print_table, rows, store_folder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from trust_lists.sources.addresses import AddressPolicy
    from trust_lists.sources.lotl import LotlConfiguration
    from trust_lists.sources.ports import Source
    from trust_lists.sources.refresh import ListReport, RefreshReport

EU_LIST_OF_LISTS = "https://ec.europa.eu/tools/lotl/eu-lotl.xml"


def refresh(
    lotl: Annotated[
        str, typer.Option("--lotl", metavar="URL|DIR", help="The list of lists, or a folder that holds all lists.")
    ],
    oj_certs: Annotated[
        list[Path],
        typer.Option("--oj-certs", metavar="DIR", help="Certificates of the Official Journal: folder or files."),
    ],
    oj_url: Annotated[
        str, typer.Option("--oj-url", metavar="URL", help="The notice of the Official Journal that they are from.")
    ],
    at: At = "",
    store: StoreFolder = None,
    lotl_url: Annotated[
        str, typer.Option("--lotl-url", metavar="URL", help="Where the list of lists of a folder is in the web.")
    ] = EU_LIST_OF_LISTS,
    oj_password: Annotated[
        str, typer.Option("--oj-password", help="Opens PKCS#12 files of public certificates.", show_default=False)
    ] = "",
    accept_failed_tls: Annotated[
        bool,
        typer.Option("--accept-failed-tls", help="Fetch with a warning where TLS fails; signatures protect the lists."),
    ] = False,
    allow_network: AllowNetwork = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="Also accept what was allowed in former years, such as SHA-1.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch and authenticate all lists; what is good becomes the newest snapshot, and nothing good is lost.

    Exit code 1: the list of lists isn't authenticated, or there are 0 trust anchors; the last snapshot stays.
    """
    from trust_lists.errors import SourceError
    from trust_lists.signatures.list_policies import ARCHIVE, CURRENT
    from trust_lists.sources.lotl import LotlConfiguration
    from trust_lists.sources.refresh import refresh as run

    asked = moment(at)
    url = lotl_url if Path(lotl).is_dir() else lotl
    policy = ARCHIVE if archive else CURRENT
    configuration = LotlConfiguration(oj_url, url, _certificates(oj_certs, oj_password), policy)
    try:
        networks = own_networks(allow_network)
        with _source(lotl, url, networks, accept_failed_tls=accept_failed_tls) as source, _bar() as progress:
            report = run(configuration, source, store_folder(store), asked, progress=progress)
    except SourceError as error:
        fail(f"{error} [{error.reason_id}]")
    if as_json:
        print_json(_to_json(report, configuration))
    else:
        _print(report, configuration)
    if report.lotl_outcome.unreachable:
        raise typer.Exit(TECHNICAL)
    if not report.healthy:
        raise typer.Exit(NO)


def _certificates(paths: list[Path], password: str) -> "Any":
    from trust_lists.errors import SourceError
    from trust_lists.sources.oj_certificates import read_oj_certificates

    try:
        found = read_oj_certificates(paths, password)
    except SourceError as error:
        raise typer.BadParameter(str(error), param_hint="--oj-certs") from None
    for each in found.passed_over:
        typer.echo(f"passed over: {each}", err=True)
    return found.certificates


def _source(
    lotl: str, url: str, networks: "AddressPolicy", *, accept_failed_tls: bool
) -> "AbstractContextManager[Source]":
    from contextlib import nullcontext

    from trust_lists.sources.fetching import WebSource
    from trust_lists.sources.folder import FolderSource

    if Path(lotl).is_dir():
        return nullcontext(FolderSource(Path(lotl), url))
    if not lotl.startswith(("https://", "http://")):
        raise typer.BadParameter(f"{lotl} is neither a folder nor a location in the web", param_hint="--lotl")
    return WebSource(None, networks, accept_failed_tls=accept_failed_tls)


@contextmanager
def _bar() -> Iterator[Callable[[int, int, str], None]]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("the list of lists", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what or "lists")


def _print(report: "RefreshReport", configuration: "LotlConfiguration") -> None:
    from trust_lists.sources.states import ListState

    lotl = report.lotl.entry
    if not lotl.good:
        typer.echo(f"The list of lists is not authenticated: {lotl.detail}", err=True)
        typer.echo(f"{lotl.status}: {', '.join(lotl.sub_status)}", err=True)
        for step in report.lotl_outcome.steps:
            typer.echo(f"  {step.clause:9} {'yes' if step.passed else 'NO ':3} {step.detail}", err=True)
        stays = f"The last good snapshot stays: {report.snapshot}" if report.snapshot else "There is no snapshot yet."
        typer.echo(stays, err=True)
        return
    print_table(rows((each.entry, each.how.value) for each in (report.lotl, *report.lists)))
    counted = ", ".join(f"{number} {state.value}" for state in ListState if (number := report.count(state)))
    typer.echo(f"\n{len(report.lists)} lists: {counted}; {report.downloaded:,} bytes downloaded")
    typer.echo(f"Snapshot {report.snapshot}")
    typer.echo(f"Trust anchors: {report.anchors}")
    warnings = sum(len(each.entry.warnings) for each in (report.lotl, *report.lists))
    if warnings:
        typer.echo(f"{warnings} warnings about signers and servers, which --json shows", err=True)
    announced = report.lotl_outcome.announced
    if announced.lotl_url != configuration.lotl_url:
        typer.echo(f"The list of lists announces a new location, --lotl {announced.lotl_url}", err=True)
    if announced.oj_url != configuration.oj_url:
        typer.echo(f"The list of lists announces a new notice, --oj-url {announced.oj_url}; {_how(report)}", err=True)
    if not report.anchors:
        typer.echo("0 anchors: nothing can be trusted by these lists.", err=True)


def _how(report: "RefreshReport") -> str:
    certificates = report.lotl_outcome.announced.oj_certificates
    if not certificates:
        return "its certificates have to be taken from the Official Journal"
    return f"its certificates by SHA-256: {', '.join(each.sha256 for each in certificates)}"


def _to_json(report: "RefreshReport", configuration: "LotlConfiguration") -> dict[str, Any]:
    from trust_lists.sources.manifest import to_json

    outcome = report.lotl_outcome
    return {
        "at": to_json(report.at),
        "healthy": report.healthy,
        "anchors": report.anchors,
        "snapshot": report.snapshot,
        "written": report.written,
        "downloaded": report.downloaded,
        "lotl": _list_to_json(report.lotl),
        "steps": [{"clause": each.clause, "passed": each.passed, "detail": each.detail} for each in outcome.steps],
        "announced": {
            "oj_url": outcome.announced.oj_url,
            "lotl_url": outcome.announced.lotl_url,
            "oj_certificates": [each.sha256 for each in outcome.announced.oj_certificates],
            "changed": outcome.announced != configuration,
        },
        "lists": [_list_to_json(each) for each in report.lists],
    }


def _list_to_json(report: "ListReport") -> dict[str, Any]:
    from trust_lists.sources.manifest import to_json

    return {**to_json(report.entry), "how": report.how.value, "downloaded": report.downloaded}
