# SPDX-License-Identifier: Apache-2.0
"""What an operator has done about the directory of a domain: told of all anew, or once more of what failed."""

from collections.abc import Collection

from registry.audit.events import record
from registry.errors import ConflictError, NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs.queue import enqueue
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import directory_entries, directory_standings
from registry.storage.unit_of_work import UnitOfWork

PUSH, COMPARE = "directory-push", "directory-compare"
"""Kinds of jobs: to tell a directory what is due, to find out what that is."""


def require_directory(stored: StoredDomain) -> None:
    """Raises ConflictError where a domain has no directory."""
    if not stored.domain.directory.enabled:
        raise ConflictError(f"the domain {stored.domain.name} has no directory: set directory.url, .key and .enabled")


def push_all(work: UnitOfWork, stored: StoredDomain, *, every: bool = False, account_id: int | None = None) -> int:
    """Have all participants compared with what the directory was told, and it told of what differs; the job's id.

    With `every` it is told of all of them once more. Raises ConflictError where the domain has no directory.
    """
    require_directory(stored)
    directory_standings.end_pause(work, stored.id)
    directory_entries.try_now(work, stored.id)
    # That with every one isn't the one that is asked for each hour.
    key = f"{COMPARE}:{stored.id}{':every' if every else ''}"
    job_id = enqueue(work, COMPARE, {"every": every}, key=key, domain_id=stored.id, account_id=account_id)
    subject = f"domain:{stored.domain.name}"
    record(work, "directory:push:request", subject, domain_id=stored.id, after={"every": every, "job": job_id})
    return job_id


@retried
def push_here(database: Database, actor: Actor, stored: StoredDomain, *, every: bool = False) -> None:
    """Let what failed be tried at once, by who tells the directory now. Raises as `push_all`."""
    require_directory(stored)
    with database.write(actor) as work:
        directory_standings.end_pause(work, stored.id)
        directory_entries.try_now(work, stored.id)
        subject = f"domain:{stored.domain.name}"
        record(work, "directory:push:request", subject, domain_id=stored.id, after={"every": every})


def retry(work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier | None = None) -> int:
    """Have the directory told now of whatever failed, or of one participant; returns of how many that is.

    Raises ConflictError where the domain has no directory, NotFoundError for a participant with nothing to be told.
    """
    require_directory(stored)
    keys: Collection[tuple[str, str]] | None = None
    if participant is not None:
        keys = [(participant.scheme, stored.domain.identifiers.participant_key(participant))]
    number = directory_entries.try_now(work, stored.id, keys)
    if participant is not None and not number:
        raise NotFoundError(f"the directory is to be told nothing of {participant}")
    directory_standings.end_pause(work, stored.id)
    subject = f"domain:{stored.domain.name}" if participant is None else str(participant)
    record(work, "directory:retry:request", subject, domain_id=stored.id, after={"participants": number})
    return number
