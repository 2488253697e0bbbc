# SPDX-License-Identifier: Apache-2.0
"""Where we ask others for a zone: RFC 5936 (AXFR), RFC 8945 §5.3.1 (TSIG over several messages), RFC 1035 §4.1.4."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from registry.dns.reconcile.wire_reader import Line, MalformedMessageError, WireReader
from registry.dns.reconcile.zone_transfer import Source, TransferRefusedError, ZoneCopy
from registry.errors import TechnicalError
from tests.simulators.zone_sender import ZoneSender, new_key, seconds, sending, soa_record

ZONE = "sml.test"
RECORDS = [
    soa_record(ZONE, 7),
    (f"{ZONE}.", 60, "NS", f"ns1.{ZONE}."),
    *((f"n{number}.{ZONE}.", 60, "A", f"192.0.2.{number}") for number in range(9)),
]


def taken(sender: ZoneSender, *, signed: bool = False) -> list[Line]:
    lines: list[Line] = []
    with sending(sender), ZoneCopy(Source(sender.address, ZONE, new_key() if signed else None)) as copy:
        copy.receive(lines.extend, seconds())
    return lines


@pytest.mark.parametrize("per_message", [1, 4, 1000])
def test_rfc5936_2_2_any_number_of_records_in_a_message_is_a_zone(per_message: int) -> None:
    assert len(taken(ZoneSender(RECORDS, per_message=per_message))) == len(RECORDS)


def test_rfc5936_2_2_first_and_last_record_are_the_same_soa() -> None:
    def other_end(messages: list[bytes]) -> list[bytes]:
        return [*messages[:-1], messages[-1].replace((7).to_bytes(4), (8).to_bytes(4))]

    with pytest.raises(TechnicalError, match="behind the end of the zone"):
        taken(ZoneSender(RECORDS, per_message=len(RECORDS), spoil=other_end))


def test_rfc5936_2_2_1_every_message_has_the_id_of_the_query() -> None:
    def other_id(messages: list[bytes]) -> list[bytes]:
        return [messages[0], bytes((messages[1][0] ^ 255,)) + messages[1][1:], *messages[2:]]

    with pytest.raises(TechnicalError, match="answers something else"):
        taken(ZoneSender(RECORDS, spoil=other_id))


def test_rfc5936_2_2_1_a_truncated_message_is_none_of_a_transfer() -> None:
    def cut(messages: list[bytes]) -> list[bytes]:
        return [messages[0][:2] + bytes((messages[0][2] | dns.flags.TC >> 8,)) + messages[0][3:], *messages[1:]]

    with pytest.raises(TechnicalError, match="cuts messages"):
        taken(ZoneSender(RECORDS, spoil=cut))


@pytest.mark.parametrize("rcode", [dns.rcode.REFUSED, dns.rcode.NOTAUTH], ids=["REFUSED", "NOTAUTH"])
def test_rfc5936_2_2_1_an_error_ends_it(rcode: dns.rcode.Rcode) -> None:
    with pytest.raises(TransferRefusedError, match=dns.rcode.to_text(rcode)):
        taken(ZoneSender(RECORDS, transfer_rcode=rcode))


def test_rfc5936_4_1_a_transfer_is_over_tcp_and_asks_once() -> None:
    sender = ZoneSender(RECORDS)
    taken(sender)
    assert sender.asked == ["AXFR"]


@pytest.mark.parametrize(("unsigned", "believed"), [(99, True), (100, False)])
def test_rfc8945_5_3_1_ninety_nine_messages_may_be_unsigned_between_two_that_are(unsigned: int, believed: bool) -> None:
    many = [*RECORDS, *((f"m{number}.{ZONE}.", 60, "A", "192.0.2.1") for number in range(250))]
    sender = ZoneSender(many, new_key(), 1, unsigned)
    if believed:
        assert len(taken(sender, signed=True)) == len(many)
    else:
        with pytest.raises(TechnicalError, match=r"5\.3\.1"):
            taken(sender, signed=True)


def test_rfc8945_5_3_1_the_first_and_the_last_message_are_signed() -> None:
    def bare(message: bytes) -> bytes:
        return message[:10] + b"\x00\x00" + message[12 : message.rindex(b"\x08transfer")]

    for place in (0, -1):

        def unsign(messages: list[bytes], place: int = place) -> list[bytes]:
            return [bare(each) if each is messages[place] else each for each in messages]

        with pytest.raises(TechnicalError, match=r"signed \(RFC 8945 §5\.3\.1\)"):
            taken(ZoneSender(RECORDS, new_key(), spoil=unsign), signed=True)


def test_rfc1035_4_1_4_a_pointer_leads_to_a_prior_name() -> None:
    message = dns.message.make_response(dns.message.make_query(ZONE, "AXFR")).to_wire()
    forward = message[:6] + b"\x00\x01" + message[8:] + (0xC000 | len(message) + 2).to_bytes(2) + b"\x00"
    with pytest.raises(MalformedMessageError, match="doesn't lead back"):
        WireReader().read(forward)
