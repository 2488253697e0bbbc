# SPDX-License-Identifier: Apache-2.0
"""Snapshots: never changed, named by their digest, and worth as much wherever they are carried."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.list_worlds import AT, DAY, ListWorld, certificate, list_url, whole_world
from trust_lists.errors import SourceError
from trust_lists.sources.manifest import Manifest, Pivot, manifest_from_bytes
from trust_lists.sources.snapshots import export_snapshot, load_snapshot, verify_snapshot, write_snapshot
from trust_lists.sources.states import ListEntry, ListState
from trust_lists.sources.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a snapshot of a world in which all is well."""
    whole_world().refresh(tmp_path / "store")
    return tmp_path / "store"


def refused(reference: Path | str) -> str:
    with pytest.raises(SourceError) as told:
        load_snapshot(reference)
    return told.value.reason_id


def test_a_snapshot_answers_with_its_lists_and_its_digest(folder: Path) -> None:
    snapshot = load_snapshot(folder)
    found = snapshot.authenticated()
    assert found.digest == snapshot.digest
    assert sorted(found.lists) == ["BE", "EL"]
    document = found.lists["EL"].document
    assert document is not None
    assert document.scheme.territory == "EL"
    assert snapshot.lotl().scheme.territory == "EU"


def test_the_index_knows_the_services_of_all_lists(folder: Path) -> None:
    index = load_snapshot(folder).index()
    assert {each.territory for each in index.services_of(certificate("ca"))} == {"BE", "EL"}
    assert index.anchors == 1


def test_the_digest_is_that_of_the_manifest(folder: Path) -> None:
    snapshot = load_snapshot(folder)
    data = (folder / "snapshots" / f"{snapshot.digest}.json").read_bytes()
    assert sha256(data).hexdigest() == snapshot.digest
    assert data == json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_the_same_lists_at_the_same_time_have_the_same_digest(tmp_path: Path) -> None:
    world = whole_world()
    assert world.refresh(tmp_path / "a").snapshot == world.refresh(tmp_path / "b").snapshot


def test_each_refresh_is_a_snapshot_of_its_own_and_the_old_one_stays(folder: Path) -> None:
    first = load_snapshot(folder)
    world = whole_world()
    world.put_list("BE", sequence=4)
    world.refresh(folder, AT + DAY)
    assert load_snapshot(folder).digest != first.digest
    again = load_snapshot(f"{folder}@{first.digest}")
    assert again.manifest == first.manifest
    assert {each.sequence for each in again.manifest.lists} == {3}


def test_states_tell_what_has_expired_since(folder: Path) -> None:
    states = load_snapshot(folder).states(AT + 45 * DAY)
    assert [(each.territory, each.state) for each in states] == [
        ("EU", ListState.EXPIRED),
        ("BE", ListState.FRESH),
        ("EL", ListState.FRESH),
    ]


# Names


def test_a_snapshot_is_found_by_digest_by_its_beginning_and_by_a_pin(folder: Path) -> None:
    digest = load_snapshot(folder).digest
    Store(folder).pin("audit-2026", digest)
    for name in (digest, digest[:8], "audit-2026", "current"):
        assert load_snapshot(f"{folder}@{name}").digest == digest


@pytest.mark.parametrize("name", ["0" * 64, "nobody", "../../x", "g" * 64, "0"])
def test_a_name_that_is_none_is_missing(folder: Path, name: str) -> None:
    assert refused(f"{folder}@{name}") == "SNAPSHOT_MISSING"


def test_a_beginning_that_two_snapshots_have_is_ambiguous(folder: Path) -> None:
    for last in "ab":
        (folder / "snapshots" / f"{'0' * 63}{last}.json").write_bytes(b"{}")
    assert refused(f"{folder}@00000000") == "SNAPSHOT_AMBIGUOUS"


@pytest.mark.parametrize("name", ["", "current", "abcdef", "a/b", ".hidden", "x" * 200])
def test_a_pin_has_a_name_that_nothing_else_has(folder: Path, name: str) -> None:
    with pytest.raises(SourceError) as told:
        Store(folder).pin(name, load_snapshot(folder).digest)
    assert told.value.reason_id == "SNAPSHOT_NAME"


def test_a_pin_can_be_taken_away_once(folder: Path) -> None:
    store = Store(folder)
    store.pin("audit", load_snapshot(folder).digest)
    store.unpin("audit")
    with pytest.raises(SourceError) as told:
        store.unpin("audit")
    assert told.value.reason_id == "SNAPSHOT_MISSING"


def test_a_folder_without_snapshots_is_none(tmp_path: Path) -> None:
    assert refused(tmp_path) == "STORE_MISSING"
    assert refused(tmp_path / "no@where") == "STORE_MISSING"


# Damage


def test_a_changed_document_is_found_when_the_snapshot_is_loaded(folder: Path) -> None:
    digest = load_snapshot(folder).manifest.lists[0].sha256
    path = folder / "objects" / digest[:2] / digest
    path.write_bytes(path.read_bytes().replace(b"Street", b"Avenue"))
    assert refused(folder) == "SNAPSHOT_OBJECT_DAMAGED"
    path.unlink()
    assert refused(folder) == "SNAPSHOT_OBJECT_MISSING"


def test_a_changed_manifest_is_found(folder: Path) -> None:
    path = next((folder / "snapshots").glob("*.json"))
    path.write_bytes(path.read_bytes().replace(b"EUTL_VERIFICATION_PASSED", b"EUTL_VERIFICATION_FAILED"))
    assert refused(folder) == "SNAPSHOT_DAMAGED"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("at", 7),
        ("at", "yesterday"),
        ("oj_url", None),
        ("oj_certificates", "x"),
        ("oj_certificates", [7]),
        ("lotl", {}),
        ("lotl", []),
        ("pivots", [{"location": "x"}]),
        ("lists", [None]),
        ("format", "trust-lists-snapshot-2"),
        ("more", "x"),
    ],
)
def test_a_manifest_with_a_value_of_another_type_is_refused(folder: Path, name: str, wrong: object) -> None:
    good = json.loads(load_snapshot(folder).manifest.to_bytes())
    with pytest.raises(SourceError):
        manifest_from_bytes(json.dumps({**good, name: wrong}).encode())


def test_a_manifest_without_one_of_its_values_is_refused(folder: Path) -> None:
    good = json.loads(load_snapshot(folder).manifest.to_bytes())
    for name in good:
        with pytest.raises(SourceError):
            manifest_from_bytes(json.dumps({each: good[each] for each in good if each != name}).encode())


_TEXT = st.text(max_size=20)
_TIME = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_ENTRY = st.builds(
    ListEntry,
    territory=_TEXT,
    location=_TEXT,
    status=_TEXT,
    sub_status=st.lists(_TEXT, max_size=3).map(tuple),
    state=st.sampled_from(ListState),
    since=_TIME,
    next_update=st.none() | _TIME,
    sequence=st.integers(0, 10**9),
    warnings=st.lists(_TEXT, max_size=2).map(tuple),
)


_TEXTS = st.lists(_TEXT, max_size=2).map(tuple)
_MANIFEST = st.builds(
    Manifest,
    at=_TIME,
    oj_url=_TEXT,
    lotl_url=_TEXT,
    oj_certificates=_TEXTS,
    policy=_TEXT,
    announced_oj_url=_TEXT,
    announced_lotl_url=_TEXT,
    lotl=_ENTRY,
    pivots=st.lists(st.builds(Pivot, _TEXT, _TEXT), max_size=2).map(tuple),
    lists=st.lists(_ENTRY, max_size=3).map(tuple),
    format=st.just("trust-lists-snapshot-1"),
)
_JSON = st.recursive(st.none() | st.integers() | _TEXT, st.lists).map(json.dumps).map(str.encode)


@settings(deadline=None)
@given(st.binary(max_size=200) | _JSON)
def test_whatever_stands_in_a_manifest_only_a_source_error_comes_out(data: bytes) -> None:
    with pytest.raises(SourceError):
        manifest_from_bytes(data)


@settings(deadline=None)
@given(_MANIFEST)
def test_a_manifest_reads_as_it_was_written(manifest: Manifest) -> None:
    assert manifest_from_bytes(manifest.to_bytes()) == manifest


# Verification, export, pruning


def test_a_snapshot_can_be_authenticated_again_from_nothing_but_itself(folder: Path) -> None:
    assert verify_snapshot(load_snapshot(folder)) == ()


def test_a_snapshot_with_pivots_can_be_authenticated_again(tmp_path: Path) -> None:
    world = ListWorld()
    world.put_lotl(uris=["https://lists.example/lotl-pivot-1.xml", "https://oj.example/eli/C/2026/1/oj"])
    world.put_pivot(1, "oj", ["lotl", "oj"])
    world.put_list("BE")
    report = world.refresh(tmp_path, configuration=world.configuration("oj"))
    assert report.healthy
    assert verify_snapshot(load_snapshot(tmp_path)) == ()


def test_a_forged_snapshot_is_found_by_authenticating_it_again(folder: Path) -> None:
    snapshot = load_snapshot(folder)
    world = ListWorld()
    forged = snapshot.store.put(world.put_list("BE", "mallory"))
    lists = tuple(replace(each, sha256=forged) if each.territory == "BE" else each for each in snapshot.manifest.lists)
    write_snapshot(snapshot.store, replace(snapshot.manifest, lists=lists))
    [problem] = verify_snapshot(load_snapshot(folder))
    assert problem.startswith("BE: EUTL_VERIFICATION_FAILED")


def test_an_exported_snapshot_is_a_store_with_the_same_digest(folder: Path, tmp_path: Path) -> None:
    snapshot = load_snapshot(folder)
    export_snapshot(snapshot, tmp_path / "usb")
    shutil.rmtree(folder)
    carried = load_snapshot(tmp_path / "usb")
    assert carried.digest == snapshot.digest
    assert verify_snapshot(carried) == ()


def test_pruning_keeps_the_newest_the_current_and_the_pinned(folder: Path) -> None:
    world = whole_world()
    digests = [load_snapshot(folder).digest]
    for number in range(1, 5):
        world.put_list("BE", sequence=3 + number)
        digests.append(world.refresh(folder, AT + number * DAY).snapshot)
    store = Store(folder)
    store.pin("audit", digests[1])
    (folder / "objects" / "00").mkdir(exist_ok=True)
    (folder / "objects" / "00" / "left-by-a-killed-process").write_bytes(b"x")
    snapshots, objects = store.prune(2)
    assert snapshots == 2
    assert objects == 3
    assert set(store.digests()) == {digests[1], digests[3], digests[4]}
    for digest in store.digests():
        load_snapshot(f"{folder}@{digest}")


def test_what_servers_said_is_lost_without_harm(folder: Path) -> None:
    assert Store(folder).downloads().keys() >= {list_url("BE")}
    for content in (b"", b"[]", b'{"a": {}}', b"\xff"):
        (folder / "downloads.json").write_bytes(content)
        assert Store(folder).downloads() == {}
    assert whole_world().refresh(folder, AT + DAY).healthy
