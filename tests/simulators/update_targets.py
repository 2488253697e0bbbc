# SPDX-License-Identifier: Apache-2.0
"""Primaries that take dynamic updates: BIND, Knot and PowerDNS as processes, and one in memory, to be disturbed."""

import contextlib
import getpass
import socket
import socketserver
import sqlite3
import struct
import subprocess
import tempfile
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.node
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from registry.clock import system_clock
from registry.dns.push.channel import Channel
from registry.dns.push.failures import Place, refusal
from registry.dns.push.messages import Soa
from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.tsig_keys import TsigKeys, algorithm_name, key_text
from registry.serials import is_greater
from registry.storage.engine import Database
from registry.storage.queries.zones import next_serial
from tests.simulators.name_servers import HOST, ServerProcess
from tests.simulators.programs import free_ports, running

KEY = "push.example"
SBIN = "/usr/sbin"


def new_key(folder: Path, name: str = KEY, algorithm: str = "hmac-sha256") -> dns.tsig.Key:
    """A key in the folder, made now."""
    keys = TsigKeys(folder)
    keys.generate(name, algorithm)
    return keys.required(name)


def zone_file(zone: str, serial: int = 1, others: str = "") -> str:
    """A zone as somebody sets it up who lets us push into it."""
    return (
        f"$ORIGIN {zone}.\n$TTL 3600\n"
        f"@ IN SOA ns1.provider.example. hostmaster.provider.example. {serial} 3600 600 1209600 60\n"
        f"@ IN NS ns1.provider.example.\n{others}"
    )


@contextlib.contextmanager
def bind_primary(tool: Any, folder: Path, key: dns.tsig.Key, zone: str, text: str) -> Iterator[ServerProcess]:
    """BIND with a zone that the key may update; started again in the same folder it has what it had, and its port."""
    folder.mkdir(exist_ok=True)
    kept = folder / "port"
    port = int(kept.read_text()) if kept.exists() else free_ports(1)[0]
    kept.write_text(str(port))
    name = str(key.name).rstrip(".")
    secret = b64encode(key.secret).decode()
    file = folder / "zone.db"
    if not file.exists():
        file.write_text(text)
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile none; recursion no;\n'
        f"  listen-on port {port} {{ {HOST}; }}; listen-on-v6 {{ none; }}; max-journal-size unlimited; }};\n"
        "controls { };\n"
        f"{key_text(name, algorithm_name(key), secret)}"
        f'zone "{zone}" {{ type primary; file "{file}"; allow-update {{ key "{name}"; }};\n'
        f'  allow-transfer {{ key "{name}"; }}; notify no; }};\n'
    )
    command = [tool.path("named", SBIN), "-g", "-n", "1", "-c", folder / "named.conf"]
    log = folder / "named.log"
    with running(command, log, [port]):
        server = ServerProcess(port, log)
        server.wait_for(zone)
        yield server


@contextlib.contextmanager
def knot_primary(tool: Any, folder: Path, key: dns.tsig.Key, zone: str, text: str) -> Iterator[ServerProcess]:
    """Knot with a zone that the key may update."""
    folder.mkdir(exist_ok=True)
    (port,) = free_ports(1)
    name = str(key.name).rstrip(".")
    (folder / "zone.db").write_text(text)
    (folder / "knot.conf").write_text(
        f"server:\n  listen: {HOST}@{port}\n  rundir: {folder}\n"
        f"database:\n  storage: {folder}\n"
        f"key:\n  - id: {name}\n    algorithm: {algorithm_name(key)}\n    secret: {b64encode(key.secret).decode()}\n"
        f"acl:\n  - id: push\n    key: {name}\n    action: [update, transfer]\n"
        f"zone:\n  - domain: {zone}\n    storage: {folder}\n    file: zone.db\n    acl: push\n"
        "    zonefile-load: whole\n    zonefile-sync: -1\n    journal-content: changes\n"
    )
    log = folder / "knot.log"
    with running([tool.path("knotd", SBIN), "-c", folder / "knot.conf"], log, [port]):
        server = ServerProcess(port, log)
        server.wait_for(zone)
        yield server


@contextlib.contextmanager
def powerdns_primary(tool: Any, folder: Path, key: dns.tsig.Key, zone: str, text: str) -> Iterator[ServerProcess]:
    """PowerDNS on SQLite, with a zone that the key may update."""
    # The path of a socket has to be short.
    with (
        tempfile.TemporaryDirectory(prefix="pdns-") as sockets,
        _powerdns(tool, folder, key, zone, text, sockets) as server,
    ):
        yield server


@contextlib.contextmanager
def _powerdns(
    tool: Any, folder: Path, key: dns.tsig.Key, zone: str, text: str, sockets: str
) -> Iterator[ServerProcess]:
    folder.mkdir(exist_ok=True)
    (port,) = free_ports(1)
    name = str(key.name).rstrip(".")
    database = folder / "pdns.sqlite3"
    schema = Path("/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql").read_text()
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(schema)
    (folder / "pdns.conf").write_text(
        f"launch=gsqlite3\ngsqlite3-database={database}\ngsqlite3-dnssec=yes\n"
        f"local-address={HOST}\nlocal-port={port}\nsocket-dir={sockets}\nsetuid={getpass.getuser()}\n"
        "primary=yes\ndnsupdate=yes\nallow-dnsupdate-from=127.0.0.0/8\n"
        "cache-ttl=0\nquery-cache-ttl=0\nnegquery-cache-ttl=0\nzone-cache-refresh-interval=0\nwebserver=no\n"
    )
    (folder / "zone.db").write_text(text)

    def pdnsutil(*arguments: object) -> None:
        program = tool.path("pdnsutil")
        command = [program, f"--config-dir={folder}", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    pdnsutil("load-zone", zone, folder / "zone.db")
    pdnsutil("import-tsig-key", name, algorithm_name(key), b64encode(key.secret).decode())
    pdnsutil("set-meta", zone, "TSIG-ALLOW-DNSUPDATE", name)
    pdnsutil("set-meta", zone, "TSIG-ALLOW-AXFR", name)
    log = folder / "pdns.log"
    command = [tool.path("pdns_server", SBIN), f"--config-dir={folder}", "--guardian=no", "--daemon=no"]
    with running(command, log, [port]):
        server = ServerProcess(port, log)
        server.wait_for(zone)
        yield server


Records = dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rdataset.Rdataset]


@dataclass(slots=True)
class SimulatedPrimary:
    """A primary in memory, as RFC 2136 §3 says; it answers what `meddle` makes of an answer, None: not at all.

    `meddle` is told the number of the update, from 1 on, and may raise ConnectionError: then the connection ends.
    `before` is called ahead of each update. What it doesn't do: RFC 2136 on signed zones, and permissions by name.
    """

    zone: dns.name.Name
    key: dns.tsig.Key
    records: Records = field(default_factory=dict)
    meddle: Callable[[int, dns.message.Message], bytes | None] | None = None
    before: Callable[[int], None] | None = None
    updates: int = 0
    sizes: list[int] = field(default_factory=list)
    connections: int = 0
    types: set[dns.rdatatype.RdataType] = field(default_factory=set)

    @classmethod
    def new(cls, zone: str, key: dns.tsig.Key, serial: int = 1) -> "SimulatedPrimary":
        """With nothing but its apex."""
        made = cls(dns.name.from_text(zone), key)
        for rdtype, rdata in (
            ("SOA", f"ns1.provider.example. hostmaster.provider.example. {serial} 3600 600 1209600 60"),
            ("NS", "ns1.provider.example."),
        ):
            made.records[made.zone, dns.rdatatype.from_text(rdtype)] = dns.rdataset.from_text("IN", rdtype, 3600, rdata)
        return made

    @property
    def serial(self) -> int:
        soa: Any = self.records[self.zone, dns.rdatatype.SOA][0]
        return int(soa.serial)

    def set_serial(self, serial: int) -> None:
        held = self.records[self.zone, dns.rdatatype.SOA]
        soa: Any = held[0]
        self.records[self.zone, dns.rdatatype.SOA] = dns.rdataset.from_rdata(held.ttl, soa.replace(serial=serial))

    def content(self) -> set[tuple[str, int, str, str]]:
        """All but the SOA: owner, TTL, type, rdata."""
        return {
            (name.to_text(), rdataset.ttl, dns.rdatatype.to_text(rdtype), rdata.to_text())
            for (name, rdtype), rdataset in self.records.items()
            for rdata in rdataset
            if rdtype != dns.rdatatype.SOA
        }

    def put(self, name: str, rdtype: str, ttl: int, *rdatas: str) -> None:
        """Somebody else writes."""
        kind = dns.rdatatype.from_text(rdtype)
        owner = dns.name.from_text(name, self.zone)
        self.records[owner, kind] = dns.rdataset.from_text("IN", kind, ttl, *rdatas)
        self.types.add(kind)
        self.set_serial(next_serial(self.serial))

    def answer(self, wire: bytes) -> bytes | None:
        """The answer to a message, None for silence."""
        try:
            query = dns.message.from_wire(wire, keyring={self.key.name: self.key})
        except (dns.tsig.BadKey, dns.message.UnknownTSIGKey):
            return self._refused(wire, 17)
        except dns.tsig.BadSignature:
            return self._refused(wire, 16)
        response = dns.message.make_response(query)
        if query.opcode() != dns.opcode.UPDATE:
            response.flags |= dns.flags.AA
            soa = dns.rrset.from_rdata_list(self.zone, 3600, self.records[self.zone, dns.rdatatype.SOA])
            response.answer.append(soa)
            return response.to_wire(max_size=65_535)
        self.updates += 1
        self.sizes.append(len(wire))
        if self.before is not None:
            self.before(self.updates)
        assert isinstance(query, dns.update.UpdateMessage)
        response = dns.message.Message(query.id)
        response.flags = dns.flags.Flag(dns.flags.QR | dns.opcode.to_flags(dns.opcode.UPDATE))
        response.use_tsig(self.key, original_id=query.id)
        response.request_mac = query.mac
        response.set_rcode(self._update(query))
        if self.meddle is not None:
            return self.meddle(self.updates, response)
        return response.to_wire()

    @staticmethod
    def _refused(wire: bytes, error: int) -> bytes:
        """NOTAUTH with a TSIG record that has an error and no MAC (RFC 8945 §5.3.2)."""
        rdata = b"\x0bhmac-sha256\x00" + bytes(6) + b"\x01\x2c\x00\x00" + wire[:2] + struct.pack("!HH", error, 0)
        record = dns.name.from_text(KEY).to_wire() or b""
        tsig = record + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata
        return wire[:2] + b"\xa8\x09" + bytes(6) + b"\x00\x01" + tsig

    def _update(self, query: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        if query.zone[0].name != self.zone:
            return dns.rcode.NOTAUTH
        for wanted in query.prerequisite:
            held = self.records.get((wanted.name, wanted.rdtype))
            if wanted.rdclass == dns.rdataclass.IN and (held is None or set(held) != set(wanted)):
                return dns.rcode.NXRRSET
        if any(not each.name.is_subdomain(self.zone) for each in query.update):
            return dns.rcode.NOTZONE
        records, serial = dict(self.records), self.serial
        for rrset in query.update:
            self._change(records, rrset)
        if records.keys() != self.records.keys() or any(records[key] is not held for key, held in self.records.items()):
            self.records = records
            if self.serial == serial:
                self.set_serial(next_serial(serial))
        return dns.rcode.NOERROR

    def _change(self, records: Records, rrset: dns.rrset.RRset) -> None:
        key = rrset.name, rrset.rdtype
        self.types.add(rrset.rdtype)
        if rrset.deleting == dns.rdataclass.ANY:
            kept = {dns.rdatatype.SOA, dns.rdatatype.NS} if rrset.name == self.zone else set()
            gone = self.types if rrset.rdtype == dns.rdatatype.ANY else {rrset.rdtype}
            for rdtype in gone - kept:
                records.pop((rrset.name, rdtype), None)
            return
        if rrset.deleting == dns.rdataclass.NONE:
            if left := [rdata for rdata in records.get(key, ()) if rdata not in rrset]:
                records[key] = dns.rdataset.from_rdata_list(records[key].ttl, left)
            else:
                records.pop(key, None)
            return
        others = {rdtype for rdtype in self.types if (rrset.name, rdtype) in records} - {rrset.rdtype}
        if rrset.rdtype == dns.rdatatype.SOA:
            held: Any = records.get(key)
            new: Any = rrset[0]
            if held is None or not is_greater(new.serial, held[0].serial):
                return
            records[key] = dns.rdataset.from_rdata(rrset.ttl, new)
        elif (rrset.rdtype == dns.rdatatype.CNAME and others) or dns.rdatatype.CNAME in others:
            return  # RFC 2136 §3.4.2.2
        else:
            rdatas = [*records.get(key, ()), *rrset]
            records[key] = dns.rdataset.from_rdata_list(rrset.ttl, rdatas)

    @contextlib.contextmanager
    def on_loopback(self) -> Iterator[str]:
        """Listen by TCP on a free port; gives `HOST:PORT`."""
        primary = self
        opened: list[socket.socket] = []

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                primary.connections += 1
                opened.append(self.connection)
                with contextlib.suppress(OSError):
                    while len(head := self.rfile.read(2)) == 2:
                        wire = self.rfile.read(struct.unpack("!H", head)[0])
                        if (answer := primary.answer(wire)) is not None:
                            self.wfile.write(struct.pack("!H", len(answer)) + answer)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        with Server((HOST, 0), Tcp) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"{HOST}:{server.server_address[1]}"
            finally:
                server.shutdown()
                for each in opened:
                    with contextlib.suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
                thread.join()


class MemoryChannel(Channel):
    """A channel to a primary in this process: without a connection and without a signature."""

    def __init__(self, primary: SimulatedPrimary, place: Place) -> None:
        super().__init__(place, primary.key, system_clock)
        self._primary = primary

    def soa(self) -> Soa:
        rrset = self._primary.records[self._primary.zone, dns.rdatatype.SOA]
        return Soa(rrset.ttl, rrset[0].to_wire(origin=dns.name.root) or b"")

    def carry_out(self, messages: Iterable[bytes]) -> None:
        for message in messages:
            query = dns.message.from_wire(message)
            assert isinstance(query, dns.update.UpdateMessage)
            rcode = self._primary._update(query)
            if rcode != dns.rcode.NOERROR:
                raise refusal(self.place, rcode)


def pusher_in_memory(database: Database, pushed: PushedZone, keys: TsigKeys, primary: SimulatedPrimary) -> Pusher:
    """Who pushes a zone to a primary in this process."""
    pusher = Pusher(database, pushed, keys)
    place = Place(pushed.target.server, pushed.name, pushed.target.key)
    pusher._channel, pusher._key = MemoryChannel(primary, place), keys.required(pushed.target.key)
    return pusher
