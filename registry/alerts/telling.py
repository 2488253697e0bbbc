# SPDX-License-Identifier: Apache-2.0
"""What each channel is to be told: of a problem once, again only when it becomes worse, and once that it has ended.

It is worked out from what is open and what was told, so whatever was missed is made up for at the next look, and a
constraint of the database keeps anything from being told twice.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from registry.alerts.channels import Digest
from registry.alerts.problem import Severity
from registry.jobs.queue import enqueue
from registry.storage.queries import alerts, problems
from registry.storage.queries.alerts import ENDED, ChannelRow, DeliveryRow
from registry.storage.queries.problems import ProblemRow
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

DELIVER = "alert-delivery"
"""The kind of the job that tells."""
TRY = "alert-test"
"""That of the job that sends a test by a channel; its payload names it as `channel`."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MINUTE = 60_000_000


def plan(work: UnitOfWork, names: Mapping[int, str]) -> None:
    """Have every channel told what it doesn't know yet; `names` are those of the domains, by their ids."""
    held = problems.open_ones(work.connection)
    for channel in alerts.channels(work.connection):
        if channel.enabled:
            _plan_channel(work, channel, held, names)
    ask_for_delivery(work, work.now)


def _plan_channel(
    work: UnitOfWork, channel: ChannelRow, held: Mapping[str, ProblemRow], names: Mapping[int, str]
) -> None:
    told: dict[int, int] = {}  # the rank of the worst that it was told of a problem
    ended: dict[int, list[DeliveryRow]] = {}
    for row, is_open in alerts.said(work.connection, channel.id):
        if is_open:
            told[row.problem_id] = min(told.get(row.problem_id, len(Severity)), Severity(row.what).rank)
        else:
            ended.setdefault(row.problem_id, []).append(row)
    wanted = [
        (row.id, row.severity)
        for row in held.values()
        if row.acknowledged_at is None
        and is_for(channel, row, names)
        and Severity(row.severity).rank < told.get(row.id, len(Severity))
    ]
    # Of what has come and gone before anybody was told, nobody is.
    unsaid = [row.id for rows in ended.values() for row in rows if row.message is None and row.told_at is None]
    over = [(number, ENDED) for number, rows in ended.items() if any(_may_have_arrived(row) for row in rows)]
    alerts.forget(work, unsaid)
    alerts.ask(work, channel.id, [*wanted, *over], _due(Digest(channel.digest), work.now))


def _may_have_arrived(row: DeliveryRow) -> bool:
    return row.told_at is not None or (row.message is not None and row.due_at is not None)


def is_for(channel: ChannelRow, row: ProblemRow, names: Mapping[int, str]) -> bool:
    """Whether a channel tells of such problems."""
    if Severity(row.severity).rank > Severity(channel.least_severity).rank:
        return False
    if channel.kinds and row.kind not in channel.kinds:
        return False
    name = None if row.domain_id is None else names.get(row.domain_id)
    return not channel.domains or name in channel.domains


def _due(digest: Digest, now: datetime) -> datetime:
    if digest is Digest.AT_ONCE:
        return now
    if digest is Digest.HOURLY:
        return now.replace(minute=0, second=0, microsecond=0) + _HOUR
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY


def ask_for_delivery(work: UnitOfWork, earliest: datetime) -> None:
    """Ask for the job that tells, for when something is due, but not before a moment."""
    due_at = alerts.next_due(work.connection)
    if due_at is not None:
        run_at = max(due_at, earliest)
        enqueue(work, DELIVER, {}, key=f"{DELIVER}:{to_microseconds(run_at) // _MINUTE}", run_at=run_at)
