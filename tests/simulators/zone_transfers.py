# SPDX-License-Identifier: Apache-2.0
"""Zones that change for tests of transfers, and what a name server makes of the messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import dns.message
import dns.name
import dns.tsig

from registry.dns.journal import NewState, ZoneJournal, ZonePublisher
from registry.dns.query import HEADER
from registry.dns.transfer.requests import Kind, TransferCutOffError, TransferRequest
from registry.dns.tsig import Signer
from registry.dns.wire import name_to_wire
from registry.storage.engine import Actor, Database
from registry.storage.queries import zone_transfers, zones
from registry.storage.queries.zones import ZoneRow

ACTOR = Actor("test")
Records = set[tuple[str, str]]
"""Owner and type, TTL and data of single records, as dnspython writes them."""


def write(database: Database, zone_id: int, *states: tuple[str, str, str | None]) -> None:
    """Let owners hold of a type what a text says, as stored."""
    with database.write(ACTOR) as work:
        ZoneJournal().write(work, zone_id, [NewState(*state) for state in states])


def stamp(database: Database) -> None:
    """Give all that waits a serial."""
    ZonePublisher(database, "test", 0.0).tick(serve=False)


def held_zone(database: Database, zone_id: int) -> ZoneRow:
    """The zone as it is."""
    with database.read() as connection:
        return zones.by_id(connection, zone_id)


def set_serial(database: Database, zone_id: int, serial: int) -> None:
    """Let the history of a zone begin anew, with that serial."""
    with database.write(ACTOR) as work:
        ZoneJournal().begin_anew(work, zones.by_id(work.connection, zone_id), serial)


def last_transfers(database: Database, zone_id: int) -> list[zone_transfers.TransferRow]:
    """What is kept of the transfers of a zone."""
    with database.read() as connection:
        return list(zone_transfers.of_zone(connection, zone_id))


def request(
    kind: Kind, zone: str, *, since: int = 0, key: dns.tsig.Key | None = None, request_mac: bytes = b"m" * 32
) -> TransferRequest:
    """A request as the server hands it over."""
    code = b"\x00\xfc" if kind == "AXFR" else b"\x00\xfb"
    question = name_to_wire(zone) + b"\0" + code + b"\0\1"
    signer = None if key is None else Signer(key, request_mac)
    name = "" if key is None else key.name.to_text(omit_final_dot=True)
    return TransferRequest(kind, zone, b"\x12\x34", question, b"", since, "127.0.0.1", name, signer)


@dataclass(slots=True)
class Taken:
    """A stream that keeps what comes; it breaks off after `most` messages."""

    most: int = 1_000_000
    messages: list[bytes] = field(default_factory=list)
    ends: list[bool] = field(default_factory=list)

    def send(self, message: bytes) -> None:
        if len(self.messages) == self.most:
            raise TransferCutOffError("the connection has ended")
        self.messages.append(message)

    def end(self, *, cut_off: bool) -> None:
        self.ends.append(cut_off)

    def is_awaited(self) -> bool:
        return True

    def records(self) -> list[tuple[str, str]]:
        """The records of all messages in their order."""
        return records_of(self.messages)


def records_of(messages: Iterable[bytes]) -> list[tuple[str, str]]:
    """The records of messages in their order: owner, and all of the rest."""
    found = []
    for wire in messages:
        for rrset in dns.message.from_wire(wire[:HEADER] + wire[HEADER:], one_rr_per_rrset=True).answer:
            owner, _, rest = rrset.to_text().partition(" ")
            found.append((owner, rest))
    return found


def serial_of(record: tuple[str, str]) -> int | None:
    """The serial of a SOA record; None for others."""
    parts = record[1].split(" ")
    return int(parts[5]) if parts[2] == "SOA" else None


def after_transfer(held: Records, records: Sequence[tuple[str, str]]) -> Records:
    """What a name server holds that has `held` and is sent `records` (RFC 5936 §2.2, RFC 1995 §4)."""
    first, last = records[0], records[-1]
    assert serial_of(first) is not None
    assert last == first, "it ends as it begins"
    if len(records) == 1:
        return held
    if serial_of(records[1]) is None:
        return set(records)
    zone, removing, index = set(held), False, 1
    while index < len(records) - 1:
        record = records[index]
        if serial_of(record) is not None:
            removing = not removing
        if removing:
            zone.remove(record)
        else:
            assert record not in zone
            zone.add(record)
        index += 1
    assert first in zone
    return zone
