# SPDX-License-Identifier: Apache-2.0
"""What a whole zone costs us: CPU, and memory beyond that of an idle server, while it leaves over TCP with TSIG."""

import argparse
import asyncio
import json
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import dns.message
import dns.tsig
import dns.xfr
from dns_answers import ZONE
from dns_servers import fill
from name_servers import cpu_seconds
from processes import cores, pinned, serve_until_told, server_process
from uvloop import new_event_loop

from registry.clock import system_clock
from registry.dns import zone_loading
from registry.dns.server import DnsServer
from registry.dns.signed_queries import SignedQueries
from registry.dns.transfer.requests import Stream, TransferRequest
from registry.dns.transfer.sending import ZoneSender
from registry.dns.tsig_keys import TsigKeys
from registry.storage.engine import Database
from registry.storage.queries import zones
from registry.telemetry import configure_logging

NAMES: Final = 1_000_000
_KEY: Final = "bench"
_APEX_RECORDS: Final = 3  # SOA twice, and NS


class Desk:
    """Gives the zone to everybody."""

    def __init__(self, sender: ZoneSender) -> None:
        self._sender = sender

    def allows(self, request: TransferRequest) -> bool:
        """Yes."""
        del request
        return True

    def start(self, request: TransferRequest, stream: Stream) -> bool:
        """In a thread, as an instance does."""
        threading.Thread(target=self._sender.send, args=(request, stream)).start()
        return True


async def serve(folder: Path) -> None:
    """Be the server of that folder."""
    configure_logging("ERROR")  # standard output is for the other process
    database = Database(f"sqlite:///{folder}/registry.db", system_clock)
    with database.read() as connection:
        (row,) = zones.all_zones(connection)
        zone = zone_loading.load(connection, row)
    desk = Desk(ZoneSender(database, lambda: int(time.time())))
    server = DnsServer([zone], signed=SignedQueries(TsigKeys(folder), time.time), desk=desk)
    _, port = await server.start("127.0.0.1", 0)
    await serve_until_told(port)
    await server.close()
    database.dispose()


def take(port: int, query: bytes, records: int) -> int:
    """Read a transfer to its end; returns its octets."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection, connection.makefile("rb", 1 << 20) as file:
        connection.sendall(len(query).to_bytes(2) + query)
        octets = 0
        while records > 0:
            message = file.read(int.from_bytes(file.read(2)))
            if len(message) < 12 or message[3] & 0x0F:
                raise RuntimeError(f"the transfer failed: {message[:12].hex()}")
            octets += len(message)
            records -= int.from_bytes(message[6:8])
        return octets


def memory(pid: int, name: str) -> int:
    """A line of the status of a process, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def run(names: int = NAMES) -> dict[str, Any]:
    """The figures of one transfer, after a first one that warms up."""
    server_core, client_core = cores()
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        fill(folder, names)
        keys = TsigKeys(folder)
        keys.generate(_KEY)
        key = keys.required(_KEY)
        with server_process(__file__, "--serve", str(folder), core=server_core) as server, pinned(client_core):
            figures = []
            for _ in range(2):
                request = dns.message.make_query(ZONE, "AXFR")
                request.use_tsig(key)
                before, anonymous = cpu_seconds(server.pid), memory(server.pid, "RssAnon")
                begun = time.monotonic()
                octets = take(server.port, request.to_wire(), names + _APEX_RECORDS)
                seconds = time.monotonic() - begun
                cpu = cpu_seconds(server.pid) - before
                figures.append((cpu, seconds, octets, memory(server.pid, "RssAnon") - anonymous))
    cpu, seconds, octets, _ = figures[1]
    return {
        "name": "dns_transfer",
        "names": names,
        "cpu_seconds": round(cpu, 2),
        "seconds": round(seconds, 2),
        "megabytes_sent": octets // 1_000_000,
        "megabytes_more_after_it": round(max(figure[3] for figure in figures) / 1000),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--names", type=int, default=NAMES)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(arguments.serve))
    else:
        print(json.dumps(run(arguments.names), indent=2))


if __name__ == "__main__":
    main()
