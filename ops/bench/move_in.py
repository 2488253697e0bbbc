# SPDX-License-Identifier: Apache-2.0
"""A phoss SMP moves in: reading and loading its database, what a cutover does while nobody may write, and the memory.

`python ops/bench/move_in.py [PARTICIPANTS] [DATABASE_URL]`, by default 1,000,000 participants with two services each
and 400 access points, from a MariaDB that is started for it, into an empty SQLite. The freeze is what a cutover does
between the freeze and the opening, but for the comparison: what has changed is loaded (here a participant in a
thousand), then the source is read again. CPU is that of this process, without MariaDB's.
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
from typing import Any

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


def timed(work: Callable[[], object]) -> dict[str, float]:
    """How long it took, in seconds, and of that CPU of this process; the most memory that it ever had, in MB."""
    began, cpu = time.monotonic(), time.process_time()
    work()
    return {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


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
    with tempfile.TemporaryDirectory() as place, new_mariadb(installed) as server:
        url = server.new_database()
        engine = create_engine(url)
        with engine.connect() as connection:
            phoss_database.create(connection)
            kinds: dict[str, Any] = {"certificates": certificates, "access_points": ACCESS_POINTS}
            phoss_database.fill(connection, participants=count, **kinds)
        measured = measure(Path(place), url, pki, lambda: change(engine, count))
        engine.dispose()
    print(json.dumps({"participants": count, **measured}))


def change(engine: Any, count: int) -> None:
    """Let a participant in a thousand receive by another address."""
    who = [f"9915:{number:08d}" for number in range(1, count + 1, 1_000)]
    changed = text(
        "UPDATE smp_endpoint SET endpointReference = 'https://new.example/as4' WHERE businessIdentifier IN :who"
    ).bindparams(bindparam("who", expanding=True))
    with engine.begin() as connection:
        connection.execute(changed, {"who": who})


def measure(folder: Path, source: str, pki: Any, changes: Callable[[], None]) -> dict[str, Any]:
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
            report = load(instance, settings, ACTOR, moving, Limits(), lambda _what, _number: None)
            numbers.append(report.move_id)

        def frozen() -> None:
            with our_turn(instance.database, numbers[0]):
                found = [carry_over_again(instance, settings, ACTOR, numbers[0], moving) for _ in range(2)]
            if not found[0] or found[1]:
                raise RuntimeError(f"what has changed wasn't loaded once: {found}")

        numbers: list[int] = []
        figures = {}
        for step in ("load", "load_again"):
            figures[step] = timed(loaded)
            print(json.dumps({step: figures[step]}), file=sys.stderr)
        changes()
        return figures | {"freeze": timed(frozen)}


if __name__ == "__main__":
    main()
