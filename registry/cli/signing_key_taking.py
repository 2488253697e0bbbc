# SPDX-License-Identifier: Apache-2.0
"""`registry signing-key take` and `to-pem`: the keys that an SMP has had elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from datetime import datetime

    from registry.smp.signing_keys import SigningKeys

TAKE_EPILOG = "Example: registry signing-key take old-smp.p12 --password-file old-smp.password --domain peppol"
TO_PEM_EPILOG = "Example: registry signing-key to-pem old-smp.p12 sml-client.pem --password-file old-smp.password"
_FILE = typer.Argument(help="The key with its certificate: PKCS#12 or PEM.", exists=True)
_PASSWORD = typer.Option(None, "--password-file", exists=True, help="File with the key's password.")


def take(
    file: Path = _FILE,
    password_file: Path | None = _PASSWORD,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let a key sign at once that this SMP has had elsewhere, before a cutover.

    The file stays where it is, and has to. Java key stores (JKS) are made PKCS#12 first: keytool -importkeystore.
    """
    from registry.app.signing_key_job import signing_keys_of
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json
    from registry.smp.signed_documents import read_signing_key
    from trust_lists.certificates.parsing import fingerprint

    sha256 = fingerprint(read_signing_key(file, password_file).certificate)
    with open_instance() as instance:
        keys = signing_keys_of(instance, chosen_domain(instance, domain))
        done = _taken(keys, sha256, file, password_file, instance.database.now())
        if done:
            number, warnings = done
            for warning in warnings:
                typer.echo(f"warning: {warning}", err=True)
            keys.activate(cli_actor(), number)
    outcome = "signs now" if done else "signs already"
    if json_output:
        print_json({"certificate": sha256, "outcome": outcome})
    else:
        typer.echo(f"{sha256}: {outcome}")


def _taken(
    keys: "SigningKeys", sha256: str, file: Path, password_file: Path | None, now: "datetime"
) -> tuple[int, tuple[str, ...]] | None:
    """The number of the key, planned for a moment that isn't waited for; None where it signs already."""
    from datetime import timedelta

    from registry.cli.common import cli_actor
    from registry.smp.signing_keys import Retirement

    nothing = Retirement(timedelta(0), timedelta(0))
    if any(each.state == "active" and each.certificate_sha256 == sha256 for each in keys.listed(nothing)):
        return None
    planned = keys.plan(cli_actor(), file, password_file, now + timedelta(hours=1))
    return planned.id, planned.warnings


def to_pem(
    file: Path = _FILE,
    target: Path = typer.Argument(help="The PEM file to be made; it must not be there yet."),
    password_file: Path | None = _PASSWORD,
) -> None:
    """Write a key with its certificates as PEM without a password, which only its owner can read.

    That is what --identity of the SML commands wants, and how the key with which an SMP calls its SML is taken over.
    """
    import os

    from registry.demo.pki import identity_pem
    from registry.errors import ConfigurationError
    from registry.smp.signed_documents import read_signing_key
    from trust_lists.certificates.parsing import fingerprint

    key = read_signing_key(file, password_file)
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(identity_pem(key))
    except OSError as error:
        raise ConfigurationError(f"{target} can't be written: {error.strerror}") from error
    typer.echo(f"{fingerprint(key.certificate)}: in {target}")
