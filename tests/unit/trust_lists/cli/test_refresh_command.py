# SPDX-License-Identifier: Apache-2.0
"""`trust-lists refresh` and `trust-lists snapshot`: what they print, and how they end."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.simulators.list_worlds import (
    AT,
    DAY,
    LOTL_URL,
    OJ_URL,
    ListWorld,
    break_signature,
    certificate,
    list_url,
    pivot_url,
    whole_world,
    write_folder,
)
from trust_lists.cli.main import app

runner = CliRunner()


def run(*arguments: str | Path) -> Result:
    return runner.invoke(app, [str(each) for each in arguments])


class Desk:
    """Folders of lists, of certificates and of snapshots."""

    def __init__(self, folder: Path) -> None:
        self.lists, self.oj, self.store = folder / "lists", folder / "oj", folder / "store"
        self.world = whole_world()
        write_folder(self.oj, {"signer.der": certificate("lotl").der})

    def refresh(self, *more: str, at: str = AT.isoformat()) -> Result:
        locations = {url: f"{number}.xml" for number, url in enumerate(self.world.documents)}
        files = {locations[url]: data for url, data in self.world.documents.items() if isinstance(data, bytes)}
        write_folder(self.lists, {**files, "locations.json": json.dumps(locations).encode()})
        return run(
            *("refresh", "--lotl", self.lists, "--lotl-url", LOTL_URL, "--oj-certs", self.oj, "--oj-url", OJ_URL),
            *("--at", at, "--store", self.store, *more),
        )

    def snapshot(self, *arguments: str | Path) -> Result:
        return run("snapshot", *arguments, "--store", self.store)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.snapshot(*arguments, "--json").stdout)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    assert desk.refresh().exit_code == 0
    return desk


def test_a_refresh_shows_each_list_with_its_state(desk: Desk) -> None:
    result = desk.refresh()
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["BE", "fresh", "3", "2027-01-09", "fetched"] in rows
    assert "Trust anchors: 1" in result.stdout
    assert "2 lists: 2 fresh" in result.stdout


def test_a_refresh_as_json(desk: Desk) -> None:
    found = json.loads(desk.refresh("--json").stdout)
    assert (found["healthy"], found["anchors"], found["written"]) == (True, 1, True)
    assert [each["territory"] for each in found["lists"]] == ["BE", "EL"]
    assert found["lotl"]["status"] == "LOTL_VERIFICATION_PASSED"
    assert {each["clause"] for each in found["steps"]} >= {"4.1.4-08", "4.1.4-12"}
    assert found["announced"]["changed"] is False


def test_a_list_that_was_refused_is_shown_with_its_reason(filled: Desk) -> None:
    filled.world.tamper(list_url("BE"), break_signature)
    result = filled.refresh()
    assert result.exit_code == 0
    [row] = [line for line in result.stdout.splitlines() if line.startswith("BE")]
    assert "stale" in row
    assert "kept" in row
    assert "OWN_DIGEST_MISMATCH" in row


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_without_an_authenticated_list_of_lists_the_answer_is_no(filled: Desk, as_json: tuple[str, ...]) -> None:
    result = filled.refresh(*as_json, at=(AT + 40 * DAY).isoformat())
    assert result.exit_code == 1
    assert "LOTL_NEXTUPDATE_PASSED" in result.output


def test_a_list_of_lists_that_cannot_be_had_is_a_technical_failure(desk: Desk) -> None:
    del desk.world.documents[LOTL_URL]
    result = desk.refresh()
    assert result.exit_code == 6
    assert "There is no snapshot yet." in result.stderr


def test_no_anchors_is_said_loudly(desk: Desk) -> None:
    for territory in ("BE", "EL"):
        desk.world.put_list(territory, services=())
    result = desk.refresh()
    assert result.exit_code == 1
    assert "0 anchors" in result.stderr


def test_what_the_list_of_lists_announces_is_told_and_not_applied(desk: Desk) -> None:
    new = "https://oj.example/eli/C/2027/9/oj"
    desk.world.put_lotl(uris=[new, pivot_url(1), OJ_URL])
    desk.world.put_pivot(1, "lotl", ["lotl"])
    result = desk.refresh()
    assert result.exit_code == 0
    assert f"--oj-url {new}" in result.stderr
    assert certificate("lotl").sha256 in result.stderr
    assert desk.json("show")["manifest"]["oj_url"] == OJ_URL


def test_a_store_that_another_process_writes_to_is_a_technical_failure(filled: Desk) -> None:
    from trust_lists.sources.store import Store

    with Store(filled.store).lock():
        result = filled.refresh()
    assert result.exit_code == 6
    assert "STORE_LOCKED" in result.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--oj-certs", "missing"), ("--lotl", "neither-folder-nor-url"), ("--at", "soon")]
)
def test_wrong_usage_is_named(desk: Desk, option: str, value: str) -> None:
    given = {"--lotl": str(desk.oj), "--oj-certs": str(desk.oj), "--oj-url": OJ_URL, option: value}
    result = run("refresh", *(word for pair in given.items() for word in pair), "--store", desk.store)
    assert result.exit_code == 2
    assert option in result.stderr


def test_a_certificate_that_cannot_be_read_is_passed_over_aloud(desk: Desk) -> None:
    write_folder(desk.oj, {"README.txt": b"certificates of the notice"})
    result = desk.refresh()
    assert result.exit_code == 0
    assert "passed over: README.txt" in result.stderr


# Snapshots


def test_snapshots_are_listed_newest_first_with_their_pins(filled: Desk) -> None:
    [first] = filled.json("list")
    assert filled.snapshot("pin", "audit").exit_code == 0
    filled.refresh(at=(AT + DAY).isoformat())
    newest, oldest = filled.json("list")
    assert (newest["current"], newest["pins"]) == (True, [])
    assert (oldest["digest"], oldest["current"], oldest["pins"]) == (first["digest"], False, ["audit"])
    lines = filled.snapshot("list").stdout.splitlines()
    assert lines[1].split()[0] == newest["digest"]
    assert lines[2].endswith("audit")


def test_a_snapshot_is_shown_as_it_stands_at_a_time(filled: Desk) -> None:
    result = filled.snapshot("show", "--at", (AT + 70 * DAY).isoformat())
    assert result.exit_code == 0
    assert [line.split()[1] for line in result.stdout.splitlines()[-3:]] == ["expired"] * 3


def test_a_snapshot_is_verified_and_a_forged_one_is_not(filled: Desk) -> None:
    assert filled.snapshot("verify").exit_code == 0
    assert filled.json("verify")["valid"] is True
    from dataclasses import replace

    from trust_lists.sources.snapshots import load_snapshot, write_snapshot

    snapshot = load_snapshot(filled.store)
    forged = snapshot.store.put(ListWorld().put_list("BE", "mallory"))
    be = replace(snapshot.manifest.lists[0], sha256=forged)
    write_snapshot(snapshot.store, replace(snapshot.manifest, lists=(be, *snapshot.manifest.lists[1:])))
    result = filled.snapshot("verify")
    assert result.exit_code == 1
    assert "BE" in result.stderr


def test_a_damaged_snapshot_is_a_technical_failure(filled: Desk) -> None:
    next((filled.store / "objects").glob("*/*")).write_bytes(b"x")
    result = filled.snapshot("verify")
    assert result.exit_code == 6
    assert "SNAPSHOT_OBJECT_DAMAGED" in result.stderr


def test_a_snapshot_is_exported_under_a_pin(filled: Desk, tmp_path: Path) -> None:
    [made] = filled.json("list")
    assert filled.snapshot("pin", "audit", made["digest"][:10]).exit_code == 0
    assert filled.snapshot("export", tmp_path / "usb", "audit").exit_code == 0
    assert run("snapshot", "verify", "--store", tmp_path / "usb").exit_code == 0


def test_old_snapshots_are_pruned_but_pinned_ones_stay(filled: Desk) -> None:
    for day in range(1, 4):
        filled.refresh(at=(AT + day * DAY).isoformat())
    oldest = filled.json("list")[-1]["digest"]
    filled.snapshot("pin", "audit", oldest)
    assert filled.json("prune", "--keep", "1")["snapshots"] == 2
    assert filled.json("list")[-1]["digest"] == oldest
    filled.snapshot("unpin", "audit")
    assert filled.json("prune", "--keep", "1")["snapshots"] == 1


@pytest.mark.parametrize("command", ["list", "show", "verify"])
def test_without_snapshots_the_way_to_make_one_is_told(desk: Desk, command: str) -> None:
    result = desk.snapshot(command)
    assert result.exit_code == 6
    assert "trust-lists refresh" in result.stderr


def test_the_users_folder_of_data_is_the_default(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("TRUST_LISTS_STORE", raising=False)
    assert str(tmp_path / "data" / "trust-lists") in run("snapshot", "list").stderr
    monkeypatch.setenv("TRUST_LISTS_STORE", str(tmp_path / "mine"))
    assert str(tmp_path / "mine") in run("snapshot", "list").stderr
