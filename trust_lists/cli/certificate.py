# SPDX-License-Identifier: Apache-2.0
"""`trust-lists certificate`: what certificates say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, read_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

certificate = typer.Typer(no_args_is_help=True, help="X.509 certificates.")


@certificate.command("show", epilog="Example: trust-lists certificate show certificate.pem")
def show(
    file: Annotated[Path, typer.Argument(help="Certificates: DER, base64, or PEM with any number of them.")],
) -> None:
    """Show what certificates say."""
    from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
    from trust_lists.errors import CertificateError

    data = read_file(file)
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
