# SPDX-License-Identifier: Apache-2.0
"""`registry sml locate`: which SML has the participants of an agency, as DNS says."""

from typing import Annotated

import typer

EPILOG = "Example: registry sml locate 0088 --domain peppol-test"


def locate(
    icd: Annotated[str, typer.Argument(metavar="ICD", help="The code of an issuing agency, as 0088.")],
    domain: Annotated[
        str | None, typer.Option(help="A domain of this instance, or a profile that comes with the program.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="The zone of the network, where it isn't the domain's.")] = None,
    dns: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The name server to ask instead of the system's.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Find the SML that has the participants of an agency, by the locator records of a federated network.

    Exit codes: 0 found, 2 usage, 3 the network names none, 4 no usable record, 6 technical failure.
    """
    from registry.cli.common import load_known_domain, print_json
    from registry.cli.resolve import EXIT_CODES
    from registry.discovery.errors import DiscoveryError
    from registry.discovery.locator import DnsLocator
    from registry.discovery.sml_locator import locate_sml

    known = load_known_domain(domain)
    if zone is None:
        known.require_discovery()
    try:
        found = locate_sml(DnsLocator(dns), icd, zone or known.dns.zone, schemes=known.sml.url_schemes)
    except DiscoveryError as error:
        typer.echo(f"{error.outcome.replace('-', ' ')}: {error}", err=True)
        raise typer.Exit(EXIT_CODES[error.outcome]) from None
    if json_output:
        print_json({"icd": found.icd, "host": found.host, "api": found.api})
        return
    typer.echo(f"host  {found.host or '-'}")
    typer.echo(f"api   {found.api or '-'}")
