# SPDX-License-Identifier: Apache-2.0
"""What a primary answers is believed only where our key has signed it, and every refusal says what to do."""

import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.rcode
import dns.tsig
import pytest

from registry.clock import system_clock
from registry.dns.push.channel import AT_ONCE, Channel
from registry.dns.push.failures import OvertakenError, Place, refusal, signature_refused
from registry.dns.push.messages import UpdatePacker
from registry.dns.tsig import TsigError, TsigRecord
from registry.errors import ConflictError, TechnicalError
from registry.storage.queries.zone_pushes import RecordSetChange
from tests.simulators.update_targets import KEY, SimulatedPrimary, new_key

ZONE = "sml.test"
PLACE = Place("ns1.example:53", ZONE, KEY)


@pytest.fixture
def primary(tmp_path: Path) -> SimulatedPrimary:
    return SimulatedPrimary.new(ZONE, new_key(tmp_path))


@contextmanager
def channel_to(address: str, key: dns.tsig.Key) -> Iterator[Channel]:
    channel = Channel(Place(address, ZONE, KEY), key, system_clock)
    yield channel
    channel.close()


def updates(number: int) -> list[bytes]:
    changes = [RecordSetChange(f"n{each}", "TXT", False, '60 "x"') for each in range(number)]
    return [message.to_wire() for change in changes for message in UpdatePacker(ZONE).messages([change])]


@contextmanager
def answering(answer: Callable[[bytes], list[bytes]]) -> Iterator[str]:
    """A server that answers each message with these."""

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while len(head := self.rfile.read(2)) == 2:
                for each in answer(self.rfile.read(struct.unpack("!H", head)[0])):
                    self.wfile.write(struct.pack("!H", len(each)) + each)
            self.request.close()

    with socketserver.TCPServer(("127.0.0.1", 0), Tcp) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_many_messages_go_over_one_connection(primary: SimulatedPrimary) -> None:
    with primary.on_loopback() as address, channel_to(address, primary.key) as channel:
        for _ in range(3):
            channel.carry_out(updates(3 * AT_ONCE))
            assert channel.soa().serial == primary.serial
    assert primary.updates == 9 * AT_ONCE
    assert primary.connections == 1


def test_ids_wrap_around(primary: SimulatedPrimary) -> None:
    with primary.on_loopback() as address, channel_to(address, primary.key) as channel:
        channel._id = 0xFFFF - 4
        channel.carry_out(updates(10))
    assert primary.updates == 10


def test_connection_that_was_closed_meanwhile_is_opened_anew(primary: SimulatedPrimary) -> None:
    def meddle(number: int, answer: dns.message.Message) -> bytes:
        return answer.to_wire()

    primary.meddle = meddle
    with channel_to("127.0.0.1:1", primary.key) as channel:
        for _ in range(2):
            with primary.on_loopback() as address:
                channel.place = Place(address, ZONE, KEY)
                channel.carry_out(updates(1))
    assert (primary.updates, primary.connections) == (2, 2)


def unsigned(wire: bytes) -> list[bytes]:
    return [wire[:2] + b"\xa8\x00" + bytes(8)]


def refused(wire: bytes) -> list[bytes]:
    return [wire[:2] + b"\xa8\x05" + bytes(8)]


def other_id(wire: bytes) -> list[bytes]:
    return [bytes([wire[0] ^ 1]) + wire[1:2] + b"\xa8\x00" + bytes(8)]


def short(wire: bytes) -> list[bytes]:
    return [wire[:2]]


def reflected(wire: bytes) -> list[bytes]:
    return [wire]


def broken(wire: bytes) -> list[bytes]:
    return [wire[:2] + b"\xa8\x00" + bytes(6) + b"\x00\x01" + b"\xc0"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (unsigned, "doesn't sign its answers"),
        (refused, "REFUSED, without a signature: let the key"),
        (other_id, "answers what it wasn't asked"),
        (short, "answers what it wasn't asked"),
        (reflected, "wrong signature .BADSIG"),
        (broken, "can't be read"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_answer_that_proves_nothing_is_not_believed(
    primary: SimulatedPrimary, answer: Callable[[bytes], list[bytes]], said: str
) -> None:
    with (
        answering(answer) as address,
        channel_to(address, primary.key) as channel,
        pytest.raises(TechnicalError, match=said),
    ):
        channel.carry_out(updates(1))


def test_changed_answer_is_not_believed(primary: SimulatedPrimary) -> None:
    def meddle(number: int, answer: dns.message.Message) -> bytes:
        wire = bytearray(answer.to_wire())
        wire[-20] ^= 1
        return bytes(wire)

    primary.meddle = meddle
    with (
        primary.on_loopback() as address,
        channel_to(address, primary.key) as channel,
        pytest.raises(TechnicalError, match=r"wrong signature|can't be read"),
    ):
        channel.carry_out(updates(1))


def test_answer_to_another_message_is_not_believed(primary: SimulatedPrimary) -> None:
    """A signature is over the MAC of the query (RFC 8945 §5.3.1), so answers can't be swapped."""
    held: list[bytes] = []

    def meddle(number: int, answer: dns.message.Message) -> bytes:
        held.append(answer.to_wire())
        return held[0][:]

    primary.meddle = meddle
    with primary.on_loopback() as address, channel_to(address, primary.key) as channel:
        channel.carry_out(updates(1))
        channel._id -= 1  # the same id, another message
        with pytest.raises(TechnicalError, match="wrong signature"):
            channel.carry_out(updates(2)[1:])


@pytest.mark.parametrize(
    ("name", "said"), [("other.example", "doesn't know a key other.example|BADKEY"), (KEY, "another secret")]
)
def test_wrong_key_is_told(primary: SimulatedPrimary, tmp_path: Path, name: str, said: str) -> None:
    with (
        primary.on_loopback() as address,
        channel_to(address, new_key(tmp_path / "other", name)) as channel,
        pytest.raises(TechnicalError, match=said),
    ):
        channel.carry_out(updates(1))


def test_server_that_is_not_there_is_told(primary: SimulatedPrimary) -> None:
    for address in ("127.0.0.1:1", "no address"):
        with channel_to(address, primary.key) as channel, pytest.raises(TechnicalError, match=r"reached|HOST:PORT"):
            channel.soa()


@pytest.mark.parametrize(
    ("rcode", "said"),
    [
        (dns.rcode.REFUSED, "let the key push.example update every name"),
        (dns.rcode.NOTAUTH, "doesn't serve sml.test as a primary"),
        (dns.rcode.NOTZONE, "a name lies outside"),
        (dns.rcode.NOTIMP, "switch dynamic updates on"),
        (dns.rcode.FORMERR, "doesn't understand our messages"),
        (dns.rcode.SERVFAIL, "failed by itself"),
        (dns.rcode.Rcode.make(11), "its log may say why"),
    ],
)
def test_each_refusal_says_what_to_do(rcode: dns.rcode.Rcode, said: str) -> None:
    error = refusal(PLACE, rcode)
    assert isinstance(error, TechnicalError)
    assert said in str(error)


@pytest.mark.parametrize("rcode", [dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN])
def test_prerequisite_that_fails_means_another_writer(rcode: dns.rcode.Rcode) -> None:
    assert isinstance(refusal(PLACE, rcode), OvertakenError)
    assert isinstance(refusal(PLACE, rcode), ConflictError)
    assert not isinstance(refusal(PLACE, rcode, signed=False), OvertakenError)  # anybody can have said so


@pytest.mark.parametrize(
    ("error", "other", "said"),
    [
        (TsigError.BADTIME, (1400).to_bytes(6), r"by 400 s, it is ahead \(BADTIME\): set both by NTP"),
        (TsigError.BADTIME, (600).to_bytes(6), "by 400 s, it is behind"),
        (TsigError.BADTIME, b"", r"differ \(BADTIME\)"),
        (TsigError.BADKEY, b"", "give it the key"),
        (TsigError.BADSIG, b"", "another secret"),
        (TsigError.BADTRUNC, b"", "another length"),
        (99, b"", "the error 99"),
    ],
)
def test_each_error_of_a_signature_says_what_to_do(error: int, other: bytes, said: str) -> None:
    record = TsigRecord(0, b"", b"", 0, 300, b"", b"\0\0", error, other)
    with pytest.raises(TechnicalError, match=said):
        raise signature_refused(PLACE, record, 1000)
