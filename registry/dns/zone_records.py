# SPDX-License-Identifier: Apache-2.0
"""The records that an operator puts into a zone: delegations, aliases, locators, whatever the zone needs besides.

They are kept beside the zone's content, and written to it through the journal like all others, so a tool that rebuilds
names knows which ones are the operator's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from registry.audit.events import record
from registry.dns.journal import NewState, ZoneJournal
from registry.dns.record_rules import ENDS, form_reasons, relative_target, state_reasons
from registry.dns.records import RRset
from registry.dns.zone_reader import absolute, relative
from registry.errors import NotFoundError, Reason, ValidationError
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import zone_records
from registry.storage.unit_of_work import Connection, UnitOfWork

DEFAULT_TTL = 3600
"""Seconds."""
MAX_RECORDS = 10_000
"""Record sets of an operator in one zone: all of them are looked at with each change."""


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """A record set of an operator, and who put it there when."""

    rrset: RRset
    added_by: str
    modified_at: datetime


class ZoneRecords:
    """Lists and changes the operator's records. Each method raises NotFoundError where the domain has no zone here.

    Names may be absolute (ending in the zone, or in a dot) or relative to the zone.
    """

    def __init__(self, database: Database, journal: ZoneJournal) -> None:
        self._database = database
        self._journal = journal

    def page(
        self, stored: StoredDomain, name: str | None = None, after: tuple[str, str] = ("", ""), size: int = 100
    ) -> list[ZoneRecord]:
        """Up to `size` record sets behind the owner and type `after`: those of a name, or of all."""
        zone_id = _zone_of(stored)
        owner = None if name is None else relative(name, stored.domain.dns.zone)
        with self._database.read() as connection:
            return [_shown(row) for row in zone_records.page(connection, zone_id, owner, after, size)]

    def find(self, stored: StoredDomain, name: str, rdtype: str, *, lock: bool = False) -> ZoneRecord | None:
        """The record set of a type at a name; inside of a transaction `lock` keeps others from changing it."""
        if lock:
            with self._database.read() as connection:
                zone_records.lock(connection, _zone_of(stored))
        return next((each for each in self.page(stored, name) if each.rrset.rdtype == rdtype.upper()), None)

    def put(self, actor: Actor, stored: StoredDomain, rrsets: Sequence[RRset]) -> int:
        """Put record sets, each in the place of the one of its name and type; returns how many were others before.

        All or none: a delegation comes with its glue in one call. Raises ValidationError with every reason, also where
        participants are registered below a name that would be given away.
        """
        return self.change(actor, stored, rrsets, ())

    @retried
    def change(self, actor: Actor, stored: StoredDomain, put: Sequence[RRset], gone: Sequence[tuple[str, str]]) -> int:
        """Put record sets and remove others, by owner and type, all or none; returns how many were others before.

        Raises ValidationError as `put` and `remove`.
        """
        zone = stored.domain.dns.zone
        wanted = [normal(replace(each, owner=_owner(each.owner, zone))) for each in put]
        with self._database.write(actor) as work:
            changes: dict[tuple[str, str], RRset | None] = dict.fromkeys(gone)
            return self._change(work, stored, changes | {(each.owner, each.rdtype): each for each in wanted})

    @retried
    def remove(self, actor: Actor, stored: StoredDomain, name: str, rdtype: str | None = None) -> int:
        """Remove the record set of a type, or all, at a name; returns how many there were.

        Raises ValidationError where what is left couldn't stand, as DS without NS.
        """
        zone_id, owner = _zone_of(stored), relative(name, stored.domain.dns.zone)
        with self._database.write(actor) as work:
            rows = zone_records.page(work.connection, zone_id, owner, ("", ""), MAX_RECORDS)
            gone = {(row.owner, row.rdtype): None for row in rows if rdtype is None or row.rdtype == rdtype.upper()}
            return self._change(work, stored, gone)

    def _change(self, work: UnitOfWork, stored: StoredDomain, wanted: Mapping[tuple[str, str], RRset | None]) -> int:
        zone_id, profile = _zone_of(stored), stored.domain.dns
        zone_records.lock(work.connection, zone_id)
        rows = zone_records.of_zone(work.connection, zone_id)
        held = {(row.owner, row.rdtype): RRset.from_text(row.owner, row.rdtype, row.content) for row in rows}
        changes = {key: rrset for key, rrset in wanted.items() if held.get(key) != rrset}
        after = {key: rrset for key, rrset in {**held, **wanted}.items() if rrset is not None}
        put = [rrset for rrset in changes.values() if rrset is not None]
        reasons = [reason for rrset in put for reason in form_reasons(profile, rrset)]
        # What is malformed by itself has no place among the others.
        reasons = reasons or [*state_reasons(profile.zone, after), *_hidden(work.connection, stored, put, held)]
        if len(after) > max(MAX_RECORDS, len(held)):
            reasons.append(Reason("ZONE-RECORD-MANY", f"a zone takes {MAX_RECORDS} record sets of an operator"))
        if reasons:
            raise ValidationError(dict.fromkeys(reasons))
        texts = [(*key, None if rrset is None else rrset.to_text()) for key, rrset in changes.items()]
        zone_records.replace(work, zone_id, texts)
        self._journal.write(work, zone_id, [NewState(*each) for each in texts])
        for key, rrset in changes.items():
            tag = "dns:record:remove" if rrset is None else "dns:record:put"
            subject = f"{absolute(key[0], profile.zone)} {key[1]}"
            shown = {"before": _audited(held.get(key)), "after": _audited(rrset)}
            record(work, tag, subject, domain_id=stored.id, **shown)
        return len(changes)


def delegation(name: str, servers: Iterable[tuple[str, Sequence[str]]], ds: Sequence[str], ttl: int) -> list[RRset]:
    """The record sets that give a name away to name servers: host name and addresses each, and DS rdata if any.

    Addresses are needed where a host's name lies in what is given away (glue); they are for hosts in the zone only.
    """
    hosts = [(_with_dot(host), addresses) for host, addresses in servers]
    rrsets = [RRset(name, "NS", ttl, tuple(host for host, _ in hosts))]
    if ds:
        rrsets.append(RRset(name, "DS", ttl, tuple(ds)))
    for host, addresses in hosts:
        for rdtype, of_type in (("A", lambda text: ":" not in text), ("AAAA", lambda text: ":" in text)):
            if chosen := tuple(filter(of_type, addresses)):
                rrsets.append(RRset(host, rdtype, ttl, chosen))
    return rrsets


def normal(rrset: RRset) -> RRset:
    """The set as it is stored: its type in capitals, its records as the format writes them, each once.

    What can't be read is left, for the rules to name.
    """
    rdtype = rrset.rdtype.upper()
    try:
        number = dns.rdatatype.from_text(rdtype)
        rdatas = [
            dns.rdata.from_text(dns.rdataclass.IN, number, text, dns.name.root, relativize=False).to_text()
            for text in rrset.rdatas
        ]
    except (dns.exception.DNSException, ValueError):
        rdatas = list(rrset.rdatas)
    return RRset(rrset.owner, rdtype, rrset.ttl, tuple(sorted(set(rdatas))))


def _owner(name: str, zone: str) -> str:
    """A name as owners are stored. Raises ValidationError for an absolute one outside of the zone."""
    if name.endswith(".") and relative_target(name, zone) is None:
        raise ValidationError.of("ZONE-RECORD-OUTSIDE", f"{name[:300]} is not in the zone {zone}", "RFC 1034 §4.2")
    return relative(name, zone)


def _hidden(
    connection: Connection, stored: StoredDomain, put: Iterable[RRset], held: dict[tuple[str, str], RRset]
) -> list[Reason]:
    """The participants whose names would be gone."""
    reasons = []
    for rrset in put:
        if rrset.rdtype not in ENDS or (rrset.owner, rrset.rdtype) in held:
            continue
        count = zone_records.registrations_below(connection, stored.id, rrset.owner)
        if count:
            message = f"{count} participants are registered below {rrset.owner}; nobody would find them any more"
            reasons.append(Reason("ZONE-RECORD-REGISTERED", message))
    return reasons


def _audited(rrset: RRset | None) -> dict[str, object] | None:
    return None if rrset is None else {"ttl": rrset.ttl, "records": list(rrset.rdatas)}


def _shown(row: zone_records.RecordRow) -> ZoneRecord:
    return ZoneRecord(RRset.from_text(row.owner, row.rdtype, row.content), row.added_by, row.modified_at)


def _with_dot(name: str) -> str:
    return name if name.endswith(".") else f"{name}."


def _zone_of(stored: StoredDomain) -> int:
    if stored.zone_id is None:
        raise NotFoundError(f"the domain {stored.domain.name} has no zone here")
    return stored.zone_id
