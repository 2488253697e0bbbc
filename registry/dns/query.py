# SPDX-License-Identifier: Apache-2.0
"""What a DNS query asks, read from hostile bytes in time linear in their number.

A general parser is not used on purpose: following compression pointers in every record lets a kilobyte of input
cost tens of milliseconds. Only the question and the OPT record matter here, so names elsewhere are skipped and
their pointers are never followed.
"""

from dataclasses import dataclass

from registry.dns.wire import MAX_NAME, SOA

HEADER = 12
MAX_QUERY = 4096
"""Octets, more than any honest query has; what is longer is malformed, so that TCP can't buy much time either."""
_OPT = b"\x00\x29"
_TSIG = b"\x00\xfa"
_SOA_NUMBERS = 20  # octets behind the names of a SOA, RFC 1035 §3.3.13


class MalformedQueryError(Exception):
    """The message can't be read; its header can."""


@dataclass(frozen=True, slots=True)
class Edns:
    """The OPT record of a query (RFC 6891 §6.1): the size of UDP answers that it takes, version, DO bit."""

    payload: int
    version: int
    dnssec_ok: bool


@dataclass(frozen=True, slots=True)
class Query:
    """One question; `question_end` is the offset behind it, `tsig` that of the TSIG record, if there is one.

    `soa` is the offset of the data of the first SOA record in the authority section, which IXFR has (RFC 1995 §3).
    """

    question_end: int
    edns: Edns | None
    tsig: int | None = None
    soa: int | None = None


def read_query(data: bytes) -> Query:
    """Read a message of at least 12 octets; raises `MalformedQueryError` (RFC 1035 §4.1, RFC 9619)."""
    if len(data) > MAX_QUERY:
        raise MalformedQueryError("too long")
    if data[4:6] != b"\x00\x01":
        raise MalformedQueryError("not one question")
    question_end = skip_name(data, HEADER, plain=True) + 4
    if question_end > len(data):
        raise MalformedQueryError("the question ends early")
    offset = question_end
    edns: Edns | None = None
    tsig: int | None = None
    soa: int | None = None
    ancount, nscount, arcount = (int.from_bytes(data[at : at + 2]) for at in (6, 8, 10))
    for number in range(ancount + nscount + arcount):
        if tsig is not None:
            raise MalformedQueryError("a TSIG record is not the last one")
        name_end = skip_name(data, offset)
        end = name_end + 10 + int.from_bytes(data[name_end + 8 : name_end + 10])
        if name_end + 10 > len(data) or end > len(data):
            raise MalformedQueryError("a record ends early")
        code = data[name_end : name_end + 2]
        additional = number >= ancount + nscount
        if code == _OPT:
            if edns is not None or not additional or name_end != offset + 1:
                raise MalformedQueryError("a second or misplaced OPT record")
            edns = _read_edns(data, name_end, end)
        if code == SOA and soa is None and ancount <= number < ancount + nscount:
            soa = name_end + 10
        if code == _TSIG and additional:
            tsig = offset
        offset = end
    if offset != len(data):
        raise MalformedQueryError("octets behind the last record")
    return Query(question_end, edns, tsig, soa)


def soa_serial(data: bytes, query: Query) -> int | None:
    """The serial of the SOA record in the authority section, None without one. Raises `MalformedQueryError`."""
    if query.soa is None:
        return None
    at = skip_name(data, skip_name(data, query.soa))
    if int.from_bytes(data[query.soa - 2 : query.soa]) != at + _SOA_NUMBERS - query.soa:
        raise MalformedQueryError("a SOA record is too short, or too long")
    return int.from_bytes(data[at : at + 4])


def _read_edns(data: bytes, at: int, end: int) -> Edns:
    option = at + 10
    while option < end:
        option += 4 + int.from_bytes(data[option + 2 : option + 4])
    if option != end:
        raise MalformedQueryError("an EDNS option ends early")
    payload = int.from_bytes(data[at + 2 : at + 4])
    return Edns(payload, version=data[at + 5], dnssec_ok=bool(data[at + 6] & 0x80))


def skip_name(data: bytes, offset: int, *, plain: bool = False) -> int:
    """The offset behind a name; a `plain` one has no compression pointer."""
    limit = min(len(data), offset + MAX_NAME)
    start = offset
    while offset < limit:
        length = data[offset]
        if length == 0:
            return offset + 1
        if length >= 0xC0 and not plain:
            return offset + 2
        if length > 63:
            break
        offset += 1 + length
    raise MalformedQueryError(f"no name at {start}")
