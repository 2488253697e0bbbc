# SPDX-License-Identifier: Apache-2.0
"""`trust-lists signature`: XML signatures, and who made them."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, AsJson, At, moment, print_json, read_file

if TYPE_CHECKING:
    from cryptography import x509

    from trust_lists.evaluation import Decision
    from trust_lists.signatures.xmldsig import VerifiedDocument

signature = typer.Typer(no_args_is_help=True, help="XML signatures.")


@signature.command("verify", epilog="Example: trust-lists signature verify metadata.xml --anchors ca.pem")
def verify(
    file: Annotated[Path, typer.Argument(help="The signed XML document.")],
    archive: Annotated[
        bool, typer.Option("--archive", help="Also accept what was allowed in former years, such as SHA-1.")
    ] = False,
    anchors: Annotated[
        Path | None, typer.Option(help="PEM file of authorities; without it, nobody is asked who signed.")
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Verify the signature of a document, and with --anchors also who made it."""
    from trust_lists.errors import TrustListError
    from trust_lists.signatures.xmldsig import ARCHIVE, PEPPOL_1_4, verify_enveloped
    from trust_lists.xml import parse_xml

    asked = moment(at)
    trusted = _anchors(anchors) if anchors else None
    document = read_file(file)
    try:
        root_tags = (parse_xml(document).tag,)
        found = verify_enveloped(document, profile=ARCHIVE if archive else PEPPOL_1_4, root_tags=root_tags)
    except TrustListError as error:
        _print_refusal(error, as_json=as_json)
        raise typer.Exit(NO) from None
    decision = _decide(found, trusted, asked) if trusted is not None else None
    _print_verified(found, decision, as_json=as_json)
    if decision is not None and not decision.accepted:
        raise typer.Exit(NO)


def _decide(found: "VerifiedDocument", anchors: "tuple[x509.Certificate, ...]", at: datetime) -> "Decision":
    from trust_lists.evaluation import Evidence, Role, RoleRule, TrustConfiguration, decide

    configuration = TrustConfiguration({Role.SMP_SIGN: RoleRule(anchors=anchors)})
    return decide(configuration, Role.SMP_SIGN, found.certificate, at, Evidence(found.other_certificates))


def _print_verified(found: "VerifiedDocument", decision: "Decision | None", *, as_json: bool) -> None:
    from trust_lists.certificates.parsing import fingerprint, subject_text

    facts = {
        "root": found.root.tag,
        "signer": subject_text(found.certificate),
        "sha256": fingerprint(found.certificate),
        "signature_algorithm": found.signature_algorithm,
        "digest_algorithm": found.digest_algorithm,
        "canonicalization": found.canonicalization,
    }
    if as_json:
        trust = decision.to_json() if decision else None
        print_json({"signature": "valid", **facts, "decision": trust})
        return
    typer.echo("The signature is valid.")
    for name, value in facts.items():
        typer.echo(f"{name:20} {value}")
    if decision is None:
        typer.echo("Whether the signer is trusted was not asked (--anchors).")
        return
    typer.echo(f"The signer: {decision.outcome.value}")
    for step in decision.steps:
        typer.echo(f"  {step.id:15} {step.outcome.value:12} {step.detail}")


def _print_refusal(error: Exception, *, as_json: bool) -> None:
    reason_id = getattr(error, "reason_id", "")
    if as_json:
        print_json({"signature": "invalid", "reason_id": reason_id, "message": str(error)})
    else:
        typer.echo(f"The signature is not valid: {error} [{reason_id}]", err=True)


def _anchors(path: Path) -> "tuple[x509.Certificate, ...]":
    from trust_lists.certificates.parsing import load_certificates_pem
    from trust_lists.errors import CertificateError

    try:
        return tuple(load_certificates_pem(read_file(path)))
    except CertificateError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--anchors") from None
