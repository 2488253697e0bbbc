# SPDX-License-Identifier: Apache-2.0
"""RFC 3403 and 4848: the record that leads to a publisher, as it is on the wire."""

import hashlib
from base64 import b32encode
from collections.abc import Callable, Iterable

import dns.message
import dns.rdatatype

from registry.dns.records import RRset, naptr_rrset
from registry.dns.responder import Responder

Serve = Callable[[Iterable[RRset]], Responder]
Ask = Callable[..., dns.message.Message]

LABEL = b32encode(hashlib.sha256(b"0088:test01").digest()).decode().rstrip("=").lower()
OWNER = f"{LABEL}.iso6523-actorid-upis"


def test_rfc3403_4_1_fields_of_the_record(serve: Serve, ask: Ask) -> None:
    responder = serve([naptr_rrset(OWNER, "https://smp.test/path/", ["Meta:SMP"], 60)])
    (rrset,) = ask(responder, f"{OWNER}.example").answer
    (record,) = rrset
    assert (rrset.rdtype, rrset.ttl) == (dns.rdatatype.NAPTR, 60)
    assert (record.order, record.preference) == (100, 10)
    assert record.service == b"Meta:SMP"
    assert record.replacement.to_text() == "."


def test_rfc4848_2_2_a_u_naptr_ends_in_a_uri(serve: Serve, ask: Ask) -> None:
    responder = serve([naptr_rrset(OWNER, "https://smp.test/path/", ["Meta:SMP"], 60)])
    (record,) = ask(responder, f"{OWNER}.example").answer[0]
    assert record.flags == b"U"
    assert record.regexp.split(b"!") == [b"", b".*", b"https://smp.test/path/", b""]


def test_rfc3403_4_1_the_whole_answer_octet_by_octet(serve: Serve) -> None:
    responder = serve([naptr_rrset("p", "http://a", ["Meta:SMP"], 60)])
    query = dns.message.make_query("p.example", "NAPTR", id=1, flags=0).to_wire()
    rdata = b"\x00\x64\x00\x0a" + b"\x01U" + b"\x08Meta:SMP" + b"\x0d!.*!http://a!" + b"\x00"
    record = b"\xc0\x0c\x00\x23\x00\x01\x00\x00\x00\x3c" + len(rdata).to_bytes(2) + rdata
    assert responder.answer(query) == b"\x00\x01\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00" + query[12:] + record


def test_edelivery_a_naptr_behind_an_alias_comes_in_one_answer(serve: Serve, ask: Ask) -> None:
    """So that a publisher's address is one record; clients follow what one answer holds (interop.md §5)."""
    responder = serve(
        [
            RRset(OWNER, "CNAME", 60, ("smp-1.naptr.example.",)),
            naptr_rrset("smp-1.naptr", "https://smp.test", ["Meta:SMP"], 60),
        ]
    )
    response = ask(responder, f"{OWNER}.example")
    assert isinstance(response, dns.message.QueryMessage)
    found = response.resolve_chaining().answer
    assert found is not None
    (record,) = found
    assert record.regexp == b"!.*!https://smp.test!"


def test_edelivery_a_participant_has_no_address(serve: Serve, ask: Ask) -> None:
    """One client would take it for a name server's (interop.md §5)."""
    responder = serve([naptr_rrset(OWNER, "https://smp.test", ["Meta:SMP"], 60)])
    for rdtype in ("A", "AAAA"):
        assert ask(responder, f"{OWNER}.example", rdtype).answer == []
