# SPDX-License-Identifier: Apache-2.0
"""What two systems are asked about: all that the ledger of a move has, and what is here besides.

The parts of a ledger are mixed by a hash and taken in any order, as names in a zone are hashes: so the first thousand
questions of a pass are a fair sample. Pages are read in transactions of their own, since a pass may take hours.
"""

import random
from collections.abc import Collection, Iterator
from itertools import zip_longest
from typing import Final, TypeVar

from registry.dns.records import APEX
from registry.domains.dns_profile import DnsProfile
from registry.errors import ValidationError
from registry.identifiers.dns_names import legacy_cname_owner, participant_owner
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.model import Kind, Verdict, part_of
from registry.move_in.shadow.dns import Record
from registry.move_in.shadow.smp import Asked
from registry.move_in.sml_records import participant_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import move_ins, service_groups, shadow, zone_views, zones

_PARTS_AT_ONCE: Final = 4
_PAGE: Final = 250
_OF_THE_APEX: Final = frozenset({"SOA", "NS"})
T = TypeVar("T")


def smp_questions(database: Database, stored: StoredDomain, move: int | None, chance: random.Random) -> Iterator[Asked]:
    """One pass over the participants of a move, and those that a domain has without it."""
    ours = _participants_here(database, stored, move, chance)
    if move is None:
        yield from ours
        return
    moved = (
        Asked(participant, is_refused=verdict == Verdict.REFUSED.value)
        for key, verdict in _ledger(database, move, Kind.PARTICIPANT, chance)
        if (participant := _participant(key)) is not None
    )
    yield from _in_turns(moved, ours)


def dns_questions(
    database: Database, stored: StoredDomain, move: int | None, sub_domains: Collection[str], chance: random.Random
) -> Iterator[Record]:
    """One pass over the names of all registrations that a move brings into a domain, and all that its zone holds.

    `sub_domains` are those of the old system that go into the domain. What servers say of themselves isn't asked: SOA
    and NS of the zone itself.
    """
    held = _zone_here(database, stored)
    if move is None:
        yield from held
        return
    moved = (
        record
        for key, _ in _ledger(database, move, Kind.REGISTRATION, chance)
        if (found := participant_of(key))[0] in sub_domains
        for record in _records_of(found[1], stored.domain.dns)
    )
    yield from _in_turns(moved, held)


def _ledger(database: Database, move: int, kind: Kind, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Keys and verdicts, part by part, the parts in any order."""
    with database.read() as connection:
        parts = sorted(part for found, part in move_ins.held_parts(connection, move) if found == kind)
    chance.shuffle(parts)
    for start in range(0, len(parts), _PARTS_AT_ONCE):
        with database.read() as connection:
            held = move_ins.held(connection, move, kind, parts[start : start + _PARTS_AT_ONCE])
        yield from ((key, row.verdict) for key, row in held.items())


def _participants_here(
    database: Database, stored: StoredDomain, move: int | None, chance: random.Random
) -> Iterator[Asked]:
    """The participants of a domain that a move doesn't know, beginning anywhere."""
    with database.read() as connection:
        last = shadow.last_group(connection, stored.id)
    begin = chance.randint(0, last)
    for start, end in ((begin, last), (0, begin)):
        after = start
        while after < end:
            with database.read() as connection:
                rows = [row for row in service_groups.page(connection, stored.id, after, _PAGE) if row.id <= end]
                keys = [] if move is None else [(part_of(key), key) for key in (str(row.participant) for row in rows)]
                moved = shadow.known(connection, move or 0, Kind.PARTICIPANT, keys)
            yield from (Asked(row.participant) for row in rows if str(row.participant) not in moved)
            after = rows[-1].id if rows else end


def _zone_here(database: Database, stored: StoredDomain) -> Iterator[Record]:
    with database.read() as connection:
        zone = zones.of_domain(connection, stored.id)
    after = ("", "")
    while zone is not None:
        with database.read() as connection:
            rows = zone_views.rrsets(connection, zone.id, None, after, _PAGE)
        if not rows:
            return
        yield from (record for row in rows if (record := _record_of(row, zone.name, stored.domain.dns)) is not None)
        after = (rows[-1].owner, rows[-1].rdtype)


def _record_of(row: zone_views.RRsetView, zone: str, dns: DnsProfile) -> Record | None:
    """What is asked because of a record set here; None for what an old server needn't have."""
    if row.owner == APEX:
        return None if row.rdtype in _OF_THE_APEX else Record(zone, row.rdtype)
    target = f".{dns.naptr_label}"
    if dns.publisher_indirection and row.owner.endswith(target):
        return None
    # The alias of a participant is our way to say what the old server says with its records.
    is_participant = row.rdtype == "CNAME" and row.content.removesuffix(".").endswith(f"{target}.{zone}")
    return Record(f"{row.owner}.{zone}", "NAPTR" if is_participant else row.rdtype)


def _participant(key: str) -> ParticipantIdentifier | None:
    try:
        return ParticipantIdentifier.parse(key, scheme_optional=True)
    except ValidationError:
        return None  # nobody can ask for it, of either system


def _records_of(participant: ParticipantIdentifier, dns: DnsProfile) -> Iterator[Record]:
    try:
        yield Record(f"{participant_owner(participant, dns.name_form)}.{dns.zone}", "NAPTR")
        if dns.legacy_cname and not participant.is_wildcard:
            yield Record(f"{legacy_cname_owner(participant, dns.name_form)}.{dns.zone}", "CNAME")
    except ValidationError:
        return  # it can't have a name, of either system


def _in_turns(*sources: Iterator[T]) -> Iterator[T]:
    """One of each in turn, until all have ended."""
    for together in zip_longest(*sources):
        yield from (each for each in together if each is not None)
