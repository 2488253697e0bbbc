# SPDX-License-Identifier: Apache-2.0
"""Reads whose certificates a domain holds, and how many participants need whom."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from registry.domains.domain import Domain
from registry.impact.holdings import Holder, Kind, Use
from registry.impact.tallies import Group, HolderId
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import impact
from registry.storage.queries.impact import Shown
from registry.storage.unit_of_work import Connection
from trust_lists.evaluation.trust_configuration.model import Context


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everybody of a domain who shows certificates, and those certificates in DER by SHA-256."""

    holders: tuple[Holder, ...]
    certificates: Mapping[str, bytes]
    registered: Mapping[HolderId, int]
    """How many participants are registered, by publisher."""


@dataclass(frozen=True, slots=True)
class Participants:
    """The published participants of a domain, by what they need."""

    groups: tuple[Group, ...]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(group.count for group in self.groups)

    def behind(self) -> dict[HolderId, int]:
        """How many need each holder."""
        found: Counter[HolderId] = Counter()
        for group in self.groups:
            for need in group.needs:
                found[need] += group.count
        return dict(found)


def read_holdings(connection: Connection, stored: StoredDomain) -> Holdings:
    """Everybody who shows certificates; whoever shows none isn't among them."""
    publishers, registered = _publishers(connection, stored)
    holders = tuple(
        each
        for each in (
            *_access_points(connection, stored),
            *publishers,
            *_signer(connection, stored),
            *_redirects(connection, stored),
        )
        if each.uses
    )
    digests = {use.sha256 for each in holders for use in each.uses}
    return Holdings(holders, impact.certificates(connection, digests), registered)


def count_participants(
    database: Database, domain_id: int, holders: Iterable[Holder], counted: Callable[[int], None]
) -> Participants:
    """The participants by what they need; `counted` is told how many there are so far, after each portion.

    Each portion is a read of its own, so that nobody waits for all of them.
    """
    known = {each.id for each in holders}
    everybody = frozenset(each for each in known if each[0] is Kind.SIGNER)
    found: Counter[frozenset[HolderId]] = Counter()
    after = 0
    while True:
        with database.read() as connection:
            portion, after = impact.needs(connection, domain_id, after)
        if not after:
            return Participants(tuple(Group(needs, count) for needs, count in found.items()))
        for (points, digests), count in portion.items():
            wanted = {(Kind.ACCESS_POINT, str(point)) for point in points}
            wanted |= {(Kind.REDIRECT, digest) for digest in digests}
            found[everybody | (wanted & known)] += count
        counted(found.total())


def _access_points(connection: Connection, stored: StoredDomain) -> Iterator[Holder]:
    """Whoever only stands in for another one later on is told with that one."""
    rows = impact.access_points(connection, stored.id)
    shown = _by_holder(impact.access_point_certificates(connection, stored.id))
    successors = {row.successor_id for row in rows}
    context = _context(stored.domain, stored.domain.smp.smp_id)
    for row in rows:
        if row.id in successors:
            continue
        uses = [each for use in shown.get(row.id, ()) for each in _within(use, None, row.successor_at)]
        if row.successor_id is not None:
            uses += [each for use in shown.get(row.successor_id, ()) for each in _within(use, row.successor_at, None)]
        address = f"{row.address} ({row.transport_profile})"
        yield Holder(Kind.ACCESS_POINT, str(row.id), row.name, address, tuple(dict.fromkeys(uses)), context)


def _publishers(connection: Connection, stored: StoredDomain) -> tuple[list[Holder], dict[HolderId, int]]:
    shown = _by_holder(impact.publisher_certificates(connection, stored.id))
    registered = impact.registrations(connection, stored.id)
    found = []
    for row in impact.publishers(connection, stored.id):
        context = _context(stored.domain, row.smp_id)
        uses = tuple(shown.get(row.id, ()))
        found.append(Holder(Kind.PUBLISHER, str(row.id), row.smp_id, row.address, uses, context))
    return found, {each.id: registered.get(int(each.key), 0) for each in found}


def _signer(connection: Connection, stored: StoredDomain) -> Iterator[Holder]:
    sha256, smp = impact.signing_certificate(connection, stored.id), stored.domain.smp
    if sha256 is not None:
        context = _context(stored.domain, smp.smp_id)
        yield Holder(Kind.SIGNER, sha256, smp.smp_id or "this SMP", smp.base_url or "", (Use(sha256),), context)


def _redirects(connection: Connection, stored: StoredDomain) -> Iterator[Holder]:
    for row in impact.redirects(connection, stored.id):
        context = _context(stored.domain, None)
        yield Holder(Kind.REDIRECT, row.sha256, row.sha256[:16], row.address, (Use(row.sha256),), context)


def _context(domain: Domain, smp_id: str | None) -> dict[Context, str]:
    """What the registry knows wherever it asks about such certificates."""
    return {Context.DOMAIN: domain.name} | ({Context.SMP_ID: smp_id} if smp_id else {})


def _by_holder(rows: Iterable[Shown]) -> dict[int, list[Use]]:
    found: dict[int, list[Use]] = {}
    for row in rows:
        found.setdefault(row.holder_id, []).append(Use(row.sha256, row.since, row.until))
    return found


def _within(use: Use, since: datetime | None, until: datetime | None) -> Iterator[Use]:
    """The part of a use within other bounds, if there is one."""
    start = max((each for each in (use.since, since) if each is not None), default=None)
    end = min((each for each in (use.until, until) if each is not None), default=None)
    if start is None or end is None or start < end:
        yield replace(use, since=start, until=end)
