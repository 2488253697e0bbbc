# SPDX-License-Identifier: Apache-2.0
"""BIND's dig reads what the embedded server says, over a real network."""

import asyncio
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest

from registry.dns.records import RRset, naptr_rrset, ns_rrset, publisher_rrset, soa_rrset
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.domains.dns_profile import DnsProfile

Dig = Callable[..., str]
PARTICIPANT = "lmhbm64r2vof2ijiogg2fxvwgye42gf3ct7uf6emoewds7id3i2a.iso6523-actorid-upis.sml.test"
NAPTR = '100 10 "U" "Meta:SMP" "!.*!https://smp.test/x/!" .'


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def address(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """A server for `sml.test` in a thread of its own."""
    profile = DnsProfile(zone="sml.test", name_servers=("ns.sml.test",))
    rrsets = [
        soa_rrset(profile, 42),
        ns_rrset(profile),
        RRset("ns", "A", 3600, ("127.0.0.1",)),
        naptr_rrset(PARTICIPANT.removesuffix(".sml.test"), "https://smp.test/x/", ["Meta:SMP"], 60),
        naptr_rrset("*.wild-card-scheme", "https://any.test", ["Meta:SMP"], 60),
        publisher_rrset("SMP-1", "https://ns.sml.test/smp", 60),
        RRset("big", "TXT", 60, tuple(f'"{number:02} {"x" * 100}"' for number in range(16))),
    ]
    if ":" in request.param:
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind((request.param, 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = DnsServer([ServedZone("sml.test", rrsets, 42)])
    yield asyncio.run_coroutine_threadsafe(server.start(request.param, 0), loop).result(10)
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def dig(tool: type, address: tuple[str, int]) -> Dig:
    """Run dig with these arguments; what it prints, without runs of white space."""
    program = tool.path("dig")  # type: ignore[attr-defined]
    host, port = address

    def run(*args: str) -> str:
        command = [program, f"@{host}", "-p", str(port), "+norecurse", "+tries=1", "+time=5", *args]
        printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
        assert "WARNING" not in printed
        return re.sub(r"[ \t]+", " ", printed)

    return run


def test_a_participant_is_found(dig: Dig) -> None:
    assert dig("+short", "NAPTR", PARTICIPANT) == NAPTR + "\n"
    answer = dig("NAPTR", PARTICIPANT)
    assert "status: NOERROR" in answer
    assert "flags: qr aa; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1" in answer
    assert "EDNS: version: 0, flags:; udp: 1232" in answer
    assert f"{PARTICIPANT}. 60 IN NAPTR {NAPTR}" in answer


def test_a_participant_is_found_over_tcp_and_with_many_queries_on_one_connection(dig: Dig) -> None:
    assert dig("+short", "+tcp", "NAPTR", PARTICIPANT) == NAPTR + "\n"
    kept = dig("+tcp", "+keepopen", "+short", PARTICIPANT, "NAPTR", "+keepopen", PARTICIPANT, "NAPTR", "+short", "+tcp")
    assert kept == (NAPTR + "\n") * 2


def test_a_wildcard_answers_under_the_asked_name(dig: Dig) -> None:
    assert "\nq.wild-card-scheme.sml.test. 60 IN NAPTR" in dig("NAPTR", "q.wild-card-scheme.sml.test")


def test_an_unknown_participant_is_denied_with_a_short_soa(dig: Dig) -> None:
    answer = dig("NAPTR", "unknown.iso6523-actorid-upis.sml.test")
    assert "status: NXDOMAIN" in answer
    assert re.search(
        r"\nsml\.test\. 60 IN SOA ns\.sml\.test\. hostmaster\.sml\.test\. 42 3600 600 1209600 60\n", answer
    )


@pytest.mark.parametrize(("name", "rdtype"), [(PARTICIPANT, "A"), ("iso6523-actorid-upis.sml.test", "NAPTR")])
def test_a_name_without_the_type_is_no_data(dig: Dig, name: str, rdtype: str) -> None:
    answer = dig(rdtype, name)
    assert "status: NOERROR" in answer
    assert "ANSWER: 0, AUTHORITY: 1" in answer


def test_a_publisher_leads_to_its_host(dig: Dig) -> None:
    assert dig("+short", "A", "smp-1.publisher.sml.test") == "ns.sml.test.\n127.0.0.1\n"


def test_long_answers_are_cut_to_the_buffer_and_fetched_over_tcp(dig: Dig) -> None:
    for options in (["+noedns"], ["+bufsize=512"], ["+bufsize=1232"], ["+bufsize=4096"]):
        cut = dig("+ignore", *options, "TXT", "big.sml.test")
        assert "flags: qr aa tc;" in cut
        assert "ANSWER: 0" in cut
    whole = dig("TXT", "big.sml.test")
    assert "Truncated, retrying in TCP mode" in whole
    assert "ANSWER: 16" in whole


def test_edns_variants_are_understood(dig: Dig) -> None:
    assert "BADVERS" in dig("+edns=1", "+noednsnegotiation", "NAPTR", PARTICIPANT)
    assert "flags: do;" in dig("+dnssec", "NAPTR", PARTICIPANT)
    for options in (
        ["+nocookie"],
        ["+nsid"],
        ["+subnet=192.0.2.0/24"],
        ["+padding=128"],
        ["+ednsopt=65001:00ff"],
        ["+noedns"],
    ):
        assert NAPTR in dig(*options, "NAPTR", PARTICIPANT)


def test_any_is_answered_minimally(dig: Dig) -> None:
    assert "ANSWER: 1," in dig("+notcp", "ANY", "sml.test")


def test_what_is_not_ours_or_not_served_is_refused(dig: Dig) -> None:
    assert "status: REFUSED" in dig("A", "example.org")
    assert "status: REFUSED" in dig("-c", "CH", "TXT", "version.bind")
    assert "Transfer failed" in dig("AXFR", "sml.test")
    assert "status: REFUSED" in dig("+opcode=notify", "SOA", "sml.test")
    assert "status: NOTIMP" in dig("+opcode=status", "SOA", "sml.test")
    assert "status: FORMERR" in dig("+header-only", "+noedns")


def test_case_of_the_question_is_kept(dig: Dig) -> None:
    answer = dig("NAPTR", PARTICIPANT.upper())
    assert f";{PARTICIPANT.upper()}. IN NAPTR" in answer
    assert f"{PARTICIPANT.upper()}. 60 IN NAPTR" in answer
