# SPDX-License-Identifier: Apache-2.0
"""RFC 2136, clause by clause, as far as it is about who sends updates; read with a parser that isn't ours."""

from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update
import pytest

from registry.clock import system_clock
from registry.dns.push.channel import Channel
from registry.dns.push.failures import OvertakenError, Place
from registry.dns.push.messages import Soa, UpdatePacker
from registry.dns.push.progress import chain
from registry.dns.wire import rdata_to_wire
from registry.storage.queries.zone_pushes import RecordSetChange
from tests.simulators.update_targets import KEY, SimulatedPrimary, new_key

ZONE = "sml.test"
NAPTR = '60 100 10 "U" "Meta:SMP" "!.*!https://a.example!" .'
SOA = Soa(3600, rdata_to_wire("SOA", "ns1.example. host.example. 7 1 2 3 4"))
CHANGES = [
    RecordSetChange("a.iso6523-actorid-upis", "NAPTR", is_new=False, text=NAPTR),
    RecordSetChange("b.iso6523-actorid-upis", "NAPTR", is_new=False, text=None),
]


@pytest.fixture
def key(tmp_path: Path) -> dns.tsig.Key:
    return new_key(tmp_path)


Sent = tuple[dns.update.UpdateMessage, bytes]


@pytest.fixture
def sent(key: dns.tsig.Key) -> Sent:
    """An update with a lock as a server reads it, its signature verified, and its octets."""
    messages: list[bytes] = []

    class ListeningPrimary(SimulatedPrimary):
        def answer(self, wire: bytes) -> bytes | None:
            messages.append(wire)
            return super().answer(wire)

    empty = SimulatedPrimary.new(ZONE, key, 7)
    with ListeningPrimary(empty.zone, key, empty.records).on_loopback() as address:
        channel = Channel(Place(address, ZONE, KEY), key, system_clock)
        (update,) = UpdatePacker(ZONE, SOA).messages(CHANGES)
        with pytest.raises(OvertakenError):  # it has another SOA than that one
            channel.carry_out([update.to_wire((SOA, chain(SOA, 1, 8)[0]))])
        channel.close()
    parsed = dns.message.from_wire(messages[0], keyring={key.name: key})
    assert isinstance(parsed, dns.update.UpdateMessage)
    return parsed, messages[0]


def test_2_2_header_has_opcode_5_and_no_flags(sent: Sent) -> None:
    message, wire = sent
    assert message.opcode() == dns.opcode.UPDATE
    assert wire[2:4] == b"\x28\x00"
    assert not message.flags & dns.flags.QR


def test_2_3_zone_section_has_the_zone_alone_as_an_soa(sent: Sent) -> None:
    (zone,) = sent[0].zone
    assert (zone.name, zone.rdtype, zone.rdclass) == (dns.name.from_text(ZONE), dns.rdatatype.SOA, dns.rdataclass.IN)


def test_2_4_2_prerequisite_is_the_exact_soa_with_ttl_0(sent: Sent) -> None:
    (prerequisite,) = sent[0].prerequisite
    assert (prerequisite.name, prerequisite.rdtype) == (dns.name.from_text(ZONE), dns.rdatatype.SOA)
    assert (prerequisite.rdclass, prerequisite.ttl) == (dns.rdataclass.IN, 0)
    assert [rdata.to_text() for rdata in prerequisite] == ["ns1.example. host.example. 7 1 2 3 4"]


def test_2_5_1_records_are_added_with_the_zones_class_and_their_ttl(sent: Sent) -> None:
    added = [rrset for rrset in sent[0].update if not rrset.deleting and rrset.rdtype == dns.rdatatype.NAPTR]
    assert [(rrset.rdclass, rrset.ttl, len(rrset)) for rrset in added] == [(dns.rdataclass.IN, 60, 1)]


def test_2_5_2_record_sets_are_deleted_with_class_any_ttl_0_and_no_data(sent: Sent) -> None:
    deleted = [rrset for rrset in sent[0].update if rrset.deleting]
    assert {rrset.name.to_text() for rrset in deleted} == {
        f"{name}.iso6523-actorid-upis.{ZONE}." for name in ("a", "b")
    }
    assert {(rrset.deleting, rrset.ttl, len(rrset)) for rrset in deleted} == {(dns.rdataclass.ANY, 0, 0)}


def test_2_5_3_all_record_sets_of_a_name_are_deleted_by_type_any() -> None:
    alias = RecordSetChange("a", "CNAME", is_new=True, text="60 b.example.")
    (message,) = UpdatePacker(ZONE).messages([alias])
    update = dns.message.from_wire(message.to_wire())
    assert isinstance(update, dns.update.UpdateMessage)
    first = update.update[0]
    assert (first.rdtype, first.deleting) == (dns.rdatatype.ANY, dns.rdataclass.ANY)


def test_2_5_4_single_records_are_deleted_with_class_none_ttl_0_and_their_data() -> None:
    texts = ('60 "x"\n60 "y"', '90 "y"')
    gone = RecordSetChange("a", "TXT", is_new=False, text=None, only=texts)
    (message,) = UpdatePacker(ZONE).messages([gone])
    update = dns.message.from_wire(message.to_wire())
    assert isinstance(update, dns.update.UpdateMessage)
    assert {(rrset.deleting, rrset.ttl) for rrset in update.update} == {(dns.rdataclass.NONE, 0)}
    assert [rdata.to_text() for rrset in update.update for rdata in rrset] == ['"x"', '"y"']


def test_3_4_2_2_soa_comes_with_a_greater_serial_and_nothing_else_new(sent: Sent) -> None:
    (soa,) = (rrset for rrset in sent[0].update if rrset.rdtype == dns.rdatatype.SOA)
    assert [rdata.to_text() for rdata in soa] == ["ns1.example. host.example. 8 1 2 3 4"]


def test_3_4_2_4_apex_soa_and_ns_are_never_deleted() -> None:
    apex = [RecordSetChange("@", rdtype, is_new=False, text=None) for rdtype in ("SOA", "NS", "MX")]
    (message,) = UpdatePacker(ZONE, sweeping=True).messages(apex)
    update = dns.message.from_wire(message.to_wire())
    assert isinstance(update, dns.update.UpdateMessage)
    assert [dns.rdatatype.to_text(rrset.rdtype) for rrset in update.update] == ["MX"]


def test_6_2_updates_go_over_tcp_one_connection_for_many(key: dns.tsig.Key) -> None:
    primary = SimulatedPrimary.new(ZONE, key)
    with primary.on_loopback() as address:
        channel = Channel(Place(address, ZONE, KEY), key, system_clock)
        channel.carry_out(message.to_wire() for _ in range(20) for message in UpdatePacker(ZONE).messages(CHANGES))
        channel.close()
    assert (primary.connections, primary.updates) == (1, 20)


def test_rfc8945_5_3_1_message_is_signed_by_our_key(sent: Sent, key: dns.tsig.Key) -> None:
    message, _ = sent
    assert message.had_tsig
    assert message.keyname == key.name
    assert message.keyalgorithm == dns.tsig.HMAC_SHA256
