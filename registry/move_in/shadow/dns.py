# SPDX-License-Identifier: Apache-2.0
"""Compares two SMLs by what their name servers say: the records of a name, in any order, without signatures.

What a sender takes from an answer counts: behind aliases, without case in flags and services, and with the expression
of older releases (`!^.*$!…!`, sml.md §2.2) as today's. A TTL is told apart: it says how long an answer holds. Each
question goes to both servers at once; what comes back is read without building objects, in some ten microseconds.
"""

import secrets
import socket
import struct
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import dns.rcode
import dns.rdatatype

from registry.discovery.locator import parse_nameserver
from registry.dns.reconcile.differences import text_of
from registry.dns.reconcile.wire_reader import Line, Message, WireReader, tail_parts
from registry.dns.wire import IN, name_to_wire, type_code
from registry.errors import TechnicalError, ValidationError
from registry.move_in.naptr_tails import NaptrParts
from registry.move_in.shadow.model import Answer, Difference, DifferenceKind, Side

_TRIES: Final = 3
_MAX_UDP: Final = 65_535
_TRUNCATED: Final = 0x0200
_RESPONSE: Final = 0x8000
_NOERROR, _NXDOMAIN = int(dns.rcode.NOERROR), int(dns.rcode.NXDOMAIN)
_CNAME, _NAPTR = int(dns.rdatatype.CNAME), int(dns.rdatatype.NAPTR)
_MAX_ALIASES: Final = 8
_OPT: Final = b"\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"  # RFC 6891 §6.1.2: answers of up to 4,096 octets


@dataclass(frozen=True, slots=True)
class Record:
    """The records of one type that a name has; the name absolute, without a dot at the end."""

    name: str
    rdtype: str

    def __str__(self) -> str:
        return f"{self.name} {self.rdtype}"


class DnsSide:
    """Asks one name server, `HOST:PORT`; belongs to one thread. `timeout` is for one of three tries, in seconds."""

    def __init__(self, server: str, *, timeout: float = 2.0) -> None:
        self._address = parse_nameserver(server)
        self._timeout = timeout
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.connect(self._address)  # so that nobody else's datagrams come in
        self._reader = WireReader()
        self._query = b""

    def send(self, question: bytes) -> None:
        """Ask a question (name, type, class in wire form); that nothing comes back is told by `receive`."""
        self._query = secrets.token_bytes(2) + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" + question + _OPT
        with suppress(OSError):  # a port that was closed shows up in the next call, whichever that is
            self._socket.send(self._query)

    def receive(self) -> Message:
        """The answer. Raises TechnicalError."""
        failure = f"no answer within {_TRIES} times {self._timeout:g} s"
        for attempt in range(_TRIES):
            try:
                if attempt:
                    self._socket.send(self._query)
                return self._received()
            except TimeoutError:
                pass
            except OSError as error:
                failure = str(error)
        raise TechnicalError(failure)

    def _received(self) -> Message:
        """Raises TimeoutError, OSError, TechnicalError."""
        until = time.monotonic() + self._timeout
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            data = self._socket.recv(_MAX_UDP)
            if data[:2] == self._query[:2]:  # else it is late, of a question before
                message = self._reader.read(data)
                return self._by_tcp() if message.flags & _TRUNCATED else self._checked(message)
        raise TimeoutError

    def _by_tcp(self) -> Message:
        with socket.create_connection(self._address, self._timeout) as connection, connection.makefile("rb") as stream:
            connection.sendall(struct.pack("!H", len(self._query)) + self._query)
            (length,) = struct.unpack("!H", _exactly(stream.read(2), 2))
            return self._checked(self._reader.read(_exactly(stream.read(length), length)))

    def _checked(self, message: Message) -> Message:
        if not message.flags & _RESPONSE or message.rcode not in {_NOERROR, _NXDOMAIN}:
            raise TechnicalError(f"it answers {dns.rcode.to_text(dns.rcode.Rcode.make(message.rcode))}")
        return message

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) < length:
        raise TechnicalError("the connection was closed within an answer")
    return data


class DnsComparer:
    """Asks both name servers."""

    def __init__(self, old: DnsSide, ours: DnsSide) -> None:
        self._sides = {Side.OLD: old, Side.OURS: ours}

    def ask(self, question: Record) -> Answer:
        """See `Comparer`."""
        try:
            name, code = name_to_wire(question.name) + b"\x00", type_code(question.rdtype)
        except ValidationError as error:
            return Answer(failures=((Side.OLD, f"it can't be asked for: {error}"),))
        for side in self._sides.values():
            side.send(name + code + IN)
        found: dict[Side, dict[bytes, bytes]] = {}
        failures = []
        for which, side in self._sides.items():
            try:
                found[which] = _records(side.receive().answers, name, int.from_bytes(code))
            except TechnicalError as error:
                failures.append((which, str(error)))
        if failures:
            return Answer(failures=tuple(failures))
        return Answer(_differences(found[Side.OLD], found[Side.OURS]))

    def close(self) -> None:
        """See `Comparer`."""
        for side in self._sides.values():
            side.close()


def _records(lines: Collection[Line], name: bytes, wanted: int) -> dict[bytes, bytes]:
    """The tails of the records that an answer leads to from a name, by their meaning but for the TTL.

    An alias that leads nowhere is what it is: an alias.
    """
    for _ in range(_MAX_ALIASES):
        here = [tail for owner, tail in lines if owner == name]
        found = {_meaning(tail): tail for tail in here if tail_parts(tail)[0] == wanted}
        aliases = {tail_parts(tail)[2]: tail for tail in here if tail_parts(tail)[0] == _CNAME}
        if found or not aliases:
            return found
        (target, alias), *_ = aliases.items()
        if not any(owner == target for owner, _ in lines):
            return {_meaning(alias): alias}
        name = target
    return {}


def _meaning(tail: bytes) -> bytes:
    code, _, rdata = tail_parts(tail)
    if code == _NAPTR:
        said = NaptrParts.of(rdata)
        rdata = said._replace(flags=said.flags.lower(), services=said.services.lower()).to_rdata()
    return code.to_bytes(2) + rdata


def _differences(old: dict[bytes, bytes], ours: dict[bytes, bytes]) -> tuple[Difference, ...]:
    if old.keys() == ours.keys():
        if _ttls(old) == _ttls(ours):
            return ()
        kind = DifferenceKind.TTL
    elif not ours:
        kind = DifferenceKind.MISSING_RECORD
    else:
        kind = DifferenceKind.OTHER_RECORD if old else DifferenceKind.EXTRA_RECORD
    return (Difference(kind, "", _text(old), _text(ours)),)


def _ttls(records: dict[bytes, bytes]) -> set[int]:
    return {tail_parts(tail)[1] for tail in records.values()}


def _text(records: dict[bytes, bytes]) -> str:
    return ", ".join(sorted(map(text_of, records.values())))
