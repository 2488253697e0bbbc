# SPDX-License-Identifier: Apache-2.0
"""Takes the DNS records in that administrators of an old SML have put into its zones beside those of participants."""

from collections.abc import Sequence
from functools import partial

from registry.dns.records import RRset
from registry.dns.zone_records import ZoneRecords, normal
from registry.errors import ValidationError
from registry.move_in.attempts import attempt
from registry.move_in.model import Kind, Result, SourceRecord, Verdict
from registry.move_in.sml_domains import SmlDomains
from registry.move_in.sml_records import DnsRecord, dns_name_of
from registry.sml.admin_dns import rrset_of
from registry.sml.admin_model import DnsRecord as SaidRecord
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.unit_of_work import UnitOfWork


class DnsRecords:
    """Implements `registry.move_in.model.Receiver`. Records get the TTL of the domain's own, as DomiSML's have it."""

    kind = Kind.DNS_RECORD

    def __init__(self, database: Database, domains: SmlDomains, records: ZoneRecords) -> None:
        self._database = database
        self._domains = domains
        self._records = records

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """See `Receiver.apply`."""
        self._domains.refresh()
        left = [attempt(self._database, work, key, partial(self._remove, key=key)) for key in gone]
        taken = [
            attempt(self._database, work, each.key, partial(self._take, record=DnsRecord.of(each))) for each in records
        ]
        return [*taken, *left]

    def _take(self, work: UnitOfWork, record: DnsRecord) -> Result:
        if record.owner.endswith("."):
            message = f"{record.owner} is in no sub-domain; it is to be put where its zone is served from now on"
            raise ValidationError.of("MOVE-IN-DNS-OUTSIDE", message)
        stored = self._domains.of(record.sub_domain)
        held = self._records.find(stored, record.owner, record.rdtype)
        changed = self._records.put(Actor(work.actor, work.request_id), stored, [_rrset(record, stored)])
        verdict = Verdict.UNCHANGED if not changed else Verdict.CREATED if held is None else Verdict.UPDATED
        return Result(record.key, verdict)

    def _remove(self, work: UnitOfWork, key: str) -> Result:
        sub_domain, owner, rdtype = dns_name_of(key)
        stored = self._domains.find(sub_domain)
        if stored is not None:
            self._records.remove(Actor(work.actor, work.request_id), stored, owner, rdtype)
        return Result(key, Verdict.REMOVED)


def _rrset(record: DnsRecord, stored: StoredDomain) -> RRset:
    """The record set. Raises ValidationError for a type that isn't known."""
    zone, ttl = stored.domain.dns.zone, stored.domain.dns.ttl
    each = [
        rrset_of(SaidRecord(record.rdtype, record.owner, zone, value, service), ttl) for value, service in record.values
    ]
    rdatas = tuple(rdata for rrset in each for rdata in rrset.rdatas)
    return normal(RRset(record.owner, record.rdtype, ttl, rdatas))
