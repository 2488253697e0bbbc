# SPDX-License-Identifier: Apache-2.0
"""The busdox dialect: what Peppol SMPs publish (Peppol SMP 1.4.0, peppol-smp-types-v1.xsd)."""

from registry.smp.documents.busdox.reader import read
from registry.smp.documents.busdox.rules import check_service_group, check_service_metadata
from registry.smp.documents.busdox.writer import write_service_group, write_service_metadata
from registry.smp.documents.parsed import ParsedDocument

__all__ = [
    "ParsedDocument",
    "check_service_group",
    "check_service_metadata",
    "read",
    "write_service_group",
    "write_service_metadata",
]
