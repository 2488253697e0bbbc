# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a query to the bytes of its answer, for all zones of a server; no IO.

Ordinary queries take a short cut that looks at fixed offsets; all others are read by `registry.dns.query`. Both
ways meet in the same lookup and the same assembly. The question is copied, so that the case of its letters (0x20)
survives; AD and CD are cleared, as an authoritative server validates nothing (RFC 4035 §3.1.6).

A signed query is answered as if it weren't, and the answer signed (RFC 8945 §5.3). A request for a whole zone comes
over TCP and isn't answered here, but handed back, verified and allowed, to be answered at leisure.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from time import monotonic

import structlog

from registry.dns.query import HEADER, MalformedQueryError, Query, read_query, soa_serial
from registry.dns.served_zone import NOERROR, NXDOMAIN, REFERRAL, YXDOMAIN, ServedZone
from registry.dns.signed_queries import SignedQueries, SignedQuery
from registry.dns.transfer.packing import AXFR, IXFR
from registry.dns.transfer.requests import TransferDesk, TransferRequest
from registry.dns.wire import DS, IN, MAX_NAME, SOA

UDP_PAYLOAD = 1232
"""Octets: the largest UDP answer, and what we announce; fits into any IPv6 packet."""
_UDP_PAYLOAD_WITHOUT_EDNS = 512  # RFC 1035 §4.2.1
_TCP_PAYLOAD = 0xFFFF

FORMERR, NOTIMP, REFUSED, NOTAUTH = 1, 4, 5, 9
_ANY_CLASS = b"\x00\xff"
_WHOLE_ZONES = (AXFR, IXFR)
_NOT_OF_THE_ZONE = (AXFR, IXFR, DS)  # the last is what the parent says of a zone
_NOTIFY = 4 << 11
_QR, _OPCODE, _AA, _TC, _RD = 0x8000, 0x7800, 0x0400, 0x0200, 0x0100
_ONLY_QUESTION = b"\x00\x01\x00\x00\x00\x00"
_NO_SECTION = bytes(6)
_OPT_HEAD = b"\x00\x00\x29"
_SERVFAIL = 2
_LOG_REST_S = 60.0

log = structlog.get_logger(__name__)


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
    """The flags of answers by RCODE, and of referrals; only data and denials of ours are authoritative."""
    ours = (NOERROR, NXDOMAIN, YXDOMAIN)
    return tuple(
        (_QR | recursion_desired | (authoritative if rcode in ours else 0) | rcode % REFERRAL).to_bytes(2)
        for rcode in range(REFERRAL + 1)
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
    """Answers queries from `zones`, a dictionary by wire name; the longest match owns a name.

    Without `signed` no key is known, and without `desk` nobody gets a whole zone. Who asks for a zone whose wire name
    is in `private` has to sign: a catalog tells the names of all zones (RFC 9432 §7).
    """

    def __init__(
        self,
        zones: dict[bytes, ServedZone],
        counters: Counters,
        signed: SignedQueries | None = None,
        desk: TransferDesk | None = None,
        private: Collection[bytes] = (),
    ) -> None:
        self._zones = zones
        self.counters = counters
        self._signed = signed
        self._desk = desk
        self._private = frozenset(private)
        self._log_failure_at = 0.0

    def answer(self, data: bytes, *, over_tcp: bool = False, verified: bool = False) -> bytes | None:
        """The answer to one message, or None where silence is right: no header, or itself an answer.

        `verified`: it was signed by a key of ours.
        """
        ordinary = _ORDINARY.get(data[2:HEADER])
        if ordinary is None:
            return self._answer_unusual(data, over_tcp=over_tcp, verified=verified)
        flags, has_edns = ordinary
        end = data.find(b"\x00", HEADER) + 5
        opt = b""
        payload = _UDP_PAYLOAD_WITHOUT_EDNS
        if has_edns:
            # an OPT record of version 0 without options
            if data[end : end + 3] != _OPT_HEAD or data[end + 5 : end + 7] + data[end + 9 :] != b"\0\0\0\0":
                return self._answer_unusual(data, over_tcp=over_tcp, verified=verified)
            opt = _OPTS[data[end + 7] >> 7]
            payload = data[end + 3] << 8 | data[end + 4]
        elif len(data) != end:
            return self._answer_unusual(data, over_tcp=over_tcp, verified=verified)
        if data[end - 2 : end] != IN:
            return self._answer_unusual(data, over_tcp=over_tcp, verified=verified)
        return self._look_up(data, end, flags, opt, _limit(payload, over_tcp=over_tcp), verified=verified)

    def answer_over_tcp(self, data: bytes, host: str) -> bytes | TransferRequest | None:
        """As `answer`; or a request for a whole zone, which `host`, an IP address, may have."""
        end = data.find(b"\x00", HEADER) + 5
        if data[end - 4 : end - 2] in _WHOLE_ZONES and self._desk is not None and not data[2] & 0xF8:
            return self._transfer(data, host, self._desk)
        return self.answer(data, over_tcp=True)

    def refused(self, request: TransferRequest) -> bytes:
        """The answer to a request that can't be met now."""
        end = HEADER + len(request.question)
        header = request.query_id + bytes(2) + _ONLY_QUESTION + bytes(2)
        refusal = self._failed(header + request.question, REFUSED, end, request.opt)
        signed = self._signed
        return refusal if request.signer is None or signed is None else request.signer.sign(refusal, signed.now())

    def unanswerable(self, data: bytes, error: Exception) -> bytes:
        """SERVFAIL, for what no test has thought of; logged now and then, since somebody may send it on purpose."""
        now = monotonic()
        if now >= self._log_failure_at:
            self._log_failure_at = now + _LOG_REST_S
            log.error("dns_answer_failed", query=data[:512].hex(), exc_info=error)
        return self._failed(data, _SERVFAIL, 0, b"")

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

    def _answer_unusual(self, data: bytes, *, over_tcp: bool, verified: bool) -> bytes | None:
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
        if bits & _OPCODE == _NOTIFY:  # nobody is the master of our zones but we (RFC 1996 §3.10)
            return self._failed(data, REFUSED if data[HEADER : end - 4].lower() in self._zones else NOTAUTH, end, opt)
        if bits & _OPCODE:  # its first section may be no question, so it isn't repeated
            return self._failed(data, NOTIMP, 0, opt)
        if query.edns is not None and query.edns.version != 0:
            return self._failed(data, NOERROR, end, _BAD_VERSION[query.edns.dnssec_ok])
        if query.tsig is not None:
            return self._answer_signed(data, query, query.tsig, opt, _limit(payload, over_tcp=over_tcp))
        if data[end - 2 : end] == IN:
            flags = _AUTHORITATIVE[bits & _RD]
        elif data[end - 2 : end] == _ANY_CLASS:
            flags = _NOT_AUTHORITATIVE[bits & _RD]  # RFC 1035 §6.2
        else:
            return self._failed(data, REFUSED, end, opt)
        return self._look_up(data, end, flags, opt, _limit(payload, over_tcp=over_tcp), verified=verified)

    def _answer_signed(self, data: bytes, query: Query, tsig: int, opt: bytes, limit: int) -> bytes | None:
        opened = self._opened(data, query, tsig, opt)
        if not isinstance(opened, SignedQuery) or self._signed is None:
            return opened if isinstance(opened, bytes) else None
        answer = self.answer(opened.plain, over_tcp=limit == _TCP_PAYLOAD, verified=True)
        if answer is None:
            return None
        if len(answer) + opened.signer.size > limit:
            answer = self.truncated(opened.plain) or answer
        return opened.signer.sign(answer, self._signed.now())

    def _opened(self, data: bytes, query: Query, tsig: int, opt: bytes) -> SignedQuery | bytes:
        """A signed query that was verified, or the answer to one that wasn't."""
        try:
            opened = None if self._signed is None else self._signed.open(data, tsig)
        except MalformedQueryError:
            return self._failed(data, FORMERR, 0, b"")
        if isinstance(opened, SignedQuery):
            return opened
        refusal = self._failed(data, NOTAUTH, query.question_end, opt)
        return refusal if opened is None else opened(refusal)

    def _transfer(self, data: bytes, host: str, desk: TransferDesk) -> bytes | TransferRequest | None:
        """A request for a whole zone, or why there is none."""
        try:
            query = read_query(data)
            since = soa_serial(data, query)
        except MalformedQueryError:
            return self._failed(data, FORMERR, 0, b"")
        opt = b"" if query.edns is None else _OPTS[query.edns.dnssec_ok]
        opened = None if query.tsig is None else self._opened(data, query, query.tsig, opt)
        if isinstance(opened, bytes):
            return opened
        end = query.question_end
        kind = data[end - 4 : end - 2]
        zone = self._zones.get(data[HEADER : end - 4].lower())
        bad_version = query.edns is not None and query.edns.version != 0
        if zone is None or data[end - 2 : end] != IN or kind not in _WHOLE_ZONES or bad_version:
            return self.answer(data, over_tcp=True)
        if kind == IXFR and since is None:
            return self._failed(data, FORMERR, 0, b"")
        request = TransferRequest(
            "IXFR" if kind == IXFR else "AXFR",
            zone.name,
            data[:2],
            data[HEADER:end],
            opt,
            since or 0,
            host,
            "" if opened is None else opened.key,
            None if opened is None else opened.signer,
        )
        return request if desk.allows(request) else self.refused(request)

    def _look_up(
        self, data: bytes, end: int, flags: tuple[bytes, ...], opt: bytes, limit: int, *, verified: bool
    ) -> bytes:
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
        if not verified and zone is not None and zone.wire in self._private:
            return self._failed(data, REFUSED, end, opt)
        if zone is None or qtype in _NOT_OF_THE_ZONE:
            if zone is None or qtype == AXFR or (qtype == IXFR and (apex or limit == _TCP_PAYLOAD)):
                return self._failed(data, REFUSED, end, opt)
            if qtype == DS:
                zone, apex = self._parent(zone, name, apex)
            else:
                qtype = SOA  # over UDP: who finds it newer asks again over TCP (RFC 1995 §2)
        rcode, counts, records = zone.lookup(name, apex, qtype)
        bits = flags[rcode]
        arcount = b"\x00\x01" if opt else b"\x00\x00"
        if rcode == REFERRAL:
            rcode = NOERROR
            counts, arcount = counts[:6], (int.from_bytes(counts[6:]) + bool(opt)).to_bytes(2)
        self.counters.rcodes[rcode] += 1
        question = data[HEADER:end]
        answer = b"".join((data[:2], bits, counts, arcount, question, records, opt))
        if len(answer) <= limit:
            return answer
        self.counters.truncated += 1
        cut = (int.from_bytes(bits) | _TC).to_bytes(2)
        return b"".join((data[:2], cut, _ONLY_QUESTION, b"\x00\x01" if opt else b"\x00\x00", question, opt))

    def _parent(self, zone: ServedZone, name: bytes, apex: int) -> tuple[ServedZone, int]:
        """The zone above, and where it begins in the name, if a zone's own name was asked and we have that.

        It knows of the DS records (RFC 4035 §3.1.4.1).
        """
        above = apex
        while apex == 0 and name[above]:
            above += 1 + name[above]
            found = self._zones.get(name[above:])
            if found is not None:
                return found, above
        return zone, apex

    def _failed(self, data: bytes, rcode: int, end: int, opt: bytes) -> bytes:
        """An answer without data; `end` is 0 when the question can't be repeated."""
        self.counters.rcodes[rcode] += 1
        flags = (_QR | (int.from_bytes(data[2:4]) & (_OPCODE | _RD)) | rcode).to_bytes(2)
        counts = _ONLY_QUESTION if end else _NO_SECTION
        arcount = b"\x00\x01" if opt else b"\x00\x00"
        return b"".join((data[:2], flags, counts, arcount, data[HEADER:end], opt))


def _limit(payload: int, *, over_tcp: bool) -> int:
    return _TCP_PAYLOAD if over_tcp else min(max(payload, _UDP_PAYLOAD_WITHOUT_EDNS), UDP_PAYLOAD)
