# SPDX-License-Identifier: Apache-2.0
"""`trust-lists score`: formats and exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from trust_lists.cli.main import app

runner = CliRunner()


@pytest.fixture
def arguments(files: Any, tmp_path: Path) -> list[str]:
    (tmp_path / "facts.json").write_bytes(files.bytes(files.facts()))
    (tmp_path / "ours.json").write_bytes(files.bytes(files.judgements()))
    return ["score", "--facts", str(tmp_path / "facts.json"), "--judgements", str(tmp_path / "ours.json")]


def test_text_is_the_default(arguments: list[str]) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0
    assert "By the given weights, list (List) comes first with 0.584 (0.484 to 0.684)" in " ".join(
        result.stdout.split()
    )


def test_json_is_for_programs(arguments: list[str]) -> None:
    result = runner.invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["draws"] == 100_000


@pytest.mark.parametrize(("written", "start"), [("html", "<!doctype html>"), ("markdown", "# Trust models scored")])
def test_a_report_goes_to_a_file(written: str, start: str, arguments: list[str], tmp_path: Path) -> None:
    result = runner.invoke(app, [*arguments, "--format", written, "-o", str(tmp_path / "report")])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert (tmp_path / "report").read_text().startswith(start)


def test_wrong_files_are_1_with_all_reasons(arguments: list[str], files: Any, tmp_path: Path) -> None:
    judgements = files.judgements()
    del judgements["values"]["blast"]["reason"], judgements["weights"]["points"]["law"]["reason"]
    (tmp_path / "ours.json").write_bytes(files.bytes(judgements))
    result = runner.invoke(app, arguments)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "judgements: values.blast.reason: this is missing",
        "judgements: weights.points.law.reason: this is missing",
    ]
    as_json = runner.invoke(app, [*arguments, "--json"])
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["reasons"] == result.stderr.splitlines()


def test_a_missing_file_and_a_folder_that_cant_be_written_are_6(arguments: list[str], tmp_path: Path) -> None:
    assert runner.invoke(app, [*arguments, "-o", str(tmp_path)]).exit_code == 6
    (tmp_path / "facts.json").unlink()
    assert runner.invoke(app, arguments).exit_code == 6


def test_json_and_another_format_at_once_are_2(arguments: list[str]) -> None:
    assert runner.invoke(app, [*arguments, "--json", "--format", "html"]).exit_code == 2
