# SPDX-License-Identifier: Apache-2.0
"""The commands that a newcomer types: they exist, they are explained, and they say what a machine lacks."""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE))
EXPECTED = {
    "help",
    "demo",
    "test",
    "bench",
    "stories",
    "lint",
    "format",
    "lock",
    "interop-node",
    "interop-venv",
    "figures",
    "clean",
}


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def fake_python(folder: Path, *, version_ok: bool, has_venv: bool) -> Path:
    """A program that answers the two questions of make_venv.sh as told, and does nothing else."""
    python = folder / "python3"
    recent, complete = int(not version_ok), int(not has_venv)
    python.write_text(
        f'#!/bin/sh\ncase "$2" in *version_info*) exit {recent} ;; *ensurepip*) exit {complete} ;; esac\nexit 3\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    return python


def test_the_expected_commands_exist() -> None:
    assert EXPECTED <= TARGETS


def test_make_without_a_target_explains_every_command(tool: Any) -> None:
    shown = run(tool.path("make"))
    assert shown.returncode == 0
    assert set(re.findall(r"^  make ([a-z-]+) +\S", shown.stdout, re.MULTILINE)) == TARGETS


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/quickstart.md", "ops/README.md", ".ci/run"])
def test_documented_make_commands_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|limit \d+ )make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named
    assert named <= TARGETS


@pytest.mark.parametrize("script", ["ops/make_venv.sh"])
def test_shell_scripts_are_plain_sh(script: str) -> None:
    assert run("sh", "-n", script).returncode == 0


def test_ci_script_parses(tool: Any) -> None:
    assert run(tool.path("bash"), "-n", ".ci/run").returncode == 0


def test_python_without_the_venv_module_names_the_debian_package(tmp_path: Path) -> None:
    python = fake_python(tmp_path, version_ok=True, has_venv=False)
    done = run("sh", "ops/make_venv.sh", tmp_path / "venv", "requirements.lock", PYTHON=str(python))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"{python} has no venv module: apt install python3-venv"]
    assert not (tmp_path / "venv").exists()


def test_old_python_names_the_debian_package(tmp_path: Path) -> None:
    python = fake_python(tmp_path, version_ok=False, has_venv=True)
    done = run("sh", "ops/make_venv.sh", tmp_path / "venv", "requirements.lock", PYTHON=str(python))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"{python} is not Python 3.11 or newer: apt install python3 python3-venv"]


def test_linked_commands_run_the_source_tree_even_below_a_path_with_blanks(tmp_path: Path) -> None:
    root, site, commands = (tmp_path / name for name in ("a source tree", "site", "bin"))
    for folder in (root, site, commands):
        folder.mkdir()
    (root / "pyproject.toml").write_text('[project.scripts]\ngreet = "greeting:main"\n', encoding="utf-8")
    (root / "greeting.py").write_text("def main():\n    print('hello')\n    return 3\n", encoding="utf-8")
    link = runpy.run_path(str(ROOT / "ops" / "link_source.py"))["link"]

    assert link(root, sys.executable, site, commands) == ["greet"]

    assert [path.read_text(encoding="utf-8") for path in site.glob("*.pth")] == [f"{root}\n"]
    done = run(commands / "greet", PYTHONPATH=str(root))
    assert (done.returncode, done.stdout) == (3, "hello\n")
