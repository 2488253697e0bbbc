# SPDX-License-Identifier: Apache-2.0
"""Finders: what is the matter, from rows. They read only; each is given the connection and the moment of the look.

What the doctor finds already is not found here once more (`registry.app.problem_finding` asks it).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from registry.alerts.problem import MAX_OF_KIND, REST, Problem, ProblemKind, Severity
from registry.consistency.last_checks import LastChecks
from registry.dns.server_troubles import PATIENCE
from registry.dns.zone_status import ZoneStatus
from registry.impact.effects import Effect
from registry.storage.queries import (
    campaigns,
    certificate_ends,
    directory_entries,
    directory_standings,
    interventions,
    plans,
    problem_rows,
    zones,
)
from registry.storage.queries import name_servers as seen_servers
from registry.storage.queries.certificate_ends import EndingFilter
from registry.storage.queries.interventions import State
from registry.storage.unit_of_work import Connection

SOON, VERY_SOON, NOW = timedelta(days=90), timedelta(days=30), timedelta(days=7)
"""How long before the end of a certificate it is a hint, a warning, an error."""
_CHANGE_IS_DUE = timedelta(days=7)
_MIGRATION_ENDS = timedelta(days=1)
_UNDER_REVIEW = ("under-review",)
_DIRECTORY_PATIENCE, _DIRECTORY_LATE = timedelta(minutes=30), timedelta(days=1)
"""For how long a directory may not know what it should."""
_LOGINS_SINCE, _MANY_FAILURES = timedelta(hours=1), 20
_MANY = 10_000
"""Beyond so many certificates, changes or migrations nobody counts the rest."""


def ending_certificates(connection: Connection, now: datetime, by_name: Collection[int]) -> Iterator[Problem]:
    """Certificates of publishers, signing keys and access points that end before long and have no successor."""
    wanted = EndingFilter(None, now + SOON, by_name=by_name, only_without_successor=True)
    found = [
        Problem(
            ProblemKind.CERTIFICATE_ENDS,
            _how_soon(row.ends_at, now),
            row.name,
            row.domain_id,
            row.ends_at - SOON,
            {
                "holder": row.kind,
                "certificate": row.sha256,
                "certificate_subject": row.subject,
                "ends_at": shown(row.ends_at),
            },
            f"{row.holder} {row.sha256}",
        )
        for row in certificate_ends.ending(connection, wanted, now, _MANY)
    ]
    yield from bounded(found)


def _how_soon(ends_at: datetime, now: datetime) -> Severity:
    if ends_at <= now + NOW:
        return Severity.ERROR
    return Severity.WARNING if ends_at <= now + VERY_SOON else Severity.HINT


def planned_changes(connection: Connection, now: datetime) -> Iterator[Problem]:
    """Changes of access points that come within days, and successors whose certificate won't be valid by then."""
    found = []
    for row in problem_rows.planned_changes(connection, now, _MANY):
        told = {"successor": row.successor, "at": shown(row.at)}
        valid = (
            row.valid_from is not None and row.valid_until is not None and row.valid_from <= row.at < row.valid_until
        )
        if not valid:
            kind, severity = ProblemKind.SUCCESSOR_INVALID, Severity.ERROR
        elif row.at <= now + _CHANGE_IS_DUE:
            kind, severity = ProblemKind.CHANGE_DUE, Severity.HINT
        else:
            continue
        found.append(Problem(kind, severity, row.name, row.domain_id, None, told, str(row.id)))
    yield from bounded(found)


def name_servers(statuses: Sequence[ZoneStatus], ids: Callable[[str], int | None], now: datetime) -> Iterator[Problem]:
    """Primaries that a push has not reached for minutes; what is the matter with secondaries the doctor tells."""
    for zone in statuses:
        for server in zone.servers:
            failure = server.failures.get("push")
            since = server.behind_since
            if failure is None or since is None or now - since <= PATIENCE:
                continue
            yield Problem(
                ProblemKind.NAME_SERVER,
                Severity.WARNING,
                f"{zone.name} {server.address}",
                None if zone.domain is None else ids(zone.domain),
                since,
                {"failure": failure},
                "push",
            )


def unacknowledged_notices(
    connection: Connection, statuses: Sequence[ZoneStatus], ids: Callable[[str], int | None], now: datetime
) -> Iterator[Problem]:
    """Secondaries that were told of a serial by NOTIFY minutes ago, and have not acknowledged it (RFC 1996 §3.6)."""
    zone_ids = {row.name: row.id for row in zones.all_zones(connection)}
    for zone in statuses:
        for server in zone.servers:
            told = server.notified
            if told is None or told.failure is None or zone.name not in zone_ids:
                continue
            # When it was told last says nothing: it is told again and again.
            since = seen_servers.stamped_at(connection, zone_ids[zone.name], told.serial) or told.sent_at
            if now - since > PATIENCE:
                yield Problem(
                    ProblemKind.NOTIFY_UNACKNOWLEDGED,
                    Severity.WARNING,
                    f"{zone.name} {server.address}",
                    None if zone.domain is None else ids(zone.domain),
                    since,
                    {"serial": told.serial, "failure": told.failure},
                )


def refused_by_plan(report: Mapping[str, Any], domain_id: int) -> Iterator[Problem]:
    """Whom a planned trust model would refuse and the one in force doesn't, as a comparison told (`ImpactReport`)."""
    found = []
    for holder in report["affected"]:
        first = next((each for each in holder["changes"] if each["effect"] == Effect.STOPS.value), None)
        if first is None:
            continue
        told = {
            "holder": holder["kind"],
            "from": first["from"],
            "participants": holder["participants"],
            "check": (first["after"]["check"] or {}).get("message", ""),
        }
        kind, severity = ProblemKind.TRUST_PLAN_REFUSES, Severity.WARNING
        found.append(
            Problem(kind, severity, holder["name"], domain_id, None, told, f"{holder['kind']} {holder['key']}")
        )
    yield from bounded(found)


def contents(checks: LastChecks, domain_id: int, zone: str) -> Iterator[Problem]:
    """Name servers that served something else than the zone when they were compared last, or could not be."""
    for (address, name), content in sorted(checks.items()):
        if content.agrees:
            continue
        told = {"counts": dict(content.counts), "failure": content.failure, "checked_at": shown(content.checked_at)}
        subject = f"{name or zone} {address}"
        severity = Severity.WARNING if content.failure else Severity.ERROR
        yield Problem(ProblemKind.NAME_SERVER_CONTENT, severity, subject, domain_id, content.checked_at, told)


def failing_logins(connection: Connection, now: datetime) -> Iterator[Problem]:
    """Many failed logins within an hour, whoever's; names are not told."""
    names, failures = problem_rows.failed_logins(connection, now - _LOGINS_SINCE)
    if failures >= _MANY_FAILURES:
        yield Problem(ProblemKind.LOGINS_FAIL, Severity.WARNING, parameters={"names": names, "failures": failures})


def ending_migrations(connection: Connection, now: datetime) -> Iterator[Problem]:
    """Open migrations that expire within a day."""
    found = [
        Problem(
            ProblemKind.MIGRATION_ENDS,
            Severity.WARNING,
            row.participant,
            row.domain_id,
            None,
            {"smp_id": row.smp_id, "ends_at": shown(row.expires_at)},
        )
        for row in problem_rows.ending_migrations(connection, now, now + _MIGRATION_ENDS, _MANY)
    ]
    yield from bounded(found)


def waiting_reviews(connection: Connection, domain_id: int, now: datetime) -> Iterator[Problem]:
    """Interventions, and plans under review, that wait for somebody else's approval."""
    found = [
        Problem(
            ProblemKind.REVIEW_WAITS,
            Severity.WARNING,
            row.subject,
            domain_id,
            row.asked_at,
            {
                "intervention": row.id,
                "what": row.kind,
                "request": f"intervention {row.id} ({row.kind}) about {row.subject}",
                "command": "registry sml intervention approve, or refuse",
            },
            str(row.id),
        )
        for row in interventions.page(connection, domain_id, State.WAITING, None, _MANY)
    ]
    found += [
        Problem(
            ProblemKind.REVIEW_WAITS,
            Severity.WARNING,
            f"plan {row.id}",
            domain_id,
            row.submitted_at,
            {
                "plan": row.id,
                "what": row.kind,
                "request": f"plan {row.id} ({row.kind})",
                "command": "registry plan approve, or reject",
            },
        )
        for row in plans.page(connection, [domain_id], None, _MANY, _UNDER_REVIEW)
        if row.expires_at > now
    ]
    yield from bounded(found)


def late_campaigns(connection: Connection, now: datetime) -> Iterator[Problem]:
    """Open campaigns with members that are late: behind the deadline, or not done by it at the present rate.

    One whose first reminder lies ahead, or that was never counted, is none.
    """
    found = []
    for row in campaigns.page(connection, None, "open", None, _MANY):
        counts = row.counts or {}
        late = counts.get("members", 0) - counts.get("members_done", 0)
        first = row.deadline - timedelta(days=max(row.days, default=0))
        if not late or now < first:
            continue
        expected = row.expected_at
        misses = expected is None or expected > row.deadline
        severity = Severity.WARNING if misses else Severity.HINT
        told = {
            "members": late,
            "participants": counts.get("participants", 0) - counts.get("participants_done", 0),
            "deadline": shown(row.deadline),
            "expected": "never" if expected is None else f"by {expected:%Y-%m-%d}",
        }
        severity = Severity.ERROR if now >= row.deadline else severity
        found.append(Problem(ProblemKind.CAMPAIGN_LATE, severity, row.name, row.domain_id, None, told))
    yield from bounded(found)


def published_in_vain(connection: Connection, domain_id: int, now: datetime) -> Iterator[Problem]:
    """Participants without services, and services without an endpoint that counts now."""
    empty = problem_rows.empty_participants(connection, domain_id, MAX_OF_KIND)
    for participant in empty:
        yield Problem(ProblemKind.PARTICIPANT_EMPTY, Severity.HINT, participant, domain_id)
    if len(empty) == MAX_OF_KIND:
        more = problem_rows.count_empty_participants(connection, domain_id) - MAX_OF_KIND
        yield from rest(ProblemKind.PARTICIPANT_EMPTY, Severity.HINT, domain_id, more)
    unusable = problem_rows.unusable_services(connection, domain_id, now, MAX_OF_KIND)
    kind = ProblemKind.SERVICE_WITHOUT_ENDPOINT
    for row in unusable:
        told = {"document_type": row.document_type}
        told |= {} if row.begins_at is None else {"begins_at": shown(row.begins_at)}
        told |= {} if row.ended_at is None else {"ended_at": shown(row.ended_at)}
        yield Problem(kind, Severity.WARNING, row.participant, domain_id, None, told, row.document_type)
    if len(unusable) == MAX_OF_KIND:
        more = problem_rows.count_unusable_services(connection, domain_id, now) - MAX_OF_KIND
        yield from rest(kind, Severity.WARNING, domain_id, more)


def directories(connection: Connection, domain_id: int, name: str, now: datetime) -> Iterator[Problem]:
    """A directory that hasn't known for long what it should, and participants that it refuses."""
    counts = directory_entries.counts(connection, domain_id)
    standing = directory_standings.find(connection, domain_id)
    late = min(filter(None, (standing.failing_since, counts.oldest_waiting)), default=None)
    if late is not None and now - late > _DIRECTORY_PATIENCE:
        told = {
            "participants": counts.waiting + counts.failed - counts.refused,
            "oldest": shown(late),
            "failure": standing.failure or "they wait for their turn",
        }
        severity = Severity.ERROR if now - late > _DIRECTORY_LATE else Severity.WARNING
        yield Problem(ProblemKind.DIRECTORY_LAG, severity, name, domain_id, late, told)
    if counts.refused:
        refused = {"participants": counts.refused}
        yield Problem(ProblemKind.DIRECTORY_FAILED, Severity.WARNING, name, domain_id, None, refused)


def bounded(found: Sequence[Problem]) -> Iterator[Problem]:
    """The first of each kind and domain, and then one that says how many more there are."""
    groups: dict[tuple[ProblemKind, int | None], list[Problem]] = {}
    for problem in found:
        groups.setdefault((problem.kind, problem.domain_id), []).append(problem)
    for (kind, domain_id), group in groups.items():
        yield from group[:MAX_OF_KIND]
        left = group[MAX_OF_KIND:]
        worst = min((problem.severity for problem in left), key=lambda severity: severity.rank, default=Severity.HINT)
        yield from rest(kind, worst, domain_id, len(left))


def rest(kind: ProblemKind, severity: Severity, domain_id: int | None, more: int) -> Iterator[Problem]:
    """That there are more of a kind, where there are."""
    if more > 0:
        yield Problem(kind, severity, REST, domain_id, parameters={"more": more})


def shown(instant: datetime) -> str:
    """As parameters have it: in UTC, to the second."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
