# SPDX-License-Identifier: Apache-2.0
"""`registry trust impact` over a million participants behind 400 access points, as a process of its own on SQLite.

A migration of authorities: half of the access points have certificates of the new one already, one in eight ends within
the 90 days. Each participant has two documents, one participant in twenty at two access points. What the rows lack for
being published, no comparison looks at.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.serialization import Encoding
from documents import ACTOR, demo_pki, forget_durability, new_instance
from processes import ROOT
from sqlalchemy import Connection, text

from registry.app.instance import Instance
from registry.clock import system_clock
from registry.demo.pki import Authority, DemoPki, new_ec_key, new_root
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import certificates
from registry.trust.model import configuration_of
from trust_lists.certificates.listed import listed
from trust_lists.evaluation.trust_configuration import to_json

ACCESS_POINTS = 400
PARTICIPANTS = 1_000_000


def run(participants: int = PARTICIPANTS) -> dict[str, Any]:
    """Seconds, CPU seconds and peak memory: of a first run, and of the same one a second time."""
    pki = demo_pki()
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        with new_instance(folder, pki) as (instance, stored):
            forget_durability(instance)
            successor = _load(instance, stored, pki, participants)
            model = folder / "new.yaml"
            model.write_text(yaml.safe_dump(_model(stored, pki, successor)))
        first, report = _timed(folder, model)
        again, _ = _timed(folder, model)
    now = report["dates"][0]
    return {
        "name": "impact",
        "participants": participants,
        "access_points": ACCESS_POINTS,
        "stop_now": {"access_points": now["access-point"]["stops"], "participants": now["participants"]["stops"]},
        "decisions": report["effort"]["decisions"],
        **first,
        "again": again,
    }


def _timed(folder: Path, model: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """The command in a process of its own; one core, since it has one thread that works."""
    environment = {**os.environ, "REGISTRY_DATA_DIR": str(folder), "REGISTRY_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "registry", "trust", "impact", "--to", str(model), "--enforce", "--json"]
    begun = time.monotonic()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=told)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        output.seek(0)
        told.seek(0)
        if process.returncode not in (0, 1):
            raise RuntimeError(told.read().decode(errors="replace")[-2_000:])
        report: dict[str, Any] = json.loads(output.read())
    figures = {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_megabytes": round(used.ru_maxrss / 1024),
    }
    return figures, report


def _load(instance: Instance, stored: StoredDomain, pki: DemoPki, participants: int) -> Authority:
    """Fill the domain; returns the authority to which its access points move."""
    now = system_clock()
    successor = new_root(now, "DEMO Root TEST CA - next")
    key = new_ec_key()
    with instance.database.write(ACTOR) as work:
        rows = []
        for number in range(ACCESS_POINTS):
            authority = successor if number % 2 else pki.ap_ca
            ends = now + timedelta(days=number % 90 + 1 if number % 8 == 0 else 400)
            issued = authority.issue(
                f"POP{number:06}", "PEPPOL TEST AP", not_before=now - timedelta(minutes=30), not_after=ends, key=key
            )
            rows.append(certificate_row(issued.certificate.public_bytes(Encoding.DER)))
        certificates.put(work.connection, rows)
        _insert(work.connection, stored.id, [row["sha256"] for row in rows], participants)
    return successor


def _insert(connection: Connection, domain_id: int, digests: list[str], participants: int) -> None:
    for number, digest in enumerate(digests, 1):
        point = {"id": number, "domain": domain_id, "name": f"ap-{number}", "url": f"https://ap-{number}.example/as4"}
        connection.execute(text(_POINT), point)
        connection.execute(text(_SHOWN), {"id": number, "sha256": digest})
    values = {"domain": domain_id, "most": participants, "points": len(digests)}
    for statement in (_GROUPS, _SERVICES, _PROCESSES, _ENDPOINTS):
        connection.execute(text(statement), values)
    connection.execute(text("ANALYZE"))


_POINT = """
INSERT INTO access_point (id, domain_id, name, transport_profile, address, description, technical_contact,
                          content_sha256, version, modified_at)
VALUES (:id, :domain, :name, 'peppol-transport-as4-v2_0', :url, '', '', :name, 1, 0)
"""
_SHOWN = """
INSERT INTO access_point_certificate (access_point_id, position, type_code, mime_code, description, certificate_sha256)
VALUES (:id, 0, '', '', '', :sha256)
"""
_GROUPS = """
INSERT INTO service_group (id, domain_id, scheme, value, value_key, content_version, modified_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most)
SELECT i, :domain, 'iso6523-actorid-upis', printf('0088:73%011d', i), printf('0088:73%011d', i), 1, 0 FROM n
"""
_SERVICES = """
INSERT INTO service (id, service_group_id, scheme, value, value_key, content_version, modified_at)
WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * :most + 1)
SELECT i, i / 2, 'busdox-docid-qns', 'document-' || (i % 2), 'document-' || (i % 2), 1, 0 FROM n
"""
_PROCESSES = """
INSERT INTO process_metadata (id, service_id, position)
WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * :most + 1)
SELECT i, i, 0 FROM n
"""
_ENDPOINTS = """
INSERT INTO endpoint (id, process_metadata_id, service_id, access_point_id, position, require_business_level_signature)
WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * :most + 1)
SELECT i, i, i, (i / 2 + CASE WHEN i % 2 AND i / 2 % 20 = 0 THEN 7 ELSE 0 END) % :points + 1, 0, 0 FROM n
"""


def _model(stored: StoredDomain, pki: DemoPki, successor: Authority) -> dict[str, Any]:
    """The domain's configuration with the new authority for access points, and without the old one."""
    tree: Any = to_json(configuration_of(stored.domain))
    tree["id"] = "next"
    new, old = listed(successor.certificate), listed(pki.root.certificate)
    pem = successor.certificate.public_bytes(Encoding.PEM).decode()
    (anchor,) = (each for each in tree["stores"]["anchors"] if each["cert"]["sha256"] == old.sha256)
    tree["stores"]["anchors"].append({**anchor, "id": "next-root", "cert": {"sha256": new.sha256, "pem": pem}})
    path = {"path": {"to": ["next-root"], "issuer_must_be_anchor": True}}
    for role in ("ap-encrypt", "ap-sign"):
        tree["roles"][role]["accept"] = path
    return dict(tree)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else PARTICIPANTS), indent=2))
