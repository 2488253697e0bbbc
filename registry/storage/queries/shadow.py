# SPDX-License-Identifier: Apache-2.0
"""What there is to ask two systems about: what was moved, and what is here without having been."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, or_, select

from registry.storage.tables import moved_record, service_group

_TOGETHER = 50


def known(connection: Connection, number: int, kind: str, keys: Sequence[tuple[int, str]]) -> set[str]:
    """Which of these keys, each with its part, the ledger of a move has."""
    c = moved_record.c
    found: set[str] = set()
    for start in range(0, len(keys), _TOGETHER):
        # Each alternative in full, so that SQLite finds each in the index.
        some = keys[start : start + _TOGETHER]
        which = (and_(c.move_in_id == number, c.kind == kind, c.part == part, c.key == key) for part, key in some)
        found |= set(connection.execute(select(c.key).where(or_(*which))).scalars())
    return found


def last_group(connection: Connection, domain_id: int) -> int:
    """The greatest id of a domain's service groups; 0 where it has none."""
    query = select(func.max(service_group.c.id)).where(service_group.c.domain_id == domain_id)
    return int(connection.execute(query).scalar() or 0)
