# SPDX-License-Identifier: Apache-2.0
"""`registry sml migration`: which participants another SMP may take over, and what became of such migrations."""

from typing import Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.participant_move import participant_in

app = typer.Typer(help="Participants that another SMP may take over by a key.", no_args_is_help=True)
_PARTICIPANT = typer.Argument(help="Such as iso6523-actorid-upis::0088:4035811991021")
_COMPLETE_EPILOG = (
    "Example: registry sml migration complete iso6523-actorid-upis::0088:4035811991021 SMP-2 'Ab12!!cd34-Xy'"
)
_SMP = typer.Option(None, "--smp", metavar="SMP_ID", help="Only those of this SMP.")
_HISTORY_SMP = typer.Option(None, "--smp", metavar="SMP_ID", help="Only those from or to this SMP, spelled as it was.")


@app.command("list", epilog="Example: registry sml migration list --smp SMP-1")
def list_migrations(
    smp: str | None = _SMP, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION
) -> None:
    """List the open migrations, one a line: participant, its SMP, since when, until when."""
    from registry.cli.common import chosen_domain, open_instance
    from registry.cli.listing import PAGE, shown

    with open_instance() as instance:
        stored, sml, after = chosen_domain(instance, domain), instance.administration, 0
        while rows := sml.migrations(stored, after, PAGE, smp):
            for row in rows:
                if json_output:
                    _print(row)
                else:
                    who = f"{row.scheme}::{row.value}\t{row.smp_id}"
                    typer.echo(f"{who}\t{shown(row.prepared_at)}\t{shown(row.expires_at)}")
            after = rows[-1].registration_id


@app.command("show", epilog="Example: registry sml migration show iso6523-actorid-upis::0088:4035811991021")
def show(participant: str = _PARTICIPANT, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Print the open migration of a participant."""
    from registry.cli.common import chosen_domain, open_instance
    from registry.cli.listing import shown

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        row = instance.administration.migration(stored, participant_in(stored, participant))
    if json_output:
        _print(row)
        return
    typer.echo(f"{row.scheme}::{row.value}")
    typer.echo(f"  SMP       {row.smp_id}")
    typer.echo(f"  prepared  {shown(row.prepared_at)} by {row.prepared_by or 'a former version'}")
    typer.echo(f"  open to   {shown(row.expires_at, 'no end')}")


@app.command("history", epilog="Example: registry sml migration history --smp SMP-1 --json")
def history(
    participant: str | None = typer.Option(None, "--participant", help="Only those of this participant."),
    smp: str | None = _HISTORY_SMP,
    limit: int = typer.Option(100, "--limit", min=1, help="The most that are shown."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """List what became of migrations, the last ended first: when, participant, outcome, from which SMP to which."""
    from registry.cli.common import chosen_domain, open_instance
    from registry.cli.listing import PAGE, shown

    with open_instance() as instance:
        stored, sml = chosen_domain(instance, domain), instance.administration
        of = None if participant is None else participant_in(stored, participant)
        before, left = None, limit
        while rows := sml.migration_history(stored, before, min(left, PAGE), participant=of, smp_id=smp):
            for row in rows:
                if json_output:
                    _print(row)
                else:
                    what = f"{row.scheme}::{row.value}\t{row.outcome}\t{row.from_smp_id}"
                    typer.echo(f"{shown(row.ended_at)}\t{what}\t{row.to_smp_id or '-'}")
            before, left = rows[-1].id, left - len(rows)
            if not left:
                break


@app.command("prepare", epilog="Example: registry sml migration prepare iso6523-actorid-upis::0088:4035811991021")
def prepare(
    participant: str = _PARTICIPANT,
    key: str | None = typer.Option(None, "--key", help="The key; by default one is made."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let whoever has the key take a participant over, in place of the SMP that has it; prints the key, once.

    An open migration is replaced: its key means nothing any more.
    """
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.cli.listing import shown
    from registry.identifiers.migration_key import new_migration_key

    key = key or new_migration_key()
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        row = instance.administration.prepare_migration(cli_actor(), stored, participant_in(stored, participant), key)
    if json_output:
        _print(row, key=key)
    else:
        typer.echo(f"{row.scheme}::{row.value}: prepared, open to {shown(row.expires_at, 'no end')}; key: {key}")


@app.command("complete", epilog=_COMPLETE_EPILOG)
def complete(
    participant: str = _PARTICIPANT,
    smp_id: str = typer.Argument(metavar="SMP_ID", help="The SMP that is to have it."),
    key: str = typer.Argument(help="The key that the other SMP gave."),
    domain: str | None = DOMAIN_OPTION,
) -> None:
    """Give a participant to the SMP that was given its key, in place of that SMP."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = participant_in(stored, participant)
        instance.administration.complete_migration(cli_actor(), stored, wanted, smp_id, key)
    typer.echo(f"{wanted}: registered by {smp_id} now")


@app.command("cancel", epilog="Example: registry sml migration cancel iso6523-actorid-upis::0088:4035811991021")
def cancel(participant: str = _PARTICIPANT, domain: str | None = DOMAIN_OPTION) -> None:
    """Cancel an open migration: the key that was given out means nothing any more."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = participant_in(stored, participant)
        instance.administration.cancel_migration(cli_actor(), stored, wanted)
    typer.echo(f"{wanted}: cancelled")


def _print(row: Any, **more: str) -> None:
    """A row without what nobody may see: the hash of its key, and numbers of the database."""
    from registry.cli.common import print_json
    from registry.cli.listing import as_json

    hidden = {"key_sha256", "registration_id", "domain_id", "id"}
    print_json({name: value for name, value in as_json(row).items() if name not in hidden} | more)
