# SPDX-License-Identifier: Apache-2.0
"""What the resolver costs: answers from its cache, and look-ups of which nothing is cached.

A registry runs beside it, as SMP and as DNS server, and the resolver asks it over real UDP and HTTP. `cached` is asked
about the same participants again and again; `cold` keeps nothing, so each answer is a look-up: DNS, HTTP, signature,
both trust decisions, JSON. `bare` is the same look-up by the library, in one thread: what a cold answer costs beyond it
is what the service adds. The figures are the CPU time of the asking process alone, all its threads, for each answer.
"""

import asyncio
import contextlib
import itertools
import random
import socket
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from documents import ACTOR, SMP_ID, demo_pki, forget_durability, open_instance, publish, service_metadata
from http_load import CONNECTIONS, ask
from measuring import cpu_milliseconds
from processes import ServerProcess, cores, pinned, serve_until_told, server_process
from uvloop import new_event_loop

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.resolving import Resolving, fixed
from registry.app.serving import Serving
from registry.demo.pki import certificates_pem
from registry.discovery.client import open_client
from registry.domains.domain import Domain
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.settings import load_settings
from registry.storage.engine import sqlite_url
from registry.telemetry import configure_logging

PARTICIPANTS = 300
ROUNDS = 5
BARE, CACHED, COLD, NOT_MODIFIED = "bare", "cached", "cold", "not_modified"


def prepare(folder: Path, port: int) -> list[tuple[str, str]]:
    """Publish documents at an SMP on this port, and register their participants; participants and document types."""
    pki = demo_pki()
    root, smp_ca, ap_ca = (
        [certificates_pem(authority.certificate).decode()] for authority in (pki.root, pki.smp_ca, pki.ap_ca)
    )
    smp = {"anchors": root, "intermediates": smp_ca}
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://127.0.0.1:{port}", "smp_id": SMP_ID},
        "trust": {"smp-sign": smp, "sml-client": smp, "ap-encrypt": {"anchors": root, "intermediates": ap_ca}},
    }
    files = pki.write(folder / "pki")
    asked = []
    with open_instance(folder) as instance:
        stored = add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))
        forget_durability(instance)
        for number in range(PARTICIPANTS):
            metadata = service_metadata(number, pki)
            publish(instance, stored, metadata)
            asked.append((str(metadata.participant), str(metadata.document_type)))
    random.Random(1).shuffle(asked)  # noqa: S311 — always the same order
    return asked


def request(participant: str, document_type: str, more: str = "") -> bytes:
    """A question as an access point asks it."""
    query = f"participant={quote(participant)}&document_type={quote(document_type)}"
    return f"GET /resolve?{query} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n{more}\r\n".encode()


async def serve_registry(folder: Path, port: int) -> None:
    """Be the registry; tells the port of its DNS server."""
    settings = load_settings(
        data_dir=folder,
        database_url=sqlite_url(folder / "registry.sqlite3"),
        public_bind=f"127.0.0.1:{port}",
        manage_bind="127.0.0.1:0",
        dns_bind="127.0.0.1:0",
    )
    serving = Serving(settings)
    async with serving.running() as addresses:
        await serving.wait_until_published()
        await serve_until_told(int(addresses.dns.rpartition(":")[2]))


async def serve_resolver(folder: Path, dns_port: int, kind: str) -> None:
    """Be the resolver."""
    settings = load_settings(
        resolver_bind="127.0.0.1:0",
        resolver_dns=f"127.0.0.1:{dns_port}",
        resolver_allowed_networks="127.0.0.0/8",
        resolver_cache_s=0 if kind == COLD else 300,
        resolver_stale_s=0,
    )
    async with Resolving(settings, fixed([domain_in(folder)])).running() as url:
        await serve_until_told(int(url.rpartition(":")[2]))


def domain_in(folder: Path) -> Domain:
    """The benchmark's domain."""
    with open_instance(folder) as instance:
        return instance.directory.all()[0].domain


def bare_milliseconds(folder: Path, dns_port: int, asked: list[tuple[str, str]], seconds: float) -> float:
    """CPU of a look-up by the library alone."""
    following = itertools.cycle(
        (ParticipantIdentifier.parse(who), DocumentTypeIdentifier.parse(what)) for who, what in asked
    )
    with open_client(domain_in(folder), f"127.0.0.1:{dns_port}") as client:
        (figure,) = cpu_milliseconds(seconds, lambda: client.resolve(*next(following)))
    return figure


def measure(folder: Path, port: int, asked: list[tuple[str, str]], seconds: float) -> dict[str, float]:
    """Microseconds of resolver CPU for each request: the median of the rounds."""
    server_core, client_core = cores()
    found: dict[str, list[float]] = {CACHED: [], NOT_MODIFIED: [], COLD: []}
    requests = [request(*pair) for pair in asked]
    with contextlib.ExitStack() as stack:
        registry = stack.enter_context(
            server_process(__file__, "--serve", "registry", str(folder), str(port), core=client_core)
        )
        servers: dict[str, ServerProcess] = {
            kind: stack.enter_context(
                server_process(__file__, "--serve", kind, str(folder), str(registry.port), core=server_core)
            )
            for kind in (CACHED, COLD)
        }
        stack.enter_context(pinned(client_core))
        unchanged = [request(*pair, f"If-None-Match: {etag_of(servers[CACHED].port, pair)}\r\n") for pair in asked]
        cases = ((CACHED, CACHED, requests, 200), (NOT_MODIFIED, CACHED, unchanged, 304), (COLD, COLD, requests, 200))
        for round_ in range(ROUNDS + 1):
            for name, server_name, questions, status in cases:
                server = servers[server_name]
                before, _ = server.usage()
                answers = ask(server.port, questions, status, seconds / (ROUNDS + 1) / len(cases))
                after, _ = server.usage()
                if round_:  # the first one only warms up
                    found[name].append((after - before) / answers * 1e6)
        bare = bare_milliseconds(folder, registry.port, asked, seconds / 4) * 1e3
    return {name: statistics.median(values) for name, values in found.items()} | {BARE: bare}


def etag_of(port: int, pair: tuple[str, str]) -> str:
    """The validator of an answer, which is looked up by this."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request(*pair, "Connection: close\r\n"))
        with connection.makefile("rb") as reply:
            lines = iter(reply.readline, b"\r\n")
            return next(line.split(b": ")[1].decode().strip() for line in lines if line.startswith(b"etag: "))


def run(seconds: float = 22.0) -> dict[str, Any]:
    """All figures, in about so many seconds and those that it takes to publish the documents."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        folder = Path(name)
        cpu = measure(folder, port, prepare(folder, port), seconds)
    return {
        "name": "resolver",
        "cpu_microseconds": {name: round(value, 1) for name, value in cpu.items()},
        "cached_answers_per_second_and_core": round(1e6 / cpu[CACHED]),
        "cold_milliseconds": round(cpu[COLD] / 1e3, 2),
        "cold_adds_milliseconds": round((cpu[COLD] - cpu[BARE]) / 1e3, 2),
        "participants": PARTICIPANTS,
        "connections": CONNECTIONS,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        configure_logging("ERROR")
        kind, folder, number = sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
        serving = serve_registry(folder, number) if kind == "registry" else serve_resolver(folder, number, kind)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serving)
    else:
        import json

        print(json.dumps(run(), indent=2))
