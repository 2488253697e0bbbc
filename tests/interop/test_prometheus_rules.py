# SPDX-License-Identifier: Apache-2.0
"""The alert rules that are shipped: promtool reads them, and they fire when they should, and not otherwise."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry import telemetry

ROOT = Path(__file__).parents[2]
RULES = ROOT / "ops" / "prometheus" / "dns.rules.yml"
LABELS = 'zone="sml.test", server="192.0.2.1:53"'
_RULES = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
_METRIC = re.compile(r"\bregistry_\w+")


@pytest.fixture
def promtool(tool: Any) -> Callable[..., None]:
    """Run promtool, which has to be content."""
    path = tool.path("promtool")

    def run(*arguments: str) -> None:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_rules_are_read(promtool: Callable[..., None]) -> None:
    promtool("check", "rules", str(RULES))


def test_every_metric_of_the_rules_is_documented_with_the_labels_that_they_use() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    documented = dict(re.findall(r"^\| `(registry_\w+)` \| gauge \| (.*?) \|", page, re.MULTILINE))
    for rule in _RULES:
        for by, name in re.findall(r"(?:by \(([^)]*)\) )?\((registry_\w+)", rule["expr"]):
            assert set(re.findall(r"\w+", by)) <= set(re.findall(r"\w+", documented[name])), rule["alert"]
        assert len(re.findall(r"\((registry_\w+)", rule["expr"])) == len(_METRIC.findall(rule["expr"])) > 0


def test_every_alert_is_explained() -> None:
    page = RULES.with_name("README.md").read_text()
    told = set(re.findall(r"`(Registry\w+)`", page)) | {
        f"RegistryNameServer{end}" for end in re.findall(r"`…(\w+)`", page)
    }
    assert told == {rule["alert"] for rule in _RULES}


@pytest.mark.parametrize(
    ("series", "alerts"),
    [
        pytest.param(f"{telemetry.name_server_lag_seconds.name}{{{LABELS}}} 5", [], id="follows"),
        pytest.param(f"{telemetry.name_server_lag_seconds.name}{{{LABELS}}} 90", ["Behind"], id="behind"),
        pytest.param(
            f"{telemetry.name_server_lag_seconds.name}{{{LABELS}}} 1000", ["Behind", "FarBehind"], id="far-behind"
        ),
        pytest.param(f"{telemetry.name_server_answer_age_seconds.name}{{{LABELS}}} 60", [], id="answers"),
        pytest.param(f"{telemetry.name_server_answer_age_seconds.name}{{{LABELS}}} 400", ["Silent"], id="silent"),
        pytest.param(
            f'{telemetry.name_server_failing.name}{{{LABELS}, what="answer"}} 1', ["NeverAnswered"], id="never-answered"
        ),
        pytest.param(f"{telemetry.name_server_content_wrong.name}{{{LABELS}}} 0", [], id="agrees"),
        pytest.param(f"{telemetry.name_server_content_wrong.name}{{{LABELS}}} 1", ["ContentWrong"], id="wrong"),
        pytest.param(f"{telemetry.name_server_ahead.name}{{{LABELS}}} 0", [], id="not-ahead"),
        pytest.param(f"{telemetry.name_server_ahead.name}{{{LABELS}}} 1", ["Ahead"], id="ahead"),
        pytest.param(
            f'{telemetry.name_server_failing.name}{{{LABELS}, what="transfer"}} 1', ["Failing"], id="transfer-fails"
        ),
    ],
)
def test_alerts_fire_when_they_should(
    promtool: Callable[..., None], tmp_path: Path, series: str, alerts: list[str]
) -> None:
    name, _, value = series.rpartition(" ")
    expected = [f"RegistryNameServer{each}" for each in alerts]
    test: dict[str, Any] = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": f"{value}x20"}],
                "promql_expr_test": [
                    {
                        "expr": "count by (alertname) (ALERTS{alertstate='firing'})",
                        "eval_time": "15m",
                        "exp_samples": [{"labels": f'{{alertname="{each}"}}', "value": 1} for each in expected],
                    }
                ],
            }
        ],
    }
    file = tmp_path / "rules.test.yml"
    file.write_text(yaml.safe_dump(test))
    promtool("test", "rules", str(file))
