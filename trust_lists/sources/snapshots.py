# SPDX-License-Identifier: Apache-2.0
"""Snapshots: what the lists said at one time, never changed, named by a digest that an answer can cite.

A snapshot answers as of its time: an expired list of lists does not take its answers back, `states` says that it has
expired. Its digest covers manifest, documents and the certificates that all trust started from, so whoever knows the
digest needs to trust neither the folder nor who carried it. Any folder with `snapshots/` and `objects/` will do: a
copy of a store is a store.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import SourceError
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.signatures.list_policies import ARCHIVE, CURRENT
from trust_lists.sources.lotl import LotlConfiguration, authenticate_lotl
from trust_lists.sources.manifest import Manifest
from trust_lists.sources.national import follow_pointer
from trust_lists.sources.states import ListEntry
from trust_lists.sources.store import Store


@dataclass(frozen=True)
class Snapshot:
    """A snapshot in a store; documents are read when they are asked for, each once."""

    store: Store
    digest: str
    manifest: Manifest

    @property
    def configuration(self) -> LotlConfiguration:
        """What the list of lists was authenticated from."""
        certificates = tuple(ListedCertificate(self.store.read(each)) for each in self.manifest.oj_certificates)
        policy = ARCHIVE if self.manifest.policy == ARCHIVE.name else CURRENT
        return LotlConfiguration(self.manifest.oj_url, self.manifest.lotl_url, certificates, policy)

    def lotl(self) -> TrustedList:
        """The list of lists. Raises SourceError where the snapshot was damaged since it was loaded."""
        return read_unverified(self.store.read(self.manifest.lotl.sha256))

    def authenticated(self) -> AuthenticatedLists:
        """The outcome of TS 119 615 §4.2 for each territory, as of the time of the snapshot."""
        return AuthenticatedLists(self._lists, self.digest)

    def index(self) -> ServiceIndex:
        """The services of all authenticated lists, for look-ups by certificate."""
        return self._index

    def states(self, at: datetime) -> tuple[ListEntry, ...]:
        """The list of lists and the others as they are at a later time."""
        return tuple(each.at(at) for each in (self.manifest.lotl, *self.manifest.lists))

    @cached_property
    def _lists(self) -> "_Lists":
        return _Lists(self.store, {each.territory: each for each in self.manifest.lists})

    @cached_property
    def _index(self) -> ServiceIndex:
        found = ((each.territory, each.document) for each in self._lists.values())
        return ServiceIndex((territory, document) for territory, document in found if document is not None)


@dataclass(frozen=True)
class _Lists(Mapping[str, AuthenticatedList]):
    """Lists by territory; each is parsed when it is first asked for."""

    store: Store
    entries: Mapping[str, ListEntry]
    parsed: dict[str, AuthenticatedList] = field(default_factory=dict)

    def __getitem__(self, territory: str) -> AuthenticatedList:
        if territory not in self.parsed:
            entry = self.entries[territory]
            # the bytes were verified before they came into the snapshot, and are the same ones by their digest
            document = read_unverified(self.store.read(entry.sha256)) if entry.good else None
            self.parsed[territory] = AuthenticatedList(
                territory, entry.status, entry.sub_status, document, entry.sha256
            )
        return self.parsed[territory]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def write_snapshot(store: Store, manifest: Manifest) -> Snapshot:
    """Makes a manifest, whose objects are in the store, its newest snapshot; call it under `store.lock()`.

    Raises SourceError STORE_UNWRITABLE.
    """
    digest = store.put_manifest(manifest)
    store.set_current(digest)
    return Snapshot(store, digest, manifest)


def load_snapshot(reference: Path | str) -> Snapshot:
    """The snapshot of `FOLDER` (the newest), or of `FOLDER@NAME` (a digest, its beginning, or a pin).

    Every object is read and held against its digest. Raises SourceError SNAPSHOT_*, and STORE_MISSING.
    """
    folder, name = _split(str(reference))
    store = Store(folder)
    if not (folder / "snapshots").is_dir():
        raise SourceError("STORE_MISSING", f"{folder} holds no snapshots; refresh makes one")
    return open_snapshot(store, store.resolve(name))


def open_snapshot(store: Store, digest: str) -> Snapshot:
    """The same by its whole digest."""
    manifest = store.read_manifest(digest)
    for each in sorted(manifest.objects):
        store.read(each)
    return Snapshot(store, digest, manifest)


def export_snapshot(snapshot: Snapshot, folder: Path) -> None:
    """Writes a snapshot alone into a folder, which is a store then. Raises SourceError."""
    target = Store(folder)
    with target.lock():
        for each in sorted(snapshot.manifest.objects):
            target.put(snapshot.store.read(each))
        write_snapshot(target, snapshot.manifest)


def verify_snapshot(snapshot: Snapshot) -> tuple[str, ...]:
    """Runs TS 119 615 §4.1 and §4.2 on what the snapshot holds, at its time; says what comes out otherwise.

    Only the Official Journal's certificates are taken for granted. Raises SourceError SNAPSHOT_* where it is damaged.
    """
    manifest, store = snapshot.manifest, snapshot.store
    held = {each.location: each.sha256 for each in manifest.pivots}
    held[manifest.lotl_url] = manifest.lotl.sha256

    def get(url: str) -> bytes:
        if url not in held:
            raise SourceError("FETCH_NOT_FOUND", "the snapshot doesn't hold it")
        return store.read(held[url])

    lotl = authenticate_lotl(snapshot.configuration, get, manifest.at)
    found = [] if lotl.status == manifest.lotl.status else [f"the list of lists: {lotl.status}, {lotl.detail}"]
    for entry in manifest.lists:
        if not entry.good:
            continue
        data = store.read(entry.sha256)
        outcome = follow_pointer(lotl, entry.territory, partial(_same, data), manifest.at)
        signer = outcome.verified.signer.sha256 if outcome.verified else ""
        if (outcome.status, signer) != (entry.status, entry.signer):
            found.append(f"{entry.territory}: {outcome.status}, {outcome.detail or 'signed by somebody else'}")
    return tuple(found)


def _same(data: bytes, _: str) -> bytes:
    return data


def _split(reference: str) -> tuple[Path, str]:
    """Folder and name; a folder may have an `@` in its path."""
    if Path(reference).is_dir():
        return Path(reference), ""
    folder, separator, name = reference.rpartition("@")
    return (Path(folder), name) if separator else (Path(reference), "")
