# SPDX-License-Identifier: Apache-2.0
"""Knot's kdig reads what the embedded server says, over a real network."""

import asyncio
import re
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest

from registry.dns.records import RRset, naptr_rrset, ns_rrset, soa_rrset
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.domains.dns_profile import DnsProfile

Kdig = Callable[..., str]
PARTICIPANT = "lmhbm64r2vof2ijiogg2fxvwgye42gf3ct7uf6emoewds7id3i2a.iso6523-actorid-upis.sml.test"
NAPTR = '100 10 "U" "Meta:SMP" "!.*!https://smp.test/x/!" .'


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """A server for `sml.test` in a thread of its own."""
    profile = DnsProfile(zone="sml.test", name_servers=("ns.sml.test",))
    rrsets = [
        soa_rrset(profile, 42),
        ns_rrset(profile),
        naptr_rrset(PARTICIPANT.removesuffix(".sml.test"), "https://smp.test/x/", ["Meta:SMP"], 60),
        naptr_rrset("*.wild-card-scheme", "https://any.test", ["Meta:SMP"], 60),
        RRset("big", "TXT", 60, tuple(f'"{number:02} {"x" * 100}"' for number in range(16))),
    ]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = DnsServer([ServedZone("sml.test", rrsets, 42)])
    yield asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result(10)
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def kdig(tool: type, address: tuple[str, int]) -> Kdig:
    """Run kdig with these arguments; what it prints, without runs of white space."""
    program = tool.path("kdig")  # type: ignore[attr-defined]
    host, port = address

    def run(*args: str) -> str:
        command = [program, f"@{host}", "-p", str(port), "+norecurse", "+retry=0", "+time=5", *args]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
        return re.sub(r"[ \t]+", " ", done.stdout + done.stderr)

    return run


@pytest.mark.parametrize("options", [[], ["+tcp"], ["+edns"], ["+dnssec"], ["+bufsize=4096"], ["+padding=64", "+edns"]])
def test_a_participant_is_found(kdig: Kdig, options: list[str]) -> None:
    answer = kdig(*options, "NAPTR", PARTICIPANT)
    assert "status: NOERROR" in answer
    assert f"{PARTICIPANT}. 60 IN NAPTR {NAPTR}" in answer
    assert "WARNING" not in answer


def test_many_queries_use_one_tcp_connection(kdig: Kdig) -> None:
    query = ["+tcp", "+keepopen", "+short", "-t", "NAPTR", "-q", PARTICIPANT]
    assert kdig(*query, *query).count(NAPTR) == 2


def test_a_wildcard_answers_under_the_asked_name(kdig: Kdig) -> None:
    assert "\nq.wild-card-scheme.sml.test. 60 IN NAPTR" in kdig("NAPTR", "q.wild-card-scheme.sml.test")


def test_an_unknown_participant_is_denied_with_a_short_soa(kdig: Kdig) -> None:
    answer = kdig("NAPTR", "unknown.iso6523-actorid-upis.sml.test")
    assert "status: NXDOMAIN" in answer
    assert "sml.test. 60 IN SOA ns.sml.test. hostmaster.sml.test. 42 3600 600 1209600 60" in answer


def test_a_scheme_without_records_of_its_own_is_no_data(kdig: Kdig) -> None:
    answer = kdig("NAPTR", "iso6523-actorid-upis.sml.test")
    assert "status: NOERROR" in answer
    assert "ANSWER: 0; AUTHORITY: 1" in answer


def test_long_answers_are_cut_and_fetched_over_tcp(kdig: Kdig) -> None:
    assert "Flags: qr aa tc;" in kdig("+ignore", "TXT", "big.sml.test")
    whole = kdig("TXT", "big.sml.test")
    assert "ANSWER: 16" in whole
    assert "(TCP)" in whole


def test_other_edns_versions_are_bad(kdig: Kdig) -> None:
    assert "BADVERS" in kdig("+edns=1", "NAPTR", PARTICIPANT)


def test_what_is_not_ours_or_not_served_is_refused(kdig: Kdig) -> None:
    assert "status: REFUSED" in kdig("A", "example.org")
    assert "REFUSED" in kdig("AXFR", "sml.test")
    assert "REFUSED" in kdig("IXFR=1", "sml.test")
    assert "status: REFUSED" in kdig("NOTIFY", "sml.test")
