# SPDX-License-Identifier: Apache-2.0
"""What a look-up at the SMP costs: from the store, signed on every read, and an application that only answers.

All servers run in the same run and take turns, over real HTTP with keep-alive; the figure is the CPU time of the
server for each request. `constant` is a bare ASGI application on plain uvicorn, `listener` the same one behind our
listener with its limits, deadlines and metrics.
"""

import asyncio
import contextlib
import random
import socket
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from documents import (
    HOST,
    add_second_domain,
    demo_pki,
    forget_durability,
    new_instance,
    open_instance,
    participant,
    publish,
    service_metadata,
)
from http_load import CONNECTIONS, ask
from processes import ServerProcess, cores, pinned, serve_until_told, server_process
from uvloop import new_event_loop

from registry.clock import system_clock
from registry.demo.content import INVOICE
from registry.identifiers.url_form import participant_path, service_path
from registry.listeners.protocol import Limits
from registry.listeners.server import Listener
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.signing import sign_document
from registry.smp.http import SmpReadApp
from registry.smp.routes import smp_url
from registry.smp.signed_documents import DocumentSigner, etag_of
from registry.storage.document_reader import DocumentKey, DocumentReader, FoundService, open_document_reader
from registry.storage.queries import documents, domains, services
from registry.storage.queries.documents import SignedDocument
from registry.storage.queries.signed_groups import GroupKey
from registry.telemetry import configure_logging

PARTICIPANTS = 600
ROUNDS = 5
SERVERS = ("constant", "listener", "stored", "signing")
CASES = (
    ("constant", "document"),
    ("listener", "document"),
    ("stored", "document"),
    ("stored", "not_modified"),
    ("stored", "not_found"),
    ("stored", "service_group"),
    ("stored", "bdxr1_document"),
    ("stored", "bdxr2_document"),
    ("stored", "bdxr2_service_group"),
    ("signing", "document"),
)
STATUS = {"not_modified": 304, "not_found": 404}  # all others 200
DIALECTS_BESIDE = ("bdxr1", "bdxr2")


class NeverSigned:
    """A reader that finds every service, and none of them signed."""

    blocking = False

    def __init__(self, reader: DocumentReader) -> None:
        self._reader = reader
        self.find_group = reader.find_group
        self.find_signed_group = reader.find_signed_group
        self.changed = reader.changed
        self.close = reader.close

    def known(self, key: DocumentKey, now: datetime) -> FoundService | None:
        """Nothing is."""
        return None

    def find(self, key: DocumentKey, now: datetime, *, with_body: bool) -> FoundService | None:
        """As the stored reader, without the document."""
        found = self._reader.find(key, now, with_body=False)
        return None if found is None else FoundService(found.service_id, found.stamp, None)


class ForgetfulSigner(DocumentSigner):
    """A signer that keeps nothing."""

    def sign(self, service_id: int, dialect: str) -> SignedDocument:
        """As the real one, without the last step."""
        now = self._database.now()
        with self._database.read() as connection:
            stamp = documents.stamp_of(connection, service_id, now)
            if stamp is None:
                raise RuntimeError("the benchmark's domain has no signing key")
            metadata = services.load(connection, service_id, now)
            key_row = domains.signing_key(connection, stamp.signing_key_id)
        spoken = DIALECTS[dialect]
        body = sign_document(spoken.write_service_metadata(metadata), self._key(key_row), spoken)
        return SignedDocument(body, etag_of(body), int(now.timestamp()))


def constant_app(body: bytes) -> Any:
    """The least that an ASGI application can do."""
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", str(len(body)).encode())],
    }
    end = {"type": "http.response.body", "body": body}

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start)
        await send(end)

    return app


async def serve(name: str, folder: Path) -> None:
    """Be the server of that name."""
    if name == "constant":
        running = on_plain_uvicorn(constant_app((folder / "document.xml").read_bytes()))
    elif name == "listener":
        running = on_our_listener(constant_app((folder / "document.xml").read_bytes()))
    else:
        instance = open_instance(folder)
        reader: DocumentReader = open_document_reader(instance.database)
        signer = instance.signer
        if name == "signing":
            reader, signer = NeverSigned(reader), ForgetfulSigner(instance.database, instance.directory)
        running = on_our_listener(SmpReadApp(instance.directory, reader, signer, instance.business_cards, system_clock))
    async with running as port:
        await serve_until_told(port)


@contextlib.asynccontextmanager
async def on_plain_uvicorn(app: Any) -> AsyncIterator[int]:
    """Serve an application as uvicorn does, on the port that is yielded."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(app, http="httptools", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await task


@contextlib.asynccontextmanager
async def on_our_listener(app: Any) -> AsyncIterator[int]:
    """Serve an application as `registry serve` does, on the port that is yielded."""
    listener = Listener("public", app, ("127.0.0.1", 0), Limits())
    task = asyncio.create_task(listener.serve())
    yield listener.port
    await listener.stop(1)
    await task


def prepare(folder: Path) -> dict[str, list[bytes]]:
    """Publish and sign documents; the requests for each kind of question, in random order."""
    pki = demo_pki()
    asked: list[tuple[str, str, str]] = []
    with new_instance(folder, pki) as (instance, stored):
        forget_durability(instance)
        for number in range(PARTICIPANTS):
            metadata = service_metadata(number, pki)
            document = publish(instance, stored, metadata)
            who = metadata.participant
            asked.append((participant_path(who), service_path(who, metadata.document_type), document.etag))
        prefixes = {}
        for dialect in DIALECTS_BESIDE:
            beside = add_second_domain(instance, folder, dialect, dialect)
            prefixes[dialect] = smp_url(beside.domain, DIALECTS[dialect]).partition(HOST)[2]
            for number in range(PARTICIPANTS):
                metadata = service_metadata(number, pki)
                publish(instance, beside, metadata, dialect)
                if DIALECTS[dialect].signs_service_groups:
                    who = metadata.participant
                    key = GroupKey(beside.id, who.scheme, who.value, dialect)
                    instance.signer.current_group(beside, key)
    (folder / "document.xml").write_bytes(document.body)
    random.Random(1).shuffle(asked)  # noqa: S311 — always the same order
    missing = [service_path(participant(PARTICIPANTS + number), INVOICE) for number in range(PARTICIPANTS)]
    return {
        "document": [request(path) for _, path, _ in asked],
        "not_modified": [request(path, f"If-None-Match: {etag}\r\n") for _, path, etag in asked],
        "not_found": [request(path) for path in missing],
        "service_group": [request(path) for path, _, _ in asked],
        **{f"{name}_document": [request(prefix + path) for _, path, _ in asked] for name, prefix in prefixes.items()},
        "bdxr2_service_group": [request(prefixes["bdxr2"] + path) for path, _, _ in asked],
    }


def request(path: str, more: str = "") -> bytes:
    """A GET as look-up clients send it."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\nUser-Agent: benchmark\r\n{more}\r\n".encode()


def measure(folder: Path, requests: dict[str, list[bytes]], seconds: float) -> dict[tuple[str, str], float]:
    """Microseconds of server CPU for each request: the median of the rounds."""
    server_core, client_core = cores()
    found: dict[tuple[str, str], list[float]] = {case: [] for case in CASES}
    with contextlib.ExitStack() as stack:
        servers: dict[str, ServerProcess] = {
            name: stack.enter_context(server_process(__file__, "--serve", name, str(folder), core=server_core))
            for name in SERVERS
        }
        stack.enter_context(pinned(client_core))
        for round_ in range(ROUNDS + 1):
            for name, kind in CASES:
                server = servers[name]
                before, _ = server.usage()
                answers = ask(server.port, requests[kind], STATUS.get(kind, 200), seconds / (ROUNDS + 1) / len(CASES))
                after, _ = server.usage()
                if round_:  # the first one only warms up
                    found[name, kind].append((after - before) / answers * 1e6)
    return {case: statistics.median(values) for case, values in found.items()}


def run(seconds: float = 22.0) -> dict[str, Any]:
    """All figures, in about so many seconds and those that it takes to publish the documents."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        requests = prepare(folder)
        cpu = measure(folder, requests, seconds)
        size = (folder / "document.xml").stat().st_size
    stored, constant = cpu["stored", "document"], cpu["constant", "document"]
    return {
        "name": "smp_get",
        "cpu_microseconds": {f"{name} {kind}": round(value, 1) for (name, kind), value in cpu.items()},
        "documents_per_second_and_core": {
            "stored": round(1e6 / stored),
            "signing on every read": round(1e6 / cpu["signing", "document"]),
        },
        "times_signing_on_every_read": round(cpu["signing", "document"] / stored, 1),
        "times_cpu_of_constant": {
            kind: round(cpu["stored", kind] / constant, 2) for name, kind in CASES if name == "stored"
        },
        "times_cpu_of_busdox": {
            dialect: round(cpu["stored", f"{dialect}_document"] / stored, 3) for dialect in DIALECTS_BESIDE
        },
        "documents": PARTICIPANTS,
        "document_bytes": size,
        "connections": CONNECTIONS,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        configure_logging("ERROR")
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(sys.argv[2], Path(sys.argv[3])))
    else:
        import json

        print(json.dumps(run(), indent=2))
