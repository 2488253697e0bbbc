# SPDX-License-Identifier: Apache-2.0
"""Counts registrations against a quota, no further than it takes to know."""

from sqlalchemy import ColumnElement, func, select, true

from registry.storage.tables import domain, registration
from registry.storage.unit_of_work import UnitOfWork


def hold_domain(work: UnitOfWork, domain_id: int) -> None:
    """Let nobody else count in a domain until the transaction ends; SQLite has one writer anyway.

    Who only refers to the domain, as every row of it does, isn't kept waiting.
    """
    query = select(domain.c.id).where(domain.c.id == domain_id)
    work.connection.execute(query.with_for_update(key_share=True))


def has_room(
    work: UnitOfWork, most: int, count: int, *, domain_id: int | None = None, publisher_id: int | None = None
) -> bool:
    """Whether `count` registrations more of a domain, or of a publisher, are at most `most`."""
    c = registration.c
    mine = c.domain_id == domain_id if publisher_id is None else c.publisher_id == publisher_id
    left = most - count
    if left < 0:
        return False
    # There are no more of them than numbers from the first to the last, which are found without counting. No index has
    # those of a domain in order: there it is all numbers that were ever given.
    if _span(work, true() if publisher_id is None else mine) <= left:
        return True
    some = select(c.id).where(mine).limit(left + 1).subquery()
    return int(work.connection.execute(select(func.count()).select_from(some)).scalar_one()) <= left


def _span(work: UnitOfWork, mine: ColumnElement[bool]) -> int:
    """How many numbers there are from the least to the greatest; 0 where there is no registration."""
    ends = (select(end(registration.c.id)).where(mine).scalar_subquery() for end in (func.min, func.max))
    first, last = work.connection.execute(select(*ends)).one()
    return 0 if last is None else int(last - first + 1)
