# SPDX-License-Identifier: Apache-2.0
"""`trust-lists services`: the services of a list, or of all lists of a snapshot, one a line."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import AsJson, At, moment, print_json
from trust_lists.cli.reading import first_text, print_columns, read_list, read_snapshot

if TYPE_CHECKING:
    from trust_lists.documents.model import ServiceState, TrustedList, TrustService, TrustServiceProvider


def services(
    source: Annotated[Path, typer.Argument(metavar="FILE|SNAPSHOT", help="A list, or the folder of a snapshot.")],
    service_type: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="As CA/QC, or a URI; repeatable.")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="As granted, or a URI; repeatable.")
    ] = None,
    territory: Annotated[list[str] | None, typer.Option(metavar="CC", help="As BE or EL; repeatable.")] = None,
    provider: Annotated[str, typer.Option(metavar="TEXT", help="A part of a provider's name or trade name.")] = "",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """List services with type, status and provider, those of a file unverified.

    With --at, as they were at that time by their history; services that weren't there yet are left out.
    """
    asked = moment(at) if at else None
    rows = [
        row
        for document in _documents(source, territory or [])
        for row in _rows(document, asked)
        if _wanted(row, service_type or [], status or [], provider)
    ]
    if as_json:
        print_json([{name: value for name, value in row.items() if name != "provider_names"} for row in rows])
        return
    headings = ("list", "provider", "service", "type", "status", "since", "key")
    fields = ("territory", "provider", "service", "type", "status", "since")
    lines = ((*(str(row[name] or "") for name in fields), row["key"][:12]) for row in rows)
    print_columns(headings, lines)


def _documents(source: Path, territories: list[str]) -> "Iterator[TrustedList]":
    asked = {each.upper() for each in territories}
    if source.is_file():
        document = read_list(source)
        if not asked or document.scheme.territory.upper() in asked:
            yield document
        return
    lists = read_snapshot(source).authenticated().lists
    for territory in sorted(lists):
        if asked and territory.upper() not in asked:
            continue
        document = lists[territory].document  # type: ignore[assignment]
        if document is not None:
            yield document


def _rows(document: "TrustedList", at: datetime | None) -> Iterator[dict[str, Any]]:
    from trust_lists.evaluation.services import state_at

    for provider in document.providers:
        for service in provider.services:
            state = service.current if at is None else state_at(service, at)
            if state is not None:
                yield _row(document.scheme.territory, provider, service, state)


def _row(
    territory: str, provider: "TrustServiceProvider", service: "TrustService", state: "ServiceState"
) -> dict[str, Any]:
    from hashlib import sha256

    from trust_lists.documents.vocabulary import short
    from trust_lists.instants import write_instant

    certificates = service.current.identity.certificates
    key = next((each.key for each in certificates if each.key), b"")
    return {
        "territory": territory,
        "provider": first_text(provider.names),
        "provider_names": [each.value for each in provider.names + provider.trade_names],
        "service": first_text(state.names or service.current.names),
        "type": short(state.type),
        "status": short(state.status),
        "since": write_instant(state.starting_time) if state.starting_time else None,
        "key": sha256(key).hexdigest() if key else "",
        "certificates": [each.sha256 for each in certificates],
        "supply_points": [each.uri for each in service.supply_points],
    }


def _wanted(row: dict[str, Any], types: list[str], statuses: list[str], provider: str) -> bool:
    from trust_lists.certificates.names import comparable_text
    from trust_lists.documents.vocabulary import short

    text = comparable_text(provider)
    return (
        (not types or row["type"].lower() in {short(each).lower() for each in types})
        and (not statuses or row["status"].lower() in {short(each).lower() for each in statuses})
        and (not text or any(text in comparable_text(name) for name in row["provider_names"]))
    )
