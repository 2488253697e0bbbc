# SPDX-License-Identifier: Apache-2.0
"""OpenSSL and a few lines without any of our code verify an export of the audit."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from registry.audit import chain
from registry.audit.events import record_many
from registry.audit.export import export, manifest_files
from registry.audit.signing import ExportSigner
from registry.metadata import ServiceGroup
from tests.simulators.offline import ACTOR, OfflineInstance, participant

FIELDS = (
    *("sequence", "at", "actor", "request_id", "tag", "domain_id"),
    *("subject", "before", "after", "subject_id", "sealed"),
)


@pytest.fixture
def exported(offline: OfflineInstance) -> Path:
    """The audit of an instance that has published something."""
    database = offline.instance.database
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant()))
    with database.write(ACTOR) as work:
        record_many(work, "test:thing:make", [('ü"\\\n\u2028', {"b": [1, 2.5, None]}, {"\x7f": "\x01"})])
    chain.seal(database)
    file = offline.folder / "audit.jsonl"
    export(database, file, ExportSigner.open(offline.folder / "audit-signing.pem"))
    return file


def verified(tool: Any, file: Path) -> "subprocess.CompletedProcess[str]":
    manifest, signature, key = manifest_files(file)
    command = (tool.path("openssl"), "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key)
    return subprocess.run(
        [*command, "-in", manifest, "-sigfile", signature], capture_output=True, text=True, timeout=30, check=False
    )


def test_openssl_verifies_the_signature_of_the_manifest(tool: Any, exported: Path) -> None:
    done = verified(tool, exported)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified Successfully" in done.stdout
    manifest, _, _ = manifest_files(exported)
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    assert verified(tool, exported).returncode != 0


def test_hashes_are_made_as_the_reference_says(exported: Path) -> None:
    manifest = json.loads(manifest_files(exported)[0].read_bytes())
    assert hashlib.sha256(exported.read_bytes()).hexdigest() == manifest["sha256"]
    position, previous = manifest["begin"]["position"], manifest["begin"]["hash"]
    for line in exported.read_bytes().splitlines():
        event = json.loads(line)
        position += 1
        form = json.dumps(
            [position, previous, *(event[name] for name in FIELDS)], ensure_ascii=False, separators=(",", ":")
        )
        previous = hashlib.sha256(form.encode()).hexdigest()
        assert (event["position"], event["hash"]) == (position, previous)
    assert {"position": position, "hash": previous} == manifest["end"]
