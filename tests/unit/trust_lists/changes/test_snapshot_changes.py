# SPDX-License-Identifier: Apache-2.0
"""What a comparison of two snapshots says: which lists came, went, changed their state or their signer."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.simulators.list_worlds import AT, DAY, ListWorld, break_signature, list_url, pointer, whole_world
from trust_lists.changes import Kind, compare_snapshots
from trust_lists.errors import SourceError
from trust_lists.sources.snapshots import Snapshot, load_snapshot


def taken(world: ListWorld, folder: Path, at: datetime = AT) -> Snapshot:
    world.refresh(folder, at)
    return load_snapshot(folder)


def test_the_same_snapshot_has_no_changes(tmp_path: Path) -> None:
    snapshot = taken(whole_world(), tmp_path)
    assert compare_snapshots(snapshot, snapshot).all_changes == ()


def test_what_a_new_issue_says_is_told(tmp_path: Path) -> None:
    before = taken(world := whole_world(), tmp_path)
    world.put_list("BE", sequence=4, services=("ca", "tsa"))
    found = compare_snapshots(before, taken(world, tmp_path, AT + DAY))
    assert [(each.after.territory, each.after.sequence) for each in found.lists] == [("BE", 4)]
    assert [each.kind for each in found.all_changes] == [Kind.ADDED]
    assert (found.before, found.before_at, found.after_at) == (before.digest, AT, AT + DAY)


def test_a_list_that_came_and_one_that_went_are_told(tmp_path: Path) -> None:
    before = taken(world := whole_world(), tmp_path)
    world.put_lotl(sequence=8, pointers=(pointer("BE", "be"), pointer("NL", "nl")))
    world.put_list("NL")
    found = compare_snapshots(before, taken(world, tmp_path, AT + DAY))
    states = {each.what: each.note for each in found.changes if each.kind is Kind.STATE}
    assert states == {"EL": "the list is gone", "NL": "the list is new"}
    lotl = found.lists[0]
    assert lotl.after.territory == "EU"
    assert {each.kind for each in lotl.changes} == {Kind.POINTER_ADDED, Kind.POINTER_REMOVED}


def test_a_list_that_is_held_after_its_source_broke_changes_its_state(tmp_path: Path) -> None:
    before = taken(world := whole_world(), tmp_path)
    world.put_list("BE", sequence=4)
    world.tamper(list_url("BE"), break_signature)
    found = compare_snapshots(before, taken(world, tmp_path, AT + DAY))
    (change,) = found.all_changes
    assert (change.kind, change.what, change.before) == (Kind.STATE, "BE", ("fresh",))
    assert change.after[0] == "stale"


def test_another_signer_of_a_list_is_told(tmp_path: Path) -> None:
    before = taken(world := whole_world(), tmp_path)
    world.put_lotl(sequence=8, pointers=(pointer("BE", "be", "be-2"), pointer("EL", "el")))
    world.put_list("BE", "be-2", sequence=4)
    found = compare_snapshots(before, taken(world, tmp_path, AT + DAY))
    assert [(each.kind, each.what) for each in found.changes] == [(Kind.SIGNER, "BE")]
    assert [each.kind for each in found.lists[0].changes] == [Kind.POINTER_SIGNERS]


def test_a_list_without_a_document_is_told_and_not_read(tmp_path: Path) -> None:
    world = whole_world()
    good = world.documents.pop(list_url("EL"))
    before = taken(world, tmp_path)
    world.documents[list_url("EL")] = good
    found = compare_snapshots(before, taken(world, tmp_path, AT + DAY))
    assert [(each.what, each.before[0], each.after) for each in found.changes] == [("EL", "failed", ("fresh",))]
    assert found.lists == ()


def test_a_snapshot_that_was_damaged_meanwhile_is_named(tmp_path: Path) -> None:
    before = taken(world := whole_world(), tmp_path)
    world.put_list("BE", sequence=4)
    after = taken(world, tmp_path, AT + DAY)
    entry = next(each for each in after.manifest.lists if each.territory == "BE")
    for path in tmp_path.rglob(f"*{entry.sha256[2:]}*"):
        path.chmod(0o600)
        path.write_bytes(b"damaged")
    with pytest.raises(SourceError):
        compare_snapshots(before, after)
