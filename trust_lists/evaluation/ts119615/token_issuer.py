# SPDX-License-Identifier: Apache-2.0
"""Whether who signed a token is a qualified trust service: TS 119 615 §4.6, which §4.7 to §4.13 build on.

One instant only, and the list of the country of the certificate's *subject* (§4.4 takes the issuer's). Where the text
sets the sub-status in steps -06 and -08, it would erase the warning of -07; here it is kept.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography.x509.oid import NameOID

from trust_lists.certificates.listed import listed
from trust_lists.certificates.names import comparable_text
from trust_lists.documents.model import Text
from trust_lists.documents.vocabulary import GRANTED
from trust_lists.evaluation.explanation import Account, Explanation
from trust_lists.evaluation.ts119615.codes import (
    D0,
    ISSUER_DUPLICATION,
    ISSUER_NAME_INCONSISTENCY,
    ISSUER_STATUS_INCONSISTENCY,
    IssuerResult,
    Status,
)
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence
from trust_lists.evaluation.ts119615.services import (
    FoundService,
    matching_services,
    names_of,
    short,
    subject_territory,
    told,
)


@dataclass(frozen=True, slots=True)
class IssuerOutcome:
    """QTSTo-Results, QTSTo-Status, QTSTo-Sub-Status, CC and TSP-Name.

    `services` is SI-Results, which §4.8 and §4.9 read; `provider_names` is empty where no service decided.
    """

    service_type: str
    """URI of the type that was asked for."""
    result: IssuerResult
    status: Status
    sub_status: tuple[str, ...]
    territory: str
    provider_names: tuple[Text, ...]
    services: tuple[FoundService, ...]
    explanation: Explanation


def token_issuer(certificate: Certificate, service_type: str, at: datetime, evidence: ListEvidence) -> IssuerOutcome:
    """Whether the certificate's holder was a qualified service of a type (URI) at an instant (aware). Never raises."""
    subject = listed(certificate)
    account = Account("4.6.4", f"{subject.subject_text or subject.sha256} as {short(service_type)} at {told(at)}")
    codes: dict[str, None] = {}
    territory = subject_territory(subject)
    found: tuple[FoundService, ...] = ()

    def ended(
        status: Status, result: IssuerResult, number: str, read: str, why: str, names: tuple[Text, ...] = ()
    ) -> IssuerOutcome:
        account.step(number, read, why, decides=True)
        explanation = account.closed(f"{status}, {result}")
        return IssuerOutcome(service_type, result, status, tuple(codes), territory, names, found, explanation)

    def failed(number: str, read: str, code: str) -> IssuerOutcome:
        codes[code] = None
        return ended(Status.FAILED, IssuerResult.INDETERMINATE, number, read, code)

    if at < D0:
        why = "before 2016-06-30 22:00 UTC there were no qualified ones"
        return ended(Status.PASSED, IssuerResult.NOT_QUALIFIED, "-01", "Date-time", why)
    account.step("-02", "country of the subject", territory or "none, or several")
    services = matching_services(subject, service_type, at, territory, evidence)
    account.include(services.explanation)
    if services.status is Status.FAILED:
        codes |= dict.fromkeys(services.failure)
        return ended(Status.FAILED, IssuerResult.INDETERMINATE, "-04", "services", "the process failed")
    codes |= dict.fromkeys(services.sub_status)
    found = services.results
    if not found:
        return ended(Status.PASSED, IssuerResult.NOT_QUALIFIED, "-05", "services", "none matches")
    statuses = {each.state.status for each in found}
    if len(statuses) > 1:
        return failed("-06", f"statuses {', '.join(sorted(map(short, statuses)))}", ISSUER_STATUS_INCONSISTENCY)
    if len({each.keys for each in found}) > 1:
        codes[ISSUER_DUPLICATION] = None
        account.step("-07", "public keys of the services", ISSUER_DUPLICATION)
    organizations = subject.subject_values(NameOID.ORGANIZATION_NAME)
    if not any(comparable_text(name) in names_of(found) for name in organizations):
        return failed("-08", f"subject's O {', '.join(organizations) or '(none)'}", ISSUER_NAME_INCONSISTENCY)
    account.step("-08", f"subject's O {', '.join(organizations)}", "a name of the provider")
    status = statuses.pop()
    result = IssuerResult.QUALIFIED if status == GRANTED else IssuerResult.NOT_QUALIFIED
    return ended(Status.PASSED, result, "-09", "status of the service", short(status) or "none", found[0].names)
