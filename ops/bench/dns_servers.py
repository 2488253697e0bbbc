# SPDX-License-Identifier: Apache-2.0
"""The embedded server beside Knot, NSD and BIND: the same zone, the same core, the same load, in turns.

What counts is answers a second of the server's CPU, and its ratio to Knot's in the same rounds: walls depend on who
else is at work. All serve a zone of participants, unsigned; ours is read from a database, theirs from a master file.
Needs dnsperf, and measures those of the servers that are installed.

    dns_servers.py --names 1000000
    dns_servers.py --curve 1000 10000 100000 1000000 5000000    the embedded server alone, as its zone grows
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dns_answers import PUBLISHERS, ZONE, owner
from name_servers import cpu_seconds, installed, megabytes, name_server
from processes import cores, pinned, serve_until_told, server_process
from uvloop import new_event_loop

from registry.clock import system_clock
from registry.dns import zone_loading
from registry.dns.records import naptr_rrset, ns_rrset, soa_rrset
from registry.dns.server import DnsServer
from registry.dns.snapshot import Snapshots
from registry.domains.dns_profile import DnsProfile
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from registry.storage.queries import zones
from registry.storage.queries.zones import Change

NAMES: Final = 100_000
GROWN: Final = 1_000_000
ROUNDS: Final = 5
KINDS: Final = ("hit", "nxdomain")
_ACTOR: Final = Actor("benchmark")
_QUERIES: Final = 50_000
_BATCH: Final = 20_000
_ANSWERS = re.compile(r"Queries completed:\s+(\d+)")


def records(names: int) -> Iterator[tuple[str, str, str]]:
    """The zone as a database has it: owner, type, text."""
    profile = DnsProfile(zone=ZONE, name_servers=("ns.example",))
    for apex in (soa_rrset(profile, 1), ns_rrset(profile)):
        yield apex.owner, apex.rdtype, apex.to_text()
    urls = [f"http://smp-{number:04}.publisher.{ZONE}" for number in range(PUBLISHERS)]
    texts = [naptr_rrset("x", url, ["Meta:SMP"], 60).to_text() for url in urls]
    for number in range(names):
        yield owner(number), "NAPTR", texts[number % PUBLISHERS]


def fill(folder: Path, names: int) -> None:
    """A database and a master file of the zone."""
    database = Database(f"sqlite:///{folder}/registry.db", system_clock)
    migrate(database)
    with database.write(_ACTOR) as work, (folder / "master").open("w", encoding="ascii") as master:
        zone_id = zones.add(work, None, ZONE, serial=0)
        master.write(f"$ORIGIN {ZONE}.\n")
        changes: list[Change] = []
        for name, rdtype, text in records(names):
            ttl, _, rdata = text.partition(" ")
            master.write(f"{name} {ttl} IN {rdtype} {rdata}\n")
            changes.append(Change(name, rdtype, None, text))
            if len(changes) == _BATCH:
                zones.write_changes(work, zone_id, changes)
                changes.clear()
        zones.write_changes(work, zone_id, changes)
        zones.stamp(work, zone_id)
    database.dispose()


async def serve(folder: Path, *, snapshot: bool) -> None:
    """Be the embedded server of that folder, as `registry serve --only dns` is."""
    database = Database(f"sqlite:///{folder}/registry.db", system_clock)
    begun = time.process_time()
    with database.read() as connection:
        (row,) = zones.all_zones(connection)
        zone = zone_loading.load(connection, row, Snapshots(folder / "zones", 1.0) if snapshot else None)
    database.dispose()
    load_s = time.process_time() - begun
    server = DnsServer([zone])
    _, port = await server.start("127.0.0.1", 0)
    (folder / "load").write_text(str(load_s), encoding="ascii")
    await serve_until_told(port, lambda: sum(server.counters.rcodes))
    await server.close()


@contextlib.contextmanager
def embedded(folder: Path, core: int | None, *, snapshot: bool = False) -> Iterator[dict[str, Any]]:
    """The embedded server in a process of its own."""
    begun = time.monotonic()
    options = ("--serve", str(folder), *(("--snapshot",) if snapshot else ()))
    with server_process(__file__, *options, core=core) as process:
        load_s = time.monotonic() - begun
        cpu_s = float((folder / "load").read_text(encoding="ascii"))
        yield _said(process.pid, process.port, load_s, cpu_s)


def _said(pid: int, port: int, load_s: float, cpu_s: float) -> dict[str, Any]:
    return {
        "pid": pid,
        "port": port,
        "load_seconds": round(load_s, 2),
        "load_cpu_seconds": round(cpu_s, 2),
        "megabytes": megabytes(pid),
    }


@contextlib.contextmanager
def foreign(kind: str, folder: Path, names: int, core: int | None) -> Iterator[dict[str, Any]]:
    """Another server, of the master file."""
    with name_server(kind, folder / kind, ZONE, folder / "master", owner(names - 1), core) as server:
        yield _said(server.pid, server.port, server.load_s, server.load_cpu_s)


def asked(folder: Path, names: int) -> dict[str, Path]:
    """Files of names to ask for, always the same ones: known ones, and such as look like them."""
    files = {}
    for kind, first in zip(KINDS, (0, names), strict=True):
        files[kind] = folder / kind
        chosen = random.Random(1).choices(range(first, first + names), k=_QUERIES)  # noqa: S311 — the same each time
        files[kind].write_text("".join(f"{owner(number)}.{ZONE} NAPTR\n" for number in chosen), encoding="ascii")
    return files


def rate(server: dict[str, Any], queries: Path, seconds: float) -> float:
    """Answers a second of the server's CPU."""
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(server["port"]), "-d", str(queries), "-l", str(round(seconds))]
    before = cpu_seconds(server["pid"])
    done = subprocess.run(
        [*command, "-q", "200", "-c", "16", "-T", "1"], check=True, capture_output=True, text=True, timeout=seconds + 60
    )
    found = _ANSWERS.search(done.stdout)
    assert found is not None, done.stdout  # noqa: S101
    return int(found[1]) / (cpu_seconds(server["pid"]) - before)


def side_by_side(names: int, seconds: float) -> dict[str, Any]:
    """All servers, taking turns; `seconds` is the length of a turn."""
    server_core, client_core = cores()
    rates: dict[str, dict[str, list[float]]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="registry-bench-")))
        fill(folder, names)
        servers = {"embedded": stack.enter_context(embedded(folder, server_core))}
        for kind in installed():
            servers[kind] = stack.enter_context(foreign(kind, folder, names, server_core))
        rates = {name: {kind: [] for kind in KINDS} for name in servers}
        files = asked(folder, names)
        stack.enter_context(pinned(client_core))
        for _ in range(ROUNDS):
            for kind in KINDS:
                for name, server in servers.items():
                    rates[name][kind].append(rate(server, files[kind], seconds))
    for name, server in servers.items():
        del server["pid"], server["port"]
        server |= {kind: round(statistics.median(rates[name][kind])) for kind in KINDS}
    result: dict[str, Any] = {"names": names, **servers}
    if "knot" in rates:
        result["times_knot"] = {
            kind: round(
                statistics.median(a / b for a, b in zip(rates["embedded"][kind], rates["knot"][kind], strict=True)), 2
            )
            for kind in KINDS
        }
    return result


def growth(names: int) -> dict[str, Any]:
    """The embedded server with a zone of so many names: from the database, and from its snapshot."""
    core, _ = cores()
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        fill(folder, names)
        with embedded(folder, core) as server:
            result = {"names": names, **{key: server[key] for key in ("load_cpu_seconds", "load_seconds", "megabytes")}}
        database = Database(f"sqlite:///{folder}/registry.db", system_clock)
        with database.read() as connection:
            (row,) = zones.all_zones(connection)
        begun = time.thread_time()
        Snapshots(folder / "zones", 1.0).write(database, row.id)
        database.dispose()
        result["snapshot_written_cpu_seconds"] = round(time.thread_time() - begun, 2)
        (file,) = (folder / "zones").glob("*.zone")
        result["snapshot_megabytes"] = file.stat().st_size // 1_000_000
        with embedded(folder, core, snapshot=True) as server:
            result |= {f"snapshot_{key}": server[key] for key in ("load_cpu_seconds", "load_seconds")}
            result["snapshot_resident_megabytes"] = server["megabytes"]
    return result


def run(names: int = NAMES, seconds: float = 2.0) -> dict[str, Any]:
    """All figures. Raises RuntimeError without dnsperf."""
    if shutil.which("dnsperf") is None:
        raise RuntimeError("this benchmark needs dnsperf")
    return {"name": "dns_servers", **side_by_side(names, seconds), "growth": growth(GROWN)}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=NAMES)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument("--curve", type=int, nargs="+", metavar="NAMES", help="zones of these sizes, embedded only")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--snapshot", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(arguments.serve, snapshot=arguments.snapshot))
    elif arguments.curve:
        for names in arguments.curve:
            print(json.dumps(growth(names)), flush=True)
    else:
        print(json.dumps(run(arguments.names, arguments.seconds), indent=2))


if __name__ == "__main__":
    main()
