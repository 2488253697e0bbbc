# SPDX-License-Identifier: Apache-2.0
"""Record sets as they are stored, put into messages: at about a microsecond each, without an object per record.

Nearly all owners are one label below a name that many share, and nearly all texts are those of a few hundred SMPs. So
a text is rendered once, and of an owner only its first label is written: a pointer to the rest of the name, where that
came first in the message (RFC 1035 §4.1.4), ends it. A pointer reaches no further than 16,383 octets into a message.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from registry.dns.records import APEX, RRset
from registry.dns.wire import IN, name_to_wire, render
from registry.errors import ValidationError

MAX_MESSAGE: Final = 0xFFFF
"""Octets of a message over TCP (RFC 1035 §4.2.2)."""
AXFR: Final = b"\x00\xfc"
IXFR: Final = b"\x00\xfb"
Row = tuple[str, str, str]
"""An owner relative to the zone, a type, and a text as `RRset.to_text`; or some of the lines of such a text."""

_HEADER = 12
_REACH = 0x4000
_QR_AA = 0x8400
_KNOWN_TEXTS = 65_536
_LENGTHS = {length: bytes((length,)) for length in range(1, 64)}
_ROOT = b"\x00"


class MessagePacker:
    """Packs rows of the zone `zone_wire` (its name in wire format) into answers of up to `limit` octets.

    Each answer has `query_id`, the flags QR and AA, the question, as it was asked (`question` with type and class), and
    an OPT record where there is one.
    """

    def __init__(
        self,
        zone_wire: bytes,
        *,
        query_id: bytes = b"\0\0",
        question: bytes = b"",
        opt: bytes = b"",
        limit: int = MAX_MESSAGE,
    ) -> None:
        self._zone = zone_wire
        self._opt = opt
        self._question = question or zone_wire + AXFR + IN
        self._head = query_id + _QR_AA.to_bytes(2) + b"\x00\x01"
        self._limit = limit - len(opt)
        self._tails: dict[tuple[str, str], tuple[bytes, ...]] = {}

    def messages(self, rows: Iterable[Row]) -> Iterator[bytes]:
        """The messages with all records of the rows, in their order; none without rows.

        Raises ValidationError for rows that can't be rendered, or not into a message.
        """
        tails_of, pointers = self._tails, self._first_pointers()
        parts: list[bytes] = []
        start = _HEADER + len(self._question)
        size, count, limit = start, 0, self._limit
        for row in rows:
            owner, rdtype, text = row
            tails = tails_of.get((rdtype, text)) or self._rendered(owner, rdtype, text)
            for tail in tails:
                label, dot, rest = owner.partition(".")
                pointer = pointers.get(rest)
                length = _LENGTHS.get(len(label))
                if pointer is None or length is None or not dot or "\\" in label or not label.isascii():
                    name = self._name(owner, size, pointers)
                else:
                    name = length + label.lower().encode() + pointer
                if size + len(name) + len(tail) > limit:
                    if count:
                        yield self._message(count, parts)
                    parts, size, count, pointers = [], start, 0, self._first_pointers()
                    name = self._name(owner, size, pointers)
                    if size + len(name) + len(tail) > limit:
                        message = f"a record of {owner} {rdtype} does not fit into a message"
                        raise ValidationError.of("DNS-RRSET-SIZE", message, "RFC 1035 §4.2.2")
                parts += (name, tail)
                size += len(name) + len(tail)
                count += 1
        if count:
            yield self._message(count, parts)

    def _message(self, count: int, parts: list[bytes]) -> bytes:
        counts = struct.pack("!HHH", count, 0, bool(self._opt))
        return b"".join((self._head, counts, self._question, *parts, self._opt))

    def _first_pointers(self) -> dict[str, bytes]:
        """Where the rests of names are, in a message that has but its question.

        What is asked in other letters (0x20) isn't pointed to: names keep their case (RFC 5936 §3.4).
        """
        return {"": _pointer(_HEADER)} if self._question.startswith(self._zone) else {}

    def _name(self, owner: str, at: int, pointers: dict[str, bytes]) -> bytes:
        """An owner at an offset of the message; notes where rests of names are that others can point to."""
        wire = name_to_wire(owner)
        if "\\" in owner:  # a dot may be part of a label
            return wire + self._apex(at + len(wire), pointers)
        rest, offset = "" if owner == APEX else owner, 0
        while rest:
            pointer = pointers.get(rest)
            if pointer is not None:
                return wire[:offset] + pointer
            if offset and at + offset < _REACH:  # the whole owner hardly has another one below it
                pointers[rest] = _pointer(at + offset)
            rest = rest.partition(".")[2]
            offset += 1 + wire[offset]
        return wire + self._apex(at + len(wire), pointers)

    def _apex(self, at: int, pointers: dict[str, bytes]) -> bytes:
        pointer = pointers.get("")
        if pointer is not None:
            return pointer
        if at < _REACH:
            pointers[""] = _pointer(at)
        return self._zone

    def _rendered(self, owner: str, rdtype: str, text: str) -> tuple[bytes, ...]:
        if len(self._tails) >= _KNOWN_TEXTS:
            self._tails.clear()
        tails = self._tails[rdtype, text] = render(RRset.from_text(owner, rdtype, text)).tails
        return tails


def soa_with_serial(text: str, serial: int) -> str:
    """The text of a SOA record set, which is stored without a serial that counts, with this one."""
    ttl, primary, mailbox, _, *timers = text.split(" ")
    return " ".join((ttl, primary, mailbox, str(serial), *timers))


def _pointer(offset: int) -> bytes:
    return (0xC000 | offset).to_bytes(2)
