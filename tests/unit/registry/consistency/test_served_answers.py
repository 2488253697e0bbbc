# SPDX-License-Identifier: Apache-2.0
"""Answers of a name server are compared by samples, where the server claims to be as far as the zone is."""

from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from registry.consistency.findings import Finding, Findings, Kind, Seen
from registry.consistency.served_answers import compare_answers
from registry.demo.pki import DemoPki
from registry.dns.asking import ShownSoa
from registry.dns.journal import ZonePublisher
from registry.errors import TechnicalError
from registry.sml.model import Publisher
from registry.storage.queries import zones
from tests.simulators.live import SMP_ID
from tests.simulators.offline import BASE_URL, OfflineInstance, offline_instance, participant

SERVER = "ns1.example.org:53"
RIGHT = f'60 IN NAPTR 100 10 "U" "Meta:SMP" "!.*!{BASE_URL}!" .'
Answer = Callable[[str], list[str]]


def compared(offline: OfflineInstance, answer: Answer, serial: int | None = None) -> tuple[int, list[Finding]]:
    """How many names were compared, and what was found, of a server that answers a name with these records."""
    ZonePublisher(offline.instance.database, "stamping", 0).tick(serve=False)
    with offline.instance.database.read() as connection:
        (zone,) = zones.all_zones(connection)

    def query(server: str, message: dns.message.Message) -> dns.message.Message:
        assert server == SERVER
        response = dns.message.make_response(message)
        for record in answer(str(message.question[0].name)):
            owner, ttl, _, rdtype, rdata = record.split(" ", 4)
            response.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", rdtype, rdata))
        return response

    with Findings(Seen(offline.clock.now, 0)) as findings:
        number = compare_answers(
            offline.instance.database,
            offline.stored,
            SERVER,
            20,
            findings,
            query=query,
            soa_of=lambda _server, _zone: ShownSoa(zone.serial if serial is None else serial),
        )
        return number, list(findings)


def register(offline: OfflineInstance, *values: str) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant(value) for value in values])


def test_right_answers_are_no_findings(offline: OfflineInstance) -> None:
    register(offline, "0088:1", "0088:2")
    assert compared(offline, lambda name: [f"{name} {RIGHT}"]) == (2, [])


@pytest.mark.parametrize(
    "answer",
    [
        lambda name: [],
        lambda name: [f"{name} {RIGHT}".replace("smp.", "other.")],
        lambda name: [f"{name} {RIGHT}".replace(" 60 ", " 61 ")],
        lambda name: [f"x.{name} {RIGHT}"],
        lambda name: [f"{name} {RIGHT}", f"{name} 60 IN CNAME other.example."],
    ],
    ids=["nothing", "other-url", "other-ttl", "other-owner", "more"],
)
def test_other_answers_are_findings(offline: OfflineInstance, answer: Answer) -> None:
    register(offline, "0088:1")
    number, (finding,) = compared(offline, answer)
    assert (number, finding.kind) == (1, Kind.SERVER_DIFFERS)
    assert finding.wanted != finding.found


def test_name_that_has_changed_since_the_servers_serial_is_left_out(offline: OfflineInstance) -> None:
    register(offline, "0088:1")
    compared(offline, lambda name: [f"{name} {RIGHT}"])
    with offline.instance.database.read() as connection:
        serial = zones.all_zones(connection)[0].serial
    register(offline, "0088:2")
    assert compared(offline, lambda name: [f"{name} {RIGHT}"], serial) == (1, [])
    sml = offline.instance.sml
    sml.update_publisher(offline.caller(), Publisher(SMP_ID, "https://new.example.org/", "1.1.1.1"))
    assert compared(offline, lambda name: [f"{name} {RIGHT}"], serial) == (0, [])


def test_failure_is_what_was_found(offline: OfflineInstance) -> None:
    register(offline, "0088:1")

    def fails(_name: str) -> list[str]:
        raise TechnicalError("no answer within 2 s")

    _, (finding,) = compared(offline, fails)
    assert finding.found == "no answer within 2 s"


def test_alias_is_compared_and_not_what_it_leads_to(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, dns={"publisher_indirection": True}) as offline:
        register(offline, "0088:1")
        target = f"{SMP_ID.lower()}.naptr.{offline.stored.domain.dns.zone}."
        chained = f"{target} {RIGHT}"
        assert compared(offline, lambda name: [f"{name} 60 IN CNAME {target.upper()}", chained]) == (1, [])


def test_domain_without_participants_has_nothing_to_sample(offline: OfflineInstance) -> None:
    assert compared(offline, lambda name: []) == (0, [])
