# SPDX-License-Identifier: Apache-2.0
"""`registry plan` at the terminal: what is told, exit codes, and that an export comes back unchanged."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.demo.pki import DemoPki
from tests.simulators.live import demo_trust

pytestmark = pytest.mark.database
TABLE = "participant\niso6523-actorid-upis::0088:1\niso6523-actorid-upis::0088:2\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def folder(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty instance with a domain, which the commands use, and a table."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    files = pki.write(tmp_path / "pki")
    said = {"trust": demo_trust(pki), "identifiers": {"strict": False}}
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(said))
    added = run(
        "domain", "add", "demo", "--base-url", "https://smp.example.org", "--smp-id", "SMP-1",
        "--signing-key", str(files.smp), "--settings", str(tmp_path / "settings.yaml"),
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path


def test_a_plan_is_told_applied_and_comes_back_unchanged(folder: Path) -> None:
    planned = run("plan", "import", str(folder / "t.csv"))
    assert (planned.exit_code, "2  added" in planned.stdout) == (0, True), planned.output
    assert "planned" in run("plan", "list").stdout
    applied = run("plan", "apply", "1", "--yes")
    assert (applied.exit_code, "applied" in applied.stdout) == (0, True), applied.output
    for form in ("csv", "jsonl"):
        exported = folder / f"out.{form}"
        assert run("export", str(exported), f"--{form}").exit_code == 0
        again = run("plan", "import", str(exported), "--removes", "--json")
        assert json.loads(again.stdout)["counts"]["unchanged"] == 2, again.output


def test_what_is_refused_is_shown_with_its_line_and_ends_with_1(folder: Path) -> None:
    (folder / "t.csv").write_text(TABLE + "no scheme\n")
    planned = run("plan", "import", str(folder / "t.csv"))
    assert (planned.exit_code, "refused   line 4" in planned.stdout) == (1, True), planned.output
    rows = run("plan", "show", "1", "--rows", "refused", "--json").stdout.splitlines()
    assert [json.loads(row).get("verdict") for row in rows] == [None, "refused"]
    assert run("plan", "show", "1", "--rows", "nonsense").exit_code == 2
    assert run("plan", "apply", "1").exit_code == 1  # nobody said yes
    assert run("plan", "abandon", "1").stdout.strip() == "1: abandoned"


def test_a_format_is_said_once(folder: Path) -> None:
    assert run("export", str(folder / "x"), "--csv", "--jsonl").exit_code == 2
