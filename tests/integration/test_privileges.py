# SPDX-License-Identifier: Apache-2.0
"""Root is given up for good: in real processes, with ports that only root may bind."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import fastapi
import pytest

import registry

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up being root")
HOST = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.78"
"""An address of this process alone, since low ports can't be chosen by the system."""
BECOME = """
import contextlib, json, os, socket, threading
from registry.app.privileges import drop_privileges
from registry.dns.server import dns_sockets
from registry.listeners.server import listening_socket

started, go = threading.Event(), threading.Event()
threads = {}
def of_thread():
    started.set()
    go.wait()
    threads["uids"] = os.getresuid()
thread = threading.Thread(target=of_thread)
thread.start()
started.wait()
host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.77"  # other tests may run at the same time
low = [listening_socket("public", host, 443), *dns_sockets(host, 53)]
drop_privileges(RUN_AS)
go.set()
thread.join()
failed = []
for name, attempt in {
    "setuid": lambda: os.setuid(0),
    "seteuid": lambda: os.seteuid(0),
    "setgid": lambda: os.setgid(0),
    "setgroups": lambda: os.setgroups([0]),
    "low port": lambda: listening_socket("public", host, 444),
    "shadow": lambda: open("/etc/shadow").close(),
}.items():
    try:
        attempt()
    except Exception:
        failed.append(name)
capabilities = [line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapPrm"))]
print(json.dumps({
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": os.getgroups(), "thread": threads["uids"],
    "failed": failed, "capabilities": capabilities, "ports": [item.getsockname()[1] for item in low],
}))
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_root
@pytest.mark.parametrize("run_as", ["nobody", "nobody:daemon"])
def test_process_keeps_its_low_ports_and_can_do_nothing_else_that_root_can(run_as: str) -> None:
    done = python(f"RUN_AS = {run_as!r}\n{BECOME}")
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    uid = pwd.getpwnam("nobody").pw_uid
    assert seen["uids"] == seen["thread"] == [uid] * 3
    assert 0 not in seen["gids"] + seen["groups"]
    assert seen["failed"] == ["setuid", "seteuid", "setgid", "setgroups", "low port", "shadow"]
    assert {int(mask, 16) for mask in seen["capabilities"]} == {0}
    assert seen["ports"] == [443, 53, 53]


@needs_root
def test_root_without_run_as_is_warned_of() -> None:
    done = python("from registry.app.privileges import drop_privileges; drop_privileges(None)")
    assert done.returncode == 0
    assert "serving_as_root" in done.stdout + done.stderr


@needs_root
def test_who_is_not_root_serves_as_who_it_is_and_becomes_nobody_else() -> None:
    # Read before root is given up: the user may not be able to read this tree.
    code = """
    import os
    from registry.app.privileges import drop_privileges
    from registry.errors import ConfigurationError
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    drop_privileges(None)
    drop_privileges("65534")
    try:
        drop_privileges("daemon")
    except ConfigurationError as error:
        print(error)
    """
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert "only root can become somebody else" in done.stdout
    assert "serving_as_root" not in done.stdout + done.stderr


def is_readable(path: Path) -> bool:
    """Whether anybody may enter all folders on the way to a file."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in path.resolve().parents)


def readable_program(tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A Python that everybody may run, and where it finds the program: the system's, where ours is root's alone."""
    if is_readable(Path(sys.executable)) and is_readable(Path(registry.__file__)):
        return sys.executable, {}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = Path(f"/usr/bin/python{version}")
    if not system.exists():
        pytest.skip(f"only root can read the Python that is tested, and there is no {system}")
    places = [Path(registry.__file__).parents[1], Path(fastapi.__file__).parents[1]]
    if not all(is_readable(place / "x") for place in places):
        copies = [tmp_path / "program", tmp_path / "packages"]
        for name in ("registry", "trust_lists", "migrations"):
            shutil.copytree(places[0] / name, copies[0] / name)
        shutil.copytree(places[1], copies[1])
        places = copies
    return str(system), {"PYTHONPATH": os.pathsep.join(map(str, places))}


@needs_root
@pytest.mark.allow_hosts([HOST])
def test_served_instance_has_low_ports_and_runs_as_somebody_else(tmp_path: Path) -> None:
    """The program itself: its data folder is made by the user that it becomes."""
    python, path = readable_program(tmp_path)
    nobody = pwd.getpwnam("nobody")
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder != Path("/") and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    host = HOST
    settings = {
        "REGISTRY_DATA_DIR": str(data),
        "REGISTRY_DATABASE_URL": f"sqlite:///{data / 'registry.sqlite3'}",
        "REGISTRY_RUN_AS": "nobody",
        "REGISTRY_PUBLIC_BIND": f"{host}:80",
        "REGISTRY_DNS_BIND": f"{host}:53",
        "REGISTRY_MANAGE_BIND": f"{host}:0",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")} | settings
    with subprocess.Popen(
        [python, "-m", "registry", "serve"],
        cwd=data,
        env=environment | path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("DNS"):
                    break
            status = Path(f"/proc/{process.pid}/status").read_text("ascii")
            assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\n" in status, said
            assert any(line.startswith(f"DNS     {host}:53") for line in said), said
            assert (data / "registry.sqlite3").owner() == (data / "master.key").owner() == "nobody"
            with pytest.raises(urllib.error.HTTPError, match="404") as answered:
                urllib.request.urlopen(f"http://{host}/", timeout=10)
            answered.value.close()
        finally:
            process.terminate()
            process.wait(30)
