# SPDX-License-Identifier: Apache-2.0
"""Namespaces of the busdox dialect, and the clauses that its rules cite."""

from registry.smp.documents.smp1.vocabulary import TAD, Vocabulary1

SMP = "http://busdox.org/serviceMetadata/publishing/1.0/"
IDS = "http://busdox.org/transport/identifiers/1.0/"
WSA = "http://www.w3.org/2005/08/addressing"

SPECIFICATION = "Peppol SMP 1.4.0"

VOCABULARY = Vocabulary1(
    reasons="BUSDOX",
    schema=f"{SPECIFICATION}, peppol-smp-types-v1.xsd",
    namespace=SMP,
    prefixes={SMP: "smp", IDS: "ids", WSA: "wsa"},
    ids=IDS,
    address=(("EndpointReference", WSA), ("Address", WSA)),
    url_clause=f"{SPECIFICATION} §3",
)
SIGNED_SERVICE_METADATA = VOCABULARY.signed_service_metadata

__all__ = ["IDS", "SIGNED_SERVICE_METADATA", "SMP", "SPECIFICATION", "TAD", "VOCABULARY", "WSA"]
