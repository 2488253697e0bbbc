# SPDX-License-Identifier: Apache-2.0
"""What campaigns count: participants that offer a document type and not another, names that lead through a zone.

Participants are counted by the database, so many by one statement, and each portion can be a read of its own: what a
count needs of memory is a row for each owner group, or SMP.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from registry.storage.tables import (
    access_point,
    account,
    owner_group,
    process,
    process_metadata,
    registration,
    role_grant,
    service,
    service_group,
    zone_rrset,
)

PORTION = 50_000
"""Participants, or registrations, that are counted by one statement."""
_IN = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """A document type by scheme and value as it compares, perhaps for one process only."""

    scheme: str
    value_key: str
    process: tuple[str, str] | None = None
    """Scheme and value."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be offered in place of what; with `only_new` the old one is to go."""

    old: Offer
    new: Offer
    only_new: bool


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """An owner group."""

    id: int
    name: str
    description: str


Counted = dict[int | None, tuple[int, int]]
"""By number, None for none: how many there are, and how many of them are late."""


def offers(connection: Connection, domain_id: int, wanted: Wanted, after: int) -> tuple[Counted, int]:
    """The next participants behind an id that offer either, by owner group; and the last id, 0 at the end."""
    c = service_group.c
    last = _last(connection, select(c.id).where(c.domain_id == domain_id, c.id > after).order_by(c.id))
    late = case((_late(wanted), 1), else_=0)
    either = or_(_offered(wanted.old), _offered(wanted.new))
    query = (
        select(c.owner_group_id, func.count(), func.sum(late))
        .where(c.domain_id == domain_id, c.id > after, c.id <= last, either)
        .group_by(c.owner_group_id)
    )
    return _counted(connection, query) if last else {}, last


def late_offers(
    connection: Connection, domain_id: int, wanted: Wanted, after: int, size: int
) -> list[tuple[int, str, str, str | None]]:
    """The next participants behind an id that are late: id, scheme, value, and the name of their owner group."""
    c = service_group.c
    query = (
        select(c.id, c.scheme, c.value, owner_group.c.name)
        .outerjoin_from(service_group, owner_group, owner_group.c.id == c.owner_group_id)
        .where(c.domain_id == domain_id, c.id > after, _late(wanted))
        .order_by(c.id)
        .limit(size)
    )
    return [(int(number), scheme, value, name) for number, scheme, value, name in connection.execute(query)]


def groups(connection: Connection, domain_id: int) -> dict[int, NamedGroup]:
    """The owner groups of a domain."""
    c = owner_group.c
    query = select(c.id, c.name, c.description).where(c.domain_id == domain_id)
    return {row.id: NamedGroup(*row) for row in connection.execute(query)}


def names_through(connection: Connection, domain_id: int, zone_id: int, zone: str, after: int) -> tuple[Counted, int]:
    """The next registrations behind an id, by publisher; late are those whose record sets lead through a zone."""
    c, held = registration.c, zone_rrset.c
    last = _last(connection, select(c.id).where(c.domain_id == domain_id, c.id > after).order_by(c.id))
    through = select(held.owner).where(held.zone_id == zone_id, held.owner == c.label, _names(held.content, zone))
    query = (
        select(c.publisher_id, func.count(), func.sum(case((through.exists(), 1), else_=0)))
        .where(c.domain_id == domain_id, c.id > after, c.id <= last)
        .group_by(c.publisher_id)
    )
    return _counted(connection, query) if last else {}, last


def technical_contacts(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """What access points say of whom to ask, by id."""
    c = access_point.c
    found: dict[int, str] = {}
    for some in _portions(ids):
        rows = connection.execute(select(c.id, c.technical_contact).where(c.id.in_(some)))
        found |= {int(number): str(contact) for number, contact in rows}
    return found


def group_accounts(connection: Connection, ids: Collection[int]) -> list[tuple[int, int, str, str]]:
    """Who may edit the participants of owner groups and has a mail address: group, account, its name, the address."""
    grant, c = role_grant.c, account.c
    found: list[tuple[int, int, str, str]] = []
    for some in _portions(ids):
        query = (
            select(grant.owner_group_id, c.id, c.name, c.email)
            .join(account, c.id == grant.account_id)
            .where(
                grant.owner_group_id.in_(some),
                grant.level == "group",
                grant.role.in_(["editor", "admin"]),
                c.kind == "person",
                c.state == "active",
                c.email != "",
            )
            .distinct()
            .order_by(grant.owner_group_id, c.id)
        )
        found += [(int(group), int(number), name, email) for group, number, name, email in connection.execute(query)]
    return found


def _last(connection: Connection, ids: Select[int]) -> int:
    """The last of the next portion of ids, 0 where there are none."""
    portion = ids.limit(PORTION).subquery()
    return int(connection.execute(select(func.max(portion.c.id))).scalar() or 0)


def _counted(connection: Connection, query: Select[int | None, int, int]) -> Counted:
    return {number: (int(total), int(late or 0)) for number, total, late in connection.execute(query)}


def _late(wanted: Wanted) -> ColumnElement[bool]:
    old, new = _offered(wanted.old), _offered(wanted.new)
    return old if wanted.only_new else and_(old, ~new)


def _offered(offer: Offer) -> ColumnElement[bool]:
    c = service.c
    query = select(c.id).where(
        c.service_group_id == service_group.c.id, c.scheme == offer.scheme, c.value_key == offer.value_key
    )
    if offer.process is not None:
        scheme, value = offer.process
        query = (
            query.join(process_metadata, process_metadata.c.service_id == c.id)
            .join(process, process.c.process_metadata_id == process_metadata.c.id)
            .where(process.c.scheme == scheme, process.c.value == value)
        )
    return query.correlate(service_group).exists()


def _names(content: ColumnElement[str], zone: str) -> ColumnElement[bool]:
    """Whether records name something below a zone: a target with a dot at its end, or a host in a URL."""
    found = (content.contains(f".{zone}{end}", autoescape=True) for end in (".", "/", ":", "!"))
    return or_(*found)


def _portions(ids: Collection[int]) -> list[list[int]]:
    every = sorted(ids)
    return [every[start : start + _IN] for start in range(0, len(every), _IN)]
