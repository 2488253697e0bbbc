# SPDX-License-Identifier: Apache-2.0
"""Applies a plan as a job, in batches: each looks again whether what the plan has seen is still so.

A batch, what became of its rows and how far the job is are one transaction, so a worker that dies has done all of a
batch or nothing of it, and the next one goes on behind it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from registry.audit.events import record
from registry.domains.domain import Domain
from registry.errors import ConflictError, Reason, RegistryError, TechnicalError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs import queue
from registry.jobs.worker import JobContext
from registry.plans.held import HeldBodies
from registry.plans.model import (
    BATCH,
    MAY_COME,
    TO_DO,
    PlanKind,
    PlanState,
    RowVerdict,
    changed_meanwhile,
    digest_of,
    reason_json,
    reasons_of,
    unpacked,
)
from registry.plans.replacing import Replacer
from registry.plans.reviewing import check_approved, check_counts
from registry.plans.wanted import WantedBodies
from registry.sml.candidates import Key
from registry.sml.registration import Registrar
from registry.smp.bulk_publishing import BulkPublishing, WantedParticipant
from registry.smp.publishing import Publishing
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import plans, service_groups
from registry.storage.queries.jobs import JobState
from registry.storage.queries.plans import PlannedRow, PlanRow
from registry.storage.unit_of_work import Connection, UnitOfWork
from registry.trust import TrustModel

KIND: Final = "plan-apply"
MAX_PERCENT: Final = 20.0
"""Of the participants that are there, so many may be changed or removed unless more is said."""


def find_plan(database: Database, plan_id: int) -> PlanRow:
    """A plan. Raises NotFoundError."""
    with database.read() as connection:
        return plans.required(connection, plan_id)


@retried
def request_apply(
    database: Database, actor: Actor, plan_id: int, max_percent: float = MAX_PERCENT, *, account_id: int | None = None
) -> int:
    """Ask for a plan to be applied; gives the number of the job.

    One that was broken off goes on. Raises NotFoundError; ConflictError where the plan can't be applied, has expired,
    would change more than `max_percent` of what is there, or waits for another plan of the domain; ReviewRequiredError
    where the domain wants somebody else to approve it.
    """
    with database.write(actor) as work:
        found = plans.required(work.connection, plan_id, lock=True)
        if found.state == PlanState.APPLYING and found.job_id is not None:
            return _again(work, found)
        check_approved(work, found)
        check_percent(found, max_percent)
        todo = sum(found.counts.get(verdict.value, 0) for verdict in TO_DO)
        job_id = queue.enqueue(
            work,
            KIND,
            {"plan": plan_id, "rows": todo},
            key=f"{KIND}:{found.domain_id}",
            total=todo,
            domain_id=found.domain_id,
            account_id=account_id,
        )
        at_work = queue.get(work, job_id).payload["plan"]
        if at_work != plan_id:
            raise ConflictError(f"plan {at_work} of the same domain is being applied (job {job_id}); wait for its end")
        plans.change(work, plan_id, state=PlanState.APPLYING.value, job_id=job_id)
        record(
            work, "plans:plan:apply", f"plan:{plan_id}", domain_id=found.domain_id, after={"counts": dict(found.counts)}
        )
    return job_id


@retried
def abandon(database: Database, actor: Actor, plan_id: int) -> None:
    """Give a plan up; it stays to be read. Raises NotFoundError, and ConflictError where it is applied already."""
    with database.write(actor) as work:
        found = plans.required(work.connection, plan_id, lock=True)
        if found.state in (PlanState.APPLYING, PlanState.APPLIED):
            raise ConflictError(f"plan {plan_id} is {found.state}; that can't be given up")
        if found.state != PlanState.ABANDONED:
            plans.change(work, plan_id, state=PlanState.ABANDONED.value)
            record(work, "plans:plan:abandon", f"plan:{plan_id}", domain_id=found.domain_id)


def is_stale(connection: Connection, plan: PlanRow) -> bool:
    """Whether anything of the domain was published or withdrawn after a plan was made that can still be applied."""
    return plan.state in MAY_COME and plans.changed_since(connection, plan.domain_id, plan.base_event)


def check_percent(plan: PlanRow, max_percent: float) -> None:
    """Raises ConflictError where a plan changes or removes more than that of what is there.

    One participant that is named is no slip of a spreadsheet, however few there are.
    """
    if plan.kind == PlanKind.PROPOSAL:
        return
    held = plan.counts.get("held", 0)
    touched = plan.counts.get(RowVerdict.CHANGED, 0) + plan.counts.get(RowVerdict.REMOVED, 0)
    if touched * 100 > max_percent * held:
        what = "access points" if plan.kind == PlanKind.REPLACE else "participants"
        raise ConflictError(
            f"plan {plan.id} changes or removes {touched} of {held} {what}, more than {max_percent:g} %. "
            "Look at it; if it is right, say a higher percentage (--max-percent, max_percent)"
        )


class Applier:
    """Handles the jobs."""

    def __init__(
        self,
        database: Database,
        registrar: Registrar,
        publishing: Publishing,
        trust_of: Callable[[Domain], TrustModel],
        *,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._bulk = BulkPublishing(database, registrar)
        self._publishing = publishing
        self._trust_of = trust_of
        self._batch = batch

    def handler(self, directory: DomainDirectory) -> Callable[[JobContext], Any]:
        """The handler of these jobs."""

        def apply(job: JobContext) -> Any:
            directory.refresh()
            return self.apply(job, directory.by_id(job.job.domain_id or 0))

        return apply

    def apply(self, job: JobContext, stored: StoredDomain) -> dict[str, int]:
        """Apply what is left of a plan; gives how many rows came to what.

        Raises ReviewRequiredError where it is begun again after the account of who approved it has ended.
        """
        plan_id = int(job.payload["plan"])
        with self._database.read() as connection:
            check_counts(connection, plans.required(connection, plan_id))
        wanted = WantedBodies(stored, self._trust_of)
        counts: Counter[str] = Counter((job.cursor or {}).get("counts", {}))
        after = int((job.cursor or {}).get("after", 0))
        while True:
            found = self._batch_of(job, stored, plan_id, wanted, after, counts)
            if found is None:
                return dict(counts)
            after, counts = found

    @retried
    def _batch_of(
        self,
        job: JobContext,
        stored: StoredDomain,
        plan_id: int,
        wanted: WantedBodies,
        after: int,
        before: Counter[str],
    ) -> tuple[int, Counter[str]] | None:
        """Apply the next rows; gives the number of the last one and the counts then, None once the plan is applied."""
        with self._database.write(job.actor) as work:
            plan = plans.required(work.connection, plan_id, lock=True)
            rows = plans.rows_page(work.connection, plan_id, [item.value for item in TO_DO], after, self._batch)
            counts = Counter(before)
            if not rows:
                self._finish(work, plan, counts)
                job.progress(work, counts.total(), cursor={"after": after, "counts": dict(counts)})
                return None
            # Looked at when the job was begun: whoever's account ends while it runs stops nothing.
            with work.as_reviewed(plan.decided_at is not None):
                refused = self._carry_out(work, stored, plan, wanted, rows)
            done = [row.number for row in rows if row.number not in refused]
            plans.mark_done(work, plan_id, done)
            plans.refuse(work, plan_id, {number: list(map(reason_json, why)) for number, why in refused.items()})
            counts.update(row.verdict for row in rows if row.number not in refused)
            counts[RowVerdict.REFUSED.value] += len(refused)
            after = rows[-1].number
            job.progress(work, counts.total(), cursor={"after": after, "counts": dict(counts)})
        return after, counts

    def _carry_out(
        self, work: UnitOfWork, stored: StoredDomain, plan: PlanRow, wanted: WantedBodies, rows: Sequence[PlannedRow]
    ) -> dict[int, Sequence[Reason]]:
        """Apply rows; those that were refused, with the reasons."""
        if plan.kind == PlanKind.REPLACE:
            return Replacer(self._database, stored, self._trust_of(stored.domain)).apply(work, plan, rows)
        wanted.look_anew(work.now)
        present = HeldBodies(work, stored).of([_key(row) for row in rows])
        refused: dict[int, Sequence[Reason]] = {}
        ready: dict[int, WantedParticipant] = {}
        for row in rows:
            held = present.get(_key(row))
            if (digest_of(held) if held is not None else "") != row.before_digest:
                refused[row.number] = (changed_meanwhile(),)
            elif row.verdict == RowVerdict.REMOVED:
                if (why := self._remove(work, stored, row)) is not None:
                    refused[row.number] = why
            else:
                try:
                    ready[row.number] = wanted.read(work.connection, unpacked(row.after or b""))
                except ValidationError as error:
                    refused[row.number] = error.reasons
        results = self._bulk.put_all(work, stored, list(ready.values()))
        for number, result in zip(ready, results, strict=True):
            if result.error is not None:
                refused[number] = reasons_of(result.error)
        return refused

    def _remove(self, work: UnitOfWork, stored: StoredDomain, row: PlannedRow) -> Sequence[Reason] | None:
        actor = Actor(work.actor, work.request_id)
        scheme, value_key = _key(row)
        held = service_groups.find(work.connection, stored.id, scheme, value_key)
        participant = ParticipantIdentifier(scheme, value_key) if held is None else held.participant
        try:
            self._publishing.delete_service_group(actor, stored, participant)
        except TechnicalError:
            raise
        except RegistryError as error:
            return reasons_of(error)
        return None

    def _finish(self, work: UnitOfWork, plan: PlanRow, counts: Mapping[str, int]) -> None:
        told = dict(plan.counts)
        told["done"] = sum(counts.get(verdict.value, 0) for verdict in TO_DO)
        for verdict in TO_DO:
            told[verdict.value] = counts.get(verdict.value, 0)
        told[RowVerdict.REFUSED.value] = told.get(RowVerdict.REFUSED.value, 0) + counts.get(RowVerdict.REFUSED.value, 0)
        plans.change(work, plan.id, state=PlanState.APPLIED.value, counts=told)
        record(work, "plans:plan:applied", f"plan:{plan.id}", domain_id=plan.domain_id, after={"counts": told})


def _again(work: UnitOfWork, plan: PlanRow) -> int:
    """The job of a plan that is applied at present: begun anew where it had failed or was cancelled."""
    assert plan.job_id is not None  # noqa: S101  # the caller has looked
    job = queue.get(work, plan.job_id)
    if job.state in (JobState.FAILED, JobState.CANCELLED):
        check_counts(work.connection, plan)
        queue.retry(work, job.id)
    return job.id


def _key(row: PlannedRow) -> Key:
    scheme, _, value = row.key.partition("::")
    return scheme, value
