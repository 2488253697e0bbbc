# SPDX-License-Identifier: Apache-2.0
"""A running instance as hidden primary: transfers by foreign clients, beside writes and other queries, and cut off."""

import contextlib
import re
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.xfr
import dns.zone
import pytest

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.dns.catalog import CatalogZone
from registry.dns.tsig_keys import TsigKeys
from registry.storage.queries import zones
from registry.telemetry import METRICS
from tests.conftest import ToolFinder
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.told_servers import ToldServer
from tests.simulators.zone_transfers import last_transfers, write

ZONE = "sml.test"
TEXT = f'60 "{"x" * 200}"'


class Primary:
    """The instance as its secondaries see it."""

    def __init__(self, live: LiveInstance) -> None:
        self.live = live
        host, _, port = live.addresses.dns.rpartition(":")
        self.host, self.port = host, int(port)
        self.keys = TsigKeys(live.settings.dns_key_dir)
        self.key = self.keys.required("sec.test")
        assert live.stored.zone_id is not None
        self.zone_id = live.stored.zone_id

    def write(self, *states: tuple[str, str, str | None]) -> None:
        """Change the zone; returns when the change is served."""
        write(self.live.instance.database, self.zone_id, *states)
        self.live.instance.journal._wake()
        self.live.wait_for_dns()

    def fill(self, count: int) -> None:
        for start in range(0, count, 20_000):
            part = range(start, min(start + 20_000, count))
            write(self.live.instance.database, self.zone_id, *((f"n{each}.upis", "TXT", TEXT) for each in part))
        self.live.wait_for_dns()

    def state(self) -> set[tuple[str, str]]:
        """The owner and type of all that the zone holds."""
        with self.live.instance.database.read() as connection:
            return {(owner, rdtype) for owner, rdtype, _ in zones.state(connection, self.zone_id)}

    def follow(self, copy: dns.zone.Zone) -> None:
        """Bring a copy up to date as a secondary does: IXFR where it has anything, TSIG."""
        query, _ = dns.xfr.make_query(copy, keyring=self.key)
        dns.query.inbound_xfr(self.host, copy, query, self.port, timeout=20, lifetime=60)

    def connection(self, buffer: int | None = None) -> socket.socket:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if buffer is not None:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        tcp.settimeout(20)
        tcp.connect((self.host, self.port))
        return tcp

    def signed(self, rdtype: str = "AXFR") -> dns.message.Message:
        query = dns.message.make_query(ZONE, rdtype)
        query.use_tsig(self.key)
        return query


def send(tcp: socket.socket, query: dns.message.Message) -> None:
    wire = query.to_wire()
    tcp.sendall(struct.pack("!H", len(wire)) + wire)


def receive(tcp: socket.socket) -> bytes:
    """One message; b"" where the connection has ended."""
    (length,) = struct.unpack("!H", _exactly(tcp, 2) or b"\0\0")
    return _exactly(tcp, length)


def _exactly(tcp: socket.socket, size: int) -> bytes:
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while len(data) < size and (part := tcp.recv(size - len(data))):
            data += part
    return data if len(data) == size else b""


def copy_of(primary: Primary) -> dns.zone.Zone:
    copy = dns.zone.Zone(ZONE)
    primary.follow(copy)
    return copy


def owners(copy: dns.zone.Zone) -> set[tuple[str, str]]:
    return {
        (name.to_text(), dns.rdatatype.to_text(rdataset.rdtype))
        for name, node in copy.nodes.items()
        for rdataset in node.rdatasets
    }


Start = Callable[..., Primary]


@pytest.fixture
def primary(tmp_path: Path, pki: DemoPki) -> Iterator[Start]:
    """A running instance whose zone may be transferred with the key sec.test; `dns` are settings of its domain."""
    with contextlib.ExitStack() as stack:

        def start(dns_settings: dict[str, object] | None = None, **overrides: object) -> Primary:
            TsigKeys(tmp_path / "tsig").generate("sec.test")
            live = stack.enter_context(live_instance(tmp_path, pki, **overrides))
            settings = {"transfer_keys": ["sec.test"]} | (dns_settings or {})
            change_domain(live.instance, ACTOR, "demo", {"dns": settings})
            live.run(live.serving.refresh())
            live.wait_for_dns()
            return Primary(live)

        yield start


def test_a_copy_follows_by_axfr_and_then_by_ixfr(primary: Start) -> None:
    it = primary()
    copy = copy_of(it)
    assert owners(copy) == it.state()
    for number in range(3):
        it.write(*((f"n{number}-{each}.upis", "TXT", '60 "x"') for each in range(10)))
        it.follow(copy)
        assert owners(copy) == it.state()
        serial = copy.get_soa().serial
        assert _eventually(it, lambda row, serial=serial: (row.kind, row.serial) == ("IXFR", serial))[0] is None
    it.write(*((f"n{number}-1.upis", "TXT", None) for number in range(3)))
    it.follow(copy)
    assert owners(copy) == it.state()


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "hmac-sha384", "hmac-sha512"])
def test_dig_and_kdig_transfer_with_every_algorithm(primary: Start, tool: type[ToolFinder], algorithm: str) -> None:
    it = primary({"transfer_keys": ["sec.test", "other.test"]})
    it.keys.generate("other.test", algorithm)
    secret = re.findall(r'secret "(.*)"', (it.keys.folder / "other.test.key").read_text())[0]
    it.fill(1_000)
    key = f"{algorithm}:other.test:{secret}"
    for program in ("dig", "kdig"):
        run = [tool.path(program), f"@{it.host}", "-p", str(it.port), "-y", key, ZONE, "AXFR"]
        output = subprocess.run(run, capture_output=True, text=True, timeout=30, check=True).stdout
        lines = [line for line in output.splitlines() if line and not line.startswith(";")]
        records = [line for line in lines if "TSIG" not in line]
        assert len(records) == len(it.state()) + 1, output[-2000:]
        assert records[0] == records[-1]


def test_who_has_no_key_or_another_one_gets_nothing(primary: Start) -> None:
    it = primary()
    with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
        dns.query.inbound_xfr(it.host, dns.zone.Zone(ZONE), port=it.port, timeout=10)
    wrong = dns.tsig.Key(it.key.name, b"j" * 32, it.key.algorithm)
    query, _ = dns.xfr.make_query(dns.zone.Zone(ZONE), keyring=wrong)
    with pytest.raises(dns.tsig.PeerBadSignature):
        dns.query.inbound_xfr(it.host, dns.zone.Zone(ZONE), query, it.port, timeout=10)


def test_a_secondary_without_a_key_is_known_by_its_address(primary: Start) -> None:
    it = primary({"secondaries": [{"server": "127.0.0.1:1", "notify": False}]})
    copy = dns.zone.Zone(ZONE)
    dns.query.inbound_xfr(it.host, copy, port=it.port, timeout=10)
    assert owners(copy) == it.state()


def test_a_key_counts_only_in_its_networks(primary: Start) -> None:
    it = primary({"transfer_networks": ["192.0.2.0/24"]})
    with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
        it.follow(dns.zone.Zone(ZONE))


@pytest.mark.slow
def test_writes_go_on_during_a_transfer_and_are_not_in_it(primary: Start) -> None:
    it = primary()
    it.fill(20_000)
    before = len(it.state())
    with it.connection(buffer=4096) as tcp:
        send(tcp, it.signed())
        first = receive(tcp)
        it.write(("later.upis", "TXT", TEXT), ("n1.upis", "TXT", None))
        messages = [first]
        while len(messages) < 4 or dns.rdatatype.SOA not in _types(messages[-1])[-1:]:
            messages.append(receive(tcp))
    names = [record for message in messages for record in dns.message.from_wire(message, keyring=False).answer]
    owned = {str(rrset.name) for rrset in names}
    assert f"later.upis.{ZONE}." not in owned
    assert f"n1.upis.{ZONE}." in owned
    assert sum(int.from_bytes(message[6:8]) for message in messages) == before + 1


def _types(message: bytes) -> list[dns.rdatatype.RdataType]:
    answer = dns.message.from_wire(message, keyring=False, one_rr_per_rrset=True).answer
    return [rrset.rdtype for rrset in answer]


@pytest.mark.slow
def test_other_queries_on_the_connection_are_answered_during_a_transfer(primary: Start) -> None:
    """RFC 7766 §6.2.1.1: answers come as they are ready."""
    it = primary()
    it.fill(20_000)
    soa = dns.message.make_query(ZONE, "SOA")
    with it.connection() as tcp:
        axfr = it.signed()
        send(tcp, axfr)
        send(tcp, soa)
        messages = [receive(tcp)]
        while messages[-1][:2] != soa.id.to_bytes(2):
            messages.append(receive(tcp))
        assert dns.message.from_wire(messages[-1]).rcode() == dns.rcode.NOERROR
        transferred = [message for message in messages if message[:2] == axfr.id.to_bytes(2)]
        while not transferred or (len(transferred) < 4 or _types(transferred[-1])[-1] != dns.rdatatype.SOA):
            transferred.append(receive(tcp))
    assert len(messages) < len(transferred), "it didn't wait for the end of the transfer"


def test_a_half_closed_connection_gets_the_whole_zone(primary: Start) -> None:
    it = primary()
    it.fill(5_000)
    with it.connection() as tcp:
        send(tcp, it.signed())
        tcp.shutdown(socket.SHUT_WR)
        messages = list(iter(lambda: receive(tcp), b""))
    assert sum(int.from_bytes(message[6:8]) for message in messages) == len(it.state()) + 1


@pytest.mark.slow
def test_a_transfer_that_is_cut_off_half_way_is_kept_as_failed_and_comes_whole_the_next_time(primary: Start) -> None:
    it = primary()
    it.fill(30_000)
    with it.connection(buffer=4096) as tcp:
        send(tcp, it.signed())
        receive(tcp)
    row = _eventually(it, lambda row: row.failure is not None)
    assert row == ("the connection has ended", None)
    assert len(owners(copy_of(it))) == len(it.state())
    assert _eventually(it, lambda row: row.failure is None)[0] is None


def _eventually(it: Primary, condition: Callable[..., bool]) -> tuple[object, object]:
    """What is kept of the last transfer, once that is so: its failure, and when it was good."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for row in last_transfers(it.live.instance.database, it.zone_id):
            if condition(row):
                return row.failure, row.succeeded_at if row.failure is None else None
    raise AssertionError("nothing of the kind is kept")


@pytest.mark.slow
def test_who_takes_nothing_is_dropped_and_makes_room(primary: Start) -> None:
    it = primary(dns_transfers=1, dns_transfer_idle_s=0.5)
    it.fill(60_000)
    with it.connection(buffer=4096) as tcp:
        send(tcp, it.signed())
        receive(tcp)
        with it.connection() as waiting:
            send(waiting, it.signed())
            records, wanted = 0, len(it.state()) + 1
            while records < wanted:
                records += int.from_bytes(receive(waiting)[6:8])
        assert records == wanted
        assert _eventually(it, lambda row: row.failure is None)[0] is None
    with it.connection() as tcp:
        send(tcp, it.signed("SOA"))
        assert receive(tcp)


@pytest.mark.slow
def test_who_waits_no_longer_for_a_place_is_left_out(primary: Start) -> None:
    it = primary(dns_transfers=1)
    it.fill(60_000)
    before = _put_off()
    with it.connection(buffer=4096) as tcp:
        send(tcp, it.signed())
        receive(tcp)
        with it.connection() as waiting:
            send(waiting, it.signed())
            send(waiting, it.signed("SOA"))
            assert receive(waiting), "it has read what came before"
        with it.connection() as other:
            send(other, it.signed("SOA"))
            assert receive(other), "it has seen the end of that connection"
        assert _put_off() == before, "nobody looks while there is no place"
    with it.connection() as later:
        send(later, it.signed())
        assert receive(later)
    assert _put_off() == before + 1


def _put_off() -> float:
    labels = {"zone": ZONE, "reason": "busy"}
    return METRICS.get_sample_value("registry_zone_transfers_refused_total", labels) or 0.0


@pytest.mark.slow
def test_an_instance_that_ends_ends_its_transfers(primary: Start, tmp_path: Path) -> None:
    it = primary()
    it.fill(40_000)
    with it.connection(buffer=4096) as tcp:
        send(tcp, it.signed())
        receive(tcp)
        it.live.run(it.live.serving.dns.close())
        assert b"" in iter(lambda: receive(tcp), b"none")


def test_secondaries_are_told_and_find_the_serial(primary: Start, tmp_path: Path) -> None:
    keys = TsigKeys(tmp_path / "tsig")
    keys.generate("told.test")
    with ToldServer(keys.required("told.test")).listening() as server:
        it = primary({"secondaries": [{"server": server.address, "key": "told.test"}]})
        server.told.get(timeout=20)
        it.write(("a.upis", "TXT", TEXT))
        with it.live.instance.database.read() as connection:
            serial = zones.by_id(connection, it.zone_id).serial
        while server.told.get(timeout=20) != serial:
            pass
        with it.connection() as tcp:
            query = it.signed("SOA")
            send(tcp, query)
            answer = dns.message.from_wire(receive(tcp), keyring=it.key, request_mac=query.mac)
        assert answer.answer[0][0].serial == serial


def test_the_catalog_zone_is_transferred_by_its_own_rules(primary: Start, tmp_path: Path) -> None:
    TsigKeys(tmp_path / "tsig").generate("cat.test")
    it = primary(dns_catalog_zone="catalog.invalid", dns_catalog_secondaries="127.0.0.1:1/cat.test")
    copy = dns.zone.Zone("catalog.invalid")
    query, _ = dns.xfr.make_query(copy, keyring=it.keys.required("cat.test"))
    dns.query.inbound_xfr(it.host, copy, query, it.port, timeout=10)
    assert any(rdtype == "PTR" for _, rdtype in owners(copy))
    other = dns.zone.Zone("catalog.invalid")
    query, _ = dns.xfr.make_query(other, keyring=it.key)
    with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
        dns.query.inbound_xfr(it.host, other, query, it.port, timeout=10)


def test_a_catalog_that_has_another_name_now_is_served_under_that_only(primary: Start, tmp_path: Path) -> None:
    TsigKeys(tmp_path / "tsig").generate("cat.test")
    it = primary(dns_catalog_zone="new.invalid", dns_catalog_secondaries="127.0.0.1:1/cat.test")
    database, journal = it.live.instance.database, it.live.instance.journal
    CatalogZone(database, journal, "old.invalid").keep(ACTOR)
    it.live.wait_for_dns()
    for zone, rcode in (("new.invalid", dns.rcode.NOERROR), ("old.invalid", dns.rcode.REFUSED)):
        query = dns.message.make_query(zone, "SOA")
        query.use_tsig(it.keys.required("cat.test"))
        assert dns.query.udp(query, it.host, 10, it.port).rcode() == rcode


def test_a_zone_has_no_two_serials_within_its_interval(primary: Start) -> None:
    it = primary({"publish_interval_ms": 1500})
    it.write(("a.upis", "TXT", TEXT))
    stamped = []
    with it.live.instance.database.read() as connection:
        stamped.append((zones.by_id(connection, it.zone_id).serial, zones.modified_at(connection, it.zone_id)))
    for number in range(4):
        write(it.live.instance.database, it.zone_id, (f"b{number}.upis", "TXT", TEXT))
        it.live.instance.journal._wake()
    it.live.wait_for_dns()
    with it.live.instance.database.read() as connection:
        stamped.append((zones.by_id(connection, it.zone_id).serial, zones.modified_at(connection, it.zone_id)))
    (first, begun), (last, ended) = stamped
    assert last == first + 1, "what came meanwhile has one serial"
    assert (ended - begun).total_seconds() >= 1.5
