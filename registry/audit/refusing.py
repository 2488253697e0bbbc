# SPDX-License-Identifier: Apache-2.0
"""Refuses what a domain doesn't take at present; whatever is written passes here, since it leaves an event.

In standby it is moving in from another registry: read here and changed there, until its cutover. What the move itself
writes says so (`UnitOfWork.moves_in`). What only time does, and what merely reminds, goes on.

Where it wants a review, nothing that is published changes by one person's hand (ADR 0091). What somebody else has
approved says so (`UnitOfWork.as_reviewed`), and so does what is tried and taken back. Who may do what, whose a
participant is, and what is registered is no content.
"""

from registry.errors import ConflictError, ReviewRequiredError
from registry.storage.queries import standby
from registry.storage.unit_of_work import UnitOfWork

_PUBLISHED = ("smp:service-group:", "smp:service-metadata:", "smp:business-card:", "smp:access-point:")
_GUARDED = (*_PUBLISHED, "sml:")
_OF_TIME = (":expire", ":remind")
_OF_OWNERS = ("move", "grant-")


def check_domain(work: UnitOfWork, tag: str, domain_id: int | None) -> None:
    """Raises ConflictError where an event with this tag is of a domain in standby and not of its move, and
    ReviewRequiredError where it tells of what nobody else has looked at.

    A domain is asked for once in a transaction. On PostgreSQL one that began before the domain went into standby may
    not see it: `registry.move_in.standby.enter` waits for the end of those. Before a domain wants a review, too, writes
    that are under way may end.
    """
    if domain_id is None or work.moves_in or not tag.startswith(_GUARDED) or tag.endswith(_OF_TIME):
        return
    state = work.domains_seen.get(domain_id)
    if state is None:
        state = work.domains_seen[domain_id] = standby.state_of(work.connection, domain_id)
    moves_in, wants_review = state
    if moves_in:
        raise ConflictError("the domain is moving in; writes go to the old system until the cutover")
    of_owners = tag.rpartition(":")[2].startswith(_OF_OWNERS)
    if wants_review and not work.reviewed and tag.startswith(_PUBLISHED) and not of_owners:
        raise ReviewRequiredError
