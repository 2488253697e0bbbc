# SPDX-License-Identifier: Apache-2.0
"""What a plan is made of, and how it is kept."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from registry.errors import Reason, RegistryError, ReviewRequiredError, TechnicalError, ValidationError
from registry.sml.errors import SmlError
from registry.storage.types import to_json

CLAUSE: Final = "docs/reference/plan-columns.md"
LASTS: Final = timedelta(days=7)
"""How long a plan can be applied."""
BATCH: Final = 500
"""Participants in one transaction."""
_LEVEL: Final = 1


class PlanKind(StrEnum):
    """Where a plan comes from."""

    CSV = "import-csv"
    JSON_LINES = "import-jsonl"
    DOCUMENTS = "import-documents"
    REPLACE = "replace-endpoints"
    PROPOSAL = "proposal"
    """Of one participant, made of a write."""


class PlanState(StrEnum):
    """A plan is being read, can be applied, is applied at present, or has come to an end.

    Where the domain wants a review, it is under review and approved between that, or rejected (ADR 0091).
    """

    READING = "reading"
    PLANNED = "planned"
    UNDER_REVIEW = "under-review"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPLYING = "applying"
    APPLIED = "applied"
    ABANDONED = "abandoned"


class RowVerdict(StrEnum):
    """What would become of a participant, or access point."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


MAY_COME: Final = (PlanState.PLANNED, PlanState.UNDER_REVIEW, PlanState.APPROVED)
"""States of plans that may yet be applied."""

TO_DO: Final = (RowVerdict.ADDED, RowVerdict.CHANGED, RowVerdict.REMOVED)

ALL: Final = "*"
"""In `Said.unsaid`: services that aren't named stay."""
STAYS: Final = frozenset({"owner", "visibility"})
"""Parts of a participant that stay as they are where a body has nothing of them."""


class Said(NamedTuple):
    """What a source says of a participant.

    `key` is how it compares, as `scheme::value`; empty where nobody can be read. `body` is as a line of an export
    (docs/reference/exchange.md), with `owner` beside it. `unsaid` names parts of it of which the source says nothing.
    """

    line: int
    key: str
    participant: str
    body: Mapping[str, Any]
    unsaid: frozenset[str] = frozenset()
    reasons: Sequence[Reason] = ()


@dataclass(slots=True)
class PlanOptions:
    """What was asked for: whether who isn't in the file is removed; what is replaced by what, and from when on."""

    removes: bool = False
    replaced: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"removes": self.removes, "replaced": dict(self.replaced)}


def changed_meanwhile() -> Reason:
    """Why a row isn't applied that was planned."""
    return Reason("PLAN-MEANWHILE", "it was changed after the plan was made; make another one", CLAUSE)


def reason_json(reason: Reason) -> list[str]:
    """A reason as [id, message, clause]."""
    return [reason.id, reason.message, reason.clause]


def reasons_of(error: RegistryError) -> list[Reason]:
    """Why something was refused; what has no rule of its own is a `PLAN-REFUSED`. Raises TechnicalError."""
    plain = error.plain if isinstance(error, SmlError) else error
    if isinstance(plain, TechnicalError):
        raise plain
    if isinstance(plain, ValidationError):
        return list(plain.reasons)
    if isinstance(plain, ReviewRequiredError):
        return [plain.reason]
    return [Reason("PLAN-REFUSED", str(plain))]


def packed(body: Mapping[str, Any]) -> bytes:
    """A body as it is kept."""
    return zlib.compress(to_json(body).encode(), _LEVEL)


def unpacked(kept: bytes) -> dict[str, Any]:
    """The reverse of `packed`."""
    body: dict[str, Any] = json.loads(zlib.decompress(kept))
    return body


def digest_of(body: Mapping[str, Any]) -> str:
    """What tells whether a participant is as it was: 32 hexadecimal digits."""
    return blake2b(to_json(body).encode(), digest_size=16).hexdigest()
