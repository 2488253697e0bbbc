# SPDX-License-Identifier: Apache-2.0
"""The state of each list that we hold, and when a newer document may take its place.

A list that was good stays until a better one is there: never does one replace it that is unsigned, signed by somebody
else, unreadable, older, out of date, or another one of the same sequence number (TS 119 612 §5.3.2, §5.3.15).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from trust_lists.documents.model import TrustedList


class ListState(StrEnum):
    """How good a list is that we hold."""

    FRESH = "fresh"
    """The source has given it at the last refresh."""
    STALE = "stale"
    """The last good one, since the source has none now, or one that must not replace it."""
    EXPIRED = "expired"
    """Its next issue was due already (§5.3.15)."""
    CLOSED = "closed"
    """It names no next issue: there will be none."""
    FAILED = "failed"
    """There is no list that could be authenticated."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A list as a snapshot holds it, or why there is none; the list of lists is one, too.

    `status` and `sub_status` are those of TS 119 615 §4.1 or §4.2, `reason` is the first sub-status of what the source
    had last (our own start with `OWN_`), "" where nothing is wrong, `detail` the same in words. Of a failed list, what
    describes its document is empty: 0, "", None. `sha256` is of the document, `signer` of its signer's certificate.
    `fetched_at` is when these bytes first came, `confirmed_at` when the source had the same ones last, `since` when
    the state began.
    """

    territory: str
    location: str
    status: str
    sub_status: tuple[str, ...]
    state: ListState
    since: datetime
    reason: str = ""
    detail: str = ""
    sequence: int = 0
    issued_at: datetime | None = None
    next_update: datetime | None = None
    sha256: str = ""
    size: int = 0
    signer: str = ""
    fetched_at: datetime | None = None
    confirmed_at: datetime | None = None
    warnings: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether there is an authenticated document."""
        return bool(self.sha256)

    def at(self, moment: datetime) -> "ListEntry":
        """The entry at a later time: what was in time may have expired since."""
        lasting = self.state in {ListState.CLOSED, ListState.FAILED, ListState.EXPIRED}
        if lasting or self.next_update is None or moment <= self.next_update:
            return self
        return replace(self, state=ListState.EXPIRED, since=self.next_update)


@dataclass(frozen=True, slots=True)
class Seen:
    """The highest number of a territory's list that was ever good here, and its document's SHA-256.

    It outlives the list: neither a signer that is dropped for a day nor a file that is lost lets an older issue back.
    `territory` is "" for the list of lists.
    """

    territory: str
    sequence: int
    sha256: str


def state_of(document: TrustedList, at: datetime, *, confirmed: bool) -> ListState:
    """The state of an authenticated document, which the source has just given, or which is the last good one."""
    until = document.scheme.next_update
    if until is None:
        return ListState.CLOSED
    if at > until:
        return ListState.EXPIRED
    return ListState.FRESH if confirmed else ListState.STALE


def refusal(
    seen: Seen | None, held: TrustedList | None, found: TrustedList, found_sha256: str, at: datetime
) -> tuple[str, str] | None:
    """Why an authenticated document must not replace the one that we hold: our sub-status, and words; None: it may.

    `seen` says which number is the least, also where there is no list that we hold.
    """
    new = found.scheme
    if seen is not None and new.sequence < seen.sequence:
        return (
            "OWN_LIST_SEQUENCE_LOWER",
            f"the source has number {new.sequence}, and we have had number {seen.sequence}",
        )
    if seen is not None and new.sequence == seen.sequence and found_sha256 != seen.sha256:
        return "OWN_LIST_SEQUENCE_REUSED", f"the source has another document under the same number, {new.sequence}"
    if held is not None and _over(new.next_update, at) and not _over(held.scheme.next_update, at):
        return "OWN_LIST_EXPIRED", f"the source has number {new.sequence}, which was valid until {new.next_update}"
    return None


def _over(next_update: datetime | None, at: datetime) -> bool:
    return next_update is not None and at > next_update
