# SPDX-License-Identifier: Apache-2.0
"""Rates for clients: what is granted, who is one client, and how much is remembered."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rates import Networks, Rates, client_of, parse_address

ADDRESSES = st.ip_addresses().map(str)


def granted(rates: Rates, host: str, times: list[float]) -> int:
    return sum(rates.take(host, now) == 0 for now in times)


def test_burst_is_granted_at_once_and_then_the_rate() -> None:
    rates = Rates(10, 5)
    assert granted(rates, "192.0.2.1", [0.0] * 20) == 5
    assert granted(rates, "192.0.2.1", [0.1] * 20) == 1
    assert granted(rates, "192.0.2.1", [10.0] * 20) == 5


def test_refusal_says_how_long_to_wait_and_costs_nothing() -> None:
    rates = Rates(10, 1)
    assert rates.take("192.0.2.1", 5.0) == 0
    for _ in range(100):
        assert rates.take("192.0.2.1", 5.04) == pytest.approx(0.06)
    assert rates.take("192.0.2.1", 5.1) == 0
    assert rates.refused("192.0.2.1") == 100


def test_clients_have_budgets_of_their_own() -> None:
    rates = Rates(1, 1)
    assert [rates.take(host, 0.0) == 0 for host in ("192.0.2.1", "192.0.2.1", "192.0.2.2")] == [True, False, True]


def test_one_ipv6_client_is_a_64() -> None:
    rates = Rates(1, 1)
    assert rates.take("2001:db8:0:1::1", 0.0) == 0
    assert rates.take("2001:db8:0:1:ffff::2", 0.0) > 0
    assert rates.take("2001:db8:0:2::1", 0.0) == 0


def test_ipv4_clients_can_be_networks() -> None:
    rates = Rates(1, 1, prefix_4=24)
    assert rates.take("192.0.2.1", 0.0) == 0
    assert rates.take("192.0.2.254", 0.0) > 0
    assert rates.take("192.0.3.1", 0.0) == 0


def test_listed_networks_have_no_rate_though_their_neighbours_have() -> None:
    rates = Rates(1, 1, Networks(["192.0.2.53", "2001:db8::/48"]), prefix_4=24)
    assert granted(rates, "192.0.2.53", [0.0] * 50) == 50
    assert granted(rates, "2001:db8::1", [0.0] * 50) == 50
    assert granted(rates, "192.0.2.54", [0.0] * 50) == 1
    assert granted(rates, "192.0.2.53", [0.0] * 50) == 50


def test_memory_is_bounded_and_who_keeps_asking_is_not_forgotten() -> None:
    rates = Rates(0.001, 1, generation=100)
    assert rates.take("198.51.100.1", 0.0) == 0
    for number in range(5_000):
        rates.take(str(ipaddress.IPv4Address(0x0A00_0000 + number)), 0.0)
        if number % 50 == 0:
            assert rates.take("198.51.100.1", 0.0) > 0
        assert len(rates) <= 200


@given(st.lists(st.floats(0, 100), min_size=1).map(sorted), st.floats(0.5, 50), st.integers(1, 20))
def test_never_more_than_burst_and_rate_in_any_time(times: list[float], per_s: float, burst: int) -> None:
    rates = Rates(per_s, burst)
    kept = [now for now in times if rates.take("192.0.2.1", now) == 0]
    for first, start in enumerate(kept):
        for last, end in enumerate(kept[first:], first):
            assert last - first + 1 <= burst + (end - start) * per_s + 1e-6


@given(ADDRESSES, ADDRESSES, st.integers(0, 32))
def test_membership_is_that_of_the_standard_library(host: str, other: str, cut: int) -> None:
    address = ipaddress.ip_address(other)
    network = ipaddress.ip_network((address, address.max_prefixlen - cut), strict=False)
    asked = ipaddress.ip_address(host)
    mapped = getattr(asked, "ipv4_mapped", None)
    assert (host in Networks([str(network)])) == ((mapped or asked) in network)


@pytest.mark.parametrize(
    "host", ["", "unknown", "_hidden", "192.0.2", "192.0.2.1\x00", "1.2.3.4.5", "\u0661.2.3.4", "::g"]
)
def test_what_is_no_address_is_in_no_network(host: str) -> None:
    assert parse_address(host) == (0, 0)
    assert host not in Networks(["0.0.0.0/0", "::/0"])


def test_forms_of_one_address_are_one_client() -> None:
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1")
    assert client_of("fe80::1%eth0") == client_of("fe80::1")


@pytest.mark.parametrize("network", ["192.0.2.1/24", "example.org", "", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(network: str) -> None:
    with pytest.raises(ValueError, match=r"network|IPv4|host bits"):
        Networks([network])
