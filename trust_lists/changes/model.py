# SPDX-License-Identifier: Apache-2.0
"""What a comparison finds: changes, each of a kind, with what it is about and the values before and after.

All changes have one shape, so that every rendering, and every program, can go over them alike. The values are texts:
of a status change the status and since when it holds, of a set (qualifiers, certificates, addresses) only what left
it and what came into it.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from trust_lists.instants import write_instant


class Kind(StrEnum):
    """Of what kind a change is; in the order in which readers want to hear of them."""

    SEQUENCE = "sequence anomaly"
    """The same number with another content, a lower one, or a gap: issues between that nobody compared."""
    CLOSED = "list closed"
    """The next update is empty now, or filled again (TS 119 612 §5.3.15)."""
    STATE = "list state"
    """Of a list in a snapshot: fresh, stale, expired, closed, failed; or it is new, or gone."""
    SIGNER = "signer"
    """The list was signed with another certificate."""
    STATUS = "status changed"
    ADDED = "service added"
    REMOVED = "service removed"
    RE_KEYED = "service re-keyed"
    """Gone, and there again under the same provider, type and name with another key."""
    RETYPED = "service of another type"
    MOVED = "service moved"
    """To another provider."""
    QUALIFIERS = "qualifiers changed"
    EXTENSIONS = "extensions changed"
    HISTORY = "history changed"
    """Former states are missing, altered, or inserted."""
    CERTIFICATES = "certificates changed"
    """Others of the same key."""
    SERVICE = "service details"
    PROVIDER_ADDED = "provider added"
    PROVIDER_REMOVED = "provider removed"
    PROVIDER_RENAMED = "provider renamed"
    PROVIDER = "provider details"
    POINTER_ADDED = "pointer added"
    POINTER_REMOVED = "pointer removed"
    POINTER_SIGNERS = "pointer signers"
    """Who may sign the list that is pointed to."""
    POINTER = "pointer details"
    SCHEME = "scheme"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `provider`, `service`, `type` and `key` say of what; "" where it is about something larger."""

    kind: Kind
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    provider: str = ""
    service: str = ""
    type: str = ""
    """The URI of the service's type, where it has several the one after."""
    key: str = ""
    """SHA-256 of the service's key (SubjectPublicKeyInfo), 64 hexadecimal digits; after the change, if there is one."""
    what: str = ""
    """The field, or the pointer, that changed."""
    note: str = ""
    """What is remarkable about it: a status that began before the former issue, for one."""

    def to_json(self) -> dict[str, Any]:
        """The change as JSON, without what it doesn't have."""
        return {name: value for name, value in asdict(self).items() if value or name == "kind"}


@dataclass(frozen=True, slots=True)
class Issue:
    """Which issue of a list was compared."""

    territory: str
    sequence: int
    issued_at: datetime
    next_update: datetime | None
    services: int
    version: int

    def to_json(self) -> dict[str, Any]:
        """The issue as JSON."""
        until = write_instant(self.next_update) if self.next_update else None
        return {**asdict(self), "issued_at": write_instant(self.issued_at), "next_update": until}


@dataclass(frozen=True, slots=True)
class ListChanges:
    """What changed between two issues of a list."""

    before: Issue
    after: Issue
    changes: tuple[Change, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
        """The changes of some kinds."""
        return tuple(each for each in self.changes if each.kind in kinds)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "counts": counts(self.changes),
            "changes": [each.to_json() for each in self.changes],
        }


@dataclass(frozen=True, slots=True)
class SnapshotChanges:
    """What changed between two snapshots, by their digests."""

    before: str
    after: str
    before_at: datetime
    after_at: datetime
    changes: tuple[Change, ...] = ()
    """About whole lists; `what` is the territory."""
    lists: tuple[ListChanges, ...] = ()
    """Of the lists that both have and that differ; the list of lists is the first, territory `EU`."""

    @property
    def all_changes(self) -> tuple[Change, ...]:
        """Those about whole lists, and those in lists."""
        return self.changes + tuple(change for each in self.lists for change in each.changes)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "before": {"digest": self.before, "at": write_instant(self.before_at)},
            "after": {"digest": self.after, "at": write_instant(self.after_at)},
            "counts": counts(self.all_changes),
            "changes": [each.to_json() for each in self.changes],
            "lists": [each.to_json() for each in self.lists],
        }


def counts(changes: tuple[Change, ...]) -> dict[str, int]:
    """How many changes there are of each kind, in the order of the kinds; kinds without any are left out."""
    counted = Counter(each.kind for each in changes)
    return {kind.value: counted[kind] for kind in Kind if counted[kind]}


def in_order(changes: list[Change]) -> tuple[Change, ...]:
    """The changes by kind; within a kind they stay in their order."""
    order = {kind: position for position, kind in enumerate(Kind)}
    return tuple(sorted(changes, key=lambda each: order[each.kind]))
