# SPDX-License-Identifier: Apache-2.0
"""What was read of a source is kept by part, until it is done."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ConflictError, TechnicalError
from registry.move_in import staging as module
from registry.move_in.model import Kind, SourceRecord, part_of
from registry.move_in.staging import Staging, digest_of
from tests.simulators.moving_in import record_of

NOTHING: dict[tuple[Kind, int], str | None] = {}


def filled(file: Path, records: list[SourceRecord], parts: dict[tuple[Kind, int], str | None] = NOTHING) -> Staging:
    staging = Staging(file)
    staging.fill(iter(records), parts, lambda: {"unhoused": []}, lambda _number: None)
    return staging


def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "1.sqlite3"
    filled(file, [record_of("a")])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@given(
    content=st.dictionaries(
        st.tuples(
            st.sampled_from(Kind),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30),
        ),
        st.binary(max_size=60),
        max_size=40,
    ),
    buffer=st.integers(1, 200),
)
def test_what_was_put_in_comes_out_by_part_however_often_it_is_written(
    tmp_path_factory: pytest.TempPathFactory, content: dict[tuple[Kind, str], bytes], buffer: int
) -> None:
    records = [SourceRecord(kind, key, body) for (kind, key), body in content.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUFFER", buffer)
        staging = filled(tmp_path_factory.mktemp("staging") / "1.sqlite3", records)
    parts = staging.parts()
    assert sum(count for count, _ in parts.values()) == len(records)
    found = []
    for kind, part in parts:
        listed = staging.listed(kind, [part])
        assert set(listed) == {key for each, key in content if each is kind and part_of(key) == part}
        some = list(staging.records(kind, [part], listed.keys()))
        assert {each.key: (part, digest_of(each.body)) for each in some} == listed
        found += some
    assert {(each.kind, each.key): each.body for each in found} == content
    staging.discard()


def test_only_the_records_that_are_asked_for_are_given(tmp_path: Path) -> None:
    staging = filled(tmp_path / "1.sqlite3", [record_of(f"key-{number}", number) for number in range(50)])
    everything = [part for _, part in staging.parts()]
    assert {each.key for each in staging.records(Kind.PARTICIPANT, everything, {"key-3", "key-40"})} == {
        "key-3",
        "key-40",
    }


def test_parts_that_are_to_be_done_are_there_without_records_too(tmp_path: Path) -> None:
    empty = (Kind.PARTICIPANT, (part_of("a") + 1) % 4096)
    known = (Kind.PARTICIPANT, part_of("a"))
    staging = filled(tmp_path / "1.sqlite3", [record_of("a")], {empty: None, known: "0815"})
    assert staging.parts() == {empty: (0, None), known: (1, "0815")}


def test_a_part_that_is_done_is_gone(tmp_path: Path) -> None:
    staging = filled(tmp_path / "1.sqlite3", [record_of("a"), record_of("b")])
    staging.done([(Kind.PARTICIPANT, part_of("a"))])
    assert list(staging.parts()) == [(Kind.PARTICIPANT, part_of("b"))]
    assert staging.listed(Kind.PARTICIPANT, [part_of("a")]) == {}


def test_a_key_that_comes_twice_tells_of_a_source_that_changes(tmp_path: Path) -> None:
    staging = filled(tmp_path / "1.sqlite3", [record_of("a", 1), record_of("a", 2)])
    with pytest.raises(ConflictError, match="participant a twice"):
        staging.listed(Kind.PARTICIPANT, [part_of("a")])


def test_a_file_is_complete_only_once_the_source_was_read_to_its_end(tmp_path: Path) -> None:
    def broken_off() -> "list[SourceRecord]":
        raise ConflictError("it changed")

    staging = Staging(tmp_path / "1.sqlite3")
    assert not staging.is_complete
    with pytest.raises(ConflictError, match="it changed"):
        staging.fill((each for _ in (0,) for each in broken_off()), {}, dict, lambda _number: None)
    staging.close()
    assert not Staging(tmp_path / "1.sqlite3").is_complete
    again = Staging(tmp_path / "1.sqlite3").emptied()
    again.fill(iter([record_of("a")]), {}, lambda: {"unhoused": [["x", 1, "y"]]}, lambda _number: None)
    again.close()
    held = Staging(tmp_path / "1.sqlite3")
    assert held.is_complete
    assert held.about() == {"unhoused": [["x", 1, "y"]]}


def test_nothing_is_left_of_a_file_that_is_discarded(tmp_path: Path) -> None:
    filled(tmp_path / "1.sqlite3", [record_of("a")]).discard()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "1.sqlite3").write_bytes(b"something else " * 100)
    with pytest.raises(TechnicalError, match=r"1\.sqlite3"):
        Staging(tmp_path / "1.sqlite3")
