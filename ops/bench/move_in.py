# SPDX-License-Identifier: Apache-2.0
"""A phoss SMP moves in: reading and loading its database, what a cutover does while nobody may write, and the memory.

`python ops/bench/move_in.py [PARTICIPANTS] [DATABASE_URL]`, by default 1,000,000 participants with two services each
and 400 access points, from a MariaDB that is started for it, into an empty SQLite. A cutover then catches up with what
has changed since the last load (here a participant in a thousand). Between the freeze and the opening it does, but for
the comparison, `delta` and `unchanged`: what has changed during the catching up is loaded (here a participant in ten
thousand), then it is seen that nobody writes any more. CPU is that of this process, without MariaDB's. Of the first
load it tells how much was for reading, and what an RSA-2048 signature took meanwhile (in ms, and counted in): on a
shared machine CPU seconds are told apart from its haste by that alone.
"""

import base64
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from documents import ACTOR, demo_pki
from sqlalchemy import bindparam, create_engine, text

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.app.move_in import Moving, load
from registry.app.move_in_cutover import carry_over_again
from registry.app.move_in_sources import SourceChoice
from registry.demo.pki import certificates_pem
from registry.move_in.model import SourceKind
from registry.move_in.moves import our_turn
from registry.move_in.report import Limits
from registry.settings import load_settings
from registry.storage.engine import sqlite_url
from registry.telemetry import configure_logging

PARTICIPANTS = 1_000_000
ACCESS_POINTS = 400
# As an operator gives a server whose tables are some 3 GB; MariaDB's own default of 128 MB reads them anew each time.
BUFFER_POOL = "4G"


def timed(work: Callable[[], object]) -> dict[str, float]:
    """How long it took, in seconds, and of that CPU of this process; the most memory that it ever had, in MB."""
    began, cpu = time.monotonic(), time.process_time()
    work()
    return {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


class Progress:
    """Is told how far a load is, and looks at the clocks."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self._began = time.process_time()
        self._read = 0.0
        self._signing: list[float] = []

    def told(self, what: str, _number: int) -> None:
        """So much is read, or loaded."""
        if what == "read":
            self._read = time.process_time() - self._began
        began = time.thread_time()
        self._key.sign(b"", padding.PKCS1v15(), hashes.SHA256())
        self._signing.append(time.thread_time() - began)

    @property
    def figures(self) -> dict[str, float]:
        """CPU seconds of reading, and the milliseconds of a signature."""
        return {"read_cpu_seconds": round(self._read, 1), "signature_ms": round(1000 * mean(self._signing), 3)}


def installed(name: str, *places: str) -> str:
    """Where a program is."""
    found = next((hit for place in (None, *places) if (hit := shutil.which(name, path=place))), None)
    if found is None:
        raise RuntimeError(f"this benchmark needs {name}")
    return found


def main() -> None:
    """Measure, and print JSON."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.simulators import phoss_database
    from tests.simulators.mariadb import new_mariadb

    configure_logging("error", "console")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PARTICIPANTS
    pki = demo_pki()
    certificates = [base64.b64encode(key.certificate.public_bytes(Encoding.DER)).decode() for key in pki.access_points]
    with tempfile.TemporaryDirectory() as place, new_mariadb(installed, BUFFER_POOL) as server:
        url = server.new_database()
        engine = create_engine(url)
        with engine.connect() as connection:
            phoss_database.create(connection)
            kinds: dict[str, Any] = {"certificates": certificates, "access_points": ACCESS_POINTS}
            phoss_database.fill(connection, participants=count, **kinds)
        measured = measure(Path(place), url, pki, lambda every: change(engine, count, every))
        engine.dispose()
    print(json.dumps({"participants": count, **measured}))


def change(engine: Any, count: int, every: int) -> None:
    """Let a participant in so many receive by another address."""
    who = [f"9915:{number:08d}" for number in range(1, count + 1, every)]
    changed = text("UPDATE smp_endpoint SET endpointReference = :address WHERE businessIdentifier IN :who").bindparams(
        bindparam("who", expanding=True)
    )
    with engine.begin() as connection:
        connection.execute(changed, {"who": who, "address": f"https://{every}.example/as4"})


def measure(folder: Path, source: str, pki: Any, changes: Callable[[int], None]) -> dict[str, Any]:
    """The steps of a move."""
    url = sys.argv[2] if len(sys.argv) > 2 else sqlite_url(folder / "registry.sqlite3")
    settings = load_settings(data_dir=folder, database_url=url)
    files = pki.write(folder / "pki")
    root, ap_ca = (certificates_pem(each.certificate).decode() for each in (pki.root, pki.ap_ca))
    trust = {"ap-encrypt": {"anchors": [root], "intermediates": [ap_ca]}}
    domain = {
        "name": "moved",
        "smp": {"base_url": "https://smp.example.org"},
        "sml": {"enabled": False},
        "trust": trust,
    }
    with Instance.open(settings) as instance:
        stored = add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
        moving = Moving(SourceChoice(SourceKind.PHOSS_SQL, source), stored)

        def loaded() -> None:
            report = load(instance, settings, ACTOR, moving, Limits(), progress.told)
            numbers.append(report.move_id)

        def carried_over() -> None:
            if not carry_over_again(instance, settings, ACTOR, numbers[0], moving):
                raise RuntimeError("what has changed wasn't loaded")

        def unchanged() -> None:
            if found := carry_over_again(instance, settings, ACTOR, numbers[0], moving):
                raise RuntimeError(f"{found} were loaded that haven't changed")

        numbers: list[int] = []
        progress = Progress()
        figures = {}
        for step in ("load", "load_again"):
            figures[step] = timed(loaded)
            if step == "load":
                figures[step] |= progress.figures
            print(json.dumps({step: figures[step]}), file=sys.stderr)
        with our_turn(instance.database, numbers[0]):
            for every, step, done in ((1_000, "catch_up", carried_over), (10_000, "delta", carried_over)):
                changes(every)
                figures[step] = timed(done)
            figures["unchanged"] = timed(unchanged)
        return figures


if __name__ == "__main__":
    main()
