# SPDX-License-Identifier: Apache-2.0
"""Compares two snapshots: which lists they have, in which state, signed by whom, and what those lists say."""

from collections.abc import Iterator

from trust_lists.changes.lists import compare_lists
from trust_lists.changes.model import Change, Kind, ListChanges, SnapshotChanges, in_order
from trust_lists.sources.snapshots import Snapshot
from trust_lists.sources.states import ListEntry


def compare_snapshots(before: Snapshot, after: Snapshot) -> SnapshotChanges:
    """All changes from one snapshot to another. A list with the same bytes in both isn't read.

    Raises SourceError where a snapshot was damaged since it was loaded.
    """
    old = {each.territory: each for each in before.manifest.lists}
    new = {each.territory: each for each in after.manifest.lists}
    changes = list(_entry(before.manifest.lotl, after.manifest.lotl, "list of lists"))
    for territory in sorted(old.keys() | new.keys()):
        if territory not in new:
            changes.append(Change(Kind.STATE, before=_state(old[territory]), what=territory, note="the list is gone"))
        elif territory not in old:
            changes.append(Change(Kind.STATE, after=_state(new[territory]), what=territory, note="the list is new"))
        else:
            changes += _entry(old[territory], new[territory], territory)
    return SnapshotChanges(
        before=before.digest,
        after=after.digest,
        before_at=before.manifest.at,
        after_at=after.manifest.at,
        changes=in_order(changes),
        lists=tuple(_documents(before, after)),
    )


def _entry(old: ListEntry, new: ListEntry, what: str) -> Iterator[Change]:
    if _state(old) != _state(new):
        yield Change(Kind.STATE, _state(old), _state(new), what=what, note=new.detail)
    if old.signer and new.signer and old.signer != new.signer:
        yield Change(Kind.SIGNER, (old.signer,), (new.signer,), what=what)


def _state(entry: ListEntry) -> tuple[str, ...]:
    return tuple(part for part in (entry.state.value, entry.reason) if part)


def _documents(before: Snapshot, after: Snapshot) -> Iterator[ListChanges]:
    if before.manifest.lotl.sha256 != after.manifest.lotl.sha256:
        yield compare_lists(before.lotl(), after.lotl())
    old, new = before.authenticated().lists, after.authenticated().lists
    for territory in sorted(old.keys() & new.keys()):
        earlier = next(each for each in before.manifest.lists if each.territory == territory)
        later = next(each for each in after.manifest.lists if each.territory == territory)
        if earlier.sha256 == later.sha256:
            continue
        one, other = old[territory].document, new[territory].document
        if one is not None and other is not None:
            yield compare_lists(one, other)
