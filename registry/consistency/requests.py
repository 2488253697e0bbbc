# SPDX-License-Identifier: Apache-2.0
"""Asks for a check as a job, whoever wants one: REST, the SML's admin service, a schedule."""

from registry.consistency.run import KIND, Wanted
from registry.errors import ConflictError
from registry.jobs.queue import enqueue
from registry.storage.domain_directory import StoredDomain
from registry.storage.unit_of_work import UnitOfWork


def request_check(
    work: UnitOfWork, stored: StoredDomain, wanted: Wanted | None = None, *, account_id: int | None = None
) -> int:
    """Have a domain checked in the background, and repaired where that is wanted; returns the job's id.

    Of the same check for the same domain there is one at a time: who asks meanwhile gets that one's id.

    Raises ConflictError where this instance is not the SML of the domain.
    """
    if not stored.domain.sml.enabled or stored.zone_id is None:
        raise ConflictError(f"this instance is not the SML of the domain {stored.domain.name}")
    chosen = wanted or Wanted()
    areas = "+".join(chosen.areas)
    key = None if chosen.repair else f"{KIND}:{stored.id}:{areas}:{chosen.samples}"
    return enqueue(work, KIND, chosen.to_json(), key=key, domain_id=stored.id, account_id=account_id)
