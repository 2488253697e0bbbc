# SPDX-License-Identifier: Apache-2.0
"""`registry trust collect`: fetch the evidence that the trust models of domains ask for."""

from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from trust_lists.sources.collecting import CollectReport

EPILOG = "Example: registry trust collect --domain peppol"


def collect(
    domain: list[str] = typer.Option(
        [], "--domain", help="The domain; without it all whose trust models ask for evidence."
    ),
    party: list[str] = typer.Option(
        [], "--party", metavar="ENTITY", help="An entity identifier whose statements are fetched from a federation."
    ),
    allow: list[str] = typer.Option(
        [], "--allow", metavar="NETWORK", help="A network that isn't public and may be asked, as 10.0.0.0/8."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Fetch CRLs, OCSP responses, issuers, lists and metadata; running instances use them with the next decision.

    All certificates that a domain holds are looked after. Ends with 1 where something couldn't be had.
    """
    from registry.app.trust_collecting import collect_evidence
    from registry.cli.common import open_instance, prepared_settings, print_json
    from registry.cli.exits import REFUSED
    from registry.errors import ConfigurationError
    from registry.trust.describing import needs_evidence
    from registry.trust.model import configuration_of
    from trust_lists.errors import SourceError
    from trust_lists.sources.addresses import AddressPolicy
    from trust_lists.sources.evidence_fetching import WebFetcher

    try:
        addresses = AddressPolicy.of(allow)
    except SourceError as error:
        raise ConfigurationError(f"--allow: {error}") from error
    reports: dict[str, CollectReport] = {}
    with open_instance() as instance, WebFetcher(addresses) as fetcher:
        chosen = [instance.directory.get(name) for name in dict.fromkeys(domain)]
        for stored in chosen or instance.directory.all():
            if not chosen and not needs_evidence(configuration_of(stored.domain)):
                continue
            data_dir = prepared_settings().data_dir
            reports[stored.domain.name] = collect_evidence(
                instance, stored, data_dir, fetcher, _progress, parties=party
            )
    if json_output:
        print_json({name: _shown(report) for name, report in reports.items()})
    else:
        for name, report in reports.items():
            _print(name, report)
        if not reports:
            typer.echo("no domain's trust model asks for evidence", err=True)
    if any(report.failures for report in reports.values()):
        raise typer.Exit(REFUSED)


def _progress(done: int, total: int, what: str) -> None:
    typer.echo(f"{done}/{total} {what}", err=True)


def _shown(report: "CollectReport") -> dict[str, Any]:
    return {
        "snapshot": report.snapshot,
        "changed": report.changed,
        "requests": report.requests,
        "bytes": report.downloaded,
        "failures": [
            {"url": each.url, "state": each.state.value, "reason": each.reason, "detail": each.detail}
            for each in report.failures
        ],
    }


def _print(name: str, report: "CollectReport") -> None:
    typer.echo(f"{name}: {report.snapshot} ({report.requests} requests, {report.downloaded} bytes)")
    for each in report.failures:
        typer.echo(f"  {each.state.value} {each.url}: {each.detail} [{each.reason}]")
