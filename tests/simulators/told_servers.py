# SPDX-License-Identifier: Apache-2.0
"""A name server that is told of new serials by NOTIFY: it keeps what it is told, and answers as it is bidden."""

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.tsig


@dataclass(slots=True)
class ToldServer:
    """`told` has the serials in the order in which they came, `silences` swallows that many of them."""

    key: dns.tsig.Key | None = None
    silences: int = 0
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    signs: bool = True
    address: str = ""
    told: "queue.Queue[int]" = field(default_factory=queue.Queue)

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire, keyring=self.key)
        if query.opcode() != dns.opcode.NOTIFY:  # somebody looks at what it serves
            return None
        assert query.flags & dns.flags.AA
        serial = query.answer[0][0].serial
        silent = self.silences > 0
        self.silences -= silent
        response = dns.message.make_response(query)
        response.set_rcode(self.rcode)
        if not self.signs:
            response.tsig = None
            response.keyring = None
        answer = response.to_wire()
        self.told.put(serial)
        return None if silent else answer

    @contextmanager
    def listening(self, port: int = 0) -> Iterator["ToldServer"]:
        """Listen on a loopback port."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", port))
            self.address = f"127.0.0.1:{udp.getsockname()[1]}"
            thread = threading.Thread(target=self._serve, args=(udp,))
            thread.start()
            try:
                yield self
            finally:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                    last.sendto(b"", udp.getsockname())
                thread.join()

    def _serve(self, udp: socket.socket) -> None:
        while True:
            data, sender = udp.recvfrom(4096)
            if not data:
                return
            answer = self.answer(data)
            if answer is not None:
                udp.sendto(answer, sender)
