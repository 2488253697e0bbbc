# SPDX-License-Identifier: Apache-2.0
"""Evidence from a snapshot: what decisions of a configuration ask for, read, held against its digests, authenticated.

A snapshot has what somebody fetched, and no more standing than that: lists count by the signers of the configuration
that asks, whoever collected them, and a source is the one that was meant only where its location is still the same.
Nothing is fetched here.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.errors import CertificateError, SourceError
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.decisions.evidence import Evidence, ListsAtHand, MetadataAtHand, StatementsAtHand
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.model import (
    FederationSource,
    ListKind,
    OnExpired,
    SamlMetadataSource,
    TrustConfiguration,
    TrustedListSource,
)
from trust_lists.sources.evidence_manifest import Attempt, EvidenceManifest, Kind, evidence_manifest
from trust_lists.sources.national import FAILED as LIST_FAILED
from trust_lists.sources.pinned_lists import location_of, national_lists, single_list
from trust_lists.sources.store import SnapshotFolder

TOO_OLD = "OWN_LIST_TOO_OLD"
MADE_BY = "collect"
_LISTS = frozenset({Kind.LOTL, Kind.PIVOT, Kind.LIST})


def evidence_folder(folder: Path) -> SnapshotFolder[EvidenceManifest]:
    """The snapshots of a folder."""
    return SnapshotFolder(folder, evidence_manifest, MADE_BY)


def newest_snapshot(folder: Path) -> str:
    """The digest of the newest snapshot; "" where there is none yet. Raises SourceError SNAPSHOT_DAMAGED."""
    return evidence_folder(folder).current


def load_evidence(folder: Path, configuration: TrustConfiguration, at: datetime, digest: str = "") -> Evidence:
    """The evidence of the newest snapshot of a folder, or of one by its digest, for a configuration.

    `at` (aware) is the time of judging, whatever time decisions are asked about: lists of lists have to be in force
    then (TS 119 615 PRO-4.1.4-13), and a list of a territory whose copy is older than its source allows is set aside,
    so that it alone is missing.

    Raises SourceError: STORE_MISSING, SNAPSHOT_MISSING, SNAPSHOT_FORMAT, and SNAPSHOT_DAMAGED, SNAPSHOT_OBJECT_MISSING,
    SNAPSHOT_OBJECT_DAMAGED where anything in it was changed. What is wrong with the documents themselves is no error:
    they are evidence of nothing then.
    """
    store = evidence_folder(folder)
    if not (folder / "snapshots").is_dir():
        raise SourceError("STORE_MISSING", f"{folder} holds no evidence; collect fetches some")
    found = store.resolve(digest)
    manifest = store.read_manifest(found)
    return _Loading(store, manifest, at).evidence(configuration, found)


class _Loading:
    def __init__(self, store: SnapshotFolder[EvidenceManifest], manifest: EvidenceManifest, at: datetime) -> None:
        self._at = at
        self._manifest = manifest
        self._data = {each: store.read(each) for each in sorted(manifest.objects)}

    def evidence(self, configuration: TrustConfiguration, digest: str) -> Evidence:
        stores = configuration.stores
        attempts, read = self._manifest.attempts, self._data.__getitem__
        lists = {each.id: lists_at_hand(each, attempts, read, self._at, digest) for each in stores.lists}
        metadata = {each.id: self._metadata(each) for each in stores.saml_metadata}
        statements = {each.id: self._statements(each) for each in stores.openid_federation}
        return Evidence(
            revocation=RevocationEvidence(self._documents(Kind.CRL), self._documents(Kind.OCSP)),
            intermediates=self._intermediates(),
            lists={name: each for name, each in lists.items() if each is not None},
            saml_metadata=self._metadata_by_location()
            | {name: each for name, each in metadata.items() if each is not None},
            openid_federation={name: each for name, each in statements.items() if each is not None},
            digest=digest,
        )

    def _of(self, kind: Kind) -> Iterable[Attempt]:
        return (each for each in self._manifest.attempts if each.kind is kind and each.sha256)

    def _documents(self, kind: Kind) -> list[bytes]:
        return [self._data[digest] for digest in sorted({each.sha256 for each in self._of(kind)})]

    def _intermediates(self) -> tuple[ListedCertificate, ...]:
        found: dict[str, ListedCertificate] = {}
        for data in self._documents(Kind.ISSUER):
            try:
                found |= {each.sha256: each for each in certificates_in(data)}
            except CertificateError:
                continue
        return tuple(found[digest] for digest in sorted(found))

    def _metadata(self, source: SamlMetadataSource) -> MetadataAtHand | None:
        url = source.location.url or f"file:{source.location.file}"
        for each in self._of(Kind.SAML_METADATA):
            if (each.source, each.url) == (source.id, url) and each.fetched_at is not None:
                return MetadataAtHand(self._data[each.sha256], each.fetched_at)
        return None

    def _metadata_by_location(self) -> dict[str, MetadataAtHand]:
        """All metadata, since lists of metadata name others by their locations; no id of a source looks like one."""
        return {
            each.url: MetadataAtHand(self._data[each.sha256], each.fetched_at)
            for each in self._of(Kind.SAML_METADATA)
            if each.fetched_at is not None
        }

    def _statements(self, source: FederationSource) -> StatementsAtHand | None:
        found = [each for each in self._of(Kind.STATEMENT) if each.source == source.id]
        texts = sorted({self._data[each.sha256].decode("ascii", "replace").strip() for each in found})
        fetched = [each.fetched_at for each in found if each.fetched_at is not None]
        return StatementsAtHand(tuple(texts), min(fetched)) if texts and fetched else None


def lists_at_hand(
    source: TrustedListSource, attempts: Iterable[Attempt], read: Callable[[str], bytes], at: datetime, digest: str = ""
) -> ListsAtHand | None:
    """What an entry of a configuration leads to, of what was fetched; None where nobody tried.

    `read` gives documents by their SHA-256; `at` and `digest` as in `load_evidence`.
    """
    of_url = {each.url: each for each in attempts if each.source == source.id and each.kind in _LISTS}
    if location_of(source) not in of_url:
        return None

    def get(url: str) -> bytes:
        attempt = of_url.get(url)
        if attempt is None or not attempt.sha256:
            reason = (attempt.reason if attempt else "").removeprefix("OWN_") or "FETCH_NOT_FOUND"
            told = attempt.detail if attempt else "it was not asked for"
            raise SourceError(reason, f"the snapshot doesn't hold {url}: {told}")
        return read(attempt.sha256)

    is_lotl = source.kind is ListKind.LOTL
    found = national_lists(source, get, at) if is_lotl else single_list(source, get)
    fetched = {url: each.fetched_at for url, each in of_url.items() if each.fetched_at is not None}
    lists = dict(found.lists)
    for url in found.locations:
        attempt = of_url.get(url)
        national = is_lotl and attempt is not None and attempt.kind is Kind.LIST
        if attempt and national and url in fetched and _is_too_old(source, at - fetched[url]):
            # one server that is down must not make all the other lists too old
            lists[attempt.territory] = AuthenticatedList(attempt.territory, LIST_FAILED, (TOO_OLD,))
            del fetched[url]
    documents = [(territory, each.document) for territory, each in lists.items() if each.document is not None]
    used = [fetched[url] for url in found.locations if url in fetched]
    return ListsAtHand(AuthenticatedLists(lists, digest), ServiceIndex(documents), min(used, default=at))


def _is_too_old(source: TrustedListSource, age: timedelta) -> bool:
    return source.max_age is not None and source.on_expired is OnExpired.REJECT and age > source.max_age
