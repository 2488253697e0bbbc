# SPDX-License-Identifier: Apache-2.0
"""Name servers are asked for their serial, and what they say is kept: since when, and what went wrong."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import Any

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.app.domain_setup import change_domain
from registry.dns.asking import ShownSoa, ask_soa
from registry.dns.observation import observe
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.domains.server_address import parse_server_address, server_address_text
from registry.errors import ConfigurationError, TechnicalError
from registry.serials import is_greater
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import name_servers
from registry.storage.queries.name_servers import NameServerRow
from tests.simulators.offline import ACTOR, OfflineInstance

ONE, TWO = "ns1.example.org:53", "[2001:db8::1]:5353"
SERIALS = st.integers(0, 2**32 - 1)


@pytest.fixture
def observed(offline: OfflineInstance) -> OfflineInstance:
    """Two name servers are observed."""
    set_servers(offline, ONE, TWO)
    return offline


def set_servers(offline: OfflineInstance, *servers: str) -> None:
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": {"observed_servers": list(servers)}})


def look(offline: OfflineInstance, **serials: int) -> None:
    """Look at the servers, which serve these serials (`one`, `two`), or don't answer."""

    def ask(server: str, zone: str) -> ShownSoa:
        assert zone == offline.stored.domain.dns.zone
        name = {ONE: "one", TWO: "two"}[server]
        if name not in serials:
            raise TechnicalError("no answer within 2 s")
        return ShownSoa(serials[name])

    observe(offline.instance.database, [offline.stored], ask)


def rows(offline: OfflineInstance) -> dict[str, NameServerRow]:
    with offline.instance.database.read() as connection:
        return {row.address: row for row in name_servers.of_zone(connection, zone_id(offline.stored))}


def since(offline: OfflineInstance, server: str, serial: int) -> datetime | None:
    with offline.instance.database.read() as connection:
        return name_servers.seen_since(connection, zone_id(offline.stored), server, serial)


def zone_id(stored: StoredDomain) -> int:
    assert stored.zone_id is not None
    return stored.zone_id


def test_answers_and_failures_are_kept_beside_each_other(observed: OfflineInstance) -> None:
    begin = observed.clock.now
    look(observed, one=5, two=5)
    observed.clock.forward(seconds=60)
    look(observed, one=6)
    found = rows(observed)
    one, two = found[ONE], found[TWO]
    assert (one.serial, one.succeeded_at, one.failure) == (6, observed.clock.now, None)
    assert (two.serial, two.succeeded_at, two.failed_at) == (5, begin, observed.clock.now)
    assert two.failure == "no answer within 2 s"
    look(observed, one=6, two=6)
    assert rows(observed)[TWO].failure is None


def test_serial_is_visible_since_it_or_a_greater_one_was_first_seen(observed: OfflineInstance) -> None:
    look(observed, one=5)
    observed.clock.forward(seconds=60)
    first = observed.clock.now
    look(observed, one=8)
    observed.clock.forward(seconds=60)
    look(observed, one=9)
    assert since(observed, ONE, 7) == first
    assert since(observed, ONE, 8) == first
    assert since(observed, ONE, 9) == observed.clock.now
    assert since(observed, ONE, 10) is None
    assert since(observed, TWO, 5) is None


def test_server_that_falls_back_loses_what_it_was_seen_with(observed: OfflineInstance) -> None:
    look(observed, one=5)
    look(observed, one=8)
    observed.clock.forward(seconds=60)
    look(observed, one=6)
    assert since(observed, ONE, 8) is None
    observed.clock.forward(seconds=60)
    look(observed, one=8)
    assert since(observed, ONE, 8) == observed.clock.now


def test_serials_that_went_round_are_greater(observed: OfflineInstance) -> None:
    look(observed, one=2**32 - 2)
    observed.clock.forward(seconds=60)
    look(observed, one=3)
    assert since(observed, ONE, 2**32 - 1) == observed.clock.now
    assert since(observed, ONE, 1) == observed.clock.now
    assert since(observed, ONE, 4) is None


@given(SERIALS, SERIALS)
def test_windows_of_serials_are_those_of_rfc_1982(serial: int, seen: int) -> None:
    condition = name_servers._not_before(serial).compile(compile_kwargs={"literal_binds": True})
    text = str(condition).replace("zone_serial.serial", str(seen)).replace("AND", "and").replace("OR", "or")
    assert eval(text) is (seen == serial or is_greater(seen, serial))  # noqa: S307 — made here


def test_servers_that_are_not_observed_any_more_are_forgotten(observed: OfflineInstance) -> None:
    look(observed, one=5, two=5)
    set_servers(observed, ONE)
    look(observed, one=5)
    assert list(rows(observed)) == [ONE]
    assert since(observed, TWO, 5) is None
    set_servers(observed)
    look(observed)
    assert rows(observed) == {}


def test_domain_that_observes_nobody_writes_nothing(offline: OfflineInstance) -> None:
    look(offline)
    assert rows(offline) == {}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ns1.example.org", ("ns1.example.org", 53)),
        ("NS1.Example.org:5353", ("ns1.example.org", 5353)),
        ("192.0.2.1:53", ("192.0.2.1", 53)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("", None),
        ("ns1.example.org:0", None),
        ("ns1.example.org:65536", None),
        ("ns1.example.org:", None),
        ("[2001:db8::1", None),
        ("[2001:db8::1]x", None),
        ("fe80::1%eth0", None),
        ("two words:53", None),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, address: tuple[str, int] | None) -> None:
    assert parse_server_address(text) == address


@given(st.text(max_size=30))
def test_address_that_is_read_has_one_spelling(text: str) -> None:
    address = parse_server_address(text)
    if address is not None:
        assert parse_server_address(server_address_text(*address)) == address


def test_setting_refuses_what_is_no_address(offline: OfflineInstance) -> None:
    with pytest.raises(ConfigurationError, match="observed_servers: HOST:PORT is wanted"):
        set_servers(offline, "ns1.example.org:port")


def test_serial_is_that_of_the_soa(running: Callable[..., Any], zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it:
        assert ask_soa(server_address_text(*it.address), "sml.test") == ShownSoa(1, signed=False)


def test_other_zone_is_a_failure(running: Callable[..., Any], zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it, pytest.raises(TechnicalError, match="REFUSED"):
        ask_soa(server_address_text(*it.address), "other.test")


@contextmanager
def answering(change: Callable[[dns.message.Message], None]) -> Iterator[str]:
    """A server that answers each query with what `change` makes of an empty answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))

        def answer() -> None:
            while True:
                data, peer = own.recvfrom(4096)
                if data == b"end":
                    return
                response = dns.message.make_response(dns.message.from_wire(data))
                change(response)
                own.sendto(response.to_wire(), peer)

        thread = Thread(target=answer)
        thread.start()
        try:
            yield server_address_text(*own.getsockname())
        finally:
            own.sendto(b"end", own.getsockname())
            thread.join(10)


def test_answer_from_a_cache_is_a_failure() -> None:
    def cached(response: dns.message.Message) -> None:
        response.answer.append(dns.rrset.from_text("sml.test.", 5, "IN", "SOA", "ns1. host. 7 1 1 1 1"))

    with answering(cached) as server, pytest.raises(TechnicalError, match="isn't authoritative"):
        ask_soa(server, "sml.test")


def test_answer_without_an_soa_is_a_failure() -> None:
    def empty(response: dns.message.Message) -> None:
        response.flags |= dns.flags.AA

    with answering(empty) as server, pytest.raises(TechnicalError, match="no SOA"):
        ask_soa(server, "sml.test")


def test_silence_is_a_failure_within_its_time() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(TechnicalError, match=r"no answer within 0\.05 s"):
            ask_soa(server_address_text(*silent.getsockname()), "sml.test", 0.05)


def test_what_is_no_address_is_a_failure() -> None:
    with pytest.raises(TechnicalError, match="HOST:PORT"):
        ask_soa("no address", "sml.test")
