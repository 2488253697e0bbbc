# SPDX-License-Identifier: Apache-2.0
"""RFC 6891 (EDNS) and RFC 8482 (minimal answers to ANY)."""

from collections.abc import Callable, Iterable

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from registry.dns.records import RRset
from registry.dns.responder import Responder

Serve = Callable[[Iterable[RRset]], Responder]
Ask = Callable[..., dns.message.Message]


def sized(label: str, octets: int) -> RRset:
    """A set whose answer with an OPT record has just so many octets; `label` is one letter."""
    rest = octets - 12 - len(b"\x01a\x07example\x00\x00\x10\x00\x01") - 11 - 2 * 12  # two records are enough
    half = rest // 2
    return RRset(label, "TXT", 60, (text_rdata(half, "x"), text_rdata(rest - half, "y")))


def text_rdata(octets: int, letter: str) -> str:
    """Character-strings, each at most 256 with its length, of so many octets together."""
    sizes = [256] * (octets // 256) + [octets % 256]
    return " ".join(f'"{letter * (size - 1)}"' for size in sizes if size)


@pytest.fixture
def responder(serve: Serve) -> Responder:
    return serve(
        [
            RRset("host", "A", 60, ("192.0.2.1",)),
            RRset("host", "TXT", 60, ('"x"',)),
            RRset("alias", "CNAME", 60, ("host.example.",)),
            RRset("below.empty", "A", 60, ("192.0.2.1",)),
            RRset("*.wild", "A", 60, ("192.0.2.1",)),
            sized("a", 512),
            sized("b", 513),
            sized("c", 1000),
            sized("d", 1001),
            sized("e", 1232),
            sized("f", 1233),
        ]
    )


@pytest.mark.parametrize("name", ["host.example", "no.example", "elsewhere.test"])
def test_rfc6891_7_an_opt_record_is_answered_by_one_and_only_then(responder: Responder, ask: Ask, name: str) -> None:
    with_edns = ask(responder, name, "A", use_edns=0)
    assert (with_edns.edns, with_edns.payload, with_edns.options) == (0, 1232, ())
    assert ask(responder, name, "A").edns == -1


def test_rfc6891_6_1_1_an_opcode_that_is_not_implemented_gets_an_opt_record_too(responder: Responder) -> None:
    query = dns.message.make_query("example", "SOA", use_edns=0)
    query.set_opcode(dns.opcode.STATUS)
    answer = responder.answer(query.to_wire())
    assert answer is not None
    response = dns.message.from_wire(answer)
    assert (response.rcode(), response.edns) == (dns.rcode.NOTIMP, 0)


@pytest.mark.parametrize("dnssec_ok", [False, True])
@pytest.mark.parametrize("options", [[], [dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")]])
def test_rfc3225_3_the_do_bit_is_copied(
    responder: Responder, ask: Ask, options: list[dns.edns.Option], dnssec_ok: bool
) -> None:
    response = ask(responder, "host.example", "A", use_edns=0, want_dnssec=dnssec_ok, options=options)
    assert response.ednsflags == (dns.flags.DO if dnssec_ok else 0)


@pytest.mark.parametrize("version", [1, 255])
def test_rfc6891_6_1_3_other_versions_are_bad(responder: Responder, ask: Ask, version: int) -> None:
    response = ask(responder, "host.example", "A", use_edns=version)
    assert (response.rcode(), response.edns, response.answer) == (dns.rcode.BADVERS, 0, [])


def test_rfc6891_6_1_2_unknown_options_are_ignored(responder: Responder, ask: Ask) -> None:
    options = [dns.edns.GenericOption(65001, b"\x00" * 40), dns.edns.GenericOption(65002, b"")]  # type: ignore[arg-type]
    assert ask(responder, "host.example", "A", use_edns=0, options=options).answer


def test_rfc6891_6_1_1_two_opt_records_are_a_format_error(responder: Responder) -> None:
    wire = bytearray(dns.message.make_query("host.example", "A", use_edns=0).to_wire())
    wire[11] = 2
    answer = responder.answer(bytes(wire + wire[-11:]))
    assert answer is not None
    assert dns.message.from_wire(answer).rcode() == dns.rcode.FORMERR


@pytest.mark.parametrize(
    ("label", "payload", "cut"),
    [
        ("a", 0, False),
        ("a", 511, False),
        ("b", 511, True),
        ("b", 512, True),
        ("b", 513, False),
        ("c", 1000, False),
        ("d", 1000, True),
        ("e", 1232, False),
        ("e", 65535, False),
        ("f", 65535, True),
    ],
)
def test_rfc6891_6_2_3_udp_answers_keep_to_the_smaller_size(
    responder: Responder, label: str, payload: int, cut: bool
) -> None:
    query = dns.message.make_query(f"{label}.example", "TXT", use_edns=0, payload=payload)
    answer = responder.answer(query.to_wire())
    assert answer is not None
    response = dns.message.from_wire(answer)
    assert bool(response.flags & dns.flags.TC) == cut
    assert bool(response.answer) != cut
    assert response.edns == 0
    whole = responder.answer(query.to_wire(), over_tcp=True)
    assert whole is not None
    assert not dns.message.from_wire(whole).flags & dns.flags.TC


def test_rfc8482_4_1_any_gets_one_set(responder: Responder, ask: Ask) -> None:
    for name in ("host.example", "alias.example", "x.wild.example", "example"):
        response = ask(responder, name, "ANY")
        assert (response.rcode(), len(response.answer), response.authority) == (dns.rcode.NOERROR, 1, [])


def test_rfc8482_4_1_any_denies_like_other_types(responder: Responder, ask: Ask) -> None:
    assert ask(responder, "empty.example", "ANY").rcode() == dns.rcode.NOERROR
    assert ask(responder, "no.example", "ANY").rcode() == dns.rcode.NXDOMAIN
    assert ask(responder, "empty.example", "ANY").authority
