# SPDX-License-Identifier: Apache-2.0
"""Which SML has the participants of an agency; and look-ups through delegated zones, as our own servers answer."""

import pytest
from dns.nameserver import Nameserver

from registry.discovery.errors import NoMatchingServiceError, NotRegisteredError, TechnicalFailureError
from registry.discovery.locator import DnsLocator
from registry.discovery.sml_locator import SmlLocation, locate_sml
from registry.dns.records import RRset, naptr_rrset
from registry.errors import ValidationError
from registry.identifiers.dns_names import NameForm, participant_name, participant_owner
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from tests.simulators.dns_records import SimulatedNameServer
from tests.simulators.recursion import RecursiveNameServer, server_of

ZONE = "sml.test"
API_URL = "https://sml.example.org/edelivery-sml"
PARTICIPANT = ParticipantIdentifier(ISO6523, "0088:test01")
TYPE_1 = NameForm("{hash}.{scheme}.{icd}.iso6523")
URL = "https://smp.example.org/"


def network(*rrsets: RRset) -> RecursiveNameServer:
    return RecursiveNameServer({"192.0.2.1": server_of(ZONE, *rrsets)}, {ZONE: "192.0.2.1"})


def located(server: Nameserver) -> SmlLocation:
    return locate_sml(DnsLocator(server, lifetime=1), "0088", ZONE)


def alias(owner: str, target: str) -> RRset:
    return RRset(owner, "CNAME", 60, (target,))


HOST = alias("0088.sml", "host.sml.test.")


def test_both_records_are_read() -> None:
    server = network(HOST, naptr_rrset("0088.sml-api", API_URL, ["Meta:SML"], 60))
    assert located(server) == SmlLocation("0088", "host.sml.test", API_URL)


def test_either_record_is_enough() -> None:
    assert located(network(HOST)) == SmlLocation("0088", "host.sml.test", None)
    api = naptr_rrset("0088.sml-api", API_URL, ["meta:sml"], 60)
    assert located(network(api)) == SmlLocation("0088", None, API_URL)


@pytest.mark.parametrize("end", [[], [RRset("end", "A", 60, ("192.0.2.80",))]], ids=["missing", "there"])
def test_an_alias_is_followed_to_its_end_whether_or_not_that_is_there(end: list[RRset]) -> None:
    server = network(alias("0088.sml", "at.sml.test."), alias("at", "end.sml.test."), *end)
    assert located(server).host == "end.sml.test"


def test_an_alias_is_good_though_the_servers_of_its_target_fail() -> None:
    here, broken = server_of(ZONE, alias("0088.sml", "host.other.test.")), server_of("elsewhere.test")
    roots = {ZONE: "192.0.2.1", "other.test": "192.0.2.2"}  # it refuses what it doesn't have
    assert located(RecursiveNameServer({"192.0.2.1": here, "192.0.2.2": broken}, roots)).host == "host.other.test"


def test_a_dname_above_the_record_is_followed() -> None:
    moved = [RRset("sml", "DNAME", 60, ("new.sml.test.",)), alias("0088.new", "host.sml.test.")]
    assert located(network(*moved)).host == "host.sml.test"


def test_aliases_in_a_loop_are_a_technical_failure() -> None:
    with pytest.raises(TechnicalFailureError, match="loop"):
        located(network(alias("0088.sml", "at.sml.test."), alias("at", "0088.sml.sml.test.")))


def test_an_agency_that_is_not_named_is_not_registered() -> None:
    with pytest.raises(NotRegisteredError):
        located(network())
    texts = [RRset(owner, "TXT", 60, ('"x"',)) for owner in ("0088.sml", "0088.sml-api")]
    with pytest.raises(NotRegisteredError):
        located(network(*texts))


def test_a_record_for_another_service_is_none_of_an_sml() -> None:
    with pytest.raises(NoMatchingServiceError):
        located(network(naptr_rrset("0088.sml-api", API_URL, ["Meta:SMP"], 60)))


def test_a_server_that_only_refers_to_others_is_a_technical_failure() -> None:
    server = SimulatedNameServer()
    server.refers = True
    with pytest.raises(TechnicalFailureError, match="refers to others"):
        located(server)


@pytest.mark.parametrize("icd", ["88", "00888", "٠٠٨٨", "abcd", "", "0088.x"])
def test_what_is_no_icd_is_refused(icd: str) -> None:
    with pytest.raises(ValidationError, match="SML-LOCATOR-ICD"):
        locate_sml(DnsLocator(SimulatedNameServer()), icd, ZONE)


def below(end: str) -> RRset:
    owner = participant_owner(PARTICIPANT, TYPE_1).removesuffix(f".{end}")
    return naptr_rrset(owner, URL, ["Meta:SMP"], 60)


def federation(*ends: RRset) -> RecursiveNameServer:
    """A network whose agency 0088 has zones of its own: one by delegation, and one of its own name."""
    delegated = server_of("0088.iso6523.sml.test", below("0088.iso6523"))
    own = server_of("0088.iso6523.g2b.test", below("0088.iso6523"))
    servers = {"192.0.2.1": server_of(ZONE, *ends), "192.0.2.2": delegated, "192.0.2.3": own}
    return RecursiveNameServer(servers, {ZONE: "192.0.2.1", "g2b.test": "192.0.2.3"})


def test_a_participant_of_a_delegated_zone_is_found() -> None:
    server = federation(
        RRset("0088.iso6523", "NS", 60, ("ns.0088.iso6523.sml.test.",)),
        RRset("ns.0088.iso6523", "A", 60, ("192.0.2.2",)),
    )
    answer = DnsLocator(server).naptr(participant_name(PARTICIPANT, ZONE, TYPE_1))
    assert [record.regexp for record in answer.records] == [f"!.*!{URL}!"]
    assert server.asked == ["192.0.2.1", "192.0.2.2"]


def test_a_participant_of_a_zone_behind_a_dname_is_found() -> None:
    server = federation(RRset("0088.iso6523", "DNAME", 60, ("0088.iso6523.g2b.test.",)))
    answer = DnsLocator(server).naptr(participant_name(PARTICIPANT, ZONE, TYPE_1))
    assert [record.regexp for record in answer.records] == [f"!.*!{URL}!"]
    assert answer.aliases == (participant_name(PARTICIPANT, "g2b.test", TYPE_1),)


def test_a_participant_that_the_delegated_zone_denies_is_not_registered() -> None:
    server = federation(
        RRset("0088.iso6523", "NS", 60, ("ns.0088.iso6523.sml.test.",)),
        RRset("ns.0088.iso6523", "A", 60, ("192.0.2.2",)),
    )
    other = ParticipantIdentifier(ISO6523, "0088:other")
    with pytest.raises(NotRegisteredError, match=r"said by the zone 0088\.iso6523\.sml\.test"):
        DnsLocator(server).naptr(participant_name(other, ZONE, TYPE_1))
