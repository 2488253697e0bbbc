# SPDX-License-Identifier: Apache-2.0
"""How long answers are used, which are used in need, and that the same question is asked once."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import dns.rcode
import pytest

from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import FetchedDocument
from registry.metadata import EndpointCertificate, ServiceMetadata
from registry.resolver.lookups import OverloadedError, Times
from registry.resolver.questions import Question
from tests.simulators.authorities import NOW, Authority
from tests.simulators.network import INVOICE, PARTICIPANT, Network
from tests.simulators.resolver import SimulatedResolver, resolver_for
from trust_lists.certificates.parsing import SigningKey

STALE = 'edelivery-resolver; hit; detail="stale"'
HIT = "edelivery-resolver; hit"
MISS = "edelivery-resolver; fwd=miss"


def source(resolver: SimulatedResolver, **query: str) -> str:
    return resolver.resolve(**query).headers["cache-status"]


def lives(resolver: SimulatedResolver) -> int:
    """For how many seconds the answer is fresh."""
    age = resolver.resolve().headers["cache-control"].rpartition("=")[2]
    return 0 if age == "no-cache" else int(age)


# --- how long ---


def test_a_second_question_is_answered_from_the_cache(resolver: SimulatedResolver) -> None:
    assert source(resolver) == MISS
    asked = list(resolver.network.asked)
    assert source(resolver) == HIT
    assert resolver.network.asked == asked


def test_spellings_that_the_domain_takes_for_one_participant_share_an_answer(resolver: SimulatedResolver) -> None:
    resolver.network.register(PARTICIPANT, "https://smp.test/root/")
    resolver.resolve()
    assert source(resolver, participant=PARTICIPANT.value) == HIT


def test_an_answer_lives_no_longer_than_its_dns_records(resolver: SimulatedResolver) -> None:
    assert lives(resolver) == 60
    resolver.clock.forward(seconds=59)
    assert source(resolver) == HIT
    resolver.clock.forward(seconds=1)
    assert source(resolver) == MISS


def test_an_answer_lives_no_longer_than_the_setting(network: Network) -> None:
    resolver = resolver_for(network, Times(positive_s=7))
    with closing(resolver.lookups):
        assert lives(resolver) == 7


def expiring(network: Network, key: SigningKey, **dates: Any) -> ServiceMetadata:
    from cryptography.hazmat.primitives.serialization import Encoding

    der = key.certificate.public_bytes(Encoding.DER)
    return network.metadata(network.endpoint(certificates=(EndpointCertificate(der),), **dates))


@pytest.mark.parametrize(
    "arrange",
    [
        lambda n: n.smp.publish(expiring(n, n.access_point, expiration=NOW + timedelta(seconds=20))),
        lambda n: n.smp.publish(expiring(n, n.authority.issue("AP-2", expires=NOW + timedelta(seconds=20)))),
        lambda n: n.add_smp(n.smp.base_url, n.authority.issue("SMP-2", expires=NOW + timedelta(seconds=20))).publish(
            n.metadata()
        ),
    ],
    ids=["the endpoint", "its certificate", "the signer's certificate"],
)
def test_an_answer_ends_with_what_it_rests_on_and_isn_t_used_in_need_then(
    network: Network, arrange: Callable[[Network], object]
) -> None:
    arrange(network)
    resolver = resolver_for(network)
    with closing(resolver.lookups):
        assert lives(resolver) == 20
        network.down.add("https://smp.test")
        resolver.clock.forward(seconds=21)
        assert resolver.resolve().status == 503


def test_an_answer_ends_when_another_endpoint_becomes_active(network: Network) -> None:
    successor = network.endpoint("https://new.test/as4", "as4-v3", activation=NOW + timedelta(seconds=30))
    network.smp.publish(network.metadata(network.endpoint(), successor))
    resolver = resolver_for(network)
    with closing(resolver.lookups):
        assert lives(resolver) == 30
        resolver.clock.forward(seconds=30)
        assert source(resolver) == MISS


@pytest.mark.parametrize("query", [{"participant": "0088:unknown"}, {"transport": "carrier-pigeon"}])
def test_a_clear_no_is_kept_for_a_minute_at_most(resolver: SimulatedResolver, query: dict[str, str]) -> None:
    first = resolver.resolve(**query)
    assert (first.status, first.headers["cache-control"]) == (404, "private, max-age=60")
    assert source(resolver, **query) == HIT
    resolver.clock.forward(seconds=60)
    assert source(resolver, **query) == MISS


def test_a_technical_failure_is_not_kept(resolver: SimulatedResolver) -> None:
    resolver.network.name_server.rcode = dns.rcode.SERVFAIL
    assert resolver.resolve().status == 503
    resolver.network.name_server.rcode = None
    assert resolver.resolve().status == 200


# --- in need ---


def test_the_last_good_answer_is_used_while_the_smp_is_down(resolver: SimulatedResolver) -> None:
    good = resolver.resolve().json()
    resolver.network.down.add("https://smp.test")
    resolver.clock.forward(seconds=100)
    reply = resolver.resolve()
    assert reply.status == 200
    assert reply.headers["cache-status"] == STALE
    assert reply.headers["age"] == "100"
    assert reply.headers["warning"].startswith("110 ")
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.json() == good | {"stale": True}


def test_the_last_good_answer_is_used_for_a_bounded_time(resolver: SimulatedResolver) -> None:
    resolver.resolve()
    resolver.network.down.add("https://smp.test")
    resolver.clock.forward(seconds=60 + 3599)
    assert source(resolver) == STALE
    resolver.clock.forward(seconds=1)
    assert resolver.resolve().status == 503


def test_while_it_is_used_finding_out_is_tried_now_and_then(resolver: SimulatedResolver) -> None:
    resolver.resolve()
    resolver.network.name_server.rcode = dns.rcode.SERVFAIL
    resolver.clock.forward(seconds=100)
    questions = resolver.network.name_server.questions
    resolver.resolve()
    tried = len(questions)
    resolver.resolve()
    assert len(questions) == tried
    resolver.clock.forward(seconds=5)
    resolver.network.name_server.rcode = None
    assert source(resolver) == MISS


def test_a_no_replaces_the_last_good_answer(resolver: SimulatedResolver) -> None:
    resolver.resolve()
    resolver.network.name_server.rrsets.clear()
    resolver.clock.forward(seconds=61)
    assert resolver.resolve().json()["outcome"] == "not-registered"
    resolver.network.name_server.rcode = dns.rcode.SERVFAIL
    resolver.clock.forward(seconds=61)
    assert resolver.resolve().status == 503


def test_an_answer_that_is_not_trusted_ends_the_last_good_one_and_is_not_kept(resolver: SimulatedResolver) -> None:
    network = resolver.network
    resolver.resolve()
    network.add_smp(network.smp.base_url, Authority("Another").issue("SMP-1")).publish(network.metadata())
    resolver.clock.forward(seconds=61)
    reply = resolver.resolve()
    assert (reply.status, reply.json()["outcome"]) == (502, "not-trusted")
    assert reply.headers["cache-control"] == "no-cache"
    network.down.add("https://smp.test")
    assert resolver.resolve().status == 503
    network.down.clear()
    network.smp.publish(network.metadata())
    assert resolver.resolve().status == 200


def test_changed_domains_forget_everything(resolver: SimulatedResolver) -> None:
    resolver.resolve()
    role = {"anchors": [Authority("Another").pem], "on_untrusted": "refuse"}
    resolver.app.use([resolver.network.configure({"trust": {"smp-sign": role, "ap-encrypt": role}})])
    assert resolver.resolve().status == 502


# --- at a time ---


class Gate:
    """A fetcher that waits until it is let go."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.opened = threading.Event()
        self.calls = 0

    def fetch(self, url: str) -> FetchedDocument:
        self.calls += 1
        if not self.opened.wait(10):
            raise TechnicalFailureError("http-timeout", "the test did not open the gate")
        return self.network.fetch(url)


def gated(network: Network, **limits: int) -> tuple[SimulatedResolver, Gate]:
    resolver = resolver_for(network, **limits)
    gate = Gate(network)
    resolver.lookups._fetcher = gate
    return resolver, gate


def test_the_same_question_is_looked_up_once_however_many_ask(network: Network) -> None:
    resolver, gate = gated(network)
    question = Question("demo", PARTICIPANT, INVOICE)

    async def ask() -> set[int]:
        key = resolver.lookups.key(question)
        tasks = [asyncio.create_task(resolver.lookups.answer(question, key)) for _ in range(50)]
        tasks[0].cancel()
        await asyncio.sleep(0)
        gate.opened.set()
        served = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(served[0], asyncio.CancelledError)
        return {one.answer.status for one in served[1:] if not isinstance(one, BaseException)}

    with closing(resolver.lookups):
        assert asyncio.run(ask()) == {200}
    assert gate.calls == 1


def test_more_look_ups_than_may_wait_are_refused(network: Network) -> None:
    resolver, gate = gated(network, workers=1, queue=1)

    async def ask() -> list[Any]:
        questions = [Question("demo", PARTICIPANT, INVOICE, transport=name) for name in (None, "a", "b", "c")]
        tasks = [asyncio.create_task(resolver.lookups.answer(one, resolver.lookups.key(one))) for one in questions]
        await asyncio.wait(tasks[2:])
        gate.opened.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with closing(resolver.lookups):
        served = asyncio.run(ask())
    assert [isinstance(one, OverloadedError) for one in served] == [False, False, True, True]


def test_the_cache_is_bounded(network: Network) -> None:
    resolver = resolver_for(network, max_entries=3)
    with closing(resolver.lookups):
        for number in range(10):
            resolver.resolve(participant=f"0088:{number}")
    assert len(resolver.cache) == 3
