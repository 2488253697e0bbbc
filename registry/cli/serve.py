# SPDX-License-Identifier: Apache-2.0
"""`registry serve`: run the instance until it is told to stop."""

import gc
from collections.abc import Collection, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from registry.app.roles import Role
    from registry.app.serving import Addresses
    from registry.settings import Settings

_T = TypeVar("_T")

EPILOG = "Example: REGISTRY_DATA_DIR=/var/lib/registry registry serve"


def serve(
    only: list[str] = typer.Option(
        [], "--only", help="Do only this: smp, sml, dns, manage, jobs; several times, or with commas. [default: all]"
    ),
    workers: int = typer.Option(1, "--workers", min=1, max=64, help="Processes that share the work."),
    worker: str = typer.Option("", "--worker", hidden=True, help="What a supervisor tells its workers."),
) -> None:
    """Serve SMP, management, SML and DNS on the addresses of the settings, until SIGTERM or Ctrl-C; and do jobs.

    SIGHUP reads the TLS certificates again.
    """
    gc.disable()  # what a start makes stays, and looking through it again and again is a fifth of its time
    from registry.app.roles import parse_roles
    from registry.cli.common import prepared_settings

    settings = prepared_settings()
    roles = parse_roles(only)
    if worker:
        from registry.app.workers import run_worker

        run_until_stopped(run_worker(settings, roles, worker))
        return
    for warning in settings.warnings():
        typer.echo(f"warning: {warning}", err=True)
    if workers > 1:
        from registry.app.workers import Supervisor

        supervisor = Supervisor(settings, roles, workers, ready=_tell)
        raise typer.Exit(run_until_stopped(supervisor.run()))
    run_until_stopped(_serve(settings, roles))


def run_until_stopped(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on uvloop, and return its result."""
    import asyncio
    import sys

    from uvloop import new_event_loop

    # A thread that comes back from the database asks for its turn this often, by default each 5 ms. Meanwhile it holds
    # SQLite's write lock, for which all others wait.
    sys.setswitchinterval(0.0005)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


async def _serve(settings: "Settings", roles: "Collection[Role]") -> None:
    from registry.app.privileges import drop_privileges
    from registry.app.serving import Serving
    from registry.app.signals import signals
    from registry.app.sockets import open_sockets

    sockets = open_sockets(settings, roles)
    drop_privileges(settings.run_as)  # before the database and the keys are opened
    serving = Serving(settings, roles=roles, sockets=sockets)
    async with serving.running() as addresses:
        with signals(serving.reload_certificates) as stop:
            gc.freeze()
            gc.enable()
            _tell(addresses)
            if not serving.instance.directory.all():
                typer.echo("There is no domain yet: registry domain add NAME --profile peppol-test", err=True)
            await stop.wait()


def _tell(addresses: "Addresses") -> None:
    sml = "not served: no REGISTRY_SML_TLS_CERT" if addresses.sml is None else addresses.sml
    lines = {"SMP": addresses.public, "manage": addresses.manage, "SML": sml, "DNS": addresses.dns}
    lines["proxies"] = addresses.sml_plain
    lines["admin"] = addresses.sml_admin
    for name, address in lines.items():
        if address:
            typer.echo(f"{name:<7} {address}")
    if not any(lines.values()):
        typer.echo("jobs    no listener")
