# SPDX-License-Identifier: Apache-2.0
"""`registry directory`: what the directory of a domain was told of its participants, and how it takes it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.exits import REFUSED, TECHNICAL

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.consistency.orphans import Orphans
    from registry.storage.domain_directory import StoredDomain
    from registry.storage.queries.directory_entries import EntryRow

app = typer.Typer(help="The directory in which participants are found by name.", no_args_is_help=True)


@app.command("status", epilog="Example: registry directory status --state failed")
def status(
    state: str | None = typer.Option(
        None, "--state", help="List the participants that are waiting, current or failed."
    ),
    participant: str | None = typer.Option(None, "--participant", help="Only this participant."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Print how many participants the directory knows as it should, and how it answers; ends with 1 where it fails."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import as_json, every
    from registry.storage.queries import directory_entries, directory_standings
    from registry.storage.queries.directory_entries import EntryState

    if state is not None and state not in set(EntryState):
        raise typer.BadParameter(f"it is one of {', '.join(EntryState)}", param_hint="--state")
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        if participant is not None:
            _show(_entry(instance, stored, participant), json_output=json_output)
            return
        with instance.database.read() as connection:
            counts = directory_entries.counts(connection, stored.id)
            standing = directory_standings.find(connection, stored.id)
            profile = stored.domain.directory
            told = {"domain": stored.domain.name, "enabled": profile.enabled, "url": profile.url}
            told |= as_json(counts) | as_json(standing)
            if json_output:
                print_json(told)
            else:
                _print_status(told)
            if state is not None:
                chosen = EntryState(state)
                for row in every(lambda after: directory_entries.page(connection, stored.id, chosen, after, 500)):
                    _show(row, json_output=json_output)
    if counts.failed or standing.failures:
        raise typer.Exit(REFUSED)


@app.command("push", epilog="Example: registry directory push --plan")
def push(
    plan: bool = typer.Option(False, "--plan", help="Only say of how many participants it would be told."),
    everything: bool = typer.Option(False, "--all", help="Of all participants once more, not only of what differs."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Compare all participants with what the directory was told, and tell it of what differs, now and from here.

    Ends with 1 where it refused some, with 6 where it took nothing; what is left, `registry serve` tells later.
    """
    from registry.app.directory_job import open_pusher
    from registry.app.instance import Instance
    from registry.cli.common import chosen_domain, cli_actor, prepared_settings, print_json
    from registry.cli.counting import counted
    from registry.directory.comparing import compare, difference
    from registry.directory.marking import place_of
    from registry.directory.requests import push_here, require_directory

    settings = prepared_settings()
    with Instance.open(settings) as instance:
        stored = chosen_domain(instance, domain)
        require_directory(stored)
        place = place_of(stored)
        if plan:
            with instance.database.read() as connection:
                found = difference(connection, place)
            if json_output:
                print_json({"wanted": found.wanted, "to_tell": found.to_tell, "to_forget": found.to_forget})
            else:
                typer.echo(f"{found.wanted} participants are to be found; {found.to_tell} would be told of")
                typer.echo(f"{found.to_forget} would be forgotten, besides those that are marked already")
            return
        actor = cli_actor()
        with counted("told") as count, open_pusher(instance, settings, stored, actor) as pusher:
            push_here(instance.database, actor, stored, every=everything)
            compare(instance.database, actor, place, every=everything)
            pusher.after_batch = lambda _work, pushed: count("told", pushed.calls)
            pushed = pusher.run()
    if json_output:
        print_json(pushed.to_json())
    else:
        typer.echo(
            f"{pushed.told} told, {pushed.forgotten} forgotten, {pushed.refused} refused, {pushed.failed} failed"
        )
    if pushed.failed:
        raise typer.Exit(TECHNICAL)
    if pushed.refused:
        raise typer.Exit(REFUSED)


@app.command("retry", epilog="Example: registry directory retry --participant iso6523-actorid-upis::0088:4035811991021")
def retry(
    participant: str | None = typer.Option(None, "--participant", help="Only this one; by default all that failed."),
    domain: str | None = DOMAIN_OPTION,
) -> None:
    """Have `registry serve` tell the directory now of whatever failed."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.directory import requests
    from registry.identifiers.participant import ParticipantIdentifier

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        optional = stored.domain.identifiers.participant.allow_no_scheme
        chosen = None if participant is None else ParticipantIdentifier.parse(participant, scheme_optional=optional)
        with instance.database.write(cli_actor()) as work:
            number = requests.retry(work, stored, chosen)
    typer.echo(f"{number} participants are tried now")


@app.command("orphans", epilog="Example: registry directory orphans --export participants.csv --csv orphans.csv")
def orphans(
    export: Path | None = typer.Option(
        None, "--export", metavar="FILE", help="What the directory lists (CSV, JSON, XML); by default it is asked."
    ),
    csv_file: Path | None = typer.Option(None, "--csv", metavar="FILE", help="Write every finding there, as a table."),
    apply: bool = typer.Option(False, "--apply", help="Have the directory told of what is found about it."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Compare SMP, SML, DNS and directory: what only some of them know of. Ends with 1 where something is found."""
    from registry.app.instance import Instance
    from registry.cli.common import chosen_domain, cli_actor, prepared_settings, print_json
    from registry.cli.counting import counted
    from registry.consistency.orphans import correct, find_orphans, findings_csv
    from registry.directory.keys import anchors
    from registry.directory.listing import open_export

    settings = prepared_settings()
    with Instance.open(settings) as instance:
        stored = chosen_domain(instance, domain)
        profile = stored.domain.directory
        if export is None and not profile.url:
            raise typer.BadParameter(f"the domain {stored.domain.name} has no directory", param_hint="--export")
        source = profile.export_url if export is None else export
        tls = anchors(settings.directory_key_dir, profile)
        with (
            counted() as count,
            open_export(source, tls, settings.directory_networks) as listed,
            find_orphans(
                instance.database, stored, listed, progress=lambda number: count("compared", number)
            ) as findings,
        ):
            if csv_file is not None:
                _write(csv_file, findings_csv(finding.to_json() for finding in findings))
            corrected = correct(instance.database, cli_actor(), stored, findings) if apply else None
            _print_findings(findings, corrected, json_output=json_output, print_json=print_json)
            agrees = findings.summary.consistent
    if not agrees:
        raise typer.Exit(REFUSED)


def _write(file: Path, lines: Any) -> None:
    from registry.errors import ConfigurationError

    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written: {error.strerror}") from error


def _print_findings(findings: "Orphans", corrected: int | None, *, json_output: bool, print_json: Any) -> None:
    from registry.discovery.explanation import printable

    summary = findings.summary
    if json_output:
        print_json(summary.to_json() | {"corrected": corrected})
        return
    if summary.consistent:
        typer.echo("everything agrees")
    for kind, count in summary.counts.items():
        typer.echo(f"{count:>9} of {summary.compared.get(kind, 0)}  {kind.value}: {kind.meaning}")
        for finding in summary.examples:
            if finding.kind is kind:
                typer.echo(printable(f"           {finding.subject}"))
    if corrected is not None:
        typer.echo(f"the directory is told of {corrected} of them")


def _entry(instance: "Instance", stored: "StoredDomain", text: str) -> "EntryRow":
    from registry.errors import NotFoundError
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.storage.queries import directory_entries

    rules = stored.domain.identifiers
    chosen = ParticipantIdentifier.parse(text, scheme_optional=rules.participant.allow_no_scheme)
    with instance.database.read() as connection:
        found = directory_entries.find(connection, stored.id, (chosen.scheme, rules.participant_key(chosen)))
    if found is None:
        raise NotFoundError("the directory was told nothing of this participant, and is to be told nothing")
    return found


def _show(row: "EntryRow", *, json_output: bool) -> None:
    from registry.cli.common import print_json
    from registry.cli.listing import as_json, shown
    from registry.identifiers.participant import ParticipantIdentifier

    participant = str(ParticipantIdentifier(row.scheme, row.value))
    if json_output:
        hidden = {"id", "scheme", "value", "value_key", "version", "told"}
        values = {name: value for name, value in as_json(row).items() if name not in hidden}
        print_json({"participant": participant} | values)
        return
    since = f"told {shown(row.told_at)}" if row.told_at else "never told"
    again = f", tried again {shown(row.due_at)}" if row.due_at else ""
    typer.echo(f"{participant}\t{row.state}\t{since}{again}\t{row.failure or ''}".rstrip())


def _print_status(told: dict[str, Any]) -> None:
    typer.echo(f"{told['domain']}: {told['url'] or 'no directory'}{'' if told['enabled'] else ' (not enabled)'}")
    typer.echo(f"  {told['current']} current, {told['waiting']} waiting, {told['failed']} failed")
    for name in ("oldest", "compared_at", "failure", "failing_since", "paused_until"):
        if told[name] is not None:
            typer.echo(f"  {name.replace('_', ' '):<14} {told[name]}")
