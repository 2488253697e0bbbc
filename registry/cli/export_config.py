# SPDX-License-Identifier: Apache-2.0
"""`registry export-config`: the settings that access point products need for a domain."""

from enum import StrEnum
from pathlib import Path

import typer

EPILOG = "Example: registry export-config --for domibus --domain peppol-test --out config"


class Product(StrEnum):
    """The products whose settings are known."""

    DOMIBUS = "domibus"
    OXALIS_NG = "oxalis-ng"
    PHASE4 = "phase4"
    HARMONY = "harmony"


def export_config(
    product: Product = typer.Option(..., "--for", help="The product.", metavar="PRODUCT"),
    domain: str | None = typer.Option(None, "--domain", help="A domain of this instance, or a shipped profile."),
    out: Path | None = typer.Option(
        None, "--out", help="A folder for the settings and the trust stores (PKCS#12 and PEM); made when missing."
    ),
) -> None:
    """Print the settings with which a product looks participants up in a domain: zone, client, trust stores.

    PRODUCT is domibus, oxalis-ng, phase4 or harmony. With --out they are written there, with the domain's anchors;
    files of the same names are replaced. What isn't known is a comment that says so.
    """
    from registry.cli.common import load_known_domain
    from registry.resolver.product_settings import product_settings, trust_stores

    known = load_known_domain(domain)
    settings = product_settings(product.value, known, str(out.absolute()) if out else ".")
    if out is None:
        typer.echo(settings.text, nl=False)
        if trust_stores(known):
            typer.echo("note: the trust stores are written with --out FOLDER", err=True)
        return
    files = {settings.file_name: settings.text.encode(), **settings.stores}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as error:
        from registry.errors import ConfigurationError

        raise ConfigurationError(f"{out} can't be written: {error.strerror}") from error
    for name in files:
        typer.echo(str(out / name))
