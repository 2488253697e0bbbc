# SPDX-License-Identifier: Apache-2.0
"""How fast a zone gets into BIND by dynamic updates: all of it at once, and version by version as changes come.

One core is ours, the other BIND's. `records_per_second` is what both together yield, `cpu_microseconds` our share of
a record, `memory_growth_mib` by how much the greatest memory of our process went up by the push of the whole zone.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from both import _program
from processes import ROOT, cores, pinned

from registry.app.instance import Instance
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.records import naptr_rrset
from registry.dns.tsig_keys import TsigKeys
from registry.domains.dns_profile import DnsProfile
from registry.domains.zone_servers import PushTarget
from registry.settings import load_settings
from registry.storage.engine import Actor
from registry.storage.queries import zones

ACTOR = Actor("bench")
ZONE = "sml.bench.test"
NAMES = 20_000
BATCH = 5_000
VERSIONS = 40


class Tool:
    """Finds programs, as the tests' fixture does."""

    path = staticmethod(_program)


def _states(numbers: range, url: str) -> list[NewState]:
    return [
        NewState.of(naptr_rrset(f"{number:052}.iso6523-actorid-upis", f"{url}{number % 500}", ["Meta:SMP"], 60))
        for number in numbers
    ]


def _most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(names: int, folder: Path) -> dict[str, Any]:
    """All figures, with an instance on SQLite and a BIND in this folder. Raises RuntimeError without BIND."""
    sys.path.insert(0, str(ROOT))
    from tests.simulators.update_targets import KEY, bind_primary, new_key, zone_file

    theirs, ours = cores()
    key = new_key(folder / "tsig")
    with ExitStack() as stack:
        with pinned(theirs):
            server = stack.enter_context(bind_primary(Tool, folder / "bind", key, ZONE, zone_file(ZONE)))
        stack.enter_context(pinned(ours))
        instance = stack.enter_context(Instance.open(load_settings(data_dir=folder)))
        database, journal = instance.database, instance.journal
        with database.write(ACTOR) as work:
            zone_id = zones.add(work, None, ZONE, 0)
            journal.write_apex(work, zone_id, DnsProfile(ZONE, name_servers=("ns1.bench.test",)))
        publisher = ZonePublisher(database, "bench", 0.0)

        def write(numbers: range, url: str) -> None:
            with database.write(ACTOR) as work:
                journal.write(work, zone_id, _states(numbers, url))
            publisher.tick(serve=False)

        for start in range(0, names, BATCH):
            write(range(start, min(start + BATCH, names)), "https://smp.bench.test/")
        target = PushTarget(f"127.0.0.1:{server.port}", KEY)
        pusher = Pusher(database, PushedZone(zone_id, ZONE, None, target), TsigKeys(folder / "tsig"))
        stack.callback(pusher.close)

        def pushed() -> dict[str, int]:
            begun, cpu = time.monotonic(), time.process_time()
            done = pusher.push()
            if done is None:
                raise RuntimeError("nothing was pushed")
            seconds, cpu_seconds = time.monotonic() - begun, time.process_time() - cpu
            rate, own = done.record_sets / seconds, cpu_seconds * 1e6 / done.record_sets
            return {"records_per_second": round(rate), "cpu_microseconds": round(own)}

        before = _most_mib()
        whole = pushed() | {"memory_growth_mib": round(_most_mib() - before)}
        write(range(BATCH), "https://moved.bench.test/")
        bulk = pushed()
        times = []
        for number in range(VERSIONS):
            write(range(number, number + 1), "https://again.bench.test/")
            begun = time.monotonic()
            pusher.push()
            times.append(time.monotonic() - begun)
    ordered = sorted(times)
    one = {"median": round(ordered[VERSIONS // 2] * 1e3, 1), "p99": round(ordered[-1] * 1e3, 1)}
    return {"whole": whole, "bulk": bulk, "one_record_milliseconds": one}


def run(names: int = NAMES) -> dict[str, Any]:
    """All figures, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as folder:
        return {"name": "dns_push", "names": names, **measure(names, Path(folder))}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--names", type=int, default=NAMES)
    print(json.dumps(run(parser.parse_args().names), indent=2))


if __name__ == "__main__":
    main()
