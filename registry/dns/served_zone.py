# SPDX-License-Identifier: Apache-2.0
"""One zone in memory, with answers rendered in advance: the lookup of RFC 1034 §4.3.2 without delegations.

Names are keyed by their lower-case wire labels relative to the zone. Two dictionaries hold all there is: `_nodes`
(names with records; equal content is one shared object) and `_below` (names that have names with records under
them, counted), so a name exists when it is in either, and one that is in `_below` only is an empty non-terminal:
NODATA, not NXDOMAIN (RFC 4592 §2.2.2). Not thread-safe: `apply` belongs into the thread that answers.
"""

import struct
from collections.abc import Iterable
from weakref import WeakValueDictionary

from registry.dns.records import APEX, RRset
from registry.dns.wire import CNAME, MAX_NAME, NS, SOA, RenderedRRset, name_to_wire, render, type_code
from registry.errors import Reason, ValidationError

NOERROR = 0
NXDOMAIN = 3
ANY = b"\x00\xff"
_DNAME = type_code("DNAME")
_MAX_ALIASES = 8
_HEADER = 12
_RECORD_HEAD = 12  # pointer, type, class, TTL, length: what precedes the rdata of an answered record

Change = tuple[str, str, RRset | None]
"""Owner relative to the zone, type, and the new set (None: removed)."""
Found = tuple[int, bytes, bytes]
"""RCODE; QD, AN and NS counts; the records of the answer and authority sections."""


class Node:
    """The record sets at one name, by type; immutable, shared by all names of equal content."""

    __slots__ = ("__weakref__", "alias", "rrsets")

    def __init__(self, rrsets: tuple[RenderedRRset, ...]) -> None:
        self.rrsets = {rrset.code: rrset for rrset in rrsets}
        self.alias = self.rrsets.get(CNAME)


_EMPTY = Node(())
_LENGTHS = [bytes((length,)) for length in range(64)]


class _Parent:
    """A name without its first label, while a zone is read, and how many names with records are under it."""

    __slots__ = ("children", "wire")

    def __init__(self, wire: bytes) -> None:
        self.wire = wire
        self.children = 0


_interned: WeakValueDictionary[tuple[RenderedRRset, ...], Node] = WeakValueDictionary()


def _changed(node: Node | None, code: bytes, rrset: RenderedRRset | None) -> Node | None:
    """The node with one type replaced or removed; None when nothing is left."""
    if node is None:
        key: tuple[RenderedRRset, ...] = () if rrset is None else (rrset,)
    else:
        by_code = node.rrsets | {code: rrset}
        key = tuple(kept for _, kept in sorted(by_code.items()) if kept is not None)
    if not key:
        return None
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Node(key)
    return found


def _is_plain(label: str) -> bool:
    """Whether its wire form is its length and its octets."""
    return 0 < len(label) < len(_LENGTHS) and label.isascii() and "\\" not in label


def _plain_node(rrset: RRset) -> Node | None:
    """The node of a set that may be at any name below the apex, if it is alone there."""
    rendered = render(rrset)
    if rendered.code in {NS, SOA, _DNAME} or (rendered.code == CNAME and rendered.count > 1):
        return None
    return _changed(None, rendered.code, rendered)


class ServedZone:
    """The zone `name`; the SOA among `rrsets` is served with `serial` instead of its own.

    Raises `ValidationError` when a set is malformed, SOA or NS are missing at the apex, a CNAME has neighbours, or
    a set asks for what this server doesn't do (delegation, DNAME).
    """

    def __init__(self, name: str, rrsets: Iterable[RRset], serial: int) -> None:
        self._begin(name)
        self.apply(serial, ((rrset.owner, rrset.rdtype, rrset) for rrset in rrsets))

    @classmethod
    def of_texts(cls, name: str, texts: Iterable[tuple[str, str, str]], serial: int) -> "ServedZone":
        """The zone of record sets as they are stored: owner, type and `RRset.to_text`. Raises as the constructor."""
        zone = cls.__new__(cls)
        zone._begin(name)  # noqa: SLF001  # of its own kind
        zone.apply(serial, zone._take_plain(texts))  # noqa: SLF001
        return zone

    def _begin(self, name: str) -> None:
        self.name = name.lower().removesuffix(".")
        self.wire = name_to_wire(self.name) + b"\x00"
        self.serial = 0
        self._nodes: dict[bytes, Node] = {}
        self._below: dict[bytes, int] = {}
        self._negative = b""

    def _take_plain(self, texts: Iterable[tuple[str, str, str]]) -> list[Change]:
        """Take over what is alone at an ordinary name, as all but a handful of sets are; returns the others.

        A start waits for this, so each set is looked at once, and equal content and equal parents of names only once
        for all.
        """
        nodes = self._nodes
        known: dict[tuple[str, str], Node] = {}
        parents: dict[str, _Parent] = {}
        others: list[Change] = []
        room = MAX_NAME - len(self.wire)
        for owner, rdtype, text in texts:
            label, dot, rest = owner.partition(".")
            node = known.get((rdtype, text))
            if node is None and (node := _plain_node(RRset.from_text(owner, rdtype, text))) is not None:
                known[rdtype, text] = node
            parent = parents.get(rest)
            if parent is None:
                parent = parents[rest] = _Parent(name_to_wire(rest) if rest else b"")
            if node is not None and owner != APEX and bool(dot) == bool(rest) and _is_plain(label):
                name = _LENGTHS[len(label)] + label.lower().encode() + parent.wire
                if name not in nodes and len(name) <= room:
                    nodes[name] = node
                    parent.children += 1
                    continue
            others.append((owner, rdtype, RRset.from_text(owner, rdtype, text)))
        for parent in parents.values():
            self._count_below(parent.wire, parent.children)
        return others

    def apply(self, serial: int, changes: Iterable[Change]) -> None:
        """Make the changes, in their order, the zone's version `serial`: all of them, or with an error none."""
        staged: dict[bytes, Node | None] = {}
        for owner, rdtype, rrset in changes:
            name = name_to_wire(owner)
            if rrset is not None and (rrset.owner != owner or rrset.rdtype != rdtype):
                raise ValidationError.of("DNS-CHANGE", f"{owner} {rdtype} is changed into {rrset.owner} {rrset.rdtype}")
            before = staged[name] if name in staged else self._nodes.get(name)
            staged[name] = _changed(before, type_code(rdtype), None if rrset is None else render(rrset))
        apex = staged.get(b"", self._nodes.get(b""))
        soa = None if apex is None else apex.rrsets.get(SOA)
        reasons = [reason for name, node in staged.items() for reason in self._unfit(name, node)]
        if soa is None or soa.count != 1 or apex is None or NS not in apex.rrsets:
            message = f"zone {self.name} needs one SOA and an NS record at its apex"
            reasons.append(Reason("DNS-APEX", message, "RFC 1035 §5.2"))
        if not 0 <= serial < 2**32:
            reasons.append(Reason("DNS-SERIAL", f"not a serial: {serial}", "RFC 1982"))
        if reasons or soa is None:
            raise ValidationError(reasons)
        soa = _with_serial(soa, serial)
        staged[b""] = _changed(apex, SOA, soa)
        self._negative = _negative(soa)
        self.serial = serial
        for name, node in staged.items():
            self._replace(name, node)

    def find(self, name: bytes) -> Node | None:
        """The records for a relative name, its own or a wildcard's; None where the name doesn't exist."""
        node = self._nodes.get(name)
        if node is not None:
            return node
        if name in self._below:
            return _EMPTY
        encloser = name
        while encloser and encloser not in self._below and encloser not in self._nodes:
            encloser = encloser[1 + encloser[0] :]
        wildcard = b"\x01*" + encloser
        node = self._nodes.get(wildcard)
        if node is None and wildcard in self._below:
            return _EMPTY
        return node

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
            return self._follow(node.alias, len(name), apex, qtype)
        return NOERROR, b"\x00\x01\x00\x00\x00\x01", self._authority(apex)

    def _follow(self, alias: RenderedRRset, name_length: int, apex: int, qtype: bytes) -> Found:
        """An alias, and what it leads to as far as that is in this zone (RFC 1034 §3.6.2)."""
        first_rdata = _HEADER + name_length + 4 + _RECORD_HEAD
        owner_at = first_rdata
        records, answered = alias.answer, 1
        followed = {alias}
        while len(followed) < _MAX_ALIASES:
            target = self._relative(alias.target)
            if target is None:
                break
            node = self.find(target)
            rrset = None if node is None else node.rrsets.get(qtype) or node.alias
            if rrset in followed:
                break
            if rrset is None:
                # the code tells of the last name: RFC 2308 §2.1
                rcode = NXDOMAIN if node is None else NOERROR
                return rcode, struct.pack("!HHH", 1, answered, 1), records + self._authority(apex)
            owner = _pointer(owner_at)
            owner_at = first_rdata + len(records)
            records += rrset.owned_by(owner)
            answered += rrset.count
            if rrset.code == qtype:
                break
            alias = rrset
            followed.add(alias)
        return NOERROR, struct.pack("!HHH", 1, answered, 0), records

    def _relative(self, name: bytes) -> bytes | None:
        """The labels before the zone's, or None for a name outside."""
        offset = 0
        while offset < len(name):
            if name[offset:] == self.wire:
                return name[:offset]
            offset += 1 + name[offset]
        return None

    def _authority(self, apex: int) -> bytes:
        """The SOA, owned by the zone's part of the question, that lets resolvers remember a "no"."""
        return _pointer(_HEADER + apex) + self._negative

    def _unfit(self, name: bytes, node: Node | None) -> list[Reason]:
        if node is None:
            return []
        broken = []
        if len(name) + len(self.wire) > MAX_NAME:
            broken.append(("DNS-NAME", "a name is too long", "RFC 1035 §3.1"))
        if node.alias is not None and (len(node.rrsets) > 1 or node.alias.count > 1):
            broken.append(("DNS-CNAME", "a CNAME is not alone at its name", "RFC 2181 §10.1"))
        if _DNAME in node.rrsets or (name and (NS in node.rrsets or SOA in node.rrsets)):
            broken.append(("DNS-DELEGATION", "NS and SOA below the apex, and DNAME, are not served", "RFC 1034 §4.2"))
        return [Reason(key, f"{text}: {name!r} in zone {self.name}", clause) for key, text, clause in broken]

    def _replace(self, name: bytes, node: Node | None) -> None:
        existed = self._nodes.pop(name, None) is not None if node is None else name in self._nodes
        if node is not None:
            self._nodes[name] = node
        if existed == (node is not None):
            return
        if name:
            self._count_below(name[1 + name[0] :], 1 if node is not None else -1)

    def _count_below(self, name: bytes, step: int) -> None:
        """Note that `step` more names have records below this one; below the names that it is below, too."""
        while step:
            count = self._below.get(name, 0) + step
            if count:
                self._below[name] = count
            else:
                del self._below[name]
            if not name:
                return
            name = name[1 + name[0] :]


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
