# SPDX-License-Identifier: Apache-2.0
"""Names the participants behind those who stop being accepted: read a page at a time and given one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from registry.impact.effects import LOST, Change, Effect
from registry.impact.holdings import Kind
from registry.impact.report import ImpactReport
from registry.impact.tallies import HolderId
from registry.storage.engine import Database
from registry.storage.queries import impact


@dataclass(frozen=True, slots=True)
class LostParticipant:
    """A participant, and one of those that it needs and that stops being accepted."""

    scheme: str
    value: str
    kind: Kind
    holder: str
    since: datetime
    effect: Effect
    check: str


def lost_participants(database: Database, domain_id: int, report: ImpactReport) -> Iterator[LostParticipant]:
    """Each participant with each holder that it needs and that is lost, in the order in which they were published."""
    lost = {each.holder.id: (each.holder.name, change) for each in report.lost if (change := each.first(*LOST))}
    everybody = [each for each in lost if each[0] is Kind.SIGNER]
    points = {int(key) for kind, key in lost if kind is Kind.ACCESS_POINT}
    digests = {key for kind, key in lost if kind is Kind.REDIRECT}
    if not (everybody or points or digests):
        return
    after = 0
    while True:
        with database.read() as connection:
            page = impact.participants(connection, domain_id, None if everybody else points, digests, after)
            needs: dict[int, list[HolderId]] = {group_id: list(everybody) for group_id, _, _ in page}
            for group_id, point, digest in impact.needed_by(connection, list(needs)):
                need = (Kind.ACCESS_POINT, str(point)) if digest is None else (Kind.REDIRECT, digest)
                needs[group_id].append(need)
        if not page:
            return
        for group_id, scheme, value in page:
            for need in sorted(needs[group_id]):
                if need in lost:
                    yield _told(scheme, value, need, *lost[need])
        after = page[-1][0]


def _told(scheme: str, value: str, need: HolderId, name: str, change: Change) -> LostParticipant:
    return LostParticipant(scheme, value, need[0], name, change.since, change.effect, change.after.reason.id)
