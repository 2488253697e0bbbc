# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a query to the bytes of its answer, for all zones of a server; no IO.

Ordinary queries take a short cut that looks at fixed offsets; all others are read by `registry.dns.query`. Both
ways meet in the same lookup and the same assembly. The question is copied, so that the case of its letters (0x20)
survives; AD and CD are cleared, as an authoritative server validates nothing (RFC 4035 §3.1.6).
"""

from dataclasses import dataclass, field

from registry.dns.query import HEADER, MalformedQueryError, read_query
from registry.dns.served_zone import NOERROR, NXDOMAIN, ServedZone
from registry.dns.wire import IN, MAX_NAME

UDP_PAYLOAD = 1232
"""Octets: the largest UDP answer, and what we announce; fits into any IPv6 packet."""
_UDP_PAYLOAD_WITHOUT_EDNS = 512  # RFC 1035 §4.2.1
_TCP_PAYLOAD = 0xFFFF

FORMERR, NOTIMP, REFUSED, NOTAUTH = 1, 4, 5, 9
_ANY_CLASS = b"\x00\xff"
_TRANSFERS = (b"\x00\xfb", b"\x00\xfc")  # IXFR, AXFR
_QR, _OPCODE, _AA, _TC, _RD = 0x8000, 0x7800, 0x0400, 0x0200, 0x0100
_ONLY_QUESTION = b"\x00\x01\x00\x00\x00\x00"
_NO_SECTION = bytes(6)
_OPT_HEAD = b"\x00\x00\x29"


@dataclass(slots=True)
class Counters:
    """What a server did since its start; `rcodes` counts answers by the code in their header."""

    udp_queries: int = 0
    tcp_queries: int = 0
    rcodes: list[int] = field(default_factory=lambda: [0] * 16)
    truncated: int = 0
    dropped: int = 0
    send_errors: int = 0
    tcp_connections: int = 0
    tcp_turned_away: int = 0
    rate_limited: int = 0


def _opt(*, dnssec_ok: bool, bad_version: bool = False) -> bytes:
    """Our OPT record (RFC 6891 §6.1.2); BADVERS is 16: 1 here, 0 in the header."""
    ttl = bytes((bad_version, 0, 0x80 if dnssec_ok else 0, 0))
    return _OPT_HEAD + UDP_PAYLOAD.to_bytes(2) + ttl + b"\x00\x00"


def _flags(recursion_desired: int, authoritative: int) -> tuple[bytes, ...]:
    """The flags of answers by RCODE; only data and denials of ours are authoritative."""
    return tuple(
        (_QR | recursion_desired | (authoritative if rcode in (NOERROR, NXDOMAIN) else 0) | rcode).to_bytes(2)
        for rcode in range(16)
    )


_OPTS = tuple(_opt(dnssec_ok=dnssec_ok) for dnssec_ok in (False, True))
_BAD_VERSION = tuple(_opt(dnssec_ok=dnssec_ok, bad_version=True) for dnssec_ok in (False, True))
_AUTHORITATIVE = {rd: _flags(rd, _AA) for rd in (0, _RD)}
_NOT_AUTHORITATIVE = {rd: _flags(rd, 0) for rd in (0, _RD)}
_ORDINARY = {
    bytes((rd, ad_cd)) + b"\x00\x01\x00\x00\x00\x00\x00" + bytes((edns,)): (_AUTHORITATIVE[rd << 8], bool(edns))
    for rd in (0, 1)
    for ad_cd in (0x00, 0x10, 0x20, 0x30)
    for edns in (0, 1)
}
"""What follows the id of a QUERY with one question and at most one more record: flags of answers, OPT expected."""


class Responder:
    """Answers queries from `zones`, a dictionary by wire name; the longest match owns a name."""

    def __init__(self, zones: dict[bytes, ServedZone], counters: Counters) -> None:
        self._zones = zones
        self.counters = counters

    def answer(self, data: bytes, *, over_tcp: bool = False) -> bytes | None:
        """The answer to one message, or None where silence is right: no header, or itself an answer."""
        ordinary = _ORDINARY.get(data[2:HEADER])
        if ordinary is None:
            return self._answer_unusual(data, over_tcp=over_tcp)
        flags, has_edns = ordinary
        end = data.find(b"\x00", HEADER) + 5
        opt = b""
        payload = _UDP_PAYLOAD_WITHOUT_EDNS
        if has_edns:
            # an OPT record of version 0 without options
            if data[end : end + 3] != _OPT_HEAD or data[end + 5 : end + 7] + data[end + 9 :] != b"\0\0\0\0":
                return self._answer_unusual(data, over_tcp=over_tcp)
            opt = _OPTS[data[end + 7] >> 7]
            payload = data[end + 3] << 8 | data[end + 4]
        elif len(data) != end:
            return self._answer_unusual(data, over_tcp=over_tcp)
        if data[end - 2 : end] != IN:
            return self._answer_unusual(data, over_tcp=over_tcp)
        return self._look_up(data, end, flags, opt, _limit(payload, over_tcp=over_tcp))

    def truncated(self, data: bytes) -> bytes | None:
        """An answer that says nothing but: ask again over TCP (RFC 7766 §5). None where the query isn't a plain one."""
        bits = int.from_bytes(data[2:4])
        if len(data) < HEADER or bits & (_QR | _OPCODE):
            return None
        try:
            query = read_query(data)
        except MalformedQueryError:
            return None
        self.counters.truncated += 1
        opt = b"" if query.edns is None else _OPTS[query.edns.dnssec_ok]
        flags = (_QR | _TC | (bits & _RD)).to_bytes(2)
        arcount = b"\x00\x01" if opt else b"\x00\x00"
        return b"".join((data[:2], flags, _ONLY_QUESTION, arcount, data[HEADER : query.question_end], opt))

    def _answer_unusual(self, data: bytes, *, over_tcp: bool) -> bytes | None:
        bits = int.from_bytes(data[2:4])
        if len(data) < HEADER or bits & _QR:
            self.counters.dropped += 1
            return None
        try:
            query = read_query(data)
        except MalformedQueryError:
            return self._failed(data, NOTIMP if bits & _OPCODE else FORMERR, 0, b"")
        opt, payload = b"", _UDP_PAYLOAD_WITHOUT_EDNS
        if query.edns is not None:
            opt, payload = _OPTS[query.edns.dnssec_ok], query.edns.payload
        end = query.question_end
        if bits & _OPCODE:  # its first section may be no question, so it isn't repeated
            return self._failed(data, NOTIMP, 0, opt)
        if query.edns is not None and query.edns.version != 0:
            return self._failed(data, NOERROR, end, _BAD_VERSION[query.edns.dnssec_ok])
        if query.signed:
            return self._failed(data, NOTAUTH, end, opt)
        if data[end - 2 : end] == IN:
            flags = _AUTHORITATIVE[bits & _RD]
        elif data[end - 2 : end] == _ANY_CLASS:
            flags = _NOT_AUTHORITATIVE[bits & _RD]  # RFC 1035 §6.2
        else:
            return self._failed(data, REFUSED, end, opt)
        return self._look_up(data, end, flags, opt, _limit(payload, over_tcp=over_tcp))

    def _look_up(self, data: bytes, end: int, flags: tuple[bytes, ...], opt: bytes, limit: int) -> bytes:
        """The answer, of at most `limit` octets, to the question that ends at `end`."""
        name = data[HEADER : end - 4].lower()
        qtype = data[end - 4 : end - 2]
        zones = self._zones
        last = len(name) - 1
        apex = 0
        while (zone := zones.get(name[apex:])) is None and apex < last and name[apex] < 64:
            apex += 1 + name[apex]
        if last >= MAX_NAME or (zone is None and apex != last):
            return self._failed(data, FORMERR, 0, b"")
        if zone is None or qtype in _TRANSFERS:
            return self._failed(data, REFUSED, end, opt)
        rcode, counts, records = zone.lookup(name, apex, qtype)
        self.counters.rcodes[rcode] += 1
        arcount = b"\x00\x01" if opt else b"\x00\x00"
        question = data[HEADER:end]
        answer = b"".join((data[:2], flags[rcode], counts, arcount, question, records, opt))
        if len(answer) <= limit:
            return answer
        self.counters.truncated += 1
        cut = (int.from_bytes(flags[rcode]) | _TC).to_bytes(2)
        return b"".join((data[:2], cut, _ONLY_QUESTION, arcount, question, opt))

    def _failed(self, data: bytes, rcode: int, end: int, opt: bytes) -> bytes:
        """An answer without data; `end` is 0 when the question can't be repeated."""
        self.counters.rcodes[rcode] += 1
        flags = (_QR | (int.from_bytes(data[2:4]) & (_OPCODE | _RD)) | rcode).to_bytes(2)
        counts = _ONLY_QUESTION if end else _NO_SECTION
        arcount = b"\x00\x01" if opt else b"\x00\x00"
        return b"".join((data[:2], flags, counts, arcount, data[HEADER:end], opt))


def _limit(payload: int, *, over_tcp: bool) -> int:
    return _TCP_PAYLOAD if over_tcp else min(max(payload, _UDP_PAYLOAD_WITHOUT_EDNS), UDP_PAYLOAD)
