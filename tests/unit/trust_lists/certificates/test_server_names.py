# SPDX-License-Identifier: Apache-2.0
"""Which servers a certificate is for (RFC 9525 §6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.certificates.path_extensions import GeneralName
from trust_lists.certificates.server_names import is_host, is_server_name, named, server_names

DNS, EMAIL, IP = 2, 1, 7


def dns(*names: str) -> list[GeneralName]:
    return [GeneralName(DNS, name.encode()) for name in names]


@pytest.mark.parametrize(
    ("presented", "host"),
    [
        ("smp.example.org", "smp.example.org"),
        ("SMP.Example.org", "smp.eXample.ORG"),
        ("smp.example.org", "smp.example.org."),
        ("*.example.org", "smp.example.org"),
        ("localhost", "localhost"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_name_stands_for_its_host(presented: str, host: str) -> None:
    assert named(dns("other.example", presented), host)


@pytest.mark.parametrize(
    ("presented", "host"),
    [
        ("smp.example.org", "other.example.org"),
        ("smp.example.org", "example.org"),
        ("example.org", "smp.example.org"),
        ("*.example.org", "example.org"),
        ("*.example.org", "a.b.example.org"),
        ("*.example.org", "*.example.org"),
        ("s*.example.org", "smp.example.org"),
        ("xn--*-1b3c148a.example.org", "xn--bliss-1b3c148a.example.org"),
        ("smp.*.org", "smp.example.org"),
        ("*", "localhost"),
        (".example.org", "smp.example.org"),
        ("smp.example.org.", "smp.example.org"),
        ("192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_a_name_stands_for_no_other_host(presented: str, host: str) -> None:
    assert not named(dns(presented), host)


def test_addresses_are_compared_as_addresses_and_only_with_addresses() -> None:
    names = [GeneralName(IP, bytes([192, 0, 2, 1])), GeneralName(IP, bytes(15) + b"\x01"), GeneralName(IP, b"\x01")]
    assert named(names, "192.0.2.1")
    assert named(names, "::1")
    assert named(names, "0:0:0:0:0:0:0:1")
    assert not named(names, "192.0.2.2")
    assert server_names([*names, *dns("a.example"), GeneralName(EMAIL, b"a@a.example")]) == (
        "192.0.2.1",
        "::1",
        "01",
        "a.example",
    )


def test_the_common_name_of_a_subject_is_no_server_name() -> None:
    assert not named([], "smp.example.org")


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "-a.example", "a-.example", "a_b.example", "1.2.3.4", f"{'a' * 64}.example", "bücher.de"]
)
def test_what_is_no_name_of_a_host(name: str) -> None:
    assert not is_host(name)
    assert not is_server_name(f"*.{name}")


def test_names_have_253_characters_at_most() -> None:
    name = ".".join(["a" * 62] * 4)
    assert is_host(f"{name}.a")
    assert not is_host(f"{name}.aa")


@given(st.lists(st.tuples(st.integers(0, 8), st.binary(max_size=40)), max_size=5), st.text(max_size=40))
def test_whatever_the_names_nothing_is_raised(names: list[tuple[int, bytes]], host: str) -> None:
    found = [GeneralName(*each) for each in names]
    assert named(found, host) in {True, False}
    assert len(server_names(found)) <= len(found)
