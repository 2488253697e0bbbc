# SPDX-License-Identifier: Apache-2.0
"""CreateList of 100 participants over HTTP with mutual TLS and keep-alive: durable, with zone journal and audit.

`python ops/bench/sml_lists.py [DATABASE_URL]`, by default on SQLite; the database has to be empty. The server is the
whole product with all its roles in one process, so serials are stamped, zones served and the audit's chain sealed
meanwhile; the client runs on the same cores.
"""

import json
import queue
import socket
import ssl
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from both import on_both as measured_on_both
from documents import ACTOR, HOST, SMP_ID, demo_pki, participant
from processes import serve_until_told, server_process

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.app.serving import Serving
from registry.cli.serve import run_until_stopped
from registry.demo.pki import certificates_pem
from registry.settings import Settings, load_settings
from registry.sml.messages import CreateParticipants, write_request
from registry.storage.engine import sqlite_url
from registry.telemetry import configure_logging

CONNECTIONS = 4
LIST = 100
ROUNDS = 5
PATH = "/edelivery-sml/manageparticipantidentifier"


def settings_at(folder: Path, url: str) -> Settings:
    """All listeners at ports that the system chooses."""
    anywhere = dict.fromkeys(("public_bind", "manage_bind", "sml_bind", "dns_bind"), "127.0.0.1:0")
    return load_settings(
        data_dir=folder,
        database_url=url,
        sml_tls_cert=folder / "server.crt",
        sml_tls_key=folder / "server.key",
        sml_rate_per_s=0,
        client_connections=0,
        **anywhere,
    )


def prepare(folder: Path, url: str, dns: dict[str, Any]) -> None:
    """Make a domain that is its own SML, and the files for TLS."""
    pki = demo_pki()
    root = [certificates_pem(pki.root.certificate).decode()]
    smp = {"anchors": root, "intermediates": [certificates_pem(pki.smp_ca.certificate).decode()]}
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://{HOST}", "smp_id": SMP_ID},
        "trust": {"smp-sign": smp, "sml-client": smp},
        "dns": dns,
    }
    files = pki.write(folder / "pki")
    for name in ("crt", "key"):
        (folder / f"server.{name}").write_bytes(files.smp.read_bytes())
        (folder / f"server.{name}").chmod(0o600)
    with Instance.open(load_settings(data_dir=folder, database_url=url)) as instance:
        add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))


async def serve(folder: Path, url: str) -> None:
    """Be the whole product."""
    serving = Serving(settings_at(folder, url))
    async with serving.running() as addresses:
        await serve_until_told(int((addresses.sml or "").rpartition(":")[2]))


def requests(first: int, count: int) -> list[bytes]:
    """Lists of different participants."""
    made = []
    for number in range(first, first + count):
        body = write_request(
            CreateParticipants(SMP_ID, tuple(participant(number * LIST + each) for each in range(LIST)))
        )
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\n"
            f'SOAPAction: ""\r\nContent-Length: {len(body)}\r\n\r\n'
        )
        made.append(head.encode() + body)
    return made


def ask(port: int, context: ssl.SSLContext, made: list[bytes], seconds: float) -> tuple[int, float, list[float]]:
    """Send lists over some connections; returns how many were done, in how many seconds, and how long each took."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for request in made:
        waiting.put(request)
    took: list[float] = []
    failed: list[bytes] = []
    begin = time.monotonic()

    def talk() -> None:
        with socket.create_connection(("127.0.0.1", port)) as raw, context.wrap_socket(raw) as connection:
            while time.monotonic() < begin + seconds and not failed:
                sent = time.monotonic()
                connection.sendall(waiting.get_nowait())
                answer = b""
                while b"Envelope>" not in answer:
                    answer += connection.recv(65_536)
                if not answer.startswith(b"HTTP/1.1 200"):
                    failed.append(answer)
                took.append(time.monotonic() - sent)

    threads = [threading.Thread(target=talk) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(f"the server answered {failed[0][:500]!r}")
    return len(took), time.monotonic() - begin, took


def client_context(folder: Path) -> ssl.SSLContext:
    """Shows the SMP's certificate; whose the server's is doesn't matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(folder / "pki" / "smp.pem")
    return context


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("sml_lists", lambda url: run(url=url))


def run(seconds: float = 20.0, url: str = "", dns: dict[str, Any] | None = None) -> dict[str, Any]:
    """The figures, in about so many seconds; by default on SQLite."""
    rates, costs, every = [], [], []
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        url = url or sqlite_url(folder / "registry.sqlite3")
        prepare(folder, url, dns or {})
        per_round = seconds / (ROUNDS + 1)
        each = int(per_round * 400)
        with server_process(__file__, "--serve", str(folder), url, core=None) as server:
            for round_ in range(ROUNDS + 1):
                made = requests(round_ * each, each)
                before, _ = server.usage()
                count, took, single = ask(server.port, client_context(folder), made, per_round)
                after, _ = server.usage()
                if round_:  # the first one only warms up
                    rates.append(count / took)
                    costs.append((after - before) / count)
                    every += single
    return {
        "lists_per_second": round(statistics.median(rates), 1),
        "participants_per_second": round(statistics.median(rates) * LIST),
        "cpu_milliseconds": round(statistics.median(costs) * 1e3, 2),
        "milliseconds_median": round(statistics.median(every) * 1e3, 1),
        "milliseconds_p99": round(sorted(every)[int(len(every) * 0.99)] * 1e3, 1),
        "connections": CONNECTIONS,
        "participants_in_list": LIST,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        configure_logging("ERROR")
        run_until_stopped(serve(Path(sys.argv[2]), sys.argv[3]))
    else:
        print(json.dumps(run(url="".join(sys.argv[1:])), indent=2))
