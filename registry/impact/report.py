# SPDX-License-Identifier: Apache-2.0
"""The report of a comparison: who stops being accepted, since when, why, and how many participants are behind them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.impact.effects import LOST, Change, Effect
from registry.impact.holdings import Holder, Kind, Standing
from registry.impact.tallies import Course, Group, HolderId, course, moments
from registry.storage.queries import impact
from registry.storage.unit_of_work import Connection
from trust_lists.evaluation.decisions.model import ENGINE_VERSION
from trust_lists.instants import write_instant

PARTICIPANTS = "participants"
"""Those whose documents this instance publishes; the other counts are of the kinds of holders."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A configuration: its id, its address, and the digest of the evidence that it was asked with."""

    id: str
    address: str
    evidence: str

    def to_json(self) -> dict[str, str]:
        """In values that `json.dumps` takes."""
        return {"id": self.id, "address": self.address, "evidence": self.evidence}


@dataclass(frozen=True, slots=True)
class Affected:
    """A holder, what becomes of it, and how many participants need it (of a publisher: are registered by it)."""

    holder: Holder
    changes: tuple[Change, ...]
    participants: int

    def first(self, *effects: Effect) -> Change | None:
        """The first time that something of this kind happens to it."""
        return next((change for change in self.changes if change.effect in effects), None)


@dataclass(frozen=True, slots=True)
class Cause:
    """A decisive check, and what it costs at some time of the window."""

    check: str
    clause: str
    source: str
    example: str
    """What it said of the first of them."""
    first: datetime
    holders: tuple[HolderId, ...]
    participants: int
    """Of the domain's own SMP."""
    registrations: int
    """At the SML, of SMPs that are among the holders."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a run has cost; no part of what it reports, since another one takes over what this one found."""

    decisions: int
    taken_over: int
    """Timelines that were known from earlier runs, and long enough."""
    timelines: int

    def to_json(self) -> dict[str, int]:
        """In values that `json.dumps` takes."""
        return {"decisions": self.decisions, "taken_over": self.taken_over, "timelines": self.timelines}


@dataclass(frozen=True, slots=True)
class ImpactReport:
    """What a new configuration does to all that a domain holds, from `since` to `until` (aware)."""

    domain: str
    since: datetime
    until: datetime
    days: int
    before: Compared
    after: Compared
    advisory: tuple[str, ...]
    """Roles in which the domain only warns."""
    totals: Mapping[str, int]
    """How many there are, by kind of holder, and of participants."""
    affected: tuple[Affected, ...]
    """The holders to which something happens, those that are lost first by that time."""
    causes: tuple[Cause, ...]
    courses: Mapping[str, Course]
    """By kind, and of participants."""
    effort: Effort

    @property
    def same(self) -> bool:
        """Whether the configuration in force was compared with itself."""
        return self.before.address == self.after.address

    @property
    def own(self) -> Effect:
        """How those are lost whom the comparison is about: by the new one; or, of one with itself, as time goes by."""
        return Effect.LAPSES if self.same else Effect.STOPS

    @property
    def stops(self) -> bool:
        """Whether anybody is lost in that way within the window."""
        return any(each.first(self.own) for each in self.affected)

    @property
    def lost(self) -> tuple[Affected, ...]:
        """Who is accepted no longer at some time of the window, also those who would be lost anyway."""
        return tuple(each for each in self.affected if each.first(*LOST))

    def days_at(self) -> list[datetime]:
        """The moments of the dates: now, and the end of each one."""
        return moments(self.since, self.days)

    def to_json(self) -> dict[str, Any]:
        """The whole report in values that `json.dumps` takes; the same for the same question at the same moment."""
        return {
            "domain": self.domain,
            "since": write_instant(self.since),
            "until": write_instant(self.until),
            "days": self.days,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "engine": ENGINE_VERSION,
            "advisory_roles": list(self.advisory),
            "totals": dict(self.totals),
            "stops_being_accepted": self.stops,
            "dates": [
                {
                    "date": f"{at:%Y-%m-%d}",
                    "at": write_instant(at),
                    **{kind: each.at(at).to_json() for kind, each in self.courses.items()},
                }
                for at in self.days_at()
            ],
            "causes": [_cause_json(each) for each in self.causes],
            "affected": [_affected_json(each) for each in self.affected],
        }


def latest_report(connection: Connection, domain_id: int, after: str | None = None) -> dict[str, Any] | None:
    """The last report about a domain, in JSON values; of one new configuration where its address is given."""
    row = impact.latest(connection, domain_id, after)
    return None if row is None else row.report


def affected_of(
    holders: Iterable[Holder], changes: Mapping[HolderId, tuple[Change, ...]], behind: Mapping[HolderId, int]
) -> tuple[Affected, ...]:
    """The holders to which something happens; who is lost first comes first, then who has most participants."""
    found = [
        Affected(each, changes[each.id], behind.get(each.id, 0))
        for each in holders
        if any(change.effect is not Effect.SAME for change in changes[each.id])
    ]

    def rank(each: Affected) -> tuple[object, ...]:
        lost, holder = each.first(*LOST), each.holder
        since = lost.since.timestamp() if lost else 0.0
        return lost is None, since, -each.participants, holder.kind, len(holder.key), holder.key

    return tuple(sorted(found, key=rank))


def causes_of(affected: Iterable[Affected], groups: Sequence[Group]) -> tuple[Cause, ...]:
    """The decisive checks of all that are lost, each with those for whom it is the first; the costliest first."""
    by_check: dict[tuple[str, str, str], list[tuple[Affected, Change]]] = {}
    for each in affected:
        change = each.first(*LOST)
        if change is not None:
            reason = change.after.reason
            by_check.setdefault((reason.id, reason.clause, reason.source), []).append((each, change))
    found = []
    for (check, clause, source), cases in by_check.items():
        ids = frozenset(each.holder.id for each, _ in cases)
        first = min((change for _, change in cases), key=lambda change: change.since)
        behind = sum(group.count for group in groups if not ids.isdisjoint(group.needs))
        registered = sum(each.participants for each, _ in cases if each.holder.kind is Kind.PUBLISHER)
        told = first.after.reason.message
        found.append(Cause(check, clause, source, told, first.since, tuple(sorted(ids)), behind, registered))
    return tuple(sorted(found, key=_costliest_first))


def _costliest_first(cause: Cause) -> tuple[object, ...]:
    return -max(cause.participants, cause.registrations), -len(cause.holders), cause.check


def courses_of(
    holders: Iterable[Holder],
    changes: Mapping[HolderId, tuple[Change, ...]],
    participants: Sequence[Group],
    since: datetime,
) -> dict[str, Course]:
    """The courses of each kind of holders, and of participants."""
    alone: dict[Kind, list[Group]] = {kind: [] for kind in Kind}
    for each in holders:
        alone[each.kind].append(Group(frozenset({each.id}), 1))
    found = {kind.value: course(changes, groups, since) for kind, groups in alone.items()}
    return found | {PARTICIPANTS: course(changes, participants, since)}


def _affected_json(each: Affected) -> dict[str, Any]:
    holder = each.holder
    return {
        "kind": holder.kind.value,
        "key": holder.key,
        "name": holder.name,
        "address": holder.address,
        "participants": each.participants,
        "changes": [_change_json(change) for change in each.changes],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "from": write_instant(change.since),
        "effect": change.effect.value,
        "before": _standing_json(change.before),
        "after": _standing_json(change.after),
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    return {
        "verdict": standing.verdict.name.lower(),
        "role": standing.role.value if standing.role else None,
        "certificate": standing.sha256,
        "check": standing.reason.to_json() if standing.reason.id else None,
    }


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "check": cause.check,
        "clause": cause.clause,
        "source": cause.source,
        "example": cause.example,
        "first": write_instant(cause.first),
        "holders": [{"kind": kind.value, "key": key} for kind, key in cause.holders],
        "participants": cause.participants,
        "registrations": cause.registrations,
    }
