# SPDX-License-Identifier: Apache-2.0
"""The files around the code: locks that pin everything, and the checks of `make lint`, which must be able to fail."""

import hashlib
import re
import runpy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-interop.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LICENCE = "# SPDX-License-Identifier: Apache-2.0\n"


def requirements(lock: str) -> list[str]:
    """The logical lines of a lock, continuation lines joined."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip()]


def pins(lock: str) -> dict[str, str]:
    found = (re.match(r"([a-z0-9-]+)==(\S+)", line) for line in requirements(lock))
    return {match[1]: match[2] for match in found if match}


def names(declared: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", entry)[0].lower().replace("_", "-").replace(".", "-") for entry in declared}


def check(name: str) -> Callable[[Path], Any]:
    function: Callable[[Path], Any] = runpy.run_path(str(ROOT / "ops" / name))["check"]
    return function


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_has_an_exact_version_and_hashes(lock: str) -> None:
    lines = requirements(lock)
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9-]+==\S+( ; [^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+$", line), line


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_package_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|^-[if]\b", text, re.MULTILINE)


def test_locks_hold_what_is_declared() -> None:
    groups = PROJECT["dependency-groups"]
    assert names(PROJECT["project"]["dependencies"]) <= pins("requirements.lock").keys()
    assert names(groups["test"]) <= pins("requirements-test.lock").keys()
    assert names(groups["interop"]) <= pins("requirements-interop.lock").keys()


def test_tests_run_against_the_versions_that_the_product_runs_on() -> None:
    run_time, test = pins("requirements.lock"), pins("requirements-test.lock")
    assert {name: test.get(name) for name in run_time} == run_time


def test_licence_is_the_verbatim_text() -> None:
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_no_file_holds_registry_hosts_machine_paths_or_private_keys() -> None:
    assert check("check_words.py")(ROOT) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("index = https://" + "py" + "pi.org/simple", "the host name of a package registry"),
        ("see FILES.PYTHON" + "HOSTED.ORG", "the host name of a package registry"),
        ("path = /" + "work/main/x", "a path of one machine"),
        ('open("/' + 'home/someone/key")', "a path of one machine"),
        ("-----BEGIN " + "PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0", "a private key"),
    ],
)
def test_forbidden_words_are_found(tmp_path: Path, line: str, what: str) -> None:
    (tmp_path / "fine.md").write_text("a network/work/flow and a BEGIN CERTIFICATE\n", encoding="utf-8")
    (tmp_path / "photo.bin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "bad.md").write_text(f"first line\n{line}\n", encoding="utf-8")
    assert check("check_words.py")(tmp_path) == [f"bad.md:2: {what}"]


def test_files_made_by_tools_are_not_searched(tmp_path: Path) -> None:
    for folder in (".git", ".venv-run", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text("/" + "work/main/x", encoding="utf-8")
    assert check("check_words.py")(tmp_path) == []


def test_every_module_has_its_licence_and_a_readable_size() -> None:
    failures, _ = check("check_modules.py")(ROOT)
    assert failures == []


def test_oversized_and_unlicensed_modules_are_found(tmp_path: Path) -> None:
    package = tmp_path / "registry" / "deep"
    package.mkdir(parents=True)
    (package / "good.py").write_text(LICENCE + "x = 1\n" * 399, encoding="utf-8")
    (package / "long.py").write_text(LICENCE + "x = 1\n" * 400, encoding="utf-8")
    (package / "too_long.py").write_text(LICENCE + "x = 1\n" * 600, encoding="utf-8")
    (package / "unlicensed.py").write_text("x = 1\n", encoding="utf-8")
    failures, warnings = check("check_modules.py")(tmp_path)
    assert [line.split(":")[0] for line in failures] == ["registry/deep/too_long.py", "registry/deep/unlicensed.py"]
    assert [line.split(":")[0] for line in warnings] == ["registry/deep/long.py"]
