# SPDX-License-Identifier: Apache-2.0
"""`trust-lists collect`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.simulators.certificate_chains import NOW
from tests.simulators.evidence_world import EvidenceWorld
from tests.simulators.list_worlds import certificate, list_url, whole_world, write_folder
from trust_lists.cli.main import app
from trust_lists.evaluation.trust_configuration.canonical import to_yaml
from trust_lists.sources.evidence import newest_snapshot
from trust_lists.sources.evidence_fetching import WebFetcher


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> EvidenceWorld:
    """The network that the command is let into."""
    found = EvidenceWorld()
    monkeypatch.setattr(WebFetcher, "fetch", lambda _, kind, url, body=None: found.fetch(kind, url, body))
    return found


def run(folder: Path, world: EvidenceWorld, *options: str) -> Result:
    model = folder / "model.yaml"
    model.write_text(to_yaml(world.configuration()), "utf-8")
    (folder / "certificates").mkdir(exist_ok=True)
    (folder / "certificates" / "ap.der").write_bytes(world.leaf.der)
    given = ["--model", str(model), "--out", str(folder / "out"), "--at", NOW.isoformat()]
    if "--certificate" not in options:
        given += ["--certificate", str(folder / "certificates")]
    return CliRunner().invoke(app, ["collect", *given, *options], catch_exceptions=False)


def test_what_was_fetched_is_counted_by_kind(world: EvidenceWorld, tmp_path: Path) -> None:
    ran = run(tmp_path, world)
    assert ran.exit_code == 0
    assert [line.split(maxsplit=1) for line in ran.stdout.splitlines()[:3]] == [
        ["crl", "2 fetched"],
        ["ocsp", "1 fetched"],
        ["issuer", "1 fetched"],
    ]
    assert f"Snapshot {newest_snapshot(tmp_path / 'out')}" in ran.stdout


def test_what_could_not_be_had_is_told_and_ends_with_1(world: EvidenceWorld, tmp_path: Path) -> None:
    del world.documents[world.at("issuing.crl")]
    ran = run(tmp_path, world)
    assert ran.exit_code == 1
    assert f"failed: {world.at('issuing.crl')}: there is no such document [FETCH_NOT_FOUND]" in ran.stderr
    assert newest_snapshot(tmp_path / "out")


def test_json_has_each_attempt(world: EvidenceWorld, tmp_path: Path) -> None:
    told = json.loads(run(tmp_path, world, "--json").stdout)
    assert told["snapshot"] == newest_snapshot(tmp_path / "out")
    assert {each["kind"] for each in told["attempts"]} == {"crl", "ocsp", "issuer"}
    assert (told["complete"], told["changed"]) == (True, True)


def test_no_more_is_asked_for_than_the_option_says(world: EvidenceWorld, tmp_path: Path) -> None:
    ran = run(tmp_path, world, "--max-requests", "1", "--json")
    assert (ran.exit_code, json.loads(ran.stdout)["requests"], len(world.asked)) == (1, 1, 1)


def test_a_folder_that_another_process_writes_to_is_a_technical_error(world: EvidenceWorld, tmp_path: Path) -> None:
    from trust_lists.sources.evidence import evidence_folder

    with evidence_folder(tmp_path / "out").lock():
        ran = run(tmp_path, world)
    assert ran.exit_code == 6
    assert "STORE_LOCKED" in ran.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(("--allow-network", "10.0.0.0/99"), "--allow-network", id="no network"),
        pytest.param(("--certificate", "empty.pem"), "--certificate", id="no certificate"),
        pytest.param(("--lists", "model.yaml"), "folder", id="no folder"),
    ],
)
def test_wrong_options_are_told(
    world: EvidenceWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.pem").write_bytes(b"")
    ran = run(tmp_path, world, *options)
    assert ran.exit_code in {2, 6}
    assert told in ran.stderr


def test_lists_may_come_from_a_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "lists", {"be.example/tl.xml": whole_world().get(list_url("BE"))})
    (tmp_path / "signer.der").write_bytes(certificate("be").der)
    (tmp_path / "model.yaml").write_text(
        f"""
apiVersion: trust/v1
kind: TrustConfiguration
id: test
model: test
engine: {{profile: rfc5280+rfc9618, max_path: 4, clock_skew: PT5M}}
stores:
  lists:
    - id: be
      kind: tl
      location: {{url: {list_url("BE")}}}
      signers: [{{sha256: {certificate("be").sha256}, file: signer.der}}]
      pivots: false
      territories: any
      service_types: any
      statuses: any
      max_age: any
      on_expired: reject
roles: {{}}
""",
        "utf-8",
    )
    ran = CliRunner().invoke(
        app,
        [
            *("collect", "--model", str(tmp_path / "model.yaml"), "--lists", str(tmp_path / "lists")),
            *("--out", str(tmp_path / "out"), "--at", "2026-11-10"),
        ],
        catch_exceptions=False,
    )
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("list                   1 fetched")
