# SPDX-License-Identifier: Apache-2.0
"""The figures of the documentation are those that the corpus gives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_every_figure_of_the_documentation_is_computed_anew(corpus: Path) -> None:
    environment = os.environ | {"REGISTRY_CORPUS": str(corpus), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "ops/figures/write_figures.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
