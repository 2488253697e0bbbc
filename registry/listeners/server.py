# SPDX-License-Identifier: Apache-2.0
"""A listener: one bound socket, one ASGI application, its limits and its TLS; many of them share an event loop.

uvicorn's protocol does the HTTP. Its `Server` isn't used: it takes the process's signals, can't time or report TLS
handshakes, and stops by polling.
"""

import asyncio
import contextlib
import functools
import socket
import time
from collections.abc import MutableMapping
from email.utils import formatdate
from typing import Any

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState

from registry import telemetry
from registry.errors import ConfigurationError
from registry.listeners.protocol import EdgeProtocol, Limits, edge_protocol
from registry.listeners.tls import ReloadingContext

_BACKLOG = 1024
_ACCEPT_RETRY_S = 1.0
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})

log = structlog.get_logger(__name__)


class Listener:
    """Listens from the start (clients wait in the backlog) and answers from `serve` until `stop`.

    `bind` is (host, port); with port 0 the system picks one, see `port`. Lifespan events aren't sent to `app`.
    Raises `ConfigurationError` when the address can't be had.
    """

    def __init__(
        self,
        name: str,
        app: Any,
        bind: tuple[str, int],
        limits: Limits,
        ssl_context: ReloadingContext | None = None,
    ) -> None:
        self.name = name
        self.limits = limits
        self._tls = ssl_context
        self._socket = _listen(name, *bind)
        self.host: str = bind[0]
        self.port: int = self._socket.getsockname()[1]
        self._protocol_class = edge_protocol(limits, functools.partial(_count_refusal, name))
        self._config = Config(
            _measured(name, app),
            http=self._protocol_class,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
        self._config.load()
        self._state = ServerState()
        self._conversations: dict[asyncio.Task[None], EdgeProtocol] = {}
        self._accepting = False
        self._stop = asyncio.Event()
        self._grace_s = 0.0
        self._served: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def reload_certificates(self) -> None:
        """Read the TLS files again, for the connections from now on.

        Raises `ConfigurationError`, and then goes on with what was loaded before.
        """
        if self._tls is not None:
            self._tls.reload()

    def reload_changed_certificates(self) -> None:
        """`reload_certificates` if one of the files has changed since they were read. Raises `ConfigurationError`."""
        if self._tls is not None and self._tls.reload_if_changed():
            log.info("certificates_reloaded", listener=self.name)

    async def serve(self) -> None:
        """Answer until `stop` (or cancellation, which grants no grace); returns when nothing is left running."""
        self._served = asyncio.Event()
        self._resume_accepting()
        try:
            while not self._stop.is_set():
                self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 1.0)
        finally:
            self._stop.set()
            self._pause_accepting()
            self._socket.close()
            await self._finish()
            self._served.set()

    async def stop(self, grace_s: float) -> None:
        """Take no more requests, let running ones end for at most `grace_s` seconds, then cut them off."""
        self._grace_s = grace_s
        self._stop.set()
        if self._served is None:
            self._socket.close()
        else:
            await self._served.wait()

    # Connections

    def _resume_accepting(self) -> None:
        if not self._accepting and not self._stop.is_set():
            self._accepting = True
            asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def _pause_accepting(self) -> None:
        if self._accepting:
            self._accepting = False
            asyncio.get_running_loop().remove_reader(self._socket)

    def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while len(self._conversations) < self.limits.max_connections:
            try:
                connection, peer = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # Out of file descriptors or memory: the socket stays readable, so look away for a moment.
                log.error("accept_failed", listener=self.name, reason=error.strerror)  # noqa: TRY400
                self._pause_accepting()
                loop.call_later(_ACCEPT_RETRY_S, self._resume_accepting)
                return
            connection.settimeout(0)
            # asyncio does so only for sockets that say their protocol, which accepted ones don't: without it the body
            # of an answer waits for the client's delayed acknowledgement of the head, some 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            protocol = self._protocol_class(config=self._config, server_state=self._state, app_state={}, _loop=loop)
            task = loop.create_task(self._converse(connection, peer, protocol))
            self._conversations[task] = protocol
            task.add_done_callback(self._conversation_ended)
        self._pause_accepting()  # full; further clients wait in the backlog

    async def _converse(self, connection: socket.socket, peer: tuple[Any, ...], protocol: EdgeProtocol) -> None:
        try:
            if self._tls is None:
                await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection)
            elif not await self._tls.accept(
                connection,
                peer,
                protocol,
                handshake_timeout_s=self.limits.head_timeout_s,
                shutdown_timeout_s=self.limits.linger_s,
            ):
                return
        except OSError:  # gone before it was made
            connection.close()
            return
        await protocol.closed.wait()

    def _conversation_ended(self, task: asyncio.Task[None]) -> None:
        del self._conversations[task]
        self._resume_accepting()

    async def _finish(self) -> None:
        for task, protocol in list(self._conversations.items()):
            if protocol.connected:
                protocol.shutdown()
            else:
                task.cancel()
        if self._grace_s and (running := {*self._conversations, *self._state.tasks}):
            await asyncio.wait(running, timeout=self._grace_s)
        for protocol in list(self._conversations.values()):
            if protocol.connected:
                protocol.transport.abort()
        for request in list(self._state.tasks):
            request.cancel()
        if rest := {*self._conversations, *self._state.tasks}:
            await asyncio.wait(rest)


def _listen(name: str, host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"the {name} listener can't listen on {host}, port {port}: {error.strerror}"
        ) from error
    listening.settimeout(0)
    return listening


def _count_refusal(listener: str, status: int) -> None:
    telemetry.requests_total.labels(listener, "-", status).inc()


def _measured(listener: str, app: Any) -> Any:
    """`app` with a request id, counters and a log line for what went wrong. Paths aren't logged: they name people."""
    duration = telemetry.request_seconds.labels(listener)
    counter = functools.cache(functools.partial(telemetry.requests_total.labels, listener))

    async def measured(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        telemetry.request_id.set(telemetry.new_request_id())
        status = 500
        start = time.perf_counter()

        def noting_send(message: MutableMapping[str, Any]) -> Any:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        try:
            await app(scope, receive, noting_send)
        finally:
            seconds = time.perf_counter() - start
            duration.observe(seconds)
            method = scope["method"] if scope["method"] in _KNOWN_METHODS else "-"
            counter(method, status).inc()
            if status >= 500:
                log.warning(
                    "request_failed", listener=listener, method=method, status=status, seconds=round(seconds, 4)
                )

    return measured
