# SPDX-License-Identifier: Apache-2.0
"""Trust marks of OpenID Federation 1.0 (§7.1), and delegations of the right to issue them (§7.2.1)."""

from dataclasses import dataclass
from datetime import datetime

from trust_lists.documents.claims import read_claims

MARK_TYPE = "trust-mark+jwt"
DELEGATION_TYPE = "trust-mark-delegation+jwt"


@dataclass(frozen=True, slots=True)
class TrustMark:
    """That `subject` has a mark of a kind or, in a delegation, that it may issue marks of the kind."""

    issuer: str
    subject: str
    kind: str
    issued_at: datetime
    expires: datetime | None
    """None where it holds for ever."""
    delegation: str
    """A JWT; "" where there is none."""


def read_trust_mark(payload: bytes) -> TrustMark:
    """A mark, or a delegation. Raises MetadataRefusedError: STATEMENT_JSON, STATEMENT_CLAIM."""
    claims = read_claims(payload)
    delegation = claims.members.get("delegation", "")
    if not isinstance(delegation, str):
        raise claims.refused("delegation", "is no text")
    return TrustMark(
        issuer=claims.entity("iss"),
        subject=claims.entity("sub"),
        kind=claims.text("trust_mark_type"),
        issued_at=claims.instant("iat"),
        expires=claims.instant_or_none("exp"),
        delegation=delegation,
    )
