# SPDX-License-Identifier: Apache-2.0
"""`registry database`: move it to another one, or adopt one that was restored by other means."""

from datetime import datetime
from pathlib import Path

import typer

from registry.cli.backup import shown_progress
from registry.cli.common import JSON_OPTION
from registry.cli.restore import REVOKE_OPTION, SERIAL_OPTION, parse_serials, report, report_as_json

app = typer.Typer(help="The database of the instance.", no_args_is_help=True)


@app.command("copy", epilog="Example: registry database copy --to-file /etc/registry/database-url")
def copy(
    to: str | None = typer.Option(None, "--to", help="SQLAlchemy URL of an empty database, without a password."),
    to_file: Path | None = typer.Option(None, "--to-file", help="File whose first line is the URL, with the password."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Copy everything to an empty database, SQLite or PostgreSQL. Stop the instance first.

    Afterwards set REGISTRY_DATABASE_URL; the files in the data folder stay what they are.
    """
    from registry.app.database_copy import copy_to
    from registry.cli.common import prepared_settings, print_json

    settings = prepared_settings()
    url = _url(to, to_file)
    with shown_progress() as progress:
        counts = copy_to(settings, url, progress=progress)
    if json_output:
        print_json({"tables": counts})
        return
    typer.echo(f"{sum(counts.values())} rows of {len(counts)} tables copied.")
    typer.echo("Set REGISTRY_DATABASE_URL to the new database, and start the instance.")


def _url(to: str | None, file: Path | None) -> str:
    from registry.errors import ConfigurationError

    if (to is None) == (file is None):
        raise ConfigurationError("say where to: --to URL or --to-file FILE")
    if to is not None:
        return to
    try:
        return str(file and file.read_text("utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}") from error


@app.command("adopt", epilog="Example: registry database adopt --as-of 2026-11-22T08:00:00+00:00")
def adopt(
    as_of: str | None = typer.Option(
        None, "--as-of", help="The instant that the data are from; by default that of the newest change in them."
    ),
    serial_at_least: list[str] = SERIAL_OPTION,
    revoke_tokens: bool = REVOKE_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Make a database usable that was restored by other means, such as PostgreSQL's recovery to a point in time.

    Does what `registry restore` does afterwards: verifies the audit, lets each zone go on with a serial that no name
    server has seen, ends sessions, and frees running jobs.
    """
    from registry.app.after_restore import Wishes
    from registry.app.after_restore import adopt as run
    from registry.cli.common import cli_actor, prepared_settings, print_json

    wishes = Wishes(parse_serials(serial_at_least), revoke_tokens)
    done = run(prepared_settings(), cli_actor(), _instant(as_of), wishes)
    if json_output:
        print_json(report_as_json(done))
        return
    for line in report(done, revoked=revoke_tokens):
        typer.echo(line)


def _instant(text: str | None) -> datetime | None:
    from registry.errors import ConfigurationError

    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--as-of is an instant such as 2026-11-22T08:00:00+00:00, not {text!r}") from error
    if instant.tzinfo is None:
        raise ConfigurationError(f"--as-of {text} needs a time zone, such as Z or +01:00")
    return instant
