# SPDX-License-Identifier: Apache-2.0
"""What one refresh has from its source: each location asked for once, and what is held already not fetched again."""

from dataclasses import dataclass, replace
from hashlib import sha256

from trust_lists.errors import SourceError
from trust_lists.sources.manifest import Manifest
from trust_lists.sources.ports import Doubt, Known, Source
from trust_lists.sources.store import Store


@dataclass(frozen=True, slots=True)
class Download:
    """What came from a location in this refresh; `size` in bytes, 0 where the server said that nothing has changed."""

    known: Known
    size: int = 0
    doubts: tuple[Doubt, ...] = ()


class Downloads:
    """The source with a memory: each location is asked for once, and what is held already isn't fetched again."""

    def __init__(self, source: Source, store: Store) -> None:
        self._source = source
        self._store = store
        self._known = store.downloads()
        self._data: dict[str, bytes] = {}
        self._of: dict[str, Download] = {}

    def get(self, url: str, *, territory: str = "", digest_file: bool = False) -> bytes:
        """The document of a location, from the store where the source says that it hasn't changed.

        Raises SourceError. `digest_file` lets the source take the word of a `.sha2` file for that.
        """
        if url not in self._data:
            self._data[url] = self._fetch(url, territory, digest_file=digest_file)
        return self._data[url]

    def of(self, url: str) -> Download:
        """What came from a location; nothing where it wasn't asked for, or had nothing."""
        return self._of.get(url, Download(Known("")))

    def worth_knowing(self, manifest: Manifest) -> dict[str, Known]:
        """What servers said of the documents that the snapshot has; what was refused must be fetched again."""
        return {url: each.known for url, each in self._of.items() if each.known.sha256 in manifest.objects}

    def _fetch(self, url: str, territory: str, *, digest_file: bool) -> bytes:
        known = self._known.get(url)
        held = self._read(known)
        if known is not None and held is not None:
            found = self._source.fetch(url, territory=territory, known=replace(known, digest_file=digest_file))
            if found.data is None:
                self._of[url] = Download(known, 0, found.doubts)
                return held
        else:
            found = self._source.fetch(url, territory=territory)
        data = found.data or b""
        digest = sha256(data).hexdigest()
        self._of[url] = Download(Known(digest, found.etag, found.last_modified), len(data), found.doubts)
        return data

    def _read(self, known: Known | None) -> bytes | None:
        try:
            return self._store.read(known.sha256) if known is not None else None
        except SourceError:
            return None
