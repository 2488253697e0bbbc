# SPDX-License-Identifier: Apache-2.0
"""How far a push is: which SOA its target may have, and which names of a whole zone have arrived.

The SOA is the one that we know, or one that comes of messages whose answers are awaited.

Where we are the only writer, each message wants the SOA that the one before it left, and brings the next (RFC 2136
§2.4.2, §3.4.2.2). So messages form a chain: nothing is carried out twice or out of order, and nothing at all once
somebody else has written. The serials of a chain go up by two, where somebody else's update adds one, and the last
becomes ours, where that is greater (RFC 1982). The chain is written down before it is sent: whoever goes on after a
crash knows what was under way.
"""

from dataclasses import dataclass
from typing import Self

import dns.rdata
import dns.rdataclass
import dns.rdatatype

from registry.dns.push.messages import Soa
from registry.dns.wire import rdata_to_wire
from registry.errors import ValidationError
from registry.serials import is_greater
from registry.storage.queries.zones import next_serial

_JOURNAL = "journal"


def chain(start: Soa, messages: int, final: int | None) -> list[Soa]:
    """The SOA that each of so many messages brings; the last one has the serial `final` where that can be."""
    serials = [start.serial]
    for _ in range(messages):
        serials.append(next_serial(next_serial(serials[-1])))
    if messages and final is not None and is_greater(final, serials[-2]):
        serials[-1] = final
    return [start.with_serial(serial) for serial in serials[1:]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A push of the whole zone that was begun at our serial `since`, and has arrived up to the owner and type `after`.

    With all of it there `after` is None: what the journal has since then is next.
    """

    since: int
    after: tuple[str, str] | None = ("", "")

    def to_text(self) -> str:
        """As it is stored."""
        return " ".join((str(self.since), *(self.after or ())))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The opposite of `to_text`."""
        since, _, name = text.partition(" ")
        owner, _, rdtype = name.rpartition(" ")
        return cls(int(since), (owner, rdtype) if name else None)


@dataclass(frozen=True, slots=True)
class Replay:
    """What the journal has since our serial `since`, which has arrived up to a position (`JournalPart`)."""

    since: int
    position: tuple[int, int] | None = None

    def to_text(self) -> str:
        """As it is stored."""
        return " ".join(map(str, (_JOURNAL, self.since, *(self.position or ()))))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The opposite of `to_text`."""
        since, *position = map(int, text.split(" ")[1:])
        return cls(since, (position[0], position[1]) if position else None)


def progress_from_text(text: str) -> Sweep | Replay:
    """How far a push is, as it is stored."""
    return (Replay if text.startswith(_JOURNAL) else Sweep).from_text(text)


@dataclass(frozen=True, slots=True)
class Lock:
    """The SOA that a target had last, as far as we know, and a chain of messages that may have been carried out."""

    soa: Soa
    under_way: int = 0
    final: int | None = None

    def fits(self, found: Soa) -> bool:
        """Whether nobody but us can have written, the SOA there being `found`. TTLs don't matter."""
        return found.rdata in {self.soa.rdata, *(each.rdata for each in chain(self.soa, self.under_way, self.final))}

    def to_text(self) -> str:
        """As it is stored."""
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.SOA, self.soa.rdata, 0, len(self.soa.rdata))
        return f"{rdata.to_text()}\n{self.under_way} {'-' if self.final is None else self.final}"

    @classmethod
    def from_text(cls, text: str, ttl: int) -> "Lock | None":
        """The opposite of `to_text`; None where it can't be read, so that nothing fits."""
        rdata, _, course = text.partition("\n")
        under_way, _, final = course.partition(" ")
        try:
            soa = Soa(ttl, rdata_to_wire("SOA", rdata))
            return cls(soa, int(under_way or 0), None if final in {"", "-"} else int(final))
        except (ValidationError, ValueError):
            return None
