# SPDX-License-Identifier: Apache-2.0
"""TSIG (RFC 8945): signatures of queries, answers and series of messages, checked and made on the bytes themselves.

The TSIG record is read by hand and nothing else of the message is, so who doesn't know a key can't let us parse what
he likes. A MAC covers the message without that record, with the id that it was signed with, and the variables of
§4.3.3; of a series only the first message has all of these, and each MAC enters the next one (§5.3.1).
"""

import hashlib
import hmac
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

import dns.name
import dns.tsig

from registry.dns.query import HEADER, MalformedQueryError, skip_name
from registry.dns.wire import MAX_NAME

FUDGE: Final = 300
"""Seconds that clocks may differ (RFC 8945 §10)."""
_TYPE_ANY_TTL = b"\x00\xfa\x00\xff\x00\x00\x00\x00"
_MIN_MAC = 10  # octets, RFC 8945 §5.2.2.1
_HOST_LABEL = re.compile(rb"[a-z0-9_-]+")
_STEPS = 160  # labels, of which a name has 128, and pointers
_DIGESTS: Final[dict[dns.name.Name, Callable[..., "hashlib._Hash"]]] = {
    dns.tsig.HMAC_SHA256: hashlib.sha256,
    dns.tsig.HMAC_SHA384: hashlib.sha384,
    dns.tsig.HMAC_SHA512: hashlib.sha512,
}


class TsigError(IntEnum):
    """What is wrong with a signature (RFC 8945 §3)."""

    NONE = 0
    BADSIG = 16
    BADKEY = 17
    BADTIME = 18
    BADTRUNC = 22


@dataclass(frozen=True, slots=True)
class TsigRecord:
    """A TSIG record as it is in a message, from the offset `start` on; names in lower-case wire format."""

    start: int
    key: bytes
    algorithm: bytes
    time_signed: int
    """Seconds since 1970."""
    fudge: int
    mac: bytes
    original_id: bytes
    error: int
    other: bytes = b""

    @property
    def key_name(self) -> str:
        """The name of the key as text, without a dot at the end; "" where it has other characters than host names."""
        labels = list(_labels(self.key))
        return b".".join(labels).decode() if all(map(_HOST_LABEL.fullmatch, labels)) else ""

    def to_wire(self) -> bytes:
        """The record as it is appended to a message."""
        data = b"".join(
            (
                self.algorithm,
                _times(self),
                struct.pack("!H", len(self.mac)),
                self.mac,
                self.original_id,
                struct.pack("!HH", self.error, len(self.other)),
                self.other,
            )
        )
        return b"".join((self.key, _TYPE_ANY_TTL, struct.pack("!H", len(data)), data))


def read_tsig(data: bytes, start: int) -> TsigRecord:
    """The TSIG record at an offset, the last one of a message. Raises MalformedQueryError (RFC 8945 §4.2)."""
    end = skip_name(data, start)
    if data[end : end + 8] != _TYPE_ANY_TTL:
        raise MalformedQueryError("a TSIG record has another class than ANY, or a TTL")
    at = end + 10
    if at + int.from_bytes(data[end + 8 : at]) != len(data):
        raise MalformedQueryError("a TSIG record doesn't end with the message")
    after = skip_name(data, at, plain=True)
    algorithm = data[at:after].lower()
    if len(data) < after + 10:
        raise MalformedQueryError("a TSIG record ends early")
    mac_end = after + 10 + int.from_bytes(data[after + 8 : after + 10])
    error, other_size = int.from_bytes(data[mac_end + 2 : mac_end + 4]), int.from_bytes(data[mac_end + 4 : mac_end + 6])
    if mac_end + 6 + other_size != len(data):
        raise MalformedQueryError("a TSIG record ends early, or late")
    return TsigRecord(
        start,
        _read_name(data, start).lower(),
        algorithm,
        int.from_bytes(data[after : after + 6]),
        int.from_bytes(data[after + 6 : after + 8]),
        data[after + 10 : mac_end],
        data[mac_end : mac_end + 2],
        error,
        data[mac_end + 6 :],
    )


def unsigned(data: bytes, record: TsigRecord) -> bytes:
    """A message without its TSIG record."""
    arcount = int.from_bytes(data[10:HEADER]) - 1
    return b"".join((data[:10], arcount.to_bytes(2), data[HEADER : record.start]))


def check(data: bytes, record: TsigRecord, key: dns.tsig.Key, now: int, request_mac: bytes = b"") -> TsigError:
    """What is wrong with a signed query, or with the answer to the query with `request_mac` (RFC 8945 §5.2, §5.3).

    In this order: key, MAC, time, truncation. Raises MalformedQueryError for a MAC of a length that can't be.
    """
    if (record.key, record.algorithm) != _names_of(key):
        return TsigError.BADKEY
    size = _DIGESTS[key.algorithm]().digest_size
    if not max(_MIN_MAC, size // 2) <= len(record.mac) <= size:
        raise MalformedQueryError("a MAC of an impossible length")  # RFC 8945 §5.2.2.1
    context = _begin(key, request_mac)
    context.update(record.original_id + unsigned(data, record)[2:])
    context.update(_variables(record))
    if not hmac.compare_digest(context.digest()[: len(record.mac)], record.mac):
        return TsigError.BADSIG
    if abs(record.time_signed - now) > record.fudge:
        return TsigError.BADTIME
    return TsigError.NONE if len(record.mac) == size else TsigError.BADTRUNC


class Signer:
    """Signs the answer to one query, or a series of them; without `request_mac` a query of ours."""

    def __init__(self, key: dns.tsig.Key, request_mac: bytes = b"") -> None:
        self._key = key
        self._name, self._algorithm = _names_of(key)
        self._context = _begin(key, request_mac)
        self._first = True
        self.mac = b""
        """Of the message that was signed last."""
        self.size = len(self._name) + len(self._algorithm) + 26 + self._context.digest_size
        """Octets that a signature takes."""

    def sign(self, message: bytes, now: int, error: TsigError = TsigError.NONE, other: bytes = b"") -> bytes:
        """A message with its signature behind it; `now` in seconds since 1970."""
        record = TsigRecord(0, self._name, self._algorithm, now, FUDGE, b"", message[:2], error, other)
        context = self._context
        context.update(message)
        context.update(_variables(record) if self._first else _times(record))
        self.mac = context.digest()
        self._context, self._first = _begin(self._key, self.mac), False
        return with_record(message, replace(record, mac=self.mac))


def with_record(message: bytes, record: TsigRecord) -> bytes:
    """A message with a TSIG record behind it."""
    arcount = int.from_bytes(message[10:HEADER]) + 1
    return b"".join((message[:10], arcount.to_bytes(2), message[HEADER:], record.to_wire()))


def _begin(key: dns.tsig.Key, earlier_mac: bytes) -> hmac.HMAC:
    context = hmac.new(key.secret, digestmod=_DIGESTS[key.algorithm])
    if earlier_mac:
        context.update(struct.pack("!H", len(earlier_mac)) + earlier_mac)
    return context


def _variables(record: TsigRecord) -> bytes:
    return b"".join(
        (
            record.key,
            b"\x00\xff\x00\x00\x00\x00",
            record.algorithm,
            _times(record),
            struct.pack("!HH", record.error, len(record.other)),
            record.other,
        )
    )


def _times(record: TsigRecord) -> bytes:
    return record.time_signed.to_bytes(6) + record.fudge.to_bytes(2)


def _names_of(key: dns.tsig.Key) -> tuple[bytes, bytes]:
    return key.name.to_digestable(), key.algorithm.to_digestable()


def _labels(wire: bytes) -> Iterator[bytes]:
    at = 0
    while wire[at]:
        yield wire[at + 1 : at + 1 + wire[at]]
        at += 1 + wire[at]


def _read_name(data: bytes, at: int) -> bytes:
    """A name that may be compressed, whole. Raises MalformedQueryError."""
    name = b""
    for _ in range(_STEPS):
        length = data[at] if at < len(data) else 64
        if length >= 0xC0:
            at = int.from_bytes(data[at : at + 2]) & 0x3FFF
            continue
        name += data[at : at + 1 + length]
        if length > 63 or len(name) > MAX_NAME:
            break
        if length == 0:
            return name
        at += 1 + length
    raise MalformedQueryError("a name that can't be read")
