# SPDX-License-Identifier: Apache-2.0
"""How a command reaches an SML that is somebody else's: its address, our SMP's key and certificate, its issuer."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry.sml.client import SmlClient

SML_OPTION = typer.Option(
    None, "--sml", metavar="URL", help="The domain's SML, where it isn't here: https://sml.example.org/edelivery-sml."
)
IDENTITY_OPTION = typer.Option(
    None, "--identity", metavar="PEM", help="With --sml: the SMP's key and certificate, in one file."
)
CA_OPTION = typer.Option(
    None, "--ca", metavar="PEM", help="With --sml: who may have issued its certificate; by default the system's."
)


@contextlib.contextmanager
def open_foreign_sml(url: str, identity: Path | None, ca: Path | None) -> "Iterator[SmlClient]":
    """A client of the SML at `url`. Raises ConfigurationError for files that can't be used."""
    import ssl

    from registry.errors import ConfigurationError
    from registry.sml.client import SmlClient

    context = None
    if url.startswith("https:"):
        try:
            context = ssl.create_default_context(cafile=None if ca is None else str(ca))
            if identity is not None:
                context.load_cert_chain(identity, password=lambda: b"")
        except OSError as error:  # also what OpenSSL says of a file
            raise ConfigurationError(f"the certificates for {url} can't be used: {error}") from error
    with SmlClient(url, context) as client:
        yield client
