# SPDX-License-Identifier: Apache-2.0
"""Signed queries and requests for zones with octets changed: an answer that dnspython can read, or silence."""

import time
from pathlib import Path

import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.dns.signed_queries import SignedQueries
from registry.dns.transfer.requests import Stream, TransferRequest
from registry.dns.tsig_keys import TsigKeys


class Nobody:
    """Lets nobody have a zone, so that a request that is handed over would be seen."""

    def allows(self, request: TransferRequest) -> bool:
        return False

    def start(self, request: TransferRequest, stream: Stream) -> bool:
        raise AssertionError("nobody may")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> TsigKeys:
    keys = TsigKeys(Path(tmp_path_factory.mktemp("keys")) / "tsig")
    keys.generate("sec.sml.test")
    return keys


def messages(keys: TsigKeys) -> list[bytes]:
    """Of each kind one, signed."""
    found = []
    for rdtype in ("SOA", "AXFR", "IXFR"):
        query = dns.message.make_query("sml.test", rdtype, use_edns=0)
        if rdtype == "IXFR":
            soa = "ns.sml.test. h.sml.test. 1 2 3 4 5"
            query.authority.append(dns.rrset.from_text(dns.name.from_text("sml.test"), 0, "IN", "SOA", soa))
        query.use_tsig(keys.required("sec.sml.test"))
        found.append(query.to_wire())
    return found


_CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4)


def test_changed_messages_get_an_answer_or_silence(keys: TsigKeys, zone: ServedZone) -> None:
    responder = Responder({zone.wire: zone}, Counters(), SignedQueries(keys, time.time), Nobody())
    originals = messages(keys)

    @settings(max_examples=600, deadline=None)
    @given(st.sampled_from(range(3)), _CHANGES, st.integers(0, 60), st.binary(max_size=20), st.booleans())
    def ask(which: int, changes: list[tuple[int, int]], cut: int, more: bytes, over_tcp: bool) -> None:
        wire = bytearray(originals[which])
        for at, value in changes:
            wire[at % len(wire)] = value
        data = bytes(wire[: len(wire) - cut]) + more
        answer = responder.answer_over_tcp(data, "192.0.2.1") if over_tcp else responder.answer(data)
        assert not isinstance(answer, TransferRequest)
        if answer is not None:
            read = dns.message.from_wire(answer, keyring=False)
            assert answer[:2] == data[:2]
            touched = bytes(data[2:]) != originals[which][2:]
            if touched and read.had_tsig:
                assert read.tsig is not None
                assert (read.rcode() == dns.rcode.NOTAUTH) == (read.tsig[0].error != 0)

    ask()
