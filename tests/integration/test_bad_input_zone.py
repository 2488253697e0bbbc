# SPDX-License-Identifier: Apache-2.0
"""A zone that holds what no server may serve: the others go on, and it catches up once it is repaired."""

import dns.message
import dns.query
import dns.rcode
import pytest
import structlog.testing

from registry.app.domain_setup import add_domain
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.records import RRset
from registry.identifiers.dns_names import participant_name
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.storage.domain_directory import StoredDomain
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance

ALIAS = RRset("poison", "CNAME", 60, ("elsewhere.example.",))
NEIGHBOUR = RRset("poison", "TXT", 60, ('"beside an alias"',))
BEFORE, AFTER = ParticipantIdentifier(ISO6523, "0088:before"), ParticipantIdentifier(ISO6523, "0088:after")


def write(live: LiveInstance, stored: StoredDomain, *states: NewState) -> None:
    assert stored.zone_id is not None
    with live.instance.database.write(ACTOR) as work:
        live.instance.journal.write(work, stored.zone_id, states)
    live.wait_for_dns()


def rcode(live: LiveInstance, name: str, rdtype: str) -> dns.rcode.Rcode:
    host, port = live.addresses.dns.rsplit(":", 1)
    return dns.query.udp(dns.message.make_query(name, rdtype), host, port=int(port), timeout=5).rcode()


def register(live: LiveInstance, participant: ParticipantIdentifier) -> str:
    with live.sml_client() as sml:
        sml.create_participants(SMP_ID, [participant])
    live.wait_for_dns()
    return participant_name(participant, "sml.test")


@pytest.fixture
def second_domain(live: LiveInstance) -> StoredDomain:
    settings = {
        "name": "second",
        "default": False,
        "smp": {"base_url": "https://second.example.org"},
        "dns": {"zone": "second.test"},
    }
    return add_domain(live.instance, ACTOR, "demo", settings, register_smp=False)


def test_poisoned_zone_keeps_its_last_state_and_holds_up_no_other(
    live: LiveInstance, second_domain: StoredDomain
) -> None:
    before = register(live, BEFORE)
    with structlog.testing.capture_logs() as logged:
        write(live, live.stored, NewState.of(ALIAS), NewState.of(NEIGHBOUR))
        after = register(live, AFTER)
        write(live, second_domain, NewState.of(RRset("new", "TXT", 60, ('"x"',))))
    assert {entry["zone"] for entry in logged if entry["event"] == "zone_unreadable"} == {"sml.test"}
    assert rcode(live, before, "NAPTR") == dns.rcode.NOERROR
    assert rcode(live, after, "NAPTR") == dns.rcode.NXDOMAIN
    assert rcode(live, "new.second.test", "TXT") == dns.rcode.NOERROR

    write(live, live.stored, NewState("poison", "TXT", None))
    assert rcode(live, after, "NAPTR") == dns.rcode.NOERROR, "nothing of what came meanwhile is lost"
    assert rcode(live, "poison.sml.test", "CNAME") == dns.rcode.NOERROR


def test_process_that_starts_with_a_poisoned_zone_serves_the_others(
    live: LiveInstance, second_domain: StoredDomain
) -> None:
    write(live, live.stored, NewState.of(ALIAS), NewState.of(NEIGHBOUR))
    publisher = ZonePublisher(live.instance.database, "another")
    with structlog.testing.capture_logs() as logged:
        begun = publisher.tick().begun
    assert [zone.name for zone in begun] == [second_domain.domain.dns.zone]
    assert "zone_unreadable" in {entry["event"] for entry in logged}
    write(live, live.stored, NewState("poison", "CNAME", None))
    assert [zone.name for zone in publisher.tick().begun] == ["sml.test"]
