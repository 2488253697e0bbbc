# SPDX-License-Identifier: Apache-2.0
"""Orphans: what only some of SMP, SML, DNS and directory know of.

The first three are compared as ever (`registry.consistency.checking`), where the SML is here. The directory's side is
its own export, which has the participants of everybody: only those are judged that are ours, and, where the SML is
here, those that nobody has registered. All of them go past each other once, sorted (ADR 0065).
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, Self

from registry.audit.events import record
from registry.consistency.checking import Area, check
from registry.consistency.findings import Finding, Findings, Kind, Seen, Summary
from registry.consistency.group_comparison import own_publisher
from registry.consistency.zone_comparison import Progress
from registry.directory.marking import place_of
from registry.directory.requests import require_directory
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.jobs.queue import enqueue
from registry.scratch import SortedRows
from registry.smp.exchange.table_columns import guarded
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import consistency, directory_entries, jobs
from registry.storage.queries.jobs import JobFilter, JobRow, JobState
from registry.storage.unit_of_work import Connection, UnitOfWork

ORPHANS = "directory-orphans"
"""The kind of the job that looks for them."""
DIRECTORY_KINDS = (Kind.DIRECTORY_MISSING, Kind.DIRECTORY_SURPLUS, Kind.DIRECTORY_UNREGISTERED)
CORRECTED = (Kind.DIRECTORY_MISSING, Kind.DIRECTORY_SURPLUS)
"""What can be put right by telling the directory."""
LISTED = 500
"""Findings of each kind that a report of a job lists."""
_TOLD_EVERY, _TOGETHER = 10_000, 500
_COLUMNS = ("kind", "subject", "wanted", "found")
_WANTED, _OURS, _REGISTERED, _ELSEWHERE, _THEIRS = "1", "2", "3", "4", "5"
"""Who says it: is to be found; is at our SMP, or the directory heard of it; is registered by our SMP, or by another
one; the directory."""


class Orphans(Findings):
    """The findings, with a list of them for a report."""

    @classmethod
    def over(cls, findings: Findings) -> Self:
        """What was found before, and what comes."""
        found = cls(findings.seen)
        for finding in findings:
            found.add(finding)
        found.summary.compared = dict(findings.summary.compared)
        found.summary.in_progress = findings.summary.in_progress
        return found

    def report(self) -> dict[str, Any]:
        """Counts by kind, and the first of each kind."""
        listed: dict[Kind, list[dict[str, Any]]] = {}
        for finding in self:
            if len(held := listed.setdefault(finding.kind, [])) < LISTED:
                held.append(finding.to_json())
        summary: Summary = self.summary
        told = {key: value for key, value in summary.to_json().items() if key != "examples"}
        return told | {"findings": [item for held in listed.values() for item in held]}


def request_orphans(
    work: UnitOfWork, stored: StoredDomain, *, corrects: bool = False, account_id: int | None = None
) -> int:
    """Have a job look for orphans, and with `corrects` have the directory told of what is wrong there; the job's id.

    Raises ConflictError where the domain has no directory.
    """
    require_directory(stored)
    key = f"{ORPHANS}:{stored.id}{':correct' if corrects else ''}"
    return enqueue(work, ORPHANS, {"correct": corrects}, key=key, domain_id=stored.id, account_id=account_id)


def last_report(connection: Connection, domain_id: int) -> JobRow | None:
    """The job that looked last, as long as finished jobs are kept."""
    done = jobs.page(connection, JobFilter(states=[JobState.DONE], kind=ORPHANS, domain_ids=[domain_id]), None, 1)
    return done[0] if done else None


def find_orphans(
    database: Database,
    stored: StoredDomain,
    listed: Iterable[ParticipantIdentifier],
    *,
    progress: Progress = lambda _: None,
) -> Orphans:
    """Compare all four, where the SML is here, else our SMP with the directory; close the findings, or use `with`.

    Raises ValidationError where what the directory lists can't be read, NotFoundError as `checking.check`.
    """
    if stored.domain.sml.enabled and stored.zone_id is not None:
        with check(database, stored, areas=(Area.GROUPS, Area.NAMES), progress=progress) as findings:
            found = Orphans.over(findings)
    else:
        found = Orphans(Seen(database.now(), 0))
    try:
        _compare(database, stored, listed, found, progress)
    except BaseException:
        found.close()
        raise
    return found


def _compare(
    database: Database,
    stored: StoredDomain,
    listed: Iterable[ParticipantIdentifier],
    findings: Findings,
    progress: Progress,
) -> None:
    with SortedRows() as rows:
        for number, participant in enumerate(listed, 1):
            key = stored.domain.identifiers.participant_key(participant)
            rows.add((participant.scheme, key, _THEIRS, participant.value))
            if number % _TOLD_EVERY == 0:
                progress(number)
        with database.read() as connection:
            for side, held in _held(connection, stored):
                for scheme, key, value in held:
                    rows.add((scheme, key, side, value))
        wanted = theirs = 0
        wildcards = set[str]()
        for (scheme, key), same in groupby(rows, key=lambda row: row[:2]):
            sides = {side: value for _, _, side, value in same}
            wanted += _WANTED in sides
            theirs += _THEIRS in sides
            if key == WILDCARD and sides.keys() & {_REGISTERED, _ELSEWHERE}:  # stands before all others of its scheme
                wildcards.add(scheme)
            kind = _judged(sides, all_registered=scheme in wildcards or not stored.domain.sml.enabled)
            if kind is not None:
                spelled = ParticipantIdentifier(scheme, sides.get(_WANTED) or next(iter(sides.values())))
                findings.add(Finding(kind, str(spelled), (scheme, spelled.value, key)))
    findings.summary.looked_at(wanted, Kind.DIRECTORY_MISSING)
    findings.summary.looked_at(theirs, Kind.DIRECTORY_SURPLUS, Kind.DIRECTORY_UNREGISTERED)


def _held(connection: Connection, stored: StoredDomain) -> Iterator[tuple[str, Iterator[tuple[str, str, str]]]]:
    yield _WANTED, directory_entries.all_wanted(connection, place_of(stored))
    yield _OURS, consistency.all_groups(connection, stored.id)
    yield _OURS, directory_entries.all_asked(connection, stored.id)
    if stored.domain.sml.enabled:
        own = own_publisher(connection, stored)
        for scheme, key, value, publisher_id in consistency.registered_keys(connection, stored.id):
            is_own = own is not None and own.id == publisher_id
            yield _REGISTERED if is_own else _ELSEWHERE, iter([(scheme, key, value)])


def _judged(sides: Mapping[str, str], *, all_registered: bool) -> Kind | None:
    if _THEIRS not in sides:
        return Kind.DIRECTORY_MISSING if _WANTED in sides else None
    if _WANTED in sides or _ELSEWHERE in sides:  # what another SMP has shown there is its own affair
        return None
    if _OURS in sides:
        return Kind.DIRECTORY_SURPLUS
    return None if all_registered or _REGISTERED in sides else Kind.DIRECTORY_UNREGISTERED


def correct(database: Database, actor: Actor, stored: StoredDomain, findings: Iterable[Finding]) -> int:
    """Have the directory told of what it lacks, and told to forget what it shouldn't have; returns how many.

    What it is told is worked out when it is told. Raises ConflictError where the domain has no directory.
    """
    require_directory(stored)
    chosen = (_corrected(finding) for finding in findings if finding.kind in CORRECTED)
    corrected = 0
    while part := list(islice(chosen, _TOGETHER)):
        corrected += len(part)
        _correct_part(database, actor, stored, part)
    return corrected


def _corrected(finding: Finding) -> tuple[str, str, str]:
    scheme, value, key = finding.key
    return scheme, value, key


@retried
def _correct_part(database: Database, actor: Actor, stored: StoredDomain, part: Sequence[tuple[str, str, str]]) -> None:
    with database.write(actor) as work:
        directory_entries.correct(work, stored.id, part)
        subject = f"domain:{stored.domain.name}"
        record(work, "directory:correct:request", subject, domain_id=stored.id, after={"participants": len(part)})


def findings_csv(findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Findings as lines of a table; no cell is one that a spreadsheet takes for a formula."""
    yield _line(_COLUMNS)
    for finding in findings:
        yield _line([guarded(str(finding[name] or "")) for name in _COLUMNS])


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
