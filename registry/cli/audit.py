# SPDX-License-Identifier: Apache-2.0
"""`registry audit`: what was done, whether nobody has changed what says so, and what has to be forgotten."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import JSON_OPTION
from registry.cli.exits import REFUSED

if TYPE_CHECKING:
    from registry.audit.chain import Head
    from registry.audit.signing import ExportKey
    from registry.audit.verification import Verification

app = typer.Typer(help="The log of everything that was done.", no_args_is_help=True)
_YES = typer.Option(False, "--yes", help="Do it; without this only the plan is shown.")


@app.command("show", epilog="Example: registry audit show --tag 'smp:*' --since 2026-11-01 --domain peppol-test")
def show(
    subject: str | None = typer.Option(None, "--subject", help="A participant, person:NUMBER, domain:NAME …"),
    tag: str | None = typer.Option(None, "--tag", help="source:subject:action; * stands for anything."),
    actor: str | None = typer.Option(None, "--actor", help="Who did it; * stands for anything."),
    request: str | None = typer.Option(None, "--request", help="The id of the request."),
    domain: list[str] = typer.Option([], "--domain", help="Only events of this domain."),
    since: str | None = typer.Option(None, "--since", help="ISO 8601; without an offset it is UTC."),
    until: str | None = typer.Option(None, "--until", help="The first moment that doesn't count."),
    limit: int = typer.Option(20, "--limit", min=1, max=1_000, help="Events of a page."),
    after: int | None = typer.Option(None, "--after", help="The page after this event, by its sequence."),
    subjects: bool = typer.Option(False, "--subjects", help="Print all subjects of events that are about many."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Print events, newest first. Personal values are opened, unless their subject was erased."""
    from registry.audit.events import EventFilter, search
    from registry.cli.audit_page import as_json, lines
    from registry.cli.common import open_instance, print_json

    with open_instance() as instance:
        names = {stored.id: stored.domain.name for stored in instance.directory.all()}
        domain_ids = frozenset(instance.directory.get(name).id for name in domain) if domain else None
        wanted = EventFilter(subject, tag, actor, request, domain_ids, _moment(since), _moment(until))
        page = search(instance.database, wanted, after, limit, whole=subjects)
    for event in page.events:
        if json_output:
            print_json(as_json(event, names))
        else:
            typer.echo("\n".join(lines(event, names)))
    if page.after is not None:
        typer.echo(f"There are more: --after {page.after}", err=True)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no ISO 8601 date or time, such as 2026-11-22T08:00") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# The chain


@app.command("head", epilog="Example: registry audit head")
def head(json_output: bool = JSON_OPTION) -> None:
    """Print where the chain ends, as POSITION:HASH, after everything that was committed.

    Note it where nobody of those reaches who can write to the database, for `registry audit verify --expect`.
    """
    from registry.audit import chain
    from registry.cli.common import open_instance, print_json

    with open_instance() as instance:
        chain.seal(instance.database)
        found = chain.head(instance.database)
    if json_output:
        print_json({"position": found.position, "hash": found.hash})
    else:
        typer.echo(str(found))


@app.command("verify", epilog="Example: registry audit verify --expect 1700:9f86d081884c7d659a2feaa0c55ad015…")
def verify(
    expect: str | None = typer.Option(None, "--expect", help="POSITION:HASH that was noted: it must still be so."),
    file: Path | None = typer.Option(None, "--file", help="Check this export instead; needs no database."),
    public_key: Path | None = typer.Option(None, "--public-key", help="PEM file of who must have signed the export."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Check that no event was changed, removed, added or moved since it was put into the chain.

    Says the first place where something is wrong, and what; the exit code is 1 then.
    """
    from registry.audit.verification import verify as verify_database
    from registry.cli.audit_page import verification_as_json
    from registry.cli.common import open_instance, print_json

    expected = _head(expect)
    if file is not None:
        found, said = _verify_file(file, public_key, expected)
    else:
        with open_instance() as instance:
            found, said = verify_database(instance.database, expected), {}
    if json_output:
        print_json(verification_as_json(found) | said)
    else:
        for name, value in said.items():
            typer.echo(f"{name.replace('_', ' ')}: {value}")
        typer.echo(f"{found.events} events, after {found.begin}")
        typer.echo(f"up to {found.end}")
        if found.unsealed:
            typer.echo(f"{found.unsealed} events are not in the chain yet")
        if found.unopened:
            typer.echo(f"of {found.unopened} events about many the subjects can't be checked: no master key", err=True)
    if found.finding is not None:
        flaw = found.finding
        typer.echo(f"{flaw.flaw.value} at {flaw.position}: {flaw.message}", err=True)
        raise typer.Exit(REFUSED)


def _verify_file(file: Path, public_key: Path | None, expected: "Head | None") -> "tuple[Verification, dict[str, str]]":
    from registry.audit.export import verify_file

    key, whose = _expected_key(public_key)
    checked = verify_file(file, key, expected)
    return checked.chain, {
        "instance": checked.manifest.instance_id,
        "exported": checked.manifest.made_at,
        "signed_by": f"{checked.key.fingerprint} ({whose})",
    }


def _expected_key(public_key: Path | None) -> "tuple[ExportKey | None, str]":
    """The key that must have signed, and whose it is: the named one, this installation's, or just any."""
    from registry.audit.signing import ExportKey, ExportSigner
    from registry.cli.common import prepared_settings
    from registry.errors import ConfigurationError

    if public_key is not None:
        try:
            return ExportKey.from_pem(public_key.read_bytes()), "the given key"
        except OSError as error:
            raise ConfigurationError(f"{public_key} can't be read: {error.strerror}") from error
    own = prepared_settings().audit_signing_key_file
    if own.exists():
        return ExportSigner.open(own).public, "the key of this installation"
    typer.echo("warning: without --public-key the key beside the file is used, which proves no origin", err=True)
    return None, "the key beside the file"


def _head(text: str | None) -> "Head | None":
    from registry.audit.chain import Head

    if text is None:
        return None
    position, colon, hash_ = text.partition(":")
    if not (colon and position.isascii() and position.isdigit() and len(hash_) == 64):
        raise typer.BadParameter(f"expected POSITION:HASH, as `registry audit head` prints it, not {text}")
    return Head(int(position), hash_.lower())


@app.command("export", epilog="Example: registry audit export audit-2026.jsonl --after 1700")
def export(
    file: Path = typer.Argument(help="Where to write; the manifest, its signature and the public key come beside it."),
    after: int | None = typer.Option(None, "--after", help="Begin after this position of the chain."),
    open_sealed: bool = typer.Option(False, "--open", help="Add what is sealed in clear: such a file is personal."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Write the chain as JSON lines, with a signed manifest."""
    from registry.app.instance import Instance
    from registry.audit import chain
    from registry.audit.export import export as export_chain
    from registry.audit.signing import ExportSigner
    from registry.cli.common import prepared_settings, print_json

    settings = prepared_settings()
    with Instance.open(settings) as instance:
        signer = ExportSigner.open(settings.audit_signing_key_file)
        chain.seal(instance.database)
        manifest = export_chain(instance.database, file, signer, after=after, open_sealed=open_sealed)
    if json_output:
        print_json({"file": str(file), "events": manifest.events, "signed_by": signer.public.fingerprint})
    else:
        typer.echo(f"{file}: {manifest.events} events up to {manifest.end}")
        typer.echo(f"signed with {signer.public.fingerprint}")


# What has to be forgotten


@app.command("erase", epilog="Example: registry audit erase iso6523-actorid-upis::0088:4035811991021 --yes")
def erase(
    subject: str = typer.Argument(help="A participant, or person:NUMBER."),
    yes: bool = _YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Make what the log says of somebody unreadable, for good: their key is destroyed. The chain stays whole.

    A copy is in backups and opened exports that were made before. Registrations and documents are something else:
    remove the participant, or erase the account.
    """
    from registry.audit.subjects import erase_subject, planned_erasure
    from registry.cli.common import cli_actor, open_instance, print_json

    with open_instance() as instance:
        if yes:
            with instance.database.write(cli_actor()) as work:
                found = erase_subject(work, subject)
        else:
            found = planned_erasure(instance.database, subject)
    if json_output:
        print_json({"done": yes, "events": found.sealed_events, "events_in_clear": found.plain_events})
        return
    typer.echo(f"{found.sealed_events} events {'can' if yes else 'could then'} be read by nobody any more")
    if found.plain_events:
        typer.echo(f"{found.plain_events} older events name the subject in clear, until they are pruned", err=True)
    _ask_for_yes(yes)


@app.command("prune", epilog="Example: registry audit prune --older-than 3650 --yes")
def prune(
    older_than: int | None = typer.Option(
        None, "--older-than", min=1, help="Days; by default what REGISTRY_KEEP_EVENTS_DAYS says."
    ),
    yes: bool = _YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Delete the oldest events; the chain begins after them, and an event says so. The daily purge does it, too."""
    from registry.app.instance import Instance
    from registry.app.retention import policy_of
    from registry.audit import chain
    from registry.audit.retention import plan_pruning, prune_all
    from registry.cli.common import cli_actor, prepared_settings, print_json
    from registry.errors import ConfigurationError

    settings = prepared_settings()
    kept = policy_of(settings).events if older_than is None else timedelta(days=older_than)
    if kept is None:
        raise ConfigurationError("REGISTRY_KEEP_EVENTS_DAYS is 0: events are kept for ever; say --older-than DAYS")
    with Instance.open(settings) as instance:
        chain.seal(instance.database)
        before = instance.database.now() - kept
        count = prune_all(instance.database, cli_actor(), before) if yes else plan_pruning(instance.database, before)
    if json_output:
        print_json({"done": yes, "events": count, "before": before.isoformat()})
        return
    typer.echo(f"{count} events from before {before:%Y-%m-%d %H:%M} UTC {'were' if yes else 'would be'} deleted")
    _ask_for_yes(yes)


def _ask_for_yes(done: bool) -> None:
    if not done:
        typer.echo("Nothing was changed: say --yes to do it", err=True)
