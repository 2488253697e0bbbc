# SPDX-License-Identifier: Apache-2.0
"""The trust models of an instance's domains, each with the newest evidence that was collected for it.

Evidence lies in the folder `trust/<domain>` of the data folder. Whoever collects writes it there, maybe in another
process: each question looks whether it is still the same, which costs a look at one file.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog

from registry.clock import Clock, system_clock
from registry.domains.domain import Domain
from registry.errors import ConfigurationError
from registry.trust import TrustModel
from trust_lists.errors import SourceError
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.trust_configuration import TrustConfiguration

if TYPE_CHECKING:
    from trust_lists.sources.evidence_manifest import EvidenceManifest

log = structlog.get_logger(__name__)

LISTS_COUNT_FOR: Final = timedelta(hours=1)
"""After this time lists are judged anew: which of them are in force depends on when one looks."""

Stamp: TypeAlias = tuple[int, int] | None
"""What tells one snapshot from another; None where there is none."""


def trust_folder(data_dir: Path, domain: str) -> Path:
    """Where the evidence for a domain's decisions lies."""
    return data_dir / "trust" / domain


@dataclass(frozen=True, slots=True)
class _Kept:
    domain: Domain
    stamp: Stamp
    loaded_at: datetime
    model: TrustModel

    def is_of(self, stamp: Stamp, now: datetime) -> bool:
        """Whether it is what would be made now."""
        outdated = bool(self.model.evidence.lists) and now - self.loaded_at > LISTS_COUNT_FOR
        return self.stamp == stamp and not outdated


class TrustModels:
    """Makes each trust model once as long as its domain and its evidence stay as they are; for any number of threads.

    Without `data_dir` there is no evidence at hand.
    """

    def __init__(self, data_dir: Path | None = None, clock: Clock = system_clock) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._collected: dict[str, tuple[Stamp, datetime | None]] = {}
        self._loading = threading.Lock()

    def of(self, domain: Domain) -> TrustModel:
        """The trust model of a domain, now. Raises ConfigurationError where its settings can't be used."""
        kept, stamp, now = self._kept_of(domain), self._stamp(domain), self._clock()
        if kept is not None and (kept.is_of(stamp, now) or self._loading.locked()):
            return kept.model  # while one thread loads new evidence, the others go on with what they have
        with self._loading:
            kept = self._kept_of(domain)
            if kept is not None and kept.is_of(stamp, now):
                return kept.model
            model = TrustModel.for_domain(domain) if kept is None else kept.model
            model = model.at_hand(Evidence() if stamp is None else self._evidence(domain, model.configuration, now))
            self._kept[domain.name] = _Kept(domain, stamp, now, model)
        return model

    def prepare(self, domains: Iterable[Domain]) -> None:
        """Make the trust models of these domains, which may take a while; what can't be used is logged."""
        for domain in domains:
            try:
                self.of(domain)
            except ConfigurationError as error:
                log.error("trust_model_unusable", domain=domain.name, reason=str(error))  # noqa: TRY400

    def collected_at(self, domain: Domain) -> datetime | None:
        """When the newest evidence for a domain was collected; None where there is none that can be read."""
        from trust_lists.sources.evidence import evidence_folder

        stamp = self._stamp(domain)
        if stamp is None:
            return None
        known = self._collected.get(domain.name)
        if known is not None and known[0] == stamp:
            return known[1]
        folder = evidence_folder(trust_folder(self._data_dir or Path(), domain.name))
        try:
            found = folder.read_manifest(folder.current).at
        except SourceError:
            found = None
        self._collected[domain.name] = stamp, found
        return found

    def manifest(self, domain: Domain) -> "EvidenceManifest | None":
        """What came of each attempt when the newest evidence was collected; None where there is none that can be read.

        It is read each time: of a large network it is too much to be kept.
        """
        from trust_lists.sources.evidence import evidence_folder

        if self._stamp(domain) is None:
            return None
        folder = evidence_folder(trust_folder(self._data_dir or Path(), domain.name))
        try:
            return folder.read_manifest(folder.current)
        except SourceError:
            return None

    def _kept_of(self, domain: Domain) -> _Kept | None:
        kept = self._kept.get(domain.name)
        return kept if kept is not None and kept.domain is domain else None

    def _stamp(self, domain: Domain) -> Stamp:
        if self._data_dir is None:
            return None
        try:
            found = (trust_folder(self._data_dir, domain.name) / "current").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _evidence(self, domain: Domain, configuration: TrustConfiguration, now: datetime) -> Evidence:
        from trust_lists.sources.evidence import load_evidence

        folder = trust_folder(self._data_dir or Path(), domain.name)
        try:
            return load_evidence(folder, configuration, now)
        except SourceError as error:
            # Decisions that need it can't be made then, and say so; others go on.
            log.error("trust_evidence_unusable", domain=domain.name, reason=str(error))  # noqa: TRY400
            return Evidence()
