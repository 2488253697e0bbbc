# SPDX-License-Identifier: Apache-2.0
"""Namespaces of the busdox dialect, and the clauses that its rules cite."""

SMP = "http://busdox.org/serviceMetadata/publishing/1.0/"
IDS = "http://busdox.org/transport/identifiers/1.0/"
WSA = "http://www.w3.org/2005/08/addressing"
DS = "http://www.w3.org/2000/09/xmldsig#"

SPECIFICATION = "Peppol SMP 1.4.0"
XSD = f"{SPECIFICATION}, peppol-smp-types-v1.xsd"
TAD = "eDelivery SMP TAD 1.07"
SIGNED_SERVICE_METADATA = f"{{{SMP}}}SignedServiceMetadata"
EXTENSION = f"{{{SMP}}}Extension"
