# SPDX-License-Identifier: Apache-2.0
"""dig, kdig and delv read delegations and DNAMEs as the embedded server answers them, over a real network."""

import asyncio
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from registry.dns.records import RRset, naptr_rrset, ns_rrset, soa_rrset
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.domains.dns_profile import DnsProfile

Asking = Callable[..., str]
PARTICIPANT = "lmhbm64r2vof2ijiogg2fxvwgye42gf3ct7uf6emoewds7id3i2a.iso6523-actorid-upis"
NAPTR = '100 10 "U" "Meta:SMP" "!.*!https://smp.test/x/!" .'
DIGEST = "AB" * 32


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """A server for `sml.test`, and for `0195.iso6523.sml.test`, which that delegates to it."""
    zones = []
    child = [naptr_rrset(PARTICIPANT, "https://smp.test/x/", ["Meta:SMP"], 60)]
    parent = [
        RRset("0088.iso6523", "NS", 600, ("ns1.0088.iso6523.sml.test.", "ns2.elsewhere.test.")),
        RRset("0088.iso6523", "DS", 600, (f"12345 13 2 {DIGEST}",)),
        RRset("ns1.0088.iso6523", "A", 600, ("192.0.2.53",)),
        RRset("0195.iso6523", "NS", 600, ("ns.elsewhere.test.",)),
        RRset("9914.iso6523", "DNAME", 300, ("0195.iso6523.sml.test.",)),
        RRset("here", "DNAME", 300, ("there.sml.test.",)),
        naptr_rrset(f"{PARTICIPANT}.there", "https://smp.test/x/", ["Meta:SMP"], 60),
        RRset("long", "DNAME", 300, (".".join(["x" * 60] * 4) + ".",)),
    ]
    for name, extra in (("sml.test", parent), ("0195.iso6523.sml.test", child)):
        profile = DnsProfile(zone=name, name_servers=("ns.elsewhere.test",))
        zones.append(ServedZone(name, [soa_rrset(profile, 1), ns_rrset(profile), *extra], 1))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = DnsServer(zones)
    yield asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result(10)
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(params=["dig", "kdig"])
def ask(request: pytest.FixtureRequest, tool: Any, address: tuple[str, int]) -> Asking:
    """Run the program with these arguments; what it prints, without runs of white space."""
    program, (host, port) = tool.path(request.param), address

    def run(*args: str) -> str:
        command = [program, f"@{host}", "-p", str(port), "+norecurse", "+time=5", *args]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        assert "WARNING" not in done.stdout + done.stderr
        return re.sub(r"[ \t]+", " ", done.stdout)

    return run


@pytest.mark.parametrize("options", [[], ["+tcp"], ["+noedns"], ["+dnssec"]])
def test_a_referral_has_its_servers_and_glue(ask: Asking, options: list[str]) -> None:
    answer = ask(*options, "NAPTR", f"{PARTICIPANT}.0088.iso6523.sml.test")
    assert "status: NOERROR" in answer
    assert re.search(r"[Ff]lags: qr;", answer), "AA is clear"
    assert "0088.iso6523.sml.test. 600 IN NS ns1.0088.iso6523.sml.test." in answer
    assert "0088.iso6523.sml.test. 600 IN NS ns2.elsewhere.test." in answer
    assert "ns1.0088.iso6523.sml.test. 600 IN A 192.0.2.53" in answer


def test_ds_is_answered_by_the_parent(ask: Asking) -> None:
    answer = ask("DS", "0088.iso6523.sml.test")
    assert re.search(r"[Ff]lags: qr aa;", answer)
    assert re.search(r"0088\.iso6523\.sml\.test\. 600 IN DS 12345 13 2 (AB ?){32}", answer)
    denied = ask("DS", "0195.iso6523.sml.test")
    assert re.search(r"\nsml\.test\. 60 IN SOA ", denied)


def test_a_child_zone_that_is_here_too_answers_by_itself(ask: Asking) -> None:
    answer = ask("NAPTR", f"{PARTICIPANT}.0195.iso6523.sml.test")
    assert re.search(r"[Ff]lags: qr aa;", answer)
    assert f"60 IN NAPTR {NAPTR}" in answer


def test_a_dname_moves_a_participant(ask: Asking) -> None:
    answer = ask("NAPTR", f"{PARTICIPANT}.here.sml.test")
    assert "here.sml.test. 300 IN DNAME there.sml.test." in answer
    assert f"{PARTICIPANT}.here.sml.test. 300 IN CNAME {PARTICIPANT}.there.sml.test." in answer
    assert f"{PARTICIPANT}.there.sml.test. 60 IN NAPTR {NAPTR}" in answer


def test_a_name_that_gets_too_long_is_yxdomain(ask: Asking) -> None:
    assert "status: YXDOMAIN" in ask("NAPTR", f"{'y' * 60}.long.sml.test")


def test_delv_follows_a_dname(tool: Any, address: tuple[str, int]) -> None:
    host, port = address
    command = [tool.path("delv"), f"@{host}", "-p", str(port), "+noroot", "-i", f"{PARTICIPANT}.here.sml.test", "NAPTR"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert NAPTR in re.sub(r"[ \t]+", " ", done.stdout), done.stderr
