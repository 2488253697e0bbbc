# SPDX-License-Identifier: Apache-2.0
"""A folder as a source: which file is the document of a location."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.list_worlds import AT, LOTL_URL, ListWorld, list_url, pivot_url, whole_world, write_folder
from trust_lists.errors import SourceError
from trust_lists.sources.folder import FolderSource
from trust_lists.sources.refresh import refresh


def fetched(folder: Path, url: str, territory: str = "") -> str:
    """The path of the file that the folder has for a location."""
    return Path(FolderSource(folder, LOTL_URL).fetch(url, territory=territory).location).relative_to(folder).as_posix()


def refused(folder: Path, url: str, territory: str = "") -> str:
    with pytest.raises(SourceError) as told:
        fetched(folder, url, territory)
    return told.value.reason_id


def test_a_folder_gives_the_same_snapshot_as_the_web(tmp_path: Path) -> None:
    world = whole_world()
    folder = write_folder(
        tmp_path / "lists",
        {
            "LOTL_sn7.xml": world.get(LOTL_URL),
            "BE_sn3.xml": world.get(list_url("BE")),
            "EL_sn3.xml": world.get(list_url("EL")),
        },
    )
    report = refresh(world.configuration(), FolderSource(folder, LOTL_URL), tmp_path / "a", AT)
    assert report.healthy
    assert report.snapshot == world.refresh(tmp_path / "b").snapshot


def test_the_newest_list_of_a_territory_is_its_list(tmp_path: Path) -> None:
    world = ListWorld()
    files = {f"{number}.xml": world.put_list("BE", sequence=number) for number in (9, 10)}
    folder = write_folder(tmp_path, {**files, "EL.xml": world.put_list("EL", sequence=99)})
    assert fetched(folder, list_url("BE"), "BE") == "10.xml"


def test_a_mirror_of_web_sites_is_read_by_host_and_path(tmp_path: Path) -> None:
    data = whole_world().get(list_url("BE"))
    folder = write_folder(tmp_path, {"be.example/a b/tl.xml": data, "el.example/a b/tl.xml": data})
    assert fetched(folder, "https://be.example/a%20b/tl.xml", "BE") == "be.example/a b/tl.xml"


def test_a_file_is_found_by_its_name_unless_it_is_another_territorys(tmp_path: Path) -> None:
    world = whole_world()
    folder = write_folder(tmp_path, {"TL.xml": world.get(list_url("EL")), "BE.xml": world.get(list_url("BE"))})
    assert fetched(folder, list_url("EL"), "EL") == "TL.xml"
    assert fetched(folder, list_url("BE"), "BE") == "BE.xml"


def test_pivots_are_found_by_their_names(tmp_path: Path) -> None:
    world = ListWorld()
    folder = write_folder(tmp_path, {"lotl_pivot_1.xml": world.put_pivot(1, "lotl", ["lotl"])})
    assert fetched(folder, pivot_url(1)) == "lotl_pivot_1.xml"
    assert refused(folder, pivot_url(2)) == "FETCH_NOT_FOUND"


def test_locations_json_has_the_first_and_the_last_word(tmp_path: Path) -> None:
    data = whole_world().get(list_url("BE"))
    locations = {list_url("BE"): "old/be.xml", list_url("EL"): "missing.xml", list_url("XX"): "../outside.xml"}
    folder = write_folder(
        tmp_path / "lists",
        {"BE.xml": data, "EL.xml": data, "old/be.xml": data, "locations.json": json.dumps(locations).encode()},
    )
    write_folder(tmp_path, {"outside.xml": data})
    assert fetched(folder, list_url("BE"), "BE") == "old/be.xml"
    assert refused(folder, list_url("EL"), "EL") == "FETCH_NOT_FOUND"
    assert refused(folder, list_url("XX"), "XX") == "FETCH_NOT_FOUND"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b"\xff", b"[" * 100_000])
def test_a_wrong_locations_json_is_named(tmp_path: Path, content: bytes) -> None:
    write_folder(tmp_path, {"locations.json": content})
    assert refused(tmp_path, LOTL_URL) == "FETCH_LOCATIONS"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "FETCH_EMPTY"),
        (b"<!doctype html><p>", "FETCH_HTML"),
        (b"%PDF-1.4", "FETCH_PDF"),
        (b"<" + b" " * 2000, "FETCH_TOO_LARGE"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_download_is(tmp_path: Path, content: bytes, reason: str) -> None:
    write_folder(tmp_path, {"BE_sn9.xml": content})
    with pytest.raises(SourceError) as told:
        FolderSource(tmp_path, max_bytes=2000).fetch(list_url("BE"), territory="BE")
    assert told.value.reason_id == reason


def test_no_folder_is_no_source(tmp_path: Path) -> None:
    assert refused(tmp_path / "missing", LOTL_URL) == "FETCH_FOLDER"


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.sampled_from(["", "BE"]))
def test_whatever_is_asked_for_only_a_source_error_comes_out(tmp_path: Path, url: str, territory: str) -> None:
    write_folder(tmp_path, {"EL.xml": b"<a/>"})
    with pytest.raises(SourceError):
        FolderSource(tmp_path, LOTL_URL).fetch(f"https://{url}", territory=territory)
