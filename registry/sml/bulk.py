# SPDX-License-Identifier: Apache-2.0
"""Changes that concern all participants of a publisher, however many: its address, its suspension, its end, its heir.

Up to `AT_ONCE` registrations they are done in the transaction that asks for them; beyond that a job does them in parts,
each a transaction, and can be broken off and gone on with at any moment. A job looks at the publisher as it is when it
gets to a part, so of two changes the later one wins, in whatever order their jobs run.
"""

from collections.abc import Callable
from typing import Any

from registry.audit.events import record
from registry.directory.marking import mark_all
from registry.dns.journal import ZoneJournal
from registry.jobs.queue import enqueue
from registry.jobs.worker import JobContext
from registry.sml.migration_ends import end_migrations_in
from registry.sml.names import (
    PARTICIPANT_TYPES,
    left_states,
    participant_states,
    publisher_states,
    shared_content,
)
from registry.sml.registration import Registrar, zone_id_of
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.queries import pointing, publishers, registrations
from registry.storage.queries.migrations import Outcome
from registry.storage.queries.pointing import Part
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork

FOLLOW, TRANSFER, REMOVE = "sml-follow", "sml-transfer", "sml-remove-publisher"
AT_ONCE = 10_000
"""The most registrations that are changed in the transaction of what changes them."""
PART = 20_000
"""Registrations of one transaction of a job that changes names."""
REMOVED_AT_ONCE = 1_000
"""The same of one that removes them, each with an event of its own."""


class Bulk:
    """Lets names follow publishers, and registrations follow a transfer or an end."""

    def __init__(self, journal: ZoneJournal, registrar: Registrar) -> None:
        self._journal = journal
        self._registrar = registrar

    def follow(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, *, every: bool = False
    ) -> int | None:
        """Let the names of a publisher and of its participants hold what they shall; the job's id if one does that.

        With indirection only the names of those with services of their own depend on the publisher; `every` is for
        changes of the domain, after which all names are others.
        """
        self._journal.write(work, zone_id_of(stored), publisher_states(stored.domain, publisher))
        every = every or not stored.domain.dns.publisher_indirection
        payload = {"publisher": publisher.id, "every": every}
        return self._in_parts(
            work,
            stored,
            (FOLLOW, payload, publisher),
            lambda after: self._follow(work, stored, publisher, after, every=every),
            lambda: self._journal.write(work, zone_id_of(stored), left_states(stored.domain, publisher)),
        )

    def transfer(self, work: UnitOfWork, stored: StoredDomain, giver: PublisherRow, taker: PublisherRow) -> int | None:
        """Give all participants of one publisher to another; the job's id if one does that.

        Open migrations of them end. The caller has looked whether the taker may have them all, wildcards above all.
        """
        return self._in_parts(
            work,
            stored,
            (TRANSFER, {"from": giver.id, "to": taker.id}, giver),
            lambda after: self._transfer(work, stored, giver, taker, after),
        )

    def remove(self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow) -> int | None:
        """Remove a publisher with all its registrations and names; the job's id if one does that.

        For callers it is gone at once, and its own names are.
        """
        self._journal.write(work, zone_id_of(stored), publisher_states(stored.domain, publisher, gone=True))
        job_id = self._in_parts(
            work,
            stored,
            (REMOVE, {"publisher": publisher.id}, publisher),
            lambda after: self._remove(work, stored, publisher, after),
            lambda: publishers.remove(work, publisher.id),
        )
        if job_id is not None:
            publishers.begin_removal(work, publisher.id)
        return job_id

    # Jobs

    def handlers(self, directory: DomainDirectory) -> dict[str, Callable[[JobContext], Any]]:
        """What does the jobs, by kind."""
        return {
            FOLLOW: lambda context: self._follow_job(directory, context),
            TRANSFER: lambda context: self._transfer_job(directory, context),
            REMOVE: lambda context: self._remove_job(directory, context),
        }

    def _follow_job(self, directory: DomainDirectory, context: JobContext) -> dict[str, int]:
        publisher_id, every = int(context.payload["publisher"]), bool(context.payload["every"])

        def part(work: UnitOfWork, stored: StoredDomain, after: int) -> Part:
            publisher = publishers.by_id(work.connection, publisher_id, lock=True)
            if publisher is None:
                return Part(after)
            done = self._follow(work, stored, publisher, after, every=every)
            if not done.count:
                self._journal.write(work, zone_id_of(stored), left_states(stored.domain, publisher))
            return done

        return _run(directory, context, part)

    def _transfer_job(self, directory: DomainDirectory, context: JobContext) -> dict[str, int]:
        ids = int(context.payload["from"]), int(context.payload["to"])

        def part(work: UnitOfWork, stored: StoredDomain, after: int) -> Part:
            giver, taker = (publishers.by_id(work.connection, publisher_id, lock=True) for publisher_id in ids)
            if giver is None or taker is None or taker.removing:
                return Part(after)  # what would go to an SMP that is being removed would go with it
            return self._transfer(work, stored, giver, taker, after)

        return _run(directory, context, part)

    def _remove_job(self, directory: DomainDirectory, context: JobContext) -> dict[str, int]:
        publisher_id = int(context.payload["publisher"])

        def part(work: UnitOfWork, stored: StoredDomain, after: int) -> Part:
            publisher = publishers.by_id(work.connection, publisher_id, lock=True)
            if publisher is None:
                return Part(after)
            done = self._remove(work, stored, publisher, after)
            if not done.count:  # a transfer may have given it some that came before
                done = self._remove(work, stored, publisher, 0)
            if not done.count:
                publishers.remove(work, publisher_id)
            return done

        return _run(directory, context, part)

    # Parts

    def _follow(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, after: int, *, every: bool
    ) -> Part:
        if every:
            return self._point(work, stored, publisher, publisher, after)
        rows = registrations.with_services(work.connection, publisher.id, after, PART, lock=True)
        self._registrar.point(work, stored, publisher, rows)
        return Part(rows[-1].id if rows else after, len(rows))

    def _transfer(
        self, work: UnitOfWork, stored: StoredDomain, giver: PublisherRow, taker: PublisherRow, after: int
    ) -> Part:
        done = self._point(work, stored, giver, taker, after)
        if done.count:
            end_migrations_in(work, giver.id, after, done.last_id, Outcome.TRANSFERRED, taker.smp_id)
            registrations.move_part(work, giver.id, taker.id, after, done.last_id)
            mark_all(work, stored)
        return done

    def _remove(self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, after: int) -> Part:
        rows = registrations.page(work.connection, publisher.id, after, REMOVED_AT_ONCE, lock=True)
        if rows:
            self._registrar.unregister(work, stored, rows, publisher.smp_id)
        return Part(rows[-1].id if rows else after, len(rows))

    def _point(
        self, work: UnitOfWork, stored: StoredDomain, holder: PublisherRow, to: PublisherRow, after: int
    ) -> Part:
        """Let the names of the next registrations of a publisher lead to one, which may be another."""
        part = pointing.next_part(work, holder.id, after, PART)
        if not part.count:
            return part
        if stored.domain.dns.legacy_cname:  # those names are hashes of their own, which no statement knows
            rows = registrations.page(work.connection, holder.id, after, part.count)
        else:
            content = shared_content(stored.domain, to)
            shared = None if content is None else (content.rdtype, content.text)
            if pointing.point(work, zone_id_of(stored), holder.id, after, part.last_id, PARTICIPANT_TYPES, shared):
                self._journal.written(work)
            rows = registrations.with_services(work.connection, holder.id, after, part.with_services)
        self._journal.write(work, zone_id_of(stored), participant_states(stored.domain, to, rows))
        return part

    def _in_parts(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        job: tuple[str, dict[str, Any], PublisherRow],
        part: Callable[[int], Part],
        end: Callable[[], object] = lambda: None,
    ) -> int | None:
        """All parts now, or a job for them."""
        kind, payload, publisher = job
        few = kind == FOLLOW and not payload["every"]
        if registrations.count_of(work.connection, publisher.id, AT_ONCE + 1, own_services=few) > AT_ONCE:
            total = registrations.count_of(work.connection, publisher.id, None, own_services=few)
            job_id = enqueue(work, kind, payload, domain_id=stored.id, total=total)
            after = {"job": job_id, "kind": kind, "registrations": total}
            record(work, "sml:publisher:job", publisher.smp_id, domain_id=stored.id, after=after)
            return job_id
        after_id = 0
        while (done := part(after_id)).count:
            after_id = done.last_id
        end()
        return None


def _run(
    directory: DomainDirectory, context: JobContext, part: Callable[[UnitOfWork, StoredDomain, int], Part]
) -> dict[str, int]:
    """Parts from the cursor on, each with its progress in a transaction."""
    directory.refresh()
    domain_id = context.job.domain_id
    assert domain_id is not None  # noqa: S101 — these jobs are of a domain
    while True:
        stored = directory.by_id(domain_id)
        after = int(context.cursor or 0)
        with context.database.write(context.actor) as work:
            done = part(work, stored, after)
            context.progress(work, context.done + done.count, cursor=done.last_id)
        if not done.count:
            return {"registrations": context.done}
