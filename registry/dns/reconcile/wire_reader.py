# SPDX-License-Identifier: Apache-2.0
"""Reads the records of DNS messages from hostile octets, at a cost that a million of them allow.

A record comes as two parts that hash and compare as they are: its owner in lower case, uncompressed, and a *tail*:
type, TTL and rdata in canonical form (RFC 4034 §6.2), where names are uncompressed and in lower case, since servers may
write them either way (RFC 1035 §4.1.4, RFC 3597 §4). The serial of an SOA is left out of its tail: who serves a zone
may count by itself. Pointers lead backwards only and are followed a bounded number of times, so no message takes long.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import dns.rdatatype

from registry.dns.records import RRset
from registry.dns.wire import MAX_NAME, rdata_to_wire, type_code
from registry.errors import TechnicalError

HEADER = 12
SOA = int(dns.rdatatype.SOA)
TSIG = int(dns.rdatatype.TSIG)
_IN = 1
_POINTER = 0xC0
_MAX_JUMPS = 126  # a name has no more labels
_RECORD = struct.Struct("!HHIH")  # type, class, TTL, length
_TAIL = struct.Struct("!HI")
_SOA_NUMBERS = 20  # octets behind the names of an SOA; the serial is first
_KNOWN = 65_536

Line = tuple[bytes, bytes]
"""A record: owner and tail."""


class MalformedMessageError(TechnicalError):
    """The octets are no DNS message that one could take records from."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says; `tsig_at` is the offset of its TSIG record, None where it isn't signed."""

    id: int
    flags: int
    rcode: int
    question: Line | None
    """Its name, and its type and class."""
    answers: list[Line]
    serial: int | None
    """Of the first SOA among the answers."""
    tsig_at: int | None


@dataclass(slots=True)
class WireReader:
    """Reads messages one after the other; remembers the tails that they have in common."""

    _tails: dict[bytes, bytes] = field(default_factory=dict)

    def read(self, data: bytes) -> Message:
        """What a message says, its answers with all else that is signed with them. Raises MalformedMessageError."""
        try:
            return self._read(data)
        except (IndexError, struct.error):
            raise MalformedMessageError("a message ends early") from None

    def _read(self, data: bytes) -> Message:
        number, flags, questions, answers, authorities, additional = struct.unpack_from("!6H", data)
        at = HEADER
        question = None
        names: dict[int, bytes] = {}
        if questions > 1:
            raise MalformedMessageError("a message has several questions")
        if questions:
            name, end = read_name(data, at)
            question, at = (name, data[end : end + 4]), end + 4
        lines = []
        serial = None
        for _ in range(answers):
            owner, end = _name(data, at, names)
            code, rdclass, _, length = _RECORD.unpack_from(data, end)
            at = end + _RECORD.size + length
            if at > len(data):
                raise MalformedMessageError("a record ends early")
            if rdclass != _IN:
                raise MalformedMessageError(f"a record has the class {rdclass}")
            if code == SOA and serial is None and length > _SOA_NUMBERS:
                serial = int.from_bytes(data[at - _SOA_NUMBERS : at - _SOA_NUMBERS + 4])
            raw = data[end:at]
            tail = self._tails.get(raw)
            if tail is None:
                tail = self._new_tail(data, raw, (end + _RECORD.size, at), names)
            lines.append((owner, tail))
        tsig_at = None
        for _ in range(authorities + additional):
            if tsig_at is not None:
                raise MalformedMessageError("a TSIG record is not the last one")
            _, end = _name(data, at, names)
            code, _, _, length = _RECORD.unpack_from(data, end)
            tsig_at = at if code == TSIG else None
            at = end + _RECORD.size + length
        if at != len(data):
            raise MalformedMessageError("the records and the message don't end together")
        return Message(number, flags, flags & 0xF, question, lines, serial, tsig_at)

    def _new_tail(self, data: bytes, raw: bytes, span: tuple[int, int], names: dict[int, bytes]) -> bytes:
        code, _, ttl, _ = _RECORD.unpack_from(raw)
        rdata = _canonical(code, data, *span, names)
        tail = tail_of(code, ttl, rdata)
        if rdata.lower() == raw[_RECORD.size :].lower():  # nothing in it depends on the rest of the message
            if len(self._tails) >= _KNOWN:
                self._tails.clear()
            self._tails[raw] = tail
        return tail


def read_name(data: bytes, at: int) -> tuple[bytes, int]:
    """A name in lower case with the root's label, and the offset behind it.

    Raises MalformedMessageError, or IndexError where the message ends in it.
    """
    labels: list[bytes] = []
    size, jumps, end, segment = 1, 0, 0, at
    while length := data[at]:
        if length < 64:
            labels.append(data[at : at + 1 + length])
            at += 1 + length
            size += 1 + length
            if size > MAX_NAME:
                raise MalformedMessageError("a name is too long")
        elif length >= _POINTER:
            end = end or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
            jumps += 1
            if not HEADER <= at < segment or jumps > _MAX_JUMPS:
                raise MalformedMessageError("a compression pointer doesn't lead back")
            segment = at
        else:
            raise MalformedMessageError("a label is of an unknown kind")
    labels.append(b"\x00")
    return b"".join(labels).lower(), end or at + 1


def _name(data: bytes, at: int, names: dict[int, bytes]) -> tuple[bytes, int]:
    """As `read_name`; what pointers lead to is kept in `names` by its offset, for the other names of the message."""
    length = data[at]
    behind = at if length >= _POINTER else at + 1 + length
    if not (0 < length < 64 or length >= _POINTER) or data[behind] < _POINTER:
        return read_name(data, at)
    target = (data[behind] & 0x3F) << 8 | data[behind + 1]
    if not HEADER <= target < at:
        raise MalformedMessageError("a compression pointer doesn't lead back")
    rest = names.get(target)
    if rest is None:
        rest = names[target] = read_name(data, target)[0]
    name = data[at:behind].lower() + rest
    if len(name) > MAX_NAME:
        raise MalformedMessageError("a name is too long")
    return name, behind + 2


def _naptr_head(data: bytes, at: int) -> int:
    at += 4
    for _ in range(3):
        at += 1 + data[at]
    return at


def _fixed(octets: int) -> Callable[[bytes, int], int]:
    return lambda _data, at: at + octets


# RFC 4034 §6.2 as RFC 6840 §5.1 corrects it: where the names in rdata begin, how many there are, what is behind them.
_WITH_NAMES: Final[Mapping[int, tuple[Callable[[bytes, int], int], int, int]]] = {
    int(dns.rdatatype.from_text(rdtype)): (head, count, behind)
    for head, count, behind, rdtypes in (
        (_fixed(0), 1, 0, "NS CNAME DNAME PTR MB MD MF MG MR"),
        (_fixed(0), 2, 0, "MINFO RP"),
        (_fixed(0), 2, _SOA_NUMBERS, "SOA"),
        (_fixed(2), 1, 0, "MX AFSDB RT KX"),
        (_fixed(2), 2, 0, "PX"),
        (_fixed(6), 1, 0, "SRV"),
        (_naptr_head, 1, 0, "NAPTR"),
    )
    for rdtype in rdtypes.split()
}


def _canonical(code: int, data: bytes, start: int, end: int, names: dict[int, bytes]) -> bytes:
    form = _WITH_NAMES.get(code)
    if form is None:
        return data[start:end]
    head, count, behind = form
    at = head(data, start)
    parts = [data[start:at]]
    for _ in range(count):
        name, at = _name(data, at, names)
        parts.append(name)
    if at + behind != end:
        raise MalformedMessageError("a record isn't as long as it says")
    parts.append(data[at:end] if code != SOA else b"\x00\x00\x00\x00" + data[at + 4 : end])
    return b"".join(parts)


@lru_cache(maxsize=8192)
def tails_of(rdtype: str, text: str) -> tuple[bytes, ...]:
    """The tails of a record set as it is stored (`RRset.to_text`). Raises ValidationError."""
    rrset = RRset.from_text("", rdtype, text)
    code = int.from_bytes(type_code(rdtype))
    wires = (rdata_to_wire(rdtype, rdata) for rdata in rrset.rdatas)
    return tuple(dict.fromkeys(tail_of(code, rrset.ttl, canonical_rdata(code, wire)) for wire in wires))


def canonical_rdata(code: int, rdata: bytes) -> bytes:
    """Uncompressed rdata in canonical form, an SOA's without its serial."""
    return _canonical(code, rdata, 0, len(rdata), {})


def tail_of(code: int, ttl: int, rdata: bytes) -> bytes:
    """A tail of its parts; `rdata` is canonical."""
    return _TAIL.pack(code, ttl) + rdata


def tail_parts(tail: bytes) -> tuple[int, int, bytes]:
    """The type, the TTL in seconds and the canonical rdata in a tail."""
    code, ttl = _TAIL.unpack_from(tail)
    return code, ttl, tail[_TAIL.size :]
