# SPDX-License-Identifier: Apache-2.0
"""The command `trust-lists`: trusted lists, signatures and certificates.

Exit codes: 0 yes; 1 no (the text says why); 2 wrong usage; 6 a file could not be read, or a server not be reached.
"""

import typer

from trust_lists.cli.certificate import certificate
from trust_lists.cli.signature import signature

app = typer.Typer(no_args_is_help=True, help="Trusted lists, certificates and signatures of eDelivery networks.")
app.add_typer(signature, name="signature")
app.add_typer(certificate, name="certificate")


def main() -> None:
    """Entry point of the command."""
    app()
