# SPDX-License-Identifier: Apache-2.0
"""Puts this source tree and its commands into the virtual environment that runs this script.

What an editable install would do, but without a build back-end, which would have to be fetched and would
stand in no lock: one `.pth` file that names the tree, and one script in `bin` for each `[project.scripts]`.
"""

import sys
import sysconfig
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The kernel cuts interpreter paths at blanks and after 127 bytes; lines that are shell and Python avoid that.
COMMAND = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from {module} import {function}

sys.exit({function}())
"""


def link(root: Path, python: str, site_packages: Path, commands: Path) -> list[str]:
    """Write the `.pth` file and the commands of `root`'s pyproject.toml; returns the commands' names."""
    (site_packages / "edelivery_registry_source.pth").write_text(f"{root}\n", encoding="utf-8")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, target in project["scripts"].items():
        module, function = target.split(":")
        script = commands / name
        script.write_text(COMMAND.format(python=python, module=module, function=function), encoding="utf-8")
        script.chmod(0o755)
    return list(project["scripts"])


def main() -> int:
    if sys.prefix == sys.base_prefix:
        print("run this with the Python of a virtual environment", file=sys.stderr)
        return 2
    paths = sysconfig.get_paths()
    link(ROOT, sys.executable, Path(paths["purelib"]), Path(paths["scripts"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
