# SPDX-License-Identifier: Apache-2.0
"""`registry sml registration`: which participants are registered for which SMP, whoever runs that."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.sml.administration import SmlAdministration
    from registry.sml.registration_plans import RegistrationPlan
    from registry.storage.domain_directory import StoredDomain

app = typer.Typer(help="The participants that the SML of a domain knows.", no_args_is_help=True)
_SMP_ID = typer.Argument(metavar="SMP_ID", help="The SMP that is to have them.")
_PARTICIPANTS = typer.Argument(None, metavar="[PARTICIPANT]...", help="Each as scheme::value.")
_FILE = typer.Option(None, "--file", exists=True, dir_okay=False, help="A file with participants, one a line.")
_PLAN = typer.Option(False, "--plan", help="Only show what would be done.")
_SMP = typer.Option(None, "--smp", metavar="SMP_ID", help="Only those of this SMP.")
_SEARCH = typer.Option(None, "--search", help="Only those whose identifier, value or number begins like this.")


@app.command("list", epilog="Example: registry sml registration list --smp SMP-1")
def list_registrations(
    smp: str | None = _SMP,
    search: str | None = _SEARCH,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """List registrations, one a line: participant, SMP, state, since when."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE, as_json, shown
    from registry.storage.queries.beginnings import Sought
    from registry.storage.queries.sml_views import Place

    sought = Sought("", "", search.strip()) if search else None
    with open_instance() as instance:
        stored, after = chosen_domain(instance, domain), Place()
        while True:
            rows, after = instance.administration.registrations(stored, after, PAGE, smp_id=smp, sought=sought)
            for row in rows:
                if json_output:
                    hidden = {"id", "value_key"}
                    print_json({name: value for name, value in as_json(row).items() if name not in hidden})
                    continue
                state = "suspended" if row.suspended else "migrating" if row.migrating else "registered"
                typer.echo(f"{row.scheme}::{row.value}\t{row.smp_id}\t{state}\t{shown(row.modified_at)}")
            if not after:
                return


@app.command("add", epilog="Example: registry sml registration add SMP-1 iso6523-actorid-upis::0088:7300010000001")
def add(
    smp_id: str = _SMP_ID,
    participants: list[str] | None = _PARTICIPANTS,
    file: Path | None = _FILE,
    plan: bool = _PLAN,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Register participants for an SMP: all of them, or none."""
    from registry.cli.common import cli_actor

    with _chosen(domain, participants, file) as (stored, sml, who):

        def do() -> None:
            sml.register(cli_actor(), stored, smp_id, who)

        _carry_out(sml.plans.registering(stored, smp_id, who), do, "registered", plan=plan, json_output=json_output)


@app.command("move", epilog="Example: registry sml registration move SMP-2 iso6523-actorid-upis::0088:7300010000001")
def move(
    smp_id: str = _SMP_ID,
    participants: list[str] | None = _PARTICIPANTS,
    file: Path | None = _FILE,
    plan: bool = _PLAN,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Give participants to another SMP, without the key of theirs: all of them, or none. Their migrations end."""
    from registry.cli.common import cli_actor

    with _chosen(domain, participants, file) as (stored, sml, who):

        def do() -> None:
            sml.move(cli_actor(), stored, who, smp_id)

        _carry_out(sml.plans.moving(stored, who, smp_id), do, "moved", plan=plan, json_output=json_output)


@app.command("end", epilog="Example: registry sml registration end iso6523-actorid-upis::0088:7300010000001 --plan")
def end(
    participants: list[str] | None = _PARTICIPANTS,
    file: Path | None = _FILE,
    plan: bool = _PLAN,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """End the registrations of participants, whichever SMP has them: all of them, or none."""
    from registry.cli.common import cli_actor

    with _chosen(domain, participants, file) as (stored, sml, who):

        def do() -> None:
            sml.unregister(cli_actor(), stored, who)

        _carry_out(sml.plans.ending(stored, who), do, "ended", plan=plan, json_output=json_output)


@contextmanager
def _chosen(
    domain: str | None, participants: list[str] | None, file: Path | None
) -> "Iterator[tuple[StoredDomain, SmlAdministration, list[ParticipantIdentifier]]]":
    """The domain, its SML, and whom it is about."""
    from registry.cli.common import chosen_domain, open_instance

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        yield stored, instance.administration, _named(stored, participants, file)


def _named(stored: "StoredDomain", participants: list[str] | None, file: Path | None) -> "list[ParticipantIdentifier]":
    from registry.cli.participant_move import participant_in

    lines = file.read_text(encoding="utf-8").splitlines() if file is not None else []
    texts = [*(participants or ()), *(line.strip() for line in lines if line.strip())]
    if not texts:
        raise typer.BadParameter("name participants, or a file with them by --file")
    return [participant_in(stored, text) for text in texts]


def _carry_out(
    planned: "RegistrationPlan", do: Callable[[], None], done: str, *, plan: bool, json_output: bool
) -> None:
    """Do it unless it is only planned; say how many it concerns, and whose they were."""
    from dataclasses import asdict

    from registry.cli.common import print_json

    if not plan:
        do()
    if json_output:
        told: dict[str, Any] = asdict(planned)
        print_json(told | {"done": not plan})
        return
    typer.echo(f"{'would be ' if plan else ''}{done}: {planned.participants}")
    for smp_id, count in planned.publishers.items():
        typer.echo(f"  of {smp_id}: {count}")
    for count, what in (
        (planned.migrations, "open migrations end"),
        (planned.suspended, "are suspended"),
        (planned.quarantine_days, "days in which nobody but their SMP may register them"),
    ):
        if count:
            typer.echo(f"  {count} {what}")
