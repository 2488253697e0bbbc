# SPDX-License-Identifier: Apache-2.0
"""Checks the built wheel: what it holds, and that the demo runs from it rather than from the source tree.

Takes the folder with the wheel. The virtual environment that runs this script brings the dependencies.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "registry/py.typed",
    "trust_lists/py.typed",
    "registry/storage/_migrations/env.py",
    "registry/domains/profiles/demo.yaml",
    "registry/ui/locale/de.po",
    "registry/ui/locale/fr.po",
    "registry/ui/static/htmx.LICENSE",
    "registry/ui/static/htmx.min.js",
    "registry/ui/static/htmx.min.js.sha256",
    "registry/ui/static/icon.svg",
    "registry/ui/static/style.css",
    "registry/ui/templates/base.html",
    "registry/dns/configurations/bind-policy.conf",
    "registry/dns/configurations/bind-zone.conf",
    "registry/dns/configurations/bind.conf",
    "registry/dns/configurations/knot-policy.conf",
    "registry/dns/configurations/knot-template.conf",
    "registry/dns/configurations/knot.conf",
    "registry/dns/configurations/nsd.conf",
    "trust_lists/evaluation/trust_configuration/models/peppol-g3.yaml",
    "trust_lists/publishing/template.yaml",
)
PACKAGES = ("registry", "trust_lists")
TIMEOUT_S = 180


def check_content(wheel: Path) -> list[str]:
    """Returns what is missing from the wheel, or does not belong into it."""
    names = zipfile.ZipFile(wheel).namelist()
    problems = [f"{name} is missing" for name in NEEDED if name not in names]
    if not any(name.endswith("/licenses/LICENSE") for name in names):
        problems.append("the licence is missing")
    tops = {name.split("/")[0] for name in names}
    strangers = sorted(top for top in tops if top not in PACKAGES and not top.endswith(".dist-info"))
    return problems + [f"{top} does not belong into it" for top in strangers]


def run_demo(wheel: Path, folder: Path) -> int:
    """Install the wheel into `folder/site`, run its demo from there; returns the exit code."""
    site = folder / "site"
    pip_install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip_install, "--target", site, wheel], check=True, timeout=TIMEOUT_S)
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    origin = subprocess.run(
        [sys.executable, "-c", "import registry; print(registry.__file__)"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    ).stdout.strip()
    if not Path(origin).is_relative_to(site):
        print(f"error: {origin} was imported instead of the wheel")
        return 1
    demo = [str(site / "bin" / "registry"), "demo", "--once"]
    return subprocess.run(demo, cwd=folder, env=environment, check=False, timeout=TIMEOUT_S).returncode


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    (wheel,) = folder.glob("*.whl")
    problems = check_content(wheel)
    for line in problems:
        print(f"error: {wheel.name}: {line}")
    if problems:
        return 1
    return run_demo(wheel, folder)


if __name__ == "__main__":
    sys.exit(main())
