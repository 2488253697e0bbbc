# SPDX-License-Identifier: Apache-2.0
"""`registry access-point`: where documents are received, changed once for all participants behind it."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.smp.access_points import AccessPoints

app = typer.Typer(help="Where documents are received, shared by many endpoints.", no_args_is_help=True)


@app.command("list", epilog="Example: registry access-point list --domain demo")
def list_access_points(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List the access points with their addresses and how many endpoints refer to each.

    Where a successor is planned, also when the key before is needed no more.
    """
    from registry.cli.common import open_instance, print_json
    from registry.cli.listing import as_json, shown
    from registry.cli.roll_over import retirement

    needed = retirement()
    with open_instance() as instance:
        for row in _access_points(instance, domain).listed():
            safe_at = needed.safe_from(row.successor_at)
            if json_output:
                print_json(as_json(row) | {"safe_to_retire_at": safe_at and safe_at.isoformat()})
                continue
            planned = ""
            if row.successor_at is not None:
                planned = f"\t{row.successor} from {shown(row.successor_at)} on, old key needed until {shown(safe_at)}"
            typer.echo(f"{row.name}\t{row.transport_profile}\t{row.address}\t{row.endpoints} endpoints{planned}")


@app.command(
    "change", epilog="Example: registry access-point change gateway --certificate new.pem --at 2027-01-31T06:00:00Z"
)
def change(
    name: str = typer.Argument(help="As `registry access-point list` says it."),
    address: str | None = typer.Option(None, "--address", help="The new URL."),
    certificate: Path | None = typer.Option(
        None, "--certificate", exists=True, help="The new certificate, PEM or DER."
    ),
    at: str | None = typer.Option(None, "--at", help="From this instant on, in ISO 8601 (UTC); by default at once."),
    domain: str | None = DOMAIN_OPTION,
) -> None:
    """Change an access point: every document that shows it is signed anew when it is next asked for."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from registry.cli.common import cli_actor, open_instance
    from registry.cli.roll_over import read_instant
    from trust_lists.certificates.parsing import load_certificate

    if address is None and certificate is None:
        raise typer.BadParameter("say what changes: --address or --certificate")
    der = load_certificate(certificate.read_bytes()).public_bytes(Encoding.DER) if certificate else None
    with open_instance() as instance:
        warnings = _access_points(instance, domain).change(
            cli_actor(), name, address=address, certificate=der, at=None if at is None else read_instant(at, "--at")
        )
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(f"{name}: {'changed' if at is None else f'changes at {at}'}")


def _access_points(instance: "Instance", domain: str | None) -> "AccessPoints":
    from registry.cli.common import chosen_domain
    from registry.smp.access_points import AccessPoints

    stored = chosen_domain(instance, domain)
    return AccessPoints(instance.database, stored, instance.trust_models.of(stored.domain))
