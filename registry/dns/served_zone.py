# SPDX-License-Identifier: Apache-2.0
"""One zone in memory, with answers rendered in advance: the lookup of RFC 1034 §4.3.2 and RFC 6672 §3.2.

What the zone answers from is in `registry.dns.zone_names`. At and below a delegation the answer is a referral, but for
the DS records that belong to the parent (RFC 4035 §3.1.4.1); below a DNAME it is a chain. A chain of aliases ends where
it leaves the zone, and where it comes to a delegation: who asks goes on there. Not thread-safe, but for `prepare`:
another thread makes the next version beside the present one, the thread that answers shows it at once, and does the
rest of the work in parts.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from registry.dns.name_tables import NameTable
from registry.dns.records import RRset
from registry.dns.wire import (
    AAAA,
    CNAME,
    DS,
    MAX_NAME,
    NS,
    SOA,
    A,
    RenderedRRset,
    name_to_wire,
    render,
    type_code,
)
from registry.dns.zone_names import LayeredNames, Names, Node, ZoneNames, changed
from registry.dns.zone_runs import Run, SetText, owner_of, runs
from registry.errors import Reason, ValidationError
from registry.serials import SERIALS

NOERROR = 0
NXDOMAIN = 3
YXDOMAIN = 6
REFERRAL = 16
"""No RCODE: NOERROR, but others are asked to answer."""
ANY = b"\x00\xff"
_MAX_ALIASES = 8
_HEADER = 12
_RECORD_HEAD = 12  # pointer, type, class, TTL, length: what precedes the rdata of an answered record
_ALIAS_IS_IT = (CNAME, ANY)
_NAMES_AT_ONCE = 512  # half a millisecond

Change = tuple[str, str, RRset | None]
"""Owner relative to the zone, type, and the new set (None: removed)."""
Found = tuple[int, bytes, bytes]
"""RCODE; QD, AN and NS counts (of a REFERRAL the AR count, too); the records of the sections in their order."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a zone answers from with a serial; made by `ServedZone.prepare`, valid until another one is shown."""

    serial: int
    names: LayeredNames
    negative: bytes


class ServedZone:
    """The zone `name`; the SOA among `rrsets` is served with `serial` instead of its own.

    Raises `ValidationError` when a set is malformed, SOA or NS are missing at the apex, a CNAME has neighbours, or
    a name says two things at once (a delegation or a DNAME at a wildcard, both at one name).
    """

    def __init__(self, name: str, rrsets: Iterable[RRset], serial: int) -> None:
        self._begin(name)
        self.apply(serial, ((rrset.owner, rrset.rdtype, rrset) for rrset in rrsets))

    @classmethod
    def of_texts(cls, name: str, texts: Iterable[tuple[str, str, str]], serial: int) -> "ServedZone":
        """The zone of record sets as they are stored: owner, type and `RRset.to_text`. Raises as the constructor."""
        return cls.of_runs(name, runs(texts, most_octets(name)), serial)

    @classmethod
    def of_runs(cls, name: str, parts: Iterable[Run | SetText], serial: int) -> "ServedZone":
        """The zone of these runs and record sets. Raises as the constructor.

        A start waits for this, so each name is looked at once, and equal content only once for a run.
        """
        zone = cls.__new__(cls)
        zone._begin(name)  # noqa: SLF001  # of its own kind
        others: list[Change] = []
        for part in parts:
            if isinstance(part, SetText):
                others.append((part.owner, part.rdtype, RRset.from_text(*part)))
                continue
            rdtype, text, parent, names = part
            node = changed(None, type_code(rdtype), render(RRset.from_text(owner_of(names[0]), rdtype, text)))
            if node is None:
                continue
            known = map(owner_of, zone._names.add_ordinary(parent, names, node))  # noqa: SLF001
            others += ((owner, rdtype, RRset.from_text(owner, rdtype, text)) for owner in known)
        zone.apply(serial, others)
        return zone

    def _begin(self, name: str) -> None:
        self.name = name.lower().removesuffix(".")
        self.wire = name_to_wire(self.name) + b"\x00"
        self.serial = 0
        self._names = ZoneNames()
        self._negative = b""
        self._answer_from(self._names)
        self._folding: Iterator[None] = iter(())

    def _answer_from(self, names: Names) -> None:
        self._answering = names
        self.find = names.find

    @property
    def size(self) -> int:
        """How many names it answers from."""
        return len(self._names.nodes)

    def apply(self, serial: int, changes: Iterable[Change]) -> None:
        """Make the changes, in their order, the zone's version `serial`: all of them, or with an error none.

        Takes as long as there are changes; where that is too long use `prepare`, `show` and `settle`.
        """
        self.show(self.prepare(serial, changes))
        while self.settle():
            pass

    def prepare(self, serial: int, changes: Iterable[Change]) -> Version:
        """The version after these changes; the zone is as before. Raises as the constructor.

        Any thread may do this while the zone answers, but not before the version shown last is settled.
        """
        names = LayeredNames(self._names)
        staged = NameTable[Node | None]()
        for owner, rdtype, rrset in changes:
            name = name_to_wire(owner)
            if rrset is not None and (rrset.owner != owner or rrset.rdtype != rdtype):
                raise ValidationError.of("DNS-CHANGE", f"{owner} {rdtype} is changed into {rrset.owner} {rrset.rdtype}")
            before = staged[name] if name in staged else names.held(name)
            staged[name] = changed(before, type_code(rdtype), None if rrset is None else render(rrset))
        apex = staged.get(b"") if b"" in staged else names.held(b"")
        soa = None if apex is None else apex.rrsets.get(SOA)
        reasons = [reason for part in staged.parts for item in part.items() for reason in self._unfit(*item)]
        if soa is None or soa.count != 1 or apex is None or NS not in apex.rrsets:
            message = f"zone {self.name} needs one SOA and an NS record at its apex"
            reasons.append(Reason("DNS-APEX", message, "RFC 1035 §5.2"))
        if not 0 <= serial < SERIALS:
            reasons.append(Reason("DNS-SERIAL", f"not a serial: {serial}", "RFC 1982"))
        if reasons or soa is None:
            raise ValidationError(reasons)
        soa = _with_serial(soa, serial)
        staged[b""] = changed(apex, SOA, soa)
        by_length: dict[int, list[bytes]] = {}
        for name in staged:
            by_length.setdefault(len(name), []).append(name)
        for length in sorted(by_length):
            for name in by_length[length]:
                names.put(name, staged.pop(name))
        return Version(serial, names, _negative(soa))

    def show(self, version: Version) -> None:
        """Answer from this version from now on; belongs into the thread that answers, as `settle` does."""
        self._answer_from(version.names)
        self._folding = version.names.fold()
        self._negative = version.negative
        self.serial = version.serial

    def settle(self) -> bool:
        """A part of the work that the version shown has left; returns whether there is more. Answers stay the same."""
        if sum(1 for _ in islice(self._folding, _NAMES_AT_ONCE)) == _NAMES_AT_ONCE:
            return True
        self._answer_from(self._names)
        return False

    def lookup(self, name: bytes, apex: int, qtype: bytes) -> Found:
        """Answer a question for `name`, lower-case wire labels, of which those before offset `apex` are ours.

        Owners in the records are pointers into a message whose question is this name at offset 12.
        """
        node = self.find(name[:apex])
        if node is None:
            return NXDOMAIN, b"\x00\x01\x00\x00\x00\x01", self._authority(apex)
        rrset = node.rrsets.get(qtype)
        if rrset is None and qtype == ANY and node.rrsets:
            rrset = next(iter(node.rrsets.values()))  # RFC 8482 §4.1: any one set will do
        if rrset is not None:
            return NOERROR, rrset.counts, rrset.answer
        if node.alias is not None:
            return self._follow(node, name, apex, qtype)
        if node.end is not None:
            return self._leave(node, node.end, name, apex, qtype)
        return NOERROR, b"\x00\x01\x00\x00\x00\x01", self._authority(apex)

    def _follow(self, node: Node, name: bytes, apex: int, qtype: bytes) -> Found:
        """Aliases from a name on, and what they lead to as far as that is in this zone (RFC 1034 §3.6.2).

        The code tells of the last name (RFC 2308 §2.1). From a DNAME comes an alias of the name that was asked, with
        the TTL of the DNAME (RFC 6672 §3.1), and no name where it would get too long (§2.2).
        """
        owner_at, start = _HEADER, _HEADER + len(name) + 4
        owner = name[:apex]
        records, answered = b"", 0
        passed = {owner}
        used: list[bytes] = []  # ends whose DNAME is in the answer already
        for _ in range(_MAX_ALIASES):
            alias = node.alias
            if alias is None and node.dname is not None and node.end is not None:
                prefix = owner[: len(owner) - len(node.end)]
                if node.end not in used:
                    used.append(node.end)
                    records += node.dname.owned_by(_pointer(owner_at + len(prefix)))
                    answered += 1
                target = prefix + node.dname.targets[0]
                if len(target) > MAX_NAME:
                    return YXDOMAIN, struct.pack("!HHH", 1, answered, 0), records
                alias = RenderedRRset(CNAME, node.dname.ttl, (target,))
            if alias is None:
                break  # a delegation
            next_at = start + len(records) + _RECORD_HEAD
            records += alias.answer if owner_at == _HEADER else alias.owned_by(_pointer(owner_at))
            answered += 1
            owner_at = next_at
            target_here = self._relative(alias.targets[0])
            if target_here is None or target_here in passed or qtype in _ALIAS_IS_IT:
                break
            owner = target_here
            passed.add(owner)
            found = self.find(owner)
            rrset = None if found is None else found.rrsets.get(qtype)
            if rrset is not None:
                records += rrset.owned_by(_pointer(owner_at))
                answered += rrset.count
                break
            if found is None or (found.alias is None and found.end is None):
                rcode = NXDOMAIN if found is None else NOERROR
                return rcode, struct.pack("!HHH", 1, answered, 1), records + self._authority(apex)
            node = found
        return NOERROR, struct.pack("!HHH", 1, answered, 0), records

    def _leave(self, node: Node, end: bytes, name: bytes, apex: int, qtype: bytes) -> Found:
        """The answer for a name that an end takes from the zone."""
        if node.dname is not None:
            return self._follow(node, name, apex, qtype)
        cut = self._answering.hidden[end]
        if qtype == DS and name[:apex] == end:
            rrset = cut.rrsets.get(DS)
            if rrset is None:
                return NOERROR, b"\x00\x01\x00\x00\x00\x01", self._authority(apex)
            return NOERROR, rrset.counts, rrset.answer
        servers = cut.rrsets[NS]
        authority = servers.owned_by(_pointer(_HEADER + apex - len(end)))
        glue, count = self._glue(servers, _HEADER + len(name) + 4)
        return REFERRAL, struct.pack("!HHHH", 1, 0, servers.count, count), authority + glue

    def _glue(self, servers: RenderedRRset, at: int) -> tuple[bytes, int]:
        """The addresses of name servers, as far as this zone has them (RFC 9471 §3); their records begin at `at`."""
        glue, count = b"", 0
        for tail, server in zip(servers.tails, servers.targets, strict=True):
            name = self._relative(server)
            held = None if name is None else self._answering.held(name)
            for code in (A, AAAA):
                rrset = None if held is None else held.rrsets.get(code)
                if rrset is not None:
                    glue += rrset.owned_by(_pointer(at + _RECORD_HEAD))
                    count += rrset.count
            at += 2 + len(tail)
        return glue, count

    def _relative(self, name: bytes) -> bytes | None:
        """The labels before the zone's, or None for a name outside."""
        end = len(name) - len(self.wire)
        if name[end:] != self.wire:
            return None
        offset = 0
        while offset < end:
            offset += 1 + name[offset]
        return name[:end] if offset == end else None

    def _authority(self, apex: int) -> bytes:
        """The SOA, owned by the zone's part of the question, that lets resolvers remember a "no"."""
        return _pointer(_HEADER + apex) + self._negative

    def _unfit(self, name: bytes, node: Node | None) -> list[Reason]:
        if node is None or (node.is_ordinary and len(name) + len(self.wire) <= MAX_NAME):
            return []
        broken = []
        if len(name) + len(self.wire) > MAX_NAME:
            broken.append(("DNS-NAME", "a name is too long", "RFC 1035 §3.1"))
        if node.alias is not None and (len(node.rrsets) > 1 or node.alias.count > 1):
            broken.append(("DNS-CNAME", "a CNAME is not alone at its name", "RFC 2181 §10.1"))
        if name and SOA in node.rrsets:
            broken.append(("DNS-SOA", "a SOA record below the apex", "RFC 1035 §5.2"))
        if node.dname is not None and (node.is_cut or node.dname.count > 1):
            broken.append(("DNS-DNAME", "a DNAME is beside another one, or beside a delegation", "RFC 6672 §2.4"))
        if node.is_end and name.startswith(b"\x01*"):
            broken.append(("DNS-WILDCARD", "a delegation or a DNAME at a wildcard", "RFC 4592 §4"))
        return [Reason(key, f"{text}: {name!r} in zone {self.name}", clause) for key, text, clause in broken]


def most_octets(zone: str) -> int:
    """How long a name relative to a zone may be in wire format, without the root (RFC 1035 §3.1)."""
    return MAX_NAME - len(name_to_wire(zone.lower().removesuffix("."))) - 1


def _pointer(offset: int) -> bytes:
    return (0xC000 | offset).to_bytes(2)


def _with_serial(soa: RenderedRRset, serial: int) -> RenderedRRset:
    rdata = soa.tails[0][10:]  # ends in serial, refresh, retry, expire, minimum: RFC 1035 §3.3.13
    return RenderedRRset(SOA, soa.ttl, (rdata[:-20] + struct.pack("!I", serial) + rdata[-16:],))


def _negative(soa: RenderedRRset) -> bytes:
    """The SOA without owner for negative answers; its TTL is the lesser of its own and the minimum (RFC 2308 §3)."""
    rdata = soa.tails[0][10:]
    minimum = int.from_bytes(rdata[-4:])
    return RenderedRRset(SOA, min(soa.ttl, minimum), (rdata,)).tails[0]
