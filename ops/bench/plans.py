# SPDX-License-Identifier: Apache-2.0
"""A table is planned, applied, exported, and planned once more, when nothing is to be changed.

`python ops/bench/plans.py [ROWS] [DATABASE_URL]`, by default 100,000 participants with a service each and 400 access
points, into an empty domain of SQLite that has an SML. CPU is that of this process.
"""

import base64
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from documents import ACTOR, demo_pki

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.app.plans import apply_handler, planner_of
from registry.jobs.worker import Worker
from registry.plans.applying import KIND, find_plan, request_apply
from registry.plans.model import PlanOptions
from registry.plans.sources import source_of
from registry.settings import load_settings
from registry.smp.exchange import Exporter
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import sqlite_url
from registry.telemetry import configure_logging

ROWS = 100_000
ACCESS_POINTS = 400
_COLUMNS = "participant,document_type,process,transport_profile,address,certificate"
_SERVICE = "busdox-docid-qns::urn:a::b##c::2.1,cenbii-procid-ubl::urn:p,peppol-transport-as4-v2_0"


def timed(work: Callable[[], object]) -> dict[str, float]:
    """How long it took, in seconds, and of that CPU of this process; the most memory that it ever had, in MB."""
    began, cpu = time.monotonic(), time.process_time()
    work()
    return {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Measure, and print JSON."""
    configure_logging("error", "console")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print(json.dumps(run(count, sys.argv[2] if len(sys.argv) > 2 else None)))


def run(count: int = ROWS, url: str | None = None) -> dict[str, Any]:
    """Measure in a folder of its own; for `run.py`."""
    with tempfile.TemporaryDirectory() as place:
        return {"name": "plans", "rows": count, **measure(Path(place), count, url)}


def measure(folder: Path, count: int, url: str | None) -> dict[str, Any]:
    """Plan, apply, export and plan again in a new instance."""
    pki = demo_pki()
    files = pki.write(folder / "pki")
    url = url or sqlite_url(folder / "registry.sqlite3")
    table, exported = folder / "table.csv", folder / "exported.csv"
    write_table(table, count, base64.b64encode(pki.access_points[0].certificate.public_bytes(Encoding.DER)).decode())
    with Instance.open(load_settings(data_dir=folder, database_url=url)) as instance:
        domain = {
            "name": "bench",
            "smp": {"base_url": "https://smp.example.org", "smp_id": "BENCH"},
            "endpoint_certificates": "warn",
            "identifiers": {"strict": False},
            "transport_profiles": [],
        }
        stored = add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
        exporter = Exporter(instance.database, instance.signer, stored)
        plans: list[int] = []
        found = {
            "plan": timed(lambda: plans.append(planned(instance, stored, table))),
            "apply": timed(lambda: applied(instance, plans[0])),
            "export": timed(lambda: sum(1 for _ in exporter.run_table(exported))),
            "plan_unchanged": timed(lambda: plans.append(planned(instance, stored, exported))),
        }
        first, second = (find_plan(instance.database, number).counts for number in plans)
        if (first["done"], second["unchanged"]) != (count, count):
            raise RuntimeError(f"that wasn't what was to be measured: {first}, {second}")
    return found


def write_table(path: Path, count: int, certificate: str) -> None:
    """A row for each participant."""
    with path.open("w", encoding="utf-8") as out:
        out.write(f"{_COLUMNS}\n")
        for number in range(count):
            who = f"iso6523-actorid-upis::9915:{number:08d}"
            out.write(f"{who},{_SERVICE},https://ap-{number % ACCESS_POINTS}.example.org/as4,{certificate}\n")


def planned(instance: Instance, stored: StoredDomain, path: Path) -> int:
    """The number of a plan."""
    return planner_of(instance, stored).plan(ACTOR, source_of(stored.domain, [path]), PlanOptions(removes=True))


def applied(instance: Instance, plan_id: int) -> None:
    """Apply a plan here."""
    request_apply(instance.database, ACTOR, plan_id, 100)
    Worker(instance.database, {KIND: apply_handler(instance)}, "bench").run_one()


if __name__ == "__main__":
    main()
