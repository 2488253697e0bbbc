# SPDX-License-Identifier: Apache-2.0
"""What every test may use: the corpus, tools that we did not write, and the rule about skipping.

`REGISTRY_REQUIRE=all` turns every skip for a missing tool or a missing corpus into a failure, so that CI can't pass
by leaving things out.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from registry.demo.pki import DemoPki
    from tests.simulators.live import LiveInstance
    from tests.simulators.offline import OfflineInstance

ROOT = Path(__file__).resolve().parent.parent


def _missing(what: str) -> None:
    if os.environ.get("REGISTRY_REQUIRE") == "all":
        pytest.fail(f"{what}, and REGISTRY_REQUIRE=all forbids to skip", pytrace=False)
    pytest.skip(what)


def needs_tool(name: str, *extra_places: str) -> str:
    """The path of an installed program; skips (or fails, see above) where it is missing."""
    path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *extra_places)))
    if path is None:
        _missing(f"the program {name} is not installed")
    assert path is not None
    return path


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real data; `REGISTRY_CORPUS`, by default ../shared/corpus beside the project."""
    folder = Path(os.environ.get("REGISTRY_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        _missing(f"no corpus at {folder} (set REGISTRY_CORPUS)")
    return folder


@pytest.fixture(scope="session")
def tool() -> "type[ToolFinder]":
    """`tool.path("xmlsec1")` finds a foreign program, or skips."""
    return ToolFinder


class ToolFinder:
    """Finds programs that we did not write."""

    @staticmethod
    def path(name: str, *extra_places: str) -> str:
        return needs_tool(name, *extra_places)

    @staticmethod
    def interop_python() -> str:
        """The Python of the virtual environment that holds foreign clients (`make interop-venv`)."""
        python = os.environ.get("REGISTRY_INTEROP_PYTHON", str(ROOT / ".venv-interop" / "bin" / "python"))
        if not Path(python).exists():
            _missing("the virtual environment of foreign clients is missing (make interop-venv)")
        return python


@pytest.fixture(scope="session")
def pki() -> "DemoPki":
    """A test PKI, made once in a session: RSA keys are slow to make."""
    from registry.clock import system_clock
    from registry.demo.pki import build_demo_pki

    return build_demo_pki(system_clock())


@pytest.fixture
def live(tmp_path: Path, pki: "DemoPki") -> Iterator["LiveInstance"]:
    """A running instance of its own."""
    from tests.simulators.live import live_instance

    with live_instance(tmp_path, pki) as running:
        yield running


@pytest.fixture(scope="module")
def shared_live(tmp_path_factory: pytest.TempPathFactory, pki: "DemoPki") -> Iterator["LiveInstance"]:
    """A running instance for all tests of a module; tests must not undo what others rely on."""
    from tests.simulators.live import live_instance

    with live_instance(tmp_path_factory.mktemp("live"), pki) as running:
        yield running


@pytest.fixture
def offline(tmp_path: Path, pki: "DemoPki") -> Iterator["OfflineInstance"]:
    """An instance without listeners, with a clock that a test moves."""
    from tests.simulators.offline import offline_instance

    with offline_instance(tmp_path, pki) as instance:
        yield instance


@pytest.fixture(autouse=True)
def _no_request() -> Iterator[None]:
    """Outside of a request there is no request id, whatever the test before has set."""
    from registry.telemetry import request_id

    token = request_id.set("")
    yield
    request_id.reset(token)
