# SPDX-License-Identifier: Apache-2.0
"""A name server that is told what to answer: in memory as dnspython's `Nameserver`, or on a loopback port."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zonefile


class SimulatedNameServer(dns.nameserver.Nameserver):
    """Answers from `records` (master file lines with full names), authoritatively for the zone `origin`.

    It can be made to fail: `rcode` answers everything so, `silences` swallows that many questions, `chases` False
    leaves the target of an alias to the client, `synthesises` False gives a DNAME without its CNAME,
    `truncates` cuts off answers over UDP, `refers` answers only with the name of another server.
    """

    def __init__(self, records: str = "", *, origin: str = "sml.test.") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.origin = dns.name.from_text(origin)
        self.rrsets: list[dns.rrset.RRset] = []
        self.questions: list[str] = []
        self.over_tcp: list[bool] = []
        self.rcode: dns.rcode.Rcode | None = None
        self.silences = 0
        self.chases = True
        self.synthesises = True
        self.truncates = False
        self.refers = False
        self.add(records)

    def add(self, records: str) -> None:
        """Take more master file lines."""
        self.rrsets += dns.zonefile.read_rrsets(records, default_ttl=60, relativize=False, rdclass=None)

    def naptr(self, name: str, url: str, service: str = "Meta:SMP") -> None:
        """Publish the usual record for a name."""
        self.add(f'{name}. 60 IN NAPTR 100 10 "U" "{service}" "!.*!{url}!" .')

    # --- what dnspython calls ---

    def __str__(self) -> str:
        return "simulated"

    def kind(self) -> str:
        return "simulated"

    def is_always_max_size(self) -> bool:
        return False

    def answer_nameserver(self) -> str:
        return "127.0.0.1"

    def answer_port(self) -> int:
        return 53

    def query(
        self,
        request: dns.message.QueryMessage,
        timeout: float,
        source: str | None,
        source_port: int,
        max_size: bool,
        one_rr_per_rrset: bool = False,
        ignore_trailing: bool = False,
    ) -> dns.message.Message:
        answer = self.answer(request.to_wire(), over_tcp=max_size)
        if answer is None:
            raise dns.exception.Timeout
        return dns.message.from_wire(answer, raise_on_truncation=not max_size)

    # --- the answers ---

    def answer(self, wire: bytes, *, over_tcp: bool) -> bytes | None:
        """The answer to a question, None for silence."""
        query = dns.message.from_wire(wire)
        name = query.question[0].name
        self.questions.append(name.to_text(omit_final_dot=True))
        self.over_tcp.append(over_tcp)
        if self.silences:
            self.silences -= 1
            return None
        response = dns.message.make_response(query)
        if self.rcode is not None:
            response.set_rcode(self.rcode)
        elif self.refers:
            response.authority.append(dns.rrset.from_text(self.origin, 60, "IN", "NS", "ns.elsewhere.test."))
        else:
            response.flags |= dns.flags.AA
            self._answer(response, name)
        if self.truncates and not over_tcp:
            response.flags |= dns.flags.TC
            response.answer.clear()
        return response.to_wire()

    def _answer(self, response: dns.message.Message, name: dns.name.Name) -> None:
        for _ in range(20):
            here = [rrset for rrset in self.rrsets if rrset.name == name]
            naptr = [rrset for rrset in here if rrset.rdtype == dns.rdatatype.NAPTR]
            if naptr:
                response.answer += naptr
                return
            alias = next((rrset for rrset in here if rrset.rdtype == dns.rdatatype.CNAME), None)
            if alias is None and (dname := self._dname_above(name)) is not None:
                response.answer.append(dname)
                if not self.synthesises:
                    return
                target = name.relativize(dname.name).concatenate(dname[0].target)
                alias = dns.rrset.from_text(name, 60, "IN", "CNAME", target.to_text())
            if alias is None:
                self._deny(response, exists=bool(here))
                return
            response.answer.append(alias)
            if not self.chases:
                return
            name = alias[0].target

    def _dname_above(self, name: dns.name.Name) -> dns.rrset.RRset | None:
        return next(
            (
                rrset
                for rrset in self.rrsets
                if rrset.rdtype == dns.rdatatype.DNAME and name.is_subdomain(rrset.name) and name != rrset.name
            ),
            None,
        )

    def _deny(self, response: dns.message.Message, *, exists: bool) -> None:
        if not exists:
            response.set_rcode(dns.rcode.NXDOMAIN)
        soa = dns.rrset.from_text(self.origin, 60, "IN", "SOA", "ns.sml.test. hostmaster.sml.test. 1 60 60 60 60")
        response.authority.append(soa)

    # --- on real sockets ---

    @contextmanager
    def on_loopback(self, host: str = "127.0.0.1") -> Iterator[str]:
        """Listen by UDP and TCP on one free port; gives `HOST:PORT`."""
        server = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                if (answer := server.answer(data, over_tcp=False)) is not None:
                    sock.sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                (length,) = struct.unpack("!H", self.rfile.read(2))
                if (answer := server.answer(self.rfile.read(length), over_tcp=True)) is not None:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)

        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        udp_class = type("UdpServer", (socketserver.UDPServer,), {"address_family": family})
        tcp_class = type("TcpServer", (socketserver.TCPServer,), {"address_family": family})
        with tcp_class((host, 0), Tcp) as tcp:
            port = tcp.server_address[1]
            with udp_class((host, port), Udp) as udp:
                threads = [threading.Thread(target=each.serve_forever, args=(0.01,)) for each in (udp, tcp)]
                for thread in threads:
                    thread.start()
                try:
                    yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
                finally:
                    udp.shutdown()
                    tcp.shutdown()
                    for thread in threads:
                        thread.join()
