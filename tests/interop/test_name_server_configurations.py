# SPDX-License-Identifier: Apache-2.0
"""Knot, NSD and BIND take the configurations that we print, and complain of none."""

import secrets
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import dns.name
import dns.tsig
import pytest

from registry.dns.secondary_configurations import PROGRAMS, NameServer, Peer, Program, configuration
from tests.simulators.name_servers import check_command

KEY = dns.tsig.Key(dns.name.from_text("primary-key"), secrets.token_bytes(32), dns.tsig.HMAC_SHA256)
OTHER = dns.tsig.Key(dns.name.from_text("other.key"), secrets.token_bytes(64), dns.tsig.HMAC_SHA512)
PRIMARIES = {"keyed": Peer("192.0.2.1", 5300, KEY), "keyless": Peer("2001:db8::1", 53)}
ZONES: dict[str, Any] = {"one.test": "nsec", "0088.two.test": "nsec3", "three_.test": "minimal"}
FOLLOWERS = (Peer("192.0.2.7", 5353, OTHER), Peer("192.0.2.8", 53))
SIGNED: dict[Program, dict[str, Any]] = {
    "knot": {"zones": ZONES},
    "bind": {"zones": {name: way for name, way in ZONES.items() if way != "minimal"}, "followers": FOLLOWERS},
}
FORMS: dict[str, tuple[Program, dict[str, Any]]] = {
    **{f"{program}-plain": (program, {"zones": ZONES}) for program in PROGRAMS},
    **{f"{program}-followed": (program, {"zones": ZONES, "followers": FOLLOWERS}) for program in PROGRAMS},
    **{f"{program}-signs": (program, {"sign": True, **SIGNED[program]}) for program in ("knot", "bind")},
    "knot-catalog": ("knot", {"zones": {}, "catalog": "catalog.test"}),
    "knot-catalog-signs": ("knot", {"zones": {}, "catalog": "catalog.test", "sign": True}),
    "bind-catalog": ("bind", {"zones": {}, "catalog": "catalog.test"}),
}
LISTEN = {"one": (("127.0.0.1", 5399),), "everywhere": (("0.0.0.0", 53), ("::", 53))}  # noqa: S104


@pytest.mark.parametrize("listen", LISTEN)
@pytest.mark.parametrize("primary", PRIMARIES)
@pytest.mark.parametrize("form", FORMS)
def test_the_program_finds_nothing_wrong(tool: Any, tmp_path: Path, form: str, primary: str, listen: str) -> None:
    program, changes = FORMS[form]
    folder = PurePosixPath(tmp_path)
    server = NameServer(primary=PRIMARIES[primary], listen=LISTEN[listen], folder=folder, **changes)
    file = tmp_path / "configuration"
    file.write_text(configuration(program, server))
    done = subprocess.run(check_command(tool, program, file), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in (done.stdout + done.stderr).lower()


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_a_folder_it_is_the_one_of_the_package(tool: Any, tmp_path: Path, program: Program) -> None:
    file = tmp_path / "configuration"
    file.write_text(configuration(program, NameServer(primary=PRIMARIES["keyed"], zones={"one.test": "nsec"})))
    done = subprocess.run(check_command(tool, program, file), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nsd_before_4_9_refuses_a_catalog(tool: Any, tmp_path: Path) -> None:
    """So that whoever has Debian's of today learns it from the program, and before anything is served."""
    version = subprocess.run([tool.path("nsd", "/usr/sbin"), "-v"], capture_output=True, text=True, check=False)
    major, minor = (version.stdout + version.stderr).split()[2].split(".")[:2]
    server = NameServer(primary=PRIMARIES["keyed"], zones={}, catalog="catalog.test", folder=PurePosixPath(tmp_path))
    file = tmp_path / "configuration"
    file.write_text(configuration("nsd", server))
    done = subprocess.run(check_command(tool, "nsd", file), capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == ((int(major), int(minor)) >= (4, 9)), done.stdout + done.stderr
