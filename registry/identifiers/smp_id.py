# SPDX-License-Identifier: Apache-2.0
"""The id by which an SML knows a publisher; it becomes part of a DNS name and compares without case."""

import re

from registry.errors import Reason
from registry.identifiers.text import shorten

MAX_LENGTH = 64
MAX_LABEL = 63
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_CLAUSE = "EC SML ICD 1.30, ServiceMetadataPublisherID"


def validate_smp_id(smp_id: str) -> tuple[Reason, ...]:
    """Why `smp_id` can't be used; empty when it can."""
    if not smp_id:
        return (Reason("SMP-ID-EMPTY", "the SMP id is empty", _CLAUSE),)
    reasons = []
    labels = smp_id.split(".")
    if len(smp_id) > MAX_LENGTH:
        message = f"the SMP id has {len(smp_id)} characters; {MAX_LENGTH} is the most"
        reasons.append(Reason("SMP-ID-LENGTH", message, _CLAUSE))
    if any(len(label) > MAX_LABEL for label in labels):
        message = f"a label of the SMP id has more than {MAX_LABEL} characters"
        reasons.append(Reason("SMP-ID-LABEL-LENGTH", message, "RFC 1035 §2.3.4"))
    if not all(_LABEL.fullmatch(label) for label in labels):
        message = (
            f"{shorten(smp_id)} is no DNS name: dots separate letters, digits and hyphens, "
            "and no hyphen begins or ends a label"
        )
        reasons.append(Reason("SMP-ID-FORM", message, "RFC 1123 §2.1"))
    return tuple(reasons)
