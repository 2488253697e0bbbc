# SPDX-License-Identifier: Apache-2.0
"""`registry dns configure`: whole configurations of name servers that take zones from here."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from registry.dns.secondary_configurations import Program

EPILOG = "Example: registry dns configure knot --zone sml.example.org --sign > /etc/knot/knot.conf"
_FOLLOWER = "Who takes zones from it and is told of changes, HOST:PORT/KEY; repeatable."


def configure(
    program: str = typer.Argument(help="knot, nsd or bind."),
    zone: str = typer.Option("", "--zone", help="The zone; by default all that have this server as a secondary."),
    catalog: bool = typer.Option(False, "--catalog", help="Let zones come by the catalog zone (RFC 9432)."),
    sign: bool = typer.Option(False, "--sign", help="Let it sign, as dns.zone_privacy of the domain says."),
    server: str = typer.Option("", "--server", help="Which secondary it is, HOST:PORT; not needed if there is one."),
    primary: str = typer.Option("", "--primary", help="ADDRESS:PORT to take zones from; by default REGISTRY_DNS_BIND."),
    key: str = typer.Option("", "--key", help="The key shared with the primary; by default that of the secondary."),
    listen: list[str] = typer.Option([], "--listen", help="ADDRESS:PORT where it answers; repeatable."),
    follower: list[str] = typer.Option([], "--follower", help=_FOLLOWER),
    folder: str = typer.Option("", "--folder", help="Where all goes that it writes; by default as in Debian."),
) -> None:
    """Print a whole configuration for a name server: secondary of this one, and signer with --sign.

    It has the secrets of TSIG keys: keep it from others.
    """
    from registry.app.instance import Instance
    from registry.app.server_configurations import Wish, name_server
    from registry.cli.common import prepared_settings
    from registry.dns.secondary_configurations import configuration
    from registry.errors import ConfigurationError

    if zone and catalog:
        raise ConfigurationError("--zone and --catalog exclude each other: the catalog has all zones")
    wish = Wish(zone, catalog, server, primary, key, tuple(listen), tuple(follower), sign, folder)
    settings = prepared_settings()
    with Instance.open(settings) as instance:
        described = name_server(instance, settings, wish)
    typer.echo(configuration(_program(program), described), nl=False)


def _program(name: str) -> "Program":
    from registry.dns.secondary_configurations import PROGRAMS
    from registry.errors import ConfigurationError

    for program in PROGRAMS:
        if program == name:
            return program
    raise ConfigurationError(f"configurations are there for {', '.join(PROGRAMS)}, not {name[:40]!r}")
