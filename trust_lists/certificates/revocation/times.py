# SPDX-License-Identifier: Apache-2.0
"""Whether evidence speaks about the time asked about, and how much of what it says counts then."""

from dataclasses import dataclass
from datetime import datetime

from trust_lists.certificates.revocation.model import CrlReason, Revocation, RevocationReason
from trust_lists.certificates.revocation.rules import AfterExpiry, RevocationRules


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a CRL, with its delta, or of one OCSP response."""

    this_update: datetime
    next_update: datetime | None
    expired_kept_from: datetime | None
    """It still speaks about certificates that expired since; None: about none that has expired."""
    clause: str
    evidence: str

    def from_later(self, at: datetime, rules: RevocationRules) -> RevocationReason | None:
        """Why nothing that it says counts for `at`; None where it may."""
        if rules.retroactive or self.this_update - at <= rules.clock_skew:
            return None
        return self._reason(
            "EVIDENCE_FROM_LATER", f"it speaks of {_shown(self.this_update)}, after the time asked about"
        )

    def weaknesses(self, at: datetime, expiry: datetime, rules: RevocationRules) -> list[RevocationReason]:
        """Why it doesn't make a certificate good that ends at `expiry`.

        What is weak still counts where it says that the certificate was revoked for good: that doesn't change.
        """
        found = []
        age = at - self.this_update
        if rules.freshness is not None and age > rules.freshness:
            found.append(self._reason("EVIDENCE_TOO_OLD", f"it is {age} old, and {rules.freshness} is allowed"))
        if self.next_update is None:
            if rules.freshness is None:
                found.append(self._reason("EVIDENCE_WITHOUT_END", "it doesn't say until when it counts"))
        elif at - self.next_update > rules.clock_skew:
            found.append(self._reason("EVIDENCE_STALE", f"it counted until {_shown(self.next_update)}"))
        if rules.after_expiry is AfterExpiry.REJECT and self.this_update > expiry:
            kept = self.expired_kept_from
            if kept is None or kept > expiry:
                message = f"the certificate had expired on {_shown(expiry)}, and may have been left out since"
                found.append(self._reason("EVIDENCE_AFTER_EXPIRY", message))
        return found

    def revocation(self, date: datetime, reason: CrlReason, invalid_since: datetime | None) -> Revocation:
        """A revocation that is listed."""
        dates = (date, self.this_update) if invalid_since is None else (date, self.this_update, invalid_since)
        return Revocation(min(dates), date, reason)

    def _reason(self, reason_id: str, message: str) -> RevocationReason:
        return RevocationReason(reason_id, self.clause, message, self.evidence)


def counts(revocation: Revocation, at: datetime, weaknesses: list[RevocationReason]) -> bool:
    """Whether the revocation is a fact at `at`, however weak what it was read from is."""
    return revocation.since <= at and not (weaknesses and revocation.on_hold)


def _shown(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
