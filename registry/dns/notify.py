# SPDX-License-Identifier: Apache-2.0
"""NOTIFY (RFC 1996): tells name servers that a zone has a new serial, until they have acknowledged it.

Each server is told at once, and again after 1, 2, 4, … 60 seconds as long as it is silent or refuses (§3.6). To
acknowledge isn't to have it: its transfer may be cut off, and another process on our port may have answered its query
with the serial before. So it is told again, after 2, 4, … 60 seconds, until it took the serial from us, or was seen
serving it, or there is a newer one. The process tells that has the zone's lease, so that one does; who takes over, or
starts again, tells everybody once. A transfer is a server's if it comes from its address by its key, or by its key only
where a name stands for the address.
"""

import asyncio
import contextlib
import ipaddress
import secrets
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import dns.rcode
import dns.tsig
import structlog

from registry.dns.journal import LEASE
from registry.dns.query import HEADER, MalformedQueryError, read_query
from registry.dns.records import APEX, RRset
from registry.dns.transfer.differences import soa_text
from registry.dns.transfer.packing import soa_with_serial
from registry.dns.tsig import Signer, TsigError, check, read_tsig
from registry.dns.tsig_keys import TsigKeys
from registry.dns.wire import IN, QUESTION_OWNER, SOA, name_to_wire, render
from registry.domains.server_address import parse_server_address
from registry.domains.zone_servers import Secondary
from registry.errors import ConfigurationError, RegistryError
from registry.serials import is_greater
from registry.storage.engine import Actor, Database
from registry.storage.queries import zone_notices, zones
from registry.storage.queries.zone_notices import HeldZone, Notice, Taken
from registry.storage.unit_of_work import Connection
from registry.waiting import wait_within

POLL_S = 1.0
"""Seconds between two looks for serials, where nothing wakes."""
_KEEP_S = 0.5
"""For how long what servers say may be in memory only: it comes in faster than it is worth writing."""
_LAST_WAIT_S = 60.0
_TRANSFER_S = 2.0
"""For how long who has acknowledged is left to take the zone, at first."""
_FLAGS = 4 << 11 | 0x0400  # NOTIFY, AA
_ANSWER, _OPCODE, _RCODE = 0x8000, 0x7800, 0x000F
_NOTAUTH = 9

log = structlog.get_logger(__name__)

Secondaries = Callable[[], Mapping[str, Sequence[Secondary]]]
"""By name of a zone those who are to be told of it."""


class NotifyError(Exception):
    """Why a server has not acknowledged."""


@dataclass(frozen=True, slots=True)
class _News:
    """What one server is to be told."""

    zone_id: int
    zone: str
    serial: int
    soa: bytes
    """The record behind its owner."""
    secondary: Secondary


class Notifier:
    """Tells name servers while `run` runs; `wake` lets it look at once, from any thread.

    `name` is that of the publisher whose zones it tells of, `now` gives seconds since 1970. `publishing` is held from
    the stamp of a serial until it is served here: who is told asks at once, and isn't to get the serial before.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        secondaries: Secondaries,
        keys: TsigKeys,
        now: Callable[[], int],
        *,
        publishing: asyncio.Lock | None = None,
    ) -> None:
        self._database = database
        self._name = name
        self._secondaries = secondaries
        self._keys = keys
        self._now = now
        self._publishing = publishing or asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._stopping = False
        self._telling: dict[tuple[int, str], tuple[_News, asyncio.Task[None]]] = {}
        self._acknowledged: dict[tuple[int, str], int] = {}
        self._settled: dict[tuple[int, str], int] = {}
        """What they have acknowledged, and have."""
        self._unkept: dict[tuple[int, str], Notice] = {}
        self._kept_at = self._loop.time()

    def wake(self) -> None:
        """Look for new serials now; may be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._woken.set)

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Tell until `stop`."""
        while not self._stopping:
            self._woken.clear()
            try:
                async with self._publishing:
                    news = await asyncio.to_thread(self._look)
                self._tell(news)
                await self._keep()
            except Exception as error:  # whatever it was, there is a next time
                expected = isinstance(error, RegistryError)
                log.error("notify_failed", reason=str(error), exc_info=not expected)  # noqa: TRY400
            await wait_within(POLL_S, self._woken)
        ended = [task for _, task in self._telling.values()]
        self._tell([])
        await asyncio.gather(*ended, return_exceptions=True)
        self._kept_at = -_KEEP_S
        with contextlib.suppress(RegistryError):  # who starts next tells again
            await self._keep()

    def _look(self) -> list[_News]:
        """What servers don't know yet of the zones that this process has."""
        secondaries = self._secondaries()
        if not any(secondaries.values()):
            return []
        with self._database.read() as connection:
            open_ones = [
                (held, each)
                for held in zone_notices.held_zones(connection, list(secondaries))
                for each in secondaries[held.row.name]
                if self._settled.get((held.row.id, each.server)) != held.row.serial
            ]
            behind = self._unsettled(connection, open_ones)
            soas = {held.row.id: soa_text(connection, held.row.id) for held, _ in behind}
        ours = self._ours({held.row.id: held for held, _ in behind})
        return [
            _News(held.row.id, held.row.name, held.row.serial, _soa(soas[held.row.id], held.row.serial), each)
            for held, each in behind
            if held.row.id in ours
        ]

    def _unsettled(
        self, connection: Connection, open_ones: Sequence[tuple[HeldZone, Secondary]]
    ) -> list[tuple[HeldZone, Secondary]]:
        """Those who have yet to acknowledge the serial, or to have it."""
        told = {key: serial for key, serial in self._acknowledged.items() if self._settled.get(key) != serial}
        zone_ids = {held.row.id for held, each in open_ones if (held.row.id, each.server) in told}
        taken = zone_notices.taken(connection, zone_ids) if zone_ids else []
        served = zone_notices.served(connection, zone_ids) if zone_ids else {}
        behind = []
        for held, each in open_ones:
            key, serial = (held.row.id, each.server), held.row.serial
            seen = [one.serial for one in taken if one.zone_id == held.row.id and _is_of(one, each)]
            seen += [served[key]] if key in served else []
            if told.get(key) == serial and any(not is_greater(serial, one) for one in seen):
                self._settled[key] = serial
            else:
                behind.append((held, each))
        return behind

    def _ours(self, held: Mapping[int, HeldZone]) -> set[int]:
        """Those of the zones that this process has, or that nobody has and that it takes."""
        now = self._database.now()
        ours = {
            key
            for key, each in held.items()
            if each.publisher == self._name and each.lease_until is not None and each.lease_until > now
        }
        free = sorted(key for key in held.keys() - ours if _is_free(held[key], self._name, now.timestamp()))
        if free:
            with self._database.write(Actor(f"publisher:{self._name}")) as work:
                ours |= {key for key in free if zones.acquire_lease(work, key, self._name, LEASE)}
        return ours

    def _tell(self, news: Sequence[_News]) -> None:
        """Begin with what is new, and end with what isn't wanted any more."""
        wanted = {(each.zone_id, each.secondary.server): each for each in news}
        for key, (told, task) in list(self._telling.items()):
            if wanted.get(key) != told or task.done():
                del self._telling[key]
                task.cancel()
        for key, each in wanted.items():
            if key not in self._telling:
                self._telling[key] = each, self._loop.create_task(self._tell_one(each), name="notify")

    async def _tell_one(self, news: _News) -> None:
        wait_s, exchange, acknowledged = 1.0, _Exchange(), False
        try:
            while True:  # until it is cancelled, since nobody wants it any more
                until = self._loop.time() + wait_s
                try:
                    await self._ask(news, exchange, until)
                except (NotifyError, OSError) as error:
                    self._note(news, str(error) or type(error).__name__)
                else:
                    self._note(news, None)
                    wait_s, acknowledged = wait_s if acknowledged else _TRANSFER_S, True
                    until = self._loop.time() + wait_s
                await asyncio.sleep(until - self._loop.time())
                wait_s = min(2 * wait_s, _LAST_WAIT_S)
        finally:
            exchange.close()

    async def _ask(self, news: _News, exchange: "_Exchange", until: float) -> None:
        """Tell once, and wait for the acknowledgement. Raises NotifyError, OSError."""
        key = self._key(news.secondary.key)
        message, mac = notify_message(news.zone, news.soa, key, self._now())
        await exchange.send(news.secondary.server, message)
        while True:
            try:
                async with asyncio.timeout_at(until):
                    answer = await exchange.received.get()
            except TimeoutError:
                raise NotifyError("no answer") from None
            if isinstance(answer, OSError):
                raise answer
            if answer[:2] == message[:2]:
                check_acknowledgement(answer, key, mac, self._now())
                return

    def _key(self, name: str) -> dns.tsig.Key | None:
        try:
            return self._keys.required(name) if name else None
        except ConfigurationError as error:
            raise NotifyError(str(error)) from None

    def _note(self, news: _News, failure: str | None) -> None:
        key = news.zone_id, news.secondary.server
        if failure is None:
            self._acknowledged[key] = news.serial
        if not self._unkept:
            self._loop.call_later(_KEEP_S, self._woken.set)
        self._unkept[key] = Notice(*key, news.serial, failure)

    async def _keep(self) -> None:
        """Write down what servers have said, if it is time for that."""
        if not self._unkept or self._loop.time() < self._kept_at + _KEEP_S:
            return
        notices = dict(self._unkept)
        await asyncio.to_thread(keep_notices, self._database, list(notices.values()))
        self._kept_at = self._loop.time()
        self._unkept = {key: each for key, each in self._unkept.items() if notices.get(key) is not each}


class _Exchange(asyncio.DatagramProtocol):
    """A socket to one server, from its first message on."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes | OSError] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None

    async def send(self, server: str, message: bytes) -> None:
        """Send to `HOST:PORT`; the name is resolved once. Raises OSError, NotifyError."""
        address = parse_server_address(server)
        if address is None:
            raise NotifyError(f"{server!r} is no name server; give HOST:PORT")
        if self._transport is None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=address)
        self._transport.sendto(message)

    def close(self) -> None:
        """Take nothing more."""
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.received.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self.received.put_nowait(exc if isinstance(exc, OSError) else OSError(str(exc)))


def notify_message(zone: str, soa: bytes, key: dns.tsig.Key | None, now: int) -> tuple[bytes, bytes]:
    """A NOTIFY with the new SOA (RFC 1996 §3.7; `soa` behind its owner), signed where there is a key; and its MAC."""
    question = name_to_wire(zone) + b"\0" + SOA + IN
    head = secrets.token_bytes(2) + struct.pack("!5H", _FLAGS, 1, 1, 0, 0)
    message = b"".join((head, question, QUESTION_OWNER, soa))
    if key is None:
        return message, b""
    signer = Signer(key)
    signed = signer.sign(message, now)
    return signed, signer.mac


def check_acknowledgement(answer: bytes, key: dns.tsig.Key | None, mac: bytes, now: int) -> None:
    """Whether an answer acknowledges a NOTIFY (RFC 1996 §3.8). Raises NotifyError, which says why not."""
    if len(answer) < HEADER or int.from_bytes(answer[2:4]) & (_ANSWER | _OPCODE) != _ANSWER | _FLAGS & _OPCODE:
        raise NotifyError("its answer isn't one to NOTIFY")
    rcode = answer[3] & _RCODE
    try:
        query = read_query(answer)
        record = None if query.tsig is None else read_tsig(answer, query.tsig)
        if record is not None and record.error:
            names = {each.value: each.name for each in TsigError}
            raise NotifyError(
                f"it refuses our signature: {names.get(record.error, record.error)}{_advice(record.error)}"
            )
        if rcode:
            raise NotifyError(f"it answers {dns.rcode.to_text(dns.rcode.Rcode.make(rcode))}")
        if key is not None and (record is None or check(answer, record, key, now, mac) is not TsigError.NONE):
            raise NotifyError("its answer isn't signed as it should be")
    except MalformedQueryError as error:
        raise NotifyError(f"its answer can't be read: {error}") from None


def _advice(error: int) -> str:
    return {
        TsigError.BADKEY: " (it doesn't know the key by this name and algorithm)",
        TsigError.BADSIG: " (its key of this name has another secret)",
        TsigError.BADTIME: " (its clock or ours is wrong)",
    }.get(TsigError(error) if error in set(TsigError) else TsigError.NONE, "")


def _soa(text: str, serial: int) -> bytes:
    return render(RRset.from_text(APEX, "SOA", soa_with_serial(text, serial))).tails[0]


def _is_of(taken: Taken, secondary: Secondary) -> bool:
    """Whether a transfer was to a server."""
    try:
        address = str(ipaddress.ip_address(secondary.host))
    except ValueError:
        return bool(secondary.key) and taken.key == secondary.key
    return (taken.client, taken.key) == (address, secondary.key)


def _is_free(held: HeldZone, name: str, now: float) -> bool:
    return held.publisher in {None, name} or held.lease_until is None or held.lease_until.timestamp() < now


def keep_notices(database: Database, notices: Sequence[Notice]) -> None:
    """Keep what servers have said; who isn't known to have acknowledged is told again."""
    with database.write(Actor("notify")) as work:
        zone_notices.note(work, notices)
