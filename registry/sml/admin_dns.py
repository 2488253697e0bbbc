# SPDX-License-Identifier: Apache-2.0
"""DNS records of the admin service as record sets of a zone, and the opposite (sml.md §1.1 D, §2.2)."""

import shlex
from collections.abc import Iterator
from typing import Final

from registry.dns.records import RRset
from registry.dns.zone_reader import absolute
from registry.errors import Reason, ValidationError
from registry.sml.admin_model import DnsRecord

TYPES: Final = ("A", "CNAME", "NAPTR")
_SERVICE: Final = "Meta:SMP"
_BEFORE: Final = ("100", "10", "U")
"""Order, preference and flag that DomiSML gives a NAPTR record."""


def rrset_of(record: DnsRecord, ttl: int) -> RRset:
    """The record set, of one record, that a request asks for. Raises ValidationError for a type that isn't known."""
    rdtype = record.rdtype.upper()
    if rdtype not in TYPES:
        reason = Reason("SML-DNS-TYPE", f"Type is {', '.join(TYPES)}, not {record.rdtype}", "ICD 1.30 DNSRecordType")
        raise ValidationError([reason])
    value = record.value.strip()
    match rdtype:
        case "NAPTR":
            texts = (*_BEFORE[2:], record.service or _SERVICE, value)
            value = " ".join((*_BEFORE[:2], *map(_quoted, texts), "."))
        case "CNAME":
            value = f"{value.removesuffix('.')}."
    return RRset(record.name.strip(), rdtype, ttl, (value,))


def records_of(rrset: RRset, zone: str) -> Iterator[DnsRecord]:
    """The records of a set, with absolute names without a dot at the end."""
    name = absolute(rrset.owner, zone).removesuffix(".")
    for rdata in rrset.rdatas:
        value, service = rdata, None
        if rrset.rdtype == "NAPTR":
            _order, _preference, _flags, service, value, _replacement = shlex.split(rdata)
        yield DnsRecord(rrset.rdtype, name, zone, value, service)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
