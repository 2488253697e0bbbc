# SPDX-License-Identifier: Apache-2.0
"""`trust-lists simulate`: tables, JSON, charts, and what it says to wrong options."""

import inspect
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trust_lists.cli.main import app
from trust_lists.cli.simulate import simulate as simulate_command
from trust_lists.evaluation.simulation import COUNTED_ON

SMALL = ("--participants", "500", "--access-points", "6", "--years", "2", "--runs", "2")


def simulate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *arguments], env={"COLUMNS": "200"})


def test_the_models_that_are_asked_for_are_told_in_tables() -> None:
    done = simulate("--models", "t1,T2", *SMALL)
    assert done.exit_code == 0, done.output
    assert "500 participants behind 6 access points, 2 years, 2 runs from seed 1" in done.output
    assert "T1" in done.output
    assert "T6" not in done.output


def test_by_default_the_models_that_count_are_simulated() -> None:
    default = inspect.signature(simulate_command).parameters["models"].default
    assert tuple(default.split(",")) == COUNTED_ON


def test_json_is_the_same_for_the_same_seed_and_another_one_for_another() -> None:
    once, again = (simulate("--models", "T2", *SMALL, "--json").stdout for _ in range(2))
    assert once == again
    other = simulate("--models", "T2", *SMALL, "--seed", "2", "--json").stdout
    assert json.loads(other)["models"] != json.loads(once)["models"]


def test_without_chance_33_access_points_install_1056_pins(tmp_path: Path) -> None:
    still = tmp_path / "still.yaml"
    still.write_text("parameters: {initial_share: 1, access_points_leaving: 0, access_point_compromises: 0}\n")
    done = simulate(
        *("--models", "T1", "--access-points", "33", "--years", "0.01", "--no-chance", "--json"),
        *("--parameters", str(still)),
    )
    (costs,) = json.loads(done.stdout)["models"][0]["growth"][0:1]
    assert costs["writes"] == 1_056


def test_charts_and_curves_are_written_to_a_folder(tmp_path: Path) -> None:
    done = simulate("--models", "T1,T6", *SMALL, "--svg", str(tmp_path / "charts"))
    assert done.exit_code == 0, done.output
    names = {each.name for each in (tmp_path / "charts").iterdir()}
    assert {"joining.svg", "writes.svg", "exposure.svg", "growth.csv"} <= names


def test_what_is_assumed_can_be_shown() -> None:
    done = simulate("--show-parameters")
    assert done.exit_code == 0
    assert "pin_import" in done.output
    assert json.loads(simulate("--show-parameters", "--json").stdout)["pin_import"]["source"] == "assumed"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--models", "T99"), "no model T99"),
        (("--models", ","), "at least one"),
        (("--access-points", "0"), "access_points: 1 to 10000"),
        (("--years", "1e9"), "years: 0.01 to 100"),
        (("--runs", "0"), "1 to 1000"),
    ],
)
def test_wrong_options_are_told(arguments: tuple[str, ...], reason: str) -> None:
    done = simulate(*arguments)
    assert done.exit_code == 2
    assert reason in done.output


def test_all_that_is_wrong_in_a_parameter_file_is_told(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("parameters: {crl_freshnes: 1, authorities: 0}\n")
    done = simulate("--parameters", str(wrong))
    assert done.exit_code == 2
    assert "did you mean crl_freshness" in done.output
    assert "from 1 to 1000" in done.output


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert simulate("--parameters", str(tmp_path / "none.yaml")).exit_code == 6
