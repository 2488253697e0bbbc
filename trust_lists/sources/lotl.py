# SPDX-License-Identifier: Apache-2.0
"""The list of lists authenticated from the certificates of an Official Journal, over its pivots (TS 119 615 §4.1).

Status and sub-status are the standard's, byte for byte; placeholders in them are numbers here (0 is the list of lists
itself), and what the standard has no code for starts with `OWN_`.

- A signature is verified before anything else of its document is looked at. The standard does it the other way round
  and comes to the same main status (GPR-4.0-01).
- The chain ends at the *configured* Official Journal. A newer notice is written above the old chain, so "all that ends
  in .xml" would be too much, and "up to the first that doesn't" too little.
- A pivot over http, or a location that can't be compared, is a warning: the signatures decide (GPR-4.0-03).
- What the list announces (16, 17) is told and never applied.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import TrustedList, UnknownExtension
from trust_lists.errors import SourceError, TrustListError
from trust_lists.signatures.list_policies import CURRENT, ListPolicy
from trust_lists.sources.pointers import own_pointer
from trust_lists.sources.verifying import VerifiedList, verify_list

Get = Callable[[str], bytes]
"""The document of a location; raises SourceError. One run gets the same bytes for a location always."""

PASSED = "LOTL_VERIFICATION_PASSED"
FAILED = "LOTL_VERIFICATION_FAILED"
UNKNOWN_EXTENSION = "OWN_CRITICAL_EXTENSION_UNKNOWN"
MAX_PIVOTS = 20


@dataclass(frozen=True, slots=True)
class LotlConfiguration:
    """OJEU-Loc, OJEU-LOTL-Loc and OJEU-LOTL-Certs-Set (GPR-4.0-02); and which algorithms may sign, in all lists."""

    oj_url: str
    lotl_url: str
    oj_certificates: tuple[ListedCertificate, ...]
    policy: ListPolicy = CURRENT


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the procedure as it went; `clause` as in the standard (`4.1.4-11c`)."""

    clause: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class PivotDocument:
    """A pivot of the chain whose signature is right."""

    location: str
    verified: VerifiedList


@dataclass(frozen=True, slots=True)
class LotlOutcome:
    """LOTL-Status and LOTL-Sub-Status; `document` is None unless the status is LOTL_VERIFICATION_PASSED.

    `announced` is the configuration that the list of lists wants from now on, the given one where it wants no other;
    without certificates where these have to be taken from the Official Journal by hand. `unreachable` tells a document
    that couldn't be had from one that was refused.
    """

    status: str
    sub_status: tuple[str, ...]
    document: TrustedList | None
    announced: LotlConfiguration
    warnings: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    verified: VerifiedList | None = None
    pivots: tuple[PivotDocument, ...] = ()
    unreachable: bool = False

    @property
    def policy(self) -> ListPolicy:
        """Which algorithms may sign the lists that it points to."""
        return self.announced.policy

    @property
    def detail(self) -> str:
        """Why it failed, in words; "" where it passed."""
        return next((step.detail for step in self.steps if not step.passed), "")


def authenticate_lotl(
    configuration: LotlConfiguration, get: Get, at: datetime, *, max_pivots: int = MAX_PIVOTS
) -> LotlOutcome:
    """§4.1.4 at a time. Raises nothing of what is wrong with documents or their sources: that is the outcome."""
    run = _Run(configuration, get, max_pivots)
    try:
        lotl = run.authenticate(at)
    except _StopError as stop:
        return LotlOutcome(
            FAILED,
            (*stop.codes, *run.warning_codes),
            None,
            configuration,
            tuple(run.warnings),
            tuple(run.steps),
            unreachable=stop.unreachable,
        )
    return LotlOutcome(
        PASSED,
        tuple(run.warning_codes),
        lotl.document,
        run.announced(lotl),
        tuple(run.warnings),
        tuple(run.steps),
        lotl,
        tuple(run.pivots),
    )


def unknown_critical(document: TrustedList) -> str:
    """The name of a critical extension of the scheme that we don't know, so that the list must be refused (612 B.0).

    "" where there is none; one that has no name is called so.
    """
    found = (each.content for each in document.scheme.extensions if each.critical)
    return next((each.name or "without a name" for each in found if isinstance(each, UnknownExtension)), "")


def own_code(error: TrustListError) -> str:
    """Our sub-status for an error: its reason with our prefix."""
    return f"OWN_{getattr(error, 'reason_id', 'REFUSED')}"


class _StopError(Exception):
    def __init__(self, *codes: str, unreachable: bool = False) -> None:
        self.codes = codes
        self.unreachable = unreachable
        super().__init__(*codes)


@dataclass(slots=True)
class _Run:
    configuration: LotlConfiguration
    get: Get
    max_pivots: int
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    warning_codes: list[str] = field(default_factory=list)
    pivots: list[PivotDocument] = field(default_factory=list)

    def authenticate(self, at: datetime) -> VerifiedList:
        data = self._fetch(self.configuration.lotl_url, "4.1.4-01", "OWN_LOTL_NOT_AVAILABLE")
        lotl = self._verify(data, "4.1.4-08", "LOTL_SIGNATURE_VERIFICATION_FAILED", "the list of lists")
        unknown = unknown_critical(lotl.document)
        self._demand(
            not unknown,
            "4.1.4-01",
            "the list of lists has no critical extension that is not known",
            f"the list of lists has a critical extension that is not known: {unknown}",
            UNKNOWN_EXTENSION,
        )
        uris = _information_uris(lotl.document)
        self._demand(
            self.configuration.oj_url in uris,
            "4.1.4-03",
            f"the list of lists names the Official Journal {self.configuration.oj_url}",
            f"the list of lists doesn't name the Official Journal {self.configuration.oj_url}",
            "OJEU_LOCATION_INPUT_NOT_MATCHING_OJEU_LOCATION_IN_LOTL",
        )
        chain = [uri for uri in uris[: uris.index(self.configuration.oj_url)] if is_pivot_uri(uri)]
        self._demand(
            len(chain) <= self.max_pivots,
            "4.1.4-04",
            f"{len(chain)} pivots lie between the list of lists and the Official Journal",
            f"{len(chain)} pivots lie between the list of lists and the Official Journal; we follow {self.max_pivots}",
            "OWN_TOO_MANY_PIVOTS",
        )
        last = self._follow(lotl, chain) if chain else self._without_pivots(lotl)
        self._demand(
            last.signer in self.configuration.oj_certificates,
            "4.1.4-12",
            f"{_named(last.signer)} is one of the certificates of the Official Journal",
            f"{_named(last.signer)} is none of the certificates of the Official Journal",
            f"PIVOT_{len(chain)}_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU",
        )
        # Later than in the standard: nobody whom the Official Journal doesn't know makes us ask an address of theirs.
        self._compare_locations(lotl)
        until = lotl.document.scheme.next_update
        self._demand(
            until is not None and at <= until,
            "4.1.4-13",
            f"the next issue is due by {until}",
            f"the next issue was due by {until}" if until else "the list of lists is closed: it names no next issue",
            "LOTL_NEXTUPDATE_PASSED",
        )
        return lotl

    def announced(self, lotl: VerifiedList) -> LotlConfiguration:
        """Steps 16 and 17."""
        wanted = self.configuration
        location = _own_location(lotl.document)
        if location != wanted.lotl_url and _is_web(location):
            self.steps.append(Step("4.1.4-16", passed=True, detail=f"a new location is announced: {location}"))
            wanted = replace(wanted, lotl_url=location)
        uris = _information_uris(lotl.document)
        oj_url = next(uri for uri in uris if uri == wanted.oj_url or _may_be_notice(uri))
        if oj_url != wanted.oj_url:
            following = uris[uris.index(oj_url) + 1]
            sets = {each.location: _own_certificates(each.verified.document) for each in self.pivots}
            certificates = sets.get(following, ())
            how = f"with {len(certificates)} certificates" if certificates else "whose certificates it doesn't give"
            detail = f"another notice in the Official Journal is announced: {oj_url}, {how}"
            self.steps.append(Step("4.1.4-17", passed=True, detail=detail))
            wanted = replace(wanted, oj_url=oj_url, oj_certificates=certificates)
        return wanted

    def _compare_locations(self, lotl: VerifiedList) -> None:
        """Steps 05 and 06; where the locations are equal, `get` would give the same bytes again."""
        location = _own_location(lotl.document)
        if location == self.configuration.lotl_url:
            self.steps.append(Step("4.1.4-05", passed=True, detail="the list of lists names the configured location"))
            return
        try:
            if not _is_web(location):
                raise SourceError("FETCH_URL", f"{location!r} is no location in the web")
            other = self.get(location)
        except SourceError as error:
            self._warn(
                "OWN_WARNING_LOTL_LOCATION_NOT_COMPARED",
                f"the list of lists says that it is at {location!r}, where it couldn't be had: {error}",
            )
            return
        self._demand(
            other == lotl.data,
            "4.1.4-05",
            f"the same list of lists is at {location}",
            f"another list of lists is at {location}, where this one says that it is",
            "LOTL_FILE_CONFLICT",
        )

    def _without_pivots(self, lotl: VerifiedList) -> VerifiedList:
        self._demand(
            lotl.signer in _own_certificates(lotl.document),
            "4.1.4-10",
            "the list of lists names its signer itself",
            f"the list of lists doesn't name its signer, {_named(lotl.signer)}",
            "LOTL_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL",
        )
        return lotl

    def _follow(self, lotl: VerifiedList, chain: list[str]) -> VerifiedList:
        """Step 11: the pivot next to the Official Journal, whose signer that must vouch for."""
        below = lotl
        for number, location in enumerate(chain, 1):
            if urlsplit(location).scheme != "https":
                self._warn(f"OWN_WARNING_PIVOT_{number}_NOT_HTTPS", f"pivot {number} is not fetched by https")
            data = self._fetch(location, "4.1.4-11a", f"OWN_PIVOT_{number}_NOT_AVAILABLE")
            name = f"pivot {number} ({location})"
            pivot = self._verify(data, "4.1.4-11f", f"PIVOT_{number}_SIGNATURE_VERIFICATION_FAILED", name)
            certificates = _own_certificates(pivot.document)
            self._demand(
                below.signer in certificates,
                "4.1.4-11c",
                f"{name} names {_named(below.signer)}",
                f"{name} doesn't name {_named(below.signer)}, who signed what it should vouch for",
                f"PIVOT_{number - 1}_SIGNER_CERT_NOT_AUTHENTICATED_BY_PIVOT_{number}",
            )
            self._demand(
                pivot.signer in certificates,
                "4.1.4-11g",
                f"{name} names its signer itself",
                f"{name} doesn't name its signer, {_named(pivot.signer)}",
                f"PIVOT_{number}_SIGNER_CERT_NOT_AUTHENTICATED_BY_PIVOT_{number}",
            )
            self.pivots.append(PivotDocument(location, pivot))
            below = pivot
        if set(_own_certificates(lotl.document)) != set(_own_certificates(self.pivots[0].verified.document)):
            self._warn(
                "OWN_WARNING_LOTL_CERTIFICATES_DIFFER_FROM_PIVOT_1",
                "the list of lists names other signers for itself than its newest pivot (NOTE 1 of 4.1.4)",
            )
        return below

    def _fetch(self, location: str, clause: str, code: str) -> bytes:
        try:
            return self.get(location)
        except SourceError as error:
            self.steps.append(Step(clause, passed=False, detail=f"{location} couldn't be had: {error}"))
            raise _StopError(own_code(error), code, unreachable=True) from None

    def _verify(self, data: bytes, clause: str, code: str, name: str) -> VerifiedList:
        try:
            verified = verify_list(data, signers=None, policy=self.configuration.policy)
        except TrustListError as error:
            self.steps.append(Step(clause, passed=False, detail=f"{name} is not rightly signed: {error}"))
            raise _StopError(own_code(error), code) from None
        self.warnings += [f"{name}: {warning}" for warning in verified.warnings]
        self.steps.append(Step(clause, passed=True, detail=f"{name} was signed by {_named(verified.signer)}"))
        return verified

    def _demand(self, holds: bool, clause: str, right: str, wrong: str, code: str) -> None:
        self.steps.append(Step(clause, holds, right if holds else wrong))
        if not holds:
            raise _StopError(code)

    def _warn(self, code: str, text: str) -> None:
        self.warning_codes.append(code)
        self.warnings.append(text)


def is_pivot_uri(uri: str) -> bool:
    """Whether a URI of SchemeInformationURI is that of a pivot: in the web, its path ending in `.xml` (4.1.4-04)."""
    return _is_web(uri) and urlsplit(uri).path.lower().endswith(".xml")


def _may_be_notice(uri: str) -> bool:
    """Whether a URI may be that of a new notice of the Official Journal: https, and no pivot (4.1.4-17)."""
    return _is_web(uri) and urlsplit(uri).scheme == "https" and not is_pivot_uri(uri)


def _is_web(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.netloc)


def _information_uris(document: TrustedList) -> tuple[str, ...]:
    return tuple(each.value for each in document.scheme.information_uris)


def _own_location(document: TrustedList) -> str:
    pointer = own_pointer(document)
    return pointer.location if pointer else ""


def _own_certificates(document: TrustedList) -> tuple[ListedCertificate, ...]:
    pointer = own_pointer(document)
    return pointer.certificates if pointer else ()


def _named(certificate: ListedCertificate) -> str:
    return f"the certificate {certificate.sha256[:16]}…"
