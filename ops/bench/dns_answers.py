# SPDX-License-Identifier: Apache-2.0
"""How many DNS answers a second of one core buys: the embedded server, and dnspython doing the same in the same run.

Server and load are separate processes, each on a core of its own where there are two; what counts is the server's
CPU time, as walls depend on who else is at work. dnsperf makes the load where it is installed, otherwise a small
client here, which is slower than the server: then the drained batches are smaller and the figures a little lower.
Rounds of both responders alternate, and the medians are reported.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import select
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from base64 import b32encode
from collections.abc import Callable, Iterator
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataset
import dns.rrset
from processes import cores, pinned, serve_until_told, server_process
from uvloop import new_event_loop

from registry.dns.records import RRset, naptr_rrset, ns_rrset, soa_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.domains.dns_profile import DnsProfile

ZONE = "sml.test"
NAMES = 50_000
PUBLISHERS = 500
QUERIES = 20_000
ROUNDS = 3
RESPONDERS = ("embedded", "dnspython")
KINDS = ("hit", "nxdomain")

Answer = Callable[[bytes], bytes | None]


def owner(number: int) -> str:
    """The name of a participant, as long as real ones; those from NAMES on are not registered."""
    label = b32encode(hashlib.sha256(b"%d" % number).digest()).decode().rstrip("=").lower()
    return f"{label}.iso6523-actorid-upis"


def zone_records() -> Iterator[RRset]:
    """A zone of NAMES participants of PUBLISHERS publishers."""
    profile = DnsProfile(zone=ZONE, name_servers=(f"ns.{ZONE}",))
    yield from (soa_rrset(profile, 1), ns_rrset(profile))
    for number in range(NAMES):
        yield naptr_rrset(owner(number), f"http://smp-{number % PUBLISHERS:04}.publisher.{ZONE}", ["Meta:SMP"], 60)


def asked_names(kind: str) -> list[str]:
    """Random names to ask for, always the same ones."""
    first = 0 if kind == "hit" else NAMES
    return [f"{owner(n)}.{ZONE}" for n in random.Random(1).sample(range(first, first + NAMES), QUERIES)]  # noqa: S311


def dnspython_answer() -> Answer:
    """What one would write first: parse the query, look it up, build the answer."""
    origin = dns.name.from_text(ZONE)
    sets: dict[tuple[str, tuple[str, ...]], dns.rdataset.Rdataset] = {}
    names: dict[dns.name.Name, dns.rdataset.Rdataset] = {}
    for rrset in zone_records():
        key = rrset.rdtype, rrset.rdatas
        if key not in sets:
            sets[key] = dns.rdataset.from_text("IN", rrset.rdtype, rrset.ttl, *rrset.rdatas)
        if rrset.rdtype == "NAPTR":
            names[dns.name.from_text(rrset.owner, origin)] = sets[key]
    soa = next(found for (rdtype, _), found in sets.items() if rdtype == "SOA")

    def answer(data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        name = query.question[0].name
        found = names.get(name)
        if found is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        section, holder, records = (
            (response.authority, origin, soa) if found is None else (response.answer, name, found)
        )
        section.append(dns.rrset.from_rdata_list(holder, records.ttl, list(records)))
        return response.to_wire()

    return answer


def embedded_answer() -> Answer:
    """The responder of the embedded server."""
    zone = ServedZone(ZONE, zone_records(), 1)
    return Responder({zone.wire: zone}, Counters()).answer


def in_process(seconds: float) -> dict[str, dict[str, float]]:
    """Microseconds of CPU per answer without a network: responder -> kind -> the best of some passes."""
    result: dict[str, dict[str, float]] = {}
    for name, build in (("embedded", embedded_answer), ("dnspython", dnspython_answer)):
        answer = build()
        result[name] = {}
        for kind in KINDS:
            queries = [dns.message.make_query(asked, "NAPTR").to_wire() for asked in asked_names(kind)[:2000]]
            passes: list[float] = []
            end = time.process_time() + seconds / 4
            while not passes or time.process_time() < end:
                began = time.process_time()
                for query in queries:
                    answer(query)
                passes.append((time.process_time() - began) / len(queries) * 1e6)
            result[name][kind] = round(min(passes), 2)
    return result


async def serve(responder: str) -> None:
    """Be the server of that name."""
    if responder == "embedded":
        server = DnsServer()
        server.add_zone(ServedZone(ZONE, zone_records(), 1))
        _, port = await server.start("127.0.0.1", 0)
        await serve_until_told(port, lambda: sum(server.counters.rcodes))
        await server.close()
        return
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)  # noqa: FBT003
    answer, count = dnspython_answer(), 0

    def drain() -> None:
        nonlocal count
        for _ in range(64):
            try:
                data, address = udp.recvfrom(4096)
            except BlockingIOError:
                return
            udp.sendto(answer(data) or b"", address)
            count += 1

    asyncio.get_running_loop().add_reader(udp, drain)
    await serve_until_told(udp.getsockname()[1], lambda: count)


def load(port: int, kind: str, seconds: float) -> None:
    """Ask for names as fast as they are answered."""
    dnsperf = shutil.which("dnsperf")
    if dnsperf is None:
        ask(port, [dns.message.make_query(name, "NAPTR").to_wire() for name in asked_names(kind)], seconds)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as queries:
        queries.writelines(f"{name} NAPTR\n" for name in asked_names(kind))
        queries.flush()
        command = [dnsperf, "-s", "127.0.0.1", "-p", str(port), "-d", queries.name]
        command += ["-l", str(max(1, round(seconds))), "-q", "200", "-c", "16", "-T", "1"]
        subprocess.run(command, check=True, capture_output=True, timeout=seconds + 60)


def ask(port: int, queries: list[bytes], seconds: float) -> None:
    """A client for where dnsperf is missing: some sockets, each with some queries in flight."""
    clients = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(8)]
    for client in clients:
        client.connect(("127.0.0.1", port))
        client.setblocking(False)  # noqa: FBT003
    at = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        readable, _, _ = select.select(clients, [], [], 0.2)
        for client in readable or clients:  # nothing in flight, or all of it lost: begin again
            for _ in range(16):
                try:
                    if readable:
                        client.recv(4096)
                    client.send(queries[at % len(queries)])
                except BlockingIOError:
                    break
                at += 1
    for client in clients:
        client.close()


def over_the_wire(seconds: float) -> dict[str, dict[str, float]]:
    """Answers per CPU second of the server: responder -> kind -> median of the rounds."""
    server_core, client_core = cores()
    figures: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in KINDS} for name in RESPONDERS}
    with contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(server_process(__file__, "--serve", name, core=server_core))
            for name in RESPONDERS
        }
        stack.enter_context(pinned(client_core))
        for _ in range(ROUNDS):
            for name, server in servers.items():
                for kind in KINDS:
                    cpu_before, before = server.usage()
                    load(server.port, kind, seconds / (ROUNDS * 4))
                    cpu_after, after = server.usage()
                    figures[name][kind].append((after - before) / (cpu_after - cpu_before))
    return {
        name: {kind: round(statistics.median(values)) for kind, values in kinds.items()}
        for name, kinds in figures.items()
    }


def run(seconds: float) -> dict[str, Any]:
    """All figures, in about so many seconds and what it takes to load the zones."""
    wire = over_the_wire(seconds * 0.8)
    return {
        "name": "dns_answers",
        "answers_per_cpu_second": wire["embedded"],
        "baseline": {"name": "dnspython, parse and build", "answers_per_cpu_second": wire["dnspython"]},
        "times_baseline": {kind: round(wire["embedded"][kind] / wire["dnspython"][kind], 1) for kind in KINDS},
        "in_process_microseconds": in_process(seconds * 0.2),
        "names": NAMES,
        "load": "dnsperf" if shutil.which("dnsperf") else "own client",
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--serve", choices=RESPONDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(arguments.serve))
    else:
        print(json.dumps(run(arguments.seconds), indent=2))


if __name__ == "__main__":
    main()
