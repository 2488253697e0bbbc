# SPDX-License-Identifier: Apache-2.0
"""`registry resolver`: look-ups as a local service, until it is told to stop."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from socket import socket

    from registry.app.resolving import DomainSource
    from registry.domains.domain import Domain
    from registry.settings import Settings

EPILOG = (
    "Example: registry resolver --domain peppol-test --anchors smp-sign=smp-ca.pem --anchors ap-encrypt=ap-ca.pem   "
    "registry resolver --dns 127.0.0.1:5300 --allow 10.0.0.0/8"
)


def resolver(
    domain: list[str] = typer.Option(
        [], "--domain", help="A domain of this instance, or a shipped profile; all of the instance's without it."
    ),
    anchors: list[str] = typer.Option(
        [], "--anchors", help="ROLE=FILE: certificates that a role trusts; the profile is used, and no database."
    ),
    dns: str | None = typer.Option(None, "--dns", metavar="HOST:PORT", help="The name server to ask."),
    bind: str | None = typer.Option(None, "--bind", metavar="HOST:PORT", help="Where to listen."),
    allow: list[str] = typer.Option(
        [], "--allow", metavar="NETWORK", help="A network that isn't public and that SMPs may be in, as 10.0.0.0/8."
    ),
) -> None:
    """Serve look-ups over HTTP: /resolve, DNS over HTTPS at /dns-query, /health and /metrics.

    For access points of any language: answers are verified, cached, and used in need while others are down.
    SIGHUP reads the TLS certificate again.
    """
    from registry.cli.common import prepared_settings
    from registry.cli.serve import run_until_stopped

    given = {"resolver_bind": bind, "resolver_dns": dns, "resolver_allowed_networks": tuple(allow) or None}
    settings = prepared_settings(**{name: value for name, value in given.items() if value is not None})
    if not settings.resolver_bind.is_loopback and settings.resolver_tls_cert is None:
        typer.echo(f"warning: others can reach {settings.resolver_bind}, and there is no TLS", err=True)
    with _listening(settings) as listening, _source(settings, domain, anchors) as source:
        run_until_stopped(_serve(settings, source, listening))


@contextmanager
def _listening(settings: "Settings") -> "Iterator[socket | None]":
    """The bound socket where the user changes, which is before the database and the keys are opened."""
    from registry.app.privileges import drop_privileges
    from registry.listeners.server import listening_socket

    if settings.run_as is None:
        drop_privileges(None)
        yield None
        return
    with closing(listening_socket("resolver", *settings.resolver_bind)) as listening:
        drop_privileges(settings.run_as)
        yield listening


async def _serve(settings: "Settings", source: "DomainSource", listening: "socket | None") -> None:
    from registry.app.resolving import Resolving
    from registry.app.signals import signals

    resolving = Resolving(settings, source, listening=listening)
    async with resolving.running() as url:
        with signals(resolving.reload_certificates) as stop:
            typer.echo(f"resolve  {url}/resolve?participant=…")
            typer.echo(f"DNS      {url}/dns-query")
            await stop.wait()


@contextmanager
def _source(settings: "Settings", names: Sequence[str], anchors: list[str]) -> "Iterator[DomainSource]":
    """Where the domains come from: profiles with the given anchors, or this instance's database."""
    from registry.app.resolving import fixed
    from registry.cli.common import load_known_domain
    from registry.errors import ConfigurationError

    if anchors and len(names) != 1:
        raise ConfigurationError("with --anchors one domain is wanted: --domain peppol-test")
    if anchors:
        yield fixed([_profile(names[0], anchors)])
    elif _has_database(settings):
        with _instance_source(settings, names) as source:
            yield source
    else:
        yield fixed([load_known_domain(name) for name in names] or [load_known_domain(None)])


def _profile(name: str, anchors: list[str]) -> "Domain":
    from registry.cli.domain import anchors_of
    from registry.domains.loader import load_domain

    return load_domain(name, {"trust": anchors_of(anchors)})


def _has_database(settings: "Settings") -> bool:
    return not settings.database_url.startswith("sqlite:///") or (settings.data_dir / "registry.sqlite3").exists()


@contextmanager
def _instance_source(settings: "Settings", names: Sequence[str]) -> "Iterator[DomainSource]":
    from registry.app.instance import Instance

    with Instance.open(settings) as instance:
        directory = instance.directory
        for name in names:
            directory.get(name)  # raises where there is none
        seen: Any = None

        def source() -> "Sequence[Domain] | None":
            nonlocal seen
            directory.refresh()
            if directory.generation == seen:
                return None
            seen = directory.generation
            return [stored.domain for stored in directory.all() if not names or stored.domain.name in names]

        yield source
