# SPDX-License-Identifier: Apache-2.0
"""Records what was done. Tags are ``source:subject:action``, as in ``sml:registration:create``."""

from collections.abc import Iterable
from typing import Any

from registry.storage.queries import events
from registry.storage.unit_of_work import Topic, UnitOfWork

_TOPICS = {
    "accounts": (Topic.ACCOUNTS,),
    "dns": (Topic.ZONES,),
    "domains": (Topic.DOMAINS, Topic.DOCUMENTS),
    "jobs": (Topic.JOBS,),
    "smp": (Topic.DOCUMENTS,),
}
"""What has changed where a source has written; the zone journal tells of its own."""


def record(
    work: UnitOfWork,
    tag: str,
    subject: str,
    *,
    domain_id: int | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Add one event; `before` and `after` are JSON values, None where there was or is nothing."""
    record_many(work, tag, [(subject, before, after)], domain_id=domain_id)


def record_many(
    work: UnitOfWork, tag: str, changes: Iterable[tuple[str, Any, Any]], *, domain_id: int | None = None
) -> None:
    """Add an event for each (subject, before, after); all share actor and request id."""
    source = tag.partition(":")[0]
    work.tell(Topic.EVENTS, *_TOPICS.get(source, ()))
    events.append(
        work.connection,
        [
            {
                "at": work.now,
                "actor": work.actor,
                "request_id": work.request_id,
                "tag": tag,
                "domain_id": domain_id,
                "subject": subject,
                "before": before,
                "after": after,
            }
            for subject, before, after in changes
        ],
    )
