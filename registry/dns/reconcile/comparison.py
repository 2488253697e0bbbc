# SPDX-License-Identifier: Apache-2.0
"""A zone as it should be compared with a copy that a server has given: in bounded memory, whatever its size.

The first pass compares fingerprints; only where these differ, a second one over both sides finds the records, so many
of them, and so much of their texts, as a report can use: a server may send anything. Records
that a signer adds are nobody's difference (RFC 4035 §2), nor is the serial of the SOA.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import dns.rdatatype

from registry.dns.reconcile.differences import (
    Difference,
    Kind,
    apex_of,
    owner_of,
    text_of,
    type_of,
    wire_names,
)
from registry.dns.reconcile.fingerprints import Fingerprints
from registry.dns.reconcile.wire_reader import Line, tails_of
from registry.dns.reconcile.zone_transfer import ZoneCopy

MAX_DIFFERENCES = 100_000
"""With about so many records of either side no more are looked for: then the whole zone is wrong."""
MAX_FOUND_OCTETS = 2**25
"""What the records may have that are told of a server."""
SIGNER_TYPES = ("RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "ZONEMD", "TYPE65534")
"""What signers add to a zone; the last one is BIND's own, for its work under way."""
_TOGETHER = 10_000

Rows = Callable[[], Iterable[tuple[str, str, str]]]
"""A look through the zone as it should be: owner, type, text as stored."""
Progress = Callable[[int], None]
"""Is told how many records were looked at so far."""


def _codes(rdtypes: str) -> frozenset[bytes]:
    return frozenset(dns.rdatatype.from_text(rdtype).to_bytes(2) for rdtype in rdtypes.split())


_BY_SIGNERS = _codes(" ".join(SIGNER_TYPES))
_SIGNATURE = dns.rdatatype.RRSIG.to_bytes(2)
_OF_THE_PRIMARY = _codes("SOA NS")


@dataclass(slots=True)
class Selection:
    """Which records of a server are compared: what signers add isn't, nor the apex of who is a primary by itself."""

    zone: str
    leave_apex: bool = False
    signed: bool = False
    """Whether there were signatures."""

    def of(self, lines: Iterable[Line]) -> list[Line]:
        """Those of them that are."""
        apex = apex_of(self.zone)
        chosen = []
        for line in lines:
            code = line[1][:2]
            if code in _BY_SIGNERS:
                self.signed = self.signed or code == _SIGNATURE
            elif not (self.leave_apex and line[0] == apex and code in _OF_THE_PRIMARY):
                chosen.append(line)
        return chosen


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs between `wanted` records and those `served`.

    `truncated`: of the differing records only some were looked for, so a record set may differ in more than is said.
    """

    wanted: int
    served: int
    differences: list[Difference]
    truncated: bool = False


@dataclass(slots=True)
class _Sides:
    """The records of a record set that are on one side only; whether we have it at all, or have more of it."""

    wanted: list[bytes] = field(default_factory=list)
    found: dict[bytes, None] = field(default_factory=dict)
    held: bool = False
    partly: bool = False

    def difference(self, owner: str) -> Difference:
        kind = (
            Kind.DIFFERS if self.held and (self.found or self.partly) else Kind.MISSING if self.held else Kind.SURPLUS
        )
        rdtype = type_of(next(iter(self.wanted or self.found)))
        return Difference(kind, owner, rdtype, _texts(self.wanted), _texts(self.found))


def compare_copy(
    rows: Rows, copy: ZoneCopy, served: Fingerprints, selection: Selection, progress: Progress = lambda _: None
) -> Compared:
    """Compare; `served` are the fingerprints of what the copy has of `selection`. `rows` may be called twice.

    Raises ValidationError where the zone can't be rendered.
    """
    zone = selection.zone
    wanted = Fingerprints()
    wanted.add(_counted(_wire(rows(), selection), progress))
    lacking, added, all_found = wanted.difference(served, MAX_DIFFERENCES)
    if not lacking and not added:
        return Compared(len(wanted), len(served), [])
    sets: dict[tuple[bytes, bytes], _Sides] = {}
    truncated, room = not all_found, MAX_FOUND_OCTETS
    for lines in copy.lines() if added else ():
        for owner, tail in selection.of(lines):
            if hash((owner, tail)) in added:
                size = len(owner) + len(tail)
                if size > room:
                    truncated = True
                    continue
                found = sets.setdefault((owner, tail[:2]), _Sides()).found
                room -= 0 if tail in found else size
                found[tail] = None
    for owner, tails in _wire(rows(), selection):
        key = owner, tails[0][:2]
        gone = [tail for tail in tails if hash((owner, tail)) in lacking]
        if not gone and key not in sets:
            continue
        sides = sets.setdefault(key, _Sides())
        sides.wanted, sides.held, sides.partly = gone, True, len(gone) < len(tails)
    apex = apex_of(zone)
    differences = [sides.difference(owner_of(owner, apex)) for (owner, _), sides in sets.items()]
    return Compared(len(wanted), len(served), differences, truncated)


def _wire(rows: Iterable[tuple[str, str, str]], selection: Selection) -> Iterator[tuple[bytes, tuple[bytes, ...]]]:
    """The record sets as owner and tails; all tails of one have the same type."""
    apex = apex_of(selection.zone)
    wire = wire_names(apex)
    for owner, rdtype, text in rows:
        name, tails = wire(owner), tails_of(rdtype, text)
        if not (selection.leave_apex and name == apex and tails[0][:2] in _OF_THE_PRIMARY):
            yield name, tails


def _counted(sets: Iterable[tuple[bytes, tuple[bytes, ...]]], progress: Progress) -> Iterator[Line]:
    """The records of record sets."""
    for number, (owner, tails) in enumerate(sets, 1):
        for tail in tails:
            yield owner, tail
        if number % _TOGETHER == 0:
            progress(number)


def _texts(tails: Iterable[bytes]) -> str | None:
    return "\n".join(sorted(map(text_of, tails))) or None
