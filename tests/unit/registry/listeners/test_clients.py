# SPDX-License-Identifier: Apache-2.0
"""Who the client is, with and without proxies, and what one client may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.listeners.clients import ClientLimits, Clients, address_of
from registry.rates import Networks

PROXIES = Networks(["10.0.0.0/8", "2001:db8:ffff::/48"])


def behind(value: str, header: str = "X-Forwarded-For", proxy: str = "10.0.0.1") -> str:
    assert header in {"X-Forwarded-For", "Forwarded"}
    clients = Clients(ClientLimits(proxies=PROXIES, proxy_header="Forwarded" if header == "Forwarded" else header))  # type: ignore[arg-type]
    return clients.behind(proxy, [(b"host", b"x"), (header.lower().encode(), value.encode("latin-1"))])


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.7, 192.0.2.1", "192.0.2.1"),
        ("198.51.100.7,192.0.2.1,10.9.9.9", "192.0.2.1"),
        ("127.0.0.1, 192.0.2.1, 10.1.1.1, 10.2.2.2", "192.0.2.1"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("evil, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, unknown", "10.0.0.1"),
        ("192.0.2.1, _hidden, 10.1.1.1", "10.1.1.1"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
        ("\xff\xfe", "10.0.0.1"),
    ],
)
def test_client_is_the_right_most_address_that_is_no_proxy(value: str, client: str) -> None:
    assert behind(value) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ('for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        ("for=198.51.100.7, for=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1"),
        ("proto=http; For=192.0.2.1 ;by=10.0.0.1, FOR=10.3.3.3", "192.0.2.1"),
        ('for="198.51.100.7, for=192.0.2.1', "192.0.2.1"),  # a quote that a client left open swallows nothing
        ("by=192.0.2.1", "10.0.0.1"),
        ("xfor=192.0.2.1", "10.0.0.1"),
        ("for=_secret", "10.0.0.1"),
    ],
)
def test_forwarded_is_read_as_rfc_7239_writes_it(value: str, client: str) -> None:
    assert behind(value, "Forwarded") == client


def test_only_the_header_that_is_set_up_is_read() -> None:
    clients = Clients(ClientLimits(proxies=PROXIES))
    headers = [(b"forwarded", b"for=198.51.100.7"), (b"x-real-ip", b"198.51.100.8")]
    assert clients.behind("10.0.0.1", headers) == "10.0.0.1"
    assert clients.behind("10.0.0.1", [*headers, (b"x-forwarded-for", b"192.0.2.1")]) == "192.0.2.1"


def test_lines_of_a_header_are_one_list() -> None:
    clients = Clients(ClientLimits(proxies=PROXIES))
    lines = [
        (b"x-forwarded-for", b"198.51.100.7"),
        (b"x-forwarded-for", b"192.0.2.1"),
        (b"x-forwarded-for", b"10.1.1.1"),
    ]
    assert clients.behind("10.0.0.1", lines) == "192.0.2.1"


@given(st.text(st.characters(max_codepoint=255)), st.sampled_from(["X-Forwarded-For", "Forwarded"]))
def test_whatever_a_client_makes_up_is_left_of_what_the_proxy_wrote(made_up: str, header: str) -> None:
    ours = "192.0.2.1" if header == "X-Forwarded-For" else "for=192.0.2.1"
    assert behind(f"{made_up},{ours}", header) == "192.0.2.1"


@given(st.text())
def test_address_is_one_or_nothing(text: str) -> None:
    found = address_of(text)
    assert not found or Networks(["0.0.0.0/0", "::/0"]).__contains__(found)


def test_long_list_costs_no_more_than_its_end() -> None:
    assert behind("10.1.1.1," * 100_000 + "10.1.1.1") == "10.1.1.1"


def test_one_address_has_so_many_connections() -> None:
    clients = Clients(ClientLimits(connections=2, exempt=Networks(["192.0.2.9"]), proxies=PROXIES))
    for peer in ("192.0.2.1", "2001:db8::1", "192.0.2.9", "10.0.0.1"):
        for _ in range(2):
            assert clients.may_connect(peer) == ""
            clients.connected(peer)
    assert clients.may_connect("192.0.2.1") == "connections"
    assert clients.may_connect("2001:db8::2") == "connections"
    assert clients.may_connect("192.0.2.2") == ""
    assert clients.may_connect("192.0.2.9") == clients.may_connect("10.0.0.1") == ""
    clients.disconnected("192.0.2.1")
    assert clients.may_connect("192.0.2.1") == ""


def test_new_connections_have_twice_the_rate_of_requests() -> None:
    clients = Clients(ClientLimits(per_s=0.001, burst=3))
    assert [clients.may_connect("192.0.2.1") for _ in range(8)] == [""] * 6 + ["rate"] * 2
    assert clients.may_connect("192.0.2.2") == ""


def test_proxies_have_no_rate_and_their_clients_have() -> None:
    clients = Clients(ClientLimits(per_s=0.001, burst=1, proxies=PROXIES))
    assert {clients.wait_s("10.0.0.1") for _ in range(50)} == {0.0}
    assert clients.wait_s("192.0.2.1") == 0
    assert 0 < clients.wait_s("192.0.2.1") <= 1000
