# SPDX-License-Identifier: Apache-2.0
"""Knot, NSD and BIND as plain primaries of a zone file, each in a folder of its own, on a port of loopback."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dns.exception
import dns.message
import dns.query
import dns.rcode

SERVERS: Final = {"knot": "knotd", "nsd": "nsd", "bind": "named"}
_START_S: Final = 600.0
_KNOT: Final = """
server:
    listen: 127.0.0.1@{port}
    rundir: "{folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
template:
  - id: default
    semantic-checks: off
    journal-content: none
    zonefile-sync: -1
zone:
  - domain: {zone}
    file: "{file}"
"""
_NSD: Final = """
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    database: ""
    pidfile: "{folder}/pid"
    zonelistfile: "{folder}/zones"
    xfrdfile: "{folder}/xfrd"
    xfrdir: "{folder}"
    zonesdir: "{folder}"
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: {zone}
    zonefile: "{file}"
"""
_BIND: Final = """
options {{
    directory "{folder}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file "{folder}/pid";
    session-keyfile "{folder}/session.key";
    recursion no;
    dnssec-validation no;
    minimal-responses yes;
    notify no;
}};
controls {{ }};
zone "{zone}" {{ type primary; file "{file}"; }};
"""
_CONFIGURATIONS: Final = {"knot": _KNOT, "nsd": _NSD, "bind": _BIND}


@dataclass(frozen=True, slots=True)
class NameServer:
    """A running server, and how long it took until it answered, in seconds by the clock and of CPU."""

    pid: int
    port: int
    load_s: float
    load_cpu_s: float


def installed() -> list[str]:
    """Which of the servers this machine has."""
    return [name for name, program in SERVERS.items() if _program(program)]


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


@contextlib.contextmanager
def name_server(kind: str, folder: Path, zone: str, file: Path, last: str, core: int | None) -> Iterator[NameServer]:
    """Run a server of a kind on one core for the block, once it answers for the name `last`."""
    folder.mkdir()
    port = _free_port()
    configuration = folder / "configuration"
    said = _CONFIGURATIONS[kind].format(folder=folder, port=port, zone=zone, file=file)
    configuration.write_text(said, encoding="ascii")
    program = _program(SERVERS[kind])
    assert program is not None  # noqa: S101 — asked for where it is installed
    options = {"knot": ("-c",), "nsd": ("-d", "-c"), "bind": ("-f", "-n", "1", "-c")}[kind]
    begun = time.monotonic()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen((program, *options, str(configuration)), stdout=log, stderr=log, cwd=folder)
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        wait_for(port, f"{last}.{zone}", lambda: process.poll() is None)
        yield NameServer(process.pid, port, time.monotonic() - begun, cpu_seconds(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def wait_for(port: int, name: str, runs: Callable[[], bool]) -> None:
    """Return once a server has an answer for the name. Raises RuntimeError for one that ends before, or never does."""
    query = dns.message.make_query(name, "NAPTR")
    end = time.monotonic() + _START_S
    while runs() and time.monotonic() < end:
        with contextlib.suppress(dns.exception.DNSException, OSError):
            if dns.query.udp(query, "127.0.0.1", port=port, timeout=0.05).rcode() == dns.rcode.NOERROR:
                return
    raise RuntimeError(f"nobody answers for {name} on port {port}")


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for thread in Path(f"/proc/{pid}/task").iterdir():
        children = (thread / "children").read_text(encoding="ascii").split()
        found += [each for child in children for each in family(int(child))]
    return found


def cpu_seconds(pid: int) -> float:
    """What a process and those below it have used until now."""
    ticks = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> int:
    """The memory of a process and those below it, what they share counted once: PSS without files."""
    kib = 0
    for each in family(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                kib += int(line.split()[1])
    return kib * 1024 // 1_000_000


def _free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
