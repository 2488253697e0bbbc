# SPDX-License-Identifier: Apache-2.0
"""Refuses what others write to a domain in standby; whatever is written passes here, since it leaves an event.

A domain that moves in from another registry is read here and changed there, until its cutover. What the move itself
writes says so (`UnitOfWork.moves_in`). What only time does, and what merely reminds, goes on.
"""

from registry.errors import ConflictError
from registry.storage.queries import standby
from registry.storage.unit_of_work import UnitOfWork

_GUARDED = ("smp:service-group:", "smp:service-metadata:", "smp:business-card:", "smp:access-point:", "sml:")
_OF_TIME = (":expire", ":remind")


def refuse_in_standby(work: UnitOfWork, tag: str, domain_id: int | None) -> None:
    """Raises ConflictError where an event with this tag is of a domain in standby and not of its move.

    A domain is asked for once in a transaction. On PostgreSQL one that began before the domain went into standby may
    not see it: `registry.move_in.standby.enter` waits for the end of those.
    """
    if domain_id is None or work.moves_in or domain_id in work.domains_seen_open:
        return
    if not tag.startswith(_GUARDED) or tag.endswith(_OF_TIME):
        return
    if standby.is_in_standby(work.connection, domain_id):
        raise ConflictError("the domain is moving in; writes go to the old system until the cutover")
    work.domains_seen_open.add(domain_id)
