# SPDX-License-Identifier: Apache-2.0
"""What writing costs on SQLite: a CreateList of 100 participants at the SML, and documents imported at the SMP.

Each is a transaction that waits for the disk; CPU time is given beside the time by the clock.
"""

import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from documents import ACTOR, SMP_ID, demo_pki, new_instance, participant, service_metadata

from registry.sml.model import Caller
from registry.smp.documents.busdox import write_service_metadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document
from registry.smp.exchange import Importer, Verdict

LIST = 100
FILES = 150


def create_list(seconds: float = 5.0) -> dict[str, Any]:
    """Lists of new participants, one after the other, as the SOAP service hands them over."""
    pki = demo_pki()
    caller = Caller(pki.smp.certificate, "benchmark")
    walls, cpus = [], []
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name, new_instance(Path(name), pki) as (instance, _):
        end = time.monotonic() + seconds
        for number in itertools.count():
            participants = [participant(number * LIST + each) for each in range(LIST)]
            wall, cpu = time.monotonic(), time.process_time()
            instance.sml.create_participants(caller, SMP_ID, participants)
            walls.append(time.monotonic() - wall)
            cpus.append(time.process_time() - cpu)
            if time.monotonic() > end:
                break
    wall = statistics.median(walls)
    return {
        "name": "create_list",
        "milliseconds": round(wall * 1e3, 1),
        "cpu_milliseconds": round(statistics.median(cpus) * 1e3, 1),
        "lists_per_second": round(1 / wall, 1),
        "participants_per_second": round(LIST / wall),
        "participants_in_list": LIST,
        "lists": len(walls),
    }


def import_() -> dict[str, Any]:
    """Signed files, as `registry import` takes them: signature verified, validated, published, registered."""
    pki = demo_pki()
    with (
        tempfile.TemporaryDirectory(prefix="registry-bench-") as name,
        new_instance(Path(name), pki) as (
            instance,
            stored,
        ),
    ):
        folder = Path(name) / "documents"
        folder.mkdir()
        for number in range(FILES):
            signed = sign_document(write_service_metadata(service_metadata(number, pki)), pki.smp, BUSDOX)
            (folder / f"{number:04}.xml").write_bytes(signed)
        wall, cpu = time.monotonic(), time.process_time()
        results = list(Importer(instance.publishing, stored).run(ACTOR, [folder]))
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    if [result.verdict for result in results] != [Verdict.CREATED] * FILES:
        raise RuntimeError(f"not everything was imported: {results[0]}")
    return {
        "name": "import",
        "documents_per_second": round(FILES / wall, 1),
        "milliseconds": round(wall / FILES * 1e3, 1),
        "cpu_milliseconds": round(cpu / FILES * 1e3, 1),
        "documents": FILES,
    }
