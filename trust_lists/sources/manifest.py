# SPDX-License-Identifier: Apache-2.0
"""What a snapshot consists of, as canonical JSON: its SHA-256 is the snapshot's name, and what answers cite.

Canonical: UTF-8, keys sorted, no white space, instants in UTC with `Z`. Documents and certificates are named by the
SHA-256 of their bytes (a certificate's DER).
"""

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from types import UnionType
from typing import Any, get_args

from trust_lists.errors import SourceError
from trust_lists.sources.states import ListEntry, ListState, Seen

FORMAT = "trust-lists-snapshot-1"


@dataclass(frozen=True, slots=True)
class Pivot:
    """A pivot that the chain went over, newest first."""

    location: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A snapshot without its documents: how the list of lists was authenticated, and what came of it, at a time.

    `policy` is the name of one of `trust_lists.signatures.list_policies`. `announced_*` is what the list of lists wants
    to be asked by from now on: the configured values where it wants no other.
    """

    at: datetime
    oj_url: str
    lotl_url: str
    oj_certificates: tuple[str, ...]
    policy: str
    announced_oj_url: str
    announced_lotl_url: str
    lotl: ListEntry
    pivots: tuple[Pivot, ...]
    lists: tuple[ListEntry, ...]
    seen: tuple[Seen, ...]
    """The highest numbers until then, by territory; also of lists that there are none of now."""
    format: str = FORMAT

    @property
    def objects(self) -> frozenset[str]:
        """The digests of all that the snapshot refers to."""
        documents = {each.sha256 for each in (self.lotl, *self.lists) if each.good}
        return frozenset(documents | {each.sha256 for each in self.pivots} | set(self.oj_certificates))

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return json.dumps(to_json(self), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def manifest_from_bytes(data: bytes) -> Manifest:
    """The manifest of these bytes. Raises SourceError SNAPSHOT_FORMAT."""
    try:
        found = json.loads(data)
        if found.get("format") != FORMAT:
            raise SourceError("SNAPSHOT_FORMAT", f"the snapshot is not of the format {FORMAT}")
        manifest = _from_json(Manifest, found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SourceError("SNAPSHOT_FORMAT", "the manifest of the snapshot is damaged") from None
    assert isinstance(manifest, Manifest)  # noqa: S101 for the type checker
    return manifest


def to_json(value: object) -> Any:
    """A manifest, or an entry of it, as JSON values."""
    match value:
        case Manifest() | ListEntry() | Pivot() | Seen():
            return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
        case tuple():
            return [to_json(each) for each in value]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return value


def _from_json(kind: Any, value: Any) -> Any:
    """The value of a type as it is annotated in the classes above; ValueError, TypeError, KeyError where it isn't."""
    if kind in {Manifest, ListEntry, Pivot, Seen}:
        types = {each.name: each.type for each in fields(kind)}
        if set(value) != set(types):
            raise ValueError
        return kind(**{name: _from_json(types[name], value[name]) for name in types})
    if isinstance(kind, UnionType):
        return None if value is None else _from_json(get_args(kind)[0], value)
    if arguments := get_args(kind):
        return tuple(_from_json(arguments[0], each) for each in _is(list, value))
    if kind is datetime:
        return datetime.fromisoformat(_is(str, value)).astimezone(UTC)
    return ListState(value) if kind is ListState else _is(kind, value)


def _is(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value
