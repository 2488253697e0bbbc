# SPDX-License-Identifier: Apache-2.0
"""Signatures of ours are good for a foreign library, and those of it for us."""

import time

import dns.message
import dns.name
import dns.tsig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.dns.query import MalformedQueryError, read_query
from registry.dns.transfer.packing import MessagePacker
from registry.dns.tsig import Signer, TsigError, check, read_tsig, unsigned

NOW = 1_800_000_000
ALGORITHMS = [dns.tsig.HMAC_SHA256, dns.tsig.HMAC_SHA384, dns.tsig.HMAC_SHA512]


def key_of(
    algorithm: dns.name.Name = dns.tsig.HMAC_SHA256, name: str = "Sec.Example.", secret: bytes = b"k" * 32
) -> dns.tsig.Key:
    return dns.tsig.Key(dns.name.from_text(name), secret, algorithm)


def signed_query(key: dns.tsig.Key, name: str = "a.sml.test", now: int = NOW) -> bytes:
    """A query that dnspython has signed."""
    query = dns.message.make_query(name, "SOA", use_edns=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dns.message.time.time", lambda: now)
        query.use_tsig(key)
        return query.to_wire()


def judged(data: bytes, key: dns.tsig.Key, now: int = NOW) -> TsigError:
    start = read_query(data).tsig
    assert start is not None
    return check(data, read_tsig(data, start), key, now)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
@pytest.mark.parametrize("name", ["a.sml.test", "sec.example", "x.Sec.Example"])
def test_a_foreign_signature_is_good_also_where_the_key_is_a_compressed_name(
    algorithm: dns.name.Name, name: str
) -> None:
    key = key_of(algorithm)
    data = signed_query(key, name)
    assert judged(data, key) is TsigError.NONE
    record = read_tsig(data, read_query(data).tsig or 0)
    assert record.key_name == "sec.example"
    plain = dns.message.from_wire(unsigned(data, record))
    assert (plain.edns, plain.had_tsig) == (0, False)


def test_another_secret_time_name_or_algorithm_is_noticed() -> None:
    data = signed_query(key_of())
    assert judged(data, key_of(secret=b"j" * 32)) is TsigError.BADSIG
    assert judged(data, key_of(name="other.")) is TsigError.BADKEY
    assert judged(data, key_of(dns.tsig.HMAC_SHA512)) is TsigError.BADKEY
    assert [judged(data, key_of(), NOW + off) for off in (-301, -300, 300, 301)] == [
        TsigError.BADTIME,
        TsigError.NONE,
        TsigError.NONE,
        TsigError.BADTIME,
    ]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_message_that_was_changed_is_taken(data: st.DataObject) -> None:
    """But where the key's or the algorithm's name is spelled with other capitals."""
    wire = signed_query(key_of())
    start = read_query(wire).tsig
    assert start is not None
    at = data.draw(st.integers(2, len(wire) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda octet: octet != wire[at]))
    changed = wire[:at] + bytes((value,)) + wire[at + 1 :]
    same = at >= start and changed[at : at + 1].lower() == wire[at : at + 1].lower()
    try:
        found = judged(changed, key_of())
    except (MalformedQueryError, AssertionError):
        return
    assert same or found is not TsigError.NONE


@given(st.binary(min_size=0, max_size=80), st.integers(0, 80))
def test_any_octets_are_a_record_or_malformed(data: bytes, start: int) -> None:
    try:
        record = read_tsig(bytes(12) + data, 12 + start)
    except MalformedQueryError:
        return
    assert len(record.key) <= 255


def test_pointers_that_lead_nowhere_are_malformed() -> None:
    tail = b"\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x1b\x0bhmac-sha256\x00" + bytes(6) + b"\x01\x2c" + bytes(8)
    for pointer in (b"\xc0\x0c", b"\xff\xff"):
        with pytest.raises(MalformedQueryError):
            read_tsig(bytes(12) + pointer + tail, 12)


@pytest.mark.parametrize("size", [0, 9, 15, 33])
def test_rfc8945_5_2_2_1_macs_of_impossible_lengths_are_malformed(size: int) -> None:
    data = with_mac_of(signed_query(key_of()), size)
    with pytest.raises(MalformedQueryError):
        judged(data, key_of())


@pytest.mark.parametrize("size", [16, 31])
def test_rfc8945_5_2_4_truncated_macs_are_told_apart_from_wrong_ones(size: int) -> None:
    data = with_mac_of(signed_query(key_of()), size)
    assert judged(data, key_of()) is TsigError.BADTRUNC
    assert judged(data, key_of(secret=b"j" * 32)) is TsigError.BADSIG


def with_mac_of(data: bytes, size: int) -> bytes:
    """A message with so many octets of its MAC; what is missing is 0."""
    start = read_query(data).tsig
    assert start is not None
    record = read_tsig(data, start)
    mac = (record.mac + bytes(64))[:size]
    end = data.index(len(record.mac).to_bytes(2) + record.mac)
    behind = data[end + 2 + len(record.mac) :]
    length_at = data.index(b"\x0bhmac-sha256", start) - 2
    length = int.from_bytes(data[length_at : length_at + 2]) + size - len(record.mac)
    return data[:length_at] + length.to_bytes(2) + data[length_at + 2 : end] + size.to_bytes(2) + mac + behind


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_rfc8945_5_3_1_a_series_of_ours_is_good_for_dnspython(algorithm: dns.name.Name) -> None:
    key = key_of(algorithm)
    query = dns.message.make_query("sml.test", "AXFR")
    query.use_tsig(key)
    query.to_wire()
    signer = Signer(key, query.mac)
    context = None
    for _ in range(4):
        (plain,) = MessagePacker(b"\3sml\4test\0", query_id=query.id.to_bytes(2)).messages(
            [("a.b", "A", "1 192.0.2.1")]
        )
        signed = signer.sign(plain, int(time.time()))
        assert len(signed) == len(plain) + signer.size
        read = dns.message.from_wire(signed, keyring=key, request_mac=query.mac, xfr=True, tsig_ctx=context, multi=True)
        assert read.had_tsig
        context = read.tsig_ctx


def test_a_query_of_ours_and_its_answer_are_checked_with_its_mac() -> None:
    key = key_of()
    signer = Signer(key)
    wire = signer.sign(dns.message.make_query("sml.test", "SOA").to_wire(), NOW)
    assert judged(wire, key) is TsigError.NONE
    answer = Signer(key, signer.mac).sign(wire[:2] + b"\x84\0" + bytes(8), NOW)
    start = 12
    assert check(answer, read_tsig(answer, start), key, NOW, signer.mac) is TsigError.NONE
    assert check(answer, read_tsig(answer, start), key, NOW, b"other") is TsigError.BADSIG
