# SPDX-License-Identifier: Apache-2.0
"""How long it takes until a changed access-point certificate is served everywhere, with 25,000 endpoints behind it.

`python ops/bench/access_point_change.py [DATABASE_URL]`, by default on SQLite; the database has to be empty. A server
in another process has served the documents that are asked for, so it has them signed, and in memory on PostgreSQL. The
clock runs from the call that changes the access point until the new certificate is what everybody gets: every document
is right when it is next asked for, so that is the change and the slowest of a random sample of documents, each of which
is signed anew. An answer that still shows the old one ends the benchmark, and rows of endpoints are compared.
"""

import asyncio
import base64
import contextlib
import http.client
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from both import on_both as measured_on_both
from cryptography.hazmat.primitives.serialization import Encoding
from documents import ACTOR, HOST, demo_pki, participant, service_metadata
from processes import serve_until_told, server_process
from sqlalchemy import select
from uvloop import new_event_loop

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.clock import system_clock
from registry.demo.content import INVOICE
from registry.demo.pki import AP_UNIT, DemoPki, certificates_pem
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import service_path
from registry.listeners.protocol import Limits
from registry.listeners.server import Listener
from registry.metadata import Process, ProcessMetadata, ServiceMetadata
from registry.settings import load_settings
from registry.smp.access_points import AccessPoints
from registry.smp.http import SmpReadApp
from registry.storage.changes import ChangeListener
from registry.storage.document_cache import CacheLimits
from registry.storage.document_reader import open_document_reader
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import sqlite_url
from registry.storage.tables import endpoint
from registry.telemetry import configure_logging

ENDPOINTS = 25_000
SAMPLE = 200
PER_DOCUMENT = 10


def open_at(folder: Path, url: str) -> Instance:
    """The instance of this benchmark."""
    return Instance.open(load_settings(data_dir=folder, database_url=url))


def prepare(instance: Instance, folder: Path, pki: DemoPki) -> StoredDomain:
    """Publish as many documents as have that many endpoints, all of one access point."""
    root, smp_ca, ap_ca = (
        [certificates_pem(authority.certificate).decode()] for authority in (pki.root, pki.smp_ca, pki.ap_ca)
    )
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://{HOST}"},
        "sml": {"enabled": False},
        "trust": {
            "smp-sign": {"anchors": root, "intermediates": smp_ca},
            "ap-encrypt": {"anchors": root, "intermediates": ap_ca},
        },
    }
    files = pki.write(folder / "pki")
    key = SigningKeyFile(files.smp)
    stored = add_domain(instance, ACTOR, "demo", settings, signing_key=key)
    shown = service_metadata(0, pki).process_metadata[0].endpoints
    names = (ProcessIdentifier("cenbii-procid-ubl", f"urn:bench:process:{number}") for number in range(PER_DOCUMENT))
    groups = tuple(ProcessMetadata((Process(name),), shown) for name in names)
    with instance.database.write(ACTOR):
        for number in range(ENDPOINTS // PER_DOCUMENT):
            metadata = ServiceMetadata(participant(number), INVOICE, groups)
            instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
    return stored


async def serve(folder: Path, url: str) -> None:
    """Be the public listener, which hears of changes as `registry serve` does."""
    with open_at(folder, url) as instance, contextlib.ExitStack() as stack:
        cache = CacheLimits(entries=10_000, size=64 << 20)
        reader = open_document_reader(instance.database, cache, lambda: changes.connected)
        changes = ChangeListener(instance.database, reader.changed)
        stack.callback(reader.close)
        changes.start()
        stack.callback(changes.stop)
        app = SmpReadApp(instance.directory, reader, instance.signer, instance.business_cards, system_clock)
        listener = Listener("public", app, ("127.0.0.1", 0), Limits())
        task = asyncio.create_task(listener.serve())
        await serve_until_told(listener.port)
        await listener.stop(1)
        await task


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("access_point_change", lambda url: run(url=url))


def run(url: str = "") -> dict[str, Any]:
    """The figures; by default on SQLite."""
    pki = demo_pki()
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        url = url or sqlite_url(folder / "registry.sqlite3")
        with open_at(folder, url) as instance:
            stored = prepare(instance, folder, pki)
            before = _endpoints(instance)
            paths = [service_path(participant(number), INVOICE) for number in range(len(before) // PER_DOCUMENT)]
            sample = random.Random(1).sample(paths, SAMPLE)  # noqa: S311 — always the same ones
            points = AccessPoints(instance.database, stored, instance.trust_models.of(stored.domain))
            (gateway,) = [row for row in points.listed() if row.endpoints]
            der = _next_certificate(pki)
            shown = base64.b64encode(der)[:200]
            with server_process(__file__, "--serve", str(folder), url, core=None) as server:
                _ask_all(server.port, sample, b"<")  # they are signed now
                began = time.perf_counter()
                points.change(ACTOR, gateway.name, certificate=der)
                changed = time.perf_counter()
                took = _ask_all(server.port, sample, shown)
            rewritten = len(set(_endpoints(instance)) ^ set(before))
    return {
        "seconds": round(changed - began + max(took), 3),
        "seconds_of_the_change": round(changed - began, 4),
        "milliseconds_of_a_document": round(statistics.median(took) * 1e3, 2),
        "endpoints": gateway.endpoints,
        "endpoint_rows_rewritten": rewritten,
        "documents_asked_for": SAMPLE,
    }


def _next_certificate(pki: DemoPki) -> bytes:
    held = pki.access_points[0]
    window = (held.certificate.not_valid_before_utc, held.certificate.not_valid_after_utc)
    issued = pki.ap_ca.issue("POP000009", AP_UNIT, not_before=window[0], not_after=window[1], key=held.private_key)
    return issued.certificate.public_bytes(Encoding.DER)


def _ask_all(port: int, paths: list[str], text: bytes) -> list[float]:
    """How many seconds each took, over one connection. Raises RuntimeError where an answer doesn't hold the text."""
    took = []
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for path in paths:
            began = time.perf_counter()
            connection.request("GET", path, headers={"Host": HOST})
            answer = connection.getresponse()
            body = answer.read()
            took.append(time.perf_counter() - began)
            if answer.status != 200 or text not in body.replace(b"\n", b""):
                raise RuntimeError(f"{path}: status {answer.status}, and not what was to be shown")
    return took


def _endpoints(instance: Instance) -> list[tuple[Any, ...]]:
    with instance.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(endpoint))]


if __name__ == "__main__":
    configure_logging("ERROR")
    if sys.argv[1:2] == ["--serve"]:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(Path(sys.argv[2]), sys.argv[3]))
    else:
        print(json.dumps(run(url="".join(sys.argv[1:])), indent=2))
