# SPDX-License-Identifier: Apache-2.0
"""Answers questions: from the cache, by a look-up in a worker thread, or with the last good answer where that failed.

The same question is looked up once at a time, however many ask it. How long an answer is fresh is bounded by everything
that it rests on; what failed is never kept, and what isn't trusted ends the last good answer as well.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from cryptography import x509

from registry import telemetry
from registry.clock import Clock
from registry.discovery.client import LookupClient, Resolution
from registry.discovery.errors import DiscoveryError, NotTrustedError, TechnicalFailureError
from registry.discovery.fetcher import Fetcher
from registry.discovery.locator import Locator, NaptrAnswer
from registry.domains.domain import Domain
from registry.errors import TechnicalError
from registry.metadata import ServiceMetadata
from registry.resolver import answers
from registry.resolver.answers import Answer
from registry.resolver.cache import AnswerCache, Entry
from registry.resolver.questions import Question
from registry.trust import TrustDecision, TrustModel
from trust_lists.certificates.listed import ListedCertificate

MAX_NEGATIVE_S: Final = 60
RETRY_STALE_S: Final = 5.0
"""While the last good answer is used in need, finding out anew is tried once in so many seconds."""


class OverloadedError(TechnicalError):
    """More look-ups are waiting than there may be."""


@dataclass(frozen=True, slots=True)
class Times:
    """For how many seconds answers are used, at most: positive ones, negative ones, and the last good one in need."""

    positive_s: float = 300.0
    negative_s: float = MAX_NEGATIVE_S
    stale_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Served:
    """An answer and where it came from: `cache`, `lookup` or `stale`; its age and what is left of it, in seconds."""

    answer: Answer
    source: str
    age: int
    fresh_for: int


class Lookups:
    """Belongs to one event loop. `use` says which domains there are: before anything is asked, and when they change.

    `trust_of` gives a domain's trust model as it is now, whose evidence may change.
    """

    def __init__(
        self,
        locator: Locator,
        fetcher: Fetcher,
        cache: AnswerCache,
        times: Times,
        clock: Clock,
        trust_of: Callable[[Domain], TrustModel],
        *,
        workers: int = 16,
        queue: int = 100,
    ) -> None:
        self._locator = locator
        self._fetcher = fetcher
        self._cache = cache
        self._times = times
        self._clock = clock
        self._trust_of = trust_of
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="lookup")
        self._room = workers + queue
        self._pending = 0
        self._running: dict[Any, asyncio.Future[Entry]] = {}
        self.domains: Mapping[str, Domain] = {}

    def use(self, domains: Iterable[Domain]) -> None:
        """Answer for these domains from now on, and forget what was found before. Raises ConfigurationError."""
        known = {domain.name: domain for domain in domains}
        for domain in known.values():
            self._trust_of(domain)
        self.domains = known
        self._cache.clear()

    def close(self) -> None:
        """End when the look-ups that have begun are over."""
        self._threads.shutdown(cancel_futures=True)

    def key(self, question: Question) -> tuple[Any, ...]:
        """The same for questions that have one answer: identifiers as the domain compares them."""
        domain = self.domains[question.domain]
        rules, document_type, process = domain.identifiers, question.document_type, question.process
        return (
            id(domain),  # what is being looked up for a domain as it was must not be found for what it has become
            question.participant.scheme,
            rules.participant_key(question.participant),
            document_type and (document_type.scheme, rules.document_type_key(document_type)),
            process and (process.scheme, rules.process_key(process)),
            question.transport,
        )

    async def answer(self, question: Question, key: tuple[Any, ...]) -> Served:
        """The answer, whose `key` is that of `self.key`. Raises ValidationError, OverloadedError."""
        now = self._clock().timestamp()
        if (entry := self._cache.fresh(key, now)) is not None:
            return _served(entry, "cache", now)
        last = self._cache.in_need(key, now)
        if last is not None and now < last.retry_at:
            return _served(last, "stale", now)
        try:
            entry = await self._look_up_once(question, key)
        except OverloadedError:
            if last is None:
                raise
            return _served(last, "stale", now)
        if entry.answer.outcome == TechnicalFailureError.outcome and last is not None:
            last.retry_at = self._clock().timestamp() + RETRY_STALE_S
            return _served(last, "stale", now)
        return _served(entry, "lookup", now)

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        """The result of blocking work, in one of the threads. Raises OverloadedError where too much waits already."""
        if self._pending >= self._room:
            raise OverloadedError("too many look-ups are waiting")
        self._pending += 1
        try:
            future = asyncio.get_running_loop().run_in_executor(self._threads, work)
            # Whoever asked may go away, and the thread works on: its place is free when it has ended.
            future.add_done_callback(self._ended)
        except BaseException:
            self._pending -= 1
            raise
        return await asyncio.shield(future)

    def _ended(self, future: "asyncio.Future[Any]") -> None:
        self._pending -= 1
        if not future.cancelled():
            future.exception()  # seen, also where nobody waits any more

    async def _look_up_once(self, question: Question, key: tuple[Any, ...]) -> Entry:
        running = self._running.get(key)
        if running is None:
            running = asyncio.ensure_future(self._look_up(question, key))
            self._running[key] = running
            running.add_done_callback(partial(self._looked_up, key))
        return await asyncio.shield(running)

    def _looked_up(self, key: tuple[Any, ...], future: "asyncio.Future[Entry]") -> None:
        del self._running[key]
        if not future.cancelled():
            future.exception()

    async def _look_up(self, question: Question, key: tuple[Any, ...]) -> Entry:
        domain = self.domains[question.domain]
        with telemetry.resolver_lookup_seconds.time():
            entry: Entry = await self.in_thread(partial(self._ask, question, domain))
        if self.domains.get(domain.name) is domain:
            self._keep(key, entry)
        return entry

    def _keep(self, key: tuple[Any, ...], entry: Entry) -> None:
        outcome = entry.answer.outcome
        if outcome == NotTrustedError.outcome:
            # What was trusted before must not be used in need of this.
            self._cache.drop(key)
        elif outcome != TechnicalFailureError.outcome:
            self._cache.put(key, entry)
        telemetry.resolver_cache_entries.set(len(self._cache))
        telemetry.resolver_cache_bytes.set(self._cache.bytes)

    def _ask(self, question: Question, domain: Domain) -> Entry:
        """One look-up, in a thread."""
        trust = self._trust_of(domain)
        noting_locator = _NotingLocator(self._locator)
        noting_trust = _NotingTrust(trust.engine, trust.domain, trust.advisory, trust.evidence)
        client = LookupClient(domain, noting_trust, noting_locator, self._fetcher, self._clock)
        now = self._clock()
        try:
            resolution = client.resolve(
                question.participant, question.document_type, question.process, question.transport
            )
        except DiscoveryError as error:
            answer = answers.refused(error, str(question.participant), domain.name)
            made = now.timestamp()
            until = made + min(self._times.negative_s, MAX_NEGATIVE_S, domain.dns.soa_minimum)
            return Entry(answer, made, until, until)
        return self._entry(question, domain, resolution, now, noting_locator.ttl, noting_trust.ends)

    def _entry(
        self,
        question: Question,
        domain: Domain,
        resolution: Resolution,
        now: datetime,
        ttl: int | None,
        ends: list[datetime],
    ) -> Entry:
        made = now.timestamp()
        # Where a domain only warns, something may be over already, and bounds nothing any more.
        hard = min(
            (end.timestamp() for end in (*ends, resolution.endpoint.expiration) if end is not None and end > now),
            default=float("inf"),
        )
        longest = self._times.positive_s if ttl is None else min(self._times.positive_s, ttl)
        changes = (change.timestamp() for change in _changes(resolution.metadata) if change > now)
        fresh_until = min(made + longest, hard, *changes)
        answer = answers.found(
            resolution, question.document_type, domain.name, datetime.fromtimestamp(fresh_until, UTC)
        )
        return Entry(answer, made, fresh_until, max(fresh_until, min(fresh_until + self._times.stale_s, hard)))


def _changes(metadata: ServiceMetadata) -> Iterable[datetime]:
    """When another endpoint, or another certificate of one, takes over or ends."""
    for group in metadata.process_metadata:
        for endpoint in group.endpoints:
            moments = [endpoint.activation, endpoint.expiration]
            for certificate in endpoint.certificates:
                moments += (certificate.activation, certificate.expiration)
            yield from (moment for moment in moments if moment is not None)


def _served(entry: Entry, source: str, now: float) -> Served:
    outcome = entry.answer.outcome
    telemetry.resolver_answers_total.labels(outcome, source).inc()
    if source == "stale" or outcome in {NotTrustedError.outcome, TechnicalFailureError.outcome}:
        return Served(entry.answer, source, max(0, int(now - entry.made)), 0)
    return Served(entry.answer, source, max(0, int(now - entry.made)), max(0, int(entry.fresh_until - now)))


class _NotingLocator:
    """Remembers for how long the answer of one look-up holds."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator
        self.ttl: int | None = None

    def naptr(self, name: str) -> NaptrAnswer:
        answer = self._locator.naptr(name)
        self.ttl = answer.ttl
        return answer


@dataclass(frozen=True, slots=True)
class _NotingTrust(TrustModel):
    """Remembers when the certificates of one look-up end."""

    ends: list[datetime] = field(default_factory=list)

    def decide(
        self,
        role: str,
        certificate: x509.Certificate | ListedCertificate,
        at: datetime,
        evidence_certificates: Iterable[x509.Certificate | ListedCertificate] = (),
        **known: Any,
    ) -> TrustDecision:
        # slots make this another class than the one that `super()` would mean
        decision = TrustModel.decide(self, role, certificate, at, evidence_certificates, **known)
        if decision.not_after is not None:
            self.ends.append(decision.not_after)
        return decision
