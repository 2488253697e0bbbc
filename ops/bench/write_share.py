# SPDX-License-Identifier: Apache-2.0
"""Which part of a write is the audit and the permission: a participant made through REST, with them and without."""

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from both import on_both as measured_on_both
from documents import HOST, participant
from measuring import cpu_milliseconds
from rest_writes import open_at, prepare

from registry.accounts.permissions import Decision
from registry.api.v1.app import ApiV1
from registry.app.api_context import api_context
from registry.identifiers.url_form import encode_segment

_RECORDING = ("registry.audit.events.record_many", "registry.sml.registration.record_many")
_DECIDING = ("registry.accounts.permissions.decide", "registry.api.v1.rules.decide")


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("write_share", measure)


def measure(url: str, seconds: float = 30.0) -> dict[str, Any]:
    """CPU milliseconds of a write with and without, and the share of the difference."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        token = prepare(folder, url)
        with open_at(folder, url) as instance, asyncio.Runner() as runner:
            write = _writer(runner, ApiV1(api_context(instance)), token)

            def bare() -> None:
                with _without():
                    write()

            whole, rest = cpu_milliseconds(seconds, write, bare)
    return {
        "cpu_milliseconds": round(whole, 3),
        "without_cpu_milliseconds": round(rest, 3),
        "audit_and_permission_percent": round(100 * (whole - rest) / whole, 1),
    }


def _writer(runner: asyncio.Runner, app: ApiV1, token: str) -> Callable[[], None]:
    numbers = itertools.count()
    headers = [
        (b"host", HOST.encode()),
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"),
    ]

    def write() -> None:
        path = f"/api/v1/domains/bench/participants/{encode_segment(str(participant(next(numbers))))}"
        scope = {
            "type": "http",
            "method": "PUT",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        status = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Any) -> None:
            status.append(message.get("status"))

        runner.run(app(scope, receive, send))
        if status[0] != 201:
            raise RuntimeError(f"a write was answered with {status[0]}")

    return write


@contextmanager
def _without() -> Iterator[None]:
    with ExitStack() as stack:
        for name in _RECORDING:
            stack.enter_context(mock.patch(name, lambda *_, **__: None))  # noqa: PT008 — a mock costs more
        for name in _DECIDING:
            stack.enter_context(mock.patch(name, lambda *_: Decision(allowed=True, reasons=())))  # noqa: PT008
        yield
