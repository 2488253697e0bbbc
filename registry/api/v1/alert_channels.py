# SPDX-License-Identifier: Apache-2.0
"""`/alert-channels`: who is told of problems, by mail or by a webhook, and what they were told."""

from typing import Annotated, Any, Literal

from pydantic import Field

from registry.accounts.permissions import Action
from registry.alerts import channels
from registry.alerts.channels import ChannelChange, ChannelKind, Digest, NewChannel
from registry.alerts.problem import ProblemKind
from registry.alerts.problem import Severity as ProblemSeverity
from registry.alerts.telling import TRY
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.jobs import JOB, JobModel, shown
from registry.api.v1.models import Line, Model, Moment, Page, Word
from registry.api.v1.problems import Severity
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.errors import NotFoundError, Reason, ValidationError
from registry.jobs import queue
from registry.storage.queries import alerts
from registry.storage.queries.alerts import ChannelRow, DeliveryRow

resource = Resource("alert channels", "Who is told of problems, by mail or webhook, and what they were told.")
_CHANNELS = "/alert-channels"
_CHANNEL = f"{_CHANNELS}/{{channel}}"
_READ, _WRITE = Needs(Action.ALERT_READ, rules.system), Needs(Action.ALERT_WRITE, rules.system)
_Name = Annotated[str, Field(max_length=64, description="The name of a channel.", examples=["on-call"])]
_Kinds = Annotated[list[Word], Field(max_length=len(ProblemKind), description="Empty: of every kind.")]
_Domains = Annotated[
    list[Word], Field(max_length=1_000, description="Empty: of every domain, and of the installation.")
]
_Digest = Annotated[
    Literal["at-once", "hourly", "daily"], Field(description="Collected until the full hour, or midnight in UTC.")
]


class NewChannelModel(Model):
    """A channel to be made."""

    name: Word
    kind: Literal["mail", "webhook"]
    target: Annotated[Line, Field(description="A mail address, or an address that begins with https://.")]
    least_severity: Severity = "warning"
    kinds: _Kinds = []  # noqa: RUF012 — pydantic copies it
    domains: _Domains = []  # noqa: RUF012
    digest: _Digest = "at-once"


class ChannelChangeModel(Model):
    """What becomes otherwise with a channel."""

    target: Annotated[Line, Field(description="A webhook keeps its secret.")] = ""
    least_severity: Severity = "warning"
    kinds: _Kinds = []  # noqa: RUF012
    domains: _Domains = []  # noqa: RUF012
    digest: _Digest = "at-once"
    enabled: Annotated[bool, Field(description="False: it is told of nothing, until it is enabled again.")] = True


class ChannelModel(Model):
    """A channel; its secret is never shown again."""

    name: str
    kind: Literal["mail", "webhook"]
    target: str
    least_severity: Severity
    kinds: list[str]
    domains: list[str]
    digest: Literal["at-once", "hourly", "daily"]
    enabled: bool
    created_at: Moment


class MadeChannelModel(ChannelModel):
    """A channel that was just made."""

    secret: Annotated[str | None, Field(description="Of a webhook: its messages are signed with it. Shown this once.")]


class DeliveryModel(Model):
    """Something that a channel was told of a problem, or is to be."""

    problem: Annotated[str, Field(description="The key of the problem.")]
    what: Annotated[str, Field(description="The severity that it came to, or `ended`.", examples=["warning"])]
    asked_at: Moment
    due_at: Annotated[Moment | None, Field(description="The next try; null once it has arrived, or was given up.")]
    attempts: int
    told_at: Moment | None
    failure: Annotated[str | None, Field(description="Why the last try failed.")]


@resource.get(_CHANNELS, _READ, {200: Page[ChannelModel]})
def list_alert_channels(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[ChannelModel]:
    """List the channels, by name."""
    (after,) = read_cursor(cursor, str) or ("",)
    with call.context.database.read() as connection:
        rows = [row for row in alerts.channels(connection) if row.name > after]
    part, following = paged(rows[: limit + 1], limit, lambda row: (row.name,))
    return Page[ChannelModel](items=[ChannelModel(**_values(row)) for row in part], next_cursor=following)


@resource.post(_CHANNELS, _WRITE, {201: MadeChannelModel}, alone=True)
def create_alert_channel(call: Call, body: NewChannelModel) -> Answer:
    """Make a channel. It is told of what is open at the next look."""
    new = NewChannel(
        name=body.name,
        kind=ChannelKind(body.kind),
        target=body.target,
        least_severity=ProblemSeverity(body.least_severity),
        kinds=_kinds(body.kinds),
        domains=[call.context.domain(name).domain.name for name in body.domains],
        digest=Digest(body.digest),
    )
    with call.context.database.write(call.actor) as work:
        row, secret = channels.add(work, new)
    made = MadeChannelModel(**_values(row), secret=secret)
    return Answer(made, 201, {"location": url(_CHANNEL, row.name)})


@resource.get(_CHANNEL, _READ, {200: ChannelModel})
def read_alert_channel(call: Call, channel: _Name) -> ChannelModel:
    """Read a channel."""
    with call.context.database.read() as connection:
        return ChannelModel(**_values(channels.required(connection, channel)))


@resource.patch(_CHANNEL, _WRITE, {200: ChannelModel})
def change_alert_channel(call: Call, channel: _Name, body: ChannelChangeModel) -> ChannelModel:
    """Change a channel, or let it be told of nothing for a while; what isn't given stays."""
    given = body.model_dump(exclude_unset=True)
    if "least_severity" in given:
        given["least_severity"] = ProblemSeverity(body.least_severity)
    if "kinds" in given:
        given["kinds"] = _kinds(body.kinds)
    if "domains" in given:
        given["domains"] = [call.context.domain(name).domain.name for name in body.domains]
    if "digest" in given:
        given["digest"] = Digest(body.digest)
    with call.context.database.write(call.actor) as work:
        held = alerts.find_channel(work.connection, channel)
        call.match(lambda: None if held is None else ChannelModel(**_values(held)))
        return ChannelModel(**_values(channels.change(work, channel, ChannelChange(**given))))


@resource.delete(_CHANNEL, _WRITE, {204: None})
def remove_alert_channel(call: Call, channel: _Name) -> None:
    """Remove a channel, with what it was told."""
    with call.context.database.write(call.actor) as work:
        held = alerts.find_channel(work.connection, channel)
        call.match(lambda: None if held is None else ChannelModel(**_values(held)))
        channels.remove(work, channel)


@resource.post(f"{_CHANNEL}/test", _WRITE, {202: JobModel})
def test_alert_channel(call: Call, channel: _Name) -> Answer:
    """Send a test by a channel; the job's result says whether it has arrived, or why not."""
    with call.context.database.write(call.actor) as work:
        channels.required(work.connection, channel)
        job = queue.enqueue(work, TRY, {"channel": channel}, account_id=call.principal.account_id)
        return Answer(shown(call, queue.get(work, job)), 202, {"location": url(JOB, str(job))})


@resource.get(f"{_CHANNEL}/deliveries", _READ, {200: Page[DeliveryModel]})
def list_alert_deliveries(call: Call, channel: _Name, limit: Limit = 50, cursor: Cursor = None) -> Page[DeliveryModel]:
    """List what a channel was told and is to be told, the newest first."""
    (before,) = read_cursor(cursor, int) or (None,)
    with call.context.database.read() as connection:
        held = alerts.find_channel(connection, channel)
        if held is None:
            raise NotFoundError("there is no such channel")
        rows = alerts.page(connection, held.id, before, limit + 1)
    part, following = paged(rows, limit, lambda row: (row[0].id,))
    return Page[DeliveryModel](items=[_delivery(*row) for row in part], next_cursor=following)


def _kinds(names: list[str]) -> list[ProblemKind]:
    unknown = sorted(set(names) - set(ProblemKind))
    if unknown:
        raise ValidationError([Reason("ALERT-CHANNEL", f"there are no problems of the kind {unknown[0]}")])
    return [ProblemKind(kind) for kind in names]


def _values(row: ChannelRow) -> dict[str, Any]:
    names = [name for name in ChannelModel.model_fields if name not in {"kinds", "domains"}]
    return {name: getattr(row, name) for name in names} | {"kinds": list(row.kinds), "domains": list(row.domains)}


def _delivery(row: DeliveryRow, problem: str) -> DeliveryModel:
    return DeliveryModel(
        problem=problem,
        what=row.what,
        asked_at=row.asked_at,
        due_at=row.due_at,
        attempts=row.attempts,
        told_at=row.told_at,
        failure=row.failure,
    )
