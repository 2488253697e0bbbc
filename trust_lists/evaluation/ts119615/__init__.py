# SPDX-License-Identifier: Apache-2.0
"""The procedures of ETSI TS 119 615 V1.3.1 (2026-01), §4.3 to §4.13: what trusted lists say of a certificate.

Each is a pure function of a certificate, an instant and the lists at hand, never raises, and gives out the values,
status and sub-status of the standard byte for byte, with an explanation whose steps carry the clauses' numbers.

Where the text is silent or contradicts itself, it is read so (values of ours begin with `OWN_`):

- General (GPR-4.0-01): further sub-status values are allowed. Those of §4.2 and §4.3 are handed up also where these
  passed (an expired list, services that are listed twice), those of §4.4 to §4.5, and those of §4.6 to what wraps it.
- 4.3.4-01: every territory that the list of lists points to is accepted, so also IS, LI and NO. A name with no
  country, or with two, has none.
- 4.3.4-01: a list that was out of date at Date-time already has the warning of 4.2.4-10, whenever it was authenticated.
- 4.3.4-03: a service that had no status yet at Date-time is dropped. Critical extensions of a matching service that
  nobody understands fail the process (TS 119 612 §5.5.9): `OWN_ERROR_UNKNOWN_CRITICAL_EXTENSION_OF_SERVICE`; so do more
  possible paths than can be tried: `OWN_ERROR_TOO_MANY_PATHS`.
- 4.3.4-03A: `OWN_ERROR_SERVICE_HISTORY_NOT_DESCENDING`, also where a section has no time. The present section isn't an
  instance: lists exist where it begins together with the newest one, and it comes first.
- 4.3.4-05 to -11: statuses and names are compared in pairs. Providers are different where their names in all
  languages aren't the same.
- 4.4.4-06 b) means that the issuer has no O: then its CN must be a name of the provider, or its name a listed subject.
- 4.4.4-10A: `ERROR_Service_Status_Non-compliance_with_TS119612` is written without the blank that is printed in it.
- 4.4.4-11: criteria of which nobody can say whether they hold make the check indeterminate where their qualifiers speak
  of it: `OWN_WARNING_CRITERIA_UNDECIDED`.
- 4.4.4-13: QCStatements that can't be read, or a QcType that EN 319 412-5 doesn't know, make the check indeterminate.
- 4.4.4-18A b) and -26A b) set CHECK_2 and CHECK_3.
- 4.4.4-32: each pair of Table 4 has its value, `OWN_ERROR_CONFLICT_…` or `OWN_WARNING_UNCERTAIN_…`.
- 4.4.4-33 c) and d) speak of the statuses at Date-time; f2) holds from D0 itself on; f3) gives out three negatives, and
  no second run follows; what can't be read or decided fails the process.
- 4.4.4-36: unequal results are named in `OWN_ERROR_RESULTS_DIFFER_…`. Warnings of the second run are those of its
  QC-Status. Results and sets of qualifications given out are those of Date-time.
- 4.5.4-04: undecided criteria of qualifiers about devices are `QSCD_INDETERMINATE`.
- 4.6.4-06 and -08 don't erase the warning of -07; a subject without an O has no name in common with anybody.
- 4.7.4: the certificate is that of the time-stamping unit; the result is that of Date-time; no second run follows a
  failed first one. 4.7.4-06 has `OWN_ERROR_RESULTS_DIFFER_…`.
- 4.10.4-07 compares the names of providers only where both runs found one.
"""

from trust_lists.evaluation.ts119615.codes import (
    D0,
    IssuerResult,
    QcResult,
    QscdResult,
    SignatureServiceResult,
    Status,
)
from trust_lists.evaluation.ts119615.delivery import DeliveryOutcome, registered_delivery
from trust_lists.evaluation.ts119615.evidence import ListEvidence
from trust_lists.evaluation.ts119615.qscd import QscdOutcome, qualified_device
from trust_lists.evaluation.ts119615.qualified import QualifiedOutcome, qualified_certificate
from trust_lists.evaluation.ts119615.services import FoundService, ServicesOutcome, matching_services
from trust_lists.evaluation.ts119615.signature_services import (
    SignatureServiceOutcome,
    preservation_service,
    validation_service,
)
from trust_lists.evaluation.ts119615.time_stamp import time_stamp
from trust_lists.evaluation.ts119615.token_issuer import IssuerOutcome, token_issuer
from trust_lists.evaluation.ts119615.wrappers import archiving, attribute_attestation, ledger

__all__ = [
    "D0",
    "DeliveryOutcome",
    "FoundService",
    "IssuerOutcome",
    "IssuerResult",
    "ListEvidence",
    "QcResult",
    "QscdOutcome",
    "QscdResult",
    "QualifiedOutcome",
    "ServicesOutcome",
    "SignatureServiceOutcome",
    "SignatureServiceResult",
    "Status",
    "archiving",
    "attribute_attestation",
    "ledger",
    "matching_services",
    "preservation_service",
    "qualified_certificate",
    "qualified_device",
    "registered_delivery",
    "time_stamp",
    "token_issuer",
    "validation_service",
]
