# SPDX-License-Identifier: Apache-2.0
"""What it costs to make a participant through REST: token, permission, service group, registration, zone, audit.

`python ops/bench/rest_writes.py [DATABASE_URL]`, by default on SQLite; the database has to be empty. Over real HTTP
with keep-alive, each request for another participant; the figure is the CPU time of the server process for each.
"""

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from both import on_both as measured_on_both
from documents import ACTOR, HOST, demo_pki, participant
from http_load import CONNECTIONS, ask
from processes import cores, pinned, serve_until_told, server_process
from uvloop import new_event_loop

from registry.accounts.permissions import Role
from registry.accounts.tokens import create_token
from registry.api.v1.app import ApiV1
from registry.app.api_context import api_context
from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.demo.pki import certificates_pem
from registry.identifiers.url_form import encode_segment
from registry.listeners.protocol import Limits
from registry.listeners.server import Listener
from registry.settings import load_settings
from registry.storage.engine import sqlite_url
from registry.telemetry import configure_logging

ROUNDS = 5
PER_ROUND = 5_000
"""More than a server can make in one round."""


def open_at(folder: Path, url: str) -> Instance:
    """The instance of this benchmark."""
    return Instance.open(load_settings(data_dir=folder, database_url=url))


def prepare(folder: Path, url: str) -> str:
    """Make a domain that is its own SML; returns a token for it."""
    pki = demo_pki()
    root = [certificates_pem(pki.root.certificate).decode()]
    smp = {"anchors": root, "intermediates": [certificates_pem(pki.smp_ca.certificate).decode()]}
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://{HOST}", "smp_id": "SMP-BENCH"},
        "trust": {"smp-sign": smp, "sml-client": smp},
    }
    files = pki.write(folder / "pki")
    with open_at(folder, url) as instance:
        stored = add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))
        return create_token(instance.database, ACTOR, "bench", domain_id=stored.id, role=Role.EDITOR)


async def serve(folder: Path, url: str) -> None:
    """Be the management listener."""
    with open_at(folder, url) as instance:
        listener = Listener("manage", ApiV1(api_context(instance)), ("127.0.0.1", 0), Limits())
        task = asyncio.create_task(listener.serve())
        await serve_until_told(listener.port)
        await listener.stop(1)
        await task


def requests(token: str, first: int) -> list[bytes]:
    """PUT requests for as many different participants as a round may need."""
    lines = f"Host: {HOST}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    names = (encode_segment(str(participant(number))) for number in range(first, first + PER_ROUND))
    return [f"PUT /api/v1/domains/bench/participants/{name} HTTP/1.1\r\n{lines}\r\n{{}}".encode() for name in names]


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("rest_writes", lambda url: run(url=url))


def run(seconds: float = 12.0, url: str = "") -> dict[str, Any]:
    """The figure, in about so many seconds; by default on SQLite."""
    costs = []
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        url = url or sqlite_url(folder / "registry.sqlite3")
        token = prepare(folder, url)
        server_core, client_core = cores()
        server = stack.enter_context(server_process(__file__, "--serve", str(folder), url, core=server_core))
        stack.enter_context(pinned(client_core))
        for round_ in range(ROUNDS + 1):
            made = requests(token, round_ * PER_ROUND)
            before, _ = server.usage()
            answered = ask(server.port, made, 201, seconds / (ROUNDS + 1))
            after, _ = server.usage()
            if round_:  # the first one only warms up
                costs.append((after - before) / answered)
    cost = statistics.median(costs)
    return {
        "participants_per_second_and_core": round(1 / cost),
        "cpu_milliseconds": round(cost * 1e3, 2),
        "connections": CONNECTIONS,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        configure_logging("ERROR")
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(Path(sys.argv[2]), sys.argv[3]))
    else:
        print(json.dumps(run(url="".join(sys.argv[1:])), indent=2))
