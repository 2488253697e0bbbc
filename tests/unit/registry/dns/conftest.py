# SPDX-License-Identifier: Apache-2.0
"""A small zone, and a server for it in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvloop

from registry.dns.records import RRset, naptr_rrset, ns_rrset, publisher_rrset, soa_rrset
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.domains.dns_profile import DnsProfile

SCHEME = "iso6523-actorid-upis"


@pytest.fixture
def profile() -> DnsProfile:
    return DnsProfile(zone="sml.test", name_servers=("ns1.sml.test", "ns2.example"), hostmaster="dns.admin@sml.test")


@pytest.fixture
def records(profile: DnsProfile) -> list[RRset]:
    """A zone with a participant, a wildcard, aliases inside and out, and a set too big for UDP."""
    return [
        soa_rrset(profile, 1),
        ns_rrset(profile),
        RRset("ns1", "A", 60, ("192.0.2.53",)),
        naptr_rrset(f"known.{SCHEME}", "https://smp.example/a", ["Meta:SMP"], 60),
        naptr_rrset("*.wild-scheme-test", "https://any.example", ["Meta:SMP"], 60),
        publisher_rrset("SMP-1", "https://ns1.sml.test/smp", 60),
        publisher_rrset("SMP-2", "https://smp.example/a", 60),
        RRset("big", "TXT", 60, tuple(f'"{number:03} {"x" * 60}"' for number in range(40))),
    ]


@pytest.fixture
def zone(records: list[RRset]) -> ServedZone:
    return ServedZone("sml.test", records, 1)


class Running:
    """A server in a thread; `call` runs something in its event loop and waits for it."""

    def __init__(self, server: DnsServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.loop = loop
        self.address: tuple[str, int] = ("", 0)

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        async def inside() -> Any:
            result = function(*args)
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(10)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_factory(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[request.param]


@pytest.fixture
def running(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> "Callable[..., Any]":
    """`with running(DnsServer(...)) as it:` serves on a free port of 127.0.0.1."""

    @contextmanager
    def run(server: DnsServer, host: str = "127.0.0.1") -> Iterator[Running]:
        loop = loop_factory()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        it = Running(server, loop)
        try:
            it.address = it.call(server.start, host, 0)
            yield it
        finally:
            # In any case: a loop that still has sockets can't be closed, and would hang.
            it.call(server.close)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    return run
