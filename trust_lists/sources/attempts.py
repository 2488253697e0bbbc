# SPDX-License-Identifier: Apache-2.0
"""One run of collecting: what is asked for, within bounds, and what came of it, told of each document.

What a server has now takes the place of what it had only where it can be read; otherwise the last good document stays,
and says so. Each document is asked for once, however many certificates name it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from trust_lists.errors import SourceError, TrustListError, shown
from trust_lists.sources.evidence_manifest import Attempt, EvidenceManifest, Kind, State
from trust_lists.sources.ports import Source
from trust_lists.sources.store import SnapshotFolder

Progress = Callable[[int, int, str], None]
"""Called with how many documents were asked for, of how many so far, and which one it was last."""
Files = Callable[[str], bytes | None]
"""The bytes of a file beside the configuration, by its name; None where there is none. Raises nothing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a run may cost: requests, bytes, seconds; and how many requests are under way at once."""

    requests: int = 5_000
    bytes: int = 500_000_000
    seconds: float = 1_800
    workers: int = 8


class Fetcher(Protocol):
    """Where documents come from. Called by several threads."""

    @property
    def lists(self) -> Source:
        """Where trusted lists come from."""
        ...

    def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
        """What is at a location, or what is answered to a body. Raises SourceError FETCH_*."""
        ...


def _nothing(data: bytes) -> object:
    return data


@dataclass(frozen=True, slots=True)
class Task:
    """A document to be asked for."""

    kind: Kind
    url: str
    source: str = ""
    request: str = ""
    """SHA-256 of the body."""
    bodies: tuple[bytes | None, ...] = (None,)
    """What is sent: the next one where the answer to the last can't be had, or read."""
    urls: tuple[str, ...] = ()
    """Where each body is sent, if it isn't `url`."""
    check: Callable[[bytes], object] = _nothing
    """Raises TrustListError where the document isn't what was asked for."""
    may_be_file: bool = False
    """Whether `file:NAME` leads to a file: only where the configuration says so, never where a certificate does."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """As `Attempt.key`."""
        return self.kind.value, self.source, self.url, self.request


@dataclass(slots=True)
class Run:
    """The state of one run; used by one thread, which has others fetch."""

    store: SnapshotFolder[EvidenceManifest]
    fetcher: Fetcher
    at: datetime
    files: Files
    bounds: Bounds
    progress: Progress
    last: Mapping[tuple[str, str, str, str], Attempt]
    """Of the last snapshot."""
    attempts: dict[tuple[str, str, str, str], Attempt] = field(default_factory=dict)
    requests: int = 0
    downloaded: int = 0
    began: float = field(default_factory=time.monotonic)

    def fetch(self, tasks: Iterable[Task]) -> list[bytes | None]:
        """What each task came to; None where there is nothing. What was asked for already isn't asked for again."""
        wanted = list(tasks)
        new = [task for key, task in {task.key: task for task in wanted}.items() if key not in self.attempts]
        done = len(self.attempts)
        total = done + len(new)
        with ThreadPoolExecutor(self.bounds.workers, "evidence") as pool:
            jobs = [(task, pool.submit(self._ask, task) if self.may_ask() else None) for task in new]
            found: list[tuple[Task, bytes, str]] = []
            for task, job in jobs:
                try:
                    if job is None:
                        raise budget_spent()
                    data, note = job.result()
                except TrustListError as error:
                    self.lost(task, error)
                else:
                    self.downloaded += len(data)
                    found.append((task, data, note))
                done += 1
                self.progress(done, total, task.url)
            # to be sure that a document is on the disk takes longer than anything else here
            for (task, data, note), digest in zip(found, pool.map(self._keep, found), strict=True):
                self._note(task, State.FETCHED, data, digest, "", note, self.at)
        return [self._document(task) for task in wanted]

    def _document(self, task: Task) -> bytes | None:
        digest = self.attempts[task.key].sha256
        return self.store.read(digest) if digest else None

    def may_ask(self) -> bool:
        """Whether one more request is within the bounds; counts it."""
        self.requests += 1
        return self.requests <= self.bounds.requests and not self._spent()

    def _spent(self) -> bool:
        took = time.monotonic() - self.began
        return self.downloaded > self.bounds.bytes or took > self.bounds.seconds

    def lost(self, task: Task, error: TrustListError) -> None:
        """Takes down that there is none; the one of the last snapshot stays, if it has one."""
        reason, detail = str(getattr(error, "reason_id", "UNREADABLE")), shown(str(error))
        held = self.last.get(task.key)
        if held is not None and held.sha256 and held.fetched_at:
            try:
                data = self.store.read(held.sha256)
                return self._note(task, State.KEPT, data, held.sha256, reason, detail, held.fetched_at)
            except SourceError:
                pass  # lost or damaged: as if there were none
        attempt = Attempt(
            task.kind, task.url, State.FAILED, task.source, request=task.request, reason=reason, detail=detail
        )
        self.attempts[task.key] = attempt
        return None

    def add(self, attempt: Attempt, data: bytes | None) -> None:
        """Takes down what somebody else has asked for."""
        self.attempts[attempt.key] = attempt
        if data is not None:
            self.store.put(data)

    def _keep(self, found: tuple[Task, bytes, str]) -> str:
        return self.store.put(found[1])

    def _note(
        self, task: Task, state: State, data: bytes, digest: str, reason: str, detail: str, fetched_at: datetime
    ) -> None:
        self.attempts[task.key] = Attempt(
            task.kind,
            task.url,
            state,
            task.source,
            request=task.request,
            reason=reason,
            detail=detail,
            sha256=digest,
            size=len(data),
            fetched_at=fetched_at,
        )

    def _ask(self, task: Task) -> tuple[bytes, str]:
        """The first answer that can be read."""
        failure: TrustListError | None = None
        for url, body in self._ways(task):
            if self._spent():
                raise budget_spent()
            try:
                data = self._bytes(task, url, body)
                task.check(data)
            except TrustListError as error:
                failure = failure or error
            else:
                return data, shown(f"the first way failed: {failure}") if failure else ""
        raise failure or SourceError("FETCH_URL", "there is no way to ask")

    @staticmethod
    def _ways(task: Task) -> Iterator[tuple[str, bytes | None]]:
        yield from zip(task.urls or (task.url,) * len(task.bodies), task.bodies, strict=True)

    def _bytes(self, task: Task, url: str, body: bytes | None) -> bytes:
        if not (task.may_be_file and url.startswith("file:")):
            if task.kind is Kind.LIST:
                return self.fetcher.lists.fetch(url).data or b""
            return self.fetcher.fetch(task.kind, url, body)
        name = url.removeprefix("file:")
        found = self.files(name)
        if found is None:
            raise SourceError("FETCH_NOT_FOUND", f"there is no file {name} beside the configuration")
        return found


def budget_spent() -> SourceError:
    """Why a document was not asked for."""
    return SourceError("FETCH_BUDGET", "not asked: this run has had too many requests, or bytes, or has taken too long")
