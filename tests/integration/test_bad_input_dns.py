# SPDX-License-Identifier: Apache-2.0
"""Bad packets at the DNS server: an error code or silence for each, and good answers for everybody else."""

import contextlib
import random
import socket
import struct
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

from registry.demo.content import PARTICIPANTS, demo_metadata
from registry.identifiers.dns_names import participant_name
from tests.simulators.hostile import assert_discreet, cheap, nothing_changed
from tests.simulators.live import ACTOR, LiveInstance

pytestmark = pytest.mark.any_database

NAME = participant_name(PARTICIPANTS[0][0], "sml.test")


@pytest.fixture(scope="module")
def server(shared_live: LiveInstance) -> tuple[str, int]:
    """Where DNS listens; one participant is registered."""
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, metadata, create_group=True)
    shared_live.wait_for_dns()
    host, port = shared_live.addresses.dns.rsplit(":", 1)
    return host, int(port)


def good() -> bytes:
    return dns.message.make_query(NAME, "NAPTR", id=0xBEEF).to_wire()


def udp(server: tuple[str, int], *packets: bytes) -> list[bytes]:
    """What comes back for these packets, up to the answer to a good question that is asked behind them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.connect(server)
        for packet in packets:
            asking.send(packet)
        asking.send(good())
        answers = []
        while True:
            answers.append(asking.recv(65_535))
            if answers[-1][:2] == b"\xbe\xef" and answers[-1][6:8] != b"\x00\x00":
                check(answers[-1])
                return answers[:-1]


def check(answer: bytes) -> None:
    message = dns.message.from_wire(answer)
    assert message.rcode() == dns.rcode.NOERROR
    assert [rrset.rdtype for rrset in message.answer] == [dns.rdatatype.NAPTR]


@contextlib.contextmanager
def tcp(server: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(server, 5) as connection:
        yield connection


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def read_framed(connection: socket.socket) -> bytes:
    """One message; empty where the server has closed."""
    with connection.makefile("rb") as file:
        length = file.read(2)
        return file.read(int.from_bytes(length)) if len(length) == 2 else b""


def header(
    number: int = 1, flags: int = 0, questions: int = 1, answers: int = 0, authorities: int = 0, more: int = 0
) -> bytes:
    return struct.pack("!HHHHHH", number, flags, questions, answers, authorities, more)


QUESTION = good()[12:]
OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
TSIG_OF_NOBODY = (
    (b"\x06nobody\x00\x00\xfa\x00\xff" + bytes(4) + (13 + 16 + 32).to_bytes(2))
    + b"\x0bhmac-sha256\x00"
    + bytes(8)
    + b"\x00\x20"
    + bytes(32 + 6)
)
IXFR = b"\x03sml\x04test\x00\x00\xfb\x00\x01"
FORMERR, NOTIMP, REFUSED, NOTAUTH = 1, 4, 5, 9

MALFORMED = {
    "no question": header(questions=0),
    "two questions": header(questions=2) + QUESTION * 2,
    "65535 questions": header(questions=0xFFFF) + QUESTION,
    "question cut off": header() + QUESTION[:-3],
    "octets behind it": header() + QUESTION + b"more",
    "answers that are not there": header(answers=0xFFFF) + QUESTION,
    "records that are not there": header(more=0xFFFF) + QUESTION,
    "pointer in the question": header() + b"\xc0\x0c" + b"\x00\x01\x00\x01",
    "pointer to itself": header(more=1) + QUESTION + b"\xc0" + bytes([12 + len(QUESTION)]) + bytes(6),
    "pointer forward": header() + b"\xc0\xff" + bytes(300),
    "label of 64 octets": header() + b"\x40" + b"a" * 64 + b"\x00\x00\x01\x00\x01",
    "label type 10": header() + b"\x80" + b"a" * 64 + b"\x00\x00\x01\x00\x01",
    "name of 256 octets": header() + (b"\x3f" + b"a" * 63) * 4 + b"\x00\x00\x01\x00\x01",
    "endless name": header() + b"\x01a" * 1_000,
    "root cut off": header() + b"\x00",
    "two OPT records": header(more=2) + QUESTION + OPT * 2,
    "OPT among the answers": header(answers=1) + QUESTION + OPT,
    "OPT with a name": header(more=1) + QUESTION + b"\x01a" + OPT,
    "OPT option cut off": header(more=1) + QUESTION + OPT[:-1] + b"\x04\x00\x03\xff\xff",
    "OPT longer than the packet": header(more=1) + QUESTION + OPT[:-2] + b"\xff\xff",
    "TSIG before others": header(more=2) + QUESTION + TSIG_OF_NOBODY + OPT,
    "TSIG without data": header(more=1) + QUESTION + b"\x00\x00\xfa\x00\xff" + bytes(4) + b"\x00\x00",
    "TSIG of another class": header(more=1)
    + QUESTION
    + TSIG_OF_NOBODY.replace(b"\x00\xfa\x00\xff", b"\x00\xfa\x00\x01"),
    "zeros": bytes(512),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_packet_is_formerr_over_udp_and_tcp(
    shared_live: LiveInstance, server: tuple[str, int], name: str
) -> None:
    packet = MALFORMED[name]
    with nothing_changed(shared_live), cheap(1):
        (answer,) = udp(server, packet)
        with tcp(server) as connection:
            connection.sendall(framed(packet))
            assert read_framed(connection) == answer
    assert answer[:2] == packet[:2]
    assert answer[2] & 0x80, "it is an answer"
    assert answer[3] & 0x0F == FORMERR
    assert len(answer) <= 12 + len(OPT)
    assert_discreet(answer)


@pytest.mark.parametrize(
    ("packet", "rcode"),
    [
        (header(flags=0x0800) + QUESTION, NOTIMP),  # IQUERY
        (header(flags=0x1000) + QUESTION, NOTIMP),  # STATUS
        (header(flags=0x2000) + QUESTION, NOTAUTH),  # NOTIFY of what is no zone
        (header(flags=0x2000) + b"\x03sml\x04test\x00\x00\x06\x00\x01", REFUSED),  # NOTIFY of what is ours
        (header(flags=0x2800) + QUESTION, NOTIMP),  # UPDATE
        (header(flags=0x7800) + QUESTION, NOTIMP),
        (header(flags=0x2800, questions=0), NOTIMP),
        (header(more=1) + QUESTION + TSIG_OF_NOBODY, NOTAUTH),
        (header() + b"\x07example\x03com\x00\x00\x01\x00\x01", REFUSED),
        (header() + b"\x00\x00\x02\x00\x01", REFUSED),
        (header() + b"\x03sml\x04test\x00\x00\xfc\x00\x01", REFUSED),  # AXFR
        (header() + b"\x07version\x04bind\x00\x00\x10\x00\x03", REFUSED),  # CH
        (header() + b"\x03sml\x04test\x00\x00\x10\x00\x04", REFUSED),  # HS
    ],
)
def test_what_is_not_done_here_has_its_own_code(
    shared_live: LiveInstance, server: tuple[str, int], packet: bytes, rcode: int
) -> None:
    with nothing_changed(shared_live):
        (answer,) = udp(server, packet)
        with tcp(server) as connection:
            connection.sendall(framed(packet))
            assert read_framed(connection)[:4] == answer[:4]
    assert answer[3] & 0x0F == rcode


@pytest.mark.parametrize(
    "packet",
    [b"", b"\x00", bytes(11), header(flags=0x8000) + QUESTION, header(flags=0x8400) + QUESTION, b"\xff" * 12],
    ids=["empty", "one octet", "eleven octets", "answer", "authoritative answer", "ones"],
)
def test_silence_is_the_answer_to_answers_and_to_less_than_a_header(server: tuple[str, int], packet: bytes) -> None:
    assert udp(server, packet) == []


def test_unknown_edns_version_is_badvers_and_not_an_error_of_form(server: tuple[str, int]) -> None:
    query = dns.message.make_query(NAME, "NAPTR", use_edns=7)
    (answer,) = udp(server, query.to_wire())
    assert dns.message.from_wire(answer).rcode() == dns.rcode.BADVERS


def test_thousands_of_random_packets_are_survived_cheaply(shared_live: LiveInstance, server: tuple[str, int]) -> None:
    rng = random.Random(20261122)
    with nothing_changed(shared_live), cheap(4):
        for _ in range(60):
            packets = [rng.randbytes(rng.randrange(600)) for _ in range(25)]
            packets += [damaged(rng) for _ in range(25)]
            for answer in udp(server, *packets):
                assert answer[2] & 0x80
                assert len(answer) <= 1_232
                assert_discreet(answer)


def damaged(rng: random.Random) -> bytes:
    """A good question with a few octets changed, or cut off; never with its own id."""
    packet = bytearray(dns.message.make_query(NAME, "NAPTR", id=1, use_edns=bool(rng.getrandbits(1))).to_wire())
    for _ in range(rng.randrange(1, 4)):
        packet[rng.randrange(2, len(packet))] = rng.randrange(256)
    return bytes(packet[: rng.randrange(2, len(packet) + 1)])


def test_every_cut_of_a_question_is_answered_or_left(server: tuple[str, int]) -> None:
    query = dns.message.make_query(NAME, "NAPTR", id=2, use_edns=0).to_wire()
    answers = udp(server, *[query[:length] for length in range(len(query))])
    assert len(answers) == len(query) - 12
    assert {answer[3] & 0x0F for answer in answers} == {FORMERR}


@pytest.mark.parametrize("pointers", [2_000, 30_000])
def test_maze_of_pointers_costs_nothing(server: tuple[str, int], pointers: int) -> None:
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00"
    number = min(pointers, 65_000 // len(record))
    packet = header(more=number) + QUESTION + record * number
    with cheap(1), tcp(server) as connection:
        for _ in range(50):
            connection.sendall(framed(packet))
            assert read_framed(connection)[3] & 0x0F == FORMERR


def test_answer_is_never_much_larger_than_the_question(server: tuple[str, int]) -> None:
    """Whoever forges the sender's address must not gain by it."""
    for rdtype in ("ANY", "NAPTR", "SOA", "NS", "DNSKEY", "TXT"):
        for name in (NAME, "sml.test", f"nobody.{NAME}"):
            query = dns.message.make_query(name, rdtype, use_edns=0, payload=65_535, id=3).to_wire()
            (answer,) = udp(server, query)
            assert len(answer) < 3 * len(query) + 200


def test_letters_of_the_question_come_back_as_they_were_sent(server: tuple[str, int]) -> None:
    odd = "".join(c.upper() if i % 3 else c for i, c in enumerate(NAME))
    query = dns.message.make_query(odd, "NAPTR", id=4).to_wire()
    (answer,) = udp(server, query)
    assert answer[12 : len(query)] == query[12:]
    check(answer)


@pytest.mark.parametrize("label", [b"\x00", b" ", b".", b"\\", b"\xff", b"\xc3\xa9", b"*", b"a" * 63], ids=repr)
def test_odd_labels_are_names_that_do_not_exist(server: tuple[str, int], label: bytes) -> None:
    question = bytes([len(label)]) + label + b"\x03sml\x04test\x00\x00\x23\x00\x01"
    (answer,) = udp(server, header() + question)
    assert answer[3] & 0x0F == dns.rcode.NXDOMAIN
    assert answer[12 : 12 + len(question)] == question


# TCP


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"\x00\x00", b"\xff\xff", b"\xff\xff" + bytes(1_000), b"\x00\x05hello", b"GET / HTTP/1.1\r\n\r\n"],
    ids=lambda data: repr(data[:12]),
)
def test_half_a_message_over_tcp_is_left_when_the_client_leaves(
    shared_live: LiveInstance, server: tuple[str, int], data: bytes
) -> None:
    with nothing_changed(shared_live), cheap(1):
        with tcp(server) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            rest = b""
            with contextlib.suppress(ConnectionError):
                while chunk := connection.recv(4_096):
                    rest += chunk
        assert len(rest) <= 14
        assert udp(server) == []


def test_many_questions_at_once_over_tcp_are_all_answered(server: tuple[str, int]) -> None:
    with tcp(server) as connection, cheap(2):
        connection.sendall(b"".join(framed(struct.pack("!H", number) + good()[2:]) for number in range(500)))
        numbers = set()
        with connection.makefile("rb") as file:
            for _ in range(500):
                answer = file.read(int.from_bytes(file.read(2)))
                check(answer)
                numbers.add(int.from_bytes(answer[:2]))
    assert numbers == set(range(500))


def test_octet_by_octet_over_tcp_is_answered(server: tuple[str, int]) -> None:
    with tcp(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(good()):
            connection.sendall(bytes([octet]))
        check(read_framed(connection))


def test_bad_message_over_tcp_does_not_spoil_the_next_one(server: tuple[str, int]) -> None:
    with tcp(server) as connection:
        connection.sendall(framed(MALFORMED["two questions"]) + framed(good()))
        with connection.makefile("rb") as file:
            first = file.read(int.from_bytes(file.read(2)))
            second = file.read(int.from_bytes(file.read(2)))
    assert first[3] & 0x0F == FORMERR
    check(second)


def test_connections_that_say_nothing_do_not_keep_others_out(server: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(tcp(server))
        with tcp(server) as connection:
            connection.sendall(framed(good()))
            check(read_framed(connection))
        assert udp(server) == []
