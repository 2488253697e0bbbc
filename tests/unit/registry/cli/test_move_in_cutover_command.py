# SPDX-License-Identifier: Apache-2.0
"""`registry move-in cutover`, `back`, `replay` at the terminal: what is missing is said, and nothing is done then."""

import csv
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, ConflictError
from tests.simulators.live import demo_trust

CUTOVER = ("move-in", "cutover", "--old-ttl", "1s", "--old-at", "127.0.0.1:9", "--ours-at", "127.0.0.1:9")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def loaded(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A domain with a key and a loaded move into it, from a table with one participant."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    files = pki.write(tmp_path / "pki")
    settings = {"trust": demo_trust(pki), "sml": {"enabled": False}}
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(settings))
    added = run(
        *("domain", "add", "demo", "--base-url", "http://127.0.0.1:9", "--smp-id", "SMP-1"),
        *("--signing-key", files.smp, "--settings", tmp_path / "settings.yaml"),
    )
    assert added.exit_code == 0, added.output
    table = tmp_path / "participants.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("participant", "owner"), ("iso6523-actorid-upis::0088:one", "")])
    done = run("move-in", "load", "--from", "csv", "--file", table, "--domain", "demo")
    assert done.exit_code == 0, done.output
    return tmp_path


def test_without_a_terminal_nothing_is_taken_for_done(loaded: Path) -> None:
    stopped = run(*CUTOVER)
    assert isinstance(stopped.exception, ConflictError)
    assert "not done yet: Stop everybody" in str(stopped.exception)


def test_sides_that_differ_or_fail_stop_it_after_the_freeze_and_it_can_be_given_up(loaded: Path) -> None:
    stopped = run(*CUTOVER, "--yes", "--sample", "1")
    assert isinstance(stopped.exception, ConflictError)
    assert "differ or fail" in str(stopped.exception)
    assert "frozen" in run("move-in", "status").output
    assert run(*CUTOVER, "--give-up").exit_code == 0
    assert "loaded" in run("move-in", "status").output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--old-api", "http://127.0.0.1:9"), "can't go back: no interface is known"),
        (("--old-ttl", "soon"), "is no time"),
        (("--old-dns-key", "nobodys"), "nobodys"),
    ],
    ids=["a source without an interface", "no time", "no key"],
)
def test_what_is_not_understood_is_refused_before_anything_is_done(
    loaded: Path, arguments: tuple[str, ...], reason: str
) -> None:
    refused = run(*CUTOVER, "--yes", *arguments)
    assert isinstance(refused.exception, ConfigurationError)
    assert reason in str(refused.exception)
    assert "loaded" in run("move-in", "status").output


def test_back_and_replay_want_a_cutover(loaded: Path) -> None:
    for command in ("back", "replay"):
        refused = run("move-in", command, *(("--yes",) if command == "back" else ()))
        assert isinstance(refused.exception, ConflictError), refused.output
