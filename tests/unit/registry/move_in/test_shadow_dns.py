# SPDX-License-Identifier: Apache-2.0
"""Two name servers are asked the same; what a sender would take from the answers is compared."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from registry.move_in.shadow.dns import DnsComparer, DnsSide, Record
from registry.move_in.shadow.model import Answer, DifferenceKind, Side

ZONE = "sml.test"
NAME = f"abc.iso6523-actorid-upis.{ZONE}"
ASKED = Record(NAME, "NAPTR")
TODAY = '100 10 "U" "Meta:SMP" "!.*!https://smp.example.org!" .'


class _Server:
    """Answers by UDP what it has; TCP on the same port answers as well."""

    def __init__(self) -> None:
        self.records: list[dns.rrset.RRset] = []
        self.rcode = dns.rcode.NOERROR
        self.cuts = False
        self.late = 0
        self.asked = 0

    def put(self, name: str, rdtype: str, *rdatas: str, ttl: int = 60) -> None:
        self.records.append(dns.rrset.from_text(f"{name}.", ttl, "IN", rdtype, *rdatas))

    def answer(self, wire: bytes, *, udp: bool) -> bytes | None:
        self.asked += 1
        if self.late:
            self.late -= 1
            return None
        response = dns.message.make_response(dns.message.from_wire(wire))
        response.set_rcode(self.rcode)
        if self.cuts and udp:
            response.flags |= dns.flags.TC
        else:
            response.answer += self.records
        return response.to_wire()


class _Datagrams(socketserver.ThreadingUDPServer):
    allow_reuse_address = True  # a port that TCP has given may be a client's somewhere


@contextmanager
def _serving(server: _Server) -> Iterator[str]:
    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            if (said := server.answer(data, udp=True)) is not None:
                sock.sendto(said, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (length,) = struct.unpack("!H", self.rfile.read(2))
            said = server.answer(self.rfile.read(length), udp=False) or b""
            self.wfile.write(struct.pack("!H", len(said)) + said)

    with ExitStack() as stack:
        tcp = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream))
        port = tcp.server_address[1]
        udp = stack.enter_context(_Datagrams(("127.0.0.1", port), Datagram))
        for each in (udp, tcp):
            thread = threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            stack.callback(thread.join)
            stack.callback(each.shutdown)
        yield f"127.0.0.1:{port}"


class _Both:
    def __init__(self, comparer: DnsComparer, old: _Server, ours: _Server) -> None:
        self.comparer = comparer
        self.old = old
        self.ours = ours

    def kinds(self, asked: Record = ASKED) -> list[DifferenceKind]:
        answer = self.comparer.ask(asked)
        assert answer.failures == ()
        return [each.kind for each in answer.differences]


@pytest.fixture
def both() -> Iterator[_Both]:
    old, ours = _Server(), _Server()
    with ExitStack() as stack:
        sides = [DnsSide(stack.enter_context(_serving(each)), timeout=1) for each in (old, ours)]
        comparer = stack.enter_context(closing(DnsComparer(*sides)))
        yield _Both(comparer, old, ours)


def test_equal_records_are_settled(both: _Both) -> None:
    both.old.put(NAME, "NAPTR", TODAY)
    both.ours.put(NAME, "NAPTR", TODAY)

    assert both.comparer.ask(ASKED) == Answer()


def test_a_name_that_neither_has_is_no_difference(both: _Both) -> None:
    both.old.rcode = dns.rcode.NXDOMAIN

    assert both.kinds() == []


@pytest.mark.parametrize(
    ("old", "ours", "kinds"),
    [
        ([TODAY], [], [DifferenceKind.MISSING_RECORD]),
        ([], [TODAY], [DifferenceKind.EXTRA_RECORD]),
        ([TODAY], [TODAY.replace("smp.", "other.")], [DifferenceKind.OTHER_RECORD]),
        ([TODAY], [TODAY, TODAY.replace("SMP", "CPP")], [DifferenceKind.OTHER_RECORD]),
        ([TODAY.replace("!.*!", "!^.*$!")], [TODAY], []),
        ([TODAY.replace('"U"', '"u"').replace("Meta:SMP", "meta:smp")], [TODAY], []),
        ([TODAY.replace("100 10", "100 20")], [TODAY], [DifferenceKind.OTHER_RECORD]),
    ],
    ids=["missing", "extra", "other", "one more", "legacy expression", "case", "preference"],
)
def test_naptr_records_are_compared_by_what_they_lead_to(
    both: _Both, old: list[str], ours: list[str], kinds: list[DifferenceKind]
) -> None:
    for server, rdatas in ((both.old, old), (both.ours, ours)):
        if rdatas:
            server.put(NAME, "NAPTR", *rdatas)

    assert both.kinds() == kinds


def test_an_alias_of_the_records_is_the_records(both: _Both) -> None:
    both.old.put(NAME, "NAPTR", TODAY)
    both.ours.put(NAME, "CNAME", f"smp-1.naptr.{ZONE}.")
    both.ours.put(f"smp-1.naptr.{ZONE}", "NAPTR", TODAY)

    assert both.kinds() == []


def test_an_alias_that_leads_nowhere_is_another_record(both: _Both) -> None:
    both.old.put(NAME, "NAPTR", TODAY)
    both.ours.put(NAME, "CNAME", f"smp-1.naptr.{ZONE}.")

    assert both.kinds() == [DifferenceKind.OTHER_RECORD]


def test_aliases_that_go_round_end(both: _Both) -> None:
    for server in (both.old, both.ours):
        server.put(NAME, "CNAME", f"b.{ZONE}.")
        server.put(f"b.{ZONE}", "CNAME", f"{NAME}.")

    assert both.kinds() == []


def test_another_ttl_is_told_and_harmless(both: _Both) -> None:
    both.old.put(NAME, "NAPTR", TODAY, ttl=3600)
    both.ours.put(NAME, "NAPTR", TODAY)

    answer = both.comparer.ask(ASKED)

    assert [each.kind for each in answer.differences] == [DifferenceKind.TTL]
    assert answer.is_settled


def test_records_of_other_names_and_types_do_not_count(both: _Both) -> None:
    both.old.put(f"other.{ZONE}", "NAPTR", TODAY)
    both.old.put(NAME, "TXT", '"x"')

    assert both.kinds() == []


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED], ids=["servfail", "refused"])
def test_a_server_that_fails_has_not_answered(both: _Both, side: Side, rcode: dns.rcode.Rcode) -> None:
    (both.old if side is Side.OLD else both.ours).rcode = rcode

    assert [which for which, _ in both.comparer.ask(ASKED).failures] == [side]


def test_silence_is_a_failure_after_three_tries() -> None:
    with _serving(_Server()) as there, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)
        sides = DnsSide(there), DnsSide(f"127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
        with closing(DnsComparer(*sides)) as comparer:
            assert [which for which, _ in comparer.ask(ASKED).failures] == [Side.OURS]

        asked = [silent.recv(512) for _ in range(3)]
        with pytest.raises(BlockingIOError):
            silent.recv(512)
    assert len(set(asked)) == 1


def test_a_lost_datagram_is_asked_again(both: _Both) -> None:
    both.old.late = 1

    assert both.comparer.ask(ASKED) == Answer()


def test_what_does_not_fit_is_asked_by_tcp(both: _Both) -> None:
    for server in (both.old, both.ours):
        server.put(NAME, "NAPTR", TODAY)
    both.old.cuts = True

    assert both.comparer.ask(ASKED) == Answer()


def test_nobody_there_is_a_failure() -> None:
    with _serving(_Server()) as gone:
        pass
    with _serving(_Server()) as there, closing(DnsComparer(DnsSide(gone, timeout=0.2), DnsSide(there))) as comparer:
        assert [which for which, _ in comparer.ask(ASKED).failures] == [Side.OLD]


@pytest.mark.parametrize("name", ["", "a" * 64 + ".test", "ü.test"])
def test_what_is_no_name_is_told_and_not_asked(both: _Both, name: str) -> None:
    assert both.comparer.ask(Record(name, "NAPTR")).failures or name == ""
