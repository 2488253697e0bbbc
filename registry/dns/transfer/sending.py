# SPDX-License-Identifier: Apache-2.0
"""Sends a zone to a name server: whole (RFC 5936), or what changed since the serial that it has (RFC 1995).

Everything comes from one read transaction and is streamed, so a zone of any size takes a few messages of memory, while
others write. What can't be sent becomes SERVFAIL, or, with part of it sent, the end of the connection: a name server
takes over a zone only when its last SOA has come, and nothing of it before (RFC 5936 §2.2).
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

import structlog

from registry.dns.records import APEX
from registry.dns.transfer.differences import differences, soa_text
from registry.dns.transfer.packing import MAX_MESSAGE, MessagePacker, Row, soa_with_serial
from registry.dns.transfer.requests import Kind, Stream, TransferCutOffError, TransferRequest
from registry.dns.wire import name_to_wire
from registry.errors import NotFoundError, RegistryError
from registry.serials import is_greater
from registry.storage.engine import Actor, Database
from registry.storage.queries import zone_transfers, zones
from registry.storage.queries.zone_transfers import TransferRow
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection

_ACTOR = Actor("transfer")
_SERVFAIL = 2
_QR = 0x8000
_MAX_FAILURE = 200

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Sent:
    """How far a transfer is."""

    zone_id: int = 0
    kind: Kind = "AXFR"
    serial: int = 0
    octets: int = 0
    messages: int = 0
    up_to_date: bool = False


class ZoneSender:
    """Sends zones of a database; `now` gives seconds since 1970, for signatures."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now

    def send(self, request: TransferRequest, stream: Stream) -> None:
        """Answer a request, and keep how that went. Blocking; raises nothing that is expected."""
        sent, started = _Sent(), time.monotonic()
        failure: str | None = None
        try:
            with self._database.read() as connection:
                self._send(connection, request, stream, sent)
        except (RegistryError, TransferCutOffError) as error:
            failure = str(error)[:_MAX_FAILURE]
            if not sent.messages and isinstance(error, RegistryError):
                self._fail(request, stream)
        finally:
            whole = sent.messages and failure is None
            stream.end(cut_off=bool(sent.messages) and not whole)
        if sent.up_to_date and failure is None:
            return
        took_ms = round((time.monotonic() - started) * 1000)
        tell = log.info if failure is None else log.warning
        tell(
            "zone_transfer",
            zone=request.zone,
            kind=sent.kind,
            serial=sent.serial,
            client=request.host,
            tsig_key=request.key,
            octets=sent.octets,
            milliseconds=took_ms,
            failure=failure,
        )
        if sent.zone_id:
            self._note(request, sent, took_ms, failure)

    def _send(self, connection: Connection, request: TransferRequest, stream: Stream, sent: _Sent) -> None:
        held = zone_transfers.zone_named(connection, request.zone)
        if held is None:
            raise NotFoundError(f"there is no zone {request.zone} any more")
        sent.zone_id, sent.serial = held.id, held.serial
        signer = request.signer
        packer = MessagePacker(
            name_to_wire(held.name) + b"\0",
            query_id=request.query_id,
            question=request.question,
            opt=request.opt,
            limit=MAX_MESSAGE - (0 if signer is None else signer.size),
        )
        with closing(_rows(connection, request, held, sent)) as rows:
            for message in packer.messages(rows):
                signed = message if signer is None else signer.sign(message, self._now())
                stream.send(signed)
                sent.messages += 1
                sent.octets += len(signed)

    def _fail(self, request: TransferRequest, stream: Stream) -> None:
        flags = (_QR | _SERVFAIL).to_bytes(2)
        counts = b"\0\1\0\0\0\0\0" + bytes((bool(request.opt),))
        answer = b"".join((request.query_id, flags, counts, request.question, request.opt))
        try:
            stream.send(answer if request.signer is None else request.signer.sign(answer, self._now()))
        except TransferCutOffError:
            log.debug("nobody_waits_for_zone", zone=request.zone)

    def _note(self, request: TransferRequest, sent: _Sent, took_ms: int, failure: str | None) -> None:
        try:
            with self._database.write(_ACTOR) as work:
                at = (work.now, None) if failure is None else (None, work.now)
                row = TransferRow(
                    *(sent.zone_id, request.host, request.key, sent.kind, sent.serial, sent.octets, took_ms),
                    *(*at, failure),
                )
                zone_transfers.note(work, row)
        except RegistryError as error:
            log.warning("zone_transfer_not_noted", zone=request.zone, reason=str(error))


def _rows(connection: Connection, request: TransferRequest, held: ZoneRow, sent: _Sent) -> Generator[Row, None, None]:
    """All records of the answer in their order."""
    soa: Row = (APEX, "SOA", soa_with_serial(soa_text(connection, held.id), held.serial))
    if request.kind == "IXFR":
        # A serial that is ahead of ours is answered so, too (RFC 1995 §2): that is for `registry dns check` to find.
        if request.since == held.serial or is_greater(request.since, held.serial):
            sent.kind, sent.up_to_date = "IXFR", True
            yield soa
            return
        found = differences(connection, held, request.since)
        if found is not None:
            sent.kind = "IXFR"
            yield from found.rows()
            return
    yield soa
    with closing(zones.state(connection, held.id)) as rows:
        for row in rows:
            if row[1] != "SOA":
                yield row
    yield soa
