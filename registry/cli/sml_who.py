# SPDX-License-Identifier: Apache-2.0
"""`registry sml who`: what a client certificate is at the SMLs of this instance."""

from pathlib import Path

import typer

from registry.cli.common import JSON_OPTION

EPILOG = "Example: registry sml who smp.pem"


def who(
    file: Path = typer.Argument(
        metavar="CERT.pem", help="The certificate, in PEM or DER.", exists=True, dir_okay=False
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Say which domains accept a certificate, as whom, and which SMPs it owns; ends with 1 where none lets it in."""
    from dataclasses import asdict

    from registry.cli.common import open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.sml.standing import standings
    from registry.storage.queries.callers import Bearer
    from trust_lists.certificates.parsing import load_certificate
    from trust_lists.errors import CertificateError

    try:
        certificate = load_certificate(file.read_bytes())
    except CertificateError as error:
        raise typer.BadParameter(str(error), param_hint="CERT.pem") from error
    with open_instance() as instance:
        found = standings(instance.database, instance.directory.with_sml(), instance.trust_models.of, certificate)
    bearer = Bearer.of(certificate)
    if json_output:
        print_json(asdict(bearer) | {"domains": [asdict(each) for each in found]})
    else:
        typer.echo(
            f"{bearer.subject}\n  issuer   {bearer.issuer}\n  serial   {bearer.serial}\n  SHA-256  {bearer.sha256}"
        )
        for each in found:
            typer.echo(f"{each.domain}: {each.outcome}: {each.reason}")
            for warning in each.warnings:
                typer.echo(f"  warning  {warning}")
            for smp in each.owns:
                notes = [
                    f"by {smp.by}",
                    *(["suspended"] if smp.suspended else []),
                    *([smp.refusal] if smp.refusal else []),
                ]
                typer.echo(f"  owns     {smp.smp_id}\t{'; '.join(notes)}")
        if not found:
            typer.echo("this instance is the SML of no domain")
    if not any(each.passes for each in found):
        raise typer.Exit(REFUSED)
