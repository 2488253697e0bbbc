# SPDX-License-Identifier: Apache-2.0
"""The busdox dialect: what Peppol SMPs publish (Peppol SMP 1.4.0, peppol-smp-types-v1.xsd)."""

from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.parsed import ParsedDocument

read = BUSDOX.read
check_service_group = BUSDOX.check_service_group
check_service_metadata = BUSDOX.check_service_metadata
write_service_group = BUSDOX.write_service_group
write_service_metadata = BUSDOX.write_service_metadata

__all__ = [
    "BUSDOX",
    "ParsedDocument",
    "check_service_group",
    "check_service_metadata",
    "read",
    "write_service_group",
    "write_service_metadata",
]
