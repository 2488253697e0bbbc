# SPDX-License-Identifier: Apache-2.0
"""What `/domains/{domain}/campaigns` takes and answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from registry.api.v1.models import Identifier, Line, Model, Moment, Word
from registry.campaigns.forecast import forecast
from registry.campaigns.letters import target_in_words
from registry.campaigns.model import DAYS, MAX_DAYS, MAX_STEPS, CampaignKind, NewCampaign
from registry.campaigns.reminding import Preview
from registry.storage.queries.campaigns import CampaignRow, MemberRow, ProgressRow

CampaignName = Annotated[str, Field(max_length=64, description="The name of a campaign.", examples=["peppol-g3"])]
Kind = Literal["pki", "zone", "document-type"]
_Days = Annotated[
    list[Annotated[int, Field(ge=0, le=MAX_DAYS)]],
    Field(max_length=MAX_STEPS, description="How many days before the deadline those who are late are reminded."),
]


class TargetModel(Model):
    """Where a campaign leads to. Of `pki` nothing is said: it is the trust model that is planned for the domain."""

    zone: Annotated[Line | None, Field(description="The name that the zone is to have.")] = None
    old: Annotated[Identifier | None, Field(description="The document type to move from.")] = None
    new: Annotated[Identifier | None, Field(description="The document type to move to; may be the same.")] = None
    old_process: Annotated[Identifier | None, Field(description="The process to move from.")] = None
    new_process: Annotated[Identifier | None, Field(description="The process to move to.")] = None
    only_new: Annotated[bool, Field(description="Whether the old one is to be offered no more.")] = False


class NewCampaignModel(Model):
    """A campaign to be made."""

    name: Word
    kind: Kind
    target: TargetModel = TargetModel()
    starts_at: Annotated[Moment | None, Field(description="Null: now.")] = None
    deadline: Moment
    days: _Days = list(DAYS)  # noqa: RUF012 — pydantic copies it
    owners: Annotated[bool, Field(description="Whether the contacts of those who are late are written to.")] = True
    channel: Annotated[Word | None, Field(description="The alert channel that is told of everybody late.")] = None
    automatic: Annotated[bool, Field(description="Whether reminders go out by the schedule, unasked.")] = False


class CountsModel(Model):
    """How many have to move, and how many have."""

    members: int
    members_done: int
    participants: Annotated[int, Field(description="Behind the members, each once.")]
    participants_done: int


class ProgressModel(CountsModel):
    """The same, as it was counted last on a day."""

    day: Moment


class CampaignModel(Model):
    """A campaign."""

    name: str
    kind: Kind
    state: Literal["open", "closed"]
    target: dict[str, Any]
    target_text: Annotated[str, Field(description="Where it leads to, in English, after `moves`.")]
    starts_at: Moment
    deadline: Moment
    days: list[int]
    owners: bool
    channel: str | None
    automatic: bool
    counts: Annotated[CountsModel | None, Field(description="Null before it was counted.")]
    counted_at: Moment | None
    outlook: Annotated[
        Literal["done", "unknown", "stands-still", "moves"],
        Field(description="What the last four weeks make expect; `unknown` as long as they are one day."),
    ]
    expected_at: Annotated[
        Moment | None, Field(description="When all are done at this rate; null where nobody moves, or in years only.")
    ]
    actor: str
    created_at: Moment
    closed_at: Moment | None


class CampaignReasonModel(Model):
    """Why a member is late."""

    check: str
    clause: str
    message: str


class MemberModel(Model):
    """Somebody who has to move."""

    kind: Literal["access-point", "publisher", "signing-key", "redirect", "name-server", "owner-group", "no-group"]
    key: Annotated[str, Field(description="Tells members of a kind apart.")]
    name: str
    address: str
    participants: int
    late: Annotated[int, Field(description="How many of its participants are late.")]
    done: bool
    since: Annotated[Moment, Field(description="Since when it is done, or late.")]
    reason: CampaignReasonModel | None


class RecipientModel(Model):
    """Somebody who would be told."""

    name: Annotated[str, Field(description="An account, the contact of an access point, or an alert channel.")]
    kind: Literal["mail", "webhook"]
    members: int
    participants: Annotated[int, Field(description="Behind these members; who is behind several counts for each.")]
    again: Annotated[bool, Field(description="Whether it was sent before, and has not arrived.")]


class ToldModel(Model):
    """That somebody was reminded so many days before the deadline."""

    days: int
    members: int
    last_at: Moment


class ReminderPreviewModel(Model):
    """Who would be reminded now."""

    step: Annotated[int | None, Field(description="For which number of days it counts; null without a schedule.")]
    due: Annotated[bool, Field(description="Whether it is time by the schedule.")]
    next_at: Annotated[Moment | None, Field(description="When it is next by the schedule.")]
    late: int
    told_already: Annotated[int, Field(description="Late members of which everybody was told for this step.")]
    unreachable: Annotated[int, Field(description="Late members of which nobody would be told.")]
    recipients: Annotated[list[RecipientModel], Field(description="The first hundred.")]
    recipients_total: int
    subject: Annotated[str, Field(description="Of the first message; empty where there is none.")]
    text: str
    told: list[ToldModel]


def new_campaign(body: NewCampaignModel) -> NewCampaign:
    """What was asked for."""
    return NewCampaign(
        name=body.name,
        kind=CampaignKind(body.kind),
        target={name: value for name, value in body.target.model_dump().items() if value},
        deadline=body.deadline,
        starts_at=body.starts_at,
        days=body.days,
        owners=body.owners,
        channel=body.channel,
        automatic=body.automatic,
    )


def campaign_model(row: CampaignRow, series: Sequence[ProgressRow]) -> CampaignModel:
    """A campaign, without the document of a trust model."""
    said = forecast(series)
    return CampaignModel.model_validate(
        {
            "name": row.name,
            "kind": row.kind,
            "state": row.state,
            "target": {name: value for name, value in row.target.items() if name != "configuration"},
            "target_text": target_in_words(row),
            "starts_at": row.starts_at,
            "deadline": row.deadline,
            "days": list(row.days),
            "owners": row.owners,
            "channel": row.channel,
            "automatic": row.automatic,
            "counts": None if row.counts is None else CountsModel(**row.counts),
            "counted_at": row.counted_at,
            "outlook": said.outlook.value,
            "expected_at": said.at,
            "actor": row.actor,
            "created_at": row.created_at,
            "closed_at": row.closed_at,
        }
    )


def member_model(row: MemberRow) -> MemberModel:
    """A member."""
    return MemberModel.model_validate(
        {
            "kind": row.kind,
            "key": row.key,
            "name": row.name,
            "address": row.address,
            "participants": row.participants,
            "late": row.late,
            "done": row.done,
            "since": row.changed_at,
            "reason": None if row.reason is None else CampaignReasonModel(**row.reason),
        }
    )


def progress_model(row: ProgressRow) -> ProgressModel:
    """A day."""
    return ProgressModel(**{name: getattr(row, name) for name in ProgressModel.model_fields})


def preview_model(found: Preview, told: Mapping[int, tuple[int, datetime]]) -> ReminderPreviewModel:
    """What reminding would do, and what it did."""
    first = found.letters[0][1] if found.letters else None
    recipients = [
        RecipientModel.model_validate(
            {
                "name": recipient.name,
                "kind": recipient.channel.kind,
                "members": len(letter.members),
                "participants": sum(row.late for row in letter.members),
                "again": recipient.message is not None,
            }
        )
        for recipient, letter in found.letters[:100]
    ]
    return ReminderPreviewModel(
        step=found.step,
        due=found.due,
        next_at=found.next_at,
        late=found.late,
        told_already=found.told_already,
        unreachable=found.unreachable,
        recipients=recipients,
        recipients_total=len(found.letters),
        subject="" if first is None else first.subject,
        text="" if first is None else first.text,
        told=[ToldModel(days=days, members=count, last_at=last) for days, (count, last) in sorted(told.items())],
    )
