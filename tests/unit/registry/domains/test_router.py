# SPDX-License-Identifier: Apache-2.0
"""Which domain a request is for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.domains.router import DomainRouter
from registry.errors import ConfigurationError


def domain(name: str, base_url: str, *, default: bool = False) -> Domain:
    return load_domain("demo", {"name": name, "default": default, "smp": {"base_url": base_url}})


def matched(router: DomainRouter, host: str | None, raw_path: bytes) -> tuple[str, bytes] | None:
    match = router.match(host, raw_path)
    return None if match is None else (match[0].name, match[1])


BY_HOST = DomainRouter([domain("a", "https://a.example"), domain("b", "https://b.example:8443")])
BY_PATH = DomainRouter([domain("a", "https://smp.example/a"), domain("ab", "https://smp.example/a/b")])
MIXED = DomainRouter(
    [
        domain("root", "https://smp.example", default=True),
        domain("path", "https://smp.example/path"),
        domain("other", "https://other.example/path"),
    ]
)


@pytest.mark.parametrize("host", ["a.example", "A.Example", "a.example:443", " a.example "])
def test_host_is_compared_without_case_and_without_the_scheme_port(host: str) -> None:
    assert matched(BY_HOST, host, b"/x") == ("a", b"/x")


def test_port_is_part_of_the_host() -> None:
    assert matched(BY_HOST, "b.example:8443", b"/x") == ("b", b"/x")
    assert matched(BY_HOST, "b.example", b"/x") is None


@pytest.mark.parametrize(
    ("raw_path", "expected"),
    [
        (b"/a/x", ("a", b"/x")),
        (b"/a", ("a", b"/")),
        (b"/a/", ("a", b"/")),
        (b"/a/b/x", ("ab", b"/x")),
        (b"/a/bc", ("a", b"/bc")),
        (b"/a/x%2Fb/services/y", ("a", b"/x%2Fb/services/y")),
        (b"/ab", None),
        (b"/", None),
    ],
)
def test_longest_path_wins_at_whole_segments(raw_path: bytes, expected: tuple[str, bytes] | None) -> None:
    assert matched(BY_PATH, "smp.example", raw_path) == expected
    assert matched(BY_PATH, "10.0.0.1", raw_path) == expected


def test_host_decides_between_equal_paths() -> None:
    assert matched(MIXED, "smp.example", b"/path/x") == ("path", b"/x")
    assert matched(MIXED, "other.example", b"/path/x") == ("other", b"/x")


def test_unknown_host_with_an_ambiguous_path_is_for_the_default() -> None:
    assert matched(MIXED, "10.0.0.1", b"/path/x") == ("root", b"/path/x")
    assert matched(MIXED, None, b"/x") == ("root", b"/x")


def test_known_host_never_leads_to_a_path_of_another_host() -> None:
    router = DomainRouter([domain("a", "https://a.example"), domain("b", "https://b.example/path")])
    assert matched(router, "a.example", b"/path/x") == ("a", b"/path/x")
    strict = DomainRouter([domain("a", "https://a.example/a"), domain("b", "https://b.example/path")])
    assert matched(strict, "a.example", b"/path/x") is None


def test_default_serves_the_root_where_a_proxy_removes_the_path() -> None:
    router = DomainRouter([domain("a", "https://a.example/smp", default=True)])
    assert matched(router, "a.example", b"/x") == ("a", b"/x")
    assert matched(router, "a.example", b"/smp/x") == ("a", b"/x")


def test_default_can_be_given_and_needs_no_base_url() -> None:
    bare = domain("bare", "")
    assert matched(DomainRouter([bare], bare), "any.example", b"/x") == ("bare", b"/x")
    assert matched(DomainRouter([bare]), "any.example", b"/x") is None


def test_only_domain_at_a_root_is_found_under_any_host() -> None:
    assert matched(DomainRouter([domain("a", "https://a.example")]), "10.0.0.1:8080", b"/x") == ("a", b"/x")
    assert matched(BY_HOST, "10.0.0.1:8080", b"/x") is None


def test_two_defaults_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="only one domain can be the default, not a and b"):
        DomainRouter([domain("a", "https://a", default=True), domain("b", "https://b", default=True)])


def test_one_base_url_for_two_domains_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="several domains have the base URL https://a/x"):
        DomainRouter([domain("a", "https://a/x"), domain("b", "https://A/x/")])


@given(st.none() | st.text(), st.binary())
def test_junk_never_raises(host: str | None, raw_path: bytes) -> None:
    for router in (BY_HOST, BY_PATH, MIXED, DomainRouter([])):
        match = router.match(host, raw_path)
        assert match is None or raw_path.endswith(match[1]) or match[1] == b"/"
