# SPDX-License-Identifier: Apache-2.0
"""The command `trust-lists`: look at signatures and certificates.

Exit codes: 0 yes; 1 no (the text says why); 2 wrong usage; 6 a file could not be read.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from trust_lists.evaluation import Decision
    from trust_lists.signatures.xmldsig import VerifiedDocument

NO = 1
TECHNICAL = 6

app = typer.Typer(no_args_is_help=True, help="Certificates and signatures of eDelivery networks.")
signature = typer.Typer(no_args_is_help=True, help="XML signatures.")
certificate = typer.Typer(no_args_is_help=True, help="X.509 certificates.")
app.add_typer(signature, name="signature")
app.add_typer(certificate, name="certificate")


def main() -> None:
    """Entry point of the command."""
    app()


@signature.command("verify", epilog="Example: trust-lists signature verify metadata.xml --anchors ca.pem")
def verify(
    file: Annotated[Path, typer.Argument(help="The signed XML document.")],
    archive: Annotated[
        bool, typer.Option("--archive", help="Also accept what was allowed in former years, such as SHA-1.")
    ] = False,
    anchors: Annotated[
        Path | None, typer.Option(help="PEM file of authorities; without it, nobody is asked who signed.")
    ] = None,
    at: Annotated[str, typer.Option(help="Judge the certificate at this time (ISO 8601), not now.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify the signature of a document, and with --anchors also who made it."""
    from trust_lists.errors import TrustListError
    from trust_lists.signatures.xmldsig import ARCHIVE, PEPPOL_1_4, verify_enveloped
    from trust_lists.xml import parse_xml

    moment = _time(at)
    trusted = _anchors(anchors) if anchors else None
    document = _read(file)
    try:
        root_tags = (parse_xml(document).tag,)
        found = verify_enveloped(document, profile=ARCHIVE if archive else PEPPOL_1_4, root_tags=root_tags)
    except TrustListError as error:
        _print_refusal(error, as_json=as_json)
        raise typer.Exit(NO) from None
    decision = _decide(found, trusted, moment) if trusted is not None else None
    _print_verified(found, decision, as_json=as_json)
    if decision is not None and not decision.accepted:
        raise typer.Exit(NO)


@certificate.command("show", epilog="Example: trust-lists certificate show certificate.pem")
def show(
    file: Annotated[Path, typer.Argument(help="Certificates: DER, base64, or PEM with any number of them.")],
) -> None:
    """Show what certificates say."""
    from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
    from trust_lists.errors import CertificateError

    data = _read(file)
    try:
        found = load_certificates_pem(data) if b"-----BEGIN CERTIFICATE-----" in data else [load_certificate(data)]
    except CertificateError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NO) from None
    typer.echo("\n\n".join(_describe(each) for each in found))


def _describe(subject: "x509.Certificate") -> str:
    from trust_lists.certificates.parsing import fingerprint, subject_text

    return "\n".join(
        (
            f"subject      {subject_text(subject)}",
            f"issuer       {subject.issuer.rfc4514_string()}",
            f"serial       {subject.serial_number:x}",
            f"valid from   {subject.not_valid_before_utc.isoformat()}",
            f"valid until  {subject.not_valid_after_utc.isoformat()}",
            f"key          {_readable(_key_text, subject)}",
            f"key usage    {_readable(_usage_text, subject)}",
            f"sha256       {fingerprint(subject)}",
        )
    )


def _readable(describe: "Callable[[x509.Certificate], str]", subject: "x509.Certificate") -> str:
    from trust_lists.errors import CertificateError

    try:
        return describe(subject)
    except CertificateError as error:
        return str(error)


def _key_text(subject: "x509.Certificate") -> str:
    from trust_lists.certificates.parsing import public_key

    key = public_key(subject)
    name = type(key).__name__.removesuffix("PublicKey")
    return f"{name} {key.key_size} bits" if hasattr(key, "key_size") else name


def _usage_text(subject: "x509.Certificate") -> str:
    from trust_lists.certificates.parsing import key_usages

    usages = key_usages(subject)
    return "not restricted" if usages is None else ", ".join(sorted(usages))


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
        typer.echo(json.dumps({"signature": "valid", **facts, "decision": trust}, indent=2))
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
        typer.echo(json.dumps({"signature": "invalid", "reason_id": reason_id, "message": str(error)}, indent=2))
    else:
        typer.echo(f"The signature is not valid: {error} [{reason_id}]", err=True)


def _anchors(path: Path) -> "tuple[x509.Certificate, ...]":
    from trust_lists.certificates.parsing import load_certificates_pem
    from trust_lists.errors import CertificateError

    try:
        return tuple(load_certificates_pem(_read(path)))
    except CertificateError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--anchors") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        typer.echo(f"{path} cannot be read: {error.strerror}", err=True)
        raise typer.Exit(TECHNICAL) from None


def _time(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time", param_hint="--at") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
