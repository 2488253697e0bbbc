# SPDX-License-Identifier: Apache-2.0
"""Lists from a folder, for whoever has no way to the web: a source of the same standing, its lists verified the same.

Which file is the document of a location is found in this order:

1. `locations.json` in the folder: an object from location to the path of a file in the folder, e.g.
   `{"https://tl.example/list.xml": "list-7.xml"}`; what it names is not looked for elsewhere.
2. the path `HOST/PATH`, as programs that mirror web sites write it;
3. a file called like the last part of the location (upper or lower case, `-` and `_` alike), unless it is another
   territory's list;
4. the newest list of the territory in the folder: that with the highest sequence number. For the location of the list
   of lists, the newest list of lists.

Territory, sequence number and kind are read from the beginning of each file before anything is verified, and serve to
find it only; where a file doesn't tell, its name may (`FR_sn59.xml`, `FR.xml`). Hidden files are passed over.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trust_lists.errors import SourceError
from trust_lists.sources.ports import Fetched, Known, refuse_no_list
from trust_lists.xml import MAX_LIST_BYTES

LOCATIONS = "locations.json"
_HEAD = 262_144
_TERRITORY = re.compile(rb"[<:\"]SchemeTerritory(?:>|\"\s*:\s*\")\s*([A-Z]{2,3})\s*[<\"]")
_SEQUENCE = re.compile(rb"[<:\"](?:TSL|LoTE)SequenceNumber(?:>|\"\s*:\s*)\s*(\d{1,18})\s*[<,}]")
_TYPE = re.compile(rb"[<:\"](?:TSL|LoTE)Type(?:>|\"\s*:\s*\")\s*([^<\"\s]{0,200})")
_TERRITORY_IN_NAME = re.compile(r"([A-Z]{2})(?:[_.-]|$)")
_LISTS = {".xml", ".xtsl", ".json", ".jws", ".jwt", ".jose"}


@dataclass(frozen=True, slots=True)
class _File:
    """A file and what it says of itself, unverified."""

    path: Path
    territory: str
    sequence: int
    list_of_lists: bool


class FolderSource:
    """A `Source` in a folder; `lotl_url` is the location of the list of lists. The folder is looked through once."""

    def __init__(self, folder: Path, lotl_url: str = "", *, max_bytes: int = MAX_LIST_BYTES) -> None:
        if not folder.is_dir():
            raise SourceError("FETCH_FOLDER", f"{folder} is no folder")
        self._folder = folder
        self._lotl_url = lotl_url
        self._max_bytes = max_bytes
        self._locations = _read_locations(folder)
        self._paths = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
        self._files = [_look_into(path) for path in self._paths.values() if path.suffix.lower() in _LISTS]

    def fetch(self, url: str, *, territory: str = "", known: Known | None = None) -> Fetched:
        """See `Source`. Raises SourceError: FETCH_NOT_FOUND, FETCH_TOO_LARGE, FETCH_UNREADABLE, and those of
        `refuse_no_list`.
        """
        path = self._find(url, territory)
        if path is None:
            what = f"a list of {territory}, or " if territory else ""
            raise SourceError("FETCH_NOT_FOUND", f"the folder has no file for {url} ({what}an entry in {LOCATIONS})")
        try:
            if path.stat().st_size > self._max_bytes:
                raise SourceError("FETCH_TOO_LARGE", f"{path.name} has more than {self._max_bytes} bytes")
            data = path.read_bytes()
        except OSError as error:
            raise SourceError("FETCH_UNREADABLE", f"{path} can't be read: {error.strerror}") from None
        return Fetched(data, str(path), doubts=refuse_no_list(data))

    def _find(self, url: str, territory: str) -> Path | None:
        if url in self._locations:
            return self._paths.get(self._locations[url])
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        path = unquote(parts.path)
        mirrored = self._paths.get(f"{parts.hostname or ''}{path}")
        if mirrored is not None:
            return mirrored
        return self._by_name(path.rpartition("/")[2], territory) or self._newest(url, territory)

    def _by_name(self, name: str, territory: str) -> Path | None:
        wanted = _plain(name)
        fits = (each for each in self._files if _plain(each.path.name) == wanted)
        return next((each.path for each in fits if not territory or each.territory in {territory, ""}), None)

    def _newest(self, url: str, territory: str) -> Path | None:
        if url == self._lotl_url:
            found = [each for each in self._files if each.list_of_lists]
        elif territory:
            found = [each for each in self._files if each.territory == territory and not each.list_of_lists]
        else:
            return None
        return max(found, key=lambda each: (each.sequence, each.path.name)).path if found else None


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _read_locations(folder: Path) -> dict[str, str]:
    path = folder / LOCATIONS
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise SourceError("FETCH_LOCATIONS", f"{path} is no JSON") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise SourceError("FETCH_LOCATIONS", f"{path} must be an object from locations to paths of files")
    return found


def _look_into(path: Path) -> _File:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        head = b""
    # the first of each is the list's own; those of its pointers come after it
    territory, sequence, kind = _TERRITORY.search(head), _SEQUENCE.search(head), _TYPE.search(head)
    named = _TERRITORY_IN_NAME.match(path.name)
    return _File(
        path,
        territory[1].decode() if territory else named[1] if named else "",
        int(sequence[1]) if sequence else 0,
        kind is not None and kind[1].lower().endswith(b"listofthelists"),
    )


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
