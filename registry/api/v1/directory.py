# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/directory`: what the directory of a domain was told of its participants, and how it takes it."""

from typing import Annotated, Any, Final, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import jobs, rules
from registry.api.v1.answers import Answer, Raw
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.jobs import JobModel
from registry.api.v1.models import Identifier, Model, Moment, Page
from registry.api.v1.registrations import ParticipantId
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.consistency import orphans
from registry.directory import requests
from registry.directory.comparing import difference
from registry.directory.marking import place_of
from registry.errors import NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs import queue
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import directory_entries, directory_standings
from registry.storage.queries.directory_entries import EntryRow, EntryState

resource = Resource("directory", "The directory in which participants are found by name: what it was told of whom.")
_DIRECTORY: Final = f"{DOMAIN}/directory"
_READ = Needs(Action.DIRECTORY_READ, rules.domain)
_WRITE = Needs(Action.DIRECTORY_WRITE, rules.domain)
_CSV: Final = "text/csv"
State = Literal["waiting", "current", "failed"]


class DirectoryCounts(Model):
    """Participants by what the directory knows of them."""

    waiting: Annotated[int, Field(description="It doesn't know yet what it should.")]
    current: int
    failed: Annotated[int, Field(description="The last try failed.")]
    refused: Annotated[int, Field(description="Those of them that aren't tried again by themselves.")]


class DirectoryModel(Model):
    """The directory of a domain."""

    enabled: bool
    url: str
    counts: DirectoryCounts
    oldest: Annotated[Moment | None, Field(description="Since when the one waits that waits longest.")]
    failures: Annotated[int, Field(description="How often in a row it took nothing at all.")]
    failure: Annotated[str | None, Field(description="Why, the last time.")]
    failing_since: Moment | None
    paused_until: Annotated[Moment | None, Field(description="Until then it is left alone.")]
    compared_at: Annotated[Moment | None, Field(description="When all participants were last compared with it.")]


class DirectoryPlan(Model):
    """What telling the directory of everything that differs would come to."""

    wanted: Annotated[int, Field(description="Participants that are to be found there.")]
    to_tell: Annotated[int, Field(description="Those of which it isn't told as they are.")]
    to_forget: Annotated[int, Field(description="Those that it is still to forget, and that nobody has marked.")]


class DirectoryEntry(Model):
    """What the directory was told of a participant."""

    participant: str
    state: State
    told_at: Annotated[Moment | None, Field(description="When it took the participant; null where it never has.")]
    since: Annotated[Moment, Field(description="Since when the present state of the participant waits, or waited.")]
    attempts: Annotated[int, Field(description="Failed tries since the last change.")]
    next_try: Annotated[Moment | None, Field(description="Null: there is nothing to do, or it was refused.")]
    status: Annotated[int | None, Field(description="What it answered; null where it gave no answer.")]
    failure: str | None


class PushModel(Model):
    """Of whom the directory is to be told."""

    every: Annotated[bool, Field(description="Of all once more, not only of those that differ.")] = False


class RetryModel(Model):
    """What is to be tried now."""

    participant: Annotated[Identifier | None, Field(description="Null: all that failed.")] = None


class Retried(Model):
    """Of how many participants the directory is told now."""

    participants: int


class OrphanRequest(Model):
    """What is to be done about what is found."""

    correct: Annotated[
        bool, Field(description="Have the directory told of what it lacks, and told to forget what it shouldn't have.")
    ] = False


class OrphanFinding(Model):
    """Something that only some of SMP, SML, DNS and directory know of."""

    kind: str
    subject: str
    wanted: str | None
    found: str | None


class OrphanReport(Model):
    """What the last comparison found."""

    job: int
    finished_at: Moment | None
    counts: Annotated[dict[str, int], Field(description="Findings by kind.")]
    compared: Annotated[dict[str, int], Field(description="How many things were compared, by kind of finding.")]
    in_progress: Annotated[int, Field(description="Names that weren't judged, since a job is at work on them.")]
    corrected: Annotated[int | None, Field(description="Of how many the directory is told; null: not asked for.")]
    findings: Annotated[list[OrphanFinding], Field(description="The first 500 of each kind.")]


@resource.get(_DIRECTORY, _READ, {200: DirectoryModel})
def read_directory(call: Call, domain: DomainName) -> DirectoryModel:
    """Read how it stands with the directory of a domain."""
    stored = call.context.domain(domain)
    with call.context.database.read() as connection:
        counts = directory_entries.counts(connection, stored.id)
        standing = directory_standings.find(connection, stored.id)
    return DirectoryModel(
        enabled=stored.domain.directory.enabled,
        url=stored.domain.directory.url,
        counts=DirectoryCounts(
            waiting=counts.waiting, current=counts.current, failed=counts.failed, refused=counts.refused
        ),
        oldest=counts.oldest,
        failures=standing.failures,
        failure=standing.failure,
        failing_since=standing.failing_since,
        paused_until=standing.paused_until,
        compared_at=standing.compared_at,
    )


@resource.get(f"{_DIRECTORY}/plan", _READ, {200: DirectoryPlan})
def read_directory_plan(call: Call, domain: DomainName) -> DirectoryPlan:
    """Read of how many participants the directory would be told. It counts all of them, so it takes a moment."""
    with call.context.database.read() as connection:
        found = difference(connection, place_of(call.context.domain(domain)))
    return DirectoryPlan(wanted=found.wanted, to_tell=found.to_tell, to_forget=found.to_forget)


@resource.get(f"{_DIRECTORY}/entries", _READ, {200: Page[DirectoryEntry]})
def list_directory_entries(
    call: Call,
    domain: DomainName,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
) -> Page[DirectoryEntry]:
    """List the participants of which the directory was told, or is to be, in the order in which they came."""
    (after,) = read_cursor(cursor, int) or (0,)
    wanted = None if state is None else EntryState(state)
    with call.context.database.read() as connection:
        rows = directory_entries.page(connection, call.context.domain(domain).id, wanted, after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.id,))
    return Page[DirectoryEntry](items=[_shown(row) for row in part], next_cursor=following)


@resource.get(
    f"{DOMAIN}/participants/{{participant}}/directory",
    Needs(Action.PARTICIPANT_READ, rules.participant),
    {200: DirectoryEntry},
)
def read_directory_entry(call: Call, domain: DomainName, participant: ParticipantId) -> DirectoryEntry:
    """Read what the directory was told of a participant."""
    stored = call.context.domain(domain)
    identifier = rules.parsed_participant(stored, participant)
    key = (identifier.scheme, stored.domain.identifiers.participant_key(identifier))
    with call.context.database.read() as connection:
        found = directory_entries.find(connection, stored.id, key)
    if found is None:
        raise NotFoundError("the directory was told nothing of this participant, and is to be told nothing")
    return _shown(found)


@resource.post(f"{_DIRECTORY}/push", _WRITE, {202: JobModel}, examples={"what differs": {}, "all": {"every": True}})
def push_to_directory(call: Call, domain: DomainName, body: PushModel) -> Answer:
    """Have all participants compared with what the directory was told, and it told of what differs, or of all."""
    stored = call.context.domain(domain)
    with call.context.database.write(call.actor) as work:
        job_id = requests.push_all(work, stored, every=body.every, account_id=call.principal.account_id)
        return _asked(call, queue.get(work, job_id))


@resource.post(f"{_DIRECTORY}/retry", _WRITE, {200: Retried})
def retry_directory(call: Call, domain: DomainName, body: RetryModel) -> Retried:
    """Have the directory told now of whatever failed, or of one participant."""
    stored = call.context.domain(domain)
    chosen = None if body.participant is None else rules.parsed_participant(stored, body.participant)
    with call.context.database.write(call.actor) as work:
        return Retried(participants=requests.retry(work, stored, chosen))


@resource.post(f"{_DIRECTORY}/orphans", _WRITE, {202: JobModel})
def look_for_orphans(call: Call, domain: DomainName, body: OrphanRequest) -> Answer:
    """Have SMP, SML, DNS and directory compared, by what the directory lists publicly."""
    stored = call.context.domain(domain)
    with call.context.database.write(call.actor) as work:
        account_id = call.principal.account_id
        job_id = orphans.request_orphans(work, stored, corrects=body.correct, account_id=account_id)
        return _asked(call, queue.get(work, job_id))


@resource.get(f"{_DIRECTORY}/orphans", _READ, {200: OrphanReport})
def read_orphans(call: Call, domain: DomainName) -> OrphanReport:
    """Read what the last comparison of SMP, SML, DNS and directory found."""
    job_id, finished_at, report = _report(call, call.context.domain(domain))
    return OrphanReport(
        job=job_id,
        finished_at=finished_at,
        counts=report["counts"],
        compared=report["compared"],
        in_progress=report["in_progress"],
        corrected=report["corrected"],
        findings=[OrphanFinding(**finding) for finding in report["findings"]],
    )


@resource.get(f"{_DIRECTORY}/orphans.csv", _READ, {200: _CSV})
def export_orphans(call: Call, domain: DomainName) -> Answer:
    """Read the same findings as a table (CSV)."""
    stored = call.context.domain(domain)
    lines = "".join(orphans.findings_csv(_report(call, stored)[2]["findings"]))
    headers = {"content-disposition": f'attachment; filename="{stored.domain.name}-orphans.csv"'}
    return Answer(Raw(lines.encode("utf-8", "replace"), f"{_CSV}; charset=utf-8; header=present"), headers=headers)


def _report(call: CallState, stored: StoredDomain) -> tuple[int, Any, dict[str, Any]]:
    with call.context.database.read() as connection:
        found = orphans.last_report(connection, stored.id)
    if found is None:
        raise NotFoundError("nobody has looked for orphans of this domain lately")
    return found.id, found.finished_at, found.result


def _asked(call: CallState, row: Any) -> Answer:
    return Answer(jobs.shown(call, row), 202, {"location": url(jobs.JOB, str(row.id))})


def _shown(row: EntryRow) -> DirectoryEntry:
    return DirectoryEntry(
        participant=str(ParticipantIdentifier(row.scheme, row.value)),
        state=EntryState(row.state).value,
        told_at=row.told_at,
        since=row.changed_at,
        attempts=row.attempts,
        next_try=row.due_at,
        status=row.status,
        failure=row.failure,
    )
