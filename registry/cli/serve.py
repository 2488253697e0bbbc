# SPDX-License-Identifier: Apache-2.0
"""`registry serve`: run the instance until it is told to stop."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from registry.settings import Settings

_T = TypeVar("_T")

EPILOG = "Example: REGISTRY_DATA_DIR=/var/lib/registry registry serve"


def serve() -> None:
    """Serve SMP, management, SML and DNS on the addresses of the settings, until SIGTERM or Ctrl-C.

    SIGHUP reads the TLS certificates again.
    """
    from registry.cli.common import prepared_settings

    settings = prepared_settings()
    for warning in settings.warnings():
        typer.echo(f"warning: {warning}", err=True)
    run_until_stopped(_serve(settings))


def run_until_stopped(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on uvloop, and return its result."""
    import asyncio

    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


async def _serve(settings: "Settings") -> None:
    from registry.app.serving import Serving
    from registry.app.signals import signals

    serving = Serving(settings)
    async with serving.running() as addresses:
        with signals(serving.reload_certificates) as stop:
            typer.echo(f"SMP     {addresses.public}")
            typer.echo(f"manage  {addresses.manage}")
            typer.echo(f"SML     {addresses.sml or 'not served: no REGISTRY_SML_TLS_CERT'}")
            typer.echo(f"DNS     {addresses.dns}")
            if not serving.instance.directory.all():
                typer.echo("There is no domain yet: registry domain add NAME --profile peppol-test", err=True)
            await stop.wait()
