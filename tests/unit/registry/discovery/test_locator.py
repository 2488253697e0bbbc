# SPDX-License-Identifier: Apache-2.0
"""What DNS answers mean: registered, not registered, or not known."""

import itertools

import dns.rcode
import dns.resolver
import pytest

from registry.discovery.errors import NotRegisteredError, TechnicalFailureError
from registry.discovery.locator import MAX_ALIASES, DnsLocator, parse_nameserver
from registry.errors import ConfigurationError
from tests.simulators.dns_records import SimulatedNameServer

NAME = "abc.iso6523-actorid-upis.sml.test"
URL = "https://smp.test/"


@pytest.fixture
def server() -> SimulatedNameServer:
    server = SimulatedNameServer()
    server.naptr(NAME, URL)
    return server


def locator(server: SimulatedNameServer, lifetime: float = 5.0) -> DnsLocator:
    return DnsLocator(server, lifetime=lifetime)


def test_a_record_is_found_as_it_stands(server: SimulatedNameServer) -> None:
    (record,) = locator(server).naptr(NAME).records
    assert str(record) == f'100 10 "U" "Meta:SMP" "!.*!{URL}!" .'


def test_octets_beyond_ascii_are_kept_one_character_each() -> None:
    server = SimulatedNameServer(rf'{NAME}. 60 IN NAPTR 1 1 "U" "Meta:SMP" "!.*!https://\233\\1!" .')
    (record,) = locator(server).naptr(NAME).records
    assert record.regexp == "!.*!https://\xe9\\1!"


@pytest.mark.parametrize("chases", [True, False])
def test_aliases_are_followed_whether_the_server_does_so_or_not(chases: bool) -> None:
    server = SimulatedNameServer(f"{NAME}. CNAME a.sml.test.\na.sml.test. CNAME b.sml.test.\n")
    server.naptr("b.sml.test", URL)
    server.chases = chases
    answer = locator(server).naptr(NAME)
    assert answer.aliases == ("a.sml.test", "b.sml.test")
    assert len(answer.records) == 1
    assert len(server.questions) == (1 if chases else 3)


@pytest.mark.parametrize("synthesises", [True, False])
def test_a_dname_moves_the_name_with_or_without_its_synthesised_cname(synthesises: bool) -> None:
    server = SimulatedNameServer("iso6523-actorid-upis.sml.test. DNAME new.zone.test.")
    server.naptr("abc.new.zone.test", URL)
    server.synthesises = synthesises
    assert locator(server).naptr(NAME).aliases == ("abc.new.zone.test",)


def test_a_dname_that_makes_the_name_too_long_is_a_technical_failure() -> None:
    long_zone = ".".join(["x" * 60] * 4)
    server = SimulatedNameServer(f"sml.test. DNAME {long_zone}.")
    server.synthesises = False
    with pytest.raises(TechnicalFailureError) as caught:
        locator(server).naptr(NAME)
    assert caught.value.reason_id == "dns-alias-too-long"


@pytest.mark.parametrize("chases", [True, False])
def test_a_loop_of_aliases_is_a_technical_failure(chases: bool) -> None:
    server = SimulatedNameServer(f"{NAME}. CNAME a.sml.test.\na.sml.test. CNAME {NAME}.\n")
    server.chases = chases
    with pytest.raises(TechnicalFailureError):
        locator(server).naptr(NAME)


def test_a_chain_may_have_so_many_aliases_and_no_more() -> None:
    links = [NAME, *(f"n{number}.sml.test" for number in range(MAX_ALIASES))]
    server = SimulatedNameServer("\n".join(f"{a}. CNAME {b}." for a, b in itertools.pairwise(links)))
    server.naptr(links[-1], URL)
    assert len(locator(server).naptr(NAME).aliases) == MAX_ALIASES
    server.naptr("end.sml.test", URL)
    server.rrsets = [rrset for rrset in server.rrsets if rrset.name.to_text() != f"{links[-1]}."]
    server.add(f"{links[-1]}. CNAME end.sml.test.")
    with pytest.raises(TechnicalFailureError, match="more than 8 aliases") as caught:
        locator(server).naptr(NAME)
    assert caught.value.reason_id == "dns-alias-chain"


def test_nxdomain_is_not_registered_and_says_which_zone_denies() -> None:
    with pytest.raises(NotRegisteredError, match=r"said by the zone sml\.test\.") as caught:
        locator(SimulatedNameServer()).naptr(NAME)
    assert caught.value.reason_id == "dns-nxdomain"


def test_nxdomain_behind_an_alias_is_not_registered() -> None:
    server = SimulatedNameServer(f"{NAME}. CNAME gone.sml.test.")
    with pytest.raises(NotRegisteredError):
        locator(server).naptr(NAME)


def test_a_name_without_naptr_is_not_registered() -> None:
    server = SimulatedNameServer(f"{NAME}. TXT hello")
    with pytest.raises(NotRegisteredError) as caught:
        locator(server).naptr(NAME)
    assert caught.value.reason_id == "dns-no-naptr"


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.YXDOMAIN])
def test_a_server_that_can_t_answer_is_a_technical_failure(server: SimulatedNameServer, rcode: dns.rcode.Rcode) -> None:
    server.rcode = rcode
    with pytest.raises(TechnicalFailureError):
        locator(server).naptr(NAME)


def test_the_failing_server_and_its_answer_are_named(server: SimulatedNameServer) -> None:
    server.rcode = dns.rcode.SERVFAIL
    with pytest.raises(TechnicalFailureError, match="simulated: SERVFAIL") as caught:
        locator(server).naptr(NAME)
    assert caught.value.reason_id == "dns-server-failure"


def test_a_referral_is_no_denial(server: SimulatedNameServer) -> None:
    server.refers = True
    with pytest.raises(TechnicalFailureError) as caught:
        locator(server).naptr(NAME)
    assert caught.value.reason_id == "dns-referral"


def test_a_lost_answer_is_asked_for_again(server: SimulatedNameServer) -> None:
    server.silences = 1
    assert locator(server).naptr(NAME).records
    assert server.questions == [NAME, NAME]


def test_silence_is_a_technical_failure(server: SimulatedNameServer) -> None:
    server.silences = 1000
    with pytest.raises(TechnicalFailureError) as caught:
        locator(server, lifetime=0.05).naptr(NAME)
    assert caught.value.reason_id == "dns-timeout"


def test_a_name_that_dns_can_t_hold_is_a_technical_failure(server: SimulatedNameServer) -> None:
    with pytest.raises(TechnicalFailureError):
        locator(server).naptr("x" * 64 + ".sml.test")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_answer_that_is_cut_off_is_fetched_by_tcp(server: SimulatedNameServer, host: str) -> None:
    server.truncates = True
    with server.on_loopback(host) as address:
        assert DnsLocator(address).naptr(NAME).records
    assert server.over_tcp == [False, True]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("[::1]:5353", ("::1", 5353)),
        ("[::1]", ("::1", 53)),
        ("::1", ("::1", 53)),
    ],
)
def test_name_servers_are_written_as_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert parse_nameserver(text) == address


def test_a_name_server_may_have_a_name() -> None:
    address, port = parse_nameserver("localhost:5353")
    assert address in ("127.0.0.1", "::1")
    assert port == 5353


@pytest.mark.parametrize("text", ["", ":53", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:65536", "a:1:2"])
def test_what_is_no_name_server_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="name server"):
        parse_nameserver(text)


def test_without_a_name_server_those_of_the_system_are_asked(
    server: SimulatedNameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_resolv_conf(resolver: dns.resolver.Resolver, _: object) -> None:
        resolver.nameservers = [server]

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", read_resolv_conf)
    assert DnsLocator().naptr(NAME).records


def test_a_system_without_name_servers_is_set_up_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_resolv_conf(resolver: dns.resolver.Resolver, _: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", read_resolv_conf)
    with pytest.raises(ConfigurationError, match="name servers"):
        DnsLocator()
