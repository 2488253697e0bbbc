# SPDX-License-Identifier: Apache-2.0
"""`registry campaign`: a migration of the network as a project: who is late, how far it is, who is reminded."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli import campaign_page
from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.exits import TECHNICAL

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.storage.domain_directory import StoredDomain
    from registry.storage.queries.campaigns import CampaignRow

app = typer.Typer(help="Migrations of the network as projects.", no_args_is_help=True)
_NAME = typer.Argument(help="The name of a campaign, as `registry campaign list` shows it.")
_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d"]


@app.command(
    "add", epilog="Example: registry campaign add peppol-g3 --kind pki --to peppol-g3.yaml --deadline 2027-06-30"
)
def add(
    name: str = typer.Argument(help="A name for the campaign: lower-case letters, digits, hyphens."),
    kind: str = typer.Option(..., "--kind", help="pki, zone or document-type."),
    deadline: datetime = typer.Option(..., "--deadline", formats=_FORMATS, help="Until when, in UTC."),
    starts: datetime | None = typer.Option(None, "--starts", formats=_FORMATS, help="By default now."),
    to: str | None = typer.Option(
        None,
        "--to",
        metavar="TARGET",
        help="pki: the trust model, a file or the name of a shipped one, by default the planned one; zone: the new "
        "name; document-type: the new document type.",
    ),
    certificates: Path | None = typer.Option(
        None, "--certificates", metavar="DIR", help="pki: where the certificates of a shipped model are."
    ),
    old: str | None = typer.Option(None, "--from", metavar="TYPE", help="document-type: the old document type."),
    old_process: str | None = typer.Option(None, "--from-process", metavar="PROCESS", help="Only in this process."),
    new_process: str | None = typer.Option(None, "--to-process", metavar="PROCESS", help="In this process."),
    only_new: bool = typer.Option(False, "--only-new", help="document-type: the old one is to be offered no more."),
    days: list[int] = typer.Option(
        [60, 30, 14, 7, 1], "--days", help="Remind so many days before the deadline; may be repeated."
    ),
    channel: str | None = typer.Option(None, "--channel", help="An alert channel that is told of everybody late."),
    owners: bool = typer.Option(True, "--owners/--no-owners", help="Write to the contacts of those who are late."),
    automatic: bool = typer.Option(False, "--automatic", help="Remind by the schedule, without being asked."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Make a campaign, and count who has to move, from what the domain holds."""
    from registry.campaigns import desk
    from registry.campaigns.model import CampaignKind, NewCampaign
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    if kind not in set(CampaignKind):
        raise typer.BadParameter(f"it is one of {', '.join(CampaignKind)}", param_hint="--kind")
    said = {"old": old, "old_process": old_process, "new_process": new_process, "only_new": only_new}
    target: dict[str, Any] = {option: value for option, value in said.items() if value}
    if to is not None:
        match kind:
            case CampaignKind.PKI:
                target["configuration"] = _model(to, certificates)
            case CampaignKind.ZONE:
                target["zone"] = to
            case _:
                target["new"] = to
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        new = NewCampaign(
            name=name,
            kind=CampaignKind(kind),
            target=target,
            deadline=deadline.replace(tzinfo=UTC),
            starts_at=None if starts is None else starts.replace(tzinfo=UTC),
            days=days,
            owners=owners,
            channel=channel,
            automatic=automatic,
        )
        with instance.database.write(cli_actor()) as work:
            row = desk.add(work, stored, new)
        campaign_page.show(instance, stored, _counted(instance, row), json_output=json_output)


@app.command("list", epilog="Example: registry campaign list --open")
def list_campaigns(
    domain: str | None = typer.Option(None, "--domain", help="Only those of this domain."),
    only_open: bool = typer.Option(False, "--open", help="Only those that are open."),
    number: int = typer.Option(50, "--number", min=1, max=10_000, help="At most so many, the newest first."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List campaigns, the newest first, one a line."""
    from registry.cli.common import open_instance, print_json
    from registry.storage.queries import campaigns

    with open_instance() as instance:
        names = {stored.id: stored.domain.name for stored in instance.directory.all()}
        ids = None if domain is None else [instance.directory.get(domain).id]
        with instance.database.read() as connection:
            rows = campaigns.page(connection, ids, "open" if only_open else None, None, number)
            for row in rows:
                series = campaigns.progress(connection, row.id)
                if json_output:
                    print_json(campaign_page.described(row, names.get(row.domain_id, ""), series))
                else:
                    typer.echo(campaign_page.line(row, names.get(row.domain_id, ""), series))


@app.command("show", epilog="Example: registry campaign show peppol-g3 --days")
def show(
    name: str = _NAME,
    by_day: bool = typer.Option(False, "--days", help="Also how far it was on each day."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Print how far a campaign is, and when it will be done at this rate."""
    from registry.cli.common import open_instance

    with open_instance() as instance:
        stored, row = _known(instance, domain, name)
        campaign_page.show(instance, stored, row, json_output=json_output, by_day=by_day)


@app.command("count", epilog="Example: registry campaign count peppol-g3")
def count(name: str = _NAME, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Count a campaign here and now; a job does it every day."""
    from registry.cli.common import open_instance
    from registry.errors import ConflictError

    with open_instance() as instance:
        stored, row = _known(instance, domain, name)
        if row.closed_at is not None:
            raise ConflictError(f"the campaign {name} is closed")
        campaign_page.show(instance, stored, _counted(instance, row), json_output=json_output)


@app.command("late", epilog="Example: registry campaign late peppol-g3 --csv > late.csv")
def late(
    name: str = _NAME,
    every: bool = typer.Option(False, "--all", help="Also who has moved."),
    csv: bool = typer.Option(False, "--csv", help="Print a table (CSV)."),
    participants: bool = typer.Option(
        False, "--participants", help="Print the participants that are late as a table; of document types only."
    ),
    number: int | None = typer.Option(None, "--number", min=1, help="At most so many."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """List who is late, as it was counted last, with most participants first."""
    from itertools import islice

    from registry.campaigns.listing import member_lines
    from registry.cli.common import open_instance, print_json
    from registry.storage.queries import campaigns

    with open_instance() as instance:
        stored, row = _known(instance, domain, name)
        if participants:
            _print_participants(instance, stored, row)
            return
        with instance.database.read() as connection:
            rows = islice(campaigns.all_members(connection, row.id, None if every else False), number)
            if csv:
                sys.stdout.writelines(member_lines(rows))
                return
            for member in rows:
                if json_output:
                    print_json(campaign_page.member(member))
                else:
                    typer.echo(campaign_page.member_line(member))


@app.command("remind", epilog="Example: registry campaign remind peppol-g3 --send")
def remind(
    name: str = _NAME,
    send: bool = typer.Option(False, "--send", help="Send it; without, it is only told who would be reminded."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Remind those who are late, once for each step of the schedule; without --send only tell who would be.

    Ends with 6 where a message didn't arrive.
    """
    from registry.app.alert_job import senders_of
    from registry.app.instance import Instance
    from registry.campaigns import reminding
    from registry.cli.common import cli_actor, prepared_settings, print_json
    from registry.errors import ConflictError

    settings = prepared_settings()
    with Instance.open(settings) as instance:
        stored, row = _known(instance, domain, name)
        if row.closed_at is not None:
            raise ConflictError(f"the campaign {name} is closed")
        database, domain_name = instance.database, stored.domain.name
        if not send:
            with database.read() as connection:
                found = reminding.preview(connection, row, domain_name, database.now())
            campaign_page.show_preview(found, json_output=json_output)
            return
        counts = reminding.remind(database, cli_actor(), senders_of(instance, settings), row.id, domain_name)
    if json_output:
        print_json(counts)
    else:
        typer.echo(f"{counts['arrived']} messages arrived, {counts['failed']} failed")
    if counts["failed"]:
        raise typer.Exit(TECHNICAL)


@app.command("close", epilog="Example: registry campaign close peppol-g3")
def close(name: str = _NAME, domain: str | None = DOMAIN_OPTION) -> None:
    """Close a campaign: it stays to be read, is counted no more, and nobody is reminded of it."""
    from registry.campaigns import desk
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance:
        _, row = _known(instance, domain, name)
        with instance.database.write(cli_actor()) as work:
            desk.close(work, row)
    typer.echo(f"{name}: closed")


def _known(instance: "Instance", domain: str | None, name: str) -> "tuple[StoredDomain, CampaignRow]":
    from registry.campaigns.model import required
    from registry.cli.common import chosen_domain
    from registry.storage.queries import campaigns

    stored = chosen_domain(instance, domain)
    with instance.database.read() as connection:
        return stored, required(campaigns.find(connection, stored.id, name))


def _counted(instance: "Instance", row: "CampaignRow") -> "CampaignRow":
    from registry.app.campaigns import count
    from registry.cli.common import cli_actor, prepared_settings
    from registry.impact.asking import nobody_asks

    return count(instance, prepared_settings().data_dir, cli_actor(), row, nobody_asks)


def _model(name: str, certificates: Path | None) -> dict[str, Any]:
    """The trust model of a file, or a shipped one."""
    from registry.domains.trust_models import model_from_file, shipped_trust_model

    path = Path(name)
    if path.suffix or path.exists():
        return model_from_file(path)
    return shipped_trust_model(name, certificates)


def _print_participants(instance: "Instance", stored: "StoredDomain", row: "CampaignRow") -> None:
    from registry.campaigns.document_types import late_participants
    from registry.campaigns.listing import participant_lines
    from registry.campaigns.model import CampaignKind

    if row.kind != CampaignKind.DOCUMENT_TYPE:
        raise typer.BadParameter(
            "behind certificates they are listed by registry trust impact --participants, behind SMPs by "
            "registry export",
            param_hint="--participants",
        )
    sys.stdout.writelines(participant_lines(late_participants(instance.database, stored, row.target)))
