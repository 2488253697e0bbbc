# SPDX-License-Identifier: Apache-2.0
"""Gives what one SMP has to another one, on an order reference and without the first one's key; and takes it back.

Of a transfer the runs of ids are kept that moved, between which the taker had nothing. So it can be told later what of
all that the taker has was moved: what is in a run and unchanged since. Whatever changed since stays where it is.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from registry.audit.events import record
from registry.errors import ConflictError, ValidationError
from registry.identifiers.participant import WILDCARD
from registry.jobs.queue import enqueue
from registry.sml.bulk import AT_ONCE
from registry.sml.errors import some_of
from registry.sml.interventions.finding import lock_publisher, publisher_named, registered
from registry.sml.interventions.model import Applied, Done, Plan, Wanted
from registry.sml.publishers import Publishers
from registry.sml.registration import Registrar, participant_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import interventions, migrations, publishers
from registry.storage.queries.interventions import Holding
from registry.storage.queries.jobs import UNFINISHED, JobState
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import Connection, UnitOfWork

TRANSFER_BACK = "sml-transfer-back"
PART = 1_000
"""Registrations that are given back in one transaction, each with an event of its own."""
LOOKED_AT = 50_000
"""Registrations that are looked at together to count what would come back."""


class Transfer:
    """Gives all participants of an SMP, or those that are named, to another one."""

    needs = frozenset({"smp_id", "to_smp_id", "order_reference"})
    takes = frozenset({"participants"})

    def __init__(self, bulk: Publishers, registrar: Registrar) -> None:
        self._publishers = bulk
        self._registrar = registrar

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        """What would move, and what would end. Raises NotFoundError, ConflictError, ValidationError."""
        giver = publisher_named(connection, stored, wanted.smp_id)
        taker = publisher_named(connection, stored, wanted.to_smp_id)
        if giver.id == taker.id:
            raise ValidationError.of("INTERVENTION-SAME-SMP", "an SMP can't be its own heir")
        if taker.suspended:
            raise ConflictError(f"the SMP {taker.smp_id} is suspended: nobody would be found there")
        if wanted.participants:
            rows = _owned(connection, stored, giver, wanted)
            moving = Holding(
                len(rows),
                sum(row.suspended for row in rows),
                sum(row.services is not None for row in rows),
                tuple(row.scheme for row in rows if row.value_key == WILDCARD),
            )
            ending = len(migrations.open_of(connection, [row.id for row in rows], now))
        else:
            moving = interventions.holding(connection, giver.id, WILDCARD)
            ending = migrations.number_open(connection, giver.id, now)
        if not moving.participants:
            raise ConflictError(f"the SMP {giver.smp_id} has no participants")
        _check_wildcards(stored, taker, moving.wildcard_schemes)
        there = publishers.registrations_of(connection, taker.id)
        counts = {
            "participants": moving.participants,
            "wildcards": len(moving.wildcard_schemes),
            "suspended": moving.suspended,
            "with_services": moving.with_services,
            "migrations": ending,
            "there": there,
        }
        return Plan(counts, tuple(_notes(stored, giver, taker, counts)))

    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied:
        """Do it; many participants by a job."""
        giver, taker = _locked(
            work,
            publisher_named(work.connection, stored, wanted.smp_id).id,
            publisher_named(work.connection, stored, wanted.to_smp_id).id,
        )
        job_id, moved = None, publishers.registrations_of(work.connection, giver.id)
        if wanted.participants:
            rows = _owned(work.connection, stored, giver, wanted, lock=True)
            runs, moved = [(row.id, row.id) for row in sorted(rows, key=lambda row: row.id)], len(rows)
            self._registrar.move(work, stored, rows, taker)
        else:
            runs = interventions.runs(work.connection, giver.id, taker.id)
            job_id = self._publishers.bulk.transfer(work, stored, giver, taker)
        after = {"to_smp_id": taker.smp_id, "order_reference": wanted.order_reference, "intervention": number}
        record(work, "sml:publisher:transfer", giver.smp_id, domain_id=stored.id, after=after)
        before = {"from": giver.id, "to": taker.id, "runs": [list(run) for run in runs], "moved": moved}
        return Applied(before, job_id)

    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan:
        """What would come back, and what doesn't. Raises ConflictError where that is nothing, or isn't known yet."""
        return self._plan_undo(connection, stored, done, lock=False)

    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied:
        """Give back what is as the transfer left it; much by a job."""
        plan = self._plan_undo(work.connection, stored, done, lock=True)
        giver, taker = _locked(work, done.before["from"], done.before["to"])
        after = {"from_smp_id": taker.smp_id, "participants": plan.counts["participants"], "intervention": number}
        record(work, "sml:publisher:transfer-back", giver.smp_id, domain_id=stored.id, after=after)
        if plan.counts["participants"] > AT_ONCE:
            payload = {"intervention": done.number, "until": done.ended_at.isoformat()}
            total = plan.counts["participants"]
            return Applied(job_id=enqueue(work, TRANSFER_BACK, payload, domain_id=stored.id, total=total))
        after_id = 0
        while (part := self.give_back(work, stored, done, after_id)) is not None:
            after_id = part[0]
        return Applied()

    def give_back(self, work: UnitOfWork, stored: StoredDomain, done: Done, after_id: int) -> tuple[int, int] | None:
        """Give the next registrations back; the last id that was looked at, and how many. None: there are no more."""
        giver, taker = _locked(work, done.before["from"], done.before["to"])
        ids = next(_moved(work.connection, taker.id, done, after_id, PART), None)
        if ids is None:
            return None
        last, moved = ids
        rows = interventions.registrations_by_id(work.connection, stored.id, moved, lock=True)
        mine = [row for row in rows if row.publisher_id == taker.id]
        if mine:
            self._registrar.move(work, stored, mine, giver)
        return last, len(mine)

    def _plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, *, lock: bool) -> Plan:
        job = None if done.job_id is None else interventions.job_end(connection, done.job_id, lock=lock)
        if job is not None and job.state in UNFINISHED:
            raise ConflictError(f"job {done.job_id} is still at it: wait for its end, or cancel it")
        ids = done.before["from"], done.before["to"]
        giver, taker = (publishers.by_id(connection, publisher_id) for publisher_id in ids)
        if giver is None or giver.removing:
            raise ConflictError("the SMP that it was taken from isn't there any more")
        if taker is None:
            raise ConflictError("the SMP that it was given to isn't there any more")
        back = sum(len(moved) for _, moved in _moved(connection, taker.id, done, 0, LOOKED_AT))
        broken_off = job is not None and job.state != JobState.DONE
        if broken_off:
            return Plan({"participants": back}, ("the job was broken off, and can't be begun anew then",))
        if not back:
            raise ConflictError("nothing is left as the transfer left it")
        left = max(done.before["moved"] - back, 0)
        notes = ["migrations that the transfer ended stay ended: they have to be prepared anew"]
        notes += [f"{left} stay where they are: changed, moved on or deregistered since"] if left else []
        return Plan({"participants": back, "left": left}, tuple(notes))


def _moved(
    connection: Connection, taker_id: int, done: Done, after_id: int, size: int
) -> Iterator[tuple[int, list[int]]]:
    """Parts of what the taker has: the last id that was looked at, and those that the transfer gave it."""
    while ids := interventions.unchanged_after(connection, taker_id, after_id, size, done.ended_at):
        yield ids[-1], in_runs(done.before["runs"], ids)
        after_id = ids[-1]


def in_runs(runs: Sequence[Sequence[int]], ids: Iterable[int]) -> list[int]:
    """Those of these ids that are in one of the runs, which are in order and have a first and a last id."""
    found = ((number, bisect_right(runs, number, key=lambda run: run[0]) - 1) for number in ids)
    return [number for number, run in found if run >= 0 and number <= runs[run][1]]


def _locked(work: UnitOfWork, giver_id: int, taker_id: int) -> tuple[PublisherRow, PublisherRow]:
    """Both, taken in the order of their ids, so that two transfers don't wait for each other."""
    rows = {publisher_id: lock_publisher(work, publisher_id) for publisher_id in sorted({giver_id, taker_id})}
    return rows[giver_id], rows[taker_id]


def _owned(
    connection: Connection, stored: StoredDomain, giver: PublisherRow, wanted: Wanted, *, lock: bool = False
) -> list[RegistrationRow]:
    rows = registered(connection, stored, wanted.participants, lock=lock)
    if others := [str(participant_of(row)) for row in rows if row.publisher_id != giver.id]:
        raise ConflictError(f"not of the SMP {giver.smp_id}: {some_of(others)}")
    return rows


def _check_wildcards(stored: StoredDomain, taker: PublisherRow, schemes: Sequence[str]) -> None:
    owners = stored.domain.sml.wildcard_owners
    refused = [
        scheme for scheme in schemes if taker.smp_id.lower() not in {each.lower() for each in owners.get(scheme, ())}
    ]
    if refused:
        message = f"sml.wildcard_owners of the domain does not name {taker.smp_id} for {some_of(refused)}"
        raise ValidationError.of("SML-WILDCARD-OWNER", message)


def _notes(stored: StoredDomain, giver: PublisherRow, taker: PublisherRow, counts: Mapping[str, int]) -> Iterator[str]:
    moving, most = counts["participants"], stored.domain.sml.max_participants_per_publisher
    if counts["migrations"]:
        yield "open migrations end, and their keys mean nothing any more"
    if counts["suspended"]:
        yield "participants that are suspended stay so"
    if giver.suspended:
        yield f"the SMP {giver.smp_id} is suspended; what moves is found again"
    if most and counts["there"] + moving > most:
        yield f"the SMP {taker.smp_id} then has more than sml.max_participants_per_publisher ({most})"
    if moving > AT_ONCE:
        yield "a job does it, in parts"
