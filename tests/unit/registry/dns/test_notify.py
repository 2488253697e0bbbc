# SPDX-License-Identifier: Apache-2.0
"""Name servers are told of a serial until they acknowledge it, by one process, and again after a start."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.tsig
import pytest
from sqlalchemy import select

from registry.dns import notify
from registry.dns.notify import Notifier, NotifyError, check_acknowledgement, notify_message
from registry.dns.records import RRset
from registry.dns.tsig_keys import TsigKeys
from registry.dns.wire import render
from registry.domains.zone_servers import Secondary
from registry.storage.queries import name_servers, zone_notices, zone_transfers, zones
from registry.storage.queries.zone_notices import Taken
from registry.storage.queries.zone_transfers import TransferRow
from registry.storage.tables import name_server
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.told_servers import ToldServer
from tests.simulators.zone_transfers import held_zone, set_serial, stamp, write

KEY = dns.tsig.Key("sec.test.", b"k" * 32, dns.tsig.HMAC_SHA256)
SOA = render(RRset("@", "SOA", 60, ("ns.sml.test. h.sml.test. 7 1 2 3 4",))).tails[0]


@pytest.fixture
def keys(tmp_path: Path) -> TsigKeys:
    keys = TsigKeys(tmp_path / "tsig")
    keys.generate("sec.test")
    return keys


@pytest.fixture
def zone_id(offline: OfflineInstance) -> int:
    assert offline.stored.zone_id is not None
    stamp(offline.instance.database)
    with offline.instance.database.write(ACTOR) as work:
        zones.release_leases(work, "test")
    return offline.stored.zone_id


@contextlib.asynccontextmanager
async def notifying(
    offline: OfflineInstance, keys: TsigKeys, *secondaries: Secondary, name: str = "one"
) -> AsyncIterator[Notifier]:
    database = offline.instance.database
    notifier = Notifier(database, name, lambda: {"sml.test": secondaries}, keys, lambda: int(time.time()))
    task = asyncio.create_task(notifier.run())
    try:
        yield notifier
    finally:
        notifier.stop()
        await task


async def told(server: ToldServer) -> int:
    return await asyncio.to_thread(server.told.get, timeout=20)


def kept(offline: OfflineInstance) -> list[tuple[object, ...]]:
    c = name_server.c
    columns = (c.address, c.notified_serial, c.notified_at, c.acknowledged_at, c.notify_failure)
    with offline.instance.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(c.address))]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 — a row of the database
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("key", ["", "sec.test"])
def test_a_server_is_told_at_once_and_its_acknowledgement_is_kept(
    offline: OfflineInstance, keys: TsigKeys, zone_id: int, key: str
) -> None:
    serial = held_zone(offline.instance.database, zone_id).serial

    async def run() -> None:
        with ToldServer(keys.get("sec.test") if key else None).listening() as server:
            async with notifying(offline, keys, Secondary(server.address, key)):
                assert await told(server) == serial
                await until(lambda: kept(offline) == [(server.address, serial, *[offline.clock.now] * 2, None)])

    asyncio.run(run())


@pytest.mark.parametrize("by", ["transfer", "observation"])
def test_who_has_the_serial_is_left_alone(offline: OfflineInstance, keys: TsigKeys, zone_id: int, by: str) -> None:
    database = offline.instance.database
    serial = held_zone(database, zone_id).serial

    async def run() -> None:
        with ToldServer().listening() as server, ToldServer().listening() as without:
            has(offline, zone_id, server, serial, by)
            async with notifying(offline, keys, Secondary(server.address), Secondary(without.address, "")) as notifier:
                if by == "transfer":  # both have the same address
                    assert (await told(server), await told(without)) == (serial, serial)
                else:
                    assert (await told(server), await told(without), await told(without)) == (serial, serial, serial)
                notifier.wake()
            assert server.told.empty(), "told once after a start, and never again"

    asyncio.run(run())


def has(offline: OfflineInstance, zone_id: int, server: ToldServer, serial: int, by: str) -> None:
    with offline.instance.database.write(ACTOR) as work:
        if by == "observation":
            name_servers.seen(work, zone_id, server.address, serial)
            return
        row = TransferRow(zone_id, "127.0.0.1", "", "IXFR", serial, 100, 1, work.now, None, None)
        zone_transfers.note(work, row)


@pytest.mark.parametrize("cut_off", [False, True], ids=["none", "cut-off"])
def test_who_acknowledged_and_has_no_transfer_is_told_again(
    offline: OfflineInstance, keys: TsigKeys, zone_id: int, monkeypatch: pytest.MonkeyPatch, cut_off: bool
) -> None:
    """What it acknowledged is not what it has: its transfer may be cut off, or it was shown the serial before."""
    monkeypatch.setattr(notify, "_TRANSFER_S", 0.2)
    monkeypatch.setattr(notify, "POLL_S", 0.05)
    database = offline.instance.database
    serial = held_zone(database, zone_id).serial
    if cut_off:
        with database.write(ACTOR) as work:
            failed = (None, work.now, "the connection has ended")
            zone_transfers.note(work, TransferRow(zone_id, "127.0.0.1", "", "AXFR", serial, 9, 1, *failed))

    async def run() -> None:
        with ToldServer().listening() as server:
            async with notifying(offline, keys, Secondary(server.address)) as notifier:
                begun = time.monotonic()
                for _ in range(3):
                    assert await told(server) == serial
                assert time.monotonic() - begun >= 0.6, "after 0.2 and 0.4 seconds: no storm"
                await asyncio.to_thread(has, offline, zone_id, server, serial, "transfer")
                notifier.wake()
                await until(lambda: not notifier._telling)
                while not server.told.empty():
                    server.told.get()
                notifier.wake()
            assert server.told.empty()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("server", "key", "client", "used", "its"),
    [
        ("192.0.2.1:53", "a", "192.0.2.1", "a", True),
        ("192.0.2.1:53", "a", "192.0.2.2", "a", False),
        ("192.0.2.1:53", "a", "192.0.2.1", "b", False),
        ("[2001:DB8:0::1]:53", "", "2001:db8::1", "", True),
        ("ns.example.org:53", "a", "192.0.2.7", "a", True),
        ("ns.example.org:53", "", "192.0.2.7", "", False),
    ],
)
def test_whose_a_transfer_is(server: str, key: str, client: str, used: str, its: bool) -> None:
    assert notify._is_of(Taken(1, client, used, 7), Secondary(server, key)) is its


def test_a_newer_serial_is_told_when_it_is_stamped(
    offline: OfflineInstance, keys: TsigKeys, zone_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "POLL_S", 3600.0)
    database = offline.instance.database

    async def run() -> None:
        with ToldServer().listening() as server:
            async with notifying(offline, keys, Secondary(server.address)) as notifier:
                first = await told(server)
                await until(lambda: bool(kept(offline)))
                await asyncio.to_thread(write, database, zone_id, ("a", "TXT", '60 "1"'))
                await asyncio.to_thread(_stamp_as, offline, "one")
                notifier.wake()
                assert await told(server) == first + 1

    asyncio.run(run())


def _stamp_as(offline: OfflineInstance, name: str) -> None:
    from registry.dns.journal import ZonePublisher

    ZonePublisher(offline.instance.database, name, 0.0).tick(serve=False)


def test_a_silent_server_is_told_again_and_hinders_no_other(
    offline: OfflineInstance, keys: TsigKeys, zone_id: int
) -> None:
    async def run() -> None:
        with ToldServer(silences=1).listening() as silent, ToldServer().listening() as other:
            async with notifying(offline, keys, Secondary(silent.address), Secondary(other.address)):
                assert await told(silent) == await told(other)
                begun = time.monotonic()
                assert await told(silent)
                assert time.monotonic() - begun > 0.7, "after a second, RFC 1996 §3.6"
                await until(lambda: [row[4] for row in kept(offline)] == [None, None])

    asyncio.run(run())


def test_a_server_that_refuses_is_told_again_and_why_is_kept(
    offline: OfflineInstance, keys: TsigKeys, zone_id: int
) -> None:
    async def run() -> None:
        with ToldServer(rcode=dns.rcode.REFUSED).listening() as server:
            async with notifying(offline, keys, Secondary(server.address)):
                serial = await told(server)
                await until(lambda: bool(kept(offline)))
                row = (server.address, serial, offline.clock.now, None, "it answers REFUSED")
                assert kept(offline) == [row]
                assert await told(server) == serial

    asyncio.run(run())


def test_where_nobody_listens_the_system_says_so(offline: OfflineInstance, keys: TsigKeys, zone_id: int) -> None:
    async def run() -> None:
        with ToldServer().listening() as gone:
            pass
        async with notifying(offline, keys, Secondary(gone.address), Secondary("127.0.0.1:1", "no.key")):
            await until(lambda: len(kept(offline)) == 2)
        failures = [str(row[4]) for row in kept(offline)]
        assert any("refused" in each for each in failures)
        assert any("there is no TSIG key no.key" in each for each in failures)

    asyncio.run(run())


def test_who_starts_again_tells_everybody(offline: OfflineInstance, keys: TsigKeys, zone_id: int) -> None:
    async def run() -> None:
        with ToldServer().listening() as quick, ToldServer(silences=1000).listening() as slow:
            both = (Secondary(quick.address), Secondary(slow.address))
            async with notifying(offline, keys, *both, name="one"):
                await told(quick), await told(slow)
                await until(lambda: any(row[3] for row in kept(offline)))
            for each in (quick, slow):
                while not each.told.empty():
                    each.told.get()
            offline.clock.forward(seconds=10)
            async with notifying(offline, keys, *both, name="two"):
                await told(slow), await told(quick)

    asyncio.run(run())


def test_the_process_that_stamps_a_zone_tells_and_no_other(
    offline: OfflineInstance, keys: TsigKeys, zone_id: int
) -> None:
    database = offline.instance.database

    async def run() -> None:
        with ToldServer().listening() as server, ToldServer().listening() as quiet:
            write(database, zone_id, ("a", "TXT", '60 "1"'))
            _stamp_as(offline, "one")
            async with notifying(offline, keys, Secondary(quiet.address), name="two") as other:
                async with notifying(offline, keys, Secondary(server.address), name="one"):
                    await told(server)
                    other.wake()
                assert quiet.told.empty(), "its lease lasts"
                offline.clock.forward(seconds=10)
                other.wake()
                await told(quiet)

    asyncio.run(run())


def test_a_zone_without_a_serial_is_not_told_of(offline: OfflineInstance, keys: TsigKeys, zone_id: int) -> None:
    with offline.instance.database.write(ACTOR) as work:
        zones.add(work, None, "new.test", 0)
    set_serial(offline.instance.database, zone_id, 2**32 - 1)

    async def run() -> None:
        with ToldServer().listening() as server:
            database = offline.instance.database
            secondaries = {"new.test": (Secondary(server.address),), "sml.test": (Secondary(server.address),)}
            notifier = Notifier(database, "one", lambda: secondaries, keys, lambda: 0)
            task = asyncio.create_task(notifier.run())
            assert await told(server) == 2**32 - 1
            notifier.stop()
            await task
            assert server.told.empty()

    asyncio.run(run())


def test_a_message_says_the_new_soa() -> None:
    """RFC 1996 §3.7, §4.5."""
    wire, _ = notify_message("sml.test", SOA, KEY, int(time.time()))
    message = dns.message.from_wire(wire, keyring=KEY)
    assert (message.opcode(), message.flags & dns.flags.AA, message.had_tsig) == (dns.opcode.NOTIFY, dns.flags.AA, True)
    assert message.question[0].to_text() == "sml.test. IN SOA"
    assert message.answer[0].to_text() == "sml.test. 60 IN SOA ns.sml.test. h.sml.test. 7 1 2 3 4"


def answer_to(wire: bytes, key: dns.tsig.Key | None, **changes: int) -> bytes:
    query = dns.message.from_wire(wire, keyring=key)
    response = dns.message.make_response(query, tsig_error=changes.get("error", 0))
    response.set_rcode(dns.rcode.Rcode.make(changes.get("rcode", 0)))
    return response.to_wire()


@pytest.mark.parametrize("key", [None, KEY], ids=["unsigned", "signed"])
def test_a_good_answer_acknowledges(key: dns.tsig.Key | None) -> None:
    now = int(time.time())
    wire, mac = notify_message("sml.test", SOA, key, now)
    check_acknowledgement(answer_to(wire, key), key, mac, now)


@pytest.mark.parametrize(
    ("error", "said"),
    [(16, "another secret"), (17, "doesn't know the key"), (18, "clock"), (22, "BADTRUNC"), (40, "40")],
)
def test_why_a_signature_is_refused_is_said(error: int, said: str) -> None:
    now = int(time.time())
    wire, mac = notify_message("sml.test", SOA, KEY, now)
    with pytest.raises(NotifyError, match=said):
        check_acknowledgement(answer_to(wire, KEY, error=error, rcode=9), KEY, mac, now)


def test_what_does_not_acknowledge_says_why() -> None:
    now = int(time.time())
    wire, mac = notify_message("sml.test", SOA, KEY, now)
    good = answer_to(wire, KEY)
    forged = dns.tsig.Key("sec.test.", b"j" * 32, dns.tsig.HMAC_SHA256)
    for answer, said in (
        (wire, "isn't one to NOTIFY"),
        (b"", "isn't one to NOTIFY"),
        (good[:2] + b"\x84\0" + good[4:], "isn't one to NOTIFY"),
        (good[:-1], "can't be read"),
        (answer_to(notify_message("sml.test", SOA, None, now)[0], None), "isn't signed"),
        (answer_to(notify_message("sml.test", SOA, forged, now)[0], forged), "isn't signed"),
        (answer_to(wire, KEY, rcode=4), "NOTIMP"),
    ):
        with pytest.raises(NotifyError, match=said):
            check_acknowledgement(answer, KEY, mac, now)


def test_what_was_told_of_a_zone_that_has_ended_keeps_nobody_elses_notice_away(
    offline: OfflineInstance, zone_id: int
) -> None:
    notices = [
        zone_notices.Notice(zone_id + 1_000, "192.0.2.1:53", 1, None),
        zone_notices.Notice(zone_id, "192.0.2.2:53", 1, None),
    ]
    notify.keep_notices(offline.instance.database, notices)
    assert [row[0] for row in kept(offline)] == ["192.0.2.2:53"]
