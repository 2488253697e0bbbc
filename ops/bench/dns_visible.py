# SPDX-License-Identifier: Apache-2.0
"""How long a committed change takes until it is answered: by us, and by Knot, NSD and BIND that follow by NOTIFY, IXFR.

An instance takes 100 changes a second; now and then one of them is a name that is asked for until it is there. The name
servers run with the configurations that `registry dns configure` prints, on the same cores as all else, so these are
times by the clock on a busy machine.
"""

import argparse
import contextlib
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import dns.message
from both import _program
from dns_answers import PUBLISHERS, ZONE, owner
from documents import demo_pki
from processes import ROOT

from registry.dns.journal import NewState
from registry.dns.records import naptr_rrset
from registry.telemetry import configure_logging

NAMES: Final = 100_000
SECONDS: Final = 30.0
_STEP_S: Final = 0.1
_PER_STEP: Final = 10
_STEPS_PER_PROBE: Final = 3
_BATCH: Final = 10_000
_LATE_S: Final = 30.0


class Tool:
    """Finds programs, as the tests' fixture does."""

    path = staticmethod(_program)


def states(numbers: range) -> list[NewState]:
    """Participants by their numbers."""
    urls = [f"http://smp-{number:04}.publisher.{ZONE}" for number in range(PUBLISHERS)]
    return [NewState.of(naptr_rrset(owner(n), urls[n % PUBLISHERS], ["Meta:SMP"], 60)) for n in numbers]


class Watch(threading.Thread):
    """Asks one server for each name that was committed, until it is there; `delays` are in seconds."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.expected: list[tuple[bytes, float]] = []
        self.delays: list[float] = []
        self.done = threading.Event()

    def run(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as asking:
            asking.connect(("127.0.0.1", self._port))
            asking.settimeout(0.5)
            while not self.done.is_set() or len(self.delays) < len(self.expected):
                if len(self.delays) == len(self.expected):
                    time.sleep(0.002)
                    continue
                query, committed = self.expected[len(self.delays)]
                if self._is_there(asking, query) or time.monotonic() - committed > _LATE_S:
                    self.delays.append(time.monotonic() - committed)
                else:
                    time.sleep(0.003)

    @staticmethod
    def _is_there(asking: socket.socket, query: bytes) -> bool:
        with contextlib.suppress(OSError):
            asking.send(query)
            answer = asking.recv(4096)
            return answer[:2] == query[:2] and not answer[3] & 0x0F and answer[6:8] != b"\x00\x00"
        return False


def watched(
    write: Callable[[Sequence[NewState]], object], first: int, seconds: float, watches: Sequence[Watch]
) -> None:
    """Write so long, and wait until everybody has seen all that is asked for."""
    for watch in watches:
        watch.start()
    number, began = first, time.monotonic()
    for step in range(round(seconds / _STEP_S)):
        time.sleep(max(0.0, began + step * _STEP_S - time.monotonic()))
        write(states(range(number, number + _PER_STEP)))
        committed = time.monotonic()
        if step % _STEPS_PER_PROBE == 0:
            query = dns.message.make_query(f"{owner(number)}.{ZONE}", "NAPTR", id=number % 0x10000).to_wire()
            for watch in watches:
                watch.expected.append((query, committed))
        number += _PER_STEP
    for watch in watches:
        watch.done.set()
        watch.join(_LATE_S * 2)


def run(names: int = NAMES, seconds: float = SECONDS, interval_ms: int | None = None) -> dict[str, Any]:
    """Milliseconds until a change is answered: server -> median and 99th percentile."""
    sys.path.insert(0, str(ROOT))
    from registry.dns.secondary_configurations import PROGRAMS
    from tests.simulators.followed import followed_instance
    from tests.simulators.name_servers import name_server
    from tests.simulators.programs import free_ports

    ports = dict(zip(PROGRAMS, free_ports(len(PROGRAMS)), strict=True))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="registry-bench-")))
        (folder / "instance").mkdir()
        slower = None if interval_ms is None else {"publish_interval_ms": interval_ms}
        primary = stack.enter_context(
            followed_instance(folder / "instance", demo_pki(), list(ports.values()), slower, dns_rate_per_s=0)
        )
        for first in range(0, names, _BATCH):
            primary.write(states(range(first, min(first + _BATCH, names))))
        serial = primary.serial()
        watches = {"embedded": Watch(int(primary.live.addresses.dns.rsplit(":", 1)[1]))}
        for program, port in ports.items():
            (folder / program).mkdir()
            text = primary.configuration(program, port, folder / program)
            server = stack.enter_context(name_server(Tool(), program, text, folder / program, port))
            server.wait_for(ZONE, serial)
            watches[program] = Watch(port)
        watched(primary.write, names, seconds, list(watches.values()))
    return {
        "name": "dns_visible",
        "names": names,
        "publish_interval_ms": interval_ms,
        "milliseconds": {name: _spread(watch.delays) for name, watch in watches.items()},
    }


def _spread(delays: Sequence[float]) -> dict[str, int]:
    return {
        "median": round(statistics.median(delays) * 1000),
        "p99": round(statistics.quantiles(delays, n=100)[98] * 1000),
        "asked": len(delays),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--names", type=int, default=NAMES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--interval-ms", type=int, help="the domain's dns.publish_interval_ms")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    print(json.dumps(run(arguments.names, arguments.seconds, arguments.interval_ms), indent=2))


if __name__ == "__main__":
    main()
