# SPDX-License-Identifier: Apache-2.0
"""A listener: one bound socket, one ASGI application, its limits and its TLS; many of them share an event loop.

uvicorn's protocol does the HTTP. Its `Server` isn't used: it takes the process's signals, can't time or report TLS
handshakes, and stops by polling.
"""

import asyncio
import functools
import heapq
import select
import socket
import time
from collections.abc import MutableMapping, Sequence
from email.utils import formatdate
from typing import Any

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState

from registry import telemetry
from registry.errors import ConfigurationError
from registry.listeners.clients import Clients
from registry.listeners.protocol import DRAIN_S, EdgeProtocol, Limits, edge_protocol
from registry.listeners.tls import ReloadingContext
from registry.waiting import wait_within

_BACKLOG = 1024
_ACCEPT_RETRY_S = 1.0
_ROOM_RETRY_S = 0.1
_NOT_IDLE_S = 1.0
"""Who has just come has its turn, however many want it."""
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})

log = structlog.get_logger(__name__)


class Listener:
    """Listens from the start (clients wait in the backlog) and answers from `serve` until `stop`.

    `bind` is (host, port), where with port 0 the system picks one, see `port`; or a socket that listens already, which
    other processes may share. Lifespan events aren't sent to `app`. Raises `ConfigurationError` when the address can't
    be had.
    """

    def __init__(
        self,
        name: str,
        app: Any,
        bind: tuple[str, int] | socket.socket,
        limits: Limits,
        ssl_context: ReloadingContext | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        """`headers` (names in lower case) go with every answer that doesn't have one of that name itself."""
        self.name = name
        self.limits = limits
        self._tls = ssl_context
        self._socket = bind if isinstance(bind, socket.socket) else listening_socket(name, *bind)
        self.host: str = self._socket.getsockname()[0] if isinstance(bind, socket.socket) else bind[0]
        self.port: int = self._socket.getsockname()[1]
        self._headers = headers
        self._clients = Clients(limits.clients)
        self._protocol_class = edge_protocol(limits, functools.partial(_count_refusal, name), self._clients)
        self._config = Config(
            _measured(name, _with_headers(app, headers) if headers else app),
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
                self._state.default_headers = [(b"date", formatdate(usegmt=True).encode()), _NOSNIFF]
                await wait_within(1.0, self._stop)
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
            if reason := self._clients.may_connect(peer[0]):
                # Before the handshake, which would cost a hundred times as much.
                connection.close()
                telemetry.connections_refused_total.labels(self.name, reason).inc()
                continue
            connection.settimeout(0)
            # asyncio does so only for sockets that say their protocol, which accepted ones don't: without it the body
            # of an answer waits for the client's delayed acknowledgement of the head, some 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            protocol = self._protocol_class(config=self._config, server_state=self._state, app_state={}, _loop=loop)
            self._clients.connected(peer[0])
            task = loop.create_task(self._converse(connection, peer, protocol))
            self._conversations[task] = protocol
            task.add_done_callback(functools.partial(self._conversation_ended, connection, peer[0]))
        self._pause_accepting()  # full; further clients wait in the backlog
        self._make_room()

    def _make_room(self) -> None:
        """While clients wait, close the connections that have been idle longest: nobody keeps others out by waiting."""
        if self._accepting or self._stop.is_set():
            return
        loop = asyncio.get_running_loop()
        loop.call_later(_ROOM_RETRY_S, self._make_room)
        if not _is_readable(self._socket):
            return
        before = loop.time() - _NOT_IDLE_S
        idle = [
            (since, task, protocol)
            for task, protocol in self._conversations.items()
            if (since := protocol.idle_since()) is not None and since < before
        ]
        for _, task, protocol in heapq.nsmallest(1 + self.limits.max_connections // 4, idle, key=lambda item: item[0]):
            if protocol.connected:
                protocol.transport.abort()
            else:
                task.cancel()
            telemetry.connections_refused_total.labels(self.name, "idle").inc()

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
        if self._stop.is_set():  # it was accepted before that, so it is answered
            protocol.shutdown()
        await protocol.closed.wait()

    def _conversation_ended(self, connection: socket.socket, peer: str, task: asyncio.Task[None]) -> None:
        protocol = self._conversations.pop(task)
        if task.cancelled() and not protocol.connected:
            connection.close()  # cancelled before its first step, nobody else would
        self._clients.disconnected(peer)
        self._resume_accepting()

    async def _finish(self) -> None:
        for task, protocol in list(self._conversations.items()):
            if protocol.connected:
                protocol.shutdown()
            else:
                asyncio.get_running_loop().call_later(min(DRAIN_S, self._grace_s), _end_handshake, task, protocol)
        if self._grace_s and (running := {*self._conversations, *self._state.tasks}):
            await asyncio.wait(running, timeout=self._grace_s)
        for task, protocol in list(self._conversations.items()):
            if protocol.connected:
                protocol.transport.abort()
            else:
                task.cancel()
        for request in list(self._state.tasks):
            request.cancel()
        if rest := {*self._conversations, *self._state.tasks}:
            await asyncio.wait(rest)


def listening_socket(name: str, host: str, port: int) -> socket.socket:
    """A socket for `Listener`. Raises `ConfigurationError` when the address can't be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"the {name} listener can't listen on {host}, port {port}: {error.strerror}"
        ) from error
    listening.settimeout(0)
    return listening


def _is_readable(listening: socket.socket) -> bool:
    waiting = select.poll()  # select.select knows no file descriptors above 1023
    waiting.register(listening, select.POLLIN)
    return bool(waiting.poll(0))


def _end_handshake(task: asyncio.Task[None], protocol: EdgeProtocol) -> None:
    if not protocol.connected:
        task.cancel()


def _count_refusal(listener: str, status: int) -> None:
    telemetry.requests_total.labels(listener, "-", status).inc()


def _with_headers(app: Any, headers: Sequence[tuple[bytes, bytes]]) -> Any:
    async def with_headers(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        def adding_send(message: MutableMapping[str, Any]) -> Any:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message = {**message, "headers": given + [item for item in headers if item[0] not in names]}
            return send(message)

        await app(scope, receive, adding_send)

    return with_headers


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
