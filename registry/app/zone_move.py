# SPDX-License-Identifier: Apache-2.0
"""Moves the zone of a domain to another name, with both names served meanwhile.

*prepare* makes the new name an alias of the zone: SOA and NS of its own, and a DNAME (RFC 6672) that leads each name
below it to the one below the old name. Name servers learn the new zone, the parent delegates it, clients may ask for
either. *switch* changes them with each other in one transaction: the content is below the new name, and the old one
leads there; another switch takes that back. *end* ends the name that only leads: the old one when nobody asks for it
any more, or the new one where it shall not be.

What participants' names say of the zone follows by `Bulk.follow`; until it has, it leads through the old name, which
is right, too. Each name goes on with a serial beyond those of both zones, and without differences: name servers that
have it take the whole zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from registry.app.domain_setup import change_zone_name
from registry.app.instance import Instance
from registry.audit.events import record
from registry.dns.journal import NewState
from registry.dns.records import APEX, RRset, absolute, ns_rrset, soa_rrset
from registry.domains.dns_profile import DnsProfile
from registry.domains.host_name import is_host_name
from registry.errors import ConflictError, NotFoundError, ValidationError
from registry.identifiers.text import ascii_lower
from registry.serials import is_greater
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import publishers, zone_moves, zone_records, zones
from registry.storage.queries.zones import ZoneRow, next_serial
from registry.storage.unit_of_work import Connection, UnitOfWork


class Step(StrEnum):
    """What can be done next."""

    PREPARE = "prepare"
    SWITCH = "switch"
    END = "end"


@dataclass(frozen=True, slots=True)
class ZoneMove:
    """How far a move is. `alias` leads to `zone`, which has the content; None where nothing is under way.

    `steps` are those that can be done now; `notes` say what has to be seen to outside of this instance, or by hand.
    """

    zone: str
    alias: str | None
    registrations: int
    steps: tuple[Step, ...]
    notes: tuple[str, ...]


def zone_move(instance: Instance, stored: StoredDomain) -> ZoneMove:
    """How far the move of a domain's zone is. Raises NotFoundError where the domain has no zone here."""
    zone_id = _zone_id(stored)
    with instance.database.read() as connection:
        alias = zone_moves.alias_of(connection, zone_id)
        count = sum(
            publishers.registrations_of(connection, row.id) for row in publishers.of_domain(connection, stored.id)
        )
        notes = _notes(connection, stored, zone_id, alias)
    steps = (Step.PREPARE,) if alias is None else (Step.SWITCH, Step.END)
    return ZoneMove(stored.domain.dns.zone, None if alias is None else alias.name, count, steps, notes)


def prepare(instance: Instance, actor: Actor, stored: StoredDomain, new: str) -> ZoneMove:
    """Let a new name lead to the zone. Done already, it changes nothing.

    Raises ValidationError for what is no name of a zone, ConflictError where another move is under way or the name is
    taken, or is inside of the zone or around it.
    """
    name, zone_id = ascii_lower(new).removesuffix("."), _zone_id(stored)
    if not is_host_name(name):
        raise ValidationError.of("ZONE-NAME", f"a domain name is wanted, not {new[:300]!r}", "RFC 1035 §2.3.1")
    old = stored.domain.dns.zone
    if f".{name}".endswith(f".{old}") or f".{old}".endswith(f".{name}"):
        raise ConflictError(f"{name} and {old} overlap: a DNAME would lead to itself (RFC 6672 §2.4)")
    with instance.database.write(actor) as work:
        zone_moves.lock(work, zone_id)
        alias = zone_moves.alias_of(work.connection, zone_id)
        if alias is None:
            if zone_moves.id_of(work.connection, name) is not None:
                raise ConflictError(f"there is a zone {name} here already")
            alias_id = zones.add(work, None, name, 0, alias_of=zone_id)
            _lead(instance, work, alias_id, replace(stored.domain.dns, zone=name), old)
            record(work, "dns:zone:move", old, domain_id=stored.id, after={"step": Step.PREPARE, "alias": name})
            instance.catalog.keep(actor)
        elif alias.name != name:
            raise ConflictError(f"the zone is moving already: {alias.name} is its other name; end that first")
    return zone_move(instance, stored)


def switch(instance: Instance, actor: Actor, stored: StoredDomain, name: str) -> ZoneMove:
    """Let a name that leads to the zone have its content, and the other one lead there; or do nothing if it is so.

    Names of participants follow, by a job where they are many. Raises NotFoundError where the name doesn't lead there.
    """
    zone_id, name = _zone_id(stored), ascii_lower(name).removesuffix(".")
    with instance.database.write(actor) as work:
        held = zone_moves.lock(work, zone_id)
        if held.name == name:
            return zone_move(instance, stored)
        alias = zone_moves.lock(work, _alias(work.connection, stored, zone_id, name).id)  # its serial goes up no more
        before, after = stored.domain.dns, replace(stored.domain.dns, zone=alias.name)
        after = replace(after, hostmaster=_follows(before.hostmaster, before.zone, alias.name))
        beyond = _beyond(held.serial, alias.serial)
        moved = change_zone_name(work, stored, _settings(before, after))
        zone_moves.swap_names(work, held, alias)
        instance.journal.write_apex(work, zone_id, moved.domain.dns)
        _lead(instance, work, alias.id, before, alias.name)
        for each in (zones.by_id(work.connection, zone_id), zones.by_id(work.connection, alias.id)):
            instance.journal.begin_anew(work, each, beyond)
        for publisher in publishers.of_domain(work.connection, stored.id):
            instance.publishers.bulk.follow(work, moved, publisher, every=True)
        said = {"step": Step.SWITCH, "alias": before.zone, "zone": alias.name, "serial": beyond}
        record(work, "dns:zone:move", before.zone, domain_id=stored.id, before={"zone": before.zone}, after=said)
    instance.directory.refresh()
    return zone_move(instance, instance.directory.get(stored.domain.name))


def end(instance: Instance, actor: Actor, stored: StoredDomain, name: str) -> ZoneMove:
    """End the name that leads to the zone, which has to be said. Clients that ask for it find nobody any more.

    Raises NotFoundError where there is no such name, ConflictError for the name that has the content.
    """
    zone_id, name = _zone_id(stored), ascii_lower(name).removesuffix(".")
    with instance.database.write(actor) as work:
        if zone_moves.lock(work, zone_id).name == name:
            raise ConflictError(f"{name} has the content of the zone; only the name that leads there can be ended")
        alias = _alias(work.connection, stored, zone_id, name)
        zone_moves.remove(work, alias.id)
        instance.journal.written(work)
        said = {"step": Step.END, "alias": name}
        record(work, "dns:zone:move", stored.domain.dns.zone, domain_id=stored.id, before={"alias": name}, after=said)
        instance.catalog.keep(actor)
    return zone_move(instance, stored)


def _lead(instance: Instance, work: UnitOfWork, alias_id: int, profile: DnsProfile, to: str) -> None:
    """Let a zone be nothing but another name."""
    dname = RRset(APEX, "DNAME", profile.ttl, (absolute(to),))
    wanted = [NewState.of(each) for each in (soa_rrset(profile, 0), ns_rrset(profile), dname)]
    instance.journal.write(work, alias_id, wanted)


def _settings(before: DnsProfile, after: DnsProfile) -> Mapping[str, Any]:
    changed = {"zone": after.zone}
    if before.hostmaster != after.hostmaster:
        changed["hostmaster"] = after.hostmaster
    return {"dns": changed}


def _follows(name: str, old: str, new: str) -> str:
    """A name below the old zone, below the new one; others as they are."""
    return name.removesuffix(f".{old}") + f".{new}" if name.endswith(f".{old}") else name


def _beyond(one: int, other: int) -> int:
    """A serial that is greater than both (RFC 1982 §3.2)."""
    return next_serial(one if is_greater(one, other) else other)


def _notes(connection: Connection, stored: StoredDomain, zone_id: int, alias: ZoneRow | None) -> tuple[str, ...]:
    profile, notes = stored.domain.dns, []
    inside = [name for name in profile.name_servers if name.endswith(f".{profile.zone}")]
    if inside:
        notes.append(f"name servers have names in the zone: {', '.join(inside)}; both names need their addresses")
    pointing = [
        f"{row.owner} {row.rdtype}"
        for row in zone_records.of_zone(connection, zone_id)
        if f".{profile.zone}." in row.content or (alias is not None and f".{alias.name}." in row.content)
    ]
    if pointing:
        notes.append(f"records of the operator name the zone, and stay as they are: {', '.join(pointing[:10])}")
    if alias is not None:
        notes.append(
            f"before the next step every name server has to serve {alias.name}, and its parent has to delegate it"
        )
    return tuple(notes)


def _alias(connection: Connection, stored: StoredDomain, zone_id: int, name: str) -> ZoneRow:
    alias = zone_moves.alias_of(connection, zone_id)
    if alias is None or alias.name != name:
        held = f"{alias.name} does" if alias else "no name does; prepare it first"
        raise NotFoundError(f"{name or 'that name'} doesn't lead to the zone {stored.domain.dns.zone}: {held}")
    return alias


def _zone_id(stored: StoredDomain) -> int:
    if stored.zone_id is None:
        raise NotFoundError(f"the domain {stored.domain.name} has no zone here")
    return stored.zone_id
