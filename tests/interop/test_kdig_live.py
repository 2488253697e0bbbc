# SPDX-License-Identifier: Apache-2.0
"""Knot's kdig sees in DNS what an SMP registers by SOAP, with the options that resolvers send."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.model import Publisher
from tests.simulators.live import LiveInstance

Kdig = Callable[..., list[str]]
NameOf = Callable[..., str]
URL = "https://smp.kdig.example/smp"
PARTICIPANT = ParticipantIdentifier(ISO6523, "9915:Kdig-Hospital")


@pytest.fixture(scope="module")
def kdig(shared_live: LiveInstance, tool: Any) -> Kdig:
    """Ask the instance, in which a participant is registered; the lines that kdig prints."""
    program = tool.path("kdig")
    host, _, port = shared_live.addresses.dns.rpartition(":")
    with shared_live.sml_client() as client:
        client.create_publisher(Publisher("SMP-KDIG", URL, "192.0.2.1"))
        client.create_participants("SMP-KDIG", [PARTICIPANT])
    shared_live.wait_for_dns()

    def ask(*arguments: str) -> list[str]:
        command = [program, f"@{host}", "-p", port, "+norecurse", "+retry=0", "+time=5", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        assert "WARNING" not in done.stdout + done.stderr
        return [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip()]

    return ask


@pytest.mark.parametrize("options", [[], ["+tcp"], ["+dnssec"], ["+tcp", "+dnssec"], ["+bufsize=512"]], ids="".join)
def test_kdig_sees_the_naptr(kdig: Kdig, name_of: NameOf, options: list[str]) -> None:
    name = name_of(PARTICIPANT.value).lower()  # as kdig asks
    answers = [line for line in kdig(*options, "NAPTR", name) if not line.startswith(";")]
    assert answers == [f'{name}. 60 IN NAPTR 100 10 "U" "Meta:SMP" "!.*!{URL}!" .']


def test_kdig_sees_the_name_of_the_publisher(kdig: Kdig) -> None:
    assert kdig("+short", "CNAME", "smp-kdig.publisher.sml.test") == ["smp.kdig.example."]


@pytest.mark.parametrize("options", [[], ["+tcp", "+dnssec"]], ids="".join)
def test_kdig_is_told_that_nobody_is_there(kdig: Kdig, name_of: NameOf, options: list[str]) -> None:
    lines = kdig(*options, "NAPTR", name_of("0088:nobody"))
    assert any("status: NXDOMAIN" in line for line in lines)
    (soa,) = (line.split() for line in lines if not line.startswith(";"))
    assert (soa[0], soa[3], int(soa[1]) <= 60, int(soa[-1]) <= 60) == ("sml.test.", "SOA", True, True)
