# SPDX-License-Identifier: Apache-2.0
"""The life of a listener: binding, serving beside others, counting, and stopping without leftovers."""

import asyncio
import errno
import re
import socket
from typing import Any

import pytest
import structlog

from registry import telemetry
from registry.errors import ConfigurationError
from registry.listeners.protocol import Limits
from registry.listeners.server import Listener

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_GET = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def counted(method: str, status: int) -> float:
    labels = {"listener": "test", "method": method, "status": str(status)}
    return telemetry.METRICS.get_sample_value("registry_requests_total", labels) or 0


def test_address_is_known_and_clients_may_come_before_it_serves(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        listener = Listener("test", app, ("127.0.0.1", 0), Limits())
        assert listener.url == f"http://127.0.0.1:{listener.port}"
        early = asyncio.create_task(tools.exchange(listener.port, LAST_GET))
        await asyncio.wait({early}, timeout=0.05)
        serving = asyncio.create_task(listener.serve())
        assert (await early).startswith(b"HTTP/1.1 200 ")
        await listener.stop(1)
        await serving

    run(main())


def test_no_part_of_an_answer_waits_for_the_client_s_acknowledgement(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            app.release = asyncio.Event()
            asked = asyncio.create_task(tools.exchange(listener.port, LAST_GET))
            await app.entered.wait()
            (conversation,) = listener._conversations.values()
            accepted = conversation.transport.get_extra_info("socket")
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            app.release.set()
            assert (await asked).startswith(b"HTTP/1.1 200 ")

    run(main())


def test_ipv6_address(run: Any, app: Any) -> None:
    async def main() -> None:
        listener = Listener("test", app, ("::1", 0), Limits())
        assert listener.url == f"http://[::1]:{listener.port}"
        serving = asyncio.create_task(listener.serve())
        reader, writer = await asyncio.open_connection("::1", listener.port)
        writer.write(LAST_GET)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await writer.wait_closed()
        await listener.stop(1)
        await serving

    run(main())


def test_address_in_use_is_a_configuration_error(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            with pytest.raises(ConfigurationError, match=f"second listener .* port {listener.port}: .*in use"):
                Listener("second", app, ("127.0.0.1", listener.port), Limits())

    run(main())


def test_listener_that_never_served_can_be_stopped(run: Any, app: Any) -> None:
    async def main() -> None:
        listener = Listener("test", app, ("127.0.0.1", 0), Limits())
        await listener.stop(1)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", listener.port)
        await listener.serve()  # returns at once

    run(main())


def test_listeners_share_a_loop_and_stop_apart(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as one:
            async with tools.serving(app) as two:
                assert (await tools.exchange(two.port, LAST_GET)).startswith(b"HTTP/1.1 200 ")
            assert (await tools.exchange(one.port, LAST_GET)).startswith(b"HTTP/1.1 200 ")

    run(main())


def test_connection_is_kept_for_further_requests(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            for _ in range(3):
                writer.write(GET)
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                assert length is not None
                await reader.readexactly(int(length[1]))
            writer.write(GET + LAST_GET)
            assert (await reader.read()).count(b"HTTP/1.1 200 ") == 2
            await tools.close(writer)
        assert len(app.requests) == 5

    run(main())


def test_headers_tell_the_date_and_no_server(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            head = (await tools.exchange(listener.port, LAST_GET)).partition(b"\r\n\r\n")[0]
            assert re.search(rb"\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", head)
            assert b"server:" not in head

    run(main())


def test_forwarded_headers_change_nothing(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            forged = LAST_GET[:-2] + b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n"
            await tools.exchange(listener.port, forged)
        assert app.requests[0]["client"][0] == "127.0.0.1"
        assert app.requests[0]["scheme"] == "http"

    run(main())


def test_requests_and_refusals_are_counted(run: Any, tools: Any, app: Any) -> None:
    before = counted("GET", 200), counted("-", 200), counted("-", 400)

    async def main() -> None:
        async with tools.serving(app) as listener:
            await tools.exchange(listener.port, LAST_GET)
            await tools.exchange(listener.port, LAST_GET.replace(b"GET", b"PROPFIND"))
            await tools.exchange(listener.port, b"nonsense\r\n\r\n")

    run(main())
    assert (counted("GET", 200), counted("-", 200), counted("-", 400)) == tuple(count + 1 for count in before)


def test_each_request_has_an_id_of_its_own(run: Any, tools: Any) -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(telemetry.request_id.get())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def main() -> None:
        async with tools.serving(app) as listener:
            await tools.exchange(listener.port, GET + LAST_GET)

    run(main())
    assert len(set(seen)) == 2
    assert telemetry.request_id.get() == ""


def test_failing_application_answers_500_without_detail_and_is_logged(
    run: Any, tools: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("secret")

    async def main() -> None:
        async with tools.serving(app) as listener:
            answer = await tools.exchange(listener.port, GET)
            assert answer.startswith(b"HTTP/1.1 500 ")
            assert b"secret" not in answer

    before = counted("GET", 500)
    with structlog.testing.capture_logs() as logs:
        run(main())
    assert [(entry["event"], entry["status"]) for entry in logs] == [("request_failed", 500)]
    assert counted("GET", 500) == before + 1
    assert "RuntimeError: secret" in caplog.text


def test_stop_lets_running_requests_end_and_closes_idle_connections(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        app.release = asyncio.Event()
        async with tools.serving(app) as listener:
            idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", listener.port)
            running = asyncio.create_task(tools.exchange(listener.port, GET))
            await app.entered.wait()
            stopping = asyncio.create_task(listener.stop(10))
            assert await idle_reader.read() == b""
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", listener.port)
            app.release.set()
            assert (await running).startswith(b"HTTP/1.1 200 ")
            await asyncio.wait_for(stopping, 5)
            await tools.close(idle_writer)

    run(main())


def test_stop_cuts_off_what_outlives_the_grace(
    run: Any, tools: Any, app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        app.release = asyncio.Event()
        async with tools.serving(app) as listener:
            running = asyncio.create_task(tools.exchange(listener.port, GET))
            await app.entered.wait()
            await asyncio.wait_for(listener.stop(0.1), 2)
            assert await running == b""

    run(main())


def test_cancelled_listener_leaves_nothing_behind(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        app.release = asyncio.Event()
        listener = Listener("test", app, ("127.0.0.1", 0), Limits())
        serving = asyncio.create_task(listener.serve())
        running = asyncio.create_task(tools.exchange(listener.port, GET))
        await app.entered.wait()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert await running == b""

    run(main())


def test_lack_of_file_descriptors_is_waited_out(
    run: Any, tools: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Exhausted:
        """A socket whose first accept fails."""

        def __init__(self, real: socket.socket) -> None:
            self.real = real
            self.failed = False

        def accept(self) -> Any:
            if not self.failed:
                self.failed = True
                raise OSError(errno.EMFILE, "Too many open files")
            return self.real.accept()

        def fileno(self) -> int:
            return self.real.fileno()

        def close(self) -> None:
            self.real.close()

    async def main() -> None:
        monkeypatch.setattr("registry.listeners.server._ACCEPT_RETRY_S", 0.05)
        listener = Listener("test", app, ("127.0.0.1", 0), Limits())
        listener._socket = Exhausted(listener._socket)  # type: ignore[assignment]
        serving = asyncio.create_task(listener.serve())
        assert (await tools.exchange(listener.port, LAST_GET)).startswith(b"HTTP/1.1 200 ")
        await listener.stop(1)
        await serving

    with structlog.testing.capture_logs() as logs:
        run(main())
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("accept_failed", "Too many open files")]
