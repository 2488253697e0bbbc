# SPDX-License-Identifier: Apache-2.0
"""How long `registry serve` takes until every listener answers, with 100,000 participants in its zone."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from both import on_both as measured_on_both
from documents import ACTOR, HOST, SMP_ID, demo_pki, participant
from processes import ROOT

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.clock import system_clock
from registry.demo.pki import certificates_pem
from registry.dns.journal import ZonePublisher
from registry.settings import load_settings
from registry.sml.administration import SmlAdministration

PARTICIPANTS = 100_000
_LIST = 1_000
_STARTS = 5


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("startup", measure)


def measure(url: str) -> dict[str, Any]:
    """Seconds by the clock, and of CPU: the median of some starts."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        _fill(folder, url)
        starts = sorted(_start(folder, url) for _ in range(_STARTS))
    seconds, cpu = starts[_STARTS // 2]
    return {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "participants": PARTICIPANTS}


def _fill(folder: Path, url: str) -> None:
    pki = demo_pki()
    root = [certificates_pem(pki.root.certificate).decode()]
    smp = {"anchors": root, "intermediates": [certificates_pem(pki.smp_ca.certificate).decode()]}
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://{HOST}", "smp_id": SMP_ID},
        "trust": {"smp-sign": smp, "sml-client": smp},
    }
    files = pki.write(folder / "pki")
    with Instance.open(load_settings(data_dir=folder, database_url=url), system_clock) as instance:
        stored = add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))
        sml = SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)
        for first in range(0, PARTICIPANTS, _LIST):
            sml.register(ACTOR, stored, SMP_ID, [participant(number) for number in range(first, first + _LIST)])
            if not instance.database.is_sqlite and first % (5 * _LIST) == 0:
                with instance.database.write(ACTOR) as work:  # what autovacuum does elsewhere
                    work.connection.exec_driver_sql("ANALYZE")
        publisher = ZonePublisher(instance.database, "benchmark")
        publisher.tick()
        publisher.release()


def _start(folder: Path, url: str) -> tuple[float, float]:
    addresses = {f"REGISTRY_{name}_BIND": "127.0.0.1:0" for name in ("PUBLIC", "MANAGE", "SML", "DNS")}
    environment = os.environ | addresses | {"REGISTRY_DATA_DIR": str(folder), "REGISTRY_DATABASE_URL": url}
    environment |= {"PYTHONPATH": str(ROOT), "REGISTRY_LOG_LEVEL": "ERROR"}
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "registry", "serve"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 — asked for above
        for line in process.stdout:
            if line.startswith("DNS"):
                break
        seconds = time.monotonic() - begun
        ticks = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        process.terminate()
        process.wait(30)
    return seconds, (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
