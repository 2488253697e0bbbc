# SPDX-License-Identifier: Apache-2.0
"""Zones are taken from servers as they give them, verified; whatever a server does wrong is a failure with a reason."""

from collections.abc import Callable

import dns.rcode
import dns.tsig
import pytest

from registry.dns.reconcile.wire_reader import Line
from registry.dns.reconcile.zone_transfer import Source, TransferRefusedError, ZoneCopy
from registry.errors import TechnicalError
from tests.simulators.zone_sender import ZoneSender, new_key, seconds, sending, soa_record

ZONE = "sml.test"
RECORDS = [
    soa_record(ZONE, 7),
    (f"{ZONE}.", 3600, "NS", f"ns1.{ZONE}."),
    *((f"n{number}.{ZONE}.", 60, "TXT", f'"{number % 3}"') for number in range(20)),
]


def received(sender: ZoneSender, key: dns.tsig.Key | None = None, *, late_s: float = 0) -> tuple[int, list[Line]]:
    lines: list[Line] = []
    with ZoneCopy(Source(sender.address, ZONE, key)) as copy:
        copy.receive(lines.extend, seconds() + late_s)
        again = [line for part in copy.lines() for line in part]
        assert again == [*lines, lines[0]]
        return copy.serial, lines


@pytest.mark.parametrize("per_message", [1, 2, 5, 100])
@pytest.mark.parametrize("unsigned_every", [0, 2, 99])
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_zone_is_taken_whole(per_message: int, unsigned_every: int, signed: bool) -> None:
    key = new_key() if signed else None
    sender = ZoneSender(RECORDS, key, per_message, unsigned_every)
    with sending(sender):
        serial, lines = received(sender, key)
    assert serial == 7
    assert len(lines) == len(set(lines)) == len(RECORDS)


def test_refusal_is_told_from_a_failure() -> None:
    with sending(ZoneSender(RECORDS, transfer_rcode=dns.rcode.REFUSED)) as sender:
        with pytest.raises(TransferRefusedError, match="REFUSED"):
            received(sender)
        sender.transfer_rcode = dns.rcode.SERVFAIL
        with pytest.raises(TechnicalError, match="SERVFAIL") as caught:
            received(sender)
        assert not isinstance(caught.value, TransferRefusedError)


def test_server_that_signs_with_another_secret_is_not_believed() -> None:
    with sending(ZoneSender(RECORDS, new_key(secret=b"t" * 32))) as sender, pytest.raises(TechnicalError):
        received(sender, new_key())


def test_signature_of_another_time_is_refused() -> None:
    with sending(ZoneSender(RECORDS, new_key())) as sender, pytest.raises(TechnicalError, match="BadTime"):
        received(sender, new_key(), late_s=3600)


def _cut(messages: list[bytes]) -> list[bytes]:
    return messages[:-1]


def _without_signature(messages: list[bytes]) -> list[bytes]:
    """The last one without its TSIG record, which has a known size: all messages before it are as they should be."""
    last = messages[-1]
    bare = last[: last.rindex(b"\x08transfer")]
    return [*messages[:-1], bare[:10] + b"\x00\x00" + bare[12:]]


def _changed(messages: list[bytes]) -> list[bytes]:
    return [messages[0], messages[1].replace(b"\x010", b"\x019"), *messages[2:]]


def _swapped(messages: list[bytes]) -> list[bytes]:
    return [messages[0], messages[2], messages[1], *messages[3:]]


def _left_out(messages: list[bytes]) -> list[bytes]:
    return [messages[0], *messages[2:]]


def _other_id(messages: list[bytes]) -> list[bytes]:
    return [bytes((messages[0][0] ^ 1,)) + messages[0][1:], *messages[1:]]


def _without_soa(messages: list[bytes]) -> list[bytes]:
    return messages[1:]


def _garbage(messages: list[bytes]) -> list[bytes]:
    return [messages[0], b"\xff" * 40, *messages[1:]]


@pytest.mark.parametrize(
    "spoil", [_cut, _without_signature, _changed, _swapped, _left_out, _other_id, _without_soa, _garbage]
)
def test_zone_that_was_tampered_with_is_refused(spoil: Callable[[list[bytes]], list[bytes]]) -> None:
    with sending(ZoneSender(RECORDS, new_key(), spoil=spoil)) as sender, pytest.raises(TechnicalError):
        received(sender, new_key())


@pytest.mark.parametrize("spoil", [_cut, _without_soa, _garbage, _other_id])
def test_zone_that_is_not_whole_is_refused_without_a_key_too(spoil: Callable[[list[bytes]], list[bytes]]) -> None:
    with sending(ZoneSender(RECORDS, spoil=spoil)) as sender, pytest.raises(TechnicalError):
        received(sender)


def test_more_than_a_hundred_unsigned_messages_are_refused() -> None:
    """RFC 8945 §5.3.1: at most 99 between two signatures."""
    records = [*RECORDS, *((f"m{number}.{ZONE}.", 60, "TXT", '"x"') for number in range(200))]
    with sending(ZoneSender(records, new_key(), 1, 100)) as sender:
        with pytest.raises(TechnicalError, match="aren't signed"):
            received(sender, new_key())
        sender.unsigned_every = 99
        assert received(sender, new_key())[0] == 7


def test_address_that_is_none_and_server_that_is_not_there_are_failures() -> None:
    with ZoneCopy(Source("no address", ZONE)) as copy, pytest.raises(TechnicalError, match="HOST:PORT"):
        copy.receive(lambda _: None, seconds())
    with sending(ZoneSender(RECORDS)) as sender:
        pass
    with ZoneCopy(Source(sender.address, ZONE)) as copy, pytest.raises(TechnicalError, match="no connection"):
        copy.receive(lambda _: None, seconds())
