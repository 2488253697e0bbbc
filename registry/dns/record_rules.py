# SPDX-License-Identifier: Apache-2.0
"""What an operator may put into a zone beside the records of participants and SMPs. Pure; gives every reason.

The names that registration makes are not the operator's: hashes, wildcards, and all that is at or below the labels of
the SMPs. So the two can't meet at a name, and only an *end* (a delegation or a DNAME) can come to lie above names of
participants; that is for `registry.dns.zone_records` to see.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from registry.dns.records import APEX, RRset
from registry.dns.wire import MAX_NAME, name_to_wire, render
from registry.domains.dns_profile import DnsProfile
from registry.errors import Reason, ValidationError

TYPES = ("A", "AAAA", "CAA", "CNAME", "DNAME", "DS", "MX", "NAPTR", "NS", "SRV", "TLSA", "TXT")
ENDS = ("NS", "DNAME")
"""What takes the names below it from the zone."""
_BREAK_THE_APEX = ("CNAME", "DNAME", "DS", "NS")
_AT_A_CUT = ("NS", "DS", "A", "AAAA")
_GLUE = ("A", "AAAA")
_OF_A_PARTICIPANT = re.compile(r"[a-z2-7]{52}|b-[0-9a-f]{32}")

Records = Mapping[tuple[str, str], RRset]
"""All that the operator has in a zone, by owner and type."""


def form_reasons(profile: DnsProfile, rrset: RRset) -> Iterator[Reason]:
    """What is wrong with a record set by itself, wherever else something is."""
    if rrset.rdtype not in TYPES:
        message = f"records of type {rrset.rdtype[:20]} can't be put into the zone; {', '.join(TYPES)} can"
        yield Reason("ZONE-RECORD-TYPE", message)
        return
    try:
        wire = name_to_wire(rrset.owner)
        if len(wire) + len(name_to_wire(profile.zone)) + 1 > MAX_NAME:
            yield Reason("ZONE-RECORD-NAME", f"{rrset.owner} is too long a name", "RFC 1035 §3.1")
        render(rrset)
    except ValidationError as error:
        yield from error.reasons
    yield from _name_reasons(profile, rrset)


def _name_reasons(profile: DnsProfile, rrset: RRset) -> Iterator[Reason]:
    owner, rdtype = rrset.owner, rrset.rdtype
    if owner == APEX:
        if rdtype in _BREAK_THE_APEX:
            message = f"a {rdtype} at the zone's own name would break it; its name servers are dns.name_servers"
            yield Reason("ZONE-RECORD-APEX", message, "RFC 1034 §4.2.1")
        return
    if "*" in owner.split("."):
        message = f"{owner} would answer for participants that are not registered"
        yield Reason("ZONE-RECORD-WILDCARD", message, "RFC 4592 §2.1.1")
    if _OF_A_PARTICIPANT.fullmatch(owner.partition(".")[0]):
        message = f"{owner} is the name of a participant: register it"
        yield Reason("ZONE-RECORD-PARTICIPANT", message)
    for label in (profile.publisher_label, profile.naptr_label):
        if is_at_or_below(owner, label) or (rdtype in (*ENDS, "CNAME") and is_at_or_below(label, owner)):
            yield Reason("ZONE-RECORD-PUBLISHER", f"{owner} is where SMPs have their names ({label})")


def state_reasons(zone: str, records: Records) -> Iterator[Reason]:
    """What is wrong with all of an operator's records together."""
    by_owner: dict[str, list[RRset]] = {}
    for rrset in records.values():
        by_owner.setdefault(rrset.owner, []).append(rrset)
    for owner, rrsets in by_owner.items():
        types = {rrset.rdtype for rrset in rrsets}
        if "CNAME" in types and (len(types) > 1 or len(records[owner, "CNAME"].rdatas) > 1):
            yield Reason("ZONE-RECORD-CNAME", f"{owner} has something beside its CNAME", "RFC 2181 §10.1")
        if "DNAME" in types and ("NS" in types or len(records[owner, "DNAME"].rdatas) > 1):
            yield Reason("ZONE-RECORD-DNAME", f"{owner} has another DNAME, or NS, beside its DNAME", "RFC 6672 §2.4")
        if "DS" in types and "NS" not in types:
            yield Reason("ZONE-RECORD-DS", f"{owner} has DS, and no NS: it isn't delegated", "RFC 4035 §2.4")
        if "NS" in types and not types <= set(_AT_A_CUT):
            yield Reason("ZONE-RECORD-CUT", f"{owner} is delegated: others say what is there", "RFC 1034 §4.2.1")
        yield from _below_reasons(owner, types, records)
    for (owner, rdtype), rrset in records.items():
        if rdtype in ("CNAME", "DNAME", "NS"):
            yield from _target_reasons(zone, owner, rrset, by_owner)


def _below_reasons(owner: str, types: Collection[str], records: Records) -> Iterator[Reason]:
    above = owner
    while above:
        above = above.partition(".")[2]
        if (above, "DNAME") in records or ((above, "NS") in records and not set(types) <= set(_GLUE)):
            end = "DNAME" if (above, "DNAME") in records else "NS"
            message = f"{owner} lies below {above}, which is given away ({end})"
            yield Reason("ZONE-RECORD-BELOW", message, "RFC 6672 §2.4" if end == "DNAME" else "RFC 1034 §4.2.1")


def _target_reasons(zone: str, owner: str, rrset: RRset, held: Mapping[str, list[RRset]]) -> Iterator[Reason]:
    for rdata in rrset.rdatas:
        target = relative_target(rdata, zone)
        if target is None or not is_at_or_below(target, owner):
            continue
        if rrset.rdtype != "NS":
            if rrset.rdtype == "DNAME" or target == owner:
                yield Reason("ZONE-RECORD-LOOP", f"{owner} {rrset.rdtype} leads to itself", "RFC 1034 §3.6.2")
        elif not any(glue.rdtype in _GLUE for glue in held.get(target, ())):
            message = f"nobody could find {target}: it lies in what {owner} gives away, and has no address here"
            yield Reason("ZONE-RECORD-GLUE", message, "RFC 1034 §4.2.1")


def relative_target(name: str, zone: str) -> str | None:
    """An absolute name as the zone's owners are, or None for one outside of it."""
    plain = name.lower().removesuffix(".")
    if plain == zone:
        return APEX
    return plain.removesuffix(f".{zone}") if plain.endswith(f".{zone}") else None


def is_at_or_below(name: str, ancestor: str) -> bool:
    """Whether a relative name is another one, or under it."""
    return name == ancestor or name.endswith(f".{ancestor}")
