# SPDX-License-Identifier: Apache-2.0
"""A name server of a test that answers from given records, and gives zones away as it is told: well, or badly.

Messages are made by dnspython, record by record, so that they show whether ours are read as everybody's.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
from dns.rdtypes.ANY.SOA import SOA

HOST = "127.0.0.1"
Text = tuple[str, int, str, str]
"""Absolute owner, TTL, type, rdata."""


def rrset(*record: Any) -> dns.rrset.RRset:
    """One record."""
    owner, ttl, rdtype, rdata = record
    return dns.rrset.from_text(owner, ttl, "IN", rdtype, rdata)


@dataclass(slots=True)
class ZoneSender:
    """Serves `records`, of which the first is the SOA; attributes may be changed while it does.

    `unsigned_every`: so many messages of a transfer have no TSIG before one has. `spoil` may change messages before
    they are sent.
    """

    records: list[Text]
    key: dns.tsig.Key | None = None
    per_message: int = 3
    unsigned_every: int = 0
    transfer_rcode: int = dns.rcode.NOERROR
    spoil: Callable[[list[bytes]], list[bytes]] = lambda messages: messages
    address: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def apex(self) -> dns.name.Name:
        """The zone."""
        return dns.name.from_text(self.records[0][0])

    def messages(self, query: dns.message.Message) -> list[bytes]:
        """A transfer (RFC 5936 §2.2), signed as RFC 8945 §5.3.1 says where the query is."""
        if self.transfer_rcode != dns.rcode.NOERROR:
            return [self.answer(query, self.transfer_rcode).to_wire()]
        rows = [*self.records, self.records[0]]
        context: Any = None
        sent = []
        parts = [rows[at : at + self.per_message] for at in range(0, len(rows), self.per_message)]
        for number, part in enumerate(parts):
            message = self.answer(query)
            message.answer = [rrset(*record) for record in part]
            if not query.had_tsig:
                sent.append(message.to_wire(max_size=65535))
                continue
            last = number == len(parts) - 1
            if context is not None and self.unsigned_every and number % (self.unsigned_every + 1) and not last:
                message.tsig = None
                wire = message.to_wire(max_size=65535)
                context.update(wire)
            else:
                wire = message.to_wire(max_size=65535, multi=True, tsig_ctx=context)
                context = message.tsig_ctx
            sent.append(wire)
        return self.spoil(sent)

    def answer(self, query: dns.message.Message, rcode: int = dns.rcode.NOERROR) -> dns.message.Message:
        """An answer without records."""
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.set_rcode(dns.rcode.Rcode(rcode))
        return response

    def reply(self, data: bytes) -> list[bytes]:
        """What is sent for a query."""
        keys = {} if self.key is None else {self.key.name: self.key}
        query = dns.message.from_wire(data, keyring=keys)
        (question,) = query.question
        self.asked.append(dns.rdatatype.to_text(question.rdtype))
        if question.rdtype == dns.rdatatype.AXFR:
            return self.messages(query)
        held = [record for record in self.records if dns.name.from_text(record[0]) == question.name]
        response = self.answer(query, dns.rcode.NOERROR if held else dns.rcode.NXDOMAIN)
        wanted = dns.rdatatype.to_text(question.rdtype)
        response.answer = [rrset(*record) for record in held if record[2] == wanted]
        return [response.to_wire()]

    @property
    def serial(self) -> int:
        """That of its SOA."""
        soa = rrset(*self.records[0])[0]
        assert isinstance(soa, SOA)
        return soa.serial


@contextmanager
def sending(sender: ZoneSender) -> Iterator[ZoneSender]:
    """Serve over UDP and TCP on one port while the block lasts."""
    with socket.create_server((HOST, 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        sender.port = tcp.getsockname()[1]
        sender.address = f"{HOST}:{sender.port}"
        udp.bind((HOST, sender.port))
        ended = threading.Event()
        threads = [
            threading.Thread(target=_serve_udp, args=(sender, udp, ended)),
            threading.Thread(target=_serve_tcp, args=(sender, tcp, ended)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield sender
        finally:
            ended.set()
            udp.sendto(b"", (HOST, sender.port))
            socket.create_connection((HOST, sender.port)).close()
            for thread in threads:
                thread.join(10)


def _serve_udp(sender: ZoneSender, udp: socket.socket, ended: threading.Event) -> None:
    while True:
        data, peer = udp.recvfrom(4096)
        if ended.is_set():
            return
        for message in sender.reply(data):
            udp.sendto(message, peer)


def _serve_tcp(sender: ZoneSender, tcp: socket.socket, ended: threading.Event) -> None:
    while True:
        connection, _ = tcp.accept()
        with connection:
            if ended.is_set():
                return
            connection.settimeout(10)
            try:
                (length,) = struct.unpack("!H", _exactly(connection, 2))
                for message in sender.reply(_exactly(connection, length)):
                    connection.sendall(struct.pack("!H", len(message)) + message)
            except (OSError, dns.exception.DNSException):
                continue


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


def new_key(name: str = "transfer.test", secret: bytes = b"s" * 32) -> dns.tsig.Key:
    """A key of HMAC-SHA256."""
    return dns.tsig.Key(dns.name.from_text(name), secret, dns.tsig.HMAC_SHA256)


def soa_record(zone: str, serial: int) -> Text:
    """A SOA."""
    return f"{zone}.", 3600, "SOA", f"ns1.{zone}. hostmaster.{zone}. {serial} 3600 600 1209600 60"


def seconds() -> float:
    """The time of signatures."""
    return time.time()


def texts(rows: Iterable[tuple[str, str, str]], zone: str, serial: int) -> list[Text]:
    """Record sets as they are stored, as records: the SOA first, with this serial."""
    found: list[Text] = []
    for owner, rdtype, text in rows:
        name = f"{zone}." if owner == "@" else f"{owner}.{zone}."
        for line in text.split("\n"):
            ttl, _, rdata = line.partition(" ")
            if rdtype == "SOA":
                parts = rdata.split(" ")
                rdata = " ".join([*parts[:2], str(serial), *parts[3:]])
            found.append((name, int(ttl), rdtype, rdata))
    return sorted(found, key=lambda record: record[2] != "SOA")


def without(records: Sequence[Text], owner: str) -> list[Text]:
    """All records but those of a name."""
    return [record for record in records if record[0] != owner]
