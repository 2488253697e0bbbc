# SPDX-License-Identifier: Apache-2.0
"""`make bench`: what it prints can be read by a program. How fast anything is, no test says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "ops" / "bench" / "run.py", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    done = run("sing")
    assert done.returncode == 2
    assert "there is no benchmark sing" in done.stderr
    assert run("--help").stdout.count("dns_answers") == 1


@pytest.mark.slow
def test_each_benchmark_is_a_line_of_json_and_the_targets_come_last(tmp_path: Path) -> None:
    file = tmp_path / "bench.jsonl"
    done = run("verify", REGISTRY_BENCH_JSON=str(file))
    assert done.returncode == 0, done.stderr
    assert file.read_text(encoding="utf-8") == done.stdout
    verify, summary = map(json.loads, done.stdout.splitlines())
    assert verify["name"] == "verify"
    assert verify["milliseconds"] < verify["with_reading_milliseconds"]
    assert summary["name"] == "summary"
    assert [(target["figure"], target["is"]) for target in summary["targets"]] == [
        ("verify.milliseconds", verify["milliseconds"])
    ]
    assert summary["machine"]["versions"]["python"]
