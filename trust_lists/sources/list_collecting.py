# SPDX-License-Identifier: Apache-2.0
"""The lists of a configuration for a snapshot of evidence: the last good one of each stays where there is no better.

A list of lists is refreshed in a store of its own beside the snapshots, `lists/<id>/`, which remembers what servers
said and which sequence numbers were seen; its documents are copied into the snapshot. A single list is compared with
the one of the last snapshot by the same rules (`states.refusal`).
"""

import threading
from dataclasses import dataclass, field, replace
from functools import partial

from trust_lists.errors import SourceError, TrustListError, shown
from trust_lists.evaluation.trust_configuration.model import ListKind, TrustedListSource
from trust_lists.sources.attempts import Run, Task, budget_spent
from trust_lists.sources.evidence_manifest import Attempt, Kind, State
from trust_lists.sources.lotl import LotlConfiguration
from trust_lists.sources.manifest import Manifest
from trust_lists.sources.pinned_lists import authenticate_pinned, location_of, verify_pinned
from trust_lists.sources.ports import Fetched, Known, Source
from trust_lists.sources.refresh import How, ListReport, RefreshReport, refresh
from trust_lists.sources.states import ListEntry, Seen, refusal
from trust_lists.sources.store import Store

FOLDER = "lists"
KEPT_SNAPSHOTS = 2
"""Of the store of a list of lists: the next refresh needs the last one."""
_STATES = {
    How.FETCHED: State.FETCHED,
    How.UNCHANGED: State.FETCHED,
    How.KEPT: State.KEPT,
    How.NONE: State.FAILED,
}


def collect_list(run: Run, source: TrustedListSource) -> None:
    """Fetches what an entry of the configuration leads to. Raises SourceError where a store can't be written."""
    if source.kind is ListKind.LOTL:
        _Lotl(run, source).collect()
    else:
        check = partial(_acceptable, run, source)
        run.fetch([Task(Kind.LIST, location_of(source), source.id, check=check, may_be_file=True)])


def _acceptable(run: Run, source: TrustedListSource, data: bytes) -> None:
    """Whether a list may take the place of the last one. Raises TrustListError where not."""
    found = verify_pinned(data, source)
    last = run.last.get((Kind.LIST.value, source.id, location_of(source), ""))
    if last is None or not last.sha256:
        return
    try:
        held = verify_pinned(run.store.read(last.sha256), source)
    except TrustListError:
        return  # it counts for nothing any more
    seen = Seen(held.document.scheme.territory, held.document.scheme.sequence, held.sha256)
    if why := refusal(seen, held.document, found.document, found.sha256, run.at):
        raise SourceError(*why)


@dataclass(slots=True)
class _Remembering:
    """A source that asks for each document once in a run, and no longer than the run may last."""

    run: Run
    own: str
    """The location of the list of lists, which may be a file."""
    held: dict[str, Fetched] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fetch(self, url: str, *, territory: str = "", known: Known | None = None) -> Fetched:
        """See `Source`."""
        if url in self.held:
            return self.held[url]
        with self.lock:
            if not self.run.may_ask():
                raise budget_spent()
        if url.startswith("file:"):
            found = Fetched(self._file(url), url)
        else:
            found = self.run.fetcher.lists.fetch(url, territory=territory, known=known)
        if found.data is not None:
            with self.lock:
                self.run.downloaded += len(found.data)
            self.held[url] = found
        return found

    def _file(self, url: str) -> bytes:
        # a list in the web must not lead to files
        data = self.run.files(url.removeprefix("file:")) if url == self.own else None
        if data is None:
            raise SourceError("FETCH_NOT_FOUND", f"there is no {url} beside the configuration")
        return data


@dataclass(slots=True)
class _Lotl:
    run: Run
    source: TrustedListSource

    def collect(self) -> None:
        store = Store(self.run.store.folder / FOLDER / self.source.id)
        try:
            self._refresh(store)
        except SourceError as error:
            if not error.reason_id.startswith("SNAPSHOT_"):
                raise
            self._keep_last(error)

    def _refresh(self, store: Store) -> None:
        location = location_of(self.source)
        source: Source = _Remembering(self.run, location)
        configuration, _ = authenticate_pinned(self.source, lambda url: source.fetch(url).data or b"", self.run.at)
        if not configuration.oj_certificates and store.current:
            last = store.read_manifest(store.current)
            configuration = LotlConfiguration(last.oj_url, location, ())
        report = refresh(
            configuration,
            source,
            store.folder,
            self.run.at,
            progress=self.run.progress,
            workers=self.run.bounds.workers,
        )
        manifest = store.read_manifest(report.snapshot) if report.snapshot else None
        if manifest is None or manifest.lotl_url != location:  # there is none, or of another list of lists
            self.run.add(self._attempt(Kind.LOTL, report.lotl), None)
            return
        self._copy(store, manifest, report)
        with store.lock():
            store.prune(KEPT_SNAPSHOTS)

    def _keep_last(self, error: SourceError) -> None:
        """Where what is remembered of the list of lists is damaged: what the last snapshot has of it stays."""
        reason, detail = error.reason_id, shown(str(error))
        location = location_of(self.source)
        held = [each for each in self.run.last.values() if each.source == self.source.id and each.sha256]
        lost = Attempt(Kind.LOTL, location, State.FAILED, self.source.id, reason=reason, detail=detail)
        for attempt in (lost, *(replace(each, state=State.KEPT, reason=reason, detail=detail) for each in held)):
            self.run.add(attempt, None)

    def _copy(self, store: Store, manifest: Manifest, report: RefreshReport) -> None:
        lotl = report.lotl
        if not report.written:
            lotl = ListReport(_with_reason(manifest.lotl, lotl.entry), How.KEPT)
        self._take(Kind.LOTL, lotl, store, location_of(self.source))
        for pivot in manifest.pivots:
            data = store.read(pivot.sha256)
            attempt = Attempt(
                Kind.PIVOT,
                pivot.location,
                _STATES[lotl.how],
                self.source.id,
                sha256=pivot.sha256,
                size=len(data),
                fetched_at=manifest.at,
            )
            self.run.add(attempt, data)
        lists = report.lists if report.written else tuple(ListReport(each, How.KEPT) for each in manifest.lists)
        for each in lists:
            self._take(Kind.LIST, each, store, each.entry.location)

    def _take(self, kind: Kind, report: ListReport, store: Store, url: str) -> None:
        data = store.read(report.entry.sha256) if report.entry.good else None
        self.run.add(self._attempt(kind, report, url), data)

    def _attempt(self, kind: Kind, report: ListReport, url: str = "") -> Attempt:
        entry = report.entry
        return Attempt(
            kind,
            url or location_of(self.source),
            _STATES[report.how],
            self.source.id,
            entry.territory,
            reason=entry.reason or next(iter(entry.sub_status), ""),
            detail=shown(entry.detail),
            sha256=entry.sha256,
            size=entry.size,
            fetched_at=(entry.confirmed_at or entry.fetched_at) if entry.good else None,
        )


def _with_reason(held: ListEntry, failed: ListEntry) -> ListEntry:
    return replace(held, reason=failed.reason, detail=failed.detail)
