# SPDX-License-Identifier: Apache-2.0
"""A plan of one participant, made of a write: what that would publish is tried, taken back and kept (ADR 0091).

So whatever can be written of a participant can be proposed, by the same use cases and with the same refusals.
"""

from collections.abc import Callable, Sequence
from typing import Any

from registry.audit.events import record
from registry.errors import ConflictError
from registry.identifiers.participant import ParticipantIdentifier
from registry.plans.held import HeldBodies
from registry.plans.model import LASTS, PlanKind, PlanOptions, PlanState, RowVerdict, digest_of, packed
from registry.plans.reviewing import submit
from registry.sml.candidates import Key
from registry.sml.interventions.model import Operator
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database, retried
from registry.storage.queries import plans, service_groups, standby
from registry.storage.queries.plans import PlannedRow
from registry.storage.unit_of_work import UnitOfWork

Change = Callable[[UnitOfWork], Sequence[str]]
"""Writes of a participant; gives what is worth knowing."""


class _TakenBackError(Exception):
    """Ends what was only tried."""


@retried
def propose(
    database: Database, by: Operator, stored: StoredDomain, participant: ParticipantIdentifier, change: Change
) -> int:
    """The number of a plan of what `change` would publish; submitted where the domain wants a review.

    Raises what `change` raises, and ConflictError where that changes nothing.
    """
    with database.write(by.actor) as work:
        key: Key = (participant.scheme, stored.domain.identifiers.participant_key(participant))
        service_groups.lock_participant(work, stored.id, *key)
        before = HeldBodies(work, stored).of([key]).get(key)
        after, notes = _tried(database, by, stored, key, change)
        if after == before:
            raise ConflictError("nothing would change")
        row = _row(key, participant, before, after, notes)
        counts = {verdict.value: int(verdict == row.verdict) for verdict in RowVerdict}
        values = {
            "domain_id": stored.id,
            "kind": PlanKind.PROPOSAL.value,
            "state": PlanState.PLANNED.value,
            "source": "",  # the audit's events of plans are in clear, and a participant may be a person
            "digest": "",
            "options": PlanOptions().to_json(),
            "counts": {**counts, "held": service_groups.count(work.connection, stored.id), "done": 0},
            "base_event": plans.last_event(work.connection),
            "expires_at": work.now + LASTS,
        }
        plan_id = plans.add(work, values)
        plans.add_rows(work, plan_id, [row])
        told = {"kind": PlanKind.PROPOSAL.value}
        record(work, "plans:plan:create", f"plan:{plan_id}", domain_id=stored.id, after=told)
        if by.account_id is not None and standby.wants_review(work.connection, stored.id):
            submit(database, by, plan_id)
    return plan_id


def _tried(
    database: Database, by: Operator, stored: StoredDomain, key: Key, change: Change
) -> tuple[dict[str, Any] | None, Sequence[str]]:
    """What the participant would say, None where it would be gone; and what is worth knowing."""
    after: dict[str, Any] | None = None
    notes: Sequence[str] = ()
    try:
        with database.write(by.actor) as part:
            with part.as_reviewed():
                notes = change(part)
            after = HeldBodies(part, stored).of([key]).get(key)
            raise _TakenBackError
    except _TakenBackError:
        return after, notes


def _row(
    key: Key,
    participant: ParticipantIdentifier,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    notes: Sequence[str],
) -> PlannedRow:
    verdict = RowVerdict.CHANGED if before is not None else RowVerdict.ADDED
    return PlannedRow(
        1,
        0,
        "::".join(key),
        str(participant)[:500],
        (RowVerdict.REMOVED if after is None else verdict).value,
        notes=tuple(notes),
        before_digest="" if before is None else digest_of(before),
        before=None if before is None else packed(before),
        after=None if after is None else packed(after),
    )
