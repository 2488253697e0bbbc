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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents import metadata_service_list, saml_metadata
from trust_lists.documents.metadata_service_list import MetadataServiceList, read_service_list
from trust_lists.errors import MetadataRefusedError, XmlRefusedError
from trust_lists.evaluation.trust_configuration.canonical import content_address
from trust_lists.evaluation.trust_configuration.model import SamlMetadataSource, TrustConfiguration
from trust_lists.sources.attempts import Bounds, Fetcher, Files, Progress, Run, Task
from trust_lists.sources.certificate_walk import CertificateWalk, Wanted
from trust_lists.sources.evidence import evidence_folder, lists_at_hand
from trust_lists.sources.evidence_manifest import Attempt, EvidenceManifest, Kind, State
from trust_lists.sources.federation_walk import fetch_statements
from trust_lists.sources.list_collecting import collect_list
from trust_lists.xml import MAX_LIST_BYTES, parse_xml

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

    `parties` are entities of federations and of lists of metadata, by their identifiers; `files` are those that the
    configuration names instead of locations. Of the snapshots the newest `keep` stay.

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
    _fetch_metadata(run, stores.saml_metadata, parties)
    for federation in stores.openid_federation:
        fetch_statements(run, federation, parties)


def _metadata(source: SamlMetadataSource) -> Task:
    url = source.location.url or f"file:{source.location.file}"
    return Task(Kind.SAML_METADATA, url, source.id, check=_service_list, may_be_file=True)


def _fetch_metadata(run: Run, sources: Sequence[SamlMetadataSource], parties: tuple[str, ...]) -> None:
    """The metadata of sources and, of those that are lists of metadata, what these have for the parties."""
    found = run.fetch(map(_metadata, sources))
    for source, data in zip(sources, found, strict=True):
        run.fetch(_listed_metadata(source, data, parties) if data is not None else ())


def _listed_metadata(source: SamlMetadataSource, data: bytes, parties: tuple[str, ...]) -> list[Task]:
    """What a document of the source leads to, if it is a list of metadata."""
    try:
        services = _service_list(data)
    except (XmlRefusedError, MetadataRefusedError):
        return []  # it is one of an earlier run, by whose checks it was a good one
    locations = [each for party in parties for each in services.of(party)] if services is not None else []
    return [Task(Kind.SAML_METADATA, each.location, source.id, check=_service_list) for each in locations]


def _service_list(data: bytes) -> MetadataServiceList | None:
    """What the document is a list of; None for SAML metadata themselves.

    Raises XmlRefusedError NOT_METADATA and others, MetadataRefusedError: an error page is neither.
    """
    root = parse_xml(data, max_bytes=MAX_LIST_BYTES)
    if root.tag == metadata_service_list.ROOT:
        return read_service_list(root)
    if root.tag not in saml_metadata.ROOTS:
        raise XmlRefusedError("NOT_METADATA", "this is no SAML metadata, and no list of them")
    return None


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
