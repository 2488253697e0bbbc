# SPDX-License-Identifier: Apache-2.0
"""Participants read as any sender reads them: through the public SMP, from a list of who is there.

For an SMP that gives its data in no other way. Signatures are verified, their signers decided about as in a look-up,
and redirects kept as they are. What can't be read so is missing: owners, custom properties, services without an
endpoint. A crawl is no snapshot and takes hours, at a pace that leaves the SMP to its users; what was read is kept
beside the list, as `LIST.crawl`, until all has been read, so that who is broken off goes on.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from registry.clock import Clock, system_clock
from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import Fetcher, HttpFetcher
from registry.discovery.urls import UrlError, check_url
from registry.domains.domain import Domain
from registry.errors import ConfigurationError, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused, part_of
from registry.move_in.sources.crawl_journal import CrawlJournal
from registry.move_in.sources.paced_fetcher import PacedFetcher
from registry.move_in.sources.participant_list import listed_participants
from registry.move_in.sources.smp_documents import SmpDocuments
from registry.smp.documents.dialect import Dialect
from registry.trust import TrustModel

_AT_ONCE: Final = 32  # participants that are under way for each thread, and that a crash may cost
_GIVE_UP: Final = 5
"""So many participants in a row without an answer, and the SMP is taken for out of order."""
_WAITS: Final = (0.5, 2.0, 8.0)
"""Seconds before each further try."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard an SMP is asked: connections, and requests a second (0 for no bound)."""

    threads: int = 4
    rate: float = 50.0
    waits: tuple[float, ...] = _WAITS


@dataclass(frozen=True, slots=True)
class _Read:
    """The record of a participant, None where the SMP doesn't know it."""

    body: bytes | None
    is_answer: bool = True
    """Whether the SMP has said so, and not only failed to say anything."""


class SmpCrawl:
    """Reads the participants in the file `listed` from the SMP at `base_url`, in one dialect of a domain."""

    kind = SourceKind.SMP_CRAWL

    def __init__(
        self,
        domain: Domain,
        dialect: Dialect,
        base_url: str,
        listed: Path,
        *,
        trust: TrustModel | None = None,
        fetcher: Fetcher | None = None,
        pace: Pace = Pace(),
        clock: Clock = system_clock,
        timer: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Raises ConfigurationError where the URL is none."""
        try:
            check_url(base_url, ("http", "https"))
        except UrlError as error:
            raise ConfigurationError(f"--url {base_url!r} is no base URL of an SMP: {error}") from None
        self._base_url = base_url
        self._listed = listed
        self._journal = listed.with_name(f"{listed.name}.crawl")
        self._pace = pace
        self._sleep = sleep
        self._own_fetcher: HttpFetcher | None = None
        if fetcher is None:
            fetcher = self._own_fetcher = HttpFetcher()
        asked = PacedFetcher(fetcher, pace.rate, timer, sleep)
        trust = trust or TrustModel.for_domain(domain)
        self._documents = SmpDocuments(domain, dialect, base_url, asked, trust, clock())
        self._unknown = 0
        self._failed = 0

    def check(self) -> None:
        """See `Source`: the list can be read, and the SMP answers for the first who is on it."""
        first = next(listed_participants(self._listed), None)
        if first is None:
            raise ConfigurationError(f"{self._listed} names nobody: it has a participant a line, scheme::value")
        try:
            self._documents.read(*first)
        except TechnicalFailureError as error:
            raise TechnicalError(f"the SMP at {self._base_url} doesn't answer: {error}; try again later") from error

    def checksums(self) -> Mapping[tuple[Kind, int], str] | None:
        """See `Source`: only asking tells what has changed."""
        return None

    def records(self, parts: Collection[tuple[Kind, int]] | None) -> Iterator[SourceRecord]:
        """See `Source`; one after the other in the order of the list, first what was read before it was broken off.

        Raises TechnicalError where the SMP is out of order; what was read by then is kept.
        """
        done: set[str] = set()
        self._unknown = self._failed = 0
        with CrawlJournal(self._journal, self._base_url) as journal, ThreadPoolExecutor(self._pace.threads) as threads:
            for key, body in journal.read():
                done.add(key)
                yield from self._told(key, body, parts)
            left = self._left(done, parts)
            while some := list(islice(left, self._pace.threads * _AT_ONCE)):
                for (key, _), read in zip(some, threads.map(self._patiently, some), strict=True):
                    if read.is_answer:
                        journal.write(key, read.body)
                    yield from self._told(key, read.body, parts)
        self._journal.unlink(missing_ok=True)

    def _left(
        self, done: set[str], parts: Collection[tuple[Kind, int]] | None
    ) -> Iterator[tuple[str, ParticipantIdentifier]]:
        for key, participant in listed_participants(self._listed):
            if key not in done and (parts is None or (Kind.PARTICIPANT, part_of(key)) in parts):
                done.add(key)
                yield key, participant

    def _told(self, key: str, body: bytes | None, parts: Collection[tuple[Kind, int]] | None) -> Iterator[SourceRecord]:
        if body is None:
            self._unknown += 1
        elif parts is None or (Kind.PARTICIPANT, part_of(key)) in parts:
            yield SourceRecord(Kind.PARTICIPANT, key, body)

    def _patiently(self, asked: tuple[str, ParticipantIdentifier]) -> _Read:
        """The record of a participant.

        One that has failed again and again is refused, so that the others go on; unless nobody is answered any more.
        """
        key, participant = asked
        for wait in self._pace.waits:
            try:
                return self._read(key, participant)
            except TechnicalFailureError:
                self._sleep(wait)
        try:
            return self._read(key, participant)
        except TechnicalFailureError as error:
            self._failed += 1
            if self._failed >= _GIVE_UP:
                message = f"the SMP at {self._base_url} doesn't answer any more: {error}; run it again later, "
                raise TechnicalError(f"{message}it goes on with what is kept in {self._journal}") from error
            return _Read(self._documents.refused(key, participant, error).body, is_answer=False)

    def _read(self, key: str, participant: ParticipantIdentifier) -> _Read:
        found = self._documents.read(key, participant)
        self._failed = 0
        return _Read(None if found is None else found.body)

    def unhoused(self) -> tuple[Unhoused, ...]:
        """See `Source`."""
        why = "the SMP doesn't know them"
        return (Unhoused("participants on the list", self._unknown, why),) if self._unknown else ()

    def close(self) -> None:
        """See `Source`."""
        if self._own_fetcher is not None:
            self._own_fetcher.close()
