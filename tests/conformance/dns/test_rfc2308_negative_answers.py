# SPDX-License-Identifier: Apache-2.0
"""RFC 2308: what "no" looks like, and for how long it may be remembered."""

from collections.abc import Callable, Iterable

import dns.message
import dns.rcode
import pytest

from registry.dns.records import RRset, soa_rrset
from registry.dns.responder import Responder
from registry.domains.dns_profile import DnsProfile

Serve = Callable[[Iterable[RRset]], Responder]
Ask = Callable[..., dns.message.Message]


@pytest.fixture
def responder(serve: Serve) -> Responder:
    return serve(
        [
            RRset("host.dept", "A", 60, ("192.0.2.1",)),
            RRset("dangling", "CNAME", 60, ("gone.dept.example.",)),
            RRset("typeless", "CNAME", 60, ("host.dept.example.",)),
            RRset("hollow", "CNAME", 60, ("dept.example.",)),
        ]
    )


def check_authority(response: dns.message.Message) -> None:
    (soa,) = response.authority
    assert soa.name.to_text() == "example."
    assert soa.ttl == 30  # the minimum; the SOA's own TTL is 3600
    assert (soa[0].minimum, soa[0].serial) == (30, 9)


@pytest.mark.parametrize("name", ["no.example", "no.dept.example", "deep.host.dept.example", "a.b.c.example"])
def test_rfc2308_2_1_a_name_that_is_not_there(responder: Responder, ask: Ask, name: str) -> None:
    response = ask(responder, name, "NAPTR")
    assert (response.rcode(), response.answer) == (dns.rcode.NXDOMAIN, [])
    check_authority(response)


@pytest.mark.parametrize("name", ["host.dept.example", "example"])
def test_rfc2308_2_2_a_name_without_the_type(responder: Responder, ask: Ask, name: str) -> None:
    response = ask(responder, name, "NAPTR")
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    check_authority(response)


def test_rfc2308_2_1_the_code_tells_of_the_last_name_of_a_chain(responder: Responder, ask: Ask) -> None:
    response = ask(responder, "dangling.example", "A")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.to_text() for rrset in response.answer] == ["dangling.example. 60 IN CNAME gone.dept.example."]
    check_authority(response)


@pytest.mark.parametrize("name", ["typeless.example", "hollow.example"])
def test_rfc2308_2_2_1_an_alias_to_a_name_without_the_type(responder: Responder, ask: Ask, name: str) -> None:
    response = ask(responder, name, "NAPTR")
    assert response.rcode() == dns.rcode.NOERROR
    assert [rrset.rdtype.name for rrset in response.answer] == ["CNAME"]
    check_authority(response)


def test_rfc2308_5_a_locator_denies_for_a_minute_at_most() -> None:
    profile = DnsProfile(zone="example", name_servers=("ns.example",))
    minimum = int(soa_rrset(profile, 1).rdatas[0].split()[-1])
    assert 0 < minimum <= 60


def test_rfc8020_2_an_empty_non_terminal_exists(responder: Responder, ask: Ask) -> None:
    """Otherwise resolvers that know RFC 8020 would deny all participants of a scheme at once."""
    response = ask(responder, "dept.example", "A")
    assert response.rcode() == dns.rcode.NOERROR
    check_authority(response)
