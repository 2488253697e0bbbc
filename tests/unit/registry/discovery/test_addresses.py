# SPDX-License-Identifier: Apache-2.0
"""Only public addresses are asked, in whatever form a private one is written."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.discovery.addresses import AddressPolicy
from registry.discovery.errors import TechnicalFailureError
from registry.errors import ConfigurationError
from trust_lists.sources.addresses import carried, special_kind

PRIVATE = (
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1"),  # noqa: S104 — nothing is bound
    *("172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378::1"),
    *("2001:db8::1", "2002:7f00:1::", "2002:c0a8:101::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
    *(
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "2600:1::5efe:127.0.0.1",
        "2600:1::200:5efe:10.0.0.1",
    ),
)
PUBLIC = (
    *("1.1.1.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1", "223.255.255.255"),
    *("2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert AddressPolicy().refusal(ip_address(address), 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_asked(address: str) -> None:
    assert AddressPolicy().refusal(ip_address(address), 443) == ""


@given(st.ip_addresses(v=4))
def test_ipv4_inside_ipv6_is_judged_as_ipv4(address: IPv4Address) -> None:
    inner = int(address)
    forms = [
        IPv6Address((0xFFFF << 32) | inner),
        IPv6Address((0x64FF9B << 96) | inner),
        IPv6Address((0x2002 << 112) | (inner << 80)),
    ]
    for form in forms:
        assert carried(form) == address
        assert special_kind(form).startswith(special_kind(address))


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_public(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_multicast or address.is_link_local:
        inner = carried(address)
        assert special_kind(address) or (inner is not None and not special_kind(inner))


@pytest.mark.parametrize(("address", "port"), [("127.0.0.1", 8080), ("::ffff:127.0.0.1", 443), ("10.1.1.1", 22)])
def test_allowed_networks_are_asked_on_every_port(address: str, port: int) -> None:
    policy = AddressPolicy.of(["127.0.0.0/8", " 10.0.0.0/8"])
    assert policy.refusal(ip_address(address), port) == ""
    assert policy.refusal(ip_address("192.168.0.1"), port)


@pytest.mark.parametrize(("port", "allowed"), [(80, True), (443, True), (22, False), (8443, False), (6379, False)])
def test_public_addresses_are_asked_on_two_ports(port: int, allowed: bool) -> None:
    assert (AddressPolicy().refusal(ip_address("1.1.1.1"), port) == "") is allowed
    assert AddressPolicy.of([], [port]).refusal(ip_address("1.1.1.1"), port) == ""


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "10.0.0.1/8", "private", "localhost"])
def test_what_is_no_network_is_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigurationError):
        AddressPolicy.of([text])


def resolving(*addresses: str) -> Callable[..., Any]:
    def resolve(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def test_of_several_addresses_only_public_ones_are_asked() -> None:
    resolve = resolving("127.0.0.1", "1.1.1.1", "::1", "2606:4700::1111", "1.1.1.1")
    assert AddressPolicy().addresses("smp.test", 443, resolve) == ("1.1.1.1", "2606:4700::1111")


def test_a_name_without_a_public_address_is_refused_with_the_reason() -> None:
    with pytest.raises(TechnicalFailureError) as caught:
        AddressPolicy().addresses("smp.test", 443, resolving("127.0.0.1", "fd00::1"))
    assert caught.value.reason_id == "address-refused"
    assert "127.0.0.1 is loopback; fd00::1 is unique-local" in str(caught.value)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "::1", "localhost"])
def test_numbers_that_the_system_takes_for_addresses_are_judged_as_such(host: str) -> None:
    with pytest.raises(TechnicalFailureError):
        AddressPolicy().addresses(host, 443)


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".test", "."])
def test_what_is_no_host_name_has_no_address(host: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        AddressPolicy().addresses(host, 443)
