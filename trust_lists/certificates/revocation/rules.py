# SPDX-License-Identifier: Apache-2.0
"""What a relying party demands to know about revocation: the vocabulary of TS 119 172-3, as values.

Nothing is implied: there are no defaults. Where nextUpdate is over, evidence makes nothing good, whatever `freshness`
says; without nextUpdate it does so only under a `freshness` (EN 319 102-1 §5.2.5.4 fails it, as nobody can tell how
long it counts). A revocation for good is one for ever, however old the evidence is.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class RevocationRule(StrEnum):
    """Which evidence must say that a certificate is good: clrCheck to noCheck of RFC 3125 and TS 119 172-3."""

    NO_CHECK = "no_check"
    """None; what there is isn't looked at either."""
    CRL_REQUIRED = "crl_required"
    OCSP_REQUIRED = "ocsp_required"
    CRL_AND_OCSP_REQUIRED = "crl_and_ocsp_required"
    CRL_OR_OCSP_REQUIRED = "crl_or_ocsp_required"
    CHECK_IF_DECLARED = "check_if_declared"
    """As CRL_OR_OCSP_REQUIRED, where the certificate says where to ask (CRL distribution points, or OCSP under
    authority information access), and doesn't say that there is nobody to ask (RFC 9608)."""


class OnUnknown(StrEnum):
    """What an unknown status means for the decision."""

    REJECT = "reject"
    INDETERMINATE = "indeterminate"
    ACCEPT = "accept"


class AfterExpiry(StrEnum):
    """What evidence means that is younger than the certificate's end: issuers may leave out what has expired
    (RFC 5280 §3.3), so that GOOD says nothing then."""

    REJECT = "reject"
    """It counts only where it says that it keeps what has expired: OCSP's archive cutoff (RFC 6960 §4.4.4), or the
    CRL's expiredCertsOnCRL (X.509, 2.5.29.60)."""
    ACCEPT = "accept"
    """It counts as any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationRules:
    """The demands of one role.

    Any time below is `at` (the time asked about) or belongs to the evidence; the present plays no part.
    """

    leaf: RevocationRule
    intermediates: RevocationRule
    freshness: timedelta | None
    """How long before `at` thisUpdate may be at most; None: nextUpdate alone decides."""
    retroactive: bool
    """Whether evidence with thisUpdate after `at` counts for `at`. It is then fresh whatever its age, and a revocation
    after `at` is none yet."""
    after_expiry: AfterExpiry
    on_unknown: OnUnknown
    """For whoever decides; nothing in this package reads it."""
    clock_skew: timedelta
    """By how much thisUpdate may be after `at`, and nextUpdate before it; not negative."""

    def rule(self, *, final: bool) -> RevocationRule:
        """For the last certificate of a path, or for one above it."""
        return self.leaf if final else self.intermediates
