# SPDX-License-Identifier: Apache-2.0
"""`registry demo`: a whole network on this machine, and a recipient found in it."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from registry.demo.run import RunningDemo
    from registry.settings import Settings

EPILOG = "Examples: registry demo   registry demo --once --json   registry demo --data ./demo --import ./documents"


def demo(
    once: bool = typer.Option(False, "--once", help="Stop after the look-up, with its exit code."),
    json_output: bool = typer.Option(False, "--json", help="Print one JSON object as the last line."),
    data: Path | None = typer.Option(None, "--data", help="Keep the data in this folder; by default a temporary one."),
    imports: list[Path] = typer.Option(
        [], "--import", exists=True, help="Publish these documents of any dialect, too."
    ),
) -> None:
    """Build a test network in one process, register and publish, find a recipient by its identifier, keep serving."""
    import tempfile

    if data is not None:
        code = _run(data.absolute(), imports, once=once, json_output=json_output)
    else:
        with tempfile.TemporaryDirectory(prefix="registry-demo-") as folder:
            code = _run(Path(folder), imports, once=once, json_output=json_output)
    raise typer.Exit(code)


def _run(folder: Path, imports: list[Path], *, once: bool, json_output: bool) -> int:
    from registry.cli.common import prepared_settings
    from registry.cli.serve import run_until_stopped
    from registry.demo.run import alone_in

    settings = prepared_settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'registry.sqlite3'}",
        log_level="ERROR",
        log_format="console",
        **_free_ports(),
    )
    with alone_in(folder):
        return run_until_stopped(_main(settings, imports, once=once, json_output=json_output))


def _free_ports() -> dict[str, str]:
    """Free ports for every listener that no setting names."""
    import os

    binds = ("public_bind", "manage_bind", "sml_bind", "dns_bind")
    return {name: "127.0.0.1:0" for name in binds if f"REGISTRY_{name.upper()}" not in os.environ}


async def _main(settings: "Settings", imports: list[Path], *, once: bool, json_output: bool) -> int:
    import asyncio

    from registry.app.signals import signals
    from registry.cli.common import cli_actor, print_json
    from registry.demo.run import running_demo
    from registry.demo.visitor import admit_visitor

    def progress(text: str) -> None:
        if not json_output:
            typer.echo(f"· {text}")

    async with running_demo(settings, imports, progress) as demo:
        with signals(demo.serving.reload_certificates) as stop:
            if not json_output:
                _print_report(demo)
            if not once:
                password = await asyncio.to_thread(admit_visitor, demo.serving.instance.database, cli_actor())
                _print_addresses(demo, password, err=json_output)
            if json_output:
                print_json(demo.report.to_json())
            if not once:
                await stop.wait()
        return _exit_code(demo)


def _exit_code(demo: "RunningDemo") -> int:
    from registry.cli.exits import DONE, REFUSED

    report = demo.report
    return REFUSED if report.resolution is None or report.refused or report.lost else DONE


def _print_report(demo: "RunningDemo") -> None:
    from rich.console import Console

    from registry.cli.exchange import print_result
    from registry.cli.resolve import render_explanation

    report = demo.report
    for document in report.imported:
        print_result(document)
    typer.echo()
    render_explanation(Console(), report.explanation)
    typer.echo()
    if report.resolution is None:
        typer.echo("No recipient was found.")
        return
    typer.echo(f"{report.resolution.participant} receives at {report.resolution.endpoint.address}")


def _print_addresses(demo: "RunningDemo", password: str | None, *, err: bool) -> None:
    from urllib.parse import urlencode

    from registry.demo.visitor import NAME
    from registry.identifiers.dns_names import participant_name
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.identifiers.url_form import participant_path

    addresses = demo.addresses
    participant = ParticipantIdentifier.parse(demo.report.participants[0]["id"])
    host, _, port = addresses.dns.rpartition(":")
    name = participant_name(participant, demo.stored.domain.dns.zone, demo.stored.domain.dns.name_form)
    secret = "your password" if password is None else f"{password}, which you change there"
    lines = (
        "",
        f"pages   {addresses.manage}/ui/ (log in as {NAME} with {secret})",
        f"public  {addresses.public}/lookup/participant?{urlencode({'participant': str(participant)})}",
        f"SMP     {addresses.public}{participant_path(participant)}",
        f"manage  {addresses.manage}/api/v1/health",
        f"SML     {addresses.sml}/edelivery-sml/manageservicemetadata?wsdl",
        f"DNS     dig @{host.strip('[]')} -p {port} {name} NAPTR",
        "",
        "Serving; Ctrl-C ends it.",
    )
    for line in lines:
        typer.echo(line, err=err)
