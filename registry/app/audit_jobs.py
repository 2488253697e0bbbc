# SPDX-License-Identifier: Apache-2.0
"""The jobs of the audit: to check the chain of events from begin to end, and to write it to a signed file."""

from pathlib import Path
from typing import Any

from registry.api.v1 import audit
from registry.app.instance import make_private_folder
from registry.audit.export import export, manifest_files
from registry.audit.signing import ExportSigner
from registry.audit.verification import verify
from registry.jobs.worker import JobContext

VERIFY, EXPORT = audit.VERIFY, audit.EXPORT


def verify_audit(context: JobContext) -> dict[str, Any]:
    """What was checked, and the first place where something is wrong; `finding` is None where nothing is."""
    found = verify(context.database)
    flaw = found.finding
    return {
        "begin": str(found.begin),
        "end": str(found.end),
        "events": found.events,
        "not_in_the_chain_yet": found.unsealed,
        "not_opened": found.unopened,
        "finding": flaw and {"flaw": flaw.flaw.value, "position": flaw.position, "message": flaw.message},
    }


def export_audit(folder: Path, key_file: Path, context: JobContext) -> dict[str, Any]:
    """Write the part of the chain that the job asks for into `folder`; tells the files and what is in them.

    Errors as those of `registry.audit.export.export`; ConfigurationError for a key or a folder that can't be used.
    """
    make_private_folder(folder)
    signer = ExportSigner.open(key_file)
    file = folder / f"audit-{context.job.id}.jsonl"
    for left in (file, *manifest_files(file)):
        left.unlink(missing_ok=True)  # by a worker that died
    wanted = context.payload
    manifest = export(context.database, file, signer, after=wanted["after"], open_sealed=wanted["opened"])
    return {
        "files": [path.name for path in (file, *manifest_files(file))],
        "begin": str(manifest.begin),
        "end": str(manifest.end),
        "events": manifest.events,
        "sha256": manifest.sha256,
        "signed_by": signer.public.fingerprint,
    }
