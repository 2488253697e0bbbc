# SPDX-License-Identifier: Apache-2.0
"""What a name server serves other than it should, record set by record set, and names between their two forms."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from registry.dns.reconcile.wire_reader import tail_parts
from registry.dns.records import APEX
from registry.dns.wire import name_to_wire

_LENGTHS = {length: bytes((length,)) for length in range(1, 64)}
_RESTS = 65_536


class Kind(StrEnum):
    """What is wrong with a record set at a server."""

    MISSING = "missing"
    """It isn't there."""
    DIFFERS = "differs"
    """It has other records, or another TTL."""
    SURPLUS = "surplus"
    """It shouldn't be there."""
    FOREIGN = "foreign"
    """It isn't known to have been ours, on a server where others may write, too."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One record set; texts have a ``TTL RDATA`` line for each record that isn't on both sides."""

    kind: Kind
    owner: str
    """Relative to the zone."""
    rdtype: str
    wanted: str | None
    found: str | None

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        return {
            "kind": self.kind.value,
            "owner": self.owner,
            "type": self.rdtype,
            "wanted": self.wanted,
            "found": self.found,
        }


def apex_of(zone: str) -> bytes:
    """The name of a zone in wire form."""
    return name_to_wire(zone) + b"\x00"


def wire_names(apex: bytes) -> Callable[[str], bytes]:
    """What turns owners as they are stored into wire names; names with the same parent are made in no time."""
    rests: dict[str, bytes] = {"": apex}

    def wire(owner: str) -> bytes:
        label, _, rest = owner.partition(".")
        length = _LENGTHS.get(len(label))
        if length is None or owner == APEX or "\\" in owner or not label.isascii():
            return name_to_wire(owner) + apex
        behind = rests.get(rest)
        if behind is None:
            if len(rests) >= _RESTS:
                rests.clear()
                rests[""] = apex
            behind = rests[rest] = name_to_wire(rest) + apex
        return length + label.lower().encode() + behind

    return wire


def owner_of(name: bytes, apex: bytes) -> str:
    """A wire name as owners are stored; absolute, with its dot, where it isn't in the zone."""
    absolute, origin = dns.name.from_wire(name, 0)[0], dns.name.from_wire(apex, 0)[0]
    return absolute.relativize(origin).to_text()


def type_of(tail: bytes) -> str:
    """The type of a record, as it is stored."""
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(tail_parts(tail)[0]))


def text_of(tail: bytes) -> str:
    """TTL and rdata of a record, for a reader."""
    code, ttl, rdata = tail_parts(tail)
    try:
        parsed = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(code), rdata, 0, len(rdata))
        return f"{ttl} {parsed.to_text()}"
    except (dns.exception.DNSException, ValueError):  # what that parser doesn't take
        return f"{ttl} \\# {len(rdata)} {rdata.hex()}"
