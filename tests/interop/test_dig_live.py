# SPDX-License-Identifier: Apache-2.0
"""BIND's dig sees in DNS what an SMP registers by SOAP, and that it goes again; names by openssl and base32."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.sml.client import SmlClient
from registry.sml.model import Publisher
from tests.interop.identities import write_identity
from tests.simulators.live import ACTOR, LiveInstance

Dig = Callable[..., list[str]]
NameOf = Callable[..., str]
KEY = "11AAbb$$11AAbb$$"


@pytest.fixture
def dig(shared_live: LiveInstance, tool: Any) -> Dig:
    """Ask the instance once everything committed is served; the lines that dig prints, blanks between fields."""
    program = tool.path("dig")
    host, _, port = shared_live.addresses.dns.rpartition(":")

    def ask(*arguments: str) -> list[str]:
        shared_live.wait_for_dns()
        command = [program, f"@{host}", "-p", port, "+norecurse", "+tries=1", "+time=5", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        assert "WARNING" not in done.stdout
        return [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip()]

    return ask


@pytest.fixture(scope="module")
def sml(shared_live: LiveInstance) -> Iterator[SmlClient]:
    """The SML as the instance's own SMP calls it."""
    with shared_live.sml_client() as client:
        yield client


def participant(number: int) -> ParticipantIdentifier:
    return ParticipantIdentifier(ISO6523, f"0088:DIG{number:010}")


def naptr(url: str) -> str:
    return f'100 10 "U" "Meta:SMP" "!.*!{url}!" .'


def test_naptr_appears_with_the_registration_and_goes_with_it(sml: SmlClient, dig: Dig, name_of: NameOf) -> None:
    name = name_of(participant(1).value)
    sml.create_publisher(Publisher("SMP-DIG-1", "https://smp.dig.example/path/", "192.0.2.1"))
    assert any("status: NXDOMAIN" in line for line in dig(name, "NAPTR"))

    sml.create_participants("SMP-DIG-1", [participant(1)])
    expected = [naptr("https://smp.dig.example/path/")]
    assert dig("+short", name, "NAPTR") == expected
    assert dig("+short", "+tcp", name, "NAPTR") == expected

    sml.delete_participants("SMP-DIG-1", [participant(1)])
    assert any("status: NXDOMAIN" in line for line in dig(name, "NAPTR"))


def test_answer_is_authoritative_and_lives_a_minute(sml: SmlClient, dig: Dig, name_of: NameOf) -> None:
    name = name_of(participant(2).value)
    sml.create_publisher(Publisher("SMP-DIG-2", "https://smp.dig.example", "192.0.2.1"))
    sml.create_participants("SMP-DIG-2", [participant(2)])
    lines = dig(name, "NAPTR")
    assert any(line.startswith(";; flags: qr aa;") for line in lines)
    assert [line for line in lines if not line.startswith(";")] == [
        f"{name}. 60 IN NAPTR {naptr('https://smp.dig.example')}"
    ]


def test_absent_names_and_types_come_with_a_soa_of_a_minute_at_most(sml: SmlClient, dig: Dig, name_of: NameOf) -> None:
    sml.create_publisher(Publisher("SMP-DIG-3", "https://smp.dig.example", "192.0.2.1"))
    sml.create_participants("SMP-DIG-3", [participant(3)])
    absent = dig("+noall", "+comments", "+authority", name_of("0088:nobody"), "NAPTR")
    no_data = dig("+noall", "+comments", "+authority", name_of(participant(3).value), "A")
    for lines, status in ((absent, "NXDOMAIN"), (no_data, "NOERROR")):
        assert any(f"status: {status}" in line for line in lines)
        (soa,) = (line.split() for line in lines if not line.startswith(";"))
        assert (soa[0], soa[3]) == ("sml.test.", "SOA")
        assert int(soa[1]) <= 60
        assert int(soa[-1]) <= 60


@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_participant_names_have_no_addresses(sml: SmlClient, dig: Dig, name_of: NameOf, rdtype: str) -> None:
    """Some clients would take such an address for a name server (interop.md §5.2)."""
    smp_id = f"SMP-DIG-{rdtype}"
    sml.create_publisher(Publisher(smp_id, "https://smp.dig.example", "192.0.2.1"))
    sml.create_participants(smp_id, [ParticipantIdentifier(ISO6523, f"0088:{smp_id}")])
    name = name_of(f"0088:{smp_id}")
    assert dig("+short", name, "NAPTR")
    assert dig("+short", name, rdtype) == []


def test_publisher_name_follows_the_logical_address(sml: SmlClient, dig: Dig, name_of: NameOf) -> None:
    name = "smp-dig-4.publisher.sml.test"
    sml.create_publisher(Publisher("SMP-DIG-4", "https://smp.dig.example:8443/x", "192.0.2.1"))
    sml.create_participants("SMP-DIG-4", [participant(4)])
    assert dig("+short", name, "CNAME") == ["smp.dig.example."]

    sml.update_publisher(Publisher("SMP-DIG-4", "https://192.0.2.44/", "192.0.2.1"))
    assert dig("+short", name, "CNAME") == []
    assert dig("+short", name, "A") == ["192.0.2.44"]
    assert dig("+short", name_of(participant(4).value), "NAPTR") == [naptr("https://192.0.2.44/")]

    sml.update_publisher(Publisher("SMP-DIG-4", "https://[2001:db8::44]/", "192.0.2.1"))
    assert dig("+short", name, "A") == []
    assert dig("+short", name, "AAAA") == ["2001:db8::44"]

    sml.delete_publisher("SMP-DIG-4")
    assert any("status: NXDOMAIN" in line for line in dig(name, "AAAA"))
    assert any("status: NXDOMAIN" in line for line in dig(name_of(participant(4).value), "NAPTR"))


def test_naptr_follows_a_migration(
    shared_live: LiveInstance, sml: SmlClient, dig: Dig, name_of: NameOf, tmp_path: Path
) -> None:
    other_identity = write_identity(tmp_path, shared_live.pki.smp_ca, "SMP_DIG0000001")
    name = name_of(participant(5).value)
    sml.create_publisher(Publisher("SMP-DIG-5", "https://old.dig.example/", "192.0.2.1"))
    sml.create_participants("SMP-DIG-5", [participant(5)])
    with shared_live.sml_client(other_identity) as other:
        other.create_publisher(Publisher("SMP-DIG-6", "https://new.dig.example/", "192.0.2.1"))
        sml.prepare_migration("SMP-DIG-5", participant(5), KEY)
        assert dig("+short", name, "NAPTR") == [naptr("https://old.dig.example/")]
        other.migrate("SMP-DIG-6", participant(5), KEY)
    assert dig("+short", name, "NAPTR") == [naptr("https://new.dig.example/")]


def test_own_smp_registers_with_the_service_group(shared_live: LiveInstance, dig: Dig, name_of: NameOf) -> None:
    """Publishing is one transaction with the registration; the NAPTR leads to the domain's base URL."""
    publishing, stored = shared_live.instance.publishing, shared_live.stored
    publishing.put_service_group(ACTOR, stored, ServiceGroup(participant(7)))
    assert dig("+short", name_of(participant(7).value), "NAPTR") == [naptr(shared_live.addresses.public)]
    publishing.delete_service_group(ACTOR, stored, participant(7))
    assert any("status: NXDOMAIN" in line for line in dig(name_of(participant(7).value), "NAPTR"))


def test_serial_grows_with_each_change(sml: SmlClient, dig: Dig) -> None:
    def serial() -> int:
        (soa,) = dig("+short", "sml.test", "SOA")
        return int(soa.split()[2])

    before = serial()
    sml.create_publisher(Publisher("SMP-DIG-8", "https://smp.dig.example", "192.0.2.1"))
    after_publisher = serial()
    sml.create_participants("SMP-DIG-8", [participant(number) for number in range(80, 90)])
    assert before < after_publisher < serial()
    assert serial() == serial()
