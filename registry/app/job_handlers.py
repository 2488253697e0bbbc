# SPDX-License-Identifier: Apache-2.0
"""Which kinds of jobs this program can do, and which of them it does again and again."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from registry.api.v1 import bulk_job
from registry.app import audit_jobs, signing_job, trust_impact
from registry.app.api_context import api_context
from registry.app.instance import Instance
from registry.app.retention import policy_of
from registry.audit.retention import purge
from registry.jobs.schedule import Recurring
from registry.jobs.worker import Handler, JobContext
from registry.settings import Settings
from trust_lists.sources.evidence_fetching import WebFetcher

RETENTION = "retention"
RECURRING = (
    Recurring("retention", RETENTION, timedelta(days=1)),
    Recurring("trust-evidence", trust_impact.EVIDENCE, timedelta(hours=6)),
    Recurring("trust-impact", trust_impact.IMPACT, timedelta(days=1)),
)


def handlers(instance: Instance, settings: Settings) -> Mapping[str, Handler]:
    """By kind of job. A kind that isn't here is left to processes that know it."""
    policy = policy_of(settings)
    return {
        RETENTION: lambda context: purge(context.database, policy),
        signing_job.KIND: partial(signing_job.sign_documents, instance),
        bulk_job.KIND: _then_sign(bulk_job.bulk_handler(lambda: api_context(instance))),
        audit_jobs.VERIFY: audit_jobs.verify_audit,
        audit_jobs.EXPORT: partial(
            audit_jobs.export_audit, settings.data_dir / "exports", settings.audit_signing_key_file
        ),
        trust_impact.IMPACT: partial(trust_impact.compare_job, instance, settings.data_dir),
        trust_impact.EVIDENCE: partial(trust_impact.evidence_job, instance, settings.data_dir, WebFetcher),
    }


def _then_sign(handler: Handler) -> Handler:
    """A job that publishes much, and leaves it to another one to sign that."""

    def both(context: JobContext) -> Any:
        result = handler(context)
        if context.job.domain_id is not None and not context.payload["plan"]:
            with context.database.write(context.actor) as work:
                signing_job.request_signing(work, context.job.domain_id)
        return result

    return both
