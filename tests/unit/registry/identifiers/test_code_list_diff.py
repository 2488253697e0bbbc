# SPDX-License-Identifier: Apache-2.0
"""The difference between two code lists."""

from registry.identifiers.code_list_diff import compare
from registry.identifiers.code_lists import CodeList
from tests.simulators.code_lists import code_list, participant_list


def read(data: bytes) -> CodeList:
    return CodeList.from_json(data)


def test_every_kind_of_change_is_named_and_counted() -> None:
    before = read(participant_list("1", i0001="active", i0002="active", i0003="deprecated", i0004="active"))
    after = read(participant_list("2", i0001="active", i0002="deprecated", i0003="removed", i0005="active"))
    found = compare(before, after)
    assert [(change.value, change.what, change.state) for change in found.changes] == [
        ("0002", "active to deprecated", "deprecated"),
        ("0003", "deprecated to removed", "removed"),
        ("0004", "gone", "not listed"),
        ("0005", "added", "active"),
    ]
    assert found.counts == {"active to deprecated": 1, "added": 1, "deprecated to removed": 1, "gone": 1}
    assert found.unchanged == 1
    assert (found.version_before, found.version_after) == ("1", "2")
    assert [change.value for change in found.changes if change.stops_new_entries] == ["0002", "0003", "0004"]


def test_first_list_adds_everything() -> None:
    found = compare(None, read(participant_list("1", i0001="active", i0002="removed")))
    assert (found.version_before, found.counts, found.unchanged) == ("", {"added": 2}, 0)
    assert [change.stops_new_entries for change in found.changes] == [False, True]


def test_same_list_changes_nothing() -> None:
    one = read(participant_list("1", i0001="active"))
    found = compare(one, one)
    assert (found.changes, found.unchanged) == ((), 1)


def test_a_code_that_can_no_longer_be_registered_is_a_change() -> None:
    before = read(code_list("1", {"iso6523": "0205", "state": "active"}))
    after = read(code_list("1", {"iso6523": "0205", "state": "active", "registrable": False}))
    (change,) = compare(before, after).changes
    assert (change.what, change.stops_new_entries) == ("changed", True)
