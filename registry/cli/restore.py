# SPDX-License-Identifier: Apache-2.0
"""`registry restore`: an installation from a backup, on an empty machine or in the place of another one."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.backup import PASSPHRASE_OPTION, description, read_passphrase, shown_progress
from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from registry.app.after_restore import AfterRestore, ZoneRestart
    from registry.app.restore import Plan

EPILOG = "Example: registry restore registry.backup --passphrase-file backup.pass --yes"
SERIAL_OPTION = typer.Option(
    [],
    "--serial-at-least",
    metavar="ZONE=SERIAL",
    help="A serial that a name server of the zone holds (dig SOA): the new one will be greater.",
)
REVOKE_OPTION = typer.Option(
    False, "--revoke-tokens", help="Revoke every API token: those that were revoked since the backup count again."
)


def restore(
    file: Path = typer.Argument(help="The backup."),
    passphrase_file: Path | None = PASSPHRASE_OPTION,
    without_secrets: bool = typer.Option(
        False, "--without-secrets", help="Take the database only: master key and signing keys are here already."
    ),
    plan: bool = typer.Option(False, "--plan", help="Say what would be done and what lost; nothing is changed."),
    yes: bool = typer.Option(False, "--yes", help="Don't ask."),
    replace: bool = typer.Option(False, "--replace", help="Put the backup in the place of a database that is in use."),
    original_paths: bool = typer.Option(
        False, "--original-paths", help="Write files that were outside of the data folder to where they were."
    ),
    serial_at_least: list[str] = SERIAL_OPTION,
    revoke_tokens: bool = REVOKE_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Restore a backup into the installation that the settings name: REGISTRY_DATA_DIR, REGISTRY_DATABASE_URL.

    Database and files are put in place, the database is brought to the newest schema, its audit is verified, each zone
    goes on with a serial that no name server has seen, sessions end, and running jobs are free to be taken up again.
    """
    from registry.app.after_restore import Wishes
    from registry.app.archive import reading
    from registry.app.restore import Choices, plan_restore
    from registry.app.restore import restore as run
    from registry.cli.common import cli_actor, prepared_settings, print_json

    settings = prepared_settings()
    wishes = Wishes(parse_serials(serial_at_least), revoke_tokens)
    passphrase = None if without_secrets else read_passphrase(passphrase_file)
    choices = Choices(passphrase, replace, original_paths, wishes)
    with reading(file) as archive:
        with shown_progress() as progress:
            planned = plan_restore(archive, settings, choices, progress=progress)
        if plan or not yes:
            _print_plan(planned, json_output=json_output)
        if plan:
            return
        if not yes:
            _ask("Restore?")
        with shown_progress() as progress:
            done = run(archive, settings, planned, cli_actor(), progress=progress)
    if json_output:
        print_json(report_as_json(done) | {"settings": _environment(planned)})
        return
    for line in report(done, revoked=revoke_tokens):
        typer.echo(line)
    for name, value in _environment(planned).items():
        typer.echo(f"Set {name}={value}")


def _ask(question: str) -> None:
    from registry.errors import ConfigurationError

    if not sys.stdin.isatty():
        raise ConfigurationError("say --yes, or --plan to look at it first")
    typer.confirm(question, abort=True, err=True)


def parse_serials(texts: list[str]) -> dict[str, int]:
    """The serials that ZONE=SERIAL options say. Raises ConfigurationError."""
    from registry.errors import ConfigurationError
    from registry.serials import SERIALS

    said: dict[str, int] = {}
    for text in texts:
        zone, equals, number = text.partition("=")
        if not (equals and number.isascii() and number.isdigit() and int(number) < SERIALS):
            raise ConfigurationError(f"--serial-at-least is ZONE=SERIAL with a serial below 2^32, not {text!r}")
        said[zone.rstrip(".").lower()] = int(number)
    return said


def _print_plan(plan: "Plan", *, json_output: bool) -> None:
    from registry.cli.common import print_json

    lost = plan.lost
    if json_output:
        print_json(
            {
                "as_of": plan.manifest.made_at.isoformat(),
                "files": [{"from": f.file.path, "to": str(f.place), "replaces": f.replaces} for f in plan.files],
                "zones": [_zone_as_json(zone) for zone in plan.zones],
                "settings": _environment(plan),
                "lost": lost and {"tables": lost.tables, "newest_event": lost.newest_event and f"{lost.newest_event}"},
            }
        )
        return
    typer.echo("The backup:")
    for line in description(plan.manifest):
        typer.echo(line)
    typer.echo("The restore:")
    for item in plan.files:
        replaced = ", in the place of another one" if item.replaces else ""
        typer.echo(f"  file          {item.place}{replaced}")
    for zone in plan.zones:
        typer.echo(f"  zone          {zone.name}, serial {zone.held} becomes about {zone.serial}")
    for name, value in _environment(plan).items():
        typer.echo(f"  to be set     {name}={value}")
    if lost is not None:
        typer.echo("What is there now will be lost:")
        typer.echo(f"  rows          {', '.join(f'{rows} {name}' for name, rows in lost.tables.items() if rows)}")
        if lost.newest_event is not None:
            typer.echo(f"  newest event  {lost.newest_event:%Y-%m-%d %H:%M:%S} UTC")


def _environment(plan: "Plan") -> dict[str, str]:
    return {f"REGISTRY_{name.upper()}": value for name, value in plan.settings.items()}


def _zone_as_json(zone: "ZoneRestart") -> dict[str, Any]:
    return {"name": zone.name, "held": zone.held, "serial": zone.serial}


def report_as_json(done: "AfterRestore") -> dict[str, Any]:
    """What a restore did, as JSON."""
    from dataclasses import asdict

    return asdict(done) | {"as_of": done.as_of.isoformat(), "restored_at": done.restored_at.isoformat()}


def report(done: "AfterRestore", *, revoked: bool) -> Iterator[str]:
    """What a restore did and what is left to do, in lines for people."""
    since, until = (f"{instant:%Y-%m-%d %H:%M:%S} UTC" for instant in (done.as_of, done.restored_at))
    yield f"Restored installation {done.instance_id} as of {since}."
    for zone in done.zones:
        yield f"  zone          {zone.name}, serial {zone.held} became {zone.serial}; servers get the whole zone"
    yield f"  sessions      {done.ended_sessions} ended"
    yield f"  jobs          {done.freed_jobs} that were running are to be taken up again"
    if revoked:
        yield f"  tokens        {done.revoked_tokens} revoked"
    yield f"Lost is what was done between {since} and {until}:"
    yield "  registrations and publications: SMPs have to repeat theirs (an SMP of ours: registry import)"
    yield "  changes of accounts, passwords, permissions and certificates; who was erased is there again"
    yield "  migration keys that were used or withdrawn count again"
    if done.usable_tokens:
        yield f"  revocations of tokens: {done.usable_tokens} can be used; if in doubt, registry token revoke"
    yield "Next: registry doctor --after-restore, then registry serve"
