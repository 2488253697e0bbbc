# SPDX-License-Identifier: Apache-2.0
"""What goes on in an installation: jobs, zones, the audit's chain, backups, and who may do what."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from registry.app.doctor.findings import Finding, error, hint, warning
from registry.app.last_backup import last_backup
from registry.settings import Settings
from registry.storage.engine import Database
from registry.storage.inspection import access_facts
from registry.storage.queries import audit, events, jobs, zones
from registry.storage.queries.administrators import count_system_admins
from registry.storage.types import from_microseconds

_BACKUP_AGE = timedelta(days=7)


def check_work(settings: Settings, database: Database) -> Iterator[Finding]:
    """Jobs, changes and events that wait for somebody who should have come."""
    now = database.now()
    with database.read() as connection:
        counts = jobs.counts(connection, now)
        oldest_change = zones.oldest_unstamped(connection)
        unsealed = events.unsealed(connection, 1)
        waiting = events.count_unsealed(connection)
        end = audit.chain(connection)
    if _is_late(counts.oldest_due, now, settings.ready_job_wait_s):
        what = f"{counts.waiting} jobs wait, the oldest one since {counts.oldest_due:%Y-%m-%d %H:%M} UTC"
        yield warning("DOCTOR-JOBS", what, "Let a process run with the role jobs; `registry job list` shows them.")
    if counts.failed:
        remedy = "`registry job list` says why; try them again when that is mended."
        yield warning("DOCTOR-JOBS-FAILED", f"{counts.failed} jobs have failed", remedy)
    if _is_late(oldest_change, now, settings.ready_zone_lag_s):
        what = f"changes wait for DNS since {oldest_change:%Y-%m-%d %H:%M} UTC"
        yield error("DOCTOR-ZONE-LAG", what, "Let a process run with the role dns, sml or jobs, and see its log.")
    since = from_microseconds(unsealed[0].at) if unsealed else None
    if _is_late(since, now, settings.ready_audit_lag_s):
        what = f"{waiting} events wait for their place in the audit's chain, which ends at {end.position}"
        yield warning("DOCTOR-AUDIT", what, "Let a process run with the role jobs.")


def check_access(database: Database) -> Iterator[Finding]:
    """Administrators, tokens and locked names."""
    with database.read() as connection:
        facts = access_facts(connection, database.now())
        administrators = count_system_admins(connection)
    if not administrators:
        remedy = "registry account create NAME, and registry permission grant NAME --role admin --system"
        yield hint("DOCTOR-NO-ADMIN", "no active account is an administrator of the system", remedy)
    if facts.endless:
        names = ", ".join(facts.endless_tokens) + (", …" if facts.endless > len(facts.endless_tokens) else "")
        remedy = "Give them an end (registry token rotate), so that one that leaks doesn't serve for ever."
        yield hint("DOCTOR-TOKENS", f"{facts.endless} tokens never expire: {names}", remedy)
    if facts.locked:
        what = f"{facts.locked} names are locked after wrong passwords"
        yield hint("DOCTOR-LOCKED", what, "registry account unlock NAME, if that was its owner; else somebody guesses.")


def check_backup(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether there was a backup, and when."""
    made_at = last_backup(settings.data_dir)
    remedy = "registry backup FILE, every night, to another machine; or say nothing of this where PostgreSQL does it."
    if made_at is None:
        yield hint("DOCTOR-BACKUP", "no backup is known to have been made here", remedy)
    elif now - made_at > _BACKUP_AGE:
        yield warning("DOCTOR-BACKUP", f"the last backup that is known is from {made_at:%Y-%m-%d %H:%M} UTC", remedy)


def _is_late(since: datetime | None, now: datetime, bound_s: float) -> bool:
    return since is not None and now - since > timedelta(seconds=bound_s)
