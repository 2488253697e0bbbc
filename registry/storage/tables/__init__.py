# SPDX-License-Identifier: Apache-2.0
"""The tables, by topic; importing this package makes `metadata` complete."""

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
)
from registry.storage.tables.zone import zone, zone_change, zone_rrset

__all__ = [
    "access_point",
    "access_point_certificate",
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
    "signing_key",
    "token",
    "zone",
    "zone_change",
    "zone_rrset",
]
