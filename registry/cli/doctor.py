# SPDX-License-Identifier: Apache-2.0
"""`registry doctor`: what is wrong with this installation, and what to do."""

import typer

from registry.cli.common import JSON_OPTION

EPILOG = "Example: registry doctor --online"


def doctor(
    online: bool = typer.Option(
        False, "--online", help="Also ask the public name servers of each zone for their serials."
    ),
    after_restore: bool = typer.Option(False, "--after-restore", help="Also say what a restore leaves to you."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Look at settings, files, database, domains, jobs and accounts, and say what is wrong and what to do.

    Changes nothing. Run it as the user, and with the settings, that the program serves with. Ends with 1 where
    something doesn't work, and with 0 where there are only warnings and hints.
    """
    from dataclasses import asdict

    from registry.app.doctor.examination import Wanted, examine
    from registry.app.doctor.findings import Level, error
    from registry.cli.common import prepared_settings, print_json
    from registry.cli.exits import REFUSED
    from registry.errors import ConfigurationError

    try:
        settings = prepared_settings()
    except ConfigurationError as problem:
        remedy = "Correct these settings; docs/reference says what each may be."
        found = [error("DOCTOR-SETTINGS", line, remedy) for line in str(problem).splitlines()]
    else:
        found = examine(settings, Wanted(online=online, after_restore=after_restore))
    if json_output:
        print_json({"findings": [asdict(finding) for finding in found]})
    else:
        for finding in found:
            typer.echo(f"{finding.level:<8} {finding.what} [{finding.id}]")
            typer.echo(f"         {finding.remedy}")
        numbers = {level: sum(finding.level is level for finding in found) for level in Level}
        told = ", ".join(f"{number} {level}{'s' * (number != 1)}" for level, number in numbers.items())
        typer.echo(told if found else "Nothing is wrong.")
    if any(finding.level is Level.ERROR for finding in found):
        raise typer.Exit(REFUSED)
