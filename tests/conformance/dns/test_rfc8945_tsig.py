# SPDX-License-Identifier: Apache-2.0
"""Signed queries and what answers them: RFC 8945, by clause. dnspython signs, and checks what comes back."""

import time
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig
import pytest

from registry.dns.query import read_query
from registry.dns.records import RRset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.dns.signed_queries import SignedQueries
from registry.dns.transfer.requests import Stream, TransferRequest
from registry.dns.tsig import read_tsig
from registry.dns.tsig_keys import TsigKeys
from registry.domains.dns_profile import DnsProfile

BADSIG, BADKEY, BADTIME, BADTRUNC = 16, 17, 18, 22


class Desk:
    """Lets everybody with a key have every zone."""

    def allows(self, request: TransferRequest) -> bool:
        return bool(request.key)

    def start(self, request: TransferRequest, stream: Stream) -> bool:
        return True


@pytest.fixture
def keys(tmp_path: Path) -> TsigKeys:
    folder = TsigKeys(tmp_path / "tsig")
    for algorithm in ("hmac-sha256", "hmac-sha384", "hmac-sha512"):
        folder.generate(f"{algorithm}.example", algorithm)
    return folder


@pytest.fixture
def key(keys: TsigKeys) -> dns.tsig.Key:
    return keys.required("hmac-sha256.example")


@pytest.fixture
def responder(keys: TsigKeys) -> Responder:
    profile = DnsProfile(zone="example", name_servers=("ns.elsewhere.test",), soa_minimum=30)
    big = RRset("big", "TXT", 60, tuple(f'"{number:03} {"x" * 60}"' for number in range(14)))
    zone = ServedZone("example", [soa_rrset(profile, 9), ns_rrset(profile), big], 9)
    return Responder({zone.wire: zone}, Counters(), SignedQueries(keys, time.time), Desk())


def signed(key: dns.tsig.Key, name: str = "example", rdtype: str = "SOA", **options: object) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype, **options)  # type: ignore[arg-type]
    query.use_tsig(key)
    return query


def answered(responder: Responder, query: dns.message.Message, *, over_tcp: bool = False) -> dns.message.Message:
    """The answer, whose signature dnspython has checked, if there is one."""
    wire = responder.answer(query.to_wire(), over_tcp=over_tcp)
    assert wire is not None
    return dns.message.from_wire(wire, keyring=query.keyring, request_mac=query.mac)


def error_of(wire: bytes | None) -> tuple[int, dns.rdtypes.ANY.TSIG.TSIG]:
    """The RCODE and the TSIG record of an answer, unchecked."""
    assert wire is not None
    start = read_query(wire).tsig
    assert start is not None
    read_tsig(wire, start)
    message = dns.message.from_wire(wire, keyring=False)
    assert message.tsig is not None
    return message.rcode(), message.tsig[0]


@pytest.mark.parametrize("name", ["hmac-sha256.example", "hmac-sha384.example", "hmac-sha512.example"])
@pytest.mark.parametrize(("asked", "rcode"), [("example", dns.rcode.NOERROR), ("no.example", dns.rcode.NXDOMAIN)])
@pytest.mark.parametrize("over_tcp", [False, True])
def test_rfc8945_5_3_the_answer_to_a_signed_query_is_signed(
    responder: Responder, keys: TsigKeys, name: str, asked: str, rcode: dns.rcode.Rcode, over_tcp: bool
) -> None:
    response = answered(responder, signed(keys.required(name), asked), over_tcp=over_tcp)
    assert (response.rcode(), response.had_tsig) == (rcode, True)
    assert response.flags & dns.flags.AA


def test_rfc8945_5_3_a_refusal_is_signed_too(responder: Responder, key: dns.tsig.Key) -> None:
    response = answered(responder, signed(key, "elsewhere.test"))
    assert (response.rcode(), response.had_tsig) == (dns.rcode.REFUSED, True)


def test_rfc8945_5_3_what_does_not_fit_with_its_signature_is_truncated_and_signed(
    responder: Responder, key: dns.tsig.Key
) -> None:
    whole = answered(responder, signed(key, "big.example", "TXT", use_edns=0, payload=4096))
    assert not whole.flags & dns.flags.TC
    for payload in range(1100, 1200, 8):
        query = signed(key, "big.example", "TXT", use_edns=0, payload=payload)
        wire = responder.answer(query.to_wire())
        assert wire is not None
        assert len(wire) <= payload
        response = dns.message.from_wire(wire, keyring=key, request_mac=query.mac)
        assert response.had_tsig


def test_rfc8945_5_2_1_an_unknown_key_is_badkey_without_a_mac(responder: Responder) -> None:
    query = signed(dns.tsig.Key("unknown.example", b"k" * 32, dns.tsig.HMAC_SHA256))
    rcode, tsig = error_of(responder.answer(query.to_wire()))
    assert (rcode, tsig.error, tsig.mac) == (dns.rcode.NOTAUTH, BADKEY, b"")
    with pytest.raises(dns.tsig.PeerBadKey):
        answered(responder, query)


@pytest.mark.parametrize("name", ["\\.\\./x", "a/b", "", "\\000", "Ü", "a\\.b.example"])
def test_rfc8945_5_2_1_names_that_no_file_can_have_are_badkey(responder: Responder, name: str) -> None:
    key = dns.tsig.Key(dns.name.from_text(name), b"k" * 32, dns.tsig.HMAC_SHA256)
    rcode, tsig = error_of(responder.answer(signed(key).to_wire()))
    assert (rcode, tsig.error) == (dns.rcode.NOTAUTH, BADKEY)


def test_rfc8945_5_2_1_another_algorithm_is_badkey(responder: Responder, key: dns.tsig.Key) -> None:
    query = signed(dns.tsig.Key(key.name, key.secret, dns.tsig.HMAC_SHA1))
    rcode, tsig = error_of(responder.answer(query.to_wire()))
    assert (rcode, tsig.error, tsig.mac) == (dns.rcode.NOTAUTH, BADKEY, b"")


def test_rfc8945_5_2_2_a_wrong_mac_is_badsig_without_a_mac(responder: Responder, key: dns.tsig.Key) -> None:
    query = signed(dns.tsig.Key(key.name, b"j" * 32, key.algorithm))
    rcode, tsig = error_of(responder.answer(query.to_wire()))
    assert (rcode, tsig.error, tsig.mac) == (dns.rcode.NOTAUTH, BADSIG, b"")
    with pytest.raises(dns.tsig.PeerBadSignature):
        answered(responder, query)


@pytest.mark.parametrize("off", [-400, 400])
def test_rfc8945_5_2_3_a_wrong_time_is_badtime_signed_with_our_time(
    responder: Responder, key: dns.tsig.Key, off: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, now = signed(key), time.time()
    with monkeypatch.context() as patch:
        patch.setattr("dns.message.time.time", lambda: now + off)
        wire = query.to_wire()
    answer = responder.answer(wire)
    rcode, tsig = error_of(answer)
    assert (rcode, tsig.error, len(tsig.mac)) == (dns.rcode.NOTAUTH, BADTIME, 32)
    assert tsig.time_signed == int(now + off)
    assert abs(int.from_bytes(tsig.other) - now) <= 2
    assert answer is not None
    # dnspython raises for the error before it looks at the MAC
    start = read_query(answer).tsig
    assert start is not None
    context = dns.tsig._digest(answer[:10] + b"\0\0" + answer[12:start], key, tsig, None, query.mac)
    context.verify(tsig.mac)


@pytest.mark.parametrize("size", [16, 20, 31])
def test_rfc8945_5_2_4_a_truncated_mac_is_badtrunc_signed(responder: Responder, key: dns.tsig.Key, size: int) -> None:
    rcode, tsig = error_of(responder.answer(_with_mac_of(signed(key), size)))
    assert (rcode, tsig.error, len(tsig.mac)) == (dns.rcode.NOTAUTH, BADTRUNC, 32)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 15, 33, 64])
def test_rfc8945_5_2_2_1_a_mac_of_an_impossible_length_is_formerr(
    responder: Responder, key: dns.tsig.Key, size: int
) -> None:
    wire = responder.answer(_with_mac_of(signed(key), size))
    assert wire is not None
    assert dns.message.from_wire(wire).rcode() == dns.rcode.FORMERR


def _with_mac_of(query: dns.message.Message, size: int) -> bytes:
    query.to_wire()
    assert query.tsig is not None
    tsig = query.tsig[0]
    short = tsig.replace(mac=(tsig.mac + bytes(64))[:size])
    plain = dns.message.from_wire(query.to_wire(), keyring=False)
    plain.tsig = None
    wire = plain.to_wire()
    assert query.keyring is not None
    name = query.keyring.name.to_wire()
    data = short.to_wire()
    record = name + b"\x00\xfa\x00\xff\x00\x00\x00\x00" + len(data).to_bytes(2) + data
    return wire[:10] + b"\x00\x01" + wire[12:] + record


def test_rfc8945_4_2_a_record_of_another_class_is_formerr(responder: Responder, key: dns.tsig.Key) -> None:
    wire = signed(key).to_wire().replace(b"\x00\xfa\x00\xff", b"\x00\xfa\x00\x01")
    answer = responder.answer(wire)
    assert answer is not None
    assert dns.message.from_wire(answer).rcode() == dns.rcode.FORMERR


def test_rfc8945_5_1_a_record_that_is_not_the_last_one_is_formerr(responder: Responder, key: dns.tsig.Key) -> None:
    wire = signed(key).to_wire()
    behind = wire[:10] + b"\x00\x02" + wire[12:] + b"\x00\x00\x29\x04\xd0" + bytes(6)
    answer = responder.answer(behind)
    assert answer is not None
    assert dns.message.from_wire(answer).rcode() == dns.rcode.FORMERR


def test_rfc8945_5_2_1_a_key_whose_file_others_may_read_is_not_used(
    responder: Responder, keys: TsigKeys, key: dns.tsig.Key
) -> None:
    (keys.folder / "hmac-sha256.example.key").chmod(0o644)
    (keys.folder / "hmac-sha256.example.key").write_text("nonsense")
    _, tsig = error_of(responder.answer(signed(key).to_wire()))
    assert tsig.error == BADKEY


def test_rfc8945_5_2_1_where_no_keys_are_known_signed_queries_are_not_authenticated(key: dns.tsig.Key) -> None:
    answer = Responder({}, Counters()).answer(signed(key).to_wire())
    assert answer is not None
    assert dns.message.from_wire(answer).rcode() == dns.rcode.NOTAUTH


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
def test_rfc8945_5_2_a_transfer_with_a_wrong_key_is_not_begun(
    responder: Responder, key: dns.tsig.Key, rdtype: str
) -> None:
    query = signed(dns.tsig.Key(key.name, b"j" * 32, key.algorithm), "example", rdtype)
    if rdtype == "IXFR":
        query.authority.append(dns.rrset.from_text("example.", 0, "IN", "SOA", ". . 1 0 0 0 0"))
    answer = responder.answer_over_tcp(query.to_wire(), "192.0.2.1")
    assert isinstance(answer, bytes)
    rcode, tsig = error_of(answer)
    assert (rcode, tsig.error) == (dns.rcode.NOTAUTH, BADSIG)


def test_rfc8945_10_a_query_that_is_sent_again_is_answered_again(responder: Responder, key: dns.tsig.Key) -> None:
    """Nothing is changed by a query, so a replay tells no more than its first answer did."""
    query = signed(key)
    wire = query.to_wire()
    first, second = responder.answer(wire), responder.answer(wire)
    assert first is not None
    assert second is not None
    assert [dns.message.from_wire(each, keyring=key, request_mac=query.mac).rcode() for each in (first, second)] == [
        0,
        0,
    ]
