# SPDX-License-Identifier: Apache-2.0
"""Fetches what decisions of a configuration about certificates need, into a folder of snapshots.

::

    objects/ab/ab12…     documents by the SHA-256 of their bytes
    snapshots/12ab….json manifests by the SHA-256 of theirs, which decisions cite
    current              the digest of the newest snapshot, put in place at once when all of it is there
    lists/ID/            the store of a list of lists (`sources.store`)
    lock                 held by the one process that collects

What can't be had is told and never hides what could be: there is a snapshot whatever happens to single servers. A
process that is killed leaves the last snapshot.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import XmlRefusedError
from trust_lists.evaluation.trust_configuration.canonical import content_address
from trust_lists.evaluation.trust_configuration.model import SamlMetadataSource, TrustConfiguration
from trust_lists.sources.attempts import Bounds, Fetcher, Files, Progress, Run, Task
from trust_lists.sources.certificate_walk import CertificateWalk, Wanted
from trust_lists.sources.evidence import evidence_folder, lists_at_hand
from trust_lists.sources.evidence_manifest import Attempt, EvidenceManifest, Kind, State
from trust_lists.sources.federation_walk import fetch_statements
from trust_lists.sources.list_collecting import collect_list
from trust_lists.xml import parse_xml

KEPT_SNAPSHOTS = 10


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What collecting came to."""

    snapshot: str
    """The digest of the snapshot, which is the newest one now."""
    manifest: EvidenceManifest
    changed: bool
    """Whether it is another snapshot than the last one."""
    requests: int
    downloaded: int
    """Bytes."""

    @property
    def failures(self) -> tuple[Attempt, ...]:
        """What couldn't be had, though the last good one may have stayed."""
        return tuple(each for each in self.manifest.attempts if each.state is not State.FETCHED)

    def count(self, state: State) -> int:
        """How many attempts ended so."""
        return sum(each.state is state for each in self.manifest.attempts)


def collect(
    configuration: TrustConfiguration,
    certificates: Iterable[ListedCertificate],
    fetcher: Fetcher,
    folder: Path,
    at: datetime,
    progress: Progress | None = None,
    *,
    parties: Iterable[str] = (),
    files: Files | None = None,
    bounds: Bounds | None = None,
    keep: int = KEPT_SNAPSHOTS,
) -> CollectReport:
    """Fetches what decisions about these certificates need, as of a time (aware), and makes the next snapshot of it.

    `parties` are entity identifiers in federations; `files` are those that the configuration names instead of
    locations. Of the snapshots the newest `keep` stay.

    What servers do wrong is in the report. Raises SourceError STORE_LOCKED, STORE_UNWRITABLE, and SNAPSHOT_* where the
    last snapshot is damaged.
    """
    store = evidence_folder(folder)
    with store.lock():
        before = store.current
        last = store.read_manifest(before).attempts if before else ()
        run = Run(
            store,
            fetcher,
            at,
            files or _no_files,
            bounds or Bounds(),
            progress or _silent,
            {each.key: each for each in last},
        )
        _fetch_sources(run, configuration, tuple(parties))
        # who is listed is an anchor: nothing above it is asked for
        lists = _listed(run, configuration)
        stores = configuration.stores
        anchors = [each.cert.certificate for each in stores.anchors if each.cert.certificate is not None]
        known = [each.certificate for each in stores.intermediates if each.certificate is not None]
        CertificateWalk(run, Wanted.by(configuration), (*anchors, *lists), known).walk(certificates)
        manifest = _manifest(run, configuration)
        digest = store.put_manifest(manifest)
        store.set_current(digest)
        store.prune(keep)
        return CollectReport(digest, manifest, digest != before, min(run.requests, run.bounds.requests), run.downloaded)


def _fetch_sources(run: Run, configuration: TrustConfiguration, parties: tuple[str, ...]) -> None:
    stores = configuration.stores
    for each in stores.lists:
        collect_list(run, each)
    run.fetch(_metadata(each) for each in stores.saml_metadata)
    for federation in stores.openid_federation:
        fetch_statements(run, federation, parties)


def _metadata(source: SamlMetadataSource) -> Task:
    url = source.location.url or f"file:{source.location.file}"
    return Task(Kind.SAML_METADATA, url, source.id, check=_looks_like_metadata, may_be_file=True)


def _looks_like_metadata(data: bytes) -> None:
    """Refuses an error page. Raises TrustListError."""
    root = parse_xml(data, max_bytes=len(data))
    if not str(root.tag).endswith(("}EntitiesDescriptor", "}EntityDescriptor")):
        raise XmlRefusedError("NOT_METADATA", "this is no SAML metadata")


def _listed(run: Run, configuration: TrustConfiguration) -> list[ListedCertificate]:
    """The certificates of services that count for the configuration."""
    found = (lists_at_hand(each, run.attempts.values(), run.store.read, run.at) for each in configuration.stores.lists)
    entries = (entry for at_hand in found if at_hand is not None for entry in at_hand.index.entries)
    return [certificate for entry in entries for certificate in entry.service.current.identity.certificates]


def _manifest(run: Run, configuration: TrustConfiguration) -> EvidenceManifest:
    attempts = tuple(run.attempts[key] for key in sorted(run.attempts))
    return EvidenceManifest(run.at, content_address(configuration), attempts)


def _no_files(_: str) -> bytes | None:
    return None


def _silent(done: int, total: int, what: str) -> None:
    pass
