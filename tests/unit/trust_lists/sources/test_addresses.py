# SPDX-License-Identifier: Apache-2.0
"""Which addresses may be asked, and that the one that was judged is the one that is asked."""

import socket
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import httpcore2
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.errors import SourceError
from trust_lists.sources.addresses import AddressPolicy, special_kind
from trust_lists.sources.guarded_transport import GuardedTransport, proxies
from trust_lists.sources.web import Asked, Limits, Web

PUBLIC = AddressPolicy()


@pytest.mark.parametrize(
    "address",
    [
        *["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3"],
        *["224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fd00::1", "ff02::1"],
        *["2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1"],
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert PUBLIC.refusal(ip_address(address), 443)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_what_is_public_may_be_asked(address: str) -> None:
    assert PUBLIC.refusal(ip_address(address), 443) == ""


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_ipv4_address_is_judged_alike_inside_of_ipv6(address: IPv4Address) -> None:
    mapped = IPv6Address(0xFFFF_0000_0000 | int(address))
    assert bool(special_kind(mapped)) == bool(special_kind(address))


def test_networks_of_ones_own_may_be_asked_and_no_others() -> None:
    own = AddressPolicy.of(["10.0.0.0/8", " fd00::/8 "])
    assert own.refusal(ip_address("10.1.2.3"), 1) == own.refusal(ip_address("fd00::1"), 443) == ""
    assert own.refusal(ip_address("::ffff:10.1.2.3"), 443) == ""
    assert own.refusal(ip_address("192.168.1.1"), 443)


def test_what_is_no_network_is_told() -> None:
    with pytest.raises(SourceError) as told:
        AddressPolicy.of(["10.0.0.0/33"])
    assert told.value.reason_id == "FETCH_NETWORK"


def resolving(*addresses: str) -> Any:
    return lambda host, port, **_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]


def test_of_a_name_the_public_addresses_are_asked() -> None:
    assert PUBLIC.addresses("x.example", 80, resolving("10.0.0.1", "93.184.216.34")) == ("93.184.216.34",)


@pytest.mark.parametrize("addresses", [("10.0.0.1", "127.0.0.1"), ()])
def test_a_name_without_a_public_address_is_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(SourceError) as told:
        PUBLIC.addresses("x.example", 80, resolving(*addresses))
    assert told.value.reason_id == "FETCH_ADDRESS"


def test_what_is_no_name_has_no_address() -> None:
    with pytest.raises(OSError, match="no host name"):
        PUBLIC.addresses("x" * 64 + ".example", 80)


class Sockets:
    """Takes down what is connected to, and connects to nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, *_: object) -> httpcore2.NetworkStream:
        self.asked.append(host)
        raise httpcore2.ConnectError("not here")


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Sockets:
    found = Sockets()
    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", found)
    return found


def test_the_address_that_was_judged_is_connected_to(sockets: Sockets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressPolicy, "addresses", lambda *_: ("93.184.216.34", "93.184.216.35"))
    transport = GuardedTransport(PUBLIC, ssl.create_default_context(), httpx2.Limits())
    with httpx2.Client(transport=transport) as client, pytest.raises(httpx2.ConnectError):
        client.get("http://x.example/")
    assert sockets.asked == ["93.184.216.34", "93.184.216.35"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/", "https://10.0.0.1/"])
def test_private_addresses_are_refused_before_anything_is_sent(sockets: Sockets, url: str) -> None:
    with Web(Limits(tries=1)) as web, pytest.raises(SourceError) as told:
        web.ask(Asked(url))
    assert (told.value.reason_id, sockets.asked) == ("FETCH_ADDRESS", [])


@pytest.mark.parametrize("url", ["http://", "file:///etc/passwd", "ftp://x.example/", "http://[::1", "x"])
def test_what_is_no_location_in_the_web_is_not_asked(sockets: Sockets, url: str) -> None:
    with Web(Limits(tries=1)) as web, pytest.raises(SourceError) as told:
        web.ask(Asked(url))
    assert told.value.reason_id in {"FETCH_URL", "FETCH_CONNECTION"}
    assert sockets.asked == []


# Proxies


def mounts(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, httpx2.BaseTransport | None]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return proxies(ssl.create_default_context(), httpx2.Limits())


def test_without_a_proxy_everything_is_judged_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mounts(monkeypatch) == {}


def test_a_proxy_of_the_environment_is_used_but_for_some_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = mounts(monkeypatch, https_proxy="proxy.example:3128", no_proxy="localhost, .own.example, 10.0.0.1, ::1")
    assert {name for name, transport in found.items() if transport is not None} == {"https://"}
    assert {name for name, transport in found.items() if transport is None} == {
        "all://localhost",
        "all://*.own.example",
        "all://10.0.0.1",
        "all://[::1]",
    }
    assert mounts(monkeypatch, http_proxy="http://proxy.example:3128", no_proxy="*") == {}


def test_an_address_that_is_written_out_is_refused_also_over_a_proxy(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "")
    with Web(Limits(tries=1)) as web, pytest.raises(SourceError) as told:
        web.ask(Asked("http://169.254.169.254/latest/meta-data"))
    assert (told.value.reason_id, sockets.asked) == ("FETCH_ADDRESS", [])
