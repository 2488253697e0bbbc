# SPDX-License-Identifier: Apache-2.0
"""A zone is sent whole or as differences, signed, from one moment; what fails is told and kept."""

import time
import tracemalloc

import dns.message
import dns.name
import dns.rcode
import dns.tsig
import dns.xfr
import dns.zone
import pytest

from registry.dns.transfer.sending import ZoneSender
from registry.storage.queries import zones
from tests.simulators.offline import OfflineInstance
from tests.simulators.zone_transfers import (
    Taken,
    held_zone,
    last_transfers,
    request,
    serial_of,
    set_serial,
    stamp,
    write,
)

KEY = dns.tsig.Key(dns.name.from_text("sec.test"), b"k" * 32, dns.tsig.HMAC_SHA256)


@pytest.fixture
def zone_id(offline: OfflineInstance) -> int:
    assert offline.stored.zone_id is not None
    stamp(offline.instance.database)
    return offline.stored.zone_id


@pytest.fixture
def sender(offline: OfflineInstance) -> ZoneSender:
    return ZoneSender(offline.instance.database, lambda: int(time.time()))


def test_axfr_begins_and_ends_with_the_soa_of_the_serial(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender
) -> None:
    taken = Taken()
    sender.send(request("AXFR", "sml.test"), taken)
    records = taken.records()
    assert serial_of(records[0]) == held_zone(offline.instance.database, zone_id).serial
    assert records[0] == records[-1]
    assert len(records) == len(set(records)) + 1
    assert taken.ends == [False]
    (row,) = last_transfers(offline.instance.database, zone_id)
    assert (row.kind, row.client, row.key, row.octets) == ("AXFR", "127.0.0.1", "", len(taken.messages[0]))
    assert (row.succeeded_at, row.failed_at, row.failure) == (offline.clock.now, None, None)


def test_axfr_leaves_out_what_waits_for_its_serial(offline: OfflineInstance, zone_id: int, sender: ZoneSender) -> None:
    before, after = Taken(), Taken()
    sender.send(request("AXFR", "sml.test"), before)
    write(offline.instance.database, zone_id, ("a", "TXT", '60 "1"'), ("@", "SOA", "60 other. h.test. 0 1 1 1 1"))
    sender.send(request("AXFR", "sml.test"), after)
    assert before.messages == after.messages


@pytest.mark.parametrize("ahead", [0, 1, 1000])
def test_ixfr_from_the_same_or_a_newer_serial_is_a_single_soa(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender, ahead: int
) -> None:
    """RFC 1995 §2."""
    serial = held_zone(offline.instance.database, zone_id).serial
    taken = Taken()
    sender.send(request("IXFR", "sml.test", since=serial + ahead), taken)
    assert [serial_of(record) for record in taken.records()] == [serial]
    assert last_transfers(offline.instance.database, zone_id) == [], "nothing was transferred"


def test_ixfr_from_an_unknown_serial_is_the_whole_zone(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender
) -> None:
    set_serial(offline.instance.database, zone_id, 1000)
    asked, whole = Taken(), Taken()
    sender.send(request("IXFR", "sml.test", since=5), asked)
    sender.send(request("AXFR", "sml.test"), whole)
    assert asked.records() == whole.records()
    (row,) = last_transfers(offline.instance.database, zone_id)
    assert (row.kind, row.serial) == ("AXFR", 1000)


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
def test_dnspython_takes_signed_transfers_over(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender, kind: str
) -> None:
    database = offline.instance.database
    serial = held_zone(database, zone_id).serial
    copy = dns.zone.Zone("sml.test")
    taken = Taken()
    sender.send(request("AXFR", "sml.test", key=KEY), taken)
    _read(copy, "AXFR", taken, None)
    write(database, zone_id, *((f"n{number}.upis", "TXT", f'60 "{"x" * 200}"') for number in range(700)))
    stamp(database)
    taken = Taken()
    sender.send(request(kind, "sml.test", since=serial, key=KEY), taken)  # type: ignore[arg-type]
    _read(copy, kind, taken, serial)
    with database.read() as connection:
        owners = {owner for owner, _, _ in zones.state(connection, zone_id)}
    assert len(taken.messages) > 1
    assert {name.to_text() for name in copy.nodes} == owners


def _read(copy: dns.zone.Zone, kind: str, taken: Taken, since: int | None) -> None:
    with dns.xfr.Inbound(copy, dns.rdatatype.from_text(kind), since) as inbound:
        context, done = None, False
        for wire in taken.messages:
            message = dns.message.from_wire(
                wire,
                keyring=KEY,
                request_mac=b"m" * 32,
                xfr=True,
                origin=copy.origin,
                tsig_ctx=context,
                multi=True,
                one_rr_per_rrset=kind == "IXFR",
            )
            assert message.had_tsig
            context = message.tsig_ctx
            done = inbound.process_message(message)
        assert done


def test_a_transfer_that_is_cut_off_is_kept_as_failed_and_ends_the_connection(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender
) -> None:
    database = offline.instance.database
    sender.send(request("AXFR", "sml.test"), Taken())
    (good,) = last_transfers(database, zone_id)
    write(database, zone_id, *((f"n{number}.upis", "TXT", f'60 "{"x" * 200}"') for number in range(700)))
    stamp(database)
    offline.clock.forward(hours=1)
    taken = Taken(most=1)
    sender.send(request("AXFR", "sml.test"), taken)
    assert taken.ends == [True]
    (row,) = last_transfers(database, zone_id)
    assert (row.failure, row.failed_at) == ("the connection has ended", offline.clock.now)
    assert row.succeeded_at == good.succeeded_at, "it is still known when it last went well"
    assert row.octets == len(taken.messages[0])


def test_what_can_not_be_rendered_is_servfail_before_the_first_message(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender
) -> None:
    write(offline.instance.database, zone_id, ("a", "A", "60 no-address"))
    stamp(offline.instance.database)
    taken = Taken()
    sender.send(request("AXFR", "sml.test", key=KEY), taken)
    (wire,) = taken.messages
    answer = dns.message.from_wire(wire, keyring=KEY, request_mac=b"m" * 32)
    assert (answer.rcode(), answer.had_tsig, answer.answer) == (dns.rcode.SERVFAIL, True, [])
    assert taken.ends == [False], "others may be asked on this connection"
    (row,) = last_transfers(offline.instance.database, zone_id)
    assert row.failure is not None


def test_what_can_not_be_rendered_ends_the_connection_later(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender
) -> None:
    many = [(f"n{number}.upis", "TXT", f'60 "{"x" * 200}"') for number in range(700)]
    write(offline.instance.database, zone_id, *many, ("zzz", "A", "60 no-address"))
    stamp(offline.instance.database)
    taken = Taken()
    sender.send(request("AXFR", "sml.test"), taken)
    assert taken.ends == [True]
    assert records_end_without_soa(taken)


def records_end_without_soa(taken: Taken) -> bool:
    return serial_of(taken.records()[-1]) is None


def test_a_zone_that_has_gone_is_servfail(sender: ZoneSender) -> None:
    taken = Taken()
    sender.send(request("AXFR", "gone.test"), taken)
    assert dns.message.from_wire(taken.messages[0]).rcode() == dns.rcode.SERVFAIL


def test_a_transfer_of_many_names_takes_little_memory(
    offline: OfflineInstance, zone_id: int, sender: ZoneSender
) -> None:
    class Counting(Taken):
        def send(self, message: bytes) -> None:
            self.ends.append(bool(message))

    for part in range(4):
        names = (f"{part}-{number:050}.upis" for number in range(10_000))
        write(offline.instance.database, zone_id, *((name, "TXT", '60 "x"') for name in names))
    stamp(offline.instance.database)
    counting = Counting()
    tracemalloc.start()
    sender.send(request("AXFR", "sml.test"), counting)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(counting.ends) > 40
    assert peak < 12 * 1024 * 1024, "40,000 names take more as objects"
