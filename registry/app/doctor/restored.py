# SPDX-License-Identifier: Apache-2.0
"""What is to be looked at after a restore: what was done between the backup and the accident is lost here only."""

from collections.abc import Iterator

from registry.app.doctor.findings import Finding, error, hint, warning
from registry.audit.verification import verify
from registry.storage.engine import Database
from registry.storage.inspection import installation_facts, usable_tokens_before
from registry.storage.queries import zones


def check_restored(database: Database) -> Iterator[Finding]:
    """Everything that a restore leaves to people."""
    with database.read() as connection:
        facts = installation_facts(connection)
        rows = zones.all_zones(connection)
        restored_at = None if facts is None else facts.restored_at
        tokens = 0 if restored_at is None else usable_tokens_before(connection, restored_at, database.now())
    if restored_at is None:
        remedy = "After other means than `registry restore` (PostgreSQL's own recovery): registry database adopt"
        yield error("DOCTOR-NOT-RESTORED", "nothing says that this installation was restored", remedy)
        return
    yield hint(
        "DOCTOR-RESTORED",
        f"the installation was restored {restored_at:%Y-%m-%d %H:%M:%S} UTC; later changes of the one before are lost",
        "Ask those who registered or published meanwhile to do so again; the network's directory may know them.",
    )
    for row in rows:
        if row.history_from == row.serial:
            what = f"the zone {row.name} goes on from serial {row.serial}, to which no differences lead"
            remedy = "See with registry doctor --online that every name server has taken the whole zone."
            yield hint("DOCTOR-RESTORED-ZONE", what, remedy)
    if tokens:
        what = f"{tokens} tokens from before the restore can be used, also those that were revoked since the backup"
        yield warning("DOCTOR-RESTORED-TOKENS", what, "Revoke those (registry token revoke), or rotate all of them.")
    finding = verify(database).finding
    if finding is not None:
        what = f"the audit's chain isn't whole at {finding.position}: {finding.message}"
        yield error("DOCTOR-AUDIT-BROKEN", what, "Keep the database as it is, and compare it with the backup.")
