# SPDX-License-Identifier: Apache-2.0
"""UPDATE messages (RFC 2136 §2) packed by hand: 65 µs a record is what a library takes, several times what is needed.

Each record set is replaced: deleted and added in one message, so that the same message twice does no harm, and a TTL
changes with it (Knot leaves the old TTL at a record that it has). One that goes from a zone where others write goes
record by record (§2.5.4): what somebody else has made at the name since stays. What can't stand beside a new record set
goes first: a server ignores an alias where anything else is, and anything else where an alias is (§3.4.2.2). All
updates of a name are in one message, and messages are split by octets, not by names.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from registry.dns.records import APEX, RRset
from registry.dns.transfer.packing import MAX_MESSAGE
from registry.dns.wire import CNAME, IN, SOA, name_to_wire, render, type_code
from registry.errors import ValidationError
from registry.storage.queries.zone_pushes import RecordSetChange

ROOM: Final = 60_000
"""Octets of a message, unless a single name needs more."""
_SIGNATURE = 600  # octets, more than any TSIG record of ours has
_HEADER = 12
_UPDATE = b"\x28\x00"  # opcode 5, RFC 2136 §2.2
_ANY = b"\x00\xff"
_NONE = b"\x00\xfe"
_NOTHING = b"\x00\x00\x00\x00\x00\x00"  # TTL and length
_REACH = 0x4000  # a pointer leads no further into a message
_ZONE = b"\xc0\x0c"
_SOA_NUMBERS = 20  # octets behind the names in an SOA, RFC 1035 §3.3.13


@dataclass(frozen=True, slots=True)
class Soa:
    """The SOA of the zone at a target, `rdata` in wire format without compression."""

    ttl: int
    rdata: bytes

    @property
    def serial(self) -> int:
        """Its serial."""
        at = len(self.rdata) - _SOA_NUMBERS
        return int.from_bytes(self.rdata[at : at + 4])

    def with_serial(self, serial: int) -> "Soa":
        """The same with another serial."""
        at = len(self.rdata) - _SOA_NUMBERS
        return Soa(self.ttl, self.rdata[:at] + serial.to_bytes(4) + self.rdata[at + 4 :])


class Update:
    """A message, still without an id and a signature."""

    __slots__ = ("_locked", "_rest", "_zone", "updates")

    def __init__(self, zone: bytes, updates: int, rest: bytes, *, locked: bool) -> None:
        self._zone = zone
        self._locked = locked
        self._rest = rest
        self.updates = updates
        """How many records its update section has, apart from the SOA."""

    def to_wire(self, lock: tuple[Soa, Soa] | None = None) -> bytes:
        """The message; `lock` is the SOA that there has to be, exactly (§2.4.2), and the one that comes in its place.

        A message that was packed for a lock has to have one.
        """
        if (lock is not None) is not self._locked:
            raise ValueError("a message is for a lock, or it isn't")
        head = _lock(*lock) if lock is not None else b""
        counts = struct.pack("!HHHH", 1, self._locked, self.updates + self._locked, 0)
        return b"".join((b"\x00\x00", _UPDATE, counts, self._zone, SOA, IN, head, self._rest))


class UpdatePacker:
    """Packs what names shall hold in the zone `zone`, as it is called at the target, into messages.

    `soa` is the SOA there, for messages that are to be locked by it. `sweeping` removes all that is at a name before
    its records are added.
    """

    def __init__(self, zone: str, soa: Soa | None = None, *, sweeping: bool = False, room: int = ROOM) -> None:
        self._zone = name_to_wire(zone) + b"\x00"
        self._locked = soa is not None
        self._sweeping = sweeping
        self._room = room
        self._start = _HEADER + len(self._zone) + 4 + (0 if soa is None else len(_lock(soa, soa)))

    def empty(self) -> Update:
        """A message that changes nothing but the SOA."""
        return Update(self._zone, 0, b"", locked=self._locked)

    def messages(self, changes: Iterable[RecordSetChange]) -> Iterator[Update]:
        """The messages with all changes; the apex's SOA and NS records aren't ours there, and are left out.

        Raises ValidationError for what can't be rendered, or doesn't fit into any message.
        """
        parts: list[bytes] = []
        pointers: dict[bytes, bytes] = {}
        at, count = self._start, 0
        for owner, tails in self._by_name(changes):
            wire = name_to_wire(owner)
            needed = sum(map(len, tails)) + len(tails) * (len(wire) + 2)
            if parts and at + needed > self._room:
                yield Update(self._zone, count, b"".join(parts), locked=self._locked)
                parts, pointers, at, count = [], {}, self._start, 0
            if at + needed > MAX_MESSAGE - _SIGNATURE:
                raise ValidationError.of("DNS-RRSET-SIZE", f"{owner} doesn't fit into an update", "RFC 1035 §4.2.2")
            for tail in tails:
                name = _name(wire, at, pointers)
                parts += (name, tail)
                at += len(name) + len(tail)
            count += len(tails)
        if parts:
            yield Update(self._zone, count, b"".join(parts), locked=self._locked)

    def _by_name(self, changes: Iterable[RecordSetChange]) -> Iterator[tuple[str, list[bytes]]]:
        """Of each name, what follows the owners of its updates."""
        names: dict[str, list[RecordSetChange]] = {}
        for change in changes:
            if change.owner != APEX or change.rdtype not in {"SOA", "NS"}:
                names.setdefault(change.owner, []).append(change)
        for owner, of_name in names.items():
            comes = [change for change in of_name if change.text is not None]
            alias = any(change.rdtype == "CNAME" for change in comes)
            if (alias or (comes and self._sweeping)) and owner != APEX:
                goes = [_ANY]
            else:
                goes = [type_code(each.rdtype) for each in of_name if each.text is not None or each.only is None]
                if any(change.is_new for change in comes) and owner != APEX and CNAME not in goes:
                    goes.append(CNAME)
            tails = [code + _ANY + _NOTHING for code in goes]
            for change in of_name:
                if change.only is not None:
                    tails += _removed(change.rdtype, change.only)
            for change in comes:
                tails += _added(change.rdtype, change.text or "")
            yield owner, tails


@lru_cache(maxsize=16_384)  # all participants of an SMP have the same text
def _added(rdtype: str, text: str) -> tuple[bytes, ...]:
    return render(RRset.from_text("", rdtype, text)).tails


@lru_cache(maxsize=16_384)
def _removed(rdtype: str, texts: tuple[str, ...]) -> tuple[bytes, ...]:
    """Each record of these texts goes by itself, whatever its TTL is (RFC 2136 §2.5.4)."""
    tails = (tail for text in texts for tail in _added(rdtype, text))
    return tuple(dict.fromkeys(tail[:2] + _NONE + b"\x00\x00\x00\x00" + tail[8:] for tail in tails))


def _lock(held: Soa, new: Soa) -> bytes:
    """The prerequisite section with one SOA, and the first record of the update section with another."""
    size = struct.pack("!H", len(held.rdata))
    prerequisite = (_ZONE, SOA, IN, b"\x00\x00\x00\x00", size, held.rdata)
    return b"".join((*prerequisite, _ZONE, SOA, IN, struct.pack("!I", new.ttl), size, new.rdata))


def _name(wire: bytes, at: int, pointers: dict[bytes, bytes]) -> bytes:
    """An owner at an offset of the message, its end by a pointer to where that came first (RFC 1035 §4.1.4)."""
    offset = 0
    while offset < len(wire):
        rest = wire[offset:]
        pointer = pointers.get(rest)
        if pointer is not None:
            return wire[:offset] + pointer
        if at + offset < _REACH:
            pointers[rest] = (0xC000 | (at + offset)).to_bytes(2)
        offset += 1 + wire[offset]
    return wire + _ZONE
