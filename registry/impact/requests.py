# SPDX-License-Identifier: Apache-2.0
"""Asks for a comparison of trust models on all that a domain holds, as a job: a schedule does, and whoever plans."""

from typing import Any, Final

from registry.jobs.queue import enqueue
from registry.storage.domain_directory import StoredDomain
from registry.storage.unit_of_work import UnitOfWork

KIND: Final = "trust-impact"
"""The kind of a job that does this."""
DAYS: Final = 90
"""How far it looks ahead where nobody says how far."""


def request_impact(
    work: UnitOfWork,
    stored: StoredDomain,
    document: dict[str, Any] | None,
    address: str,
    days: int = DAYS,
    *,
    account_id: int | None = None,
) -> int:
    """Have a domain's trust model compared with the one in `document`, whose address is `address`; the job's id.

    `document` is as JSON has it, its certificates in it; None: what is planned, or else the model in force itself. Of
    the same comparison there is one at a time: who asks meanwhile gets that one's id.
    """
    payload = {"configuration": document, "days": days}
    key = f"{KIND}:{stored.id}:{address}:{days}"
    return enqueue(work, KIND, payload, key=key, domain_id=stored.id, account_id=account_id)
