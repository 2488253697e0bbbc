# SPDX-License-Identifier: Apache-2.0
"""Readers of foreign bytes under a coverage-guided fuzzer, bounded; `make fuzz` goes on for longer."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("fuzz") / "fuzz_lists.py"
SECONDS = 25
SEEDS = {
    "read": ("lote/examples-json/*.json", "lote/examples-xml/*.xml", "special/fr-65-docusign.xml"),
    "verify": ("negative/dss-lotlCache/CZ_*.xml", "lote/community-siros-v3/*.jws", "special/fr-65-docusign.xml"),
    "compact": ("lote/community-siros-v3/*.jws", "lote/community-playground/*.jwt"),
    "certificate": ("ee-certs/*.cer",),
}


@pytest.mark.slow
@pytest.mark.parametrize("target", list(SEEDS))
def test_no_bytes_let_a_reader_crash(target: str, corpus: Path, tool: Any, tmp_path: Path) -> None:
    python = tool.interop_python()
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for pattern in SEEDS[target]:
        found = list((corpus / "trust_lists").glob(pattern))
        assert found, pattern
        for number, file in enumerate(found):
            shutil.copy(file, seeds / f"{number}-{file.name}")
    command = [
        # A process that is begun by a large one has that one's size for its greatest, which is what the limit is held
        # against. Between both a small one.
        *("sh", "-c", '"$@"; exit $?', "sh"),
        python,
        str(SCRIPT),
        target,
        f"-max_total_time={SECONDS}",
        "-max_len=200000",
        "-timeout=20",
        "-rss_limit_mb=2000",
        "-seed=1",
        f"-artifact_prefix={tmp_path}/",
        str(seeds),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert "Done " in done.stderr, "the fuzzer must have run to its end"
