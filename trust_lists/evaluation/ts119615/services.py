# SPDX-License-Identifier: Apache-2.0
"""Which listed services stand behind a certificate at an instant: TS 119 615 §4.3.

Statuses, AdditionalServiceInformation and Qualifications are read from the state at that instant only
(`SI-at-Date-time`); the matching itself, by identity or by a path of RFC 5280 §6.1, is the index's.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations

from cryptography.x509.oid import NameOID

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.names import comparable_text
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    ServiceState,
    Text,
    TrustService,
    UnknownExtension,
)
from trust_lists.documents.vocabulary import SERVICE_TYPE, STATUS
from trust_lists.errors import PathLimitError
from trust_lists.evaluation.authenticated import AuthenticatedList
from trust_lists.evaluation.explanation import Account, Explanation
from trust_lists.evaluation.services import Match, history_is_ordered
from trust_lists.evaluation.ts119615.codes import (
    COUNTRY_NOT_EU,
    LIST_EXPIRED,
    OWN_CRITICAL_EXTENSION,
    OWN_HISTORY_ORDER,
    OWN_NO_POINTER,
    OWN_TOO_MANY_PATHS,
    PURPOSES,
    TSP_CONFLICT,
    Status,
    duplication,
)
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence

# fmt: off
MEMBER_STATES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "UK", "IS", "LI", "NO",
})
# fmt: on
"""Territories that the EU's list of lists is about, also where a broken one doesn't point to them."""
_SPELLINGS = {"GB": "UK", "GR": "EL"}


@dataclass(frozen=True, slots=True)
class FoundService:
    """One tuple of SI-Results."""

    service: TrustService
    """`SI-full`: the entry with its history."""
    state: ServiceState
    """`SI-at-Date-time`."""
    names: tuple[Text, ...]
    """`TSP-Name`."""
    trade_names: tuple[Text, ...]
    """`TSP-Trade-Name`."""
    how: str
    """`identity`, or `path`."""

    def is_for(self, information: str) -> bool:
        """Whether the state carries this AdditionalServiceInformation (URI)."""
        contents = (extension.content for extension in self.state.extensions)
        return any(isinstance(each, AdditionalServiceInformation) and each.uri == information for each in contents)

    @property
    def keys(self) -> frozenset[bytes]:
        """The public keys of the entry, DER; a history instance has none, so these are the present ones."""
        return frozenset(each.key for each in self.service.current.identity.certificates)

    @property
    def provider(self) -> str:
        """The provider's name for people: the English one, if there is one."""
        english = [name.value for name in self.names if name.lang.lower().startswith("en")]
        return (english or [name.value for name in self.names] or [""])[0]


@dataclass(frozen=True, slots=True)
class ServicesOutcome:
    """SI-Results, SI-Status and SI-Sub-Status; `territory` is the CC that was asked, as lists write it.

    `list_sha256` names the bytes of the list that answered; "" where none did.
    """

    results: tuple[FoundService, ...]
    status: Status
    sub_status: tuple[str, ...]
    territory: str
    list_sha256: str
    explanation: Explanation

    @property
    def failure(self) -> tuple[str, ...]:
        """What a procedure that needs these services adds to its own sub-status where they failed."""
        return (self.status.value, *self.sub_status)


def matching_services(
    certificate: Certificate, service_type: str, at: datetime, territory: str, evidence: ListEvidence
) -> ServicesOutcome:
    """The services of a type (URI) in the list of a territory that the certificate is from, at an instant (§4.3)."""
    spelled = list_territory(territory)
    account = Account("4.3.4", f"services {short(service_type)} of {spelled or 'no country'} at {told(at)}")
    codes: dict[str, None] = {}
    authenticated = evidence.lists.lists.get(spelled)

    def ended(status: Status, outcome: str, found: Iterable[FoundService] = ()) -> ServicesOutcome:
        digest = authenticated.sha256 if authenticated else ""
        return ServicesOutcome(tuple(found), status, tuple(codes), spelled, digest, account.closed(outcome))

    if (refusal := _no_list(authenticated, spelled, account)) or authenticated is None:
        codes |= dict.fromkeys(refusal)
        return ended(Status.FAILED, "there is no list to ask")
    # an expired list answers, and its warning travels with the answer
    codes |= dict.fromkeys(authenticated.sub_status)
    if _expired(authenticated, at):
        codes[LIST_EXPIRED] = None
        account.step("-01", "NextUpdate of the list", "passed at Date-time already, so a newer issue may say otherwise")

    try:
        search = evidence.index.search(
            listed(certificate),
            service_type=service_type,
            territory=spelled,
            at=at,
            intermediates=evidence.intermediates,
        )
    except PathLimitError as error:
        codes[OWN_TOO_MANY_PATHS] = None
        account.step("-03", "paths to the services", str(error), decides=True)
        return ended(Status.FAILED, "not all paths to the services could be tried")
    if any(not _in_order(match.entry.service) for match in search.matches):
        codes[OWN_HISTORY_ORDER] = None
        why = "not in descending order, two instances start together, or a time is missing"
        account.step("-03A", "history of the services", why, decides=True)
        return ended(Status.FAILED, "a matching service has a history that can't be followed")
    found = _found(search.matches, account)
    for rejected in search.rejected:
        read = f"path from service {_title(rejected.entry.service.current)}"
        why = "; ".join(f"{reason.message} [{reason.id}]" for reason in rejected.reasons)
        account.step("-03", read, why, decides=not found)
    if any(_not_understood(each.state) for each in found):
        codes[OWN_CRITICAL_EXTENSION] = None
        why = "a critical one is unknown (TS 119 612 5.5.9)"
        account.step("-03", "extensions of the services", why, decides=True)
        return ended(Status.FAILED, "a matching service has a critical extension that can't be understood", found)
    _tell_duplicates(found, codes, account)
    if len({comparable_names(each.names) for each in found}) > 1:
        codes[TSP_CONFLICT] = None
        account.step("-11", "TSP names", "services of different providers match", decides=True)
        return ended(Status.FAILED, f"{len(found)} services of different providers", found)
    return ended(Status.PASSED, f"{len(found)} found", found)


def list_territory(country: str) -> str:
    """A country code as lists write it: in capitals, `UK` and `EL`."""
    code = country.strip().upper()
    return _SPELLINGS.get(code, code)


def names_of(found: Iterable[FoundService]) -> frozenset[str]:
    """All TSP names and trade names, as they are compared (RFC 5280 §7.1)."""
    return frozenset(comparable_text(name.value) for each in found for name in (*each.names, *each.trade_names))


def comparable_names(names: Iterable[Text]) -> frozenset[tuple[str, str]]:
    """TSP names, equal where they name the same provider in the same languages (RFC 5280 §7.1)."""
    return frozenset((name.lang.lower(), comparable_text(name.value)) for name in names)


def issuer_territory(certificate: ListedCertificate) -> str:
    """The territory of the country of the issuer (§4.4.4-01); "" where it names none, or several."""
    return _one_territory(certificate.issuer_values(NameOID.COUNTRY_NAME))


def subject_territory(certificate: ListedCertificate) -> str:
    """The territory of the country of the subject (§4.6.4-02); "" where it names none, or several."""
    return _one_territory(certificate.subject_values(NameOID.COUNTRY_NAME))


def short(uri: str) -> str:
    """A service type or a status without what they all begin with."""
    return uri.removeprefix(SERVICE_TYPE).removeprefix(STATUS)


def told(at: datetime) -> str:
    """An instant for people."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _one_territory(countries: Collection[str]) -> str:
    distinct = {list_territory(country) for country in countries}
    return distinct.pop() if len(distinct) == 1 else ""


def _no_list(authenticated: AuthenticatedList | None, territory: str, account: Account) -> tuple[str, ...]:
    if authenticated is None and territory not in MEMBER_STATES:
        account.step("-01", f"country {territory or 'that is not said'}", COUNTRY_NOT_EU, decides=True)
        return (COUNTRY_NOT_EU,)
    if authenticated is None:
        account.step("-01", f"list of {territory}", "the list of lists has no pointer to it", decides=True)
        return (OWN_NO_POINTER,)
    if authenticated.document is None:
        codes = (authenticated.status, *authenticated.sub_status)
        account.step("-02", f"list of {territory}", ", ".join(codes), decides=True)
        return codes
    scheme = authenticated.document.scheme
    issue = f"number {scheme.sequence}, issued {told(scheme.issued_at)}, SHA-256 {authenticated.sha256 or 'unknown'}"
    account.step("-01", f"list of {territory}", f"{authenticated.status}; {issue}")
    return ()


def _expired(authenticated: AuthenticatedList, at: datetime) -> bool:
    next_update = authenticated.document.scheme.next_update if authenticated.document else None
    return next_update is not None and at > next_update


def _found(matches: Iterable[Match], account: Account) -> list[FoundService]:
    found = []
    for match in matches:
        provider, service, state = match.entry.provider, match.entry.service, match.state
        name = f"service {_title(service.current)} ({match.how})"
        if state is None:
            account.step("-03", name, "had no status yet, so it doesn't count")
            continue
        since = told(state.starting_time) if state.starting_time else "an unknown time"
        found.append(FoundService(service, state, provider.names, provider.trade_names, match.how))
        account.step("-03", name, f"{short(state.status) or 'no status'} since {since}, of {found[-1].provider}")
    return found


def _title(state: ServiceState) -> str:
    return next((name.value for name in state.names), "without a name")


def _in_order(service: TrustService) -> bool:
    times = (state.starting_time for state in (service.current, *service.history))
    return None not in times and history_is_ordered(service)


def _not_understood(state: ServiceState) -> bool:
    return any(each.critical and isinstance(each.content, UnknownExtension) for each in state.extensions)


def _tell_duplicates(found: list[FoundService], codes: dict[str, None], account: Account) -> None:
    for purpose in PURPOSES:
        statuses = [each.state.status for each in found if each.is_for(purpose.information)]
        kinds = {one != other for one, other in combinations(statuses, 2)}
        for conflict in sorted(kinds):
            code = duplication(purpose, conflict=conflict)
            codes[code] = None
            number = 3 + 2 * purpose.number + (0 if not conflict else 1)
            account.step(f"-{number:02}", f"services for {purpose.name}", code)
