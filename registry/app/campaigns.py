# SPDX-License-Identifier: Apache-2.0
"""Counting and reminding of campaigns: by jobs, or here and now by a command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from registry.app.alert_job import senders_of
from registry.app.instance import Instance
from registry.app.trust_impact import comparison
from registry.campaigns import desk, document_types, reminding, zones
from registry.campaigns.model import CampaignKind, CampaignState, Census, required, step_due
from registry.campaigns.pki import PkiCount, configuration_in
from registry.errors import NotFoundError
from registry.impact.asking import Progress
from registry.jobs.worker import JobContext
from registry.settings import Settings
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import campaigns
from registry.storage.queries.campaigns import CampaignRow
from registry.storage.unit_of_work import UnitOfWork

_MANY = 10_000


def count(instance: Instance, data_dir: Path, actor: Actor, row: CampaignRow, progress: Progress) -> CampaignRow:
    """Count a campaign, and write down what came of it.

    Raises NotFoundError where its domain has gone, ConfigurationError where its trust model can't be used.
    """
    stored = _domain_of(instance, row)
    return desk.take(instance.database, actor, row.id, _census(instance, data_dir, actor, stored, row, progress))


def count_job(instance: Instance, data_dir: Path, context: JobContext) -> dict[str, Any]:
    """As `count`, of the campaign that the job names; where it names none, have it done for all that are open."""
    instance.directory.refresh()
    if "campaign" not in context.payload:
        return _for_each(context)
    row = _named(context)
    if row.state != CampaignState.OPEN:
        return {}

    def progress(work: UnitOfWork, done: int, total: int, message: str) -> None:
        context.progress(work, done, total=total, message=message)

    counted = count(instance, data_dir, context.actor, row, progress)
    if counted.automatic and step_due(counted, context.database.now()) is not None:
        with context.database.write(context.actor) as work:
            desk.request_reminding(work, counted)
    return dict(counted.counts or {})


def remind_job(instance: Instance, settings: Settings, context: JobContext) -> dict[str, int]:
    """Remind those who are late of the campaign that the job names."""
    instance.directory.refresh()
    row = _named(context)
    name = _domain_of(instance, row).domain.name
    senders = senders_of(instance, settings)

    def counted(work: UnitOfWork, done: int, total: int) -> None:
        context.progress(work, done, total=total)

    return reminding.remind(context.database, context.actor, senders, row.id, name, counted)


def _census(
    instance: Instance, data_dir: Path, actor: Actor, stored: StoredDomain, row: CampaignRow, progress: Progress
) -> Census:
    database = instance.database
    if row.kind == CampaignKind.PKI:
        compared = comparison(instance, data_dir, stored, configuration_in(row.target["configuration"]))
        with database.read() as connection:
            known = campaigns.members(connection, row.id).keys()
        return PkiCount(database, stored, compared.before, compared.after).census(actor, row.deadline, known, progress)
    counted = _counting(instance, actor, progress)
    if row.kind == CampaignKind.ZONE:
        return zones.census(database, stored, row.target, counted)
    return document_types.census(database, stored, row.target, counted)


def _counting(instance: Instance, actor: Actor, progress: Progress) -> Callable[[int], None]:
    def counted(participants: int) -> None:
        with instance.database.write(actor) as work:
            progress(work, participants, participants, f"{participants} participants counted")

    return counted


def _for_each(context: JobContext) -> dict[str, int]:
    with context.database.write(context.actor) as work:
        domains = None if context.job.domain_id is None else [context.job.domain_id]
        rows = campaigns.page(work.connection, domains, CampaignState.OPEN, None, _MANY)
        for row in rows:
            desk.request_count(work, row)
    return {"campaigns": len(rows)}


def _named(context: JobContext) -> CampaignRow:
    """The campaign that a job names. Raises NotFoundError."""
    with context.database.read() as connection:
        return required(campaigns.find(connection, context.job.domain_id or 0, context.payload["campaign"]))


def _domain_of(instance: Instance, row: CampaignRow) -> StoredDomain:
    found = next((each for each in instance.directory.all() if each.id == row.domain_id), None)
    if found is None:
        raise NotFoundError("the domain of this campaign isn't there any more")
    return found
