# SPDX-License-Identifier: Apache-2.0
"""How long this installation keeps what, as its settings say."""

from datetime import timedelta

from registry.audit.retention import Policy
from registry.settings import Settings


def policy_of(settings: Settings) -> Policy:
    """The retention of the settings, where 0 stands for ever."""
    return Policy(
        events=_days(settings.keep_events_days),
        sessions=_days(settings.keep_sessions_days),
        logins=timedelta(hours=settings.keep_logins_hours),
        answers=timedelta(hours=settings.keep_answers_hours),
        jobs=_days(settings.keep_jobs_days),
        zone_changes=_days(settings.keep_zone_changes_days),
        signed_documents=_days(settings.keep_signed_documents_days),
        migrations=_days(settings.keep_migrations_days),
    )


def _days(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None
