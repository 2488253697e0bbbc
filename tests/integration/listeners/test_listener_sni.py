# SPDX-License-Identifier: Apache-2.0
"""A listener with a folder of certificates: which one a client gets, and what happens when the files change."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from registry import telemetry
from registry.errors import ConfigurationError
from registry.listeners.protocol import Limits
from registry.listeners.tls import ReloadingContext, TlsFailure, folder_context
from tests.simulators.server_certificates import ServerAuthority, serial_shown, write_pair

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
REFUSED = "unrecognized name"
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def authority() -> ServerAuthority:
    return ServerAuthority()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tls"
    made.mkdir()
    return made


@pytest.fixture
def failures() -> list[TlsFailure]:
    return []


@pytest.fixture
def try_on(run: Any, tools: Any, app: Any, folder: Path, failures: list[TlsFailure]) -> Callable[[Any], None]:
    """Runs a coroutine function on the folder's context and on `ask`, which tells the serial number that a client
    sees, or the alert that it gets.
    """

    def run_test(test: Any) -> None:
        async def main() -> None:
            context = folder_context(folder, on_failure=failures.append, listener="sni-test")
            async with tools.serving(app, Limits(linger_s=0.2), context) as listener:

                async def ask(name: str | None, version: ssl.TLSVersion = VERSIONS[1]) -> int | str:
                    try:
                        return await asyncio.to_thread(serial_shown, listener.port, name, version)
                    except ssl.SSLError as error:
                        return (error.reason or "").removeprefix("TLSV1_").replace("_", " ").lower()

                await test(context, ask)

        run(main())

    return run_test


def remove(folder: Path, name: str) -> None:
    """What an operator does with a pair that isn't wanted any more."""
    for file in folder.glob(f"{name}.*"):
        file.unlink()


def move(folder: Path, to: Path) -> Path:
    return folder.rename(to)


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_client_gets_the_certificate_of_the_name_that_it_asks_for(
    try_on: Any, folder: Path, authority: ServerAuthority, version: ssl.TLSVersion, failures: list[TlsFailure]
) -> None:
    one = authority.write(folder, "one", "smp.one.example", "also.one.example")
    two = authority.write(folder, "two", "smp.two.example")

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask("smp.one.example", version) == one
        assert await ask("also.one.example", version) == one
        assert await ask("smp.two.example", version) == two
        assert await ask("SMP.Two.Example", version) == two

    try_on(test)
    assert failures == []


def test_wildcard_covers_one_label_and_an_exact_name_goes_before_it(
    try_on: Any, folder: Path, authority: ServerAuthority
) -> None:
    wildcard = authority.write(folder, "_.example.org", "*.example.org", ends=timedelta(days=9))
    exact = authority.write(folder, "smp.example.org", "smp.example.org")

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask("any.example.org") == wildcard
        assert await ask("smp.example.org") == exact
        assert await ask("a.b.example.org") == REFUSED
        assert await ask("example.org") == REFUSED

    try_on(test)


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_unknown_name_is_refused_by_an_alert_and_reported(
    try_on: Any, folder: Path, authority: ServerAuthority, version: ssl.TLSVersion, failures: list[TlsFailure]
) -> None:
    """RFC 6066 §3: unrecognized_name(112), fatal."""
    authority.write(folder, "one", "smp.one.example")

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask("smp.other.example", version) == REFUSED

    try_on(test)
    assert [failure.reason for failure in failures] == [REFUSED]
    assert failures[0].peer.startswith("127.0.0.1:")


def test_client_that_asks_for_no_name_gets_the_first_certificate(
    try_on: Any, folder: Path, authority: ServerAuthority
) -> None:
    authority.write(folder, "b", "b.example")
    first = authority.write(folder, "a", "a.example")

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask(None) == first

    try_on(test)


def test_pair_named_default_is_for_everybody_else(try_on: Any, folder: Path, authority: ServerAuthority) -> None:
    one = authority.write(folder, "a", "a.example")
    default = authority.write(folder, "default", "any.example")

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask(None) == default
        assert await ask("unknown.example") == default
        assert await ask("a.example") == one

    try_on(test)


def test_of_two_certificates_for_a_name_the_one_that_ends_later_is_used(
    try_on: Any, folder: Path, authority: ServerAuthority
) -> None:
    newer = authority.write(folder, "a", "smp.example", ends=timedelta(days=9))
    authority.write(folder, "b", "smp.example")

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask("smp.example") == newer

    try_on(test)


def test_changed_added_and_removed_pairs_are_taken_over(try_on: Any, folder: Path, authority: ServerAuthority) -> None:
    authority.write(folder, "one", "smp.one.example")
    authority.write(folder, "two", "smp.two.example")

    async def test(context: ReloadingContext, ask: Ask) -> None:
        assert not context.reload_if_changed()
        renewed = authority.write(folder, "one", "smp.one.example")
        added = authority.write(folder, "three", "smp.three.example")
        remove(folder, "two")
        assert await ask("smp.one.example") != renewed
        assert context.reload_if_changed()
        assert not context.reload_if_changed()
        assert await ask("smp.one.example") == renewed
        assert await ask("smp.two.example") == REFUSED
        assert await ask("smp.three.example") == added

    try_on(test)


def test_pair_in_the_middle_of_its_rotation_goes_on_with_the_old_one(
    try_on: Any, folder: Path, authority: ServerAuthority, tmp_path: Path
) -> None:
    old = authority.write(folder, "one", "smp.one.example")
    authority.write(folder, "two", "smp.two.example")
    new = authority.write(tmp_path, "new", "smp.one.example")

    async def test(context: ReloadingContext, ask: Ask) -> None:
        (tmp_path / "new.crt").replace(folder / "one.crt")
        renewed = authority.write(folder, "two", "smp.two.example")
        with pytest.raises(ConfigurationError, match=r"one\.key can't be used: key values mismatch"):
            context.reload_if_changed()
        assert await ask("smp.one.example") == old
        assert await ask("smp.two.example") == renewed  # the others don't wait for it
        assert not context.reload_if_changed()  # told once, not at every look
        (tmp_path / "new.key").replace(folder / "one.key")
        assert context.reload_if_changed()
        assert await ask("smp.one.example") == new

    try_on(test)


@pytest.mark.parametrize("missing", ["one.crt", "one.key"])
def test_pair_of_which_half_is_missing_goes_on_with_the_old_one(
    try_on: Any, folder: Path, authority: ServerAuthority, missing: str
) -> None:
    old = authority.write(folder, "one", "smp.one.example")

    async def test(context: ReloadingContext, ask: Ask) -> None:
        (folder / missing).unlink()
        with pytest.raises(ConfigurationError, match=r"No such file"):
            context.reload_if_changed()
        assert await ask("smp.one.example") == old

    try_on(test)


def test_folder_that_vanishes_changes_nothing_and_is_told_once(
    try_on: Any, folder: Path, authority: ServerAuthority
) -> None:
    old = authority.write(folder, "one", "smp.one.example")

    async def test(context: ReloadingContext, ask: Ask) -> None:
        away = move(folder, folder.with_name("away"))
        with pytest.raises(ConfigurationError, match="can't be read"):
            context.reload_if_changed()
        assert not context.reload_if_changed()
        assert await ask("smp.one.example") == old
        move(away, folder)
        assert context.reload_if_changed()

    try_on(test)


def test_open_connection_keeps_its_certificate_and_goes_on(
    run: Any, tools: Any, app: Any, folder: Path, authority: ServerAuthority
) -> None:
    authority.write(folder, "one", "smp.one.example")

    async def main() -> None:
        context = folder_context(folder)
        async with tools.serving(app, Limits(linger_s=0.2), context) as listener:
            client = ssl.create_default_context(cadata=authority.pem)
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", listener.port, ssl=client, server_hostname="smp.one.example"
            )
            authority.write(folder, "one", "smp.one.example")
            context.reload()
            writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 200 ")
            await tools.close(writer)

    run(main())


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_session_is_resumed_also_where_the_certificate_is_not_the_first(
    run: Any, tools: Any, app: Any, folder: Path, authority: ServerAuthority, version: ssl.TLSVersion
) -> None:
    authority.write(folder, "one", "smp.one.example")
    authority.write(folder, "two", "smp.two.example")
    client = ssl.create_default_context(cadata=authority.pem)
    client.minimum_version = client.maximum_version = version

    def visit(port: int, name: str, session: ssl.SSLSession | None) -> tuple[bool | None, ssl.SSLSession | None]:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            client.wrap_socket(plain, server_hostname=name, session=session) as connection,
        ):
            connection.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while connection.recv(65_536):
                pass  # tickets of TLS 1.3 come behind the handshake
            return connection.session_reused, connection.session

    async def main() -> None:
        async with tools.serving(app, Limits(linger_s=0.2), folder_context(folder)) as listener:
            reused, session = await asyncio.to_thread(visit, listener.port, "smp.two.example", None)
            assert not reused
            reused, _ = await asyncio.to_thread(visit, listener.port, "smp.two.example", session)
            assert reused

    run(main())


def test_one_bad_pair_does_not_keep_the_others_from_starting(
    try_on: Any, folder: Path, authority: ServerAuthority
) -> None:
    good = authority.write(folder, "good", "smp.good.example")
    (folder / "bad.pem").write_text("nothing")
    labels = {"listener": "sni-test", "name": "bad"}
    before = telemetry.METRICS.get_sample_value("registry_tls_load_failures_total", labels) or 0

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask("smp.good.example") == good

    with structlog.testing.capture_logs() as logs:
        try_on(test)
    assert telemetry.METRICS.get_sample_value("registry_tls_load_failures_total", labels) == before + 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["certificate_not_loaded"]


def test_folder_without_any_good_pair_is_a_configuration_error(folder: Path) -> None:
    (folder / "bad.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"bad\.pem can't be used"):
        folder_context(folder)


def test_expired_certificate_is_served_and_warned_of(try_on: Any, folder: Path, authority: ServerAuthority) -> None:
    """The client refuses it and says why; ours would be a riddle."""
    expired = authority.write(folder, "old", "smp.old.example", ends=timedelta(days=-1))

    async def test(_context: ReloadingContext, ask: Ask) -> None:
        assert await ask("smp.old.example") == expired

    with structlog.testing.capture_logs() as logs:
        try_on(test)
    assert [(entry["event"], entry["name"]) for entry in logs] == [("certificate_expired", "old")]


def test_metric_tells_when_each_served_certificate_expires(folder: Path, authority: ServerAuthority) -> None:
    def ends(name: str) -> float | None:
        labels = {"listener": "metric-test", "name": name}
        return telemetry.METRICS.get_sample_value("registry_tls_certificate_not_after_seconds", labels)

    authority.write(folder, "one", "smp.one.example", ends=timedelta(days=3))
    authority.write(folder, "two", "smp.two.example")
    context = folder_context(folder, listener="metric-test")
    assert ends("one") == (authority.now + timedelta(days=3)).timestamp()
    remove(folder, "two")
    context.reload()
    assert ends("two") is None


def test_certificate_for_a_host_is_told(folder: Path, authority: ServerAuthority) -> None:
    write_pair(authority.issue("*.example.org"), folder / "default.pem", folder / "default.pem")
    context = folder_context(folder)
    found = context.certificate_for("smp.example.org")
    assert found is not None
    assert found.names == {"*.example.org"}
    assert context.certificate_for("smp.example.com") is None
