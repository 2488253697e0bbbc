# SPDX-License-Identifier: Apache-2.0
"""`registry move-in plan`, `load`, `status` and `end` at the terminal: what is said, kept, and how they end."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.errors import ConfigurationError, ConflictError, NotFoundError

SCHEME = "iso6523-actorid-upis"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ("move-in", *arguments))


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table with two participants of alice's, and one who can't be; and an empty domain."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.delenv("REGISTRY_MOVE_IN_URL", raising=False)
    assert CliRunner().invoke(app, ["domain", "add", "demo"]).exit_code == 0
    file = tmp_path / "people.csv"
    lines = ["participant,owner", *(f"{SCHEME}::0088:{name},alice" for name in ("one", "two")), f"{SCHEME}::,alice"]
    file.write_text("\n".join(lines) + "\n")
    return file


def load(file: Path, *more: str) -> Result:
    return run("load", "--from", "csv", "--file", str(file), *more)


def test_a_plan_says_what_a_load_would_do(people: Path) -> None:
    planned = run("plan", "--from", "csv", "--file", str(people))
    assert planned.exit_code == 1
    assert "3  participant at the source: 2 created, 1 refused" in planned.stdout
    assert "1  owner at the source: 1 created" in planned.stdout
    assert f"refused: participant {SCHEME}::" in planned.stdout
    assert planned.stdout.endswith("Nothing was written.\n")
    said = json.loads(run("plan", "--from", "csv", "--file", str(people), "--json").stdout)
    assert said["planned"] is True
    assert said["records"] == {"owner": {"created": 1}, "participant": {"created": 2, "refused": 1}}
    assert said["source"] == {"owner": 1, "participant": 3}
    assert [each["key"] for each in said["refused"]] == [f"{SCHEME}::"]


def test_a_load_stops_where_too_much_is_refused_and_says_how_to_go_on(people: Path) -> None:
    done = load(people)
    assert isinstance(done.exception, ConflictError)
    assert "--max-refused-percent" in str(done.exception)
    assert "1 of 3 participant records" in str(done.exception)
    again = load(people, "--max-refused-percent", "50")
    assert again.exit_code == 1
    assert "Loaded" in again.stdout


def test_status_tells_what_is_here_and_writes_down_what_was_refused(people: Path, tmp_path: Path) -> None:
    load(people, "--max-refused-percent", "50")
    refused = tmp_path / "refused.jsonl"
    status = run("status", "--refused", str(refused))
    assert status.exit_code == 0
    assert f"move 1 from csv ({people}) into demo: loaded" in status.stdout
    assert "participant: 2 created, 1 refused" in status.stdout
    assert [json.loads(line)["key"] for line in refused.read_text().splitlines()] == [f"{SCHEME}::"]
    (said,) = json.loads(run("status", "--json").stdout)
    assert (said["state"], said["domains"], said["left"]) == ("loaded", ["demo"], None)


def test_a_move_that_has_ended_is_one_more_to_look_at_and_none_to_go_on_with(people: Path) -> None:
    load(people, "--max-refused-percent", "50")
    assert json.loads(run("end", "--json").stdout) == {"move": 1, "state": "ended"}
    assert "into demo: ended" in run("status").stdout
    assert isinstance(run("end").exception, NotFoundError)


def test_nothing_is_known_before_anything_was_begun(people: Path) -> None:
    assert "no move is known" in run("status").stdout
    assert json.loads(run("status", "--json").stdout) == []


@pytest.mark.parametrize("kind", ["phoss-xml", "csv", "smp-crawl", "phoss-sql", "domismp-sql", "domisml-sql"])
def test_a_source_says_what_it_needs(people: Path, kind: str) -> None:
    done = run("plan", "--from", kind)
    assert isinstance(done.exception, ConfigurationError)
    assert "--file" in str(done.exception) or "--url" in str(done.exception)


def test_a_password_is_read_from_a_file_and_kept_nowhere(people: Path, tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://reader:geheim@127.0.0.1:1/old\n")
    done = run("plan", "--from", "phoss-sql", "--url-file", str(secret))
    assert done.exit_code != 0
    assert "geheim" not in f"{done.output}{done.exception}"


@pytest.mark.parametrize(
    "wrong",
    [
        ("--from", "csv", "--map", "a.example=demo"),
        ("--from", "domisml-sql", "--domain", "demo"),
        ("--from", "domisml-sql", "--map", "demo"),
        ("--from", "mongo"),
    ],
    ids=["map-for-an-smp", "domain-for-an-sml", "half-a-map", "unknown-source"],
)
def test_what_does_not_go_together_is_refused(people: Path, wrong: tuple[str, ...]) -> None:
    done = run("plan", *wrong, "--file", str(people))
    assert done.exit_code == 2
