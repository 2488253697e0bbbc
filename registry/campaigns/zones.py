# SPDX-License-Identifier: Apache-2.0
"""A move of the zone to another name: which name servers serve that, and whose participants' names still lead through
the old one.

Seen is what name servers answer us, and what we serve ourselves. Which name clients and resolvers ask for isn't.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from registry.campaigns.model import INVALID, Census, Member, MemberKind
from registry.dns.zone_status import ServerStatus, ZoneStatus, zone_statuses
from registry.domains.host_name import is_host_name
from registry.errors import ValidationError
from registry.identifiers.text import ascii_lower
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import campaign_counts, publishers
from registry.storage.queries.publishers import PublisherRow

MOST_BEHIND_S = 300.0
"""A name server that lacks changes for so long doesn't serve the zone as it should."""


def target(stored: StoredDomain, said: Mapping[str, Any]) -> dict[str, Any]:
    """The new name as the target, with the present one to move from. Raises ValidationError."""
    if said.keys() - {"zone"} or not isinstance(said.get("zone"), str):
        raise ValidationError.of(INVALID, "the target names the zone to move to")
    name = ascii_lower(said["zone"]).removesuffix(".")
    if not is_host_name(name):
        raise ValidationError.of(INVALID, f"a domain name is wanted, not {name[:300]!r}", "RFC 1035 §2.3.1")
    if stored.zone_id is None:
        raise ValidationError.of(INVALID, "this domain has no zone here")
    if name == stored.domain.dns.zone:
        raise ValidationError.of(INVALID, f"the zone is {name} already: begin the campaign before the move")
    return {"zone": name, "from": stored.domain.dns.zone}


def census(
    database: Database, stored: StoredDomain, shown: Mapping[str, Any], counted: Callable[[int], None]
) -> Census:
    """The members as of now; `stored` as it is now. `counted` is told how many names there are so far."""
    found = _names(database, stored, shown["from"], counted)
    moved = stored.domain.dns.zone == shown["zone"]
    with database.read() as connection:
        rows = [row for row in publishers.of_domain(connection, stored.id) if not row.removing]
    members = [_publisher(row, *found.get(row.id, (0, 0)), shown, moved=moved) for row in rows]
    total = sum(each.participants for each in members)
    done = total - sum(each.late for each in members)
    servers = _servers(zone_statuses(database, [stored]), shown, total)
    return Census([*members, *servers], total, done)


def _names(
    database: Database, stored: StoredDomain, old: str, counted: Callable[[int], None]
) -> dict[int | None, tuple[int, int]]:
    found: dict[int | None, tuple[int, int]] = {}
    after = total = 0
    while stored.zone_id is not None:
        with database.read() as connection:
            portion, after = campaign_counts.names_through(connection, stored.id, stored.zone_id, old, after)
        if not after:
            break
        for publisher, (count, late) in portion.items():
            before = found.get(publisher, (0, 0))
            found[publisher] = (before[0] + count, before[1] + late)
            total += count
        counted(total)
    return found


def _publisher(row: PublisherRow, count: int, late: int, shown: Mapping[str, Any], *, moved: bool) -> Member:
    old, message = shown["from"], ""
    if not moved:
        late, message = count, f"its names are below {old}: the zone has not been switched yet"
    elif _is_below(row.logical_address, old):
        late, message = count, f"its address is below {old}"
    elif late:
        message = f"names of its participants lead through {old}"
    told = {"check": "OLD_NAME", "clause": "", "message": message} if message else None
    address = row.logical_address
    return Member(MemberKind.PUBLISHER, str(row.id), row.smp_id, address, count, late, told is None, told)


def _is_below(address: str, zone: str) -> bool:
    host = ascii_lower(address).partition("://")[2].partition("/")[0].partition(":")[0]
    return host == zone or host.endswith(f".{zone}")


def _servers(statuses: list[ZoneStatus], shown: Mapping[str, Any], total: int) -> Iterator[Member]:
    """Every server of either name, once; what it serves of the new one decides."""
    new = {each.address: each for zone in statuses if zone.name == shown["zone"] for each in zone.servers}
    addresses = {each.address for zone in statuses for each in zone.servers}
    for address in sorted(addresses):
        why = _why_not(new.get(address), shown["zone"])
        told = {"check": "NOT_SERVED", "clause": "", "message": why} if why else None
        late = total if why else 0
        yield Member(MemberKind.NAME_SERVER, address, address, address, total, late, not why, told)


def _why_not(server: ServerStatus | None, zone: str) -> str:
    if server is None:
        return f"it isn't known to serve {zone}"
    if failure := server.failures.get("answer") or server.failures.get("push"):
        return failure
    if server.serial is None:
        return f"it has not answered for {zone} yet"
    if server.behind_s is not None and server.behind_s > MOST_BEHIND_S:
        return f"what it serves of {zone} is old"
    return ""
