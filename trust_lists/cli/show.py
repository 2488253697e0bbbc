# SPDX-License-Identifier: Apache-2.0
"""`trust-lists show`: an overview of what a list says."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import AsJson, print_json
from trust_lists.cli.reading import NOT_VERIFIED, first_text, print_columns, read_list

if TYPE_CHECKING:
    from trust_lists.documents.model import TrustedList


def show(
    file: Annotated[Path, typer.Argument(help="The list: XML, JSON, or compact JWS.")], as_json: AsJson = False
) -> None:
    """Show what a list says: scheme, dates, services, providers, pointers. It isn't verified."""
    overview = _overview(read_list(file))
    if as_json:
        print_json(overview)
    else:
        _print(overview)


def _overview(document: "TrustedList") -> dict[str, Any]:
    from trust_lists.documents.vocabulary import short
    from trust_lists.instants import write_instant

    scheme = document.scheme
    counted = Counter((short(each.current.type), short(each.current.status)) for each in document.services)
    return {
        "form": document.dialect.value,
        "territory": scheme.territory,
        "name": first_text(scheme.names),
        "operator": first_text(scheme.operator_names),
        "type": short(scheme.list_type),
        "version": scheme.version,
        "sequence": scheme.sequence,
        "issued_at": write_instant(scheme.issued_at),
        "next_update": write_instant(scheme.next_update) if scheme.next_update else None,
        "signature": "not verified",
        "services": [
            {"type": service_type, "status": status, "count": count}
            for (service_type, status), count in sorted(counted.items())
        ],
        "providers": [{"name": first_text(each.names), "services": len(each.services)} for each in document.providers],
        "pointers": [
            {
                "territory": each.territory,
                "media_type": each.mime_type,
                "location": each.location,
                "signers": [certificate.sha256 for certificate in each.certificates],
            }
            for each in scheme.pointers
        ],
        "information": [each.value for each in scheme.information_uris if each.lang.lower().startswith("en")],
    }


def _print(overview: dict[str, Any]) -> None:
    closed = "none: the list is closed"
    for name, value in (
        ("list", f"{overview['territory']} {overview['sequence']}, {overview['name']}"),
        ("operator", overview["operator"]),
        ("form", f"{overview['form']}, version {overview['version']}, type {overview['type']}"),
        ("issued", overview["issued_at"]),
        ("next update", overview["next_update"] or closed),
        ("signature", NOT_VERIFIED),
    ):
        typer.echo(f"{name:12} {value}")
    if overview["services"]:
        typer.echo("")
        rows = [(each["type"], each["status"], str(each["count"])) for each in overview["services"]]
        print_columns(("services of type", "status", "count"), rows)
    if overview["providers"]:
        typer.echo("")
        found = [(each["name"], str(each["services"])) for each in overview["providers"]]
        print_columns(("provider", "services"), found)
    if overview["pointers"]:
        typer.echo("")
        pointers = [
            (each["territory"], each["media_type"], each["location"], str(len(each["signers"])))
            for each in overview["pointers"]
        ]
        print_columns(("pointer to", "media type", "location", "signers"), pointers)
