# SPDX-License-Identifier: Apache-2.0
"""The one error tree of the registry.

::

    RegistryError
    ├── ConfigurationError      the instance or a domain is set up wrongly
    ├── ValidationError         the input breaks rules; carries every reason
    ├── NotFoundError           what was asked for does not exist
    ├── AlreadyExistsError      what was to be created exists, unchanged
    ├── ConflictError           the present state forbids the change
    │   └── ReviewRequiredError     somebody else has to look at it first
    ├── PreconditionError       it has changed since the caller last saw it
    ├── UnauthorizedError       who calls is unknown, or may not do this
    ├── TooManyRequestsError    the caller has to wait
    └── TechnicalError          something outside failed; trying again may help

Edges map these to their protocol (RFC 9457 problem, SOAP fault, RCODE, exit code); nothing here knows of any.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One broken rule: a stable `id`, what is wrong in words, and the clause that asks for it."""

    id: str
    message: str
    clause: str = ""
    pointer: str = ""
    """Where in a request it is: `#/…` is a JSON pointer into the body; empty where the message says it."""

    def __str__(self) -> str:
        return f"{self.message} [{self.id}]" if not self.clause else f"{self.message} [{self.id}; {self.clause}]"


class RegistryError(Exception):
    """Base of everything that this package raises on purpose. Its text is fit for a user's eyes."""


class ConfigurationError(RegistryError):
    """The instance or a domain is set up wrongly; nothing was started or changed."""


class ValidationError(RegistryError):
    """The input breaks rules; `reasons` has all of them."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons: tuple[Reason, ...] = tuple(reasons)
        super().__init__("; ".join(str(reason) for reason in self.reasons))

    @classmethod
    def of(cls, reason_id: str, message: str, clause: str = "") -> "ValidationError":
        """A validation error with a single reason."""
        return cls((Reason(reason_id, message, clause),))


class NotFoundError(RegistryError):
    """What was asked for does not exist."""


class AlreadyExistsError(RegistryError):
    """What was to be created exists already; nothing was changed."""


class ConflictError(RegistryError):
    """The present state forbids the change (an open migration, another owner)."""


class ReviewRequiredError(ConflictError):
    """Somebody else has to approve what would be published; nothing was changed."""

    def __init__(self, message: str = "") -> None:
        usual = (
            "in this domain nothing is published by one person alone: make a plan "
            "(registry plan import, POST /api/v1/domains/{domain}/plans), submit it, and let somebody else approve it"
        )
        self.reason = Reason("REVIEW-REQUIRED", message or usual, "docs/reference/review.md")
        super().__init__(str(self.reason))


class UnauthorizedError(RegistryError):
    """Who calls is unknown, or may not do this."""


class PreconditionError(RegistryError):
    """What was to be changed is not what the caller believes it to be any more."""


class TooManyRequestsError(RegistryError):
    """The caller asks too often, or failed too often; `retry_after_s` says how many seconds to wait."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TechnicalError(RegistryError):
    """Something outside failed; the same call may succeed later."""
