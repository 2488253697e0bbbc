# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/campaigns`: migrations of a network as projects: who is late, how far it is, who is reminded."""

from typing import Annotated, Final, Literal

from fastapi import Query

from registry.accounts.permissions import Action
from registry.api.v1 import jobs, rules
from registry.api.v1.answers import Answer, Raw
from registry.api.v1.call import Call, CallState
from registry.api.v1.campaign_models import (
    CampaignModel,
    CampaignName,
    MemberModel,
    NewCampaignModel,
    ProgressModel,
    ReminderPreviewModel,
    campaign_model,
    member_model,
    new_campaign,
    preview_model,
    progress_model,
)
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.jobs import JobModel
from registry.api.v1.models import Page
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.campaigns import desk, reminding
from registry.campaigns.listing import member_lines
from registry.campaigns.model import required
from registry.jobs import queue
from registry.storage.queries import campaigns
from registry.storage.queries.campaigns import CampaignRow
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import Connection

resource = Resource("campaigns", "Migrations of a network as projects: who is late, how far it is, who is reminded.")
_CAMPAIGNS: Final = f"{DOMAIN}/campaigns"
_CAMPAIGN: Final = f"{_CAMPAIGNS}/{{campaign}}"
_READ, _WRITE = Needs(Action.CAMPAIGN_READ, rules.domain), Needs(Action.CAMPAIGN_WRITE, rules.domain)
_CSV: Final = "text/csv"
_State = Annotated[Literal["open", "closed"] | None, Query(description="Only those in this state.")]
_Done = Annotated[bool | None, Query(description="Only those that are done, or that are late.")]


@resource.get(_CAMPAIGNS, _READ, {200: Page[CampaignModel]})
def list_campaigns(
    call: Call, domain: DomainName, state: _State = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[CampaignModel]:
    """List the campaigns of a domain, newest first."""
    (before,) = read_cursor(cursor, int) or (None,)
    with call.context.database.read() as connection:
        rows = campaigns.page(connection, [call.context.domain(domain).id], state, before, limit + 1)
        part, following = paged(rows, limit, lambda row: (row.id,))
        return Page[CampaignModel](items=[_shown(connection, row) for row in part], next_cursor=following)


@resource.post(
    _CAMPAIGNS,
    _WRITE,
    {201: CampaignModel},
    examples={
        "to the planned trust model": {"name": "peppol-g3", "kind": "pki", "deadline": "2027-06-30T22:00:00Z"},
        "to another zone": {
            "name": "new-zone",
            "kind": "zone",
            "target": {"zone": "participants.example.org"},
            "deadline": "2027-06-30T22:00:00Z",
            "days": [30, 7],
        },
    },
)
def create_campaign(call: Call, domain: DomainName, body: NewCampaignModel) -> Answer:
    """Make a campaign, and have it counted by a job. Who has to move follows from what the domain holds."""
    stored = call.context.domain(domain)
    with call.context.database.write(call.actor) as work:
        row = desk.add(work, stored, new_campaign(body))
        shown = _shown(work.connection, row)
    return Answer(shown, 201, {"location": url(_CAMPAIGN, domain, row.name)})


@resource.get(_CAMPAIGN, _READ, {200: CampaignModel})
def read_campaign(call: Call, domain: DomainName, campaign: CampaignName) -> CampaignModel:
    """Read how far a campaign is, and what can be said of its end."""
    with call.context.database.read() as connection:
        return _shown(connection, _required(call, connection, domain, campaign))


@resource.get(f"{_CAMPAIGN}/members", _READ, {200: Page[MemberModel]})
def list_campaign_members(
    call: Call,
    domain: DomainName,
    campaign: CampaignName,
    done: _Done = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MemberModel]:
    """List who has to move, with most late participants first."""
    behind = read_cursor(cursor, int, int, str, str)
    with call.context.database.read() as connection:
        found = _required(call, connection, domain, campaign)
        rows = campaigns.members_page(connection, found.id, done, behind, limit + 1)
    part, following = paged(rows, limit, campaigns.place)
    return Page[MemberModel](items=[member_model(row) for row in part], next_cursor=following)


@resource.get(f"{_CAMPAIGN}/members.csv", _READ, {200: _CSV})
def export_campaign_members(call: Call, domain: DomainName, campaign: CampaignName, done: _Done = None) -> Answer:
    """Read the same list as a table (CSV)."""
    with call.context.database.read() as connection:
        found = _required(call, connection, domain, campaign)
        lines = "".join(member_lines(campaigns.all_members(connection, found.id, done)))
    headers = {"content-disposition": f'attachment; filename="{found.name}.csv"'}
    return Answer(Raw(lines.encode("utf-8", "replace"), f"{_CSV}; charset=utf-8; header=present"), headers=headers)


@resource.get(f"{_CAMPAIGN}/progress", _READ, {200: Page[ProgressModel]})
def list_campaign_progress(
    call: Call, domain: DomainName, campaign: CampaignName, limit: Limit = 500, cursor: Cursor = None
) -> Page[ProgressModel]:
    """List how far a campaign was at the end of each day on which it was counted."""
    (after,) = read_cursor(cursor, int) or (-1,)
    with call.context.database.read() as connection:
        every = campaigns.progress(connection, _required(call, connection, domain, campaign).id)
    rows = [row for row in every if to_microseconds(row.day) > after][: limit + 1]
    part, following = paged(rows, limit, lambda row: (to_microseconds(row.day),))
    return Page[ProgressModel](items=[progress_model(row) for row in part], next_cursor=following)


@resource.post(f"{_CAMPAIGN}/count", _WRITE, {202: JobModel})
def count_campaign(call: Call, domain: DomainName, campaign: CampaignName) -> Answer:
    """Have a campaign counted now, by a job; it is every day anyway."""
    with call.context.database.write(call.actor) as work:
        row = _required(call, work.connection, domain, campaign)
        number = desk.request_count(work, row, call.principal.account_id)
        return Answer(jobs.shown(call, queue.get(work, number)), 202, {"location": url(jobs.JOB, str(number))})


@resource.get(f"{_CAMPAIGN}/reminders", _WRITE, {200: ReminderPreviewModel})
def preview_campaign_reminders(call: Call, domain: DomainName, campaign: CampaignName) -> ReminderPreviewModel:
    """Read who would be reminded of what now. Nothing is sent."""
    with call.context.database.read() as connection:
        row = _required(call, connection, domain, campaign)
        found = reminding.preview(connection, row, domain, call.context.database.now())
        return preview_model(found, campaigns.count_told(connection, row.id))


@resource.post(f"{_CAMPAIGN}/reminders", _WRITE, {202: JobModel})
def send_campaign_reminders(call: Call, domain: DomainName, campaign: CampaignName) -> Answer:
    """Have those who are late reminded, by a job: once for each member and step of the schedule."""
    with call.context.database.write(call.actor) as work:
        row = _required(call, work.connection, domain, campaign)
        number = desk.request_reminding(work, row, call.principal.account_id)
        return Answer(jobs.shown(call, queue.get(work, number)), 202, {"location": url(jobs.JOB, str(number))})


@resource.post(f"{_CAMPAIGN}/close", _WRITE, {200: CampaignModel})
def close_campaign(call: Call, domain: DomainName, campaign: CampaignName) -> CampaignModel:
    """Close a campaign: it stays to be read, is counted no more, and nobody is reminded of it."""
    with call.context.database.write(call.actor) as work:
        row = _required(call, work.connection, domain, campaign)
        call.match(lambda: _shown(work.connection, row))
        return _shown(work.connection, desk.close(work, row))


def _required(call: CallState, connection: Connection, domain: str, name: str) -> CampaignRow:
    """Raises NotFoundError."""
    return required(campaigns.find(connection, call.context.domain(domain).id, name))


def _shown(connection: Connection, row: CampaignRow) -> CampaignModel:
    return campaign_model(row, campaigns.progress(connection, row.id))
