# SPDX-License-Identifier: Apache-2.0
"""The tables, by topic; importing this package makes `metadata` complete."""

from registry.storage.tables.business_card import business_card
from registry.storage.tables.core import certificate, code_list, domain, event, metadata, signing_key, token
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
from registry.storage.tables.zone import zone, zone_change, zone_rrset

__all__ = [
    "access_point",
    "access_point_certificate",
    "business_card",
    "certificate",
    "code_list",
    "domain",
    "endpoint",
    "event",
    "metadata",
    "migration",
    "process",
    "process_metadata",
    "publisher",
    "publisher_certificate",
    "redirect",
    "registration",
    "service",
    "service_group",
    "signed_document",
    "signed_service_group",
    "signing_key",
    "token",
    "zone",
    "zone_change",
    "zone_rrset",
]
