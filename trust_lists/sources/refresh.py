# SPDX-License-Identifier: Apache-2.0
"""Fetches and authenticates all lists, and makes the next snapshot of those that are good.

Nothing good is lost: a list whose source has none now, or one that must not replace ours, stays as it was, and says
so; a list of lists that fails leaves the last snapshot in force. What is kept is authenticated anew, by the pointers of
today: a signer that the list of lists has dropped is revoked (TS 119 612 A.2). A refresh that is killed leaves the last
snapshot, and the next one begins again.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from trust_lists.documents.model import TrustedList
from trust_lists.errors import SourceError
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.sources.downloads import Download, Downloads
from trust_lists.sources.lotl import FAILED, LotlConfiguration, LotlOutcome, Step, authenticate_lotl
from trust_lists.sources.manifest import Manifest, Pivot
from trust_lists.sources.national import FAILED as LIST_FAILED
from trust_lists.sources.national import WARNING_CLOSED, WARNING_EXPIRED, NationalOutcome, follow_pointer
from trust_lists.sources.pointers import territories
from trust_lists.sources.ports import Source
from trust_lists.sources.snapshots import write_snapshot
from trust_lists.sources.states import ListEntry, ListState, Seen, refusal, state_of
from trust_lists.sources.store import Store
from trust_lists.sources.verifying import VerifiedList

WORKERS = 8
WARNING_KEPT = "OWN_WARNING_LAST_GOOD_LIST_KEPT"
Progress = Callable[[int, int, str], None]
"""Called with how many lists are done, of how many, and which one it was last."""


class How(StrEnum):
    """What a refresh did about a list."""

    FETCHED = "fetched"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """The last good one, since the source has none that could replace it."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ListReport:
    """A list after a refresh; `downloaded` in bytes."""

    entry: ListEntry
    how: How
    downloaded: int = 0


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh came to.

    `snapshot` is the one in force, and `written` whether this refresh made it; "" where there has been none yet.
    `lotl_outcome` is the one that the lists were authenticated by, or of the failure.
    """

    at: datetime
    lotl: ListReport
    lotl_outcome: LotlOutcome
    lists: tuple[ListReport, ...] = ()
    snapshot: str = ""
    written: bool = False
    anchors: int = 0
    """Trust anchors in the authenticated lists; 0 also where the list of lists failed."""

    @property
    def healthy(self) -> bool:
        """Whether anything can be trusted by it: an authenticated list of lists, and anchors."""
        return self.lotl.entry.good and self.anchors > 0

    @property
    def downloaded(self) -> int:
        """Bytes in all."""
        return sum(each.downloaded for each in (self.lotl, *self.lists))

    def count(self, state: ListState) -> int:
        """How many lists of territories are in a state."""
        return sum(each.entry.state is state for each in self.lists)


def refresh(
    configuration: LotlConfiguration,
    source: Source,
    folder: Path,
    at: datetime,
    *,
    progress: Progress | None = None,
    workers: int = WORKERS,
) -> RefreshReport:
    """Refreshes the store in `folder`, as of a time.

    What is wrong with lists is in the report. Raises SourceError STORE_LOCKED, STORE_UNWRITABLE, and SNAPSHOT_* where
    the store is damaged.
    """
    store = Store(folder)
    with store.lock():
        last = store.read_manifest(store.current) if store.current else None
        return _Refresh(configuration, source, store, at, last, progress or _silent, workers).run()


@dataclass(slots=True)
class _Refresh:
    configuration: LotlConfiguration
    source: Source
    store: Store
    at: datetime
    last: Manifest | None
    progress: Progress
    workers: int
    downloads: Downloads = field(init=False)
    seen: dict[str, Seen] = field(init=False)

    def __post_init__(self) -> None:
        self.downloads = Downloads(self.source, self.store)
        last, url = self.last, self.configuration.lotl_url
        if last is not None and url not in {last.lotl_url, last.announced_lotl_url}:
            self.last = None  # of another scheme: its sequence numbers say nothing here
        self.seen = {each.territory: each for each in self.last.seen} if self.last else {}

    def run(self) -> RefreshReport:
        lotl, outcome = self._lotl()
        if outcome.document is None:
            return RefreshReport(self.at, lotl, outcome, snapshot=self.store.current)
        self.progress(0, len(territories(outcome.document)), "")
        found = self._lists(outcome, outcome.document)
        for verified in (outcome.verified, *(each.verified for each in outcome.pivots)):
            if verified is not None:
                self.store.put(verified.data)
        manifest = Manifest(
            at=self.at,
            oj_url=self.configuration.oj_url,
            lotl_url=self.configuration.lotl_url,
            oj_certificates=tuple(sorted(self.store.put(each.der) for each in self.configuration.oj_certificates)),
            policy=self.configuration.policy.name,
            announced_oj_url=outcome.announced.oj_url,
            announced_lotl_url=outcome.announced.lotl_url,
            lotl=lotl.entry,
            pivots=tuple(Pivot(each.location, each.verified.sha256) for each in outcome.pivots),
            lists=tuple(report.entry for report, _ in found),
            seen=self._seen_now(lotl.entry, [report.entry for report, _ in found]),
        )
        snapshot = write_snapshot(self.store, manifest)
        self.store.put_downloads(self.downloads.worth_knowing(manifest))
        index = ServiceIndex((report.entry.territory, document) for report, document in found if document)
        return RefreshReport(
            self.at,
            lotl,
            outcome,
            tuple(report for report, _ in found),
            snapshot.digest,
            written=True,
            anchors=index.anchors,
        )

    def _seen_now(self, lotl: ListEntry, lists: Iterable[ListEntry]) -> tuple[Seen, ...]:
        seen = dict(self.seen)
        for territory, entry in (("", lotl), *((each.territory, each) for each in lists)):
            if entry.good and (territory not in seen or entry.sequence > seen[territory].sequence):
                seen[territory] = Seen(territory, entry.sequence, entry.sha256)
        return tuple(seen[territory] for territory in sorted(seen))

    # The list of lists

    def _lotl(self) -> tuple[ListReport, LotlOutcome]:
        held_entry = self.last.lotl if self.last else None
        url = self.configuration.lotl_url
        hint = held_entry is not None and held_entry.state is ListState.FRESH
        # pivots never change once they are there, so nothing is gained by their `.sha2`
        new = authenticate_lotl(
            self.configuration, lambda each: self.downloads.get(each, digest_file=hint and each == url), self.at
        )
        held = authenticate_lotl(self.configuration, self._held_document, self.at) if self.last else None
        download = self.downloads.of(url)
        reason, detail = new.sub_status[0] if new.status == FAILED else "", new.detail
        if new.verified is not None and new.document is not None:
            document = held.document if held else None
            why = refusal(self.seen.get(""), document, new.document, new.verified.sha256, self.at)
            if why is None:
                return self._used_lotl(new, download, held_entry), new
            reason, detail = why
            new = replace(new, status=FAILED, **_refused(new.steps, reason, detail), document=None)
        if held is None or held.verified is None:
            return self._used_lotl(new, download, held_entry), new
        kept = replace(held, sub_status=(*held.sub_status, WARNING_KEPT))
        entry = self._described(
            self._lotl_entry(kept, url), held.verified, held_entry, confirmed=False, reason=reason, detail=detail
        )
        return ListReport(entry, How.KEPT, download.size), kept

    def _used_lotl(self, new: LotlOutcome, download: Download, held: ListEntry | None) -> ListReport:
        entry = self._lotl_entry(new, self.configuration.lotl_url)
        if new.verified is None:
            return ListReport(replace(entry, reason=new.sub_status[0], detail=new.detail), How.NONE, download.size)
        entry = _doubted(entry, [download, *(self.downloads.of(each.location) for each in new.pivots)])
        same = held is not None and held.sha256 == new.verified.sha256
        how = How.UNCHANGED if same else How.FETCHED
        return ListReport(self._described(entry, new.verified, held, confirmed=True), how, download.size)

    def _lotl_entry(self, outcome: LotlOutcome, location: str) -> ListEntry:
        territory = outcome.document.scheme.territory if outcome.document else "EU"
        state = ListState.FAILED
        return ListEntry(
            territory, location, outcome.status, outcome.sub_status, state, self.at, warnings=outcome.warnings
        )

    def _held_document(self, url: str) -> bytes:
        """Documents of the last snapshot, for `authenticate_lotl`."""
        assert self.last is not None  # noqa: S101 for the type checker
        digests = {each.location: each.sha256 for each in self.last.pivots}
        digests[self.configuration.lotl_url] = self.last.lotl.sha256
        if not digests.get(url):
            raise SourceError("FETCH_NOT_FOUND", "the last snapshot doesn't hold it")
        return self.store.read(digests[url])

    # The lists of territories

    def _lists(self, lotl: LotlOutcome, document: TrustedList) -> list[tuple[ListReport, TrustedList | None]]:
        wanted = territories(document)
        held = {each.territory: each for each in self.last.lists} if self.last else {}
        found = {}
        pool = ThreadPoolExecutor(self.workers, "lists")
        try:
            jobs = {pool.submit(self._list, lotl, each, held.get(each)): each for each in wanted}
            for job in as_completed(jobs):
                found[jobs[job]] = job.result()
                self.progress(len(found), len(wanted), jobs[job])
        finally:
            pool.shutdown(cancel_futures=True)
        return [found[each] for each in wanted]

    def _list(
        self, lotl: LotlOutcome, territory: str, held_entry: ListEntry | None
    ) -> tuple[ListReport, TrustedList | None]:
        hint = held_entry is not None and held_entry.state is ListState.FRESH
        get = partial(self.downloads.get, territory=territory, digest_file=hint)
        new = follow_pointer(lotl, territory, get, self.at)
        download = self.downloads.of(new.location)
        held = self._held(lotl, territory, held_entry, new)
        reason, detail = "" if new.verified else new.sub_status[0], new.detail
        if new.verified is not None:
            document = held.verified.document if held and held.verified else None
            found = new.verified
            why = refusal(self.seen.get(territory), document, found.document, found.sha256, self.at)
            if why is None:
                return self._used(new, download, held_entry), found.document
            reason, detail = why
            new = replace(new, status=LIST_FAILED, **_refused(new.steps, reason, detail))
        if held is None or held.verified is None:
            return self._used(new, download, held_entry), None
        kept = replace(held, location=new.location, sub_status=(*held.sub_status, WARNING_KEPT))
        self.store.put(held.verified.data)
        entry = self._described(
            self._entry(kept), held.verified, held_entry, confirmed=False, reason=reason, detail=detail
        )
        return ListReport(entry, How.KEPT, download.size), held.verified.document

    def _held(
        self, lotl: LotlOutcome, territory: str, entry: ListEntry | None, new: NationalOutcome
    ) -> NationalOutcome | None:
        """The list that we hold, authenticated by today's pointer; None where there is none, or it is the new one."""
        if entry is None or not entry.good or (new.verified is not None and new.verified.sha256 == entry.sha256):
            return None
        try:
            data = self.store.read(entry.sha256)
        except SourceError:
            return None  # lost or damaged: as if there were none
        return follow_pointer(lotl, territory, lambda _: data, self.at)

    def _used(self, new: NationalOutcome, download: Download, held: ListEntry | None) -> ListReport:
        entry = self._entry(new)
        if new.verified is None:
            since = held.since if held and held.state is ListState.FAILED else self.at
            failed = replace(entry, since=since, reason=new.sub_status[0], detail=new.detail)
            return ListReport(failed, How.NONE, download.size)
        entry = _doubted(entry, [download])
        self.store.put(new.verified.data)
        same = held is not None and held.sha256 == new.verified.sha256
        how = How.UNCHANGED if same else How.FETCHED
        return ListReport(self._described(entry, new.verified, held, confirmed=True), how, download.size)

    def _entry(self, outcome: NationalOutcome) -> ListEntry:
        return ListEntry(
            outcome.territory,
            outcome.location,
            outcome.status,
            outcome.sub_status,
            ListState.FAILED,
            self.at,
            warnings=outcome.warnings,
        )

    # Both

    def _described(
        self,
        entry: ListEntry,
        verified: VerifiedList,
        held: ListEntry | None,
        *,
        confirmed: bool,
        reason: str = "",
        detail: str = "",
    ) -> ListEntry:
        """The entry with all that is to say about its document."""
        scheme = verified.document.scheme
        state = state_of(verified.document, self.at, confirmed=confirmed)
        if not reason and state is ListState.EXPIRED:
            reason, detail = WARNING_EXPIRED, f"the next issue was due by {scheme.next_update}"
        elif not reason and state is ListState.CLOSED:
            reason, detail = WARNING_CLOSED, "the list names no next issue"
        same = held if held is not None and held.sha256 == verified.sha256 else None
        return replace(
            entry,
            state=state,
            since=held.since if held is not None and held.state is state else self.at,
            reason=reason,
            detail=detail,
            sequence=scheme.sequence,
            issued_at=scheme.issued_at,
            next_update=scheme.next_update,
            sha256=verified.sha256,
            size=len(verified.data),
            signer=verified.signer.sha256,
            fetched_at=same.fetched_at if same else self.at,
            confirmed_at=self.at if confirmed or same is None else same.confirmed_at,
        )


def _refused(steps: tuple[Step, ...], reason: str, detail: str) -> dict[str, Any]:
    """What an outcome has in common where its document must not be used, though it is authentic."""
    said = Step("TS 119 612 §5.3.2", passed=False, detail=detail)
    return {"sub_status": (reason,), "verified": None, "steps": (*steps, said)}


def _doubted(entry: ListEntry, downloads: Iterable[Download]) -> ListEntry:
    """The entry with what is doubtful about how its documents came."""
    doubts = dict.fromkeys(doubt for each in downloads for doubt in each.doubts)
    codes = dict.fromkeys((*entry.sub_status, *(each.code for each in doubts)))
    return replace(entry, sub_status=tuple(codes), warnings=(*entry.warnings, *(each.text for each in doubts)))


def _silent(done: int, total: int, what: str) -> None:
    pass
