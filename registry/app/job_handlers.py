# SPDX-License-Identifier: Apache-2.0
"""Which kinds of jobs this program can do, and which of them it does again and again."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from registry.api.v1 import bulk_job
from registry.app import (
    alert_job,
    audit_jobs,
    campaigns,
    consistency_job,
    directory_job,
    move_in_replay,
    server_check_job,
    signing_job,
    trust_impact,
)
from registry.app.api_context import api_context
from registry.app.instance import Instance
from registry.app.plans import apply_handler
from registry.app.retention import policy_of
from registry.app.signing_key_job import activate_planned_key
from registry.audit.retention import purge
from registry.campaigns import desk
from registry.jobs.schedule import Recurring
from registry.jobs.worker import Handler, JobContext
from registry.move_in.replay.replaying import REPLAY
from registry.plans import applying
from registry.settings import Settings
from registry.sml import migrations as sml_migrations
from registry.sml.reminders import known_by_name, remind
from registry.smp.signing_keys import ACTIVATION
from trust_lists.sources.evidence_fetching import WebFetcher

RETENTION = "retention"
REMINDERS = "certificate-reminders"
RECURRING = (
    Recurring("retention", RETENTION, timedelta(days=1)),
    Recurring("sml-migrations", sml_migrations.EXPIRE, timedelta(hours=1)),
    Recurring("trust-evidence", trust_impact.EVIDENCE, timedelta(hours=6)),
    Recurring("trust-impact", trust_impact.IMPACT, timedelta(days=1)),
    Recurring("certificate-reminders", REMINDERS, timedelta(hours=1)),
    Recurring("dns-server-checks", server_check_job.CHECK_ALL, timedelta(days=1)),
    Recurring("campaigns", desk.COUNT, timedelta(days=1)),
    Recurring("problems", alert_job.LOOK, timedelta(minutes=15)),
)


def handlers(instance: Instance, settings: Settings) -> Mapping[str, Handler]:
    """By kind of job. A kind that isn't here is left to processes that know it."""
    policy = policy_of(settings)
    return {
        RETENTION: lambda context: purge(context.database, policy),
        REMINDERS: partial(_remind, instance),
        ACTIVATION: partial(activate_planned_key, instance),
        signing_job.KIND: partial(signing_job.sign_documents, instance),
        bulk_job.KIND: _then_sign(bulk_job.bulk_handler(lambda: api_context(instance)), bulk_job.only_plans),
        applying.KIND: _then_sign(apply_handler(instance)),
        audit_jobs.VERIFY: audit_jobs.verify_audit,
        audit_jobs.EXPORT: partial(
            audit_jobs.export_audit, settings.data_dir / "exports", settings.audit_signing_key_file
        ),
        **instance.publishers.bulk.handlers(instance.directory),
        **instance.interventions.handlers(instance.directory),
        sml_migrations.EXPIRE: sml_migrations.expire_migrations,
        consistency_job.CHECK: partial(consistency_job.check_job, instance),
        directory_job.PUSH: partial(directory_job.push_job, instance, settings),
        directory_job.COMPARE: partial(directory_job.compare_job, instance),
        directory_job.ORPHANS: partial(directory_job.orphans_job, instance, settings),
        REPLAY: partial(move_in_replay.replay_job, instance),
        server_check_job.CHECK_ALL: partial(server_check_job.request_checks, instance),
        server_check_job.CHECK: partial(server_check_job.server_check_job, instance, settings),
        desk.COUNT: partial(campaigns.count_job, instance, settings.data_dir),
        desk.REMIND: partial(campaigns.remind_job, instance, settings),
        alert_job.LOOK: partial(alert_job.look_job, instance, settings),
        alert_job.TRY: partial(alert_job.try_job, instance, settings),
        alert_job.DELIVER: partial(alert_job.deliver_job, instance, settings),
        trust_impact.IMPACT: partial(trust_impact.compare_job, instance, settings.data_dir),
        trust_impact.EVIDENCE: partial(trust_impact.evidence_job, instance, settings.data_dir, WebFetcher),
    }


def _remind(instance: Instance, context: JobContext) -> dict[str, int]:
    instance.directory.refresh()
    return remind(context.database, context.actor, known_by_name(instance.directory.all()))


def _then_sign(handler: Handler, only_plans: Callable[[Mapping[str, Any]], bool] = lambda _payload: False) -> Handler:
    """A job that publishes much, and leaves it to another one to sign that."""

    def both(context: JobContext) -> Any:
        result = handler(context)
        if context.job.domain_id is not None and not only_plans(context.payload):
            with context.database.write(context.actor) as work:
                signing_job.request_signing(work, context.job.domain_id)
        return result

    return both
