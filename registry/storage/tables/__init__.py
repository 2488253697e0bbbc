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
from registry.storage.tables.audit import audit_chain, event, event_subject
from registry.storage.tables.business_card import business_card
from registry.storage.tables.core import certificate, code_list, domain, installation, metadata, signing_key, token
from registry.storage.tables.impact import trust_impact_run, trust_plan, trust_timeline
from registry.storage.tables.jobs import idempotent_answer, job, job_schedule
from registry.storage.tables.sml import migration, publisher, publisher_certificate, registration
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
from registry.storage.tables.zone import zone, zone_change, zone_rrset

__all__ = [
    "access_point",
    "access_point_certificate",
    "account",
    "audit_chain",
    "business_card",
    "certificate",
    "code_list",
    "credential",
    "domain",
    "endpoint",
    "event",
    "event_subject",
    "idempotent_answer",
    "installation",
    "job",
    "job_schedule",
    "login_failure",
    "metadata",
    "migration",
    "oidc_login",
    "owner_group",
    "process",
    "process_metadata",
    "publisher",
    "publisher_certificate",
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
    "zone_rrset",
]
