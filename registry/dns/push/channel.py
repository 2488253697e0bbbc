# SPDX-License-Identifier: Apache-2.0
"""The connection to a primary: one over TCP that stays open, messages signed by TSIG, several of them under way.

Answers are found by their ids, which go up with each message; none counts that isn't signed by our key for the message
that it answers. Blocking; for one thread.
"""

import select
import socket
import struct
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig

from registry.dns.push.failures import OvertakenError, Place, refusal, signature_refused
from registry.dns.push.messages import Soa
from registry.dns.query import HEADER, MalformedQueryError, skip_name
from registry.dns.tsig import Signer, TsigError, check, read_tsig, unsigned
from registry.domains.server_address import parse_server_address
from registry.errors import TechnicalError

CONNECT_S: Final = 10.0
ANSWER_S: Final = 60.0
"""A primary whose commits cost as much as its zone is large takes that long for several messages (Knot does)."""
AT_ONCE: Final = 8
"""Messages that wait for their answers."""
_TSIG = b"\x00\xfa"
_LENGTH = struct.Struct("!H")


class Channel:
    """Talks to the primary at `place`. `now` gives the moment for signatures. Every method raises TechnicalError."""

    def __init__(self, place: Place, key: dns.tsig.Key, now: Callable[[], datetime]) -> None:
        self.place = place
        self._key = key
        self._now = now
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._id = 0

    def close(self) -> None:
        """Give the connection up; the next message opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def soa(self) -> Soa:
        """The SOA of the zone at the primary."""
        zone = dns.name.from_text(self.place.zone)
        question = dns.message.make_query(zone, dns.rdatatype.SOA, flags=0, id=0).to_wire()
        waiting: dict[int, bytes] = {}
        self._send(question, waiting)
        data, rcode = self._take(waiting)
        if rcode != dns.rcode.NOERROR:
            raise refusal(self.place, rcode)
        try:
            answer = dns.message.from_wire(data)
            rrset = answer.get_rrset(answer.answer, zone, dns.rdataclass.IN, dns.rdatatype.SOA)
        except (dns.exception.DNSException, ValueError) as error:
            raise TechnicalError(f"{self.place.server} answers what can't be read: {error}") from error
        if rrset is None or not answer.flags & dns.flags.AA:
            raise TechnicalError(f"{self.place.server} isn't authoritative for {self.place.zone}")
        return Soa(rrset.ttl, rrset[0].to_wire(origin=dns.name.root) or b"")

    def carry_out(self, messages: Iterable[bytes]) -> None:
        """Send updates, several at a time, in their order; returns when all are answered well.

        Raises OvertakenError where a prerequisite doesn't hold. Those behind it may be carried out nevertheless, so
        they must depend on it, or not on each other.
        """
        waiting: dict[int, bytes] = {}
        accepted = 0
        overtaken: OvertakenError | None = None
        for message in messages:
            if len(waiting) >= AT_ONCE and (overtaken := self._settle(waiting)) is None:
                accepted += 1
            if overtaken is not None:
                break
            self._send(message, waiting)
        while waiting:  # all of them, so that nothing is under way when this returns
            problem = self._settle(waiting)
            overtaken = overtaken or problem
            accepted += overtaken is None
        if overtaken is not None:
            overtaken.accepted = accepted
            raise overtaken

    def _settle(self, waiting: dict[int, bytes]) -> OvertakenError | None:
        _, rcode = self._take(waiting)
        if rcode == dns.rcode.NOERROR:
            return None
        error = refusal(self.place, rcode)
        if isinstance(error, OvertakenError):
            return error
        raise error

    # The connection

    def _send(self, message: bytes, waiting: dict[int, bytes]) -> None:
        if self._socket is None or (not waiting and self._is_over(self._socket)):
            self._open()
        self._id = (self._id + 1) % 0x10000
        signer = Signer(self._key)
        signed = signer.sign(self._id.to_bytes(2) + message[2:], self._seconds())
        waiting[self._id] = signer.mac
        try:
            self._connected.sendall(_LENGTH.pack(len(signed)) + signed)
        except OSError as error:
            raise self._lost(error) from error

    def _take(self, waiting: dict[int, bytes]) -> tuple[bytes, int]:
        """The next answer without its signature, and its rcode."""
        data = self._receive(_LENGTH.unpack(self._receive(2))[0])
        number = int.from_bytes(data[:2])
        if len(data) < HEADER or number not in waiting:
            raise TechnicalError(f"{self.place.server} answers what it wasn't asked")
        mac = waiting.pop(number)
        rcode = data[3] & 0xF
        try:
            start = _tsig_at(data)
            if start is None:
                if rcode == dns.rcode.NOERROR:
                    raise TechnicalError(f"{self.place.server} doesn't sign its answers: they can't be believed")
                raise refusal(self.place, rcode, signed=False)
            record = read_tsig(data, start)
            if record.error:
                raise signature_refused(self.place, record, self._seconds())
            problem = check(data, record, self._key, self._seconds(), mac)
        except MalformedQueryError as error:
            raise TechnicalError(f"{self.place.server} answers what can't be read: {error}") from error
        if problem is not TsigError.NONE:
            raise TechnicalError(f"an answer of {self.place.server} has a wrong signature ({problem.name})")
        return unsigned(data, record), rcode

    def _receive(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                part = self._connected.recv(65_536)
            except OSError as error:
                raise self._lost(error) from error
            if not part:
                raise self._lost(None)
            self._buffer += part
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _open(self) -> None:
        self.close()
        address = parse_server_address(self.place.server)
        if address is None:
            raise TechnicalError(f"{self.place.server!r} is no name server; give HOST:PORT")
        try:
            self._socket = socket.create_connection(address, CONNECT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(ANSWER_S)
        except (OSError, UnicodeError) as error:
            raise TechnicalError(f"{self.place.server} can't be reached: {error}") from error

    @staticmethod
    def _is_over(opened: socket.socket) -> bool:
        """Whether the server has closed a connection on which nothing is awaited, or says something unasked."""
        poll = select.poll()
        poll.register(opened, select.POLLIN)
        return bool(poll.poll(0))

    @property
    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise TechnicalError(f"there is no connection to {self.place.server}")
        return self._socket

    def _lost(self, error: OSError | None) -> TechnicalError:
        self.close()
        if isinstance(error, TimeoutError):
            return TechnicalError(f"{self.place.server} doesn't answer within {ANSWER_S:g} s")
        return TechnicalError(f"{self.place.server} has closed the connection{f': {error}' if error else ''}")

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def _tsig_at(data: bytes) -> int | None:
    """Where the last record begins, if that is a TSIG record. Raises MalformedQueryError."""
    questions, *others = struct.unpack_from("!4H", data, 4)
    at = HEADER
    for _ in range(questions):
        at = skip_name(data, at) + 4
    start = None
    for _ in range(sum(others)):
        end = skip_name(data, at)
        start = at if data[end : end + 2] == _TSIG else None
        at = end + 10 + int.from_bytes(data[end + 8 : end + 10])
        if at > len(data):
            raise MalformedQueryError("a record ends early")
    return start
