# SPDX-License-Identifier: Apache-2.0
"""The tables, by topic; importing this package makes `metadata` complete."""

from registry.storage.tables.accounts import (
    account,
    credential,
    login_failure,
    oidc_login,
    owner_group,
    role_grant,
    session,
)
from registry.storage.tables.alerts import alert_channel, alert_delivery, problem
from registry.storage.tables.audit import audit_chain, event, event_batch, event_subject
from registry.storage.tables.business_card import business_card
from registry.storage.tables.campaigns import campaign, campaign_member, campaign_progress, campaign_reminder
from registry.storage.tables.core import certificate, code_list, domain, installation, metadata, signing_key, token
from registry.storage.tables.directory import directory_entry, directory_standing
from registry.storage.tables.impact import trust_impact_run, trust_plan, trust_timeline
from registry.storage.tables.jobs import idempotent_answer, job, job_schedule
from registry.storage.tables.move_in import move_in, move_in_domain, moved_part, moved_record
from registry.storage.tables.plans import plan, plan_row
from registry.storage.tables.sml import (
    blocked_certificate,
    certificate_reminder,
    ended_migration,
    intervention,
    migration,
    publisher,
    publisher_certificate,
    quarantine,
    registration,
)
from registry.storage.tables.smp import (
    access_point,
    access_point_certificate,
    endpoint,
    process,
    process_metadata,
    redirect,
    service,
    service_group,
    signed_document,
    signed_service_group,
)
from registry.storage.tables.trust import trust_configuration
from registry.storage.tables.zone import (
    name_server,
    zone,
    zone_change,
    zone_push,
    zone_record,
    zone_rrset,
    zone_serial,
    zone_transfer,
)

__all__ = [
    "access_point",
    "access_point_certificate",
    "account",
    "alert_channel",
    "alert_delivery",
    "audit_chain",
    "blocked_certificate",
    "business_card",
    "campaign",
    "campaign_member",
    "campaign_progress",
    "campaign_reminder",
    "certificate",
    "certificate_reminder",
    "code_list",
    "credential",
    "directory_entry",
    "directory_standing",
    "domain",
    "ended_migration",
    "endpoint",
    "event",
    "event_batch",
    "event_subject",
    "idempotent_answer",
    "installation",
    "intervention",
    "job",
    "job_schedule",
    "login_failure",
    "metadata",
    "migration",
    "move_in",
    "move_in_domain",
    "moved_part",
    "moved_record",
    "name_server",
    "oidc_login",
    "owner_group",
    "plan",
    "plan_row",
    "problem",
    "process",
    "process_metadata",
    "publisher",
    "publisher_certificate",
    "quarantine",
    "redirect",
    "registration",
    "role_grant",
    "service",
    "service_group",
    "session",
    "signed_document",
    "signed_service_group",
    "signing_key",
    "token",
    "trust_configuration",
    "trust_impact_run",
    "trust_plan",
    "trust_timeline",
    "zone",
    "zone_change",
    "zone_push",
    "zone_record",
    "zone_rrset",
    "zone_serial",
    "zone_transfer",
]
