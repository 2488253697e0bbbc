# SPDX-License-Identifier: Apache-2.0
"""Takes a whole zone from a name server (AXFR, RFC 5936), each message verified by TSIG (RFC 8945 §5.3.1).

It reads as fast as the server sends, since some close on a slow reader (Knot after half a second), and keeps the
messages in a file without a name, not in memory: who compares may go through them again. Blocking; octets and time are
bounded, and what the server says is believed in nothing.
"""

import secrets
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig

from registry.dns.reconcile.wire_reader import SOA, Line, Message, WireReader, tail_parts
from registry.dns.wire import name_to_wire
from registry.domains.server_address import parse_server_address
from registry.errors import TechnicalError

IDLE_S = 30.0
"""How long a server may take for a message."""
WHOLE_S = 3600.0
"""How long it may take for a zone."""
MAX_OCTETS = 8 * 2**30
"""What it may send: zones of tens of millions of names."""
_MAX_UNSIGNED = 99  # RFC 8945 §5.3.1
_PART = 1 << 18
_LENGTH = struct.Struct("!H")
_REFUSALS = (dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.NOTIMP, dns.rcode.FORMERR)


class TransferRefusedError(TechnicalError):
    """The server doesn't give us the zone: it would have to be told to, or asked for samples."""


class ZoneTooLargeError(TechnicalError):
    """The server sends far more records than the zone has."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who is asked for which zone, and by which key if any; the server as `HOST:PORT`."""

    server: str
    zone: str
    key: dns.tsig.Key | None = None


class ZoneCopy:
    """A zone as a server has given it. Close it, or use `with`: its file goes then."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.serial = 0
        self.octets = 0
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile(buffering=_PART)  # noqa: SIM115 — `close`
        except OSError as error:
            raise TechnicalError(f"no temporary file can be made: {error.strerror}") from error

    def receive(self, take: Callable[[list[Line]], None], now: float) -> None:
        """Transfer the zone; `take` gets the records of each message, the SOA once, as they come.

        `now` is the time in seconds since 1970. Raises TransferRefusedError; TechnicalError where the server can't be
        asked, or doesn't send a whole zone.
        """
        wanted = _apex(self.source.zone)
        reader, began = WireReader(), time.monotonic()
        with _Conversation(self.source, lambda: now + time.monotonic() - began) as conversation:
            first: Line | None = None
            for data in conversation.messages():
                self._keep(data)
                message = reader.read(data)
                conversation.check(data, message)
                lines = message.answers
                if first is None:
                    first = _begin(lines, wanted)
                    self.serial = message.serial or 0
                    lines = lines[1:]
                    take([first])
                if first in lines:
                    if lines.index(first) != len(lines) - 1 or message.serial != self.serial:
                        raise TechnicalError("the server sends something behind the end of the zone")
                    conversation.check_end()
                    take(lines[:-1])
                    return
                take(lines)

    def lines(self) -> Iterator[list[Line]]:
        """Once more what `receive` gave, the SOA twice."""
        self._file.seek(0)
        reader = WireReader()
        while length := self._file.read(_LENGTH.size):
            yield reader.read(self._file.read(_LENGTH.unpack(length)[0])).answers

    def _keep(self, data: bytes) -> None:
        self.octets += len(data)
        if self.octets > MAX_OCTETS:
            raise TechnicalError(f"the server has sent more than {MAX_OCTETS} octets")
        try:
            self._file.write(_LENGTH.pack(len(data)) + data)
        except OSError as error:
            raise TechnicalError(f"no room for the zone in a temporary file: {error.strerror}") from error

    def close(self) -> None:
        """Forget it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _apex(zone: str) -> bytes:
    return name_to_wire(zone) + b"\x00"


def _begin(lines: list[Line], apex: bytes) -> Line:
    if not lines or lines[0][0] != apex or tail_parts(lines[0][1])[0] != SOA:
        raise TechnicalError("the server doesn't begin with the SOA of the zone (RFC 5936 §2.2)")
    return lines[0]


@dataclass(slots=True)
class _Conversation:
    """A connection with one question asked."""

    source: Source
    now: Callable[[], float]
    _id: int = field(default_factory=lambda: secrets.randbelow(2**16))
    _mac: bytes = b""
    _context: object = None
    _unsigned: int = 0
    _socket: socket.socket | None = None

    def __enter__(self) -> Self:
        address = parse_server_address(self.source.server)
        if address is None:
            raise TechnicalError(f"{self.source.server!r} is no name server; give HOST:PORT")
        query = dns.message.make_query(dns.name.from_text(self.source.zone), "AXFR", id=self._id, flags=0)
        if self.source.key is not None:
            query.use_tsig(self.source.key)
        wire = query.to_wire()
        self._mac = query.mac or b""
        try:
            self._socket = socket.create_connection(address, IDLE_S)
            self._socket.sendall(_LENGTH.pack(len(wire)) + wire)
        except (OSError, UnicodeError) as error:
            self.__exit__(None, None, None)
            raise TechnicalError(f"no connection: {_said(error)}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self._socket.close()

    def messages(self) -> Iterator[bytes]:
        """What the server sends; who wants no more stops. Raises where it ends by itself."""
        received, at = bytearray(), 0
        whole = time.monotonic() + WHOLE_S
        deadline = time.monotonic() + IDLE_S
        while True:
            length = int.from_bytes(received[at : at + 2])
            if len(received) - at >= 2 and len(received) - at >= 2 + length:
                yield bytes(received[at + 2 : at + 2 + length])
                at += 2 + length
                deadline = min(time.monotonic() + IDLE_S, whole)
                continue
            del received[:at]
            at = 0
            received += self._part(deadline)

    def _part(self, deadline: float) -> bytes:
        assert self._socket is not None  # noqa: S101 — entered
        try:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            part = self._socket.recv(_PART)
        except TimeoutError:
            raise TechnicalError("the server has stopped sending") from None
        except OSError as error:
            raise TechnicalError(f"the connection broke: {_said(error)}") from error
        if not part:
            raise TechnicalError("the server closed the connection before the end of the zone")
        return part

    def check(self, data: bytes, message: Message) -> None:
        """Whether a message belongs to the zone that was asked for. Raises TransferRefusedError, TechnicalError."""
        flags = message.flags
        if message.id != self._id or not flags & dns.flags.QR or dns.opcode.from_flags(flags) != dns.opcode.QUERY:
            raise TechnicalError("the server answers something else")
        if message.rcode == dns.rcode.NOERROR:
            if flags & dns.flags.TC:
                raise TechnicalError("the server cuts messages of a transfer")
            self._verify(data, message)
            return
        said = dns.rcode.to_text(dns.rcode.Rcode(message.rcode))
        text = f"it answers {said}{self._tsig_error(data, message)}"
        if message.rcode in _REFUSALS:
            raise TransferRefusedError(text)
        raise TechnicalError(text)

    def check_end(self) -> None:
        """Whether the last message was signed, where any had to be."""
        if self._unsigned:
            raise TechnicalError("the last message isn't signed (RFC 8945 §5.3.1)")

    def _verify(self, data: bytes, message: Message) -> None:
        key = self.source.key
        if key is None:
            return
        if message.tsig_at is None:
            self._unsigned += 1
            if self._context is None or self._unsigned > _MAX_UNSIGNED:
                raise TechnicalError("messages aren't signed (RFC 8945 §5.3.1)")
            self._context.update(data)  # type: ignore[attr-defined]  # a context of dns.tsig
            return
        self._unsigned = 0
        try:
            owner, rdata = _tsig(data, message.tsig_at)
            self._context = dns.tsig.validate(  # type: ignore[no-untyped-call]
                data, key, owner, rdata, int(self.now()), self._mac, message.tsig_at, self._context, multi=True
            )
        except dns.exception.DNSException as error:
            raise TechnicalError(f"a message isn't signed as it should: {_said(error)}") from error

    def _tsig_error(self, data: bytes, message: Message) -> str:
        """What the TSIG record of a refusal says; it may be unsigned, so this only helps who reads it."""
        if message.tsig_at is None:
            return ""
        try:
            error = _tsig(data, message.tsig_at)[1].error
        except dns.exception.DNSException:
            return ""
        return _TSIG_ERRORS.get(error, f", TSIG error {error}") if error else ""


_TSIG_ERRORS = {
    dns.rcode.BADSIG: ", BADSIG: the secret of the key differs there",
    dns.rcode.BADKEY: ", BADKEY: it doesn't know the key",
    dns.rcode.BADTIME: ", BADTIME: its clock and ours differ by more than minutes",
}


def _tsig(data: bytes, at: int) -> tuple[dns.name.Name, dns.rdtypes.ANY.TSIG.TSIG]:
    """The key's name and the rdata of the TSIG record at an offset. Raises DNSException."""
    owner, used = dns.name.from_wire(data, at)
    at += used
    length = int.from_bytes(data[at + 8 : at + 10])
    rdata = dns.rdata.from_wire(dns.rdataclass.ANY, dns.rdatatype.TSIG, data, at + 10, length)
    assert isinstance(rdata, dns.rdtypes.ANY.TSIG.TSIG)  # noqa: S101 — by its type
    return owner, rdata


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
