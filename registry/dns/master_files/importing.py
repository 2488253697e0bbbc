# SPDX-License-Identifier: Apache-2.0
"""Takes what a master file has of the operator's records into the zone of a domain, by a plan.

What registration makes (the names of participants and SMPs), the apex that settings make, and what a signer adds are
compared, and never written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.dns.reconcile.comparison import SIGNER_TYPES
from registry.dns.reconcile.wire_reader import tails_of
from registry.dns.record_rules import form_reasons
from registry.dns.records import APEX, RRset
from registry.dns.zone_records import ZoneRecords, normal
from registry.domains.dns_profile import DnsProfile
from registry.errors import ConflictError, NotFoundError, Reason, ValidationError
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import zone_records, zone_views, zones

MAX_PERCENT = 30.0
"""The share of the operator's records that an import may change or remove unasked."""
ALWAYS_ALLOWED = 10
"""Record sets that may change or go whatever share they are: most operators have a few records only."""
_OF_REGISTRATION = frozenset({"ZONE-RECORD-PARTICIPANT", "ZONE-RECORD-PUBLISHER", "ZONE-RECORD-WILDCARD"})
_OF_SETTINGS = ((APEX, "SOA"), (APEX, "NS"))


@dataclass(slots=True)
class ImportPlan:
    """What an import would do, and what it found of what isn't the operator's."""

    held: int
    """Record sets that the operator has."""
    added: list[RRset] = field(default_factory=list)
    changed: list[RRset] = field(default_factory=list)
    removed: list[tuple[str, str]] = field(default_factory=list)
    same: int = 0
    agreeing: int = 0
    """Record sets of registration and settings that are the same in the file and in the zone."""
    differing: list[tuple[str, str]] = field(default_factory=list)
    """Those that are other in the file, or aren't in the zone."""
    lacking: int = 0
    """Record sets of the zone that aren't in the file."""
    by_signers: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.changed or self.removed)

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        return {
            "added": [_shown(each) for each in self.added],
            "changed": [_shown(each) for each in self.changed],
            "removed": [{"owner": owner, "type": rdtype} for owner, rdtype in self.removed],
            "same": self.same,
            "not_taken": {
                "agreeing": self.agreeing,
                "differing": [{"owner": owner, "type": rdtype} for owner, rdtype in self.differing],
                "lacking": self.lacking,
                "by_signers": self.by_signers,
            },
        }


def plan_import(
    database: Database, stored: StoredDomain, rrsets: Sequence[RRset], *, remove: bool = False
) -> ImportPlan:
    """What becomes of the zone by these record sets; `remove`: what the operator has and they don't is to go.

    Raises NotFoundError where the domain has no zone here, ValidationError with every reason for what can't be in it.
    """
    if stored.zone_id is None:
        raise NotFoundError(f"the domain {stored.domain.name} has no zone here")
    profile = stored.domain.dns
    with database.read() as connection:
        rows = zone_records.of_zone(connection, stored.zone_id)
        own = {(row.owner, row.rdtype): row.content for row in rows}
        keys = [(rrset.owner, rrset.rdtype) for rrset in rrsets]
        held = zones.rrset_texts(connection, stored.zone_id, keys)
        whole = zone_views.rrset_count(connection, stored.zone_id)
    plan = ImportPlan(len(own), lacking=whole - len(held))
    reasons = []
    for given in rrsets:
        rrset = normal(given)
        key = rrset.owner, rrset.rdtype
        bad = list(_form_reasons(profile, rrset))
        if rrset.rdtype in SIGNER_TYPES:
            plan.by_signers += 1
        elif (
            key in _OF_SETTINGS or _OF_REGISTRATION & {reason.id for reason in bad} or (key in held and key not in own)
        ):
            if key in held and _same(rrset, held[key]):
                plan.agreeing += 1
            else:
                plan.differing.append(key)
        elif bad:
            reasons += [replace(reason, message=f"{rrset.owner} {rrset.rdtype}: {reason.message}") for reason in bad]
        elif key not in own:
            plan.added.append(rrset)
        elif _same(rrset, own[key]):
            plan.same += 1
        else:
            plan.changed.append(rrset)
    if reasons:
        raise ValidationError(dict.fromkeys(reasons))
    if remove:
        plan.removed = sorted(own.keys() - set(keys))
    return plan


def apply_import(
    records: ZoneRecords, actor: Actor, stored: StoredDomain, plan: ImportPlan, max_percent: float = MAX_PERCENT
) -> int:
    """Do what a plan says, as a whole or not at all; returns how many record sets are others than before.

    Raises ConflictError where too much would change, ValidationError as `ZoneRecords.put`.
    """
    touched = len(plan.changed) + len(plan.removed)
    if touched > ALWAYS_ALLOWED and touched * 100 > max_percent * plan.held:
        raise ConflictError(
            f"more than {max_percent:g} % of your records would be changed or removed ({touched} of {plan.held}). Look "
            "at the plan; if it is right, allow more"
        )
    return records.change(actor, stored, [*plan.added, *plan.changed], plan.removed)


def _form_reasons(profile: DnsProfile, rrset: RRset) -> Iterator[Reason]:
    if rrset.owner.endswith("."):
        yield Reason("ZONE-RECORD-OUTSIDE", f"it is not in the zone {profile.zone}", "RFC 1034 §4.2")
    else:
        yield from form_reasons(profile, rrset)


def _same(rrset: RRset, text: str) -> bool:
    """Whether a record set has the records of a stored text, apart from an SOA's serial."""
    return set(tails_of(rrset.rdtype, rrset.to_text())) == set(tails_of(rrset.rdtype, text))


def _shown(rrset: RRset) -> dict[str, Any]:
    return {"owner": rrset.owner, "type": rrset.rdtype, "ttl": rrset.ttl, "records": list(rrset.rdatas)}
