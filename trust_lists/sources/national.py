# SPDX-License-Identifier: Apache-2.0
"""The list of a territory authenticated by the pointer of the list of lists (TS 119 615 §4.2).

Beyond the standard, a document that is rightly signed but isn't the list of that territory is refused: else a pointer
to the list of lists itself, or to a neighbour who has the same signer, would put one list in the place of another.
"""

from dataclasses import dataclass
from datetime import datetime

from trust_lists.errors import SourceError, TrustListError
from trust_lists.evaluation.authenticated import AuthenticatedList
from trust_lists.sources.lotl import UNKNOWN_EXTENSION, Get, LotlOutcome, Step, own_code, unknown_critical
from trust_lists.sources.pointers import is_list_of_lists, pointer_to, points_to
from trust_lists.sources.verifying import VerifiedList, verify_list

PASSED = "EUTL_VERIFICATION_PASSED"
FAILED = "EUTL_VERIFICATION_FAILED"
LOTL_FAILED = "TL_VERIFICATION_FAILED"
WARNING_EXPIRED = "WARNING_EUTL_NEXTUPDATE_PASSED"
WARNING_CLOSED = "OWN_WARNING_EUTL_CLOSED"


@dataclass(frozen=True, slots=True)
class NationalOutcome:
    """EUTL-Status and EUTL-Sub-Status, and how they came about; `verified` is None unless the status is passed.

    `unreachable` tells a document that couldn't be had from one that was refused.
    """

    territory: str
    status: str
    sub_status: tuple[str, ...]
    location: str = ""
    verified: VerifiedList | None = None
    warnings: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    unreachable: bool = False

    @property
    def detail(self) -> str:
        """Why it failed, in words; "" where it passed."""
        return next((step.detail for step in self.steps if not step.passed), "")

    @property
    def authenticated(self) -> AuthenticatedList:
        """As the procedures of §4.3 and after take it."""
        found = self.verified
        return AuthenticatedList(
            self.territory,
            self.status,
            self.sub_status,
            found.document if found else None,
            found.sha256 if found else "",
        )


def authenticate_national(lotl: LotlOutcome, territory: str, get: Get, at: datetime) -> AuthenticatedList:
    """§4.2.4 at a time, for a territory as the list of lists writes it (`EL`, `UK`)."""
    return follow_pointer(lotl, territory, get, at).authenticated


def follow_pointer(lotl: LotlOutcome, territory: str, get: Get, at: datetime) -> NationalOutcome:
    """The same with all that is known of it. Raises nothing of what is wrong with the list or its source."""
    if lotl.document is None:
        step = Step("4.2.4-02", passed=False, detail="there is no authenticated list of lists")
        return NationalOutcome(territory, LOTL_FAILED, (lotl.status, *lotl.sub_status), steps=(step,))
    pointer = pointer_to(lotl.document, territory)
    if pointer is None:
        only_pdf = points_to(lotl.document, territory)
        code = "OWN_POINTER_TO_PDF_ONLY" if only_pdf else "OWN_NO_POINTER_TO_TERRITORY"
        text = "only to a PDF file" if only_pdf else "to no list"
        step = Step("4.2.4-03", passed=False, detail=f"the list of lists points {text} for {territory}")
        return NationalOutcome(territory, FAILED, (code,), steps=(step,))
    location = pointer.location
    steps = [Step("4.2.4-03", passed=True, detail=f"the list of lists points to {location}")]

    def failed(clause: str, detail: str, *codes: str, unreachable: bool = False) -> NationalOutcome:
        steps.append(Step(clause, passed=False, detail=detail))
        return NationalOutcome(territory, FAILED, codes, location, steps=tuple(steps), unreachable=unreachable)

    try:
        data = get(location)
    except SourceError as error:
        text = f"{location} couldn't be had: {error}"
        return failed("4.2.4-04", text, own_code(error), "OWN_EUTL_NOT_AVAILABLE", unreachable=True)
    try:
        found = verify_list(data, signers=None, policy=lotl.policy)
    except TrustListError as error:
        text = f"the list is not rightly signed: {error}"
        return failed("4.2.4-09", text, own_code(error), "EUTL_SIGNATURE_VERIFICATION_FAILED")
    steps.append(Step("4.2.4-09", passed=True, detail=f"the list was signed by {found.signer.sha256[:16]}…"))
    if found.signer not in pointer.certificates:
        text = f"its signer {found.signer.sha256[:16]}… is none of those that the list of lists names for {territory}"
        return failed("4.2.4-07", text, "EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL")
    steps.append(Step("4.2.4-07", passed=True, detail="the list of lists names that signer"))
    scheme = found.document.scheme
    if is_list_of_lists(found.document):
        return failed("4.2.4-04", "the pointer leads to a list of lists", "OWN_POINTER_TO_LIST_OF_LISTS")
    if scheme.territory != territory:
        text = f"the pointer leads to the list of {scheme.territory or 'nobody'}"
        return failed("4.2.4-04", text, "OWN_LIST_OF_ANOTHER_TERRITORY")
    if unknown := unknown_critical(found.document):
        return failed("4.2.4-04", f"the list has a critical extension that is not known: {unknown}", UNKNOWN_EXTENSION)
    sub_status = _out_of_time(scheme.next_update, at)
    until = f"the next issue is due by {scheme.next_update}" if scheme.next_update else "the list is closed"
    steps.append(Step("4.2.4-10", passed=True, detail=until))
    return NationalOutcome(territory, PASSED, sub_status, location, found, found.warnings, tuple(steps))


def _out_of_time(next_update: datetime | None, at: datetime) -> tuple[str, ...]:
    if next_update is None:
        return (WARNING_CLOSED,)
    return (WARNING_EXPIRED,) if at > next_update else ()
