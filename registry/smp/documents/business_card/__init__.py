# SPDX-License-Identifier: Apache-2.0
"""Business cards as the Peppol Directory takes them (peppol-directory-business-card-*.xsd, three versions)."""

from registry.smp.documents.business_card.model import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityIdentifier,
    EntityName,
    Version,
)
from registry.smp.documents.business_card.reader import read
from registry.smp.documents.business_card.rules import MAX_BYTES, check_business_card
from registry.smp.documents.business_card.writer import write_business_card

__all__ = [
    "MAX_BYTES",
    "BusinessCard",
    "BusinessEntity",
    "Contact",
    "EntityIdentifier",
    "EntityName",
    "Version",
    "check_business_card",
    "read",
    "write_business_card",
]
