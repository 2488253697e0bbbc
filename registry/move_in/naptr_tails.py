# SPDX-License-Identifier: Apache-2.0
"""NAPTR records of an old SML in the octets of `registry.dns.reconcile.wire_reader`, as they are written today.

Older releases wrote the expression `!^.*$!…!`, which leads a sender to the same URL as today's `!.*!…!` (sml.md §2.2).
"""

from typing import Final, NamedTuple, Self

import dns.rdatatype

_LEGACY: Final = b"!^.*$!"
_PRESENT: Final = b"!.*!"
_NUMBERS: Final = 4  # octets of order and preference
_NAPTR: Final = dns.rdatatype.NAPTR.to_bytes(2)
_BEFORE_RDATA: Final = 6  # octets of type and TTL in a tail


class NaptrParts(NamedTuple):
    """The rdata of a NAPTR record (RFC 3403 §4.1), in parts."""

    numbers: bytes
    flags: bytes
    services: bytes
    expression: bytes
    replacement: bytes

    @classmethod
    def of(cls, rdata: bytes) -> Self:
        """What well-formed rdata say, with the expression of today."""
        texts, at = [], _NUMBERS
        for _ in range(3):
            texts.append(rdata[at + 1 : at + 1 + rdata[at]])
            at += 1 + rdata[at]
        flags, services, expression = texts
        if expression.startswith(_LEGACY):
            expression = _PRESENT + expression.removeprefix(_LEGACY)
        return cls(rdata[:_NUMBERS], flags, services, expression, rdata[at:])

    def to_rdata(self) -> bytes:
        """The octets."""
        texts = (self.flags, self.services, self.expression)
        return b"".join((self.numbers, *(bytes((len(text),)) + text for text in texts), self.replacement))


def as_written_today(tail: bytes) -> bytes:
    """A record of any type, as `wire_reader` has it; one with the expression of older releases has today's."""
    if tail[:2] != _NAPTR or _LEGACY not in tail:
        return tail
    return tail[:_BEFORE_RDATA] + NaptrParts.of(tail[_BEFORE_RDATA:]).to_rdata()
