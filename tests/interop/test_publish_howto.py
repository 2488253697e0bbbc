# SPDX-License-Identifier: Apache-2.0
"""The page about publishing lists works as it stands: its commands are run, from the first to the last."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trust_lists.documents.reading import read_unverified

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "howto" / "publish-a-trusted-list.md"
# Each command that issues plays a minute after the one before, since no two issues may be of one second.
PROGRAM = """\
#!{python}
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
sys.path.insert(0, {root!r})
if sys.argv[1] in ("build", "reissue", "sign") and "--template" not in sys.argv:
    calls = Path({calls!r})
    calls.write_text(calls.read_text() + "x" if calls.exists() else "x")
    sys.argv += ["--at", (datetime.now(UTC) + timedelta(minutes=len(calls.read_text()))).isoformat()]
from trust_lists.cli.main import main
main()
"""


@pytest.mark.slow
def test_the_commands_of_the_page_work_in_their_order(tmp_path: Path, tool: Any) -> None:
    for name in ("bash", "openssl", "xmlsec1"):
        tool.path(name)
    programs, folder = tmp_path / "bin", tmp_path / "empty"
    programs.mkdir()
    folder.mkdir()
    program = programs / "trust-lists"
    program.write_text(PROGRAM.format(python=sys.executable, root=str(ROOT), calls=str(tmp_path / "calls")))
    program.chmod(0o755)

    blocks = re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    script = "set -e\n"
    for language, block in blocks:
        if block.startswith("keytool") and shutil.which("keytool") is None:
            continue
        script += block if language == "sh" else f"PYTHONPATH='{ROOT}' '{sys.executable}' - <<'END'\n{block}END\n"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "scheme.territory (line 19): 'Europe' is no territory" in done.stderr
    assert done.stdout.count(": verified.") == 2
    assert "Access point" not in done.stdout.splitlines()[-1]
    assert "CN=Example SMP CA" in done.stdout.splitlines()[-1]
    for name in ("example-tl.xml", "example-lote.json"):
        assert read_unverified((folder / "public" / name).read_bytes()).scheme.sequence == 3
