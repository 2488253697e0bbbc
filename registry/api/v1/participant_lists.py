# SPDX-License-Identifier: Apache-2.0
"""Lists of participants in request bodies."""

from collections.abc import Sequence

from registry.api.v1.rules import parsed_participant
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.storage.domain_directory import StoredDomain


def parsed_participants(stored: StoredDomain, texts: Sequence[str]) -> list[ParticipantIdentifier]:
    """The participants that a body names as `participants`. Raises ValidationError that points to all that are none."""
    parsed, reasons = [], []
    for number, text in enumerate(texts):
        try:
            parsed.append(parsed_participant(stored, text))
        except ValidationError as error:
            at = f"#/participants/{number}"
            reasons += [Reason(reason.id, reason.message, reason.clause, at) for reason in error.reasons]
    if reasons:
        raise ValidationError(reasons)
    return parsed
