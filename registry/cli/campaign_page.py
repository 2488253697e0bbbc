# SPDX-License-Identifier: Apache-2.0
"""Campaigns on a terminal: as lines for people, as JSON for programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.listing import as_json, shown

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.campaigns.forecast import Forecast
    from registry.campaigns.reminding import Preview
    from registry.storage.domain_directory import StoredDomain
    from registry.storage.queries.campaigns import CampaignRow, MemberRow, ProgressRow


def described(row: "CampaignRow", domain: str, series: "Sequence[ProgressRow]") -> dict[str, Any]:
    """A campaign as JSON values; without the document of a trust model."""
    from registry.campaigns.forecast import forecast

    hidden = {"id", "domain_id", "expected_at"}
    values = {name: value for name, value in as_json(row).items() if name not in hidden}
    values["target"] = {name: value for name, value in row.target.items() if name != "configuration"}
    said = forecast(series)
    expected = None if said.at is None else said.at.isoformat()
    return {"domain": domain, **values, "outlook": said.outlook.value, "expected_at": expected}


def line(row: "CampaignRow", domain: str, series: "Sequence[ProgressRow]") -> str:
    """One line."""
    from registry.campaigns.forecast import forecast

    state = _expected(forecast(series)) if row.state == "open" else row.state
    return f"{row.name}\t{domain}\t{row.kind}\t{_done(row)}\tdeadline {shown(row.deadline)}\t{state}"


def show(
    instance: "Instance",
    stored: "StoredDomain",
    row: "CampaignRow",
    *,
    json_output: bool,
    by_day: bool = False,
) -> None:
    """Print a campaign; with `by_day` also how far it was on each day."""
    from registry.campaigns.forecast import forecast, late_members, late_participants
    from registry.campaigns.letters import target_in_words
    from registry.cli.common import print_json
    from registry.storage.queries import campaigns

    with instance.database.read() as connection:
        series = campaigns.progress(connection, row.id)
    if json_output:
        days = {"progress": [as_json(each) for each in series]} if by_day else {}
        print_json(described(row, stored.domain.name, series) | days)
        return
    typer.echo(f"{row.name}: {stored.domain.name} moves {target_in_words(row)}")
    typer.echo(f"state      {row.state}, {shown(row.starts_at)} to {shown(row.deadline)}")
    typer.echo(f"done       {_done(row)}")
    typer.echo(f"outlook    {_expected(forecast(series))}")
    reminders = ", ".join(map(str, row.days)) or "none"
    told = [*(["owners"] if row.owners else []), *([f"channel {row.channel}"] if row.channel else [])]
    how = "by themselves" if row.automatic else "when asked for"
    typer.echo(f"reminders  {reminders} days before, to {' and '.join(told) or 'nobody'}, {how}")
    typer.echo(f"counted    {shown(row.counted_at, 'never')}")
    for each in series if by_day else ():
        late = f"{late_members(each):,} members and {late_participants(each):,} participants late"
        typer.echo(f"{each.day:%Y-%m-%d} {late}")


def member(row: "MemberRow") -> dict[str, Any]:
    """A member as JSON values."""
    return as_json(row)


def member_line(row: "MemberRow") -> str:
    """One line; tabs between what is behind it, who it is, and why it is late."""
    why = "done" if row.reason is None else f"{row.reason['message']} [{row.reason['check']}]"
    return f"{row.late:,}\t{row.kind}\t{row.name}\t{row.address}\tsince {shown(row.changed_at)}\t{why}"


def show_preview(found: "Preview", *, json_output: bool) -> None:
    """Print who would be reminded of what, and the first message."""
    from registry.cli.common import print_json

    recipients = [
        {"name": recipient.name, "kind": recipient.channel.kind, "members": len(letter.members)}
        for recipient, letter in found.letters
    ]
    first = found.letters[0][1] if found.letters else None
    if json_output:
        values = {name: getattr(found, name) for name in ("step", "due", "late", "told_already", "unreachable")}
        next_at = None if found.next_at is None else found.next_at.isoformat()
        text = {} if first is None else {"subject": first.subject, "text": first.text}
        print_json({**values, "next_at": next_at, "recipients": recipients} | text)
        return
    typer.echo(f"{found.late} members are late; {found.told_already} of them have been told at this step")
    typer.echo(f"of {found.unreachable} nobody would be told: no address, no channel")
    for each in recipients:
        typer.echo(f"would tell {each['name']} ({each['kind']}) of {each['members']}")
    if first is not None:
        typer.echo(f"\n{first.subject}\n\n{first.text}")
        typer.echo("Nothing is sent without --send.", err=True)


def _done(row: "CampaignRow") -> str:
    counts = row.counts
    if counts is None:
        return "not counted yet"
    members = f"{counts['members_done']:,} of {counts['members']:,} members"
    return f"{members}, {counts['participants_done']:,} of {counts['participants']:,} participants"


def _expected(said: "Forecast") -> str:
    from registry.campaigns.forecast import Outlook

    match said.outlook:
        case Outlook.DONE:
            return "all are done"
        case Outlook.UNKNOWN:
            return "nobody can tell yet"
        case Outlook.STANDS_STILL:
            return "nobody has moved in the last weeks"
        case Outlook.MOVES:
            return "done in years at this rate" if said.at is None else f"done by {said.at:%Y-%m-%d} at this rate"
